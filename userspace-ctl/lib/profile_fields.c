// SPDX-License-Identifier: GPL-2.0
/* Where each field of a profile comes from: symbols and BTF. */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "finder.h"
#include "kbtf.h"

enum source_kind {
	SOURCE_OTHER,		/* a function of its own */
	SOURCE_SYMBOL,
	SOURCE_MEMBER,
	SOURCE_SIZE,
};

/**
 * struct source - of a field
 * @kind:	which kind
 * @name:	the symbol or the struct
 * @path:	the member
 * @optional:	kernels without it exist: it depends on the configuration
 */
struct source {
	enum source_kind kind;
	const char *name;
	const char *path;
	bool optional;
};

#define SOURCE(field, ...) \
	[VIGIL_PROFILE_FIELD_##field] = { __VA_ARGS__ }
#define SYMBOL(field, name)	SOURCE(field, SOURCE_SYMBOL, name, NULL, false)
#define OPTIONAL(field, name)	SOURCE(field, SOURCE_SYMBOL, name, NULL, true)
#define MEMBER(field, type, path) \
	SOURCE(field, SOURCE_MEMBER, type, path, false)
#define MAYBE(field, type, path) \
	SOURCE(field, SOURCE_MEMBER, type, path, true)
#define SIZE(field, type)	SOURCE(field, SOURCE_SIZE, type, NULL, false)
#define MAYBE_SIZE(field, type)	SOURCE(field, SOURCE_SIZE, type, NULL, true)

static const struct source sources[VIGIL_PROFILE_FIELDS] = {
	SYMBOL(SYM_STEXT, "_stext"),
	SYMBOL(SYM_ETEXT, "_etext"),
	SYMBOL(SYM_SDATA, "_sdata"),
	SYMBOL(SYM_EDATA, "_edata"),
	SYMBOL(SYM_INIT_TASK, "init_task"),
	SYMBOL(SYM_INIT_MM, "init_mm"),
	SYMBOL(SYM_SPECIAL_MAPPING_VMOPS, "special_mapping_vmops"),
	OPTIONAL(SYM_SHMEM_VM_OPS, "shmem_vm_ops"),
	OPTIONAL(SYM_SHMEM_ANON_VM_OPS, "shmem_anon_vm_ops"),
	OPTIONAL(SYM_SHM_VM_OPS, "shm_vm_ops"),
	OPTIONAL(SYM_HUGETLB_VM_OPS, "hugetlb_vm_ops"),
	SYMBOL(SYM_INIT_UTS_NS, "init_uts_ns"),
	SIZE(PAGE_SIZE, "page"),
	MEMBER(PAGE_MAPPING, "page", "mapping"),
	MEMBER(PAGE_COMPOUND_HEAD, "page", "compound_head"),
	MEMBER(TASK_FLAGS, "task_struct", "flags"),
	MEMBER(TASK_MM, "task_struct", "mm"),
	MEMBER(TASK_TASKS, "task_struct", "tasks"),
	MEMBER(TASK_THREAD_NODE, "task_struct", "thread_node"),
	MEMBER(TASK_PID, "task_struct", "pid"),
	MEMBER(TASK_TGID, "task_struct", "tgid"),
	MEMBER(TASK_COMM, "task_struct", "comm"),
	MEMBER(TASK_REAL_PARENT, "task_struct", "real_parent"),
	MEMBER(TASK_GROUP_LEADER, "task_struct", "group_leader"),
	MEMBER(TASK_SIGNAL, "task_struct", "signal"),
	MEMBER(TASK_CRED, "task_struct", "cred"),
	MEMBER(TASK_START_TIME, "task_struct", "start_time"),
	MEMBER(TASK_EXIT_STATE, "task_struct", "exit_state"),
	MEMBER(SIGNAL_THREAD_HEAD, "signal_struct", "thread_head"),
	MEMBER(CRED_UID, "cred", "uid"),
	MEMBER(CRED_GID, "cred", "gid"),
	MEMBER(MM_MT, "mm_struct", "mm_mt"),
	MEMBER(MM_PGD, "mm_struct", "pgd"),
	MEMBER(MM_MMLIST, "mm_struct", "mmlist"),
	MEMBER(MM_START_CODE, "mm_struct", "start_code"),
	MEMBER(MM_END_CODE, "mm_struct", "end_code"),
	MEMBER(MM_START_DATA, "mm_struct", "start_data"),
	MEMBER(MM_END_DATA, "mm_struct", "end_data"),
	MEMBER(MM_START_BRK, "mm_struct", "start_brk"),
	MEMBER(MM_BRK, "mm_struct", "brk"),
	MEMBER(MM_START_STACK, "mm_struct", "start_stack"),
	MEMBER(MM_EXE_FILE, "mm_struct", "exe_file"),
	MEMBER(MT_ROOT, "maple_tree", "ma_root"),
	MEMBER(VMA_START, "vm_area_struct", "vm_start"),
	MEMBER(VMA_END, "vm_area_struct", "vm_end"),
	MEMBER(VMA_MM, "vm_area_struct", "vm_mm"),
	MEMBER(VMA_FLAGS, "vm_area_struct", "vm_flags"),
	MEMBER(VMA_OPS, "vm_area_struct", "vm_ops"),
	MEMBER(VMA_PGOFF, "vm_area_struct", "vm_pgoff"),
	MEMBER(VMA_FILE, "vm_area_struct", "vm_file"),
	MEMBER(FILE_INODE, "file", "f_inode"),
	MEMBER(FILE_MAPPING, "file", "f_mapping"),
	MEMBER(FILE_DENTRY, "file", "f_path.dentry"),
	MEMBER(FILE_MNT, "file", "f_path.mnt"),
	MEMBER(INODE_NLINK, "inode", "i_nlink"),
	MEMBER(INODE_SB, "inode", "i_sb"),
	MEMBER(SB_MAGIC, "super_block", "s_magic"),
	MEMBER(DENTRY_PARENT, "dentry", "d_parent"),
	MEMBER(DENTRY_NAME, "dentry", "d_name.name"),
	MEMBER(DENTRY_NAME_LEN, "dentry", "d_name.len"),
	MEMBER(VFSMOUNT_ROOT, "vfsmount", "mnt_root"),
	MEMBER(MOUNT_MNT, "mount", "mnt"),
	MEMBER(MOUNT_PARENT, "mount", "mnt_parent"),
	MEMBER(MOUNT_MOUNTPOINT, "mount", "mnt_mountpoint"),
	MEMBER(UTS_NAME, "uts_namespace", "name"),
	MEMBER(MAPPING_HOST, "address_space", "host"),
	MEMBER(MAPPING_WRITABLE, "address_space", "i_mmap_writable"),
	MEMBER(TASK_SELF_EXEC_ID, "task_struct", "self_exec_id"),
	MEMBER(MM_ARG_START, "mm_struct", "arg_start"),
	MEMBER(MM_ARG_END, "mm_struct", "arg_end"),
	MEMBER(MM_MMAP_BASE, "mm_struct", "mmap_base"),
	MAYBE(TASK_THREAD_PID, "task_struct", "thread_pid"),
	MAYBE(PID_LEVEL, "pid", "level"),
	MAYBE(PID_NUMBERS, "pid", "numbers"),
	MAYBE_SIZE(UPID_SIZE, "upid"),
	MAYBE(UPID_NR, "upid", "nr"),
	MAYBE(TASK_CGROUPS, "task_struct", "cgroups"),
	MAYBE(CSS_SET_DFL_CGRP, "css_set", "dfl_cgrp"),
	MAYBE(CGROUP_KN, "cgroup", "kn"),
	MAYBE(KERNFS_NAME, "kernfs_node", "name"),
	MAYBE(KERNFS_PARENT, "kernfs_node", "parent"),
};

/* Symbols that are no field by themselves. */
static const char *const other_symbols[] = {
	"linux_banner", "__start_BTF", "__stop_BTF", "init_top_pgt",
	"vmemmap_base", "pcpu_hot", "current_task",
};

static void add_symbol(struct vigil_finder *finder, const char *name)
{
	if (finder->symbols < FINDER_SYMBOLS_MAX)
		finder->symbol[finder->symbols++].name = name;
}

void vigil_finder_lookup(struct vigil_finder *finder,
			 const struct vigil_kallsyms *ks)
{
	unsigned int i;

	for (i = 0; i < VIGIL_PROFILE_FIELDS; i++) {
		if (sources[i].kind == SOURCE_SYMBOL)
			add_symbol(finder, sources[i].name);
	}
	for (i = 0; i < sizeof(other_symbols) / sizeof(other_symbols[0]); i++)
		add_symbol(finder, other_symbols[i]);
	vigil_kallsyms_lookup(ks, finder->symbol, finder->symbols);
}

int vigil_finder_symbol(const struct vigil_finder *finder, const char *name,
			uint64_t *value, struct vigil_err *err)
{
	size_t i;

	for (i = 0; i < finder->symbols; i++) {
		if (!strcmp(finder->symbol[i].name, name))
			break;
	}
	if (i == finder->symbols || !finder->symbol[i].found)
		return vigil_fail(err, ENOENT, "the kernel has no symbol %s",
				  name);
	if (finder->symbol[i].found > 1)
		return vigil_fail(err, ENOTUNIQ,
				  "the kernel has several symbols %s", name);
	*value = finder->symbol[i].value;
	return 0;
}

static int set(struct vigil_profile *profile, unsigned int field,
	       uint64_t value)
{
	profile->value[field] = value;
	profile->has[field] = true;
	return 0;
}

static int fill_field(const struct vigil_finder *finder,
		      struct vigil_profile *profile, unsigned int field,
		      struct vigil_err *err)
{
	const struct source *source = &sources[field];
	uint64_t value = 0;
	int ret = 0;

	switch (source->kind) {
	case SOURCE_OTHER:
		return 0;
	case SOURCE_SYMBOL:
		ret = vigil_finder_symbol(finder, source->name, &value, err);
		break;
	case SOURCE_MEMBER:
		ret = vigil_btf_offset(finder->btf, source->name, source->path,
				       &value, err);
		break;
	case SOURCE_SIZE:
		ret = vigil_btf_size(finder->btf, source->name, &value, err);
		break;
	}
	if (ret == -ENOENT && source->optional)
		return 0;
	return ret ? ret : set(profile, field, value);
}

/* Called __parent since 6.14: RCU frees it. */
static int fill_kernfs_parent(const struct vigil_finder *finder,
			      struct vigil_profile *profile,
			      struct vigil_err *err)
{
	const unsigned int field = VIGIL_PROFILE_FIELD_KERNFS_PARENT;
	uint64_t offset;
	int ret;

	if (profile->has[field])
		return 0;
	ret = vigil_btf_offset(finder->btf, "kernfs_node", "__parent", &offset,
			       err);
	if (ret == -ENOENT)
		return 0;
	return ret ? ret : set(profile, field, offset);
}

/* A per-CPU variable of its own, but from 6.2 to 6.14 a member of pcpu_hot. */
static int fill_current(const struct vigil_finder *finder,
			struct vigil_profile *profile, struct vigil_err *err)
{
	uint64_t base, offset = 0;
	int ret;

	ret = vigil_finder_symbol(finder, "pcpu_hot", &base, err);
	if (!ret)
		ret = vigil_btf_offset(finder->btf, "pcpu_hot", "current_task",
				       &offset, err);
	else
		ret = vigil_finder_symbol(finder, "current_task", &base, err);
	if (ret)
		return ret;
	return set(profile, VIGIL_PROFILE_FIELD_PERCPU_CURRENT, base + offset);
}

static int fill_root(const struct vigil_finder *finder,
		     struct vigil_profile *profile, struct vigil_err *err)
{
	uint64_t addr, frame;
	int ret;

	ret = vigil_finder_symbol(finder, "init_top_pgt", &addr, err);
	if (ret)
		return ret;
	frame = vigil_image_frame(&finder->image, addr);
	if (frame == VIGIL_NO_FRAME || frame % 4096)
		return vigil_fail(err, EBADMSG,
				  "init_top_pgt (0x%llx) is no page of the kernel image",
				  (unsigned long long)addr);
	return set(profile, VIGIL_PROFILE_FIELD_KERNEL_ROOT, frame);
}

static int fill_vmemmap(const struct vigil_finder *finder,
			struct vigil_profile *profile, struct vigil_err *err)
{
	const void *variable;
	uint64_t addr, value;
	int ret;

	ret = vigil_finder_symbol(finder, "vmemmap_base", &addr, err);
	if (ret)
		return ret;
	variable = vigil_image_at(&finder->image, addr, sizeof(value));
	if (!variable)
		return vigil_fail(err, EBADMSG,
				  "vmemmap_base (0x%llx) is not in the kernel image",
				  (unsigned long long)addr);
	memcpy(&value, variable, sizeof(value));
	return set(profile, VIGIL_PROFILE_FIELD_VMEMMAP_BASE, value);
}

int vigil_finder_fields(const struct vigil_finder *finder,
			struct vigil_profile *profile, struct vigil_err *err)
{
	unsigned int field;
	int ret;

	for (field = 0; field < VIGIL_PROFILE_FIELDS; field++) {
		ret = fill_field(finder, profile, field, err);
		if (ret)
			return ret;
	}
	ret = fill_kernfs_parent(finder, profile, err);
	if (!ret)
		ret = fill_current(finder, profile, err);
	if (!ret)
		ret = fill_root(finder, profile, err);
	if (!ret)
		ret = fill_vmemmap(finder, profile, err);
	return ret;
}
