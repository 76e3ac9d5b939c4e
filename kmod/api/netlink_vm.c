// SPDX-License-Identifier: GPL-2.0
/*
 * Netlink: vm-*.
 */
#include "api/netlink.h"
#include "core/vm.h"
#include "protect/exec/exec.h"
#include "protect/guest.h"
#include "protect/selfmap.h"

/* What is left to tell of a VM that went. */
static int put_identity(struct sk_buff *msg, struct vigil_vm *vm)
{
	if (nla_put_u32(msg, VIGIL_A_VM_ID, vm->id) ||
	    nla_put_string(msg, VIGIL_A_VM_NAME, vm->name) ||
	    nla_put_u32(msg, VIGIL_A_VM_PID, vm->pid) ||
	    nla_put_uint(msg, VIGIL_A_VM_ATTACHED, vm->attached) ||
	    nla_put_uint(msg, VIGIL_A_VM_LAST_ALERT,
			 vigil_alerts_last(&vm->alerts)))
		return -EMSGSIZE;
	return 0;
}

static int put_vm_selfmap(struct sk_buff *msg, struct vigil_vm *vm)
{
	struct vigil_selfmap_report r;

	if (!vigil_selfmap_report(vm, &r))
		return 0;
	if (nla_put_u32(msg, VIGIL_A_VM_SELFMAP_WAY, r.way))
		return -EMSGSIZE;
	return r.why ? nla_put_string(msg, VIGIL_A_VM_SELFMAP_WHY, r.why) : 0;
}

static int put_vm(struct sk_buff *msg, struct vigil_vm *vm)
{
	if (put_identity(msg, vm) ||
	    nla_put_u32(msg, VIGIL_A_VM_VCPUS, vigil_vm_vcpus(vm)) ||
	    nla_put_uint(msg, VIGIL_A_VM_MEMORY, vigil_vm_memory(vm)) ||
	    nla_put_u32(msg, VIGIL_A_VM_EXEC, vigil_exec_is_on(vm)) ||
	    nla_put_u32(msg, VIGIL_A_VM_PROFILE_STATE,
			vigil_guest_state(vm)) ||
	    nla_put_u32(msg, VIGIL_A_VM_SWEEP_MS, vigil_exec_sweep_ms(vm)))
		return -EMSGSIZE;
	return put_vm_selfmap(msg, vm);
}

int vigil_nl_vm_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return vigil_nl_reply_vm(info, VIGIL_A_VM_ID, put_vm);
}

int vigil_nl_vm_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return vigil_nl_dump_vms(skb, cb, put_vm);
}

int vigil_nl_vm_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	const char *name = NULL;
	struct sk_buff *msg;
	struct vigil_vm *vm;
	void *hdr;
	u32 id;
	int err;

	if (GENL_REQ_ATTR_CHECK(info, VIGIL_A_VM_FD)) {
		NL_SET_ERR_MSG(info->extack, "which VM? its file descriptor is missing");
		return -EINVAL;
	}
	err = vigil_nl_check_string(info->attrs[VIGIL_A_VM_NAME], info->extack);
	if (err)
		return err;
	if (info->attrs[VIGIL_A_VM_NAME])
		name = nla_data(info->attrs[VIGIL_A_VM_NAME]);
	msg = vigil_nl_reply_new(info, &hdr);
	if (!msg)
		return -ENOMEM;
	vm = vigil_vm_attach(nla_get_u32(info->attrs[VIGIL_A_VM_FD]), name,
			     info->extack);
	if (IS_ERR(vm)) {
		nlmsg_free(msg);
		return PTR_ERR(vm);
	}
	id = vm->id;
	vigil_vm_leave(vm);
	err = vigil_nl_reply_id(info, msg, hdr, VIGIL_A_VM_ID, id);
	/* Or else it would be attached, and the sender think it isn't. */
	if (err)
		vigil_vm_detach(id);
	return err;
}

int vigil_nl_vm_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct vigil_vm *vm = vigil_nl_vm(info, VIGIL_A_VM_ID);
	struct nlattr **attrs = info->attrs;

	if (IS_ERR(vm))
		return PTR_ERR(vm);
	mutex_lock(&vm->lock);
	if (attrs[VIGIL_A_VM_SWEEP_MS])
		vigil_exec_set_sweep_ms(vm,
					nla_get_u32(attrs[VIGIL_A_VM_SWEEP_MS]));
	if (attrs[VIGIL_A_VM_SWEEP])
		vigil_exec_sweep(vm);
	mutex_unlock(&vm->lock);
	vigil_vm_leave(vm);
	return 0;
}

int vigil_nl_vm_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	int err;

	if (GENL_REQ_ATTR_CHECK(info, VIGIL_A_VM_ID)) {
		NL_SET_ERR_MSG(info->extack, "which VM?");
		return -EINVAL;
	}
	err = vigil_vm_detach(nla_get_u32(info->attrs[VIGIL_A_VM_ID]));
	if (err)
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[VIGIL_A_VM_ID],
				    "no such VM is attached");
	return err;
}

/* Tells the listeners that a VM came or went. */
void vigil_nl_announce(struct vigil_vm *vm, bool attached)
{
	u8 cmd = attached ? VIGIL_CMD_VM_NEW_NTF : VIGIL_CMD_VM_DEL_NTF;
	struct sk_buff *msg;
	void *hdr;

	if (!vigil_nl_has_listeners())
		return;
	msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!msg) {
		vigil_nl_multicast_lost();
		return;
	}
	hdr = genlmsg_put(msg, 0, 0, &vigil_nl_family, 0, cmd);
	if (WARN_ON_ONCE(!hdr || (attached ? put_vm : put_identity)(msg, vm))) {
		nlmsg_free(msg);
		vigil_nl_multicast_lost();
		return;
	}
	vigil_nl_multicast(msg, hdr);
}
