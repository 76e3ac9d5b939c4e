// SPDX-License-Identifier: GPL-2.0
/*
 * Mappings of a process of a Linux guest.
 */

#include <linux/align.h>
#include <linux/array_size.h>
#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/minmax.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <uapi/linux/magic.h>
#include <kunit/visibility.h>

#include "guest/linux_mount.h"
#include "guest/linux_read.h"
#include "guest/maple.h"

/* The user half of the address space, with 5 levels. */
#define USER_END		BIT_ULL(56)
/* Gaps in a row before the next mapping; a tree has one, or none. */
#define MAX_GAPS		16

/* A mapping as it lies in the guest, read in one piece. */
struct raw_vma {
	u8 bytes[VIGIL_VMA_SPAN];
};

static const u32 vma_fields[] = {
	VIGIL_PROFILE_FIELD_VMA_START, VIGIL_PROFILE_FIELD_VMA_END,
	VIGIL_PROFILE_FIELD_VMA_MM,    VIGIL_PROFILE_FIELD_VMA_FLAGS,
	VIGIL_PROFILE_FIELD_VMA_OPS,   VIGIL_PROFILE_FIELD_VMA_PGOFF,
	VIGIL_PROFILE_FIELD_VMA_FILE,
};

static u64 raw_vma_field(const struct vigil_linux *lx,
			 const struct raw_vma *raw, u32 field)
{
	u64 value;

	memcpy(&value, raw->bytes + vigil_linux_field(lx, field),
	       sizeof(value));
	return value;
}

static size_t raw_vma_size(const struct vigil_linux *lx)
{
	size_t size = 0;

	for (size_t i = 0; i < ARRAY_SIZE(vma_fields); i++)
		size = max(size, vigil_linux_field(lx, vma_fields[i]));
	return size + sizeof(u64);
}

static int read_raw_vma(struct vigil_linux *lx, u64 addr, struct vigil_vma *vma)
{
	struct raw_vma raw;
	int err;

	err = vigil_linux_read(lx, addr, &raw, raw_vma_size(lx));
	if (err)
		return err;
	*vma = (struct vigil_vma){
		.start = raw_vma_field(lx, &raw, VIGIL_PROFILE_FIELD_VMA_START),
		.end = raw_vma_field(lx, &raw, VIGIL_PROFILE_FIELD_VMA_END),
		.mm = raw_vma_field(lx, &raw, VIGIL_PROFILE_FIELD_VMA_MM),
		.flags = raw_vma_field(lx, &raw, VIGIL_PROFILE_FIELD_VMA_FLAGS),
		.ops = raw_vma_field(lx, &raw, VIGIL_PROFILE_FIELD_VMA_OPS),
		.pgoff = raw_vma_field(lx, &raw, VIGIL_PROFILE_FIELD_VMA_PGOFF),
		.file = raw_vma_field(lx, &raw, VIGIL_PROFILE_FIELD_VMA_FILE),
		.kind = VIGIL_VMA_KIND_UNKNOWN,
	};
	return 0;
}

static bool is_vma_pointer(const struct vigil_linux *lx, u64 value)
{
	return !value || (vigil_linux_is_kernel(lx, value) &&
			  IS_ALIGNED(value, sizeof(u64)));
}

/* Is it a mapping of @mm at @addr, and not a recycled or half-made one? */
static bool vma_is_plausible(const struct vigil_linux *lx,
			     const struct vigil_vma *vma, u64 mm, u64 addr)
{
	return vma->mm == mm && vma->start <= addr && addr < vma->end &&
	       vma->end <= USER_END &&
	       IS_ALIGNED(vma->start | vma->end, SZ_4K) &&
	       is_vma_pointer(lx, vma->ops) && is_vma_pointer(lx, vma->file);
}

static bool is_vma_ops(const struct vigil_linux *lx,
		       const struct vigil_vma *vma, u32 field)
{
	/* 0 stands for operations that the guest's kernel doesn't have. */
	return vma->ops && vma->ops == vigil_linux_field(lx, field);
}

/**
 * vigil_linux_mm_layout - Read the fixed points of an address space
 * @lx: The guest.
 * @mm: Address of the mm_struct.
 * @layout: Result.
 *
 * Return: 0 or an error.
 */
int vigil_linux_mm_layout(struct vigil_linux *lx, u64 mm,
			  struct vigil_mm_layout *layout)
{
	const struct vigil_linux_part parts[] = {
		{ VIGIL_PROFILE_FIELD_MM_START_CODE, sizeof(u64),
		  &layout->start_code },
		{ VIGIL_PROFILE_FIELD_MM_START_BRK, sizeof(u64),
		  &layout->start_brk },
		{ VIGIL_PROFILE_FIELD_MM_BRK, sizeof(u64), &layout->brk },
		{ VIGIL_PROFILE_FIELD_MM_START_STACK, sizeof(u64),
		  &layout->start_stack },
		{ VIGIL_PROFILE_FIELD_MM_ARG_START, sizeof(u64),
		  &layout->arg_start },
		{ VIGIL_PROFILE_FIELD_MM_ARG_END, sizeof(u64),
		  &layout->arg_end },
		{ VIGIL_PROFILE_FIELD_MM_MMAP_BASE, sizeof(u64),
		  &layout->mmap_base },
		{ VIGIL_PROFILE_FIELD_MM_EXE_FILE, sizeof(u64),
		  &layout->exe_file },
	};
	int err;

