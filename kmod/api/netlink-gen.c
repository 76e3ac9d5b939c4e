// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/vigil.yaml */
/* YNL-GEN kernel source */

#include <net/netlink.h>
#include <net/genetlink.h>

#include "netlink-gen.h"

#include <uapi/linux/vigil.h>

/* Integer value ranges */
static const struct netlink_range_validation vigil_a_vm_sweep_ms_range = {
	.max	= 86400000ULL,
};

static const struct netlink_range_validation vigil_a_protect_pid_range = {
	.min	= 1ULL,
	.max	= 4194304ULL,
};

static const struct netlink_range_validation vigil_a_vma_pid_range = {
	.min	= 1ULL,
	.max	= 4194304ULL,
};

/* Common nested types */
const struct nla_policy vigil_profile_item_nl_policy[VIGIL_A_PROFILE_ITEM_VALUE + 1] = {
	[VIGIL_A_PROFILE_ITEM_FIELD] = { .type = NLA_U32, },
	[VIGIL_A_PROFILE_ITEM_VALUE] = { .type = NLA_UINT, },
};

/* VIGIL_CMD_VM_NEW - do */
static const struct nla_policy vigil_vm_new_nl_policy[VIGIL_A_VM_NAME + 1] = {
	[VIGIL_A_VM_FD] = { .type = NLA_U32, },
	[VIGIL_A_VM_NAME] = { .type = NLA_NUL_STRING, .len = 63, },
};

