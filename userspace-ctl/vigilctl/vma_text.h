/* SPDX-License-Identifier: GPL-2.0 */
/* A mapping in words, for tables and alerts. */
#ifndef VMA_TEXT_H
#define VMA_TEXT_H

#include "attr.h"

/* 7f12a000-7f12b000, as /proc/PID/maps has it */
void vma_range(const struct vigil_attrs *vma, char *buf, size_t size);
/* rwxp, likewise; with g at the end where it grows down */
void vma_permissions(const struct vigil_attrs *vma, char *buf, size_t size);
/*
 * "the stack", "a private copy of a page of the file /usr/bin/x" ...; @page is
 * the kind of the page that was executed.
 */
void vma_words(const struct vigil_attrs *vma, uint64_t page, char *buf,
	       size_t size);

#endif /* VMA_TEXT_H */
