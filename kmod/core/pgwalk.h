/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Guest-virtual addresses: the x86-64 page tables of a guest, read from
 * outside.
 */
#ifndef _VIGIL_PGWALK_H
#define _VIGIL_PGWALK_H

#include <linux/types.h>

#include "core/gmem.h"

/* Enough for what one judgement reads; a kernel's direct map is huge pages. */
#define VIGIL_SPACE_CACHED	8

/* A translation of 1 << @shift bytes; @shift 0 marks an unused entry. */
struct vigil_translation {
	u64 gva;
	u64 gpa;
	/* The table that has the entry for it, and those for its neighbours. */
	u64 table_gpa;
	u8 shift;
};

/**
 * struct vigil_space - A guest address space
 *
 * Holds translations that reads have used.  Because the guest may change its
 * tables at any time, it must be flushed, or not outlive one judgement.  Not for
 * concurrent use.
 */
struct vigil_space {
	struct vigil_gmem *gm;
	/** @root: Guest-physical address of the top-level table. */
	u64 root;
	/** @levels: 4 or 5. */
	u8 levels;
	/** @victim: Entry of @cache that is replaced next. */
	u8 victim;
	struct vigil_translation cache[VIGIL_SPACE_CACHED];
};

/**
 * struct vigil_pte_walk - Where a walk ended
 */
struct vigil_pte_walk {
	/** @gpa: Translation of the address, its offset in the page included. */
	u64 gpa;
	/** @pte: The leaf entry as read. */
	u64 pte;
	/** @table_gpa: Table that holds the leaf entry. */
	u64 table_gpa;
	/** @shift: Size of the page: 12, 21 or 30. */
	u8 shift;
	/** @writable: Every level allows writes. */
	bool writable;
	/** @user: Every level allows user mode. */
	bool user;
	/**
	 * @nx: Some level forbids execution.  The kernel's half of a PTI pair
	 * sets it for all of user space: ask the table that user mode runs on.
	 */
	bool nx;
};

void vigil_space_init(struct vigil_space *s, struct vigil_gmem *gm, u64 cr3,
		      unsigned int levels);
void vigil_space_flush(struct vigil_space *s);
int vigil_walk(struct vigil_space *s, u64 gva, struct vigil_pte_walk *w);
int vigil_translate(struct vigil_space *s, u64 gva, u64 *gpa);
int vigil_virt_read_mapped(struct vigil_space *s, u64 gva, void *buf,
			   size_t len);
int vigil_virt_read(struct vigil_space *s, u64 gva, void *buf, size_t len);

#endif /* _VIGIL_PGWALK_H */
