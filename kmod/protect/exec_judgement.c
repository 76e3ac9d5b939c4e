// SPDX-License-Identifier: GPL-2.0
/*
 * Exec protection: the answer to one fetch.
 *
 * On the vCPU's thread, which is the guest's time.  Nothing here takes a lock
 * that another vCPU may hold; only an alert does, and the note of an open page.
 */
#include <linux/hash.h>
#include <linux/kvm_host.h>
#include <linux/slab.h>

#include "core/count.h"
#include "protect/exec_judge.h"
#include "protect/exec_priv.h"
#include "protect/guest.h"
#include "trace.h"

/* How often in a row a fetch that can't be placed is tried again. */
#define RETRIES_MAX	16

/* An x86 instruction is no longer than this. */
#define INSN_MAX	15

/* --- pages that were refused ---------------------------------------------- */

static gfn_t *refused_slot(struct vigil_exec *exec, gfn_t gfn)
{
	return &exec->refused[hash_64(gfn, ilog2(VIGIL_REFUSED))];
}

static void note_refusal(struct vigil_exec *exec, gfn_t gfn)
{
	WRITE_ONCE(*refused_slot(exec, gfn), gfn + 1);
}

static bool was_refused(struct vigil_exec *exec, gfn_t gfn)
{
	return READ_ONCE(*refused_slot(exec, gfn)) == gfn + 1;
}

static void forget_refusal(struct vigil_exec *exec, gfn_t gfn)
{
	if (was_refused(exec, gfn))
		WRITE_ONCE(*refused_slot(exec, gfn), 0);
}

/* --- answers -------------------------------------------------------------- */

/*
 * Code that writes to its own page would go on for ever between the write and
 * the fetch, so its page is opened, unless its last judgement was a refusal.
 */
static enum kvm_exec_verdict grant(struct vigil_exec *exec,
				   const struct kvm_exec_event *event)
{
	gfn_t gfn = gpa_to_gfn(event->gpa);

	if (event->flags & KVM_EXEC_F_SELF_WRITE && !was_refused(exec, gfn)) {
		vigil_open_note(exec, gfn);
		return KVM_EXEC_OPEN;
	}
	forget_refusal(exec, gfn);
	return KVM_EXEC_GRANT;
}

static enum kvm_exec_verdict refuse(struct vigil_exec *exec,
				    const struct kvm_exec_event *event)
{
	note_refusal(exec, gpa_to_gfn(event->gpa));
	return KVM_EXEC_REFUSE;
}

static enum kvm_exec_verdict unreadable(struct vigil_exec *exec,
					const struct kvm_exec_event *event)
{
	vigil_count(exec->vm, VIGIL_COUNT_UNREADABLE);
	if (READ_ONCE(exec->vm->unreadable) == VIGIL_ACTION_BLOCK)
		return refuse(exec, event);
	return grant(exec, event);
}

/* The guest changed its tables meanwhile, or means something else by them. */
static enum kvm_exec_verdict retry(struct vigil_exec *exec,
				   struct vigil_desk *desk)
{
	if (desk->retries++ < RETRIES_MAX)
		return KVM_EXEC_RETRY;
	desk->retries = 0;
	return unreadable(exec, desk->event);
}

/* --- facts ---------------------------------------------------------------- */

static bool is_fetched(struct vigil_desk *desk, u64 addr)
{
	return !vigil_walk(&desk->user, addr, &desk->walk) &&
	       gpa_to_gfn(desk->walk.gpa) == gpa_to_gfn(desk->event->gpa);
}

/* Which page of the process is it: that of RIP, or the next one? */
static int locate(struct vigil_desk *desk)
{
	u64 rip = desk->event->rip;

	desk->addr = rip;
	if (is_fetched(desk, rip))
		return 0;
	desk->addr = PAGE_ALIGN(rip + 1);
	if (desk->addr - rip < INSN_MAX && is_fetched(desk, desk->addr))
		return 0;
	return -EAGAIN;
}

