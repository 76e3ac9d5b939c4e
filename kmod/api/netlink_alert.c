// SPDX-License-Identifier: GPL-2.0
/*
 * Netlink: alert-*.
 */
#include "api/netlink.h"
#include "core/vm.h"

static int put_verdict(struct sk_buff *msg, const struct vigil_alert *a)
{
	if (a->has_verdict &&
	    (nla_put_u32(msg, VIGIL_A_ALERT_ASKED, a->asked) ||
	     nla_put_u32(msg, VIGIL_A_ALERT_OUTCOME, a->outcome)))
		return -EMSGSIZE;
	if (a->entry && nla_put_u32(msg, VIGIL_A_ALERT_PROTECT_ID, a->entry))
		return -EMSGSIZE;
	if (a->mitre && nla_put_string(msg, VIGIL_A_ALERT_MITRE, a->mitre))
		return -EMSGSIZE;
	if (a->of_seq && nla_put_uint(msg, VIGIL_A_ALERT_OF_SEQ, a->of_seq))
		return -EMSGSIZE;
	return nla_put_u32(msg, VIGIL_A_ALERT_FOLDED, a->folded);
}

static int put_alert(struct sk_buff *msg, const struct vigil_vm *vm,
		     const struct vigil_alert *a)
{
	if (nla_put_u32(msg, VIGIL_A_ALERT_VM_ID, vm->id) ||
	    nla_put_uint(msg, VIGIL_A_ALERT_SEQ, a->seq) ||
	    nla_put_u32(msg, VIGIL_A_ALERT_VERSION, VIGIL_ALERT_VERSION) ||
	    nla_put_uint(msg, VIGIL_A_ALERT_TIME, a->time) ||
	    nla_put_string(msg, VIGIL_A_ALERT_VM_NAME, vm->name) ||
	    nla_put_u32(msg, VIGIL_A_ALERT_VM_PID, vm->pid) ||
	    nla_put_u32(msg, VIGIL_A_ALERT_KIND, a->kind) ||
	    put_verdict(msg, a))
		return -EMSGSIZE;
	return a->ops ? a->ops->put(msg, a) : 0;
}

struct alert_dump {
	u64 next;
	bool started;
};

static int put_dumped(struct sk_buff *skb, struct netlink_callback *cb,
		      const struct vigil_vm *vm, const struct vigil_alert *a,
		      u64 lost)
{
	void *hdr;
	int err;

	hdr = vigil_nl_dump_put(skb, cb);
	if (!hdr)
		return -EMSGSIZE;
	err = put_alert(skb, vm, a);
	if (!err && lost)
		err = nla_put_uint(skb, VIGIL_A_ALERT_LOST, lost);
	if (err)
		genlmsg_cancel(skb, hdr);
	else
		genlmsg_end(skb, hdr);
	return err;
}

/* -EMSGSIZE: the buffer is full. */
static int dump_alerts(struct sk_buff *skb, struct netlink_callback *cb,
		       struct vigil_vm *vm)
{
	struct alert_dump *dump = (struct alert_dump *)cb->ctx;
	struct vigil_alert *a;
	u64 lost;
	int err;

	while ((a = vigil_alerts_get(&vm->alerts, dump->next, &lost))) {
		err = put_dumped(skb, cb, vm, a, lost);
		if (!err) {
			dump->started = true;
			dump->next = a->seq + 1;
		}
		vigil_alert_put(a);
		if (err)
			return err;
	}
	return 0;
}

int vigil_nl_alert_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct alert_dump *dump = (struct alert_dump *)cb->ctx;
	const struct genl_info *info = genl_info_dump(cb);
	struct vigil_vm *vm;
	int err;

	vm = vigil_nl_vm(info, VIGIL_A_ALERT_VM_ID);
	if (IS_ERR(vm))
		return PTR_ERR(vm);
	if (!dump->started && info->attrs[VIGIL_A_ALERT_SEQ])
		dump->next = nla_get_uint(info->attrs[VIGIL_A_ALERT_SEQ]);
	err = dump_alerts(skb, cb, vm);
	vigil_vm_leave(vm);
	return skb->len ?: err;
}

/* Tells the listeners. */
void vigil_nl_alert(struct vigil_vm *vm, const struct vigil_alert *alert)
{
	struct sk_buff *msg;
	void *hdr;

	if (!vigil_nl_has_listeners())
		return;
	msg = genlmsg_new(VIGIL_ALERT_MSG_SIZE, GFP_KERNEL);
	if (!msg) {
		vigil_nl_multicast_lost();
		return;
	}
	hdr = genlmsg_put(msg, 0, 0, &vigil_nl_family, 0, VIGIL_CMD_ALERT_NTF);
	if (WARN_ON_ONCE(!hdr || put_alert(msg, vm, alert))) {
		nlmsg_free(msg);
		vigil_nl_multicast_lost();
		return;
	}
	vigil_nl_multicast(msg, hdr);
}
