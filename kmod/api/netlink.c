// SPDX-License-Identifier: GPL-2.0
/*
 * The netlink family: its registration, who may use it, and what its commands
 * share.
 */
#include <linux/capability.h>
#include <linux/utsname.h>
#include <net/net_namespace.h>

#include "api/netlink.h"
#include "core/flavour.h"
#include "core/vm.h"
#include "protect/selfmap.h"

#define ABI_VERSION	3

/* --- permission ----------------------------------------------------------- */

/*
 * The generated GENL_ADMIN_PERM asks for CAP_NET_ADMIN, which containers have
 * that must not look into guests.
 */
static int check_sender(struct sk_buff *skb, struct netlink_ext_ack *extack)
{
	if (netlink_capable(skb, CAP_SYS_ADMIN))
		return 0;
	NL_SET_ERR_MSG(extack, "needs CAP_SYS_ADMIN in the initial user namespace");
	return -EPERM;
}

int vigil_nl_pre_doit(const struct genl_split_ops *ops, struct sk_buff *skb,
		      struct genl_info *info)
{
	return check_sender(skb, info->extack);
}

int vigil_nl_start(struct netlink_callback *cb)
{
	/* Of any dump: one message has to fit in an empty buffer. */
	cb->min_dump_alloc = VIGIL_ALERT_MSG_SIZE;
	return check_sender(cb->skb, cb->extack);
}

/* --- requests ------------------------------------------------------------- */

/**
 * vigil_nl_vm - Find the VM that a request is about
 * @info: the request
 * @attr: the attribute that holds the id
 *
 * Return: the VM, entered, or an error that the extended ack explains.
 */
struct vigil_vm *vigil_nl_vm(const struct genl_info *info, u32 attr)
{
	struct vigil_vm *vm;

	if (GENL_REQ_ATTR_CHECK(info, attr)) {
		NL_SET_ERR_MSG(info->extack, "which VM?");
		return ERR_PTR(-EINVAL);
	}
	vm = vigil_vm_find(nla_get_u32(info->attrs[attr]));
	if (!vm) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[attr],
				    "no such VM is attached");
		return ERR_PTR(-ENOENT);
	}
	return vm;
}

/**
 * vigil_nl_check_string - Is a string all that an attribute has?
 * @attr: the attribute, whose policy says that it is a string; or NULL
 * @extack: says why not
 *
 * What is behind a zero would be left out, and the sender think it was taken.
 *
 * Return: 0 or -EINVAL.
 */
int vigil_nl_check_string(const struct nlattr *attr,
			  struct netlink_ext_ack *extack)
{
	if (!attr || strlen(nla_data(attr)) + 1 == nla_len(attr))
		return 0;
	NL_SET_ERR_MSG_ATTR(extack, attr, "the string has a zero in it");
	return -EINVAL;
}

/* --- replies -------------------------------------------------------------- */

struct sk_buff *vigil_nl_reply_new(struct genl_info *info, void **hdr)
{
	struct sk_buff *msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);

	if (!msg)
		return NULL;
	*hdr = genlmsg_iput(msg, info);
	if (!*hdr) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

int vigil_nl_reply(struct genl_info *info, struct sk_buff *msg, void *hdr)
{
	genlmsg_end(msg, hdr);
	return genlmsg_reply(msg, info);
}

/**
 * vigil_nl_reply_id - Answer with the id of what was made
 * @info: the request
 * @msg: made by vigil_nl_reply_new() before that, with nothing in it yet, so
 *	that there is room
 * @hdr: its header
 * @attr: the attribute for the id
 * @id: the id
 *
 * Return: 0, or an error: the sender doesn't take the answer, and what was made
 * has to go again.
 */
int vigil_nl_reply_id(struct genl_info *info, struct sk_buff *msg, void *hdr,
		      u32 attr, u32 id)
{
	if (WARN_ON_ONCE(nla_put_u32(msg, attr, id))) {
		nlmsg_free(msg);
		return -EMSGSIZE;
	}
	return vigil_nl_reply(info, msg, hdr);
}

/**
 * vigil_nl_reply_vm - Answer a request about one VM
 * @info: the request
 * @attr: the attribute that holds the VM's id
 * @put: puts what is told of it
 *
 * Return: 0, or an error that the extended ack explains.
 */
int vigil_nl_reply_vm(struct genl_info *info, u32 attr, vigil_nl_put_t put)
{
	struct vigil_vm *vm = vigil_nl_vm(info, attr);
	struct sk_buff *msg;
	int err = -ENOMEM;
	void *hdr;

	if (IS_ERR(vm))
		return PTR_ERR(vm);
	msg = vigil_nl_reply_new(info, &hdr);
	if (msg)
		err = put(msg, vm);
	vigil_vm_leave(vm);
	if (err) {
		nlmsg_free(msg);
		return err;
	}
	return vigil_nl_reply(info, msg, hdr);
}

/* The header of one message of a dump, or NULL: the buffer is full. */
void *vigil_nl_dump_put(struct sk_buff *skb, struct netlink_callback *cb)
{
	void *hdr;

	hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			  &vigil_nl_family, NLM_F_MULTI,
			  genl_info_dump(cb)->genlhdr->cmd);
	if (hdr)
		genl_dump_check_consistent(cb, hdr);
	return hdr;
}

struct vm_dump {
	u32 next;
};

