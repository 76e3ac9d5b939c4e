/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the x86-64 architecture says of page tables: bits of their entries, of
 * CR3 and of EFER, and how an address selects entries.  Pure: values in, values
 * out.  The names are those of a guest's tables; that the host's are encoded
 * alike is used by nothing but the assertions below.
 */
#ifndef _VIGIL_PTE_H
#define _VIGIL_PTE_H

#include <linux/bits.h>
#include <linux/bitops.h>
#include <linux/build_bug.h>
#include <linux/types.h>

#include <asm/msr-index.h>
#include <asm/pgtable_types.h>
#include <asm/processor-flags.h>

#define VIGIL_PAGE_SHIFT	12
/* Bits of an address that select the entry of one table. */
#define VIGIL_TABLE_SHIFT	9
#define VIGIL_TABLE_ENTRIES	BIT(VIGIL_TABLE_SHIFT)

/* A leaf maps 4K, 2M or 1G. */
#define VIGIL_LEAF_SHIFT_MAX	(VIGIL_PAGE_SHIFT + 2 * VIGIL_TABLE_SHIFT)

/* Physical addresses have at most so many bits. */
#define VIGIL_PHYS_BITS_MAX	52

#define VIGIL_PTE_PRESENT	BIT_ULL(0)
#define VIGIL_PTE_WRITE		BIT_ULL(1)
#define VIGIL_PTE_USER		BIT_ULL(2)
#define VIGIL_PTE_ACCESSED	BIT_ULL(5)
/* In a table of an upper level: the entry maps a page.  In a leaf it is PAT. */
#define VIGIL_PTE_HUGE		BIT_ULL(7)
#define VIGIL_PTE_NX		BIT_ULL(63)

/* What a guest's own width of addresses leaves of these are reserved bits. */
#define VIGIL_PTE_ADDR		\
	GENMASK_ULL(VIGIL_PHYS_BITS_MAX - 1, VIGIL_PAGE_SHIFT)

/* The bits above the address are LAM and "no flush" of the PCID. */
#define VIGIL_CR3_ADDR		VIGIL_PTE_ADDR
#define VIGIL_CR3_PCID		GENMASK_ULL(VIGIL_PAGE_SHIFT - 1, 0)
/* Of the two tables of a process under Linux' PTI, that of user mode has it. */
#define VIGIL_CR3_USER		BIT_ULL(VIGIL_PAGE_SHIFT)

#define VIGIL_EFER_LME		BIT_ULL(8)
#define VIGIL_EFER_LMA		BIT_ULL(10)

static_assert(BIT_ULL(_PAGE_BIT_PRESENT) == VIGIL_PTE_PRESENT);
static_assert(BIT_ULL(_PAGE_BIT_RW) == VIGIL_PTE_WRITE);
static_assert(BIT_ULL(_PAGE_BIT_USER) == VIGIL_PTE_USER);
static_assert(BIT_ULL(_PAGE_BIT_ACCESSED) == VIGIL_PTE_ACCESSED);
static_assert(BIT_ULL(_PAGE_BIT_PSE) == VIGIL_PTE_HUGE);
static_assert(BIT_ULL(_PAGE_BIT_NX) == VIGIL_PTE_NX);
static_assert(VIGIL_PAGE_SHIFT == PAGE_SHIFT);
static_assert(VIGIL_TABLE_ENTRIES * sizeof(u64) == PAGE_SIZE);
static_assert(VIGIL_LEAF_SHIFT_MAX == PUD_SHIFT);
static_assert(VIGIL_CR3_PCID == X86_CR3_PCID_MASK);
static_assert(VIGIL_EFER_LME == EFER_LME);
static_assert(VIGIL_EFER_LMA == EFER_LMA);
/* Every bit of an entry that has a name here has one meaning. */
static_assert(!(VIGIL_PTE_ADDR & (VIGIL_PTE_PRESENT | VIGIL_PTE_WRITE |
				  VIGIL_PTE_USER | VIGIL_PTE_ACCESSED |
				  VIGIL_PTE_HUGE | VIGIL_PTE_NX)));
static_assert(!(VIGIL_CR3_ADDR & VIGIL_CR3_PCID));
static_assert(VIGIL_CR3_ADDR & VIGIL_CR3_USER);

/* Bytes into the page of 1 << @shift bytes that @addr is in. */
static inline u64 vigil_pte_offset(u64 addr, unsigned int shift)
{
	return addr & (BIT_ULL(shift) - 1);
}

/* Which entry of a table maps @gva, if each maps 1 << @shift bytes. */
static inline unsigned int vigil_pte_index(u64 gva, unsigned int shift)
{
	return (gva >> shift) & (VIGIL_TABLE_ENTRIES - 1);
}

/* Does a present entry, which covers 1 << @shift bytes, map a page? */
static inline bool vigil_pte_is_leaf(u64 pte, unsigned int shift)
{
	return shift == VIGIL_PAGE_SHIFT ||
	       (pte & VIGIL_PTE_HUGE && shift <= VIGIL_LEAF_SHIFT_MAX);
}

/* Guest-physical address of the page of 1 << @shift bytes that a leaf maps. */
static inline u64 vigil_pte_page(u64 pte, unsigned int shift)
{
	return pte & VIGIL_PTE_ADDR & ~(BIT_ULL(shift) - 1);
}

/* Shift of what a whole table of the top level covers. */
static inline unsigned int vigil_pte_top_shift(unsigned int levels)
{
	return VIGIL_PAGE_SHIFT + levels * VIGIL_TABLE_SHIFT;
}

static inline bool vigil_pte_is_canonical(u64 gva, unsigned int levels)
{
	return (u64)sign_extend64(gva, vigil_pte_top_shift(levels) - 1) == gva;
}

#endif /* _VIGIL_PTE_H */
