// SPDX-License-Identifier: GPL-2.0
/*
 * Reading fields of a Linux guest's structures.
 */

#include <linux/align.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/string.h>
#include <kunit/visibility.h>

#include "guest/linux_read.h"
#include "guest/sane.h"

/**
 * vigil_linux_init - Start to read a Linux guest
 * @lx: One use, on the caller's stack or in its buffer.
 * @p: The guest's profile, which must live as long.
 * @gm: The guest's memory.
 * @levels: Depth of the guest's page tables.
 */
void vigil_linux_init(struct vigil_linux *lx, const struct vigil_profile *p,
		      struct vigil_gmem *gm, unsigned int levels)
{
	lx->profile = p;
	lx->reread = 0;
	vigil_space_init(&lx->kernel, gm, p->field[VIGIL_PROFILE_FIELD_KERNEL_ROOT],
			 levels);
}
EXPORT_SYMBOL_IF_KUNIT(vigil_linux_init);

/* Can there be a kernel object at @addr? */
bool vigil_linux_is_kernel(const struct vigil_linux *lx, u64 addr)
{
	return vigil_sane_address(addr, lx->kernel.levels);
}

int vigil_linux_read(struct vigil_linux *lx, u64 addr, void *buf, size_t len)
{
	if (!vigil_linux_is_kernel(lx, addr))
		return -EUCLEAN;
	return vigil_virt_read(&lx->kernel, addr, buf, len);
}

int vigil_linux_u64(struct vigil_linux *lx, u64 base, u32 field, u64 *value)
{
	return vigil_linux_read(lx, base + vigil_linux_field(lx, field), value,
				sizeof(*value));
}
EXPORT_SYMBOL_IF_KUNIT(vigil_linux_u64);

int vigil_linux_u32(struct vigil_linux *lx, u64 base, u32 field, u32 *value)
{
	return vigil_linux_read(lx, base + vigil_linux_field(lx, field), value,
				sizeof(*value));
}

/* A field that holds NULL or the address of a kernel object. */
int vigil_linux_pointer(struct vigil_linux *lx, u64 base, u32 field,
			u64 *value)
{
	int err = vigil_linux_u64(lx, base, field, value);

	if (err || !*value)
		return err;
	if (!vigil_linux_is_kernel(lx, *value) ||
	    !IS_ALIGNED(*value, sizeof(u64)))
		return -EUCLEAN;
	return 0;
}

/* A field that holds the address of a kernel object. */
int vigil_linux_object(struct vigil_linux *lx, u64 base, u32 field, u64 *value)
{
	int err = vigil_linux_pointer(lx, base, field, value);

	if (!err && !*value)
		return -EUCLEAN;
	return err;
}

/*
 * Shall a reader that failed with @err in its attempt @try start again?  The
 * guest may have changed what was being read, tables included.
 */
bool vigil_linux_again(struct vigil_linux *lx, unsigned int try, int err)
{
	if (!err || err == -ENOENT || try + 1 >= VIGIL_LINUX_TRIES)
		return false;
	lx->reread++;
	vigil_space_flush(&lx->kernel);
	return true;
}
