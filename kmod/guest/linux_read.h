/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reading fields of a Linux guest's structures, for the readers in this
 * directory.
 */
#ifndef _VIGIL_LINUX_READ_H
#define _VIGIL_LINUX_READ_H

#include <linux/types.h>

#include "guest/linux.h"

/* How often a reader starts again before it gives up. */
#define VIGIL_LINUX_TRIES	8

/* Fields of a structure that are not farther apart are read at once. */
#define VIGIL_LINUX_SPAN	1024

/**
 * struct vigil_linux_part - A field of a structure, to be read
 */
struct vigil_linux_part {
	/** @field: VIGIL_PROFILE_FIELD_*, its offset. */
	u32 field;
	/** @size: In bytes; at most VIGIL_LINUX_SPAN. */
	u32 size;
	/** @to: Where to. */
	void *to;
};

static inline u64 vigil_linux_field(const struct vigil_linux *lx, u32 field)
{
	return lx->profile->field[field];
}

bool vigil_linux_is_kernel(const struct vigil_linux *lx, u64 addr);
int vigil_linux_read_mapped(struct vigil_linux *lx, u64 addr, void *buf,
			    size_t len);
int vigil_linux_read(struct vigil_linux *lx, u64 addr, void *buf, size_t len);
int vigil_linux_read_parts(struct vigil_linux *lx, u64 base,
			   const struct vigil_linux_part *parts,
			   unsigned int nr);
int vigil_linux_u64(struct vigil_linux *lx, u64 base, u32 field, u64 *value);
int vigil_linux_u32(struct vigil_linux *lx, u64 base, u32 field, u32 *value);
int vigil_linux_check_object(const struct vigil_linux *lx, u64 value);
int vigil_linux_pointer(struct vigil_linux *lx, u64 base, u32 field,
			u64 *value);
int vigil_linux_object(struct vigil_linux *lx, u64 base, u32 field,
		       u64 *value);
bool vigil_linux_again(struct vigil_linux *lx, unsigned int try, int err);

#endif /* _VIGIL_LINUX_READ_H */
