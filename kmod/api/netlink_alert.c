// SPDX-License-Identifier: GPL-2.0
/*
 * Netlink: alert-*.
 */
#include "api/netlink.h"
#include "core/vm.h"

static int put_alert_process(struct sk_buff *msg, u16 attr,
			     const struct vigil_alert_process *p)
{
	struct nlattr *nest;

	nest = nla_nest_start(msg, attr);
	if (!nest ||
	    nla_put_u32(msg, VIGIL_A_PROCESS_PID, p->pid) ||
	    nla_put_u32(msg, VIGIL_A_PROCESS_PPID, p->ppid) ||
	    nla_put_string(msg, VIGIL_A_PROCESS_COMM, p->comm) ||
	    nla_put_uint(msg, VIGIL_A_PROCESS_START_TIME, p->start_time) ||
	    nla_put_uint(msg, VIGIL_A_PROCESS_TASK, p->task) ||
	    nla_put_uint(msg, VIGIL_A_PROCESS_ROOT, p->root))
		return -EMSGSIZE;
	/* what Linux alone has: a process of Windows is not root's */
	if (p->mm &&
	    (nla_put_u32(msg, VIGIL_A_PROCESS_UID, p->uid) ||
	     nla_put_u32(msg, VIGIL_A_PROCESS_GID, p->gid) ||
	     nla_put_uint(msg, VIGIL_A_PROCESS_MM, p->mm)))
		return -EMSGSIZE;
	if (p->exe[0] && nla_put_string(msg, VIGIL_A_PROCESS_EXE, p->exe))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int put_alert_vma(struct sk_buff *msg, const struct vigil_alert_vma *v)
{
	struct nlattr *nest;

	nest = nla_nest_start(msg, VIGIL_A_ALERT_VMA);
	if (!nest ||
	    nla_put_uint(msg, VIGIL_A_VMA_START, v->start) ||
	    nla_put_uint(msg, VIGIL_A_VMA_END, v->end) ||
	    nla_put_uint(msg, VIGIL_A_VMA_FLAGS, v->flags) ||
	    nla_put_uint(msg, VIGIL_A_VMA_PGOFF, v->pgoff) ||
	    nla_put_u32(msg, VIGIL_A_VMA_KIND, v->kind))
		return -EMSGSIZE;
	if (v->path[0] && nla_put_string(msg, VIGIL_A_VMA_PATH, v->path))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int put_registers(struct sk_buff *msg, const struct vigil_alert *a)
{
	const struct vigil_cpu *cpu = &a->cpu;

	if (nla_put_u32(msg, VIGIL_A_ALERT_VCPU, a->vcpu) ||
	    nla_put_uint(msg, VIGIL_A_ALERT_RIP, a->rip) ||
	    nla_put_uint(msg, VIGIL_A_ALERT_RSP, cpu->gpr[VIGIL_CPU_RSP]) ||
	    nla_put_uint(msg, VIGIL_A_ALERT_RFLAGS, cpu->rflags) ||
	    nla_put_uint(msg, VIGIL_A_ALERT_CR3, cpu->cr3) ||
	    nla_put_uint(msg, VIGIL_A_ALERT_GPA, a->gpa) ||
	    nla_put(msg, VIGIL_A_ALERT_REGISTERS, sizeof(cpu->gpr),
		    cpu->gpr))
		return -EMSGSIZE;
	if (a->code_len &&
	    nla_put(msg, VIGIL_A_ALERT_CODE, a->code_len, a->code))
		return -EMSGSIZE;
	if (a->module[0] &&
	    nla_put_string(msg, VIGIL_A_ALERT_MODULE, a->module))
		return -EMSGSIZE;
	return 0;
}

static int put_fetch(struct sk_buff *msg, const struct vigil_alert *a)
{
	if (nla_put_u32(msg, VIGIL_A_ALERT_TID, a->tid) ||
	    nla_put_u32(msg, VIGIL_A_ALERT_PAGE, a->page))
		return -EMSGSIZE;
	return put_alert_vma(msg, &a->vma);
}

static int put_alert_selfmap(struct sk_buff *msg,
			     const struct vigil_alert_selfmap *s)
{
	struct nlattr *nest;

	nest = nla_nest_start(msg, VIGIL_A_ALERT_SELFMAP);
	if (!nest ||
	    nla_put_u32(msg, VIGIL_A_ALERT_SELFMAP_TABLE, s->table) ||
	    nla_put_uint(msg, VIGIL_A_ALERT_SELFMAP_ROOT, s->root) ||
	    nla_put_u32(msg, VIGIL_A_ALERT_SELFMAP_SLOT, s->slot) ||
	    nla_put_u32(msg, VIGIL_A_ALERT_SELFMAP_FINDING, s->finding) ||
	    nla_put_uint(msg, VIGIL_A_ALERT_SELFMAP_OLD, s->old) ||
	    nla_put_uint(msg, VIGIL_A_ALERT_SELFMAP_NEW, s->new) ||
	    nla_put_uint(msg, VIGIL_A_ALERT_SELFMAP_VALUE, s->value) ||
	    nla_put_u32(msg, VIGIL_A_ALERT_SELFMAP_DONE, s->done) ||
	    nla_put_u32(msg, VIGIL_A_ALERT_SELFMAP_BY, s->by))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

/* What was done, and at whose wish. */
static int put_action(struct sk_buff *msg, const struct vigil_alert *a)
{
	if (nla_put_u32(msg, VIGIL_A_ALERT_ASKED, a->asked) ||
	    nla_put_u32(msg, VIGIL_A_ALERT_OUTCOME, a->outcome))
		return -EMSGSIZE;
	return a->protect_id ?
	       nla_put_u32(msg, VIGIL_A_ALERT_PROTECT_ID, a->protect_id) : 0;
}

/* Of which something was done, or left, that may be no entry's wish. */
static bool has_action(const struct vigil_alert *a)
{
	switch (a->kind) {
	case VIGIL_ALERT_KIND_SELFMAP:
	case VIGIL_ALERT_KIND_UNREADABLE:
	case VIGIL_ALERT_KIND_WITHOUT_PROFILE:
		return true;
	default:
		return a->protect_id;
	}
}

static int put_verdict(struct sk_buff *msg, const struct vigil_alert *a)
{
	bool selfmap = a->kind == VIGIL_ALERT_KIND_SELFMAP;

	if (a->kind == VIGIL_ALERT_KIND_EXEC &&
	    nla_put_u32(msg, VIGIL_A_ALERT_RULE, a->key.rules))
		return -EMSGSIZE;
	if (has_action(a) && put_action(msg, a))
		return -EMSGSIZE;
	if (a->kind == VIGIL_ALERT_KIND_UNREADABLE &&
	    nla_put_u32(msg, VIGIL_A_ALERT_REASON, a->reason))
		return -EMSGSIZE;
	if (selfmap && put_alert_selfmap(msg, &a->selfmap))
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
	if (a->process.task &&
	    put_alert_process(msg, VIGIL_A_ALERT_PROCESS, &a->process))
		return -EMSGSIZE;
	if (a->victim.task &&
	    put_alert_process(msg, VIGIL_A_ALERT_VICTIM, &a->victim))
		return -EMSGSIZE;
	if (a->has_cpu && put_registers(msg, a))
		return -EMSGSIZE;
	if (a->has_fetch && put_fetch(msg, a))
		return -EMSGSIZE;
	return 0;
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
	msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!msg)
		return;
	hdr = genlmsg_put(msg, 0, 0, &vigil_nl_family, 0, VIGIL_CMD_ALERT_NTF);
	if (!hdr || put_alert(msg, vm, alert)) {
		nlmsg_free(msg);
		return;
	}
	vigil_nl_multicast(msg, hdr);
}
