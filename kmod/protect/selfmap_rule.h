/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The rule of selfmap: what an entry of a Windows guest's top-level page table
 * must not be.  Pure: values in, findings and values out.
 *
 * Windows reaches its page tables through one slot of the top-level table, the
 * self-map, which points to the table that it is in.  The same entry is used at
 * every level on the way, so its user bit alone decides whether user mode can
 * read and write all page tables.
 */
#ifndef _VIGIL_SELFMAP_RULE_H
#define _VIGIL_SELFMAP_RULE_H

#include <linux/bits.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <linux/types.h>
#include <linux/unaligned.h>

#include <uapi/linux/vigil.h>

#include "core/pte.h"

/* The kernel's half, where Windows puts the self-map, at random. */
#define VIGIL_SELFMAP_SLOT_MIN	256

/**
 * struct vigil_selfmap_shape - What is right for one top-level table
 */
struct vigil_selfmap_shape {
	/** @root: Guest-physical address of the table itself. */
	u64 root;
	/**
	 * @pair: The process' other table, or 0.  A table of KVA shadow may
	 * have either in its slot.
	 */
	u64 pair;
	/** @slot: Index of the self-map. */
	u16 slot;
	/**
	 * @owned: A process of the guest has it.  Of a table that was only seen
	 * in a CR3 nobody knows that Windows made it, and what its slot should
	 * point to.
	 */
	bool owned;
	/** @is_root: Is there a top-level table at @gpa? */
	bool (*is_root)(const struct vigil_selfmap_shape *shape, u64 gpa);
	/** @data: For @is_root. */
	const void *data;
};

static inline u64 vigil_selfmap_frame(u64 entry)
{
	return entry & VIGIL_PTE_ADDR;
}

/* Its low bits are flags and a PCID, its high bit asks for no flush. */
static inline u64 vigil_selfmap_root(u64 cr3)
{
	return cr3 & VIGIL_CR3_ADDR;
}

/* User mode gets in, as far as this entry decides. */
static inline bool vigil_selfmap_is_open(u64 entry)
{
	const u64 open = VIGIL_PTE_PRESENT | VIGIL_PTE_USER;

	return (entry & open) == open;
}

static inline bool
vigil_selfmap_is_own(const struct vigil_selfmap_shape *shape, u64 entry)
{
	u64 frame = vigil_selfmap_frame(entry);

	return frame == shape->root || (shape->pair && frame == shape->pair);
}

/**
 * vigil_selfmap_judge - What is wrong with an entry?
 * @shape: the table that it is in
 * @index: which one it is
 * @entry: its value
 *
 * Return: VIGIL_SELFMAP_FINDING_*, 0 if it may be.
 */
static inline u32 vigil_selfmap_judge(const struct vigil_selfmap_shape *shape,
				      unsigned int index, u64 entry)
{
	bool open = vigil_selfmap_is_open(entry);
	bool own = vigil_selfmap_is_own(shape, entry);
	u32 found = 0;

	if (!(entry & VIGIL_PTE_PRESENT))
		return 0;
	if (index == shape->slot && shape->owned) {
		if (open)
			found |= VIGIL_SELFMAP_FINDING_USER;
		if (!own)
			found |= VIGIL_SELFMAP_FINDING_FRAME;
		return found;
	}
	if (!open)
		return 0;
	if (index == shape->slot && own)
		return VIGIL_SELFMAP_FINDING_USER;
	if (own || shape->is_root(shape, vigil_selfmap_frame(entry)))
		return VIGIL_SELFMAP_FINDING_SECOND;
	return 0;
}

/**
 * vigil_selfmap_repair - What an entry should be instead
 * @shape: the table that it is in
 * @entry: its value
 * @found: what vigil_selfmap_judge() said of it
 * @good: what it was when it was right; 0 if that isn't known
 *
 * Whatever isn't wrong stays as the guest made it.
 */
static inline u64 vigil_selfmap_repair(const struct vigil_selfmap_shape *shape,
				       u64 entry, u32 found, u64 good)
{
	u64 frame = vigil_selfmap_is_own(shape, good) ?
		    vigil_selfmap_frame(good) : shape->root;

	if (found & VIGIL_SELFMAP_FINDING_FRAME)
		entry = (entry & ~VIGIL_PTE_ADDR) | frame;
	return entry & ~VIGIL_PTE_USER;
}

/*
 * A finding that needs no other proof that the page still is a page table: it
 * holds its own address, which data doesn't.
 */
static inline bool
vigil_selfmap_is_evident(const struct vigil_selfmap_shape *shape, u64 entry)
{
	return vigil_selfmap_frame(entry) == shape->root;
}

/* --- writes ----------------------------------------------------------------- */

