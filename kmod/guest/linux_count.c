// SPDX-License-Identifier: GPL-2.0
/*
 * The pages that a process of a Linux guest has mapped, in bulk.
 *
 * The guest decides how many there are.  Large pages and holes are one step,
 * whatever their size, and of a table of small pages many entries are read at
 * once.
 */

#include <linux/align.h>
#include <linux/bits.h>
#include <linux/export.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <kunit/visibility.h>

#include "core/pte.h"
#include "guest/budget.h"
#include "guest/linux.h"

#define PTES		512

#define SMALL_SHIFT	12
/* Entries of a table that are read at once, to the stack. */
#define BATCH		64
/* Pages of a large page that are handed over at once. */
#define PIECE		512

struct leaf_visit {
	struct vigil_space space;
	vigil_leaf_fn fn;
	void *data;
};

/* An address with reserved bits is none, as it is for the guest's MMU. */
static bool is_small_page(const struct leaf_visit *v, u64 pte)
{
	return (pte & VIGIL_PTE_PRESENT) &&
	       !(pte & VIGIL_PTE_ADDR & ~vigil_gmem_mask(v->space.gm));
}

/* All that the table of small pages at @table maps from @addr on. */
static int visit_table(struct leaf_visit *v, u64 table, u64 *addr, u64 end)
{
	u64 entries[BATCH];

	end = min_t(u64, end, ALIGN_DOWN(*addr, SZ_2M) + SZ_2M);
	while (*addr < end) {
		unsigned int first = (*addr >> SMALL_SHIFT) % PTES;
		unsigned int nr = min_t(u64, BATCH - first % BATCH,
					(end - *addr) >> SMALL_SHIFT);
		int err;

		err = vigil_gpa_read(v->space.gm, table + first * sizeof(u64),
				     entries, nr * sizeof(u64));
		if (err)
			return err;
		for (unsigned int i = 0; i < nr; i++) {
			if (is_small_page(v, entries[i]))
				v->fn(v->data, entries[i] & VIGIL_PTE_ADDR, 1);
		}
		*addr += (u64)nr << SMALL_SHIFT;
	}
	return 0;
}

/* One step from @addr on: a table, a hole, or a piece of a large page. */
static int visit_some(struct leaf_visit *v, u64 *addr, u64 end)
{
	struct vigil_pte_walk w;
	u64 rest, pages;
	int err;

	err = vigil_walk(&v->space, *addr, &w);
	if (err && err != -ENOENT)
		return err;
	if (w.shift == SMALL_SHIFT)
		return visit_table(v, w.table_gpa, addr, end);

	rest = BIT_ULL(w.shift) - (*addr & (BIT_ULL(w.shift) - 1));
	if (err == -ENOENT) {
		*addr += rest;
		return 0;
	}
	pages = min3(rest >> SMALL_SHIFT, (end - *addr) >> SMALL_SHIFT,
		     (u64)PIECE);
	v->fn(v->data, ALIGN_DOWN(w.gpa, SZ_4K), pages);
	*addr += pages << SMALL_SHIFT;
	return 0;
}

/**
 * vigil_linux_each_leaf - Visit the pages that are mapped in a range
 * @lx: The guest.
 * @root: Guest-physical address of the top-level table.
 * @addr: Where to start, aligned to 4K; where it ended.
 * @end: Where to end, aligned to 4K.
 * @budget: What it may take.
 * @fn: Called for each page, or for up to 512 at once of a large page.
 * @data: For @fn.
 *
 * Return: 0: @addr has reached @end; as vigil_budget_check(), after one step at
 * least; or as vigil_walk(), where the tables can't be read any further.
 */
int vigil_linux_each_leaf(struct vigil_linux *lx, u64 root, u64 *addr, u64 end,
			  const struct vigil_budget *budget, vigil_leaf_fn fn,
			  void *data)
{
	struct leaf_visit v = { .fn = fn, .data = data };
	int err = 0;

	vigil_space_init(&v.space, lx->kernel.gm, root, lx->kernel.levels);
	while (!err && *addr < end) {
		err = visit_some(&v, addr, end);
		if (!err && *addr < end)
			err = vigil_budget_check(budget);
		cond_resched();
	}
	return err;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_linux_each_leaf);