/*
 * One message for each VM; goes on where the last buffer was full.  @put returns
 * -ENOENT where there is nothing to tell of a VM.
 */
int vigil_nl_dump_vms(struct sk_buff *skb, struct netlink_callback *cb,
		      vigil_nl_put_t put)
{
	struct vm_dump *dump = (struct vm_dump *)cb->ctx;
	struct vigil_vm *vm;
	void *hdr;
	int err = 0;

	cb->seq = vigil_vm_generation();
	while ((vm = vigil_vm_next(dump->next))) {
		hdr = vigil_nl_dump_put(skb, cb);
		err = hdr ? put(skb, vm) : -EMSGSIZE;
		if (!err || err == -ENOENT)
			dump->next = vm->id + 1;
		vigil_vm_leave(vm);
		if (!err)
			genlmsg_end(skb, hdr);
		else
			genlmsg_cancel(skb, hdr);
		if (err && err != -ENOENT)
			break;
		err = 0;
	}
	/* What doesn't fit in an empty buffer never will. */
	return skb->len ?: err;
}

/* --- multicast ------------------------------------------------------------ */

bool vigil_nl_has_listeners(void)
{
	return genl_has_listeners(&vigil_nl_family, &init_net,
				  VIGIL_NLGRP_MONITOR);
}

/* Readers that are too slow miss it; alert-get has what they missed. */
void vigil_nl_multicast(struct sk_buff *msg, void *hdr)
{
	genlmsg_end(msg, hdr);
	/* With flags that may block it would yield() for a reader that is slow. */
	genlmsg_multicast(&vigil_nl_family, msg, 0, VIGIL_NLGRP_MONITOR,
			  GFP_NOWAIT | __GFP_NOWARN);
}

/* What they would be told could not be made: as if they had been too slow. */
void vigil_nl_multicast_lost(void)
{
	genl_set_err(&vigil_nl_family, &init_net, 0, VIGIL_NLGRP_MONITOR,
		     -ENOBUFS);
}

/* --- capabilities --------------------------------------------------------- */

static const char *vendor(void)
{
	return boot_cpu_data.x86_vendor == X86_VENDOR_INTEL ? "intel" : "amd";
}

static int put_caps_exec(struct sk_buff *msg)
{
#ifdef VIGIL_KVM_PATCHED
	if (nla_put_u32(msg, VIGIL_A_CAPS_KVM, VIGIL_KVM_KIND_PATCHED) ||
	    nla_put_u32(msg, VIGIL_A_CAPS_KVM_ABI, KVM_EXEC_ABI_VERSION))
		return -EMSGSIZE;
	if (!vigil_tdp_enabled())
		return nla_put_string(msg, VIGIL_A_CAPS_EXEC_WHY,
				      "KVM shadows page tables; vigil needs NPT or EPT");
	return 0;
#else
	if (nla_put_u32(msg, VIGIL_A_CAPS_KVM, VIGIL_KVM_KIND_STOCK))
		return -EMSGSIZE;
	return nla_put_string(msg, VIGIL_A_CAPS_EXEC_WHY,
			      VIGIL_EXEC_UNAVAILABLE);
#endif
}

static int put_caps_selfmap(struct sk_buff *msg)
{
	const char *why;

	if (nla_put_u32(msg, VIGIL_A_CAPS_SELFMAP_WAY,
			vigil_selfmap_best(NULL, &why)))
		return -EMSGSIZE;
	return why ? nla_put_string(msg, VIGIL_A_CAPS_SELFMAP_WHY, why) : 0;
}

int vigil_nl_caps_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *msg;
	void *hdr;

	msg = vigil_nl_reply_new(info, &hdr);
	if (!msg)
		return -ENOMEM;
	if (nla_put_u32(msg, VIGIL_A_CAPS_ABI_VERSION, ABI_VERSION) ||
	    put_caps_exec(msg) ||
	    nla_put_string(msg, VIGIL_A_CAPS_VENDOR, vendor()) ||
	    nla_put_u32(msg, VIGIL_A_CAPS_TDP, vigil_tdp_enabled()) ||
	    nla_put_u32(msg, VIGIL_A_CAPS_WRITE_TRACKING,
			IS_ENABLED(CONFIG_KVM_EXTERNAL_WRITE_TRACKING)) ||
	    nla_put_string(msg, VIGIL_A_CAPS_KERNEL_RELEASE,
			   init_utsname()->release) ||
	    put_caps_selfmap(msg)) {
		nlmsg_free(msg);
		return -EMSGSIZE;
	}
	return vigil_nl_reply(info, msg, hdr);
}

/* --- module --------------------------------------------------------------- */

/* The generator can't say that only the privileged may listen. */
static const struct genl_multicast_group mcgrps[] = {
	[VIGIL_NLGRP_MONITOR] = {
		.name = VIGIL_MCGRP_MONITOR,
		.flags = GENL_MCAST_CAP_SYS_ADMIN,
	},
};

int __init vigil_nl_init(void)
{
	vigil_nl_family.netnsok = false;
	vigil_nl_family.mcgrps = mcgrps;
	vigil_nl_family.n_mcgrps = ARRAY_SIZE(mcgrps);
	return genl_register_family(&vigil_nl_family);
}

void vigil_nl_exit(void)
{
	genl_unregister_family(&vigil_nl_family);
}
