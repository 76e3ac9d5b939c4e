// SPDX-License-Identifier: GPL-2.0
/*
 * What a page of a Linux guest is, from its struct page.
 */

#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/string.h>
#include <kunit/visibility.h>

#include "guest/linux_read.h"

#define PAGE_BITS	12

/* In a tail page: the address of the head, plus 1. */
#define TAIL		BIT_ULL(0)
/* The largest compound page is 1G. */
#define MAX_COMPOUND	BIT_ULL(30 - PAGE_BITS)

/* In a mapping: it is an anon_vma, or KSM's. */
#define MAPPING_ANON	BIT_ULL(0)

struct raw_page {
	u8 bytes[VIGIL_PAGE_SPAN];
};

static int read_page(struct vigil_linux *lx, u64 page, u64 *mapping,
		     u64 *compound)
{
	const u64 size = vigil_linux_field(lx, VIGIL_PROFILE_FIELD_PAGE_SIZE);
	struct raw_page raw;
	int err;

	err = vigil_linux_read(lx, page, &raw, size);
	if (err)
		return err;
	memcpy(mapping,
	       raw.bytes + vigil_linux_field(lx, VIGIL_PROFILE_FIELD_PAGE_MAPPING),
	       sizeof(*mapping));
	memcpy(compound,
	       raw.bytes +
	       vigil_linux_field(lx, VIGIL_PROFILE_FIELD_PAGE_COMPOUND_HEAD),
	       sizeof(*compound));
	return 0;
}

/* The mapping of the compound page that @page is part of, or of itself. */
static int read_mapping(struct vigil_linux *lx, u64 page, u64 *mapping)
{
	const u64 size = vigil_linux_field(lx, VIGIL_PROFILE_FIELD_PAGE_SIZE);
	u64 compound, head;
	int err;

	err = read_page(lx, page, mapping, &compound);
	if (err || !(compound & TAIL))
		return err;

	head = compound & ~TAIL;
	if (head >= page || (page - head) % size ||
	    (page - head) / size >= MAX_COMPOUND)
		return -EUCLEAN;
	err = read_page(lx, head, mapping, &compound);
	if (err)
		return err;
	/* Split while it was looked at. */
	return compound & TAIL ? -EAGAIN : 0;
}

static int look_at(struct vigil_linux *lx, const struct vigil_vma *vma,
		   u64 page, enum vigil_page_kind *kind)
{
	u64 mapping, cache = 0;
	int err;

	err = read_mapping(lx, page, &mapping);
	if (err)
		return err;
	if (mapping & MAPPING_ANON) {
		*kind = vma->ops ? VIGIL_PAGE_COW : VIGIL_PAGE_ANON;
		return 0;
	}

	if (vma->file) {
		err = vigil_linux_u64(lx, vma->file,
				      VIGIL_PROFILE_FIELD_FILE_MAPPING, &cache);
		if (err)
			return err;
	}
	/* A movable page's mapping is a driver's, and never equal. */
	*kind = cache && mapping == cache ? VIGIL_PAGE_CACHE : VIGIL_PAGE_OTHER;
	return 0;
}

/**
 * vigil_linux_page_kind - Tell what page a mapping shows
 * @lx: The guest.
 * @vma: The mapping.
 * @gpa: An address in the page.
 * @kind: Result; VIGIL_PAGE_UNKNOWN after an error.
 *
 * The page must be mapped, and stay so: a page that was freed is another one.
 *
 * Return: 0 or an error.
 */
int vigil_linux_page_kind(struct vigil_linux *lx, const struct vigil_vma *vma,
			  u64 gpa, enum vigil_page_kind *kind)
{
	const u64 size = vigil_linux_field(lx, VIGIL_PROFILE_FIELD_PAGE_SIZE);
	const u64 base = vigil_linux_field(lx, VIGIL_PROFILE_FIELD_VMEMMAP_BASE);
	unsigned int try = 0;
	int err;

	*kind = VIGIL_PAGE_UNKNOWN;
	/* Up to 2^40 frames: the product can't overflow, the sum may. */
	if (gpa > vigil_gmem_mask(lx->kernel.gm))
		return -EFAULT;
	do {
		err = look_at(lx, vma, base + (gpa >> PAGE_BITS) * size, kind);
	} while (vigil_linux_again(lx, try++, err));
	return err;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_linux_page_kind);
