// SPDX-License-Identifier: GPL-2.0
/*
 * Netlink: protect-*.
 */
#include <linux/minmax.h>
#include <linux/slab.h>

#include "api/netlink.h"
#include "core/vm.h"
#include "protect/exec/exec.h"
#include "protect/exec/pattern.h"
#include "protect/guest.h"

/* As much of a pattern as there is room for in what is said. */
#define FLAW_BYTES	20

/* A pattern that nothing can match protects nobody: better said at once. */
static int check_pattern(const struct nlattr *attr,
			 bool (*has_flaw)(const char *pattern,
					  struct vigil_pattern_flaw *flaw),
			 struct netlink_ext_ack *extack)
{
	struct vigil_pattern_flaw flaw;
	int err;

	if (!attr)
		return 0;
	err = vigil_nl_check_string(attr, extack);
	if (err)
		return err;
	if (!*(char *)nla_data(attr)) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "the pattern is empty");
		return -EINVAL;
	}
	if (!has_flaw(nla_data(attr), &flaw))
		return 0;
	if (flaw.len)
		NL_SET_ERR_MSG_ATTR_FMT(extack, attr, "it can't match: %.*s%s %s",
					(int)min(flaw.len, FLAW_BYTES), flaw.at,
					flaw.len > FLAW_BYTES ? "..." : "",
					flaw.why);
	else
		NL_SET_ERR_MSG_ATTR_FMT(extack, attr, "%s", flaw.why);
	return -EINVAL;
}

static int check_patterns(struct genl_info *info)
{
	return check_pattern(info->attrs[VIGIL_A_PROTECT_COMM],
			     vigil_pattern_comm_flaw, info->extack) ?:
	       check_pattern(info->attrs[VIGIL_A_PROTECT_EXE],
			     vigil_pattern_exe_flaw, info->extack);
}

static int check_protect(struct genl_info *info)
{
	struct nlattr **attrs = info->attrs;
	const bool some = attrs[VIGIL_A_PROTECT_EXE] ||
			  attrs[VIGIL_A_PROTECT_COMM] ||
			  attrs[VIGIL_A_PROTECT_PID] ||
			  attrs[VIGIL_A_PROTECT_UID];

	if (some == !!attrs[VIGIL_A_PROTECT_ALL]) {
		NL_SET_ERR_MSG(info->extack, "one or more of exe, comm, pid, uid; or all alone");
		return -EINVAL;
	}
	if (GENL_REQ_ATTR_CHECK(info, VIGIL_A_PROTECT_RULES) ||
	    !nla_get_u32(attrs[VIGIL_A_PROTECT_RULES])) {
		NL_SET_ERR_MSG(info->extack, "at least one rule is needed");
		return -EINVAL;
	}
	if (GENL_REQ_ATTR_CHECK(info, VIGIL_A_PROTECT_ACTION)) {
		NL_SET_ERR_MSG(info->extack, "an action is needed");
		return -EINVAL;
	}
	return check_patterns(info);
}

static struct vigil_protect *make_entry(struct genl_info *info)
{
	struct nlattr **attrs = info->attrs;
	struct vigil_protect *entry;
	int err;

	err = check_protect(info);
	if (err)
		return ERR_PTR(err);
	entry = kzalloc(sizeof(*entry), GFP_KERNEL_ACCOUNT);
	if (!entry)
		return ERR_PTR(-ENOMEM);
	if (attrs[VIGIL_A_PROTECT_COMM])
		nla_strscpy(entry->comm, attrs[VIGIL_A_PROTECT_COMM],
			    sizeof(entry->comm));
	if (attrs[VIGIL_A_PROTECT_EXE])
		nla_strscpy(entry->exe, attrs[VIGIL_A_PROTECT_EXE],
			    sizeof(entry->exe));
	if (attrs[VIGIL_A_PROTECT_PID])
		entry->pid = nla_get_u32(attrs[VIGIL_A_PROTECT_PID]);
	if (attrs[VIGIL_A_PROTECT_UID]) {
		entry->has_uid = true;
		entry->uid = nla_get_u32(attrs[VIGIL_A_PROTECT_UID]);
	}
	entry->descendants = !!attrs[VIGIL_A_PROTECT_DESCENDANTS];
	entry->all = !!attrs[VIGIL_A_PROTECT_ALL];
	entry->rules = nla_get_u32(attrs[VIGIL_A_PROTECT_RULES]);
	entry->action = nla_get_u32(attrs[VIGIL_A_PROTECT_ACTION]);
	entry->without_profile = VIGIL_ACTION_OBSERVE;
	if (attrs[VIGIL_A_PROTECT_WITHOUT_PROFILE])
		entry->without_profile =
			nla_get_u32(attrs[VIGIL_A_PROTECT_WITHOUT_PROFILE]);
	return entry;
}

