// SPDX-License-Identifier: GPL-2.0
/*
 * Guest-physical memory behind an interface.
 */

#include <linux/align.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/minmax.h>
#include <linux/sizes.h>
#include <kunit/visibility.h>

#include "core/gmem.h"
#include "core/pte.h"

/**
 * vigil_gpa_read - Read guest-physical memory
 * @gm: The guest's memory.
 * @gpa: Address, any alignment.
 * @buf: Where to; undefined after an error.
 * @len: Bytes; may cross pages.
 *
 * Return: 0, or -EFAULT where the guest has no memory.
 */
int vigil_gpa_read(struct vigil_gmem *gm, u64 gpa, void *buf, size_t len)
{
	const u64 mask = vigil_gmem_mask(gm);

	if (gpa > mask || (len && len - 1 > mask - gpa))
		return -EFAULT;

	while (len) {
		size_t piece = min_t(size_t, len, SZ_4K - gpa % SZ_4K);
		int err = gm->ops->read(gm, gpa, buf, piece);

		if (err)
			return err;
		gpa += piece;
		buf += piece;
		len -= piece;
	}
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_gpa_read);

/**
 * vigil_gpa_cmpxchg - Change guest-physical memory, if nobody else did
 * @gm: The guest's memory.
 * @gpa: Address, aligned.
 * @old: What is there, as far as the caller knows; updated if it isn't.
 * @new: What shall be there.
 *
 * Return: 0, -EAGAIN: something else is there, -EFAULT where the guest has no
 * memory, or -EOPNOTSUPP: this memory is only read.
 */
int vigil_gpa_cmpxchg(struct vigil_gmem *gm, u64 gpa, u64 *old, u64 new)
{
	if (!gm->ops->cmpxchg)
		return -EOPNOTSUPP;
	if (!IS_ALIGNED(gpa, sizeof(new)) || gpa > vigil_gmem_mask(gm))
		return -EFAULT;
	return gm->ops->cmpxchg(gm, gpa, old, new);
}
EXPORT_SYMBOL_IF_KUNIT(vigil_gpa_cmpxchg);
