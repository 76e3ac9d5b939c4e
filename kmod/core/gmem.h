/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Guest-physical memory behind an interface, so that what reads a guest can
 * be tested against memory that a test made up.
 */
#ifndef _VIGIL_GMEM_H
#define _VIGIL_GMEM_H

#include <linux/types.h>

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

u64 vigil_gmem_mask(const struct vigil_gmem *gm);
int vigil_gpa_read(struct vigil_gmem *gm, u64 gpa, void *buf, size_t len);
int vigil_gpa_cmpxchg(struct vigil_gmem *gm, u64 gpa, u64 *old, u64 new);

#endif /* _VIGIL_GMEM_H */
