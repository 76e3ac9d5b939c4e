// SPDX-License-Identifier: GPL-2.0
/*
 * The fields of a Linux guest's profile.
 */

#include <linux/array_size.h>
#include <linux/build_bug.h>
#include <linux/sizes.h>

#include "guest/profile_rows.h"

/* A per-CPU unit is far smaller; with relative addresses it is a pointer. */
#define PERCPU_MAX	SZ_16M
/* The kernel's image is mapped in a window of this size at most. */
#define KERNEL_IMAGE_MAX	SZ_1G
/* struct upid is a number and a pointer. */
#define UPID_MAX		64

enum { FIRST_ROW = __COUNTER__ + 1 };

#define ROW(name, min, max, align, ...)				\
	VIGIL_ROW(FIRST_ROW, VIGIL_PROFILE_FIELD_, name, min, max, align, \
		  __VA_ARGS__)

#define ADDRESS(name, align, ...) \
	ROW(name, VIGIL_KERNEL_MIN, VIGIL_KERNEL_MAX, align, __VA_ARGS__)

/*
 * What a kernel can be built without.  That it isn't given claims that the
 * guest has no such mappings; the magic number of a file's superblock is looked
 * at as well, see linux_vma.c.
 */
#define MAYBE_ADDRESS(name, align) ADDRESS(name, align, .optional = true)

#define OFFSET(name, align) ROW(name, 0, VIGIL_OFFSET_MAX - 8, align)

/*
 * What only names a process, of structures that a kernel may be built without.
 * 0 says so: none of them begins with such a member.
 */
#define MAYBE_OFFSET(name, align)					\
	ROW(name, 0, VIGIL_OFFSET_MAX - 8, align, .optional = true)

/* In a structure that is read in one piece. */
#define OFFSET_IN(name, span, align) ROW(name, 0, (span) - 8, align)

static const struct vigil_field fields[] = {
	ADDRESS(SYM_STEXT, 1),
	ADDRESS(SYM_ETEXT, 1),
	ADDRESS(SYM_SDATA, 1),
	ADDRESS(SYM_EDATA, 1),
	ADDRESS(SYM_INIT_TASK, 8),
	ADDRESS(SYM_INIT_MM, 8),
	ADDRESS(SYM_SPECIAL_MAPPING_VMOPS, 8),
	MAYBE_ADDRESS(SYM_SHMEM_VM_OPS, 8),
	MAYBE_ADDRESS(SYM_SHMEM_ANON_VM_OPS, 8),
	MAYBE_ADDRESS(SYM_SHM_VM_OPS, 8),
	MAYBE_ADDRESS(SYM_HUGETLB_VM_OPS, 8),
	ADDRESS(SYM_INIT_UTS_NS, 8),
	ROW(PERCPU_CURRENT, 0, PERCPU_MAX, 8, .pointer = true),
	ROW(KERNEL_ROOT, SZ_4K, VIGIL_PHYS_MAX, SZ_4K),
	ADDRESS(VMEMMAP_BASE, SZ_4K),
	ROW(PAGE_SIZE, 32, VIGIL_PAGE_SPAN, 8),
	OFFSET_IN(PAGE_MAPPING, VIGIL_PAGE_SPAN, 8),
	OFFSET_IN(PAGE_COMPOUND_HEAD, VIGIL_PAGE_SPAN, 8),
	OFFSET(TASK_FLAGS, 4),
	OFFSET(TASK_MM, 8),
	OFFSET(TASK_TASKS, 8),
	OFFSET(TASK_THREAD_NODE, 8),
	OFFSET(TASK_PID, 4),
	OFFSET(TASK_TGID, 4),
	OFFSET(TASK_COMM, 1),
	OFFSET(TASK_REAL_PARENT, 8),
	OFFSET(TASK_GROUP_LEADER, 8),
	OFFSET(TASK_SIGNAL, 8),
	OFFSET(TASK_CRED, 8),
	OFFSET(TASK_START_TIME, 8),
	OFFSET(TASK_EXIT_STATE, 4),
	OFFSET(SIGNAL_THREAD_HEAD, 8),
	OFFSET(CRED_UID, 4),
	OFFSET(CRED_GID, 4),
	OFFSET(MM_MT, 8),
	OFFSET(MM_PGD, 8),
	OFFSET(MM_MMLIST, 8),
	OFFSET(MM_START_CODE, 8),
	OFFSET(MM_END_CODE, 8),
	OFFSET(MM_START_DATA, 8),
	OFFSET(MM_END_DATA, 8),
	OFFSET(MM_START_BRK, 8),
	OFFSET(MM_BRK, 8),
	OFFSET(MM_START_STACK, 8),
	OFFSET(MM_EXE_FILE, 8),
	OFFSET(MT_ROOT, 8),
	OFFSET_IN(VMA_START, VIGIL_VMA_SPAN, 8),
	OFFSET_IN(VMA_END, VIGIL_VMA_SPAN, 8),
	OFFSET_IN(VMA_MM, VIGIL_VMA_SPAN, 8),
	OFFSET_IN(VMA_FLAGS, VIGIL_VMA_SPAN, 8),
	OFFSET_IN(VMA_OPS, VIGIL_VMA_SPAN, 8),
	OFFSET_IN(VMA_PGOFF, VIGIL_VMA_SPAN, 8),
	OFFSET_IN(VMA_FILE, VIGIL_VMA_SPAN, 8),
	OFFSET(FILE_INODE, 8),
	OFFSET(FILE_MAPPING, 8),
	OFFSET(FILE_DENTRY, 8),
	OFFSET(FILE_MNT, 8),
	OFFSET(INODE_NLINK, 4),
	OFFSET(INODE_SB, 8),
	OFFSET(SB_MAGIC, 8),
	OFFSET(DENTRY_PARENT, 8),
	OFFSET(DENTRY_NAME, 8),
	OFFSET(DENTRY_NAME_LEN, 4),
	OFFSET(VFSMOUNT_ROOT, 8),
	OFFSET(MOUNT_MNT, 8),
	OFFSET(MOUNT_PARENT, 8),
	OFFSET(MOUNT_MOUNTPOINT, 8),
	OFFSET(UTS_NAME, 1),
	OFFSET(MAPPING_HOST, 8),
	OFFSET(MAPPING_WRITABLE, 4),
	OFFSET(TASK_SELF_EXEC_ID, 4),
	OFFSET(MM_ARG_START, 8),
	OFFSET(MM_ARG_END, 8),
	OFFSET(MM_MMAP_BASE, 8),
	MAYBE_OFFSET(TASK_THREAD_PID, 8),
	MAYBE_OFFSET(PID_LEVEL, 4),
	MAYBE_OFFSET(PID_NUMBERS, 8),
	ROW(UPID_SIZE, 8, UPID_MAX, 8, .optional = true),
	/* The first member of struct upid, so 0 is an offset. */
	ROW(UPID_NR, 0, UPID_MAX - 4, 4, .optional = true),
	MAYBE_OFFSET(TASK_CGROUPS, 8),
	MAYBE_OFFSET(CSS_SET_DFL_CGRP, 8),
	MAYBE_OFFSET(CGROUP_KN, 8),
	MAYBE_OFFSET(KERNFS_NAME, 8),
	MAYBE_OFFSET(KERNFS_PARENT, 8),
};

