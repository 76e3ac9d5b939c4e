// SPDX-License-Identifier: GPL-2.0
/*
 * What a page of a Linux guest is: struct page, its address_space, the inode, the
 * superblock.
 *
 * A process can't change any of these, and they stay what they are as long as
 * the page is mapped.
 */

#include <linux/align.h>
#include <linux/array_size.h>
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/string.h>
#include <uapi/linux/magic.h>
#include <kunit/visibility.h>

#include "core/pte.h"
#include "guest/linux_read.h"

/* In compound_head of a tail page: the address of the head, plus 1. */
#define TAIL		BIT_ULL(0)
/* The largest compound page is 1G. */
#define MAX_COMPOUND	BIT_ULL(30 - VIGIL_PAGE_SHIFT)

/* The guest's PAGE_MAPPING_*: both of them are KSM's. */
#define MAPPING_ANON	BIT_ULL(0)
#define MAPPING_MOVABLE	BIT_ULL(1)
/*
 * PAGE_MAPPING_DAX_SHARED: a page of a DAX file system that reflink has put into
 * several files.  No anonymous page has it, because anon_vma is never NULL.
 */
#define MAPPING_DAX_SHARED	MAPPING_ANON

struct raw_page {
	u8 bytes[VIGIL_PAGE_SPAN];
};

