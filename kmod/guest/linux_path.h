/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Paths that are put together from their end, for the readers in this
 * directory.
 */
#ifndef _VIGIL_LINUX_PATH_H
#define _VIGIL_LINUX_PATH_H

#include <linux/types.h>

/* NAME_MAX; some file systems have longer names. */
#define VIGIL_NAME_MAX	255

/**
 * struct vigil_path_writer - A path in the making
 */
struct vigil_path_writer {
	char *buf;
	/** @at: What is done lies in buf[at .. size - 1], terminated. */
	size_t at;
};

void vigil_path_begin(struct vigil_path_writer *w, char *buf, size_t size);
bool vigil_path_prepend(struct vigil_path_writer *w, const char *name,
			size_t len);
void vigil_path_finish(struct vigil_path_writer *w, int err);

#endif /* _VIGIL_LINUX_PATH_H */
