/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Guest-physical memory behind an interface, so that what reads a guest can
 * be tested against memory that a test made up.
 */
#ifndef _VIGIL_GMEM_H
#define _VIGIL_GMEM_H

#include <linux/bits.h>
#include <linux/types.h>

#include "core/pte.h"

struct vigil_gmem;

/**
 * struct vigil_gmem_ops - Operations on a kind of guest memory
 */
struct vigil_gmem_ops {
	/**
	 * @read: Copy @len bytes, which never cross a page, from @gpa to @buf.
	 * Return 0, or -EFAULT where the guest has no memory.  May sleep.
	 */
	int (*read)(struct vigil_gmem *gm, u64 gpa, void *buf, size_t len);
	/**
	 * @cmpxchg: Write @new to the aligned 8 bytes at @gpa, if they are *@old.
	 * Return 0, -EAGAIN: they are what is in *@old now, or -EFAULT where the
	 * guest has no memory that can be written.  May sleep.  NULL where
	 * guests are only read.
	 */
	int (*cmpxchg)(struct vigil_gmem *gm, u64 gpa, u64 *old, u64 new);
};

/**
 * struct vigil_gmem - Memory of one guest, embedded by its implementation
 */
struct vigil_gmem {
	const struct vigil_gmem_ops *ops;
	/**
	 * @phys_bits: Width of the guest's physical addresses (its MAXPHYADDR);
	 * 0 stands for the architecture's 52.
	 */
	u8 phys_bits;
};

/**
 * vigil_gmem_mask - Which bits a guest-physical address can have
 * @gm: The guest's memory.
 *
 * Return: A mask that includes the offset in the page.
 */
static inline u64 vigil_gmem_mask(const struct vigil_gmem *gm)
{
	u8 bits = gm->phys_bits;

	if (!bits || bits > VIGIL_PHYS_BITS_MAX)
		bits = VIGIL_PHYS_BITS_MAX;
	return GENMASK_ULL(bits - 1, 0);
}

/**
 * vigil_gpa_read_in_page - Read guest-physical memory that is in one page
 * @gm: The guest's memory.
 * @gpa: Address; where the guest has no such one it has no memory either.
 * @buf: Where to; undefined after an error.
 * @len: Bytes, which must not cross a page.
 *
 * For walks, which read a few bytes again and again.
 *
 * Return: 0, or -EFAULT where the guest has no memory.
 */
static inline int vigil_gpa_read_in_page(struct vigil_gmem *gm, u64 gpa,
					 void *buf, size_t len)
{
	return gm->ops->read(gm, gpa, buf, len);
}

int vigil_gpa_read(struct vigil_gmem *gm, u64 gpa, void *buf, size_t len);
int vigil_gpa_cmpxchg(struct vigil_gmem *gm, u64 gpa, u64 *old, u64 new);

#endif /* _VIGIL_GMEM_H */
