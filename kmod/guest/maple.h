/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Maple trees of a Linux guest, from 6.1 on the container of its mappings.
 */
#ifndef _VIGIL_MAPLE_H
#define _VIGIL_MAPLE_H

#include <linux/types.h>

#include "guest/linux.h"

/**
 * struct vigil_maple_entry - A range of a tree
 */
struct vigil_maple_entry {
	u64 first;
	/** @last: Inclusive. */
	u64 last;
	/** @value: What is stored there; 0 in a gap. */
	u64 value;
};

int vigil_maple_find(struct vigil_linux *lx, u64 tree, u64 index,
		     struct vigil_maple_entry *entry);

#endif /* _VIGIL_MAPLE_H */