#define VIGIL_SELFMAP_WRITE_MAX	64
/* Entries that such a write touches at most. */
#define VIGIL_SELFMAP_TOUCHED	(VIGIL_SELFMAP_WRITE_MAX / sizeof(u64) + 1)

/**
 * struct vigil_selfmap_write - A write to a table that is about to be made
 */
struct vigil_selfmap_write {
	/** @offset: In the table. */
	u16 offset;
	/** @bytes: 1 to VIGIL_SELFMAP_WRITE_MAX, all of them in the table. */
	u16 bytes;
	/** @before: The entries that it touches, whole, as they are. */
	u64 before[VIGIL_SELFMAP_TOUCHED];

	/* What vigil_selfmap_judge_write() finds: the first wrong entry. */
	u32 found;
	u16 index;
	u64 old;
	u64 new;
	/** @evident: Of any of them, see vigil_selfmap_is_evident(). */
	bool evident;
};

static inline unsigned int
vigil_selfmap_first(const struct vigil_selfmap_write *w)
{
	return w->offset / sizeof(u64);
}

static inline unsigned int
vigil_selfmap_touched(const struct vigil_selfmap_write *w)
{
	return (w->offset + w->bytes - 1) / sizeof(u64) -
	       vigil_selfmap_first(w) + 1;
}

/* The part of entry @i that the write covers: bytes @from to @to of it. */
static inline void vigil_selfmap_part(const struct vigil_selfmap_write *w,
				      unsigned int i, int *from, int *to)
{
	int start = w->offset % sizeof(u64) - i * sizeof(u64);

	*from = max(start, 0);
	*to = min_t(int, start + w->bytes, sizeof(u64));
}

/* Entry @i as the write would leave it. */
static inline u64 vigil_selfmap_merged(const struct vigil_selfmap_write *w,
				       unsigned int i, const u8 *new)
{
	u8 entry[sizeof(u64)];
	int from, to, at;

	put_unaligned_le64(w->before[i], entry);
	vigil_selfmap_part(w, i, &from, &to);
	at = i * sizeof(u64) + from - w->offset % sizeof(u64);
	memcpy(entry + from, new + at, to - from);
	return get_unaligned_le64(entry);
}

/*
 * Make the write leave @want in entry @i, as far as it covers it; where that
 * isn't enough, leave what was there.
 */
static inline void vigil_selfmap_edit(const struct vigil_selfmap_write *w,
				      unsigned int i, u64 want, u8 *new)
{
	u8 entry[sizeof(u64)];
	int from, to, at;
	u64 covered;

	vigil_selfmap_part(w, i, &from, &to);
	covered = GENMASK_ULL(to * 8 - 1, from * 8);
	if ((want ^ w->before[i]) & ~covered)
		want = w->before[i];
	put_unaligned_le64(want, entry);
	at = i * sizeof(u64) + from - w->offset % sizeof(u64);
	memcpy(new + at, entry + from, to - from);
}

static inline void vigil_selfmap_note(struct vigil_selfmap_write *w,
				      const struct vigil_selfmap_shape *shape,
				      unsigned int i, u64 new, u32 found)
{
	w->evident |= vigil_selfmap_is_evident(shape, new);
	if (w->found)
		return;
	w->found = found;
	w->index = vigil_selfmap_first(w) + i;
	w->old = w->before[i];
	w->new = new;
}

/**
 * vigil_selfmap_judge_write - What is wrong with a write?
 * @shape: the table that it goes to
 * @w: the write
 * @new: its bytes
 * @fixed: the bytes that it may write instead; may be @new
 *
 * A wrong frame is left as it was; where only the user bit is wrong, the rest
 * is written.  Return: all that is wrong with it, 0 if it may go on.
 */
static inline u32
vigil_selfmap_judge_write(const struct vigil_selfmap_shape *shape,
			  struct vigil_selfmap_write *w, const u8 *new,
			  u8 *fixed)
{
	unsigned int first = vigil_selfmap_first(w);
	u32 all = 0, found;
	u64 entry, want;

	w->found = 0;
	w->evident = false;
	memmove(fixed, new, w->bytes);
	for (unsigned int i = 0; i < vigil_selfmap_touched(w); i++) {
		entry = vigil_selfmap_merged(w, i, new);
		if (entry == w->before[i])
			continue;
		found = vigil_selfmap_judge(shape, first + i, entry);
		if (!found)
			continue;
		all |= found;
		vigil_selfmap_note(w, shape, i, entry, found);
		want = found & VIGIL_SELFMAP_FINDING_FRAME ? w->before[i] :
		       entry & ~VIGIL_PTE_USER;
		vigil_selfmap_edit(w, i, want, fixed);
	}
	return all;
}

#endif /* _VIGIL_SELFMAP_RULE_H */
