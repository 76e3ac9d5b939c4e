// SPDX-License-Identifier: GPL-2.0
/*
 * Looking at a table that is in memory, and putting right what is wrong in it.
 *
 * The guest runs meanwhile.  An entry is changed only if it still is what was
 * judged, and only after it was made sure that the page still is a table: the
 * process may have ended since, and its memory may belong to somebody else.
 */
#include <linux/errno.h>
#include <linux/export.h>
#include <kunit/visibility.h>

#include "protect/selfmap_check.h"

/* A vCPU that writes all the time can't keep this busy for longer. */
#define REPAIR_TRIES	16

static u64 entry_address(const struct vigil_selfmap_check *c,
			 unsigned int index)
{
	return c->shape->root + index * sizeof(u64);
}

/* Returns 0, -EAGAIN: the guest changed it, and @entry is what it is now. */
static int repair_entry_once(struct vigil_selfmap_check *c,
			     struct vigil_selfmap_entry *e, u64 *entry,
			     u32 found)
{
	u64 want = vigil_selfmap_repair(c->shape, *entry, found, c->good);
	int err;

	err = vigil_gpa_cmpxchg(c->gm, entry_address(c, e->index), entry, want);
	if (!err)
		e->value = want;
	return err;
}

static enum vigil_selfmap_done repair_entry(struct vigil_selfmap_check *c,
					    struct vigil_selfmap_entry *e)
{
	u64 entry = e->new;
	u32 found = e->found;
	int err;

	for (unsigned int try = 0; try < REPAIR_TRIES; try++) {
		err = repair_entry_once(c, e, &entry, found);
		if (err != -EAGAIN)
			break;
		c->raced++;
		e->value = entry;
		found = vigil_selfmap_judge(c->shape, e->index, entry);
		if (!found) {
			/* Another look or the guest itself was faster. */
			err = 0;
			break;
		}
	}
	if (err) {
		c->failed++;
		return VIGIL_SELFMAP_DONE_FAILED;
	}
	c->repaired++;
	return VIGIL_SELFMAP_DONE_REPAIRED;
}

static void settle_entry(struct vigil_selfmap_check *c, unsigned int index,
			 u64 entry, u32 found)
{
	struct vigil_selfmap_entry e = {
		.index = index,
		.found = found,
		.old = index == c->shape->slot ? c->good : 0,
		.new = entry,
		.value = entry,
		.done = VIGIL_SELFMAP_DONE_SEEN,
	};

	if (!vigil_selfmap_is_evident(c->shape, entry) && !c->lives(c)) {
		c->unproved++;
		return;
	}
	c->hostile++;
	if (c->block)
		e.done = repair_entry(c, &e);
	c->found(c, &e);
}

static void check_table_entry(struct vigil_selfmap_check *c, unsigned int index,
			      u64 entry)
{
	u32 found = vigil_selfmap_judge(c->shape, index, entry);

	if (found)
		settle_entry(c, index, entry, found);
	else if (index == c->shape->slot && entry & VIGIL_PTE_PRESENT)
		c->good = entry;
}

/**
 * vigil_selfmap_check_slot - Look at a table's self-map
 * @c: the check
 *
 * Return: 0, or -EFAULT: the table isn't in memory.
 */
int vigil_selfmap_check_slot(struct vigil_selfmap_check *c)
{
	u64 entry;
	int err;

	err = vigil_gpa_read(c->gm, entry_address(c, c->shape->slot), &entry,
			     sizeof(entry));
	if (!err)
		check_table_entry(c, c->shape->slot, entry);
	return err;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_selfmap_check_slot);

/* Most entries are none. */
#define AT_ONCE	4

static bool any_is_open(const u64 *entry)
{
	return vigil_selfmap_is_open(entry[0]) |
	       vigil_selfmap_is_open(entry[1]) |
	       vigil_selfmap_is_open(entry[2]) |
	       vigil_selfmap_is_open(entry[3]);
}

static void check_open_entries(struct vigil_selfmap_check *c, const u64 *page,
			       unsigned int first)
{
	for (unsigned int i = first; i < first + AT_ONCE; i++) {
		if (vigil_selfmap_is_open(page[i]) && i != c->shape->slot)
			check_table_entry(c, i, page[i]);
	}
}

/**
 * vigil_selfmap_check_page - Look at all entries of a table
 * @c: the check
 * @page: room for VIGIL_TABLE_ENTRIES entries
 *
 * Return: 0, or -EFAULT: the table isn't in memory.
 */
int vigil_selfmap_check_page(struct vigil_selfmap_check *c, u64 *page)
{
	const unsigned int slot = c->shape->slot;
	int err;

	BUILD_BUG_ON(VIGIL_TABLE_ENTRIES % AT_ONCE);
	err = vigil_gpa_read(c->gm, c->shape->root, page,
			     VIGIL_TABLE_ENTRIES * sizeof(*page));
	if (err)
		return err;
	/* Only the self-map can be wrong without being open. */
	check_table_entry(c, slot, page[slot]);
	for (unsigned int i = 0; i < VIGIL_TABLE_ENTRIES; i += AT_ONCE) {
		if (any_is_open(page + i))
			check_open_entries(c, page, i);
	}
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_selfmap_check_page);
