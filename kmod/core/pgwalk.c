// SPDX-License-Identifier: GPL-2.0
/*
 * Walk of a guest's x86-64 page tables.
 *
 * The tables are the guest's: they may be wrong, and they may change during the
 * walk.  A walk reads one entry per level and follows no more levels than the
 * root has, so that it ends whatever it reads.
 */

#include <linux/bitops.h>
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/minmax.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <kunit/visibility.h>

#include "core/pgwalk.h"

#define PTE_PRESENT	BIT_ULL(0)
#define PTE_WRITE	BIT_ULL(1)
#define PTE_USER	BIT_ULL(2)
#define PTE_HUGE	BIT_ULL(7)
#define PTE_NX		BIT_ULL(63)

/* Bits 12 to 51; what a guest's own width leaves of them are reserved bits. */
#define PTE_ADDR	GENMASK_ULL(51, 12)

#define PAGE_BITS	12
#define TABLE_BITS	9
/* A leaf is a page of 4K, 2M or 1G. */
#define MAX_LEAF_SHIFT	(PAGE_BITS + 2 * TABLE_BITS)

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
	s->root = cr3 & PTE_ADDR;
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

static bool is_canonical(const struct vigil_space *s, u64 gva)
{
	const unsigned int bits = PAGE_BITS + s->levels * TABLE_BITS;

	return (u64)sign_extend64(gva, bits - 1) == gva;
}

static u64 offset_in(u64 addr, unsigned int shift)
{
	return addr & (BIT_ULL(shift) - 1);
}

static bool is_leaf(u64 pte, unsigned int shift)
{
	return shift == PAGE_BITS ||
	       ((pte & PTE_HUGE) && shift <= MAX_LEAF_SHIFT);
}

/* Would the guest's own MMU raise a reserved-bit fault? */
static bool has_reserved(const struct vigil_space *s, u64 pte,
			 unsigned int shift)
{
	u64 reserved = PTE_ADDR & ~vigil_gmem_mask(s->gm);

	if (shift > MAX_LEAF_SHIFT)
		reserved |= PTE_HUGE;
	else if (shift > PAGE_BITS && (pte & PTE_HUGE))
		/* Bit 12 of a large page is PAT, the others must be 0. */
		reserved |= GENMASK_ULL(shift - 1, PAGE_BITS + 1);
	return pte & reserved;
}

static int read_entry(struct vigil_space *s, u64 table, u64 gva,
		      unsigned int shift, u64 *pte)
{
	u64 index = (gva >> shift) & (BIT_ULL(TABLE_BITS) - 1);
	int err;

	err = vigil_gpa_read(s->gm, table + index * sizeof(*pte), pte,
			     sizeof(*pte));
	if (err)
		return err;
	if (!(*pte & PTE_PRESENT) || has_reserved(s, *pte, shift))
		return -ENOENT;
	return 0;
}

/**
 * vigil_walk - Translate a guest-virtual address
 * @s: The space.
 * @gva: The address.
 * @w: Result; after -ENOENT only its shift is valid, the size of the hole.
 *
 * Reads the tables anew each time, so that permissions can be checked again.
 *
 * Return: 0; -ENOENT if nothing is mapped, which includes entries with reserved
 * bits; -EFAULT if a table is not in the guest's memory; -EINVAL if @gva is not
 * canonical.
 */
int vigil_walk(struct vigil_space *s, u64 gva, struct vigil_pte_walk *w)
{
	unsigned int shift = PAGE_BITS + s->levels * TABLE_BITS;
	u64 pte;
	int err;

	if (!is_canonical(s, gva))
		return -EINVAL;

	*w = (struct vigil_pte_walk){
		.table_gpa = s->root,
		.writable = true,
		.user = true,
	};
	for (;;) {
		shift -= TABLE_BITS;
		w->shift = shift;
		err = read_entry(s, w->table_gpa, gva, shift, &pte);
		if (err)
			return err;
		w->writable &= !!(pte & PTE_WRITE);
		w->user &= !!(pte & PTE_USER);
		w->nx |= !!(pte & PTE_NX);
		if (is_leaf(pte, shift))
			break;
		w->table_gpa = pte & PTE_ADDR;
	}
	w->pte = pte;
	w->gpa = (pte & PTE_ADDR & ~(BIT_ULL(shift) - 1)) |
		 offset_in(gva, shift);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_walk);

static const struct vigil_translation *find_cached(const struct vigil_space *s,
						   u64 gva)
{
	const struct vigil_translation *t;

	for (t = s->cache; t < s->cache + VIGIL_SPACE_CACHED; t++) {
		if (t->shift && gva >> t->shift == t->gva >> t->shift)
			return t;
	}
	return NULL;
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
	const struct vigil_translation *hit = find_cached(s, gva);
	struct vigil_pte_walk w;
	int err;

	if (hit) {
		*gpa = hit->gpa | offset_in(gva, hit->shift);
		return 0;
	}
	err = vigil_walk(s, gva, &w);
	if (err)
		return err;
	s->cache[s->victim] = (struct vigil_translation){
		.gva = gva,
		.gpa = w.gpa & ~(BIT_ULL(w.shift) - 1),
		.shift = w.shift,
	};
	s->victim = (s->victim + 1) % VIGIL_SPACE_CACHED;
	*gpa = w.gpa;
	return 0;
}

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
	if (len && gva + len - 1 < gva)
		return -EFAULT;

	while (len) {
		size_t piece = min_t(size_t, len, SZ_4K - gva % SZ_4K);
		u64 gpa;

		if (vigil_translate(s, gva, &gpa) ||
		    vigil_gpa_read(s->gm, gpa, buf, piece))
			return -EFAULT;
		gva += piece;
		buf += piece;
		len -= piece;
	}
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_virt_read);
