// SPDX-License-Identifier: GPL-2.0
/*
 * Walk of a guest's x86-64 page tables.
 *
 * The tables are the guest's: they may be wrong, and they may change during the
 * walk.  A walk reads one entry per level and follows no more levels than the
 * root has, so that it ends whatever it reads.
 */

#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/minmax.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <kunit/visibility.h>

#include "core/pgwalk.h"
#include "core/pte.h"

/**
 * vigil_space_init - Look at an address space
 * @s: The space, on the caller's stack or in its buffer.
 * @gm: The guest's memory.
 * @cr3: As the guest loads it; PCID and the bits above the address are ignored.
 *	The caller picks a half of a PTI pair.
 * @levels: 5 with CR4.LA57, else 4.
 */
void vigil_space_init(struct vigil_space *s, struct vigil_gmem *gm, u64 cr3,
		      unsigned int levels)
{
	memset(s, 0, sizeof(*s));
	s->gm = gm;
	s->root = cr3 & VIGIL_CR3_ADDR;
	s->levels = levels == 5 ? 5 : 4;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_space_init);

/**
 * vigil_space_flush - Forget translations
 * @s: The space.
 */
void vigil_space_flush(struct vigil_space *s)
{
	memset(s->cache, 0, sizeof(s->cache));
}
EXPORT_SYMBOL_IF_KUNIT(vigil_space_flush);

/* Would the guest's own MMU raise a reserved-bit fault? */
static bool pte_has_reserved(const struct vigil_space *s, u64 pte,
			     unsigned int shift)
{
	u64 reserved = VIGIL_PTE_ADDR & ~vigil_gmem_mask(s->gm);

	if (shift > VIGIL_LEAF_SHIFT_MAX)
		reserved |= VIGIL_PTE_HUGE;
	else if (shift > VIGIL_PAGE_SHIFT && (pte & VIGIL_PTE_HUGE))
		/* Bit 12 of a large page is PAT, the others must be 0. */
		reserved |= GENMASK_ULL(shift - 1, VIGIL_PAGE_SHIFT + 1);
	return pte & reserved;
}

static int read_pte(struct vigil_space *s, u64 table, u64 gva,
		    unsigned int shift, u64 *pte)
{
	int err;

	err = vigil_gpa_read_in_page(s->gm, table + vigil_pte_index(gva, shift) *
				     sizeof(*pte), pte, sizeof(*pte));
	if (err)
		return err;
	if (!(*pte & VIGIL_PTE_PRESENT) || pte_has_reserved(s, *pte, shift))
		return -ENOENT;
	return 0;
}

/* Go down from the table in @w, whose entries cover 1 << @shift bytes. */
static int walk_from(struct vigil_space *s, u64 gva, unsigned int shift,
		     struct vigil_pte_walk *w)
{
	u64 pte;
	int err;

	for (;; shift -= VIGIL_TABLE_SHIFT) {
		w->shift = shift;
		err = read_pte(s, w->table_gpa, gva, shift, &pte);
		if (err)
			return err;
		w->writable &= !!(pte & VIGIL_PTE_WRITE);
		w->user &= !!(pte & VIGIL_PTE_USER);
		w->nx |= !!(pte & VIGIL_PTE_NX);
		if (vigil_pte_is_leaf(pte, shift))
			break;
		w->table_gpa = pte & VIGIL_PTE_ADDR;
	}
	w->pte = pte;
	w->gpa = vigil_pte_page(pte, shift) | vigil_pte_offset(gva, shift);
	return 0;
}

/**
 * vigil_walk - Translate a guest-virtual address
 * @s: The space.
 * @gva: The address.
 * @w: Result; after -ENOENT only its shift is valid, the size of the hole, and
 *	the table that holds the entry.
 *
 * Reads the tables anew each time, so that permissions can be checked again.
 *
 * Return: 0; -ENOENT if nothing is mapped, which includes entries with reserved
 * bits; -EFAULT if a table is not in the guest's memory; -EINVAL if @gva is not
 * canonical.
 */