static_assert(ARRAY_SIZE(fields) == VIGIL_LINUX_FIELDS);

static const char *relation(u32 *field, u32 which, const char *why)
{
	*field = which;
	return why;
}

/* What no single field can show. */
static const char *check_relations(const u64 *v, u32 *field)
{
	const u64 page = v[VIGIL_PROFILE_FIELD_PAGE_SIZE];
	const u64 upid = v[VIGIL_PROFILE_FIELD_UPID_SIZE];
	const u64 text = v[VIGIL_PROFILE_FIELD_SYM_ETEXT] -
			 v[VIGIL_PROFILE_FIELD_SYM_STEXT];
	const u64 data = v[VIGIL_PROFILE_FIELD_SYM_EDATA] -
			 v[VIGIL_PROFILE_FIELD_SYM_SDATA];

	/* Differences are unsigned: an end before its start is huge. */
	if (!text || text > KERNEL_IMAGE_MAX)
		return relation(field, VIGIL_PROFILE_FIELD_SYM_ETEXT,
				"doesn't fit sym-stext");
	if (!data || data > KERNEL_IMAGE_MAX)
		return relation(field, VIGIL_PROFILE_FIELD_SYM_EDATA,
				"doesn't fit sym-sdata");
	if (v[VIGIL_PROFILE_FIELD_PAGE_MAPPING] + sizeof(u64) > page)
		return relation(field, VIGIL_PROFILE_FIELD_PAGE_MAPPING,
				"doesn't fit page-size");
	if (v[VIGIL_PROFILE_FIELD_PAGE_COMPOUND_HEAD] + sizeof(u64) > page)
		return relation(field, VIGIL_PROFILE_FIELD_PAGE_COMPOUND_HEAD,
				"doesn't fit page-size");
	if (upid && v[VIGIL_PROFILE_FIELD_UPID_NR] + sizeof(u32) > upid)
		return relation(field, VIGIL_PROFILE_FIELD_UPID_NR,
				"doesn't fit upid-size");
	return NULL;
}

const struct vigil_fields vigil_linux_fields = {
	.field = fields,
	.count = ARRAY_SIZE(fields),
	.check = check_relations,
};
