// SPDX-License-Identifier: GPL-2.0
/*
 * Reading fields of a Linux guest's structures.
 */

#include <linux/align.h>
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/limits.h>
#include <linux/minmax.h>
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

/**
 * vigil_linux_read_mapped - Read kernel memory that may not be there
 * @lx: The guest.
 * @addr: Address, any alignment.
 * @buf: Where to; undefined after an error.
 * @len: Bytes.
 *
 * For sparse areas, such as the array of struct page.  The structures of the
 * kernel lie in memory that it has mapped: read them with vigil_linux_read(),
 * for whose callers -ENOENT has another meaning.
 *
 * Return: 0; -ENOENT if the kernel maps nothing at some of it; -EFAULT if a
 * table or a page is not in the guest's memory; -EUCLEAN if @addr is not an
 * address of the kernel.
 */
int vigil_linux_read_mapped(struct vigil_linux *lx, u64 addr, void *buf,
			    size_t len)
{
	if (!vigil_linux_is_kernel(lx, addr))
		return -EUCLEAN;
	return vigil_virt_read_mapped(&lx->kernel, addr, buf, len);
}
EXPORT_SYMBOL_IF_KUNIT(vigil_linux_read_mapped);

int vigil_linux_read(struct vigil_linux *lx, u64 addr, void *buf, size_t len)
{
	if (!vigil_linux_is_kernel(lx, addr))
		return -EUCLEAN;
	return vigil_virt_read(&lx->kernel, addr, buf, len);
}
EXPORT_SYMBOL_IF_KUNIT(vigil_linux_read);

/**
 * vigil_linux_read_parts - Read fields of a structure, in few reads of the guest
 * @lx: The guest.
 * @base: Address of the structure.
 * @parts: The fields, in any order; undefined after an error.
 * @nr: How many, at most 32.
 *
 * What lies between two fields is read along with them.  Fields that are read
 * at once are of one moment, as far as the host's copying is.
 *
 * Return: 0 or an error.
 */
int vigil_linux_read_parts(struct vigil_linux *lx, u64 base,
			   const struct vigil_linux_part *parts,
			   unsigned int nr)
{
	u8 span[VIGIL_LINUX_SPAN];
	u32 left = GENMASK(nr - 1, 0);
	u64 at, from, to;
	unsigned int i;
	int err;

	while (left) {
		/* From the first field on, as far as the buffer reaches. */
		from = U64_MAX;
		for (i = 0; i < nr; i++) {
			at = vigil_linux_field(lx, parts[i].field);
			if (left & BIT(i))
				from = min(from, at);
		}
		to = from;
		for (i = 0; i < nr; i++) {
			at = vigil_linux_field(lx, parts[i].field);
			if (left & BIT(i) &&
			    at - from + parts[i].size <= sizeof(span))
				to = max(to, at + parts[i].size);
		}
		err = vigil_linux_read(lx, base + from, span, to - from);
		if (err)
			return err;
		for (i = 0; i < nr; i++) {
			at = vigil_linux_field(lx, parts[i].field);
			if (!(left & BIT(i)) || at + parts[i].size > to)
				continue;
			memcpy(parts[i].to, span + (at - from), parts[i].size);
			left &= ~BIT(i);
		}
	}
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_linux_read_parts);

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

/* -EUCLEAN unless @value can be the address of a kernel object. */
int vigil_linux_check_object(const struct vigil_linux *lx, u64 value)
{
	return vigil_linux_is_kernel(lx, value) &&
	       IS_ALIGNED(value, sizeof(u64)) ? 0 : -EUCLEAN;
}

/* A field that holds NULL or the address of a kernel object. */
int vigil_linux_pointer(struct vigil_linux *lx, u64 base, u32 field,
			u64 *value)
{
	int err = vigil_linux_u64(lx, base, field, value);

	if (err || !*value)
		return err;
	return vigil_linux_check_object(lx, *value);
}

/* A field that holds the address of a kernel object. */
int vigil_linux_object(struct vigil_linux *lx, u64 base, u32 field, u64 *value)
{
	return vigil_linux_u64(lx, base, field, value) ?:
	       vigil_linux_check_object(lx, *value);
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
