// SPDX-License-Identifier: GPL-2.0
/*
 * Reading fields of a Windows guest's structures.
 */

#include <linux/align.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <kunit/visibility.h>

#include "guest/sane.h"
#include "guest/windows_read.h"

/**
 * vigil_windows_init - Start to read a Windows guest
 * @win: One use, on the caller's stack or in its buffer.
 * @p: The guest's profile, which must live as long.
 * @gm: The guest's memory.
 * @levels: Depth of the guest's page tables.
 */
void vigil_windows_init(struct vigil_windows *win,
			const struct vigil_profile *p, struct vigil_gmem *gm,
			unsigned int levels)
{
	win->profile = p;
	win->reread = 0;
	vigil_space_init(&win->kernel, gm,
			 p->field[VIGIL_WINDOWS_FIELD_KERNEL_ROOT], levels);
}
EXPORT_SYMBOL_IF_KUNIT(vigil_windows_init);

int vigil_windows_read(struct vigil_windows *win, u64 addr, void *buf,
		       size_t len)
{
	if (!vigil_sane_address(addr, win->kernel.levels))
		return -EUCLEAN;
	return vigil_virt_read(&win->kernel, addr, buf, len);
}

int vigil_windows_u64(struct vigil_windows *win, u64 base, u32 field,
		      u64 *value)
{
	return vigil_windows_read(win, base + vigil_windows_field(win, field),
				  value, sizeof(*value));
}

int vigil_windows_u32(struct vigil_windows *win, u64 base, u32 field,
		      u32 *value)
{
	return vigil_windows_read(win, base + vigil_windows_field(win, field),
				  value, sizeof(*value));
}

static bool windows_is_object(const struct vigil_windows *win, u64 addr)
{
	return vigil_sane_address(addr, win->kernel.levels) &&
	       IS_ALIGNED(addr, sizeof(u64));
}

/* A field that holds the address of a kernel object. */
int vigil_windows_object(struct vigil_windows *win, u64 base, u32 field,
			 u64 *value)
{
	int err = vigil_windows_u64(win, base, field, value);

	if (!err && !windows_is_object(win, *value))
		return -EUCLEAN;
	return err;
}

/* Both links of a LIST_ENTRY: forward, backward. */
int vigil_windows_links(struct vigil_windows *win, u64 node, u64 links[2])
{
	int err = vigil_windows_read(win, node, links, 2 * sizeof(*links));

	if (!err && (!windows_is_object(win, links[0]) ||
		     !windows_is_object(win, links[1])))
		return -EUCLEAN;
	return err;
}

/*
 * Shall a reader that failed with @err in its attempt @try start again?  The
 * guest may have changed what was being read, tables included.
 */
bool vigil_windows_again(struct vigil_windows *win, unsigned int try, int err)
{
	if (!err || err == -ENOENT || try + 1 >= VIGIL_WINDOWS_TRIES)
		return false;
	win->reread++;
	vigil_space_flush(&win->kernel);
	return true;
}
