/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The netlink family: what its commands share.
 */
#ifndef _VIGIL_NETLINK_H
#define _VIGIL_NETLINK_H

#include <net/genetlink.h>

#include "api/netlink-gen.h"

struct vigil_alert;
struct vigil_vm;

/* Puts the attributes of a VM; -EMSGSIZE if they don't fit. */
typedef int (*vigil_nl_put_t)(struct sk_buff *msg, struct vigil_vm *vm);

/* netlink.c */
int vigil_nl_init(void);
void vigil_nl_exit(void);
struct vigil_vm *vigil_nl_vm(const struct genl_info *info, u32 attr);
struct sk_buff *vigil_nl_reply_new(struct genl_info *info, void **hdr);
int vigil_nl_reply(struct genl_info *info, struct sk_buff *msg, void *hdr);
int vigil_nl_reply_id(struct genl_info *info, struct sk_buff *msg, void *hdr,
		      u32 attr, u32 id);
int vigil_nl_reply_vm(struct genl_info *info, u32 attr, vigil_nl_put_t put);
int vigil_nl_dump_vms(struct sk_buff *skb, struct netlink_callback *cb,
		      vigil_nl_put_t put);
void *vigil_nl_dump_put(struct sk_buff *skb, struct netlink_callback *cb);
bool vigil_nl_has_listeners(void);
void vigil_nl_multicast(struct sk_buff *msg, void *hdr);
void vigil_nl_multicast_lost(void);
int vigil_nl_check_string(const struct nlattr *attr,
			  struct netlink_ext_ack *extack);

/* netlink_vm.c */
void vigil_nl_announce(struct vigil_vm *vm, bool attached);

/* netlink_alert.c */
void vigil_nl_alert(struct vigil_vm *vm, const struct vigil_alert *alert);

#endif /* _VIGIL_NETLINK_H */