/* With the VM's lock held until it is known that the sender has the answer. */
static int add_entry(struct vigil_vm *vm, struct vigil_protect *entry,
		     struct genl_info *info, struct sk_buff *msg, void *hdr)
{
	int err;

	lockdep_assert_held(&vm->lock);
	err = vigil_guest_expect(vm, VIGIL_PROFILE_OS_LINUX, info->extack);
	if (!err)
		err = vigil_exec_protect(vm, entry, info->extack);
	if (err) {
		kfree(entry);
		nlmsg_free(msg);
		return err;
	}
	err = vigil_nl_reply_id(info, msg, hdr, VIGIL_A_PROTECT_ID, entry->id);
	if (err)
		vigil_exec_unprotect(vm, entry->id);
	return err;
}

int vigil_nl_protect_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct vigil_protect *entry;
	struct vigil_vm *vm;
	struct sk_buff *msg;
	void *hdr;
	int err;

	vm = vigil_nl_vm(info, VIGIL_A_PROTECT_VM_ID);
	if (IS_ERR(vm))
		return PTR_ERR(vm);
	entry = make_entry(info);
	if (IS_ERR(entry)) {
		err = PTR_ERR(entry);
		goto out;
	}
	if (entry->pid)
		err = vigil_exec_bind_pid(vm, entry, info->extack);
	else
		err = 0;
	if (err) {
		kfree(entry);
		goto out;
	}
	msg = vigil_nl_reply_new(info, &hdr);
	if (!msg) {
		kfree(entry);
		err = -ENOMEM;
		goto out;
	}
	mutex_lock(&vm->lock);
	err = add_entry(vm, entry, info, msg, hdr);
	mutex_unlock(&vm->lock);
out:
	vigil_vm_leave(vm);
	return err;
}

int vigil_nl_protect_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct vigil_vm *vm;
	int err;

	if (GENL_REQ_ATTR_CHECK(info, VIGIL_A_PROTECT_ID)) {
		NL_SET_ERR_MSG(info->extack, "which entry?");
		return -EINVAL;
	}
	vm = vigil_nl_vm(info, VIGIL_A_PROTECT_VM_ID);
	if (IS_ERR(vm))
		return PTR_ERR(vm);
	mutex_lock(&vm->lock);
	err = vigil_exec_unprotect(vm,
				   nla_get_u32(info->attrs[VIGIL_A_PROTECT_ID]));
	mutex_unlock(&vm->lock);
	vigil_vm_leave(vm);
	if (err)
		NL_SET_ERR_MSG_ATTR(info->extack,
				    info->attrs[VIGIL_A_PROTECT_ID],
				    "this VM has no such entry");
	return err;
}

/* --- protect-get ---------------------------------------------------------- */

struct protect_dump {
	u32 vm;
	u32 next;
};