int vigil_walk(struct vigil_space *s, u64 gva, struct vigil_pte_walk *w)
{
	if (!vigil_pte_is_canonical(gva, s->levels))
		return -EINVAL;
	*w = (struct vigil_pte_walk){
		.table_gpa = s->root,
		.writable = true,
		.user = true,
	};
	return walk_from(s, gva, vigil_pte_top_shift(s->levels) -
			 VIGIL_TABLE_SHIFT, w);
}
EXPORT_SYMBOL_IF_KUNIT(vigil_walk);

/*
 * A translation of the address, or else the last one in the same table, whose
 * entry for the address is one read away.  The newest first: who reads a
 * structure reads on in it.
 */
static const struct vigil_translation *
find_translation(const struct vigil_space *s, u64 gva)
{
	const struct vigil_translation *near = NULL;
	unsigned int i = s->victim;

	for (unsigned int n = 0; n < VIGIL_SPACE_CACHED; n++) {
		const struct vigil_translation *t;
		u64 differs;

		i = (i ?: VIGIL_SPACE_CACHED) - 1;
		t = &s->cache[i];
		/* They are used in turn. */
		if (!t->shift)
			break;
		differs = (gva ^ t->gva) >> t->shift;
		if (!differs)
			return t;
		if (!near && !(differs >> VIGIL_TABLE_SHIFT))
			near = t;
	}
	return near;
}

/**
 * vigil_translate - Translate a guest-virtual address to read there
 * @s: The space.
 * @gva: The address.
 * @gpa: Its translation, which may be a remembered one.
 *
 * Return: as vigil_walk().
 */
int vigil_translate(struct vigil_space *s, u64 gva, u64 *gpa)
{
	const struct vigil_translation *near = find_translation(s, gva);
	struct vigil_pte_walk w = {};
	int err = -ENOENT;

	if (near && !((gva ^ near->gva) >> near->shift)) {
		*gpa = near->gpa | vigil_pte_offset(gva, near->shift);
		return 0;
	}
	/* A neighbour's table has the entry; only its root tells that none has. */
	if (near) {
		w.table_gpa = near->table_gpa;
		err = walk_from(s, gva, near->shift, &w);
	}
	if (err)
		err = vigil_walk(s, gva, &w);
	if (err)
		return err;
	s->cache[s->victim] = (struct vigil_translation){
		.gva = gva,
		.gpa = w.gpa & ~(BIT_ULL(w.shift) - 1),
		.table_gpa = w.table_gpa,
		.shift = w.shift,
	};
	s->victim = (s->victim + 1) % VIGIL_SPACE_CACHED;
	*gpa = w.gpa;
	return 0;
}

/**
 * vigil_virt_read_mapped - Read guest-virtual memory that may not be there
 * @s: The space.
 * @gva: Address, any alignment.
 * @buf: Where to; undefined after an error.
 * @len: Bytes; may cross pages, must not wrap around.
 *
 * Tells a hole in the guest's address space from tables and pages that can't be
 * read.
 *
 * Return: 0; -ENOENT if nothing is mapped at some of it, which includes entries
 * with reserved bits; -EFAULT if a table or a page is not in the guest's memory,
 * or if some of it is no canonical address.
 */
int vigil_virt_read_mapped(struct vigil_space *s, u64 gva, void *buf,
			   size_t len)
{
	if (len && gva + len - 1 < gva)
		return -EFAULT;

	while (len) {
		size_t piece = min_t(size_t, len, SZ_4K - gva % SZ_4K);
		u64 gpa;
		int err;

		err = vigil_translate(s, gva, &gpa);
		if (!err)
			err = vigil_gpa_read_in_page(s->gm, gpa, buf, piece);
		if (err)
			return err == -ENOENT ? -ENOENT : -EFAULT;
		gva += piece;
		buf += piece;
		len -= piece;
	}
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_virt_read_mapped);

/**
 * vigil_virt_read - Read guest-virtual memory
 * @s: The space.
 * @gva: Address, any alignment.
 * @buf: Where to; undefined after an error.
 * @len: Bytes; may cross pages, must not wrap around.
 *
 * Return: 0, or -EFAULT if some of it can't be read.
 */
int vigil_virt_read(struct vigil_space *s, u64 gva, void *buf, size_t len)
{
	return vigil_virt_read_mapped(s, gva, buf, len) ? -EFAULT : 0;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_virt_read);