static void read_kind(struct vigil_desk *desk)
{
	if (vigil_linux_page_kind(&desk->lx, &desk->vma, desk->walk.gpa,
				  &desk->kind))
		desk->kind = VIGIL_PAGE_UNKNOWN;
}

static u32 apply_rules(const struct vigil_desk *desk)
{
	const struct vigil_exec_facts facts = {
		.rip = desk->addr,
		.rsp = desk->cpu.gpr[VIGIL_CPU_RSP],
		.vma = &desk->vma,
		.page = desk->kind,
		.page_writable = desk->walk.writable,
	};

	return vigil_exec_judge(&facts);
}

/* --- judgement ------------------------------------------------------------ */

static enum kvm_exec_verdict act(struct vigil_exec *exec,
				 struct vigil_desk *desk,
				 struct vigil_protect *entry, u32 rules)
{
	u64 seq;

	atomic64_inc(&entry->hits);
	seq = vigil_exec_alert(desk, entry, rules);
	switch (entry->action) {
	case VIGIL_ACTION_OBSERVE:
		return grant(exec, desk->event);
	case VIGIL_ACTION_KILL:
		vigil_kill(desk, entry, seq);
		break;
	case VIGIL_ACTION_BLOCK:
		break;
	}
	return refuse(exec, desk->event);
}

static enum kvm_exec_verdict judge(struct vigil_exec *exec,
				   struct vigil_desk *desk,
				   struct vigil_protect *entry)
{
	u32 rules;
	int err;

	vigil_count(exec->vm, VIGIL_COUNT_JUDGED);
	err = locate(desk);
	if (!err)
		err = vigil_linux_find_vma(&desk->lx, desk->task.mm,
					   desk->addr, &desk->vma);
	/* A vCPU that was preempted in the middle of a change needs its time. */
	if (err == -EAGAIN || err == -ENOENT || err == -EUCLEAN)
		return retry(exec, desk);
	if (err)
		return unreadable(exec, desk->event);
	read_kind(desk);
	/* Another mapping may have come there since its page was located. */
	if (!is_fetched(desk, desk->addr))
		return retry(exec, desk);
	desk->retries = 0;

	rules = apply_rules(desk);
	if (rules & entry->rules)
		return act(exec, desk, entry, rules & entry->rules);
	if (rules & VIGIL_EXEC_UNSURE)
		return unreadable(exec, desk->event);
	if (desk->kind == VIGIL_PAGE_CACHE)
		vigil_around_file(desk);
	return grant(exec, desk->event);
}

static enum kvm_exec_verdict judge_process(struct vigil_exec *exec,
					   struct vigil_desk *desk)
{
	const struct vigil_task *task = &desk->task;
	struct vigil_vm *vm = exec->vm;
	struct vigil_protect *entry;

	if (vigil_linux_current(&desk->lx, &desk->cpu, &desk->task)) {
		vigil_guest_doubt(vm, 1);
		return unreadable(exec, desk->event);
	}
	vigil_guest_trust(vm);
	if (vigil_is_condemned(desk))
		return refuse(exec, desk->event);
	entry = vigil_policy_match(&vm->policy, &vm->srcu, task->pid,
				   task->comm);
	if (entry)
		return judge(exec, desk, entry);
	vigil_count(vm, VIGIL_COUNT_UNPROTECTED);
	return grant(exec, desk->event);
}

/* --- a vCPU's desk -------------------------------------------------------- */

static struct vigil_desk *get_desk(struct vigil_exec *exec,
				   struct kvm_vcpu *vcpu)
{
	struct vigil_desk *desk = xa_load(&exec->desks, vcpu->vcpu_idx);

	if (desk)
		return desk;
	/* The first fetch of this vCPU, and only its thread comes here. */
	desk = kvzalloc(sizeof(*desk), GFP_KERNEL_ACCOUNT);
	if (!desk)
		return NULL;
	desk->vm = exec->vm;
	desk->vcpu = vcpu;
	if (xa_err(xa_store(&exec->desks, vcpu->vcpu_idx, desk, GFP_KERNEL))) {
		kvfree(desk);
		return NULL;
	}
	return desk;
}