static int put_who(struct sk_buff *msg, const struct vigil_protect *e)
{
	const u64 start_time = atomic64_read(&e->start_time);

	if ((e->exe[0] && nla_put_string(msg, VIGIL_A_PROTECT_EXE, e->exe)) ||
	    (e->comm[0] &&
	     nla_put_string(msg, VIGIL_A_PROTECT_COMM, e->comm)) ||
	    (e->pid && nla_put_u32(msg, VIGIL_A_PROTECT_PID, e->pid)) ||
	    (e->pid && start_time &&
	     nla_put_uint(msg, VIGIL_A_PROTECT_START_TIME, start_time)) ||
	    (e->has_uid && nla_put_u32(msg, VIGIL_A_PROTECT_UID, e->uid)) ||
	    (e->all && nla_put_flag(msg, VIGIL_A_PROTECT_ALL)) ||
	    (e->descendants &&
	     nla_put_flag(msg, VIGIL_A_PROTECT_DESCENDANTS)))
		return -EMSGSIZE;
	return 0;
}

static int put_entry(struct sk_buff *msg, const struct vigil_vm *vm,
		     const struct vigil_protect *e)
{
	const u64 last_match = atomic64_read(&e->last_match);

	if (nla_put_u32(msg, VIGIL_A_PROTECT_VM_ID, vm->id) ||
	    nla_put_u32(msg, VIGIL_A_PROTECT_ID, e->id) ||
	    put_who(msg, e) ||
	    nla_put_u32(msg, VIGIL_A_PROTECT_RULES, e->rules) ||
	    nla_put_u32(msg, VIGIL_A_PROTECT_ACTION, e->action) ||
	    nla_put_uint(msg, VIGIL_A_PROTECT_HITS,
			 atomic64_read(&e->hits)) ||
	    nla_put_u32(msg, VIGIL_A_PROTECT_PROCESSES,
			atomic_read(&e->processes)) ||
	    nla_put_uint(msg, VIGIL_A_PROTECT_MATCHES,
			 atomic64_read(&e->matches)) ||
	    (last_match &&
	     nla_put_uint(msg, VIGIL_A_PROTECT_LAST_MATCH, last_match)) ||
	    nla_put_u32(msg, VIGIL_A_PROTECT_WITHOUT_PROFILE,
			e->without_profile))
		return -EMSGSIZE;
	return 0;
}

/* The entries of one VM from dump->next on; -EMSGSIZE: the buffer is full. */
static int dump_vm(struct sk_buff *skb, struct netlink_callback *cb,
		   struct vigil_vm *vm)
{
	struct protect_dump *dump = (struct protect_dump *)cb->ctx;
	const struct vigil_protect *e;
	int idx, err = 0;
	void *hdr;

	idx = srcu_read_lock(&vm->srcu);
	while ((e = vigil_exec_entry_next(vm, dump->next))) {
		hdr = vigil_nl_dump_put(skb, cb);
		err = hdr ? put_entry(skb, vm, e) : -EMSGSIZE;
		if (err) {
			genlmsg_cancel(skb, hdr);
			break;
		}
		genlmsg_end(skb, hdr);
		dump->next = e->id + 1;
	}
	srcu_read_unlock(&vm->srcu, idx);
	return err;
}

static int dump_all(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct protect_dump *dump = (struct protect_dump *)cb->ctx;
	struct vigil_vm *vm;
	int err;

	cb->seq = vigil_vm_generation();
	while ((vm = vigil_vm_next(dump->vm))) {
		if (vm->id != dump->vm) {
			dump->vm = vm->id;
			dump->next = 0;
		}
		err = dump_vm(skb, cb, vm);
		vigil_vm_leave(vm);
		if (err)
			return skb->len ?: err;
		dump->vm++;
		dump->next = 0;
	}
	return skb->len;
}

int vigil_nl_protect_get_dumpit(struct sk_buff *skb,
				struct netlink_callback *cb)
{
	const struct genl_info *info = genl_info_dump(cb);
	struct vigil_vm *vm;
	int err;

	if (!info->attrs[VIGIL_A_PROTECT_VM_ID])
		return dump_all(skb, cb);
	vm = vigil_nl_vm(info, VIGIL_A_PROTECT_VM_ID);
	if (IS_ERR(vm))
		return PTR_ERR(vm);
	err = dump_vm(skb, cb, vm);
	vigil_vm_leave(vm);
	return skb->len ?: err;
}