/* VIGIL_CMD_VM_GET - do */
static const struct nla_policy vigil_vm_get_nl_policy[VIGIL_A_VM_ID + 1] = {
	[VIGIL_A_VM_ID] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* VIGIL_CMD_VM_SET - do */
static const struct nla_policy vigil_vm_set_nl_policy[VIGIL_A_VM_SWEEP + 1] = {
	[VIGIL_A_VM_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[VIGIL_A_VM_SWEEP_MS] = NLA_POLICY_FULL_RANGE(NLA_U32, &vigil_a_vm_sweep_ms_range),
	[VIGIL_A_VM_SWEEP] = { .type = NLA_FLAG, },
};

/* VIGIL_CMD_VM_DEL - do */
static const struct nla_policy vigil_vm_del_nl_policy[VIGIL_A_VM_ID + 1] = {
	[VIGIL_A_VM_ID] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* VIGIL_CMD_PROFILE_SET - do */
static const struct nla_policy vigil_profile_set_nl_policy[VIGIL_A_PROFILE_OS + 1] = {
	[VIGIL_A_PROFILE_VM_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[VIGIL_A_PROFILE_OS] = NLA_POLICY_MAX(NLA_U32, 1),
	[VIGIL_A_PROFILE_BANNER] = { .type = NLA_NUL_STRING, .len = 255, },
	[VIGIL_A_PROFILE_ITEM] = NLA_POLICY_NESTED(vigil_profile_item_nl_policy),
};

/* VIGIL_CMD_PROFILE_GET - do */
static const struct nla_policy vigil_profile_get_nl_policy[VIGIL_A_PROFILE_VM_ID + 1] = {
	[VIGIL_A_PROFILE_VM_ID] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* VIGIL_CMD_PROTECT_NEW - do */
static const struct nla_policy vigil_protect_new_nl_policy[VIGIL_A_PROTECT_DESCENDANTS + 1] = {
	[VIGIL_A_PROTECT_VM_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[VIGIL_A_PROTECT_COMM] = { .type = NLA_NUL_STRING, .len = 63, },
	[VIGIL_A_PROTECT_PID] = NLA_POLICY_FULL_RANGE(NLA_U32, &vigil_a_protect_pid_range),
	[VIGIL_A_PROTECT_ALL] = { .type = NLA_FLAG, },
	[VIGIL_A_PROTECT_RULES] = NLA_POLICY_MASK(NLA_U32, 0xf),
	[VIGIL_A_PROTECT_ACTION] = NLA_POLICY_MAX(NLA_U32, 2),
	[VIGIL_A_PROTECT_WITHOUT_PROFILE] = NLA_POLICY_MAX(NLA_U32, 1),
	[VIGIL_A_PROTECT_EXE] = { .type = NLA_NUL_STRING, .len = 1023, },
	[VIGIL_A_PROTECT_UID] = { .type = NLA_U32, },
	[VIGIL_A_PROTECT_DESCENDANTS] = { .type = NLA_FLAG, },
};

/* VIGIL_CMD_PROTECT_GET - dump */
static const struct nla_policy vigil_protect_get_nl_policy[VIGIL_A_PROTECT_VM_ID + 1] = {
	[VIGIL_A_PROTECT_VM_ID] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* VIGIL_CMD_PROTECT_DEL - do */
static const struct nla_policy vigil_protect_del_nl_policy[VIGIL_A_PROTECT_ID + 1] = {
	[VIGIL_A_PROTECT_VM_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[VIGIL_A_PROTECT_ID] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* VIGIL_CMD_PROCESS_GET - dump */
static const struct nla_policy vigil_process_get_nl_policy[VIGIL_A_PROCESS_VM_ID + 1] = {
	[VIGIL_A_PROCESS_VM_ID] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* VIGIL_CMD_VMA_GET - dump */
static const struct nla_policy vigil_vma_get_nl_policy[VIGIL_A_VMA_PID + 1] = {
	[VIGIL_A_VMA_VM_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[VIGIL_A_VMA_PID] = NLA_POLICY_FULL_RANGE(NLA_U32, &vigil_a_vma_pid_range),
};

/* VIGIL_CMD_ALERT_GET - dump */
static const struct nla_policy vigil_alert_get_nl_policy[VIGIL_A_ALERT_SEQ + 1] = {
	[VIGIL_A_ALERT_VM_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[VIGIL_A_ALERT_SEQ] = { .type = NLA_UINT, },
};

/* VIGIL_CMD_SELFMAP_SET - do */
static const struct nla_policy vigil_selfmap_set_nl_policy[VIGIL_A_SELFMAP_PERIOD_MS + 1] = {
	[VIGIL_A_SELFMAP_VM_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[VIGIL_A_SELFMAP_ACTION] = NLA_POLICY_MAX(NLA_U32, 1),
	[VIGIL_A_SELFMAP_ASKED_WAY] = NLA_POLICY_MAX(NLA_U32, 3),
	[VIGIL_A_SELFMAP_PERIOD_MS] = NLA_POLICY_RANGE(NLA_U32, 1, 10000),
};

/* VIGIL_CMD_SELFMAP_DEL - do */
static const struct nla_policy vigil_selfmap_del_nl_policy[VIGIL_A_SELFMAP_VM_ID + 1] = {
	[VIGIL_A_SELFMAP_VM_ID] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* VIGIL_CMD_SELFMAP_GET - do */
static const struct nla_policy vigil_selfmap_get_nl_policy[VIGIL_A_SELFMAP_VM_ID + 1] = {
	[VIGIL_A_SELFMAP_VM_ID] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* VIGIL_CMD_SELFMAP_CHECK - do */
static const struct nla_policy vigil_selfmap_check_nl_policy[VIGIL_A_SELFMAP_VM_ID + 1] = {
	[VIGIL_A_SELFMAP_VM_ID] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* VIGIL_CMD_STATS_GET - do */
static const struct nla_policy vigil_stats_get_nl_policy[VIGIL_A_STATS_VM_ID + 1] = {
	[VIGIL_A_STATS_VM_ID] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* Ops table for vigil */
static const struct genl_split_ops vigil_nl_ops[] = {
	{
		.cmd		= VIGIL_CMD_CAPS_GET,
		.pre_doit	= vigil_nl_pre_doit,
		.doit		= vigil_nl_caps_get_doit,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= VIGIL_CMD_VM_NEW,
		.pre_doit	= vigil_nl_pre_doit,
		.doit		= vigil_nl_vm_new_doit,
		.policy		= vigil_vm_new_nl_policy,
		.maxattr	= VIGIL_A_VM_NAME,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= VIGIL_CMD_VM_GET,
		.pre_doit	= vigil_nl_pre_doit,
		.doit		= vigil_nl_vm_get_doit,
		.policy		= vigil_vm_get_nl_policy,
		.maxattr	= VIGIL_A_VM_ID,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd	= VIGIL_CMD_VM_GET,
		.start	= vigil_nl_start,
		.dumpit	= vigil_nl_vm_get_dumpit,
		.flags	= GENL_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= VIGIL_CMD_VM_SET,
		.pre_doit	= vigil_nl_pre_doit,
		.doit		= vigil_nl_vm_set_doit,
		.policy		= vigil_vm_set_nl_policy,
		.maxattr	= VIGIL_A_VM_SWEEP,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= VIGIL_CMD_VM_DEL,
		.pre_doit	= vigil_nl_pre_doit,
		.doit		= vigil_nl_vm_del_doit,
		.policy		= vigil_vm_del_nl_policy,
		.maxattr	= VIGIL_A_VM_ID,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= VIGIL_CMD_PROFILE_SET,
		.pre_doit	= vigil_nl_pre_doit,
		.doit		= vigil_nl_profile_set_doit,
		.policy		= vigil_profile_set_nl_policy,
		.maxattr	= VIGIL_A_PROFILE_OS,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= VIGIL_CMD_PROFILE_GET,
		.pre_doit	= vigil_nl_pre_doit,
		.doit		= vigil_nl_profile_get_doit,
		.policy		= vigil_profile_get_nl_policy,
		.maxattr	= VIGIL_A_PROFILE_VM_ID,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= VIGIL_CMD_PROTECT_NEW,
		.pre_doit	= vigil_nl_pre_doit,
		.doit		= vigil_nl_protect_new_doit,
		.policy		= vigil_protect_new_nl_policy,
		.maxattr	= VIGIL_A_PROTECT_DESCENDANTS,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= VIGIL_CMD_PROTECT_GET,
		.start		= vigil_nl_start,
		.dumpit		= vigil_nl_protect_get_dumpit,
		.policy		= vigil_protect_get_nl_policy,
		.maxattr	= VIGIL_A_PROTECT_VM_ID,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= VIGIL_CMD_PROTECT_DEL,
		.pre_doit	= vigil_nl_pre_doit,
		.doit		= vigil_nl_protect_del_doit,
		.policy		= vigil_protect_del_nl_policy,
		.maxattr	= VIGIL_A_PROTECT_ID,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= VIGIL_CMD_PROCESS_GET,
		.start		= vigil_nl_start,
		.dumpit		= vigil_nl_process_get_dumpit,
		.policy		= vigil_process_get_nl_policy,
		.maxattr	= VIGIL_A_PROCESS_VM_ID,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= VIGIL_CMD_VMA_GET,
		.start		= vigil_nl_start,
		.dumpit		= vigil_nl_vma_get_dumpit,
		.policy		= vigil_vma_get_nl_policy,
		.maxattr	= VIGIL_A_VMA_PID,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= VIGIL_CMD_ALERT_GET,
		.start		= vigil_nl_start,
		.dumpit		= vigil_nl_alert_get_dumpit,
		.policy		= vigil_alert_get_nl_policy,
		.maxattr	= VIGIL_A_ALERT_SEQ,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= VIGIL_CMD_SELFMAP_SET,
		.pre_doit	= vigil_nl_pre_doit,
		.doit		= vigil_nl_selfmap_set_doit,
		.policy		= vigil_selfmap_set_nl_policy,
		.maxattr	= VIGIL_A_SELFMAP_PERIOD_MS,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= VIGIL_CMD_SELFMAP_DEL,
		.pre_doit	= vigil_nl_pre_doit,
		.doit		= vigil_nl_selfmap_del_doit,
		.policy		= vigil_selfmap_del_nl_policy,
		.maxattr	= VIGIL_A_SELFMAP_VM_ID,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= VIGIL_CMD_SELFMAP_GET,
		.pre_doit	= vigil_nl_pre_doit,
		.doit		= vigil_nl_selfmap_get_doit,
		.policy		= vigil_selfmap_get_nl_policy,
		.maxattr	= VIGIL_A_SELFMAP_VM_ID,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd	= VIGIL_CMD_SELFMAP_GET,
		.start	= vigil_nl_start,
		.dumpit	= vigil_nl_selfmap_get_dumpit,
		.flags	= GENL_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= VIGIL_CMD_SELFMAP_CHECK,
		.pre_doit	= vigil_nl_pre_doit,
		.doit		= vigil_nl_selfmap_check_doit,
		.policy		= vigil_selfmap_check_nl_policy,
		.maxattr	= VIGIL_A_SELFMAP_VM_ID,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= VIGIL_CMD_STATS_GET,
		.pre_doit	= vigil_nl_pre_doit,
		.doit		= vigil_nl_stats_get_doit,
		.policy		= vigil_stats_get_nl_policy,
		.maxattr	= VIGIL_A_STATS_VM_ID,
		.flags		= GENL_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd	= VIGIL_CMD_STATS_GET,
		.start	= vigil_nl_start,
		.dumpit	= vigil_nl_stats_get_dumpit,
		.flags	= GENL_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
};

static const struct genl_multicast_group vigil_nl_mcgrps[] = {
	[VIGIL_NLGRP_MONITOR] = { "monitor", },
};

struct genl_family vigil_nl_family __ro_after_init = {
	.name		= VIGIL_FAMILY_NAME,
	.version	= VIGIL_FAMILY_VERSION,
	.netnsok	= true,
	.parallel_ops	= true,
	.module		= THIS_MODULE,
	.split_ops	= vigil_nl_ops,
	.n_split_ops	= ARRAY_SIZE(vigil_nl_ops),
	.mcgrps		= vigil_nl_mcgrps,
	.n_mcgrps	= ARRAY_SIZE(vigil_nl_mcgrps),
};