	err = vigil_linux_read_parts(lx, mm, parts, ARRAY_SIZE(parts));
	if (err || !layout->exe_file)
		return err;
	return vigil_linux_check_object(lx, layout->exe_file);
}
EXPORT_SYMBOL_IF_KUNIT(vigil_linux_mm_layout);

static int anon_kind(struct vigil_linux *lx, struct vigil_vma *vma)
{
	struct vigil_mm_layout layout;
	int err;

	err = vigil_linux_mm_layout(lx, vma->mm, &layout);
	if (err)
		return err;

	if ((vma->flags & VIGIL_VM_GROWSDOWN) ||
	    (vma->start <= layout.start_stack && layout.start_stack < vma->end))
		vma->kind = VIGIL_VMA_KIND_STACK;
	else if (vma->start < layout.brk && layout.start_brk < vma->end)
		vma->kind = VIGIL_VMA_KIND_HEAP;
	else
		vma->kind = VIGIL_VMA_KIND_ANON;
	return 0;
}

static int read_backing(struct vigil_linux *lx, u64 file, u32 *nlink,
			u64 *magic)
{
	u64 inode, sb;
	int err;

	err = vigil_linux_object(lx, file, VIGIL_PROFILE_FIELD_FILE_INODE,
				 &inode);
	if (err)
		return err;
	err = vigil_linux_u32(lx, inode, VIGIL_PROFILE_FIELD_INODE_NLINK,
			      nlink);
	if (err)
		return err;
	err = vigil_linux_object(lx, inode, VIGIL_PROFILE_FIELD_INODE_SB, &sb);
	if (err)
		return err;
	return vigil_linux_u64(lx, sb, VIGIL_PROFILE_FIELD_SB_MAGIC, magic);
}

static enum vigil_vma_kind disk_kind(u32 nlink)
{
	return nlink ? VIGIL_VMA_KIND_FILE : VIGIL_VMA_KIND_DELETED;
}

/*
 * A file of tmpfs or ramfs is memory with a name.  Where that is the root file
 * system, as it is in an initramfs, it is what other systems have on disk:
 * programs.
 */
static int memory_kind(struct vigil_linux *lx, struct vigil_vma *vma, u32 nlink)
{
	bool root;
	int err;

	err = vigil_linux_on_root(lx, vma->file, &root);
	if (err)
		return err;
	vma->kind = root ? disk_kind(nlink) : VIGIL_VMA_KIND_SHMEM;
	return 0;
}

/* Without a name it is mounted nowhere, most likely: a memfd. */
static int tmpfs_kind(struct vigil_linux *lx, struct vigil_vma *vma, u32 nlink)
{
	if (nlink)
		return memory_kind(lx, vma, nlink);
	vma->kind = VIGIL_VMA_KIND_SHMEM;
	return 0;
}

static int file_kind(struct vigil_linux *lx, struct vigil_vma *vma)
{
	u64 magic;
	u32 nlink;
	int err;

	err = read_backing(lx, vma->file, &nlink, &magic);
	if (err)
		return err;

	if (magic == TMPFS_MAGIC ||
	    is_vma_ops(lx, vma, VIGIL_PROFILE_FIELD_SYM_SHMEM_VM_OPS))
		return tmpfs_kind(lx, vma, nlink);
	if (magic == RAMFS_MAGIC)
		return memory_kind(lx, vma, nlink);
	if (magic == HUGETLBFS_MAGIC)
		vma->kind = VIGIL_VMA_KIND_HUGETLB;
	else if (magic == ANON_INODE_FS_MAGIC)
		/* What the kernel shares with a process: perf's control page. */
		vma->kind = VIGIL_VMA_KIND_SHMEM;
	else
		vma->kind = disk_kind(nlink);
	return 0;
}

/*
 * The operations say what a mapping is; they are code of the guest's kernel,
 * and a process can't choose them freely.  Its flags, size and name it can.
 */
