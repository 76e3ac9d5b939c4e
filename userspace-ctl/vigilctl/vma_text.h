/* SPDX-License-Identifier: GPL-2.0 */
/* A mapping in words, for tables and alerts. */
#ifndef VMA_TEXT_H
#define VMA_TEXT_H

#include "attr.h"

/* 7f12a000-7f12b000, as /proc/PID/maps has it */
void vma_range(const struct vigil_attrs *vma, char *buf, size_t size);
/* rwxp, likewise; with g at the end where it grows down */
void vma_permissions(const struct vigil_attrs *vma, char *buf, size_t size);
/* "the main stack", "a file mapping of /usr/bin/x" ... */
void vma_words(const struct vigil_attrs *vma, char *buf, size_t size);

#endif /* VMA_TEXT_H */