static void open_desk(struct vigil_desk *desk,
		      const struct kvm_exec_event *event,
		      const struct vigil_profile *profile)
{
	unsigned int levels;

	desk->event = event;
	vigil_cpu_read(desk->vcpu, &desk->cpu);
	levels = vigil_cpu_levels(&desk->cpu);
	vigil_gmem_init_vcpu(&desk->gmem, desk->vcpu);
	vigil_linux_init(&desk->lx, profile, &desk->gmem.gm, levels);
	vigil_space_init(&desk->user, &desk->gmem.gm, desk->cpu.cr3, levels);
}

static void close_desk(struct vigil_desk *desk)
{
	if (desk->lx.reread)
		vigil_count_add(desk->vm, VIGIL_COUNT_REREAD, desk->lx.reread);
}

/* --- fetches -------------------------------------------------------------- */

static enum kvm_exec_verdict fetch_user(struct vigil_exec *exec,
					struct kvm_vcpu *vcpu,
					const struct kvm_exec_event *event)
{
	const struct vigil_profile *profile = vigil_guest_profile(exec->vm,
								  VIGIL_PROFILE_OS_LINUX);
	enum kvm_exec_verdict verdict;
	struct vigil_desk *desk;

	if (!profile) {
		vigil_count(exec->vm, VIGIL_COUNT_NO_PROFILE);
		return grant(exec, event);
	}
	desk = get_desk(exec, vcpu);
	if (!desk)
		return unreadable(exec, event);
	open_desk(desk, event, profile);
	verdict = judge_process(exec, desk);
	close_desk(desk);
	return verdict;
}

/* The kernel's text goes in large pieces, because all of it is used. */
static void grant_kernel_text(struct vigil_exec *exec, struct kvm_vcpu *vcpu,
			      const struct kvm_exec_event *event,
			      const struct vigil_profile *profile)
{
	u64 start = profile->field[VIGIL_PROFILE_FIELD_SYM_STEXT];
	u64 end = profile->field[VIGIL_PROFILE_FIELD_SYM_ETEXT];
	struct vigil_desk *desk;

	/* Text that was patched comes back alone. */
	if (event->rip < start || event->rip >= end || event->flips)
		return;
	desk = get_desk(exec, vcpu);
	if (!desk)
		return;
	open_desk(desk, event, profile);
	vigil_around_kernel(desk, start, end);
	close_desk(desk);
}

static enum kvm_exec_verdict fetch_kernel(struct vigil_exec *exec,
					  struct kvm_vcpu *vcpu,
					  const struct kvm_exec_event *event)
{
	const struct vigil_profile *profile = vigil_guest_profile(exec->vm,
								  VIGIL_PROFILE_OS_LINUX);

	vigil_count(exec->vm, VIGIL_COUNT_KERNEL);
	if (profile && event->mode == KVM_EXEC_MODE_LONG)
		grant_kernel_text(exec, vcpu, event, profile);
	else if (profile && event->mode == KVM_EXEC_MODE_REAL)
		/* The guest reboots, or a CPU of it starts. */
		vigil_guest_doubt(exec->vm, VIGIL_DOUBT_LIMIT);
	return grant(exec, event);
}

enum kvm_exec_verdict vigil_exec_fetch(struct kvm_exec_client *client,
				       struct kvm_vcpu *vcpu,
				       const struct kvm_exec_event *event)
{
	struct vigil_exec *exec = container_of(client, struct vigil_exec,
					       client);
	enum kvm_exec_verdict verdict;
	int idx;

	idx = srcu_read_lock(&exec->vm->srcu);
	if (event->flags & (KVM_EXEC_F_NESTED | KVM_EXEC_F_SMM))
		verdict = grant(exec, event);
	else if (event->cpl == 3 && event->mode == KVM_EXEC_MODE_LONG)
		verdict = fetch_user(exec, vcpu, event);
	else
		verdict = fetch_kernel(exec, vcpu, event);
	srcu_read_unlock(&exec->vm->srcu, idx);
	trace_vigil_exec_fetch(exec->vm->id, vcpu->vcpu_idx, event, verdict);
	return verdict;
}