static int page_read_u64(struct vigil_linux *lx, u64 page, u64 *mapping,
			 u64 *compound)
{
	const u64 size = vigil_linux_field(lx, VIGIL_PROFILE_FIELD_PAGE_SIZE);
	struct raw_page raw;
	int err;

	err = vigil_linux_read_mapped(lx, page, &raw, size);
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
static int page_read_mapping(struct vigil_linux *lx, u64 page, u64 *mapping)
{
	const u64 size = vigil_linux_field(lx, VIGIL_PROFILE_FIELD_PAGE_SIZE);
	u64 first, compound, head, unused;
	int err;

	err = page_read_u64(lx, page, mapping, &first);
	if (err || !(first & TAIL))
		return err;

	head = first & ~TAIL;
	if (head >= page || (page - head) % size ||
	    (page - head) / size >= MAX_COMPOUND)
		return -EUCLEAN;
	err = page_read_u64(lx, head, mapping, &compound);
	if (err)
		/* There is a tail, so a missing head makes no sense. */
		return err == -ENOENT ? -EFAULT : err;
	if (compound & TAIL)
		return -EAGAIN;
	/*
	 * If it was split meanwhile the head may be another file's by now.  The
	 * page itself is mapped, and can't have left a compound page and come back.
	 */
	err = page_read_u64(lx, page, &unused, &compound);
	if (err)
		return err == -ENOENT ? -EFAULT : err;
	return compound == first ? 0 : -EAGAIN;
}

/* Two fields of one structure, the second of 32 bits. */
static int page_read_pair(struct vigil_linux *lx, u64 base, u32 first,
			  u64 *value, u32 second, u32 *value32)
{
	const struct vigil_linux_part parts[] = {
		{ first, sizeof(*value), value },
		{ second, sizeof(*value32), value32 },
	};

	return vigil_linux_read_parts(lx, base, parts, ARRAY_SIZE(parts));
}

static bool page_is_object(const struct vigil_linux *lx, u64 addr)
{
	return vigil_linux_is_kernel(lx, addr) && IS_ALIGNED(addr, sizeof(u64));
}

/* By s_magic of the superblock that the page's inode is on. */
static enum vigil_page_kind page_kind_on(u64 magic)
{
	switch (magic) {
	case TMPFS_MAGIC:
	case RAMFS_MAGIC:
	case SECRETMEM_MAGIC:
	/* What the kernel shares with a process: perf's and io_uring's rings. */
	case ANON_INODE_FS_MAGIC:
		return VIGIL_PAGE_KIND_SHMEM;
	case HUGETLBFS_MAGIC:
		return VIGIL_PAGE_KIND_HUGETLB;
	/* A block device's own page cache, /dev/dax, /dev/mem, dma-buf. */
	case BDEVFS_MAGIC:
	case DAXFS_MAGIC:
	case DEVMEM_MAGIC:
	case DMA_BUF_MAGIC:
		return VIGIL_PAGE_KIND_DEVICE;
	default:
		return VIGIL_PAGE_KIND_FILE;
	}
}

static int page_read_file(struct vigil_linux *lx, struct vigil_page *page)
{
	u32 writable, nlink;
	u64 inode, sb, magic;
	int err;

	if (!page_is_object(lx, page->mapping))
		return -EUCLEAN;
	err = page_read_pair(lx, page->mapping,
			     VIGIL_PROFILE_FIELD_MAPPING_HOST, &inode,
			     VIGIL_PROFILE_FIELD_MAPPING_WRITABLE, &writable);
	if (err)
		return err;
	if (!inode) {
		page->kind = VIGIL_PAGE_KIND_DEVICE;
		return 0;
	}
	if (!page_is_object(lx, inode))
		return -EUCLEAN;
	err = page_read_pair(lx, inode, VIGIL_PROFILE_FIELD_INODE_SB, &sb,
			     VIGIL_PROFILE_FIELD_INODE_NLINK, &nlink);
	if (err)
		return err;
	if (!page_is_object(lx, sb))
		return -EUCLEAN;
	err = vigil_linux_u64(lx, sb, VIGIL_PROFILE_FIELD_SB_MAGIC, &magic);
	if (err)
		return err;

	page->kind = page_kind_on(magic);
	page->deleted = !nlink;
	/* Negative: sealed against it. */
	page->shared_writable = (s32)writable > 0;
	return 0;
}

static int page_read(struct vigil_linux *lx, u64 addr, struct vigil_page *page)
{
	int err;

	*page = (struct vigil_page){ .kind = VIGIL_PAGE_KIND_UNKNOWN };
	err = page_read_mapping(lx, addr, &page->mapping);
	if (err == -ENOENT) {
		/* Only memory has a struct page: a device's BAR has none. */
		page->kind = VIGIL_PAGE_KIND_DEVICE;
		return 0;
	}
	if (err)
		return err;

	if (!page->mapping) {
		page->kind = VIGIL_PAGE_KIND_KERNEL;
	} else if (page->mapping == MAPPING_DAX_SHARED) {
		/* Of which of its files is not told. */
		page->kind = VIGIL_PAGE_KIND_FILE;
		page->shared_writable = true;
	} else if (page->mapping & MAPPING_ANON) {
		page->kind = VIGIL_PAGE_KIND_ANON;
		page->merged = page->mapping & MAPPING_MOVABLE;
	} else if (page->mapping & MAPPING_MOVABLE) {
		page->kind = VIGIL_PAGE_KIND_DEVICE;
	} else {
		return page_read_file(lx, page);
	}
	return 0;
}

static int page_address(struct vigil_linux *lx, u64 gpa, u64 *addr)
{
	const u64 size = vigil_linux_field(lx, VIGIL_PROFILE_FIELD_PAGE_SIZE);
	const u64 base = vigil_linux_field(lx, VIGIL_PROFILE_FIELD_VMEMMAP_BASE);

	/* Up to 2^40 frames: the product can't overflow, the sum may. */
	if (gpa > vigil_gmem_mask(lx->kernel.gm))
		return -EFAULT;
	*addr = base + (gpa >> VIGIL_PAGE_SHIFT) * size;
	return 0;
}

/**
 * vigil_linux_page - Tell what a page is
 * @lx: The guest.
 * @gpa: An address in the page.
 * @page: Result; its kind is VIGIL_PAGE_KIND_UNKNOWN after an error.
 *
 * The page must be mapped for user mode, and stay so: a page that was freed is
 * another one.
 *
 * Return: 0 or an error.
 */
int vigil_linux_page(struct vigil_linux *lx, u64 gpa, struct vigil_page *page)
{
	unsigned int try = 0;
	u64 addr;
	int err;

	*page = (struct vigil_page){ .kind = VIGIL_PAGE_KIND_UNKNOWN };
	err = page_address(lx, gpa, &addr);
	if (err)
		return err;
	do {
		err = page_read(lx, addr, page);
	} while (vigil_linux_again(lx, try++, err));
	if (err)
		page->kind = VIGIL_PAGE_KIND_UNKNOWN;
	return err;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_linux_page);

/**
 * vigil_linux_page_belongs - Is a page one of an address_space that is known?
 * @lx: The guest.
 * @gpa: An address in the page, which must be mapped and stay so.
 * @mapping: Guest-virtual address of the address_space, &vigil_page.mapping of
 *	another page of the file.
 *
 * Return: true if it is; false if not, or if that can't be told at once.
 */
bool vigil_linux_page_belongs(struct vigil_linux *lx, u64 gpa, u64 mapping)
{
	u64 addr, found;

	return !page_address(lx, gpa, &addr) &&
	       !page_read_mapping(lx, addr, &found) && found == mapping;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_linux_page_belongs);

/**
 * vigil_linux_vma_has_page - Is a page one of the file that a mapping has?
 * @lx: The guest.
 * @vma: The mapping.
 * @page: The page.
 *
 * Return: true if it is; false if not, or if that can't be told.
 */
bool vigil_linux_vma_has_page(struct vigil_linux *lx,
			      const struct vigil_vma *vma,
			      const struct vigil_page *page)
{
	u64 mapping;

	return vma->file && page->mapping &&
	       !vigil_linux_u64(lx, vma->file, VIGIL_PROFILE_FIELD_FILE_MAPPING,
				&mapping) &&
	       mapping == page->mapping;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_linux_vma_has_page);
