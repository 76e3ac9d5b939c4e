// SPDX-License-Identifier: GPL-2.0
/* The family's attribute sets and enums: see Documentation/netlink/specs. */
#include "attr.h"

#define NAMES(var, ...)							\
	static const char *const var##_name[] = { __VA_ARGS__ };	\
	const struct vigil_names var = {				\
		sizeof(var##_name) / sizeof(var##_name[0]), var##_name	\
	}

NAMES(vigil_kvm_names, "stock", "patched");
NAMES(vigil_state_names, "none", "proved", "stale");
NAMES(vigil_rule_names, "stack", "wx", "w-then-x", "any");
NAMES(vigil_action_names, "observe", "block", "kill");
NAMES(vigil_outcome_names, "allowed", "blocked", "dead", "alive", "unknown");
NAMES(vigil_alert_kind_names, "exec", "kill-outcome", "profile-stale",
      "selfmap", "unreadable", "nested", "without-profile", "suppressed",
      "dirty-log");
NAMES(vigil_page_kind_names, "unknown", "file", "shmem", "anon", "hugetlb",
      "kernel", "device");
NAMES(vigil_unreadable_reason_names, "process", "address", "page", "mapping",
      "memory");
NAMES(vigil_selfmap_way_names, "auto", "write", "switch", "sweep");
NAMES(vigil_selfmap_state_names, "waiting", "active");
NAMES(vigil_selfmap_finding_names, "user", "frame", "second", "process-cr3",
      "list", "unwatched");
NAMES(vigil_selfmap_table_names, "kernel", "user", "loaded");
NAMES(vigil_selfmap_done_names, "seen", "dropped", "cleared", "repaired",
      "failed");
NAMES(vigil_selfmap_by_names, "write", "switch", "sweep", "event");
NAMES(vigil_vma_kind_names, "file", "anon", "heap", "stack", "shmem",
      "hugetlb", "deleted", "special", "unknown");
NAMES(vigil_os_names, "linux", "windows");
NAMES(vigil_process_flag_names, "exiting", "deleted", "vm-deleted",
      "outswapped", "has-address-space");
NAMES(vigil_gpr_names, "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
      "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15");

#define FIELD(name, text)	[VIGIL_PROFILE_FIELD_##name] = text
NAMES(vigil_field_names,
	FIELD(SYM_STEXT, "sym_stext"),
	FIELD(SYM_ETEXT, "sym_etext"),
	FIELD(SYM_SDATA, "sym_sdata"),
	FIELD(SYM_EDATA, "sym_edata"),
	FIELD(SYM_INIT_TASK, "sym_init_task"),
	FIELD(SYM_INIT_MM, "sym_init_mm"),
	FIELD(SYM_SPECIAL_MAPPING_VMOPS, "sym_special_mapping_vmops"),
	FIELD(SYM_SHMEM_VM_OPS, "sym_shmem_vm_ops"),
	FIELD(SYM_SHMEM_ANON_VM_OPS, "sym_shmem_anon_vm_ops"),
	FIELD(SYM_SHM_VM_OPS, "sym_shm_vm_ops"),
	FIELD(SYM_HUGETLB_VM_OPS, "sym_hugetlb_vm_ops"),
	FIELD(SYM_INIT_UTS_NS, "sym_init_uts_ns"),
	FIELD(PERCPU_CURRENT, "percpu_current"),
	FIELD(KERNEL_ROOT, "kernel_root"),
	FIELD(VMEMMAP_BASE, "vmemmap_base"),
	FIELD(PAGE_SIZE, "page_size"),
	FIELD(PAGE_MAPPING, "page_mapping"),
	FIELD(PAGE_COMPOUND_HEAD, "page_compound_head"),
	FIELD(TASK_FLAGS, "task_flags"),
	FIELD(TASK_MM, "task_mm"),
	FIELD(TASK_TASKS, "task_tasks"),
	FIELD(TASK_THREAD_NODE, "task_thread_node"),
	FIELD(TASK_PID, "task_pid"),
	FIELD(TASK_TGID, "task_tgid"),
	FIELD(TASK_COMM, "task_comm"),
	FIELD(TASK_REAL_PARENT, "task_real_parent"),
	FIELD(TASK_GROUP_LEADER, "task_group_leader"),
	FIELD(TASK_SIGNAL, "task_signal"),
	FIELD(TASK_CRED, "task_cred"),
	FIELD(TASK_START_TIME, "task_start_time"),
	FIELD(TASK_EXIT_STATE, "task_exit_state"),
	FIELD(SIGNAL_THREAD_HEAD, "signal_thread_head"),
	FIELD(CRED_UID, "cred_uid"),
	FIELD(CRED_GID, "cred_gid"),
	FIELD(MM_MT, "mm_mt"),
	FIELD(MM_PGD, "mm_pgd"),
	FIELD(MM_MMLIST, "mm_mmlist"),
	FIELD(MM_START_CODE, "mm_start_code"),
	FIELD(MM_END_CODE, "mm_end_code"),
	FIELD(MM_START_DATA, "mm_start_data"),
	FIELD(MM_END_DATA, "mm_end_data"),
	FIELD(MM_START_BRK, "mm_start_brk"),
	FIELD(MM_BRK, "mm_brk"),
	FIELD(MM_START_STACK, "mm_start_stack"),
	FIELD(MM_EXE_FILE, "mm_exe_file"),
	FIELD(MT_ROOT, "mt_root"),
	FIELD(VMA_START, "vma_start"),
	FIELD(VMA_END, "vma_end"),
	FIELD(VMA_MM, "vma_mm"),
	FIELD(VMA_FLAGS, "vma_flags"),
	FIELD(VMA_OPS, "vma_ops"),
	FIELD(VMA_PGOFF, "vma_pgoff"),
	FIELD(VMA_FILE, "vma_file"),
	FIELD(FILE_INODE, "file_inode"),
	FIELD(FILE_MAPPING, "file_mapping"),
	FIELD(FILE_DENTRY, "file_dentry"),
	FIELD(FILE_MNT, "file_mnt"),
	FIELD(INODE_NLINK, "inode_nlink"),
	FIELD(INODE_SB, "inode_sb"),
	FIELD(SB_MAGIC, "sb_magic"),
	FIELD(DENTRY_PARENT, "dentry_parent"),
	FIELD(DENTRY_NAME, "dentry_name"),
	FIELD(DENTRY_NAME_LEN, "dentry_name_len"),
	FIELD(VFSMOUNT_ROOT, "vfsmount_root"),
	FIELD(MOUNT_MNT, "mount_mnt"),
	FIELD(MOUNT_PARENT, "mount_parent"),
	FIELD(MOUNT_MOUNTPOINT, "mount_mountpoint"),
	FIELD(UTS_NAME, "uts_name"),
	FIELD(MAPPING_HOST, "mapping_host"),
	FIELD(MAPPING_WRITABLE, "mapping_writable"),
	FIELD(TASK_SELF_EXEC_ID, "task_self_exec_id"),
	FIELD(MM_ARG_START, "mm_arg_start"),
	FIELD(MM_ARG_END, "mm_arg_end"),
	FIELD(MM_MMAP_BASE, "mm_mmap_base"),
	FIELD(TASK_THREAD_PID, "task_thread_pid"),
	FIELD(PID_LEVEL, "pid_level"),
	FIELD(PID_NUMBERS, "pid_numbers"),
	FIELD(UPID_SIZE, "upid_size"),
	FIELD(UPID_NR, "upid_nr"),
	FIELD(TASK_CGROUPS, "task_cgroups"),
	FIELD(CSS_SET_DFL_CGRP, "css_set_dfl_cgrp"),
	FIELD(CGROUP_KN, "cgroup_kn"),
	FIELD(KERNFS_NAME, "kernfs_name"),
	FIELD(KERNFS_PARENT, "kernfs_parent"));
#undef FIELD

#define FIELD(name, text)	[VIGIL_WINDOWS_FIELD_##name] = text
NAMES(vigil_windows_field_names,
	FIELD(KERNEL_BASE, "kernel_base"),
	FIELD(KERNEL_SIZE, "kernel_size"),
	FIELD(PS_ACTIVE_PROCESS_HEAD, "ps_active_process_head"),
	FIELD(KERNEL_ROOT, "kernel_root"),
	FIELD(SELF_MAP_SLOT, "self_map_slot"),
	FIELD(KVA_SHADOW, "kva_shadow"),
	FIELD(KPROCESS_DIRECTORY_TABLE_BASE, "kprocess_directory_table_base"),
	FIELD(KPROCESS_USER_DIRECTORY_TABLE_BASE,
	      "kprocess_user_directory_table_base"),
	FIELD(EPROCESS_UNIQUE_PROCESS_ID, "eprocess_unique_process_id"),
	FIELD(EPROCESS_ACTIVE_PROCESS_LINKS, "eprocess_active_process_links"),
	FIELD(EPROCESS_INHERITED_FROM_UNIQUE_PROCESS_ID,
	      "eprocess_inherited_from_unique_process_id"),
	FIELD(EPROCESS_IMAGE_FILE_NAME, "eprocess_image_file_name"),
	FIELD(EPROCESS_FLAGS, "eprocess_flags"),
	FIELD(EPROCESS_CREATE_TIME, "eprocess_create_time"),
	FIELD(KTHREAD_APC_STATE, "kthread_apc_state"),
	FIELD(KAPC_STATE_PROCESS, "kapc_state_process"),
	FIELD(KPCR_PRCB, "kpcr_prcb"),
	FIELD(KPRCB_CURRENT_THREAD, "kprcb_current_thread"),
	FIELD(FLAG_PROCESS_EXITING, "flag_process_exiting"),
	FIELD(FLAG_PROCESS_DELETE, "flag_process_delete"),
	FIELD(FLAG_VM_DELETED, "flag_vm_deleted"),
	FIELD(FLAG_OUTSWAPPED, "flag_outswapped"),
	FIELD(FLAG_HAS_ADDRESS_SPACE, "flag_has_address_space"));

#define SET(var, last, ...)						\
	static const struct vigil_attr var##_attr[last + 1] = {		\
		__VA_ARGS__						\
	};								\
	const struct vigil_attr_set var = { last, var##_attr };		\
	_Static_assert(last < VIGIL_ATTRS_MAX, "raise VIGIL_ATTRS_MAX")

SET(vigil_caps_set, VIGIL_A_CAPS_MAX,
	[VIGIL_A_CAPS_ABI_VERSION] = { "abi_version", VIGIL_ATTR_UINT },
	[VIGIL_A_CAPS_KVM] = { "kvm", VIGIL_ATTR_ENUM,
		.names = &vigil_kvm_names },
	[VIGIL_A_CAPS_KVM_ABI] = { "kvm_abi", VIGIL_ATTR_UINT },
	[VIGIL_A_CAPS_EXEC_WHY] = { "exec_why", VIGIL_ATTR_STRING },
	[VIGIL_A_CAPS_VENDOR] = { "vendor", VIGIL_ATTR_STRING },
	[VIGIL_A_CAPS_TDP] = { "tdp", VIGIL_ATTR_BOOL },
	[VIGIL_A_CAPS_WRITE_TRACKING] = { "write_tracking", VIGIL_ATTR_BOOL },
	[VIGIL_A_CAPS_KERNEL_RELEASE] = { "kernel_release", VIGIL_ATTR_STRING },
	[VIGIL_A_CAPS_SELFMAP_WAY] = { "selfmap_way", VIGIL_ATTR_ENUM,
		.names = &vigil_selfmap_way_names },
	[VIGIL_A_CAPS_SELFMAP_WHY] = { "selfmap_why", VIGIL_ATTR_STRING });

SET(vigil_vm_set, VIGIL_A_VM_MAX,
	[VIGIL_A_VM_ID] = { "id", VIGIL_ATTR_UINT },
	[VIGIL_A_VM_FD] = { "fd", VIGIL_ATTR_UINT },
	[VIGIL_A_VM_NAME] = { "name", VIGIL_ATTR_STRING },
	[VIGIL_A_VM_PID] = { "pid", VIGIL_ATTR_UINT },
	[VIGIL_A_VM_VCPUS] = { "vcpus", VIGIL_ATTR_UINT },
	[VIGIL_A_VM_MEMORY] = { "memory", VIGIL_ATTR_UINT },
	[VIGIL_A_VM_EXEC] = { "exec", VIGIL_ATTR_BOOL },
	[VIGIL_A_VM_PROFILE_STATE] = { "profile_state", VIGIL_ATTR_ENUM,
		.names = &vigil_state_names },
	[VIGIL_A_VM_ATTACHED] = { "attached", VIGIL_ATTR_TIME },
	[VIGIL_A_VM_SWEEP_MS] = { "sweep_ms", VIGIL_ATTR_UINT },
	[VIGIL_A_VM_SWEEP] = { "sweep", VIGIL_ATTR_FLAG },
	[VIGIL_A_VM_LAST_ALERT] = { "last_alert", VIGIL_ATTR_UINT },
	[VIGIL_A_VM_SELFMAP_WAY] = { "selfmap_way", VIGIL_ATTR_ENUM,
		.names = &vigil_selfmap_way_names },
	[VIGIL_A_VM_SELFMAP_WHY] = { "selfmap_why", VIGIL_ATTR_STRING });

SET(vigil_profile_item_set, VIGIL_A_PROFILE_ITEM_MAX,
	[VIGIL_A_PROFILE_ITEM_FIELD] = { "field", VIGIL_ATTR_UINT },
	[VIGIL_A_PROFILE_ITEM_VALUE] = { "value", VIGIL_ATTR_HEX });

SET(vigil_profile_set, VIGIL_A_PROFILE_MAX,
	[VIGIL_A_PROFILE_VM_ID] = { "vm_id", VIGIL_ATTR_UINT },
	[VIGIL_A_PROFILE_STATE] = { "state", VIGIL_ATTR_ENUM,
		.names = &vigil_state_names },
	[VIGIL_A_PROFILE_BANNER] = { "banner", VIGIL_ATTR_STRING },
	[VIGIL_A_PROFILE_ITEM] = { "item", VIGIL_ATTR_LIST,
		.set = &vigil_profile_item_set },
	[VIGIL_A_PROFILE_OS] = { "os", VIGIL_ATTR_ENUM,
		.names = &vigil_os_names });

SET(vigil_protect_set, VIGIL_A_PROTECT_MAX,
	[VIGIL_A_PROTECT_VM_ID] = { "vm_id", VIGIL_ATTR_UINT },
	[VIGIL_A_PROTECT_ID] = { "id", VIGIL_ATTR_UINT },
	[VIGIL_A_PROTECT_COMM] = { "comm", VIGIL_ATTR_STRING },
	[VIGIL_A_PROTECT_PID] = { "pid", VIGIL_ATTR_UINT },
	[VIGIL_A_PROTECT_ALL] = { "all", VIGIL_ATTR_FLAG },
	[VIGIL_A_PROTECT_RULES] = { "rules", VIGIL_ATTR_MASK,
		.names = &vigil_rule_names },
	[VIGIL_A_PROTECT_ACTION] = { "action", VIGIL_ATTR_ENUM,
		.names = &vigil_action_names },
	[VIGIL_A_PROTECT_HITS] = { "hits", VIGIL_ATTR_UINT },
	[VIGIL_A_PROTECT_WITHOUT_PROFILE] = {
		"without_profile", VIGIL_ATTR_ENUM,
		.names = &vigil_action_names },
	[VIGIL_A_PROTECT_EXE] = { "exe", VIGIL_ATTR_STRING },
	[VIGIL_A_PROTECT_UID] = { "uid", VIGIL_ATTR_UINT },
	[VIGIL_A_PROTECT_DESCENDANTS] = { "descendants", VIGIL_ATTR_FLAG },
	[VIGIL_A_PROTECT_START_TIME] = { "start_time", VIGIL_ATTR_UINT },
	[VIGIL_A_PROTECT_PROCESSES] = { "processes", VIGIL_ATTR_UINT },
	[VIGIL_A_PROTECT_LAST_MATCH] = { "last_match", VIGIL_ATTR_TIME },
	[VIGIL_A_PROTECT_MATCHES] = { "matches", VIGIL_ATTR_UINT });

SET(vigil_process_set, VIGIL_A_PROCESS_MAX,
	[VIGIL_A_PROCESS_VM_ID] = { "vm_id", VIGIL_ATTR_UINT },
	[VIGIL_A_PROCESS_PID] = { "pid", VIGIL_ATTR_UINT },
	[VIGIL_A_PROCESS_PPID] = { "ppid", VIGIL_ATTR_UINT },
	[VIGIL_A_PROCESS_COMM] = { "comm", VIGIL_ATTR_STRING },
	[VIGIL_A_PROCESS_EXE] = { "exe", VIGIL_ATTR_STRING },
	[VIGIL_A_PROCESS_UID] = { "uid", VIGIL_ATTR_UINT },
	[VIGIL_A_PROCESS_GID] = { "gid", VIGIL_ATTR_UINT },
	[VIGIL_A_PROCESS_START_TIME] = { "start_time", VIGIL_ATTR_UINT },
	[VIGIL_A_PROCESS_TASK] = { "task", VIGIL_ATTR_HEX },
	[VIGIL_A_PROCESS_MM] = { "mm", VIGIL_ATTR_HEX },
	[VIGIL_A_PROCESS_ROOT] = { "root", VIGIL_ATTR_HEX },
	[VIGIL_A_PROCESS_PROTECT_ID] = { "protect_id", VIGIL_ATTR_UINT },
	[VIGIL_A_PROCESS_FLAGS] = { "flags", VIGIL_ATTR_MASK,
		.names = &vigil_process_flag_names },
	[VIGIL_A_PROCESS_CREATE_TIME] = { "create_time", VIGIL_ATTR_TIME },
	[VIGIL_A_PROCESS_USER_ROOT] = { "user_root", VIGIL_ATTR_HEX },
	[VIGIL_A_PROCESS_SELF_MAP] = { "self_map", VIGIL_ATTR_HEX },
	[VIGIL_A_PROCESS_USER_SELF_MAP] = { "user_self_map", VIGIL_ATTR_HEX },
	[VIGIL_A_PROCESS_EXE_DELETED] = { "exe_deleted", VIGIL_ATTR_FLAG },
	[VIGIL_A_PROCESS_NS_PID] = { "ns_pid", VIGIL_ATTR_UINT },
	[VIGIL_A_PROCESS_CGROUP] = { "cgroup", VIGIL_ATTR_STRING },
	[VIGIL_A_PROCESS_CMDLINE] = { "cmdline", VIGIL_ATTR_ARGS });

SET(vigil_vma_set, VIGIL_A_VMA_MAX,
	[VIGIL_A_VMA_VM_ID] = { "vm_id", VIGIL_ATTR_UINT },
	[VIGIL_A_VMA_PID] = { "pid", VIGIL_ATTR_UINT },
	[VIGIL_A_VMA_START] = { "start", VIGIL_ATTR_HEX },
	[VIGIL_A_VMA_END] = { "end", VIGIL_ATTR_HEX },
	[VIGIL_A_VMA_FLAGS] = { "flags", VIGIL_ATTR_HEX },
	[VIGIL_A_VMA_PGOFF] = { "pgoff", VIGIL_ATTR_UINT },
	[VIGIL_A_VMA_KIND] = { "kind", VIGIL_ATTR_ENUM,
		.names = &vigil_vma_kind_names },
	[VIGIL_A_VMA_PATH] = { "path", VIGIL_ATTR_STRING },
	[VIGIL_A_VMA_PRESENT] = { "present", VIGIL_ATTR_UINT },
	[VIGIL_A_VMA_GRANTED] = { "granted", VIGIL_ATTR_UINT },
	[VIGIL_A_VMA_OPEN] = { "open", VIGIL_ATTR_UINT },
	[VIGIL_A_VMA_COUNTED_TO] = { "counted_to", VIGIL_ATTR_HEX });

SET(vigil_alert_selfmap_set, VIGIL_A_ALERT_SELFMAP_MAX,
	[VIGIL_A_ALERT_SELFMAP_TABLE] = { "table", VIGIL_ATTR_ENUM,
		.names = &vigil_selfmap_table_names },
	[VIGIL_A_ALERT_SELFMAP_SLOT] = { "slot", VIGIL_ATTR_UINT },
	[VIGIL_A_ALERT_SELFMAP_FINDING] = { "finding", VIGIL_ATTR_MASK,
		.names = &vigil_selfmap_finding_names },
	[VIGIL_A_ALERT_SELFMAP_OLD] = { "old", VIGIL_ATTR_HEX },
	[VIGIL_A_ALERT_SELFMAP_NEW] = { "new", VIGIL_ATTR_HEX },
	[VIGIL_A_ALERT_SELFMAP_DONE] = { "done", VIGIL_ATTR_ENUM,
		.names = &vigil_selfmap_done_names },
	[VIGIL_A_ALERT_SELFMAP_BY] = { "by", VIGIL_ATTR_ENUM,
		.names = &vigil_selfmap_by_names },
	[VIGIL_A_ALERT_SELFMAP_ROOT] = { "root", VIGIL_ATTR_HEX },
	[VIGIL_A_ALERT_SELFMAP_VALUE] = { "value", VIGIL_ATTR_HEX });

SET(vigil_alert_set, VIGIL_A_ALERT_MAX,
	[VIGIL_A_ALERT_VM_ID] = { "vm_id", VIGIL_ATTR_UINT },
	[VIGIL_A_ALERT_SEQ] = { "seq", VIGIL_ATTR_UINT },
	[VIGIL_A_ALERT_VERSION] = { "version", VIGIL_ATTR_UINT },
	[VIGIL_A_ALERT_TIME] = { "time", VIGIL_ATTR_TIME },
	[VIGIL_A_ALERT_VM_NAME] = { "vm_name", VIGIL_ATTR_STRING },
	[VIGIL_A_ALERT_VM_PID] = { "vm_pid", VIGIL_ATTR_UINT },
	[VIGIL_A_ALERT_KIND] = { "kind", VIGIL_ATTR_ENUM,
		.names = &vigil_alert_kind_names },
	[VIGIL_A_ALERT_RULE] = { "rule", VIGIL_ATTR_MASK,
		.names = &vigil_rule_names },
	[VIGIL_A_ALERT_PROTECT_ID] = { "protect_id", VIGIL_ATTR_UINT },
	[VIGIL_A_ALERT_ASKED] = { "asked", VIGIL_ATTR_ENUM,
		.names = &vigil_action_names },
	[VIGIL_A_ALERT_OUTCOME] = { "outcome", VIGIL_ATTR_ENUM,
		.names = &vigil_outcome_names },
	[VIGIL_A_ALERT_MITRE] = { "mitre", VIGIL_ATTR_STRING },
	[VIGIL_A_ALERT_OF_SEQ] = { "of_seq", VIGIL_ATTR_UINT },
	[VIGIL_A_ALERT_FOLDED] = { "folded", VIGIL_ATTR_UINT },
	[VIGIL_A_ALERT_PROCESS] = { "process", VIGIL_ATTR_NEST,
		.set = &vigil_process_set },
	[VIGIL_A_ALERT_TID] = { "tid", VIGIL_ATTR_UINT },
	[VIGIL_A_ALERT_VMA] = { "vma", VIGIL_ATTR_NEST,
		.set = &vigil_vma_set },
	[VIGIL_A_ALERT_VCPU] = { "vcpu", VIGIL_ATTR_UINT },
	[VIGIL_A_ALERT_RIP] = { "rip", VIGIL_ATTR_HEX },
	[VIGIL_A_ALERT_RSP] = { "rsp", VIGIL_ATTR_HEX },
	[VIGIL_A_ALERT_RFLAGS] = { "rflags", VIGIL_ATTR_HEX },
	[VIGIL_A_ALERT_CR3] = { "cr3", VIGIL_ATTR_HEX },
	[VIGIL_A_ALERT_GPA] = { "gpa", VIGIL_ATTR_HEX },
	[VIGIL_A_ALERT_REGISTERS] = { "registers", VIGIL_ATTR_WORDS,
		.names = &vigil_gpr_names },
	[VIGIL_A_ALERT_CODE] = { "code", VIGIL_ATTR_BYTES },
	[VIGIL_A_ALERT_LOST] = { "lost", VIGIL_ATTR_UINT },
	[VIGIL_A_ALERT_VICTIM] = { "victim", VIGIL_ATTR_NEST,
		.set = &vigil_process_set },
	[VIGIL_A_ALERT_MODULE] = { "module", VIGIL_ATTR_STRING },
	[VIGIL_A_ALERT_SELFMAP] = { "selfmap", VIGIL_ATTR_NEST,
		.set = &vigil_alert_selfmap_set },
	[VIGIL_A_ALERT_PAGE] = { "page", VIGIL_ATTR_ENUM,
		.names = &vigil_page_kind_names },
	[VIGIL_A_ALERT_REASON] = { "reason", VIGIL_ATTR_ENUM,
		.names = &vigil_unreadable_reason_names });

SET(vigil_selfmap_set, VIGIL_A_SELFMAP_MAX,
	[VIGIL_A_SELFMAP_VM_ID] = { "vm_id", VIGIL_ATTR_UINT },
	[VIGIL_A_SELFMAP_ACTION] = { "action", VIGIL_ATTR_ENUM,
		.names = &vigil_action_names },
	[VIGIL_A_SELFMAP_ASKED_WAY] = { "asked_way", VIGIL_ATTR_ENUM,
		.names = &vigil_selfmap_way_names },
	[VIGIL_A_SELFMAP_PERIOD_MS] = { "period_ms", VIGIL_ATTR_UINT },
	[VIGIL_A_SELFMAP_WAY] = { "way", VIGIL_ATTR_ENUM,
		.names = &vigil_selfmap_way_names },
	[VIGIL_A_SELFMAP_WHY] = { "why", VIGIL_ATTR_STRING },
	[VIGIL_A_SELFMAP_STATE] = { "state", VIGIL_ATTR_ENUM,
		.names = &vigil_selfmap_state_names },
	[VIGIL_A_SELFMAP_SLOT] = { "slot", VIGIL_ATTR_UINT },
	[VIGIL_A_SELFMAP_PROCESSES] = { "processes", VIGIL_ATTR_UINT },
	[VIGIL_A_SELFMAP_TABLES] = { "tables", VIGIL_ATTR_UINT },
	[VIGIL_A_SELFMAP_LOADED] = { "loaded", VIGIL_ATTR_UINT },
	[VIGIL_A_SELFMAP_WATCHED] = { "watched", VIGIL_ATTR_UINT },
	[VIGIL_A_SELFMAP_WRONG] = { "wrong", VIGIL_ATTR_UINT },
	[VIGIL_A_SELFMAP_ROUNDS] = { "rounds", VIGIL_ATTR_UINT },
	[VIGIL_A_SELFMAP_TIME] = { "time", VIGIL_ATTR_UINT },
	[VIGIL_A_SELFMAP_CHECKED] = { "checked", VIGIL_ATTR_UINT },
	[VIGIL_A_SELFMAP_SCANNED] = { "scanned", VIGIL_ATTR_UINT },
	[VIGIL_A_SELFMAP_WRITES] = { "writes", VIGIL_ATTR_UINT },
	[VIGIL_A_SELFMAP_SWITCHES] = { "switches", VIGIL_ATTR_UINT },
	[VIGIL_A_SELFMAP_MISSED] = { "missed", VIGIL_ATTR_UINT },
	[VIGIL_A_SELFMAP_HOSTILE] = { "hostile", VIGIL_ATTR_UINT },
	[VIGIL_A_SELFMAP_DROPPED] = { "dropped", VIGIL_ATTR_UINT },
	[VIGIL_A_SELFMAP_CLEARED] = { "cleared", VIGIL_ATTR_UINT },
	[VIGIL_A_SELFMAP_REPAIRED] = { "repaired", VIGIL_ATTR_UINT },
	[VIGIL_A_SELFMAP_RACED] = { "raced", VIGIL_ATTR_UINT },
	[VIGIL_A_SELFMAP_FAILED] = { "failed", VIGIL_ATTR_UINT },
	[VIGIL_A_SELFMAP_UNPROVED] = { "unproved", VIGIL_ATTR_UINT },
	[VIGIL_A_SELFMAP_MISSED_EVENT] = { "missed_event", VIGIL_ATTR_UINT },
	[VIGIL_A_SELFMAP_DROPPED_PAGES] = {
		"dropped_pages", VIGIL_ATTR_UINT });

SET(vigil_stats_set, VIGIL_A_STATS_MAX,
	[VIGIL_A_STATS_VM_ID] = { "vm_id", VIGIL_ATTR_UINT },
	[VIGIL_A_STATS_FETCHES] = { "fetches", VIGIL_ATTR_UINT },
	[VIGIL_A_STATS_GRANTED] = { "granted", VIGIL_ATTR_UINT },
	[VIGIL_A_STATS_GRANTED_AROUND] = { "granted_around", VIGIL_ATTR_UINT },
	[VIGIL_A_STATS_OPENED] = { "opened", VIGIL_ATTR_UINT },
	[VIGIL_A_STATS_REFUSED] = { "refused", VIGIL_ATTR_UINT },
	[VIGIL_A_STATS_RETRIED] = { "retried", VIGIL_ATTR_UINT },
	[VIGIL_A_STATS_REVOKED] = { "revoked", VIGIL_ATTR_UINT },
	[VIGIL_A_STATS_REVOKED_BY_WALK] = {
		"revoked_by_walk", VIGIL_ATTR_UINT },
	[VIGIL_A_STATS_REVOKED_BY_KVM] = { "revoked_by_kvm", VIGIL_ATTR_UINT },
	[VIGIL_A_STATS_SELF_WRITES] = { "self_writes", VIGIL_ATTR_UINT },
	[VIGIL_A_STATS_LOST_RACES] = { "lost_races", VIGIL_ATTR_UINT },
	[VIGIL_A_STATS_EMULATED_FETCHES] = {
		"emulated_fetches", VIGIL_ATTR_UINT },
	[VIGIL_A_STATS_SPLITS] = { "splits", VIGIL_ATTR_UINT },
	[VIGIL_A_STATS_FLUSHES] = { "flushes", VIGIL_ATTR_UINT },
	[VIGIL_A_STATS_SWEPT] = { "swept", VIGIL_ATTR_UINT },
	[VIGIL_A_STATS_NESTED] = { "nested", VIGIL_ATTR_UINT },
	[VIGIL_A_STATS_PAGES_GRANTED] = { "pages_granted", VIGIL_ATTR_UINT },
	[VIGIL_A_STATS_PAGES_OPEN] = { "pages_open", VIGIL_ATTR_UINT },
	[VIGIL_A_STATS_JUDGED] = { "judged", VIGIL_ATTR_UINT },
	[VIGIL_A_STATS_UNPROTECTED] = { "unprotected", VIGIL_ATTR_UINT },
	[VIGIL_A_STATS_KERNEL] = { "kernel", VIGIL_ATTR_UINT },
	[VIGIL_A_STATS_NO_PROFILE] = { "no_profile", VIGIL_ATTR_UINT },
	[VIGIL_A_STATS_UNREADABLE] = { "unreadable", VIGIL_ATTR_UINT },
	[VIGIL_A_STATS_REREAD] = { "reread", VIGIL_ATTR_UINT },
	[VIGIL_A_STATS_ALERTS] = { "alerts", VIGIL_ATTR_UINT },
	[VIGIL_A_STATS_ALERTS_FOLDED] = { "alerts_folded", VIGIL_ATTR_UINT },
	[VIGIL_A_STATS_FETCH_TIME] = { "fetch_time", VIGIL_ATTR_UINT },
	[VIGIL_A_STATS_PROCESSES] = { "processes", VIGIL_ATTR_UINT },
	[VIGIL_A_STATS_IDENTIFIED] = { "identified", VIGIL_ATTR_UINT },
	[VIGIL_A_STATS_PROCESS_SWEEPS] = { "process_sweeps", VIGIL_ATTR_UINT },
	[VIGIL_A_STATS_PROCESS_SWEEP_TIME] = {
		"process_sweep_time", VIGIL_ATTR_UINT },
	[VIGIL_A_STATS_SHARED] = { "shared", VIGIL_ATTR_UINT },
	[VIGIL_A_STATS_STARVED] = { "starved", VIGIL_ATTR_UINT },
	[VIGIL_A_STATS_UNMAPPED] = { "unmapped", VIGIL_ATTR_UINT },
	[VIGIL_A_STATS_BLOCKED] = { "blocked", VIGIL_ATTR_UINT });

const struct vigil_attr_set *vigil_attr_set_of(uint8_t cmd)
{
	switch (cmd) {
	case VIGIL_CMD_CAPS_GET:
		return &vigil_caps_set;
	case VIGIL_CMD_VM_NEW:
	case VIGIL_CMD_VM_GET:
	case VIGIL_CMD_VM_SET:
	case VIGIL_CMD_VM_DEL:
	case VIGIL_CMD_VM_NEW_NTF:
	case VIGIL_CMD_VM_DEL_NTF:
		return &vigil_vm_set;
	case VIGIL_CMD_PROFILE_SET:
	case VIGIL_CMD_PROFILE_GET:
		return &vigil_profile_set;
	case VIGIL_CMD_PROTECT_NEW:
	case VIGIL_CMD_PROTECT_GET:
	case VIGIL_CMD_PROTECT_DEL:
		return &vigil_protect_set;
	case VIGIL_CMD_PROCESS_GET:
		return &vigil_process_set;
	case VIGIL_CMD_VMA_GET:
		return &vigil_vma_set;
	case VIGIL_CMD_ALERT_GET:
	case VIGIL_CMD_ALERT_NTF:
		return &vigil_alert_set;
	case VIGIL_CMD_SELFMAP_SET:
	case VIGIL_CMD_SELFMAP_DEL:
	case VIGIL_CMD_SELFMAP_GET:
	case VIGIL_CMD_SELFMAP_CHECK:
		return &vigil_selfmap_set;
	case VIGIL_CMD_STATS_GET:
		return &vigil_stats_set;
	default:
		return NULL;
	}
}
