// SPDX-License-Identifier: GPL-2.0
/*
 * Netlink: profile-*.
 */
#include <linux/slab.h>

#include "api/netlink.h"
#include "core/vm.h"
#include "protect/exec/exec.h"
#include "protect/guest.h"

static int add_item(struct vigil_profile_builder *b, struct nlattr *item,
		    struct netlink_ext_ack *extack)
{
	struct nlattr *attrs[VIGIL_A_PROFILE_ITEM_MAX + 1];
	int err;

	err = nla_parse_nested(attrs, VIGIL_A_PROFILE_ITEM_MAX, item,
			       vigil_profile_item_nl_policy, extack);
	if (err)
		return err;
	if (!attrs[VIGIL_A_PROFILE_ITEM_FIELD] ||
	    !attrs[VIGIL_A_PROFILE_ITEM_VALUE]) {
		NL_SET_ERR_MSG_ATTR(extack, item,
				    "an item needs a field and a value");
		return -EINVAL;
	}
	err = vigil_profile_add(b, nla_get_u32(attrs[VIGIL_A_PROFILE_ITEM_FIELD]),
				nla_get_uint(attrs[VIGIL_A_PROFILE_ITEM_VALUE]),
				extack);
	if (err)
		NL_SET_BAD_ATTR(extack, item);
	return err;
}

static int build(struct vigil_profile_builder *b, struct genl_info *info,
		 struct vigil_profile *out)
{
	struct nlattr *attr = info->attrs[VIGIL_A_PROFILE_BANNER];
	int err, rem;

	if (info->attrs[VIGIL_A_PROFILE_OS])
		b->profile.os = nla_get_u32(info->attrs[VIGIL_A_PROFILE_OS]);
	if (attr) {
		err = vigil_nl_check_string(attr, info->extack);
		if (err)
			return err;
		err = vigil_profile_set_banner(b, nla_data(attr), info->extack);
		if (err)
			return err;
	}
	nla_for_each_attr_type(attr, VIGIL_A_PROFILE_ITEM,
			       genlmsg_data(info->genlhdr),
			       genlmsg_len(info->genlhdr), rem) {
		err = add_item(b, attr, info->extack);
		if (err)
			return err;
	}
	return vigil_profile_finish(b, out, info->extack);
}

struct request {
	struct vigil_profile_builder builder;
	struct vigil_profile profile;
};

static int set_profile(struct vigil_vm *vm, struct genl_info *info)
{
	struct request *req;
	int err;

	req = kzalloc(sizeof(*req), GFP_KERNEL);
	if (!req)
		return -ENOMEM;
	err = build(&req->builder, info, &req->profile);
	if (!err)
		err = vigil_guest_set_profile(vm, &req->profile, info->extack);
	kfree(req);
	return err;
}

int vigil_nl_profile_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct vigil_vm *vm = vigil_nl_vm(info, VIGIL_A_PROFILE_VM_ID);
	int err;

	if (IS_ERR(vm))
		return PTR_ERR(vm);
	err = set_profile(vm, info);
	if (!err) {
		/* What was granted was granted without it. */
		mutex_lock(&vm->lock);
		vigil_exec_sweep(vm);
		mutex_unlock(&vm->lock);
	}
	vigil_vm_leave(vm);
	return err;
}

static int put_item(struct sk_buff *msg, u32 field, u64 value)
{
	struct nlattr *nest;

	nest = nla_nest_start(msg, VIGIL_A_PROFILE_ITEM);
	if (!nest || nla_put_u32(msg, VIGIL_A_PROFILE_ITEM_FIELD, field) ||
	    nla_put_uint(msg, VIGIL_A_PROFILE_ITEM_VALUE, value))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int put_profile(struct sk_buff *msg, const struct vigil_profile *p)
{
	int err = nla_put_u32(msg, VIGIL_A_PROFILE_OS, p->os);

	if (!err && p->banner[0])
		err = nla_put_string(msg, VIGIL_A_PROFILE_BANNER, p->banner);
	for (u32 i = 0; !err && i < vigil_profile_fields(p); i++) {
		if (test_bit(i, p->given))
			err = put_item(msg, i, p->field[i]);
	}
	return err;
}

int vigil_nl_profile_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct vigil_vm *vm = vigil_nl_vm(info, VIGIL_A_PROFILE_VM_ID);
	const struct vigil_profile *profile;
	struct sk_buff *msg;
	int idx, err = -ENOMEM;
	void *hdr;

	if (IS_ERR(vm))
		return PTR_ERR(vm);
	idx = srcu_read_lock(&vm->srcu);
	profile = vigil_guest_given(vm);
	msg = vigil_nl_reply_new(info, &hdr);
	if (msg && (nla_put_u32(msg, VIGIL_A_PROFILE_VM_ID, vm->id) ||
		    nla_put_u32(msg, VIGIL_A_PROFILE_STATE,
				vigil_guest_state(vm))))
		err = -EMSGSIZE;
	else if (msg)
		err = profile ? put_profile(msg, profile) : 0;
	srcu_read_unlock(&vm->srcu, idx);
	vigil_vm_leave(vm);
	if (err) {
		nlmsg_free(msg);
		return err;
	}
	return vigil_nl_reply(info, msg, hdr);
}
