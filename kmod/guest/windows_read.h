/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reading fields of a Windows guest's structures, for the readers in this
 * directory.
 */
#ifndef _VIGIL_WINDOWS_READ_H
#define _VIGIL_WINDOWS_READ_H

#include <linux/types.h>

#include "guest/windows.h"

/* How often a reader starts again before it gives up. */
#define VIGIL_WINDOWS_TRIES	8

int vigil_windows_read(struct vigil_windows *win, u64 addr, void *buf,
		       size_t len);
int vigil_windows_u64(struct vigil_windows *win, u64 base, u32 field,
		      u64 *value);
int vigil_windows_u32(struct vigil_windows *win, u64 base, u32 field,
		      u32 *value);
int vigil_windows_object(struct vigil_windows *win, u64 base, u32 field,
			 u64 *value);
int vigil_windows_links(struct vigil_windows *win, u64 node, u64 links[2]);
bool vigil_windows_again(struct vigil_windows *win, unsigned int try, int err);

/* windows_image.c */

/* 32 digits of the GUID, the age, and the end of the string. */
#define VIGIL_WIN_PDB_ID_SIZE	(32 + 8 + 1)

/**
 * struct vigil_win_image - What the headers of an image say
 */
struct vigil_win_image {
	u32 size;
	/** @pdb_id: GUID and age of its symbols, as symbol servers spell them. */
	char pdb_id[VIGIL_WIN_PDB_ID_SIZE];
};

int vigil_windows_read_image(struct vigil_windows *win, u64 base,
			     struct vigil_win_image *image);

#endif /* _VIGIL_WINDOWS_READ_H */
