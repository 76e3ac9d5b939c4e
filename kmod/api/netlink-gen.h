/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/vigil.yaml */
/* YNL-GEN kernel header */

#ifndef _LINUX_VIGIL_GEN_H
#define _LINUX_VIGIL_GEN_H

#include <net/netlink.h>
#include <net/genetlink.h>

#include <uapi/linux/vigil.h>

/* Common nested types */
extern const struct nla_policy vigil_profile_item_nl_policy[VIGIL_A_PROFILE_ITEM_VALUE + 1];

int vigil_nl_pre_doit(const struct genl_split_ops *ops, struct sk_buff *skb,
		      struct genl_info *info);
int vigil_nl_start(struct netlink_callback *cb);

int vigil_nl_caps_get_doit(struct sk_buff *skb, struct genl_info *info);
int vigil_nl_vm_new_doit(struct sk_buff *skb, struct genl_info *info);
int vigil_nl_vm_get_doit(struct sk_buff *skb, struct genl_info *info);
int vigil_nl_vm_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int vigil_nl_vm_set_doit(struct sk_buff *skb, struct genl_info *info);
int vigil_nl_vm_del_doit(struct sk_buff *skb, struct genl_info *info);
int vigil_nl_profile_set_doit(struct sk_buff *skb, struct genl_info *info);
int vigil_nl_profile_get_doit(struct sk_buff *skb, struct genl_info *info);
int vigil_nl_protect_new_doit(struct sk_buff *skb, struct genl_info *info);
int vigil_nl_protect_get_dumpit(struct sk_buff *skb,
				struct netlink_callback *cb);
int vigil_nl_protect_del_doit(struct sk_buff *skb, struct genl_info *info);
int vigil_nl_process_get_dumpit(struct sk_buff *skb,
				struct netlink_callback *cb);
int vigil_nl_vma_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int vigil_nl_alert_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int vigil_nl_selfmap_set_doit(struct sk_buff *skb, struct genl_info *info);
int vigil_nl_selfmap_del_doit(struct sk_buff *skb, struct genl_info *info);
int vigil_nl_selfmap_get_doit(struct sk_buff *skb, struct genl_info *info);
int vigil_nl_selfmap_get_dumpit(struct sk_buff *skb,
				struct netlink_callback *cb);
int vigil_nl_selfmap_check_doit(struct sk_buff *skb, struct genl_info *info);
int vigil_nl_stats_get_doit(struct sk_buff *skb, struct genl_info *info);
int vigil_nl_stats_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);

enum {
	VIGIL_NLGRP_MONITOR,
};

extern struct genl_family vigil_nl_family;

#endif /* _LINUX_VIGIL_GEN_H */