static int find_vma_kind(struct vigil_linux *lx, struct vigil_vma *vma)
{
	/* The kernel's own definition: /dev/zero has a file but no operations. */
	if (!vma->ops)
		return anon_kind(lx, vma);

	if (is_vma_ops(lx, vma, VIGIL_PROFILE_FIELD_SYM_SPECIAL_MAPPING_VMOPS))
		vma->kind = VIGIL_VMA_KIND_SPECIAL;
	else if (is_vma_ops(lx, vma, VIGIL_PROFILE_FIELD_SYM_HUGETLB_VM_OPS))
		vma->kind = VIGIL_VMA_KIND_HUGETLB;
	else if (is_vma_ops(lx, vma, VIGIL_PROFILE_FIELD_SYM_SHM_VM_OPS) ||
		 is_vma_ops(lx, vma, VIGIL_PROFILE_FIELD_SYM_SHMEM_ANON_VM_OPS))
		vma->kind = VIGIL_VMA_KIND_SHMEM;
	else if (vma->file)
		return file_kind(lx, vma);
	return 0;
}

static bool vma_is_same(const struct vigil_vma *a, const struct vigil_vma *b)
{
	return a->start == b->start && a->end == b->end && a->mm == b->mm &&
	       a->flags == b->flags && a->ops == b->ops &&
	       a->pgoff == b->pgoff && a->file == b->file;
}

static int read_vma(struct vigil_linux *lx, u64 addr, u64 mm, u64 at,
		    struct vigil_vma *vma)
{
	struct vigil_vma after;
	int err;

	err = read_raw_vma(lx, addr, vma);
	if (err)
		return err;
	if (!vma_is_plausible(lx, vma, mm, at))
		return -EUCLEAN;
	err = find_vma_kind(lx, vma);
	if (err)
		return err;

	/* What the kind was made of must still be there. */
	err = read_raw_vma(lx, addr, &after);
	if (err)
		return err;
	return vma_is_same(vma, &after) ? 0 : -EAGAIN;
}

/* One attempt; with @next a gap at @addr is stepped over. */
static int vma_lookup(struct vigil_linux *lx, u64 mm, u64 addr, bool next,
		      struct vigil_vma *vma)
{
	const u64 tree = mm + vigil_linux_field(lx, VIGIL_PROFILE_FIELD_MM_MT);
	struct vigil_maple_entry entry;
	int err;

	for (unsigned int gaps = 0; gaps < MAX_GAPS; gaps++) {
		err = vigil_maple_find(lx, tree, addr, &entry);
		if (err)
			return err;
		if (entry.value)
			return read_vma(lx, entry.value, mm, addr, vma);
		if (!next || entry.last >= USER_END - 1)
			return -ENOENT;
		addr = entry.last + 1;
	}
	return -EUCLEAN;
}

/*
 * A node that is written in place may show a gap which was never there: a gap
 * is believed when it is seen twice.
 */
static int vma_lookup_again(struct vigil_linux *lx, u64 mm, u64 addr, bool next,
			    struct vigil_vma *vma)
{
	unsigned int gaps = 0, try = 0;
	int err;

	if (addr >= USER_END)
		return -ENOENT;
	do {
		err = vma_lookup(lx, mm, addr, next, vma);
		if (err == -ENOENT && !gaps++)
			err = -EAGAIN;
	} while (vigil_linux_again(lx, try++, err));
	return err;
}

static bool find_gate_vma(u64 addr, struct vigil_vma *vma)
{
	if (ALIGN_DOWN(addr, SZ_4K) != VIGIL_VSYSCALL)
		return false;
	*vma = (struct vigil_vma){
		.start = VIGIL_VSYSCALL,
		.end = VIGIL_VSYSCALL + SZ_4K,
		.flags = VIGIL_VM_READ | VIGIL_VM_EXEC,
		.kind = VIGIL_VMA_KIND_SPECIAL,
	};
	return true;
}

/**
 * vigil_linux_find_vma - Find the mapping of an address
 * @lx: The guest.
 * @mm: Address of the mm_struct.
 * @addr: The address.
 * @vma: Result, undefined after an error.
 *
 * The vsyscall page, which has no mapping in the tree, is found as well.
 *
 * Return: 0; -ENOENT if nothing is mapped; or an error.
 */
int vigil_linux_find_vma(struct vigil_linux *lx, u64 mm, u64 addr,
			 struct vigil_vma *vma)
{
	if (find_gate_vma(addr, vma))
		return 0;
	return vma_lookup_again(lx, mm, addr, false, vma);
}
EXPORT_SYMBOL_IF_KUNIT(vigil_linux_find_vma);

/**
 * vigil_linux_next_vma - Find the first mapping that ends after an address
 * @lx: The guest.
 * @mm: Address of the mm_struct.
 * @addr: The address; to list all mappings start with 0, go on with the last
 *	one's end.
 * @vma: Result, undefined after an error.
 *
 * Return: 0; -ENOENT if there is none; or an error.
 */
int vigil_linux_next_vma(struct vigil_linux *lx, u64 mm, u64 addr,
			 struct vigil_vma *vma)
{
	return vma_lookup_again(lx, mm, addr, true, vma);
}
EXPORT_SYMBOL_IF_KUNIT(vigil_linux_next_vma);
