/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Looking at a table that is in memory, and putting right what is wrong in it.
 */
#ifndef _VIGIL_SELFMAP_CHECK_H
#define _VIGIL_SELFMAP_CHECK_H

#include "core/gmem.h"
#include "protect/selfmap_rule.h"

/**
 * struct vigil_selfmap_entry - An entry that is wrong
 */
struct vigil_selfmap_entry {
	u16 index;
	u32 found;
	/** @old: What it was when it was right, or before the write. */
	u64 old;
	/** @new: The wrong value. */
	u64 new;
	/** @value: What was left. */
	u64 value;
	enum vigil_selfmap_done done;
};

/**
 * struct vigil_selfmap_check - A check of one table
 */
struct vigil_selfmap_check {
	struct vigil_gmem *gm;
	const struct vigil_selfmap_shape *shape;
	/** @block: Put right what is wrong. */
	bool block;
	/** @good: The self-map when it was last right; updated. */
	u64 good;

	/** @lives: Is it still a top-level table that is in use? */
	bool (*lives)(struct vigil_selfmap_check *c);
	/** @found: Tells about an entry. */
	void (*found)(struct vigil_selfmap_check *c,
		      const struct vigil_selfmap_entry *entry);

	/* What the check has counted. */
	unsigned int hostile;
	/** @repaired: They are right again; TLBs may still have them wrong. */
	unsigned int repaired;
	unsigned int raced;
	unsigned int failed;
	unsigned int unproved;
};

int vigil_selfmap_check_slot(struct vigil_selfmap_check *c);
int vigil_selfmap_check_page(struct vigil_selfmap_check *c, u64 *page);

#endif /* _VIGIL_SELFMAP_CHECK_H */
