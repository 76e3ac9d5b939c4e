// SPDX-License-Identifier: GPL-2.0
/*
 * Execute policy: instruction fetches, which ask the client.  See exec.c.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/jiffies.h>
#include <linux/kvm_host.h>

#include "exec.h"
#include "exec_trace.h"
#include "kvm_cache_regs.h"
#include "kvm_emulate.h"
#include "mmu.h"
#include "mmu_internal.h"
#include "smm.h"
#include "x86.h"

/*
 * A vCPU starves once it has come back with the same fetch that many times in a
 * row: by chance that's rare, and so few don't cost much.
 */
#define EXEC_STARVED		4

/* A question that comes later than that is another one: the vCPU got on. */
#define EXEC_STARVED_TIME	(HZ / 4)

/* A question to the client about a page, and what came of it. */
struct exec_question {
	struct kvm_exec_event event;
	gfn_t gfn;
	u32 seq;	/* of the freezer, which may be another vCPU */
	bool mapped;	/* the grant found an SPTE and edited it */
};

/*
 * Can the page be frozen, now that its record says so?  Not while KVM itself
 * writes to it, nor while the host is about to replace it, as the client might
 * see what was there before.
 */
static bool exec_is_stable(struct kvm *kvm, gfn_t gfn)
{
	return !kvm_gfn_is_being_written(kvm, gfn) &&
	       !mmu_invalidate_retry_gfn_unsafe(kvm, READ_ONCE(kvm->mmu_invalidate_seq), gfn);
}

/*
 * Freeze a page that is closed, or executable only where it isn't fetched from.
 * Set @flush if the TLBs must be flushed before dropping mmu_lock.  -EAGAIN if
 * that's not possible now, and then it is closed.
 */
int kvm_exec_freeze_page(struct kvm_vcpu *vcpu, gfn_t gfn, union kvm_gfn_record old,
			 u32 seq, bool held, bool *flush)
{
	union kvm_gfn_record record = old;
	struct kvm *kvm = vcpu->kvm;
	bool mapped = false;

	record.state = KVM_EXEC_PENDING;
	record.domain = KVM_GFN_DOMAIN_ALL;
	record.held = held;
	record.seq = seq;
	if (kvm_exec_store(kvm, vcpu, gfn, old, record, flush, &mapped))
		return -EAGAIN;

	if (exec_is_stable(kvm, gfn))
		return 0;

	old = record;
	record.state = KVM_EXEC_CLOSED;
	record.held = 0;
	kvm_exec_store(kvm, vcpu, gfn, old, record, flush, &mapped);
	kvm_exec_count(kvm, blocked, 1);
	return -EAGAIN;
}

/*
 * Freeze the page in question.  If it is frozen by another vCPU's question, then
 * join: ask as well, the first answer counts.
 */
static int exec_freeze_locked(struct kvm_vcpu *vcpu, struct exec_question *q,
			      bool *flush)
{
	union kvm_gfn_record record = kvm_gfn_record_load(vcpu->kvm, q->gfn);
	bool starved = q->event.flags & KVM_EXEC_F_STARVED;

	if (!vcpu->kvm->arch.exec.client ||
	    kvm_exec_is_executable(record, vcpu->arch.mmu->root_role))
		return -EAGAIN;

	q->event.flips = record.flips;
	q->seq = vcpu->arch.exec.seq;

	if (record.state == KVM_EXEC_PENDING) {
		q->seq = record.seq;
		record.held |= starved;

		/* There is a record, and SPTEs stay as they are. */
		kvm_gfn_record_store(vcpu->kvm, q->gfn, record);
		return 0;
	}

	return kvm_exec_freeze_page(vcpu, q->gfn, record, q->seq, starved, flush);
}

/* What it takes to split a huge page. */
int kvm_exec_topup_caches(struct kvm_vcpu *vcpu)
{
	int r;

	r = kvm_mmu_topup_memory_cache(&vcpu->arch.mmu_shadow_page_cache,
				       PT64_ROOT_MAX_LEVEL);
	if (r)
		return r;

	return kvm_mmu_topup_memory_cache(&vcpu->arch.mmu_page_header_cache,
					  PT64_ROOT_MAX_LEVEL);
}

static int exec_freeze(struct kvm_vcpu *vcpu, struct exec_question *q)
{
	struct kvm *kvm = vcpu->kvm;
	bool flush = false;
	int r;

	r = kvm_exec_topup_caches(vcpu);
	if (!r)
		r = kvm_gfn_record_reserve(kvm, q->gfn);
	if (r)
		return r;

	write_lock(&kvm->mmu_lock);

	/* 0 means that there is no question. */
	if (!++kvm->arch.exec.seq)
		++kvm->arch.exec.seq;
	vcpu->arch.exec.seq = kvm->arch.exec.seq;

	r = exec_freeze_locked(vcpu, q, &flush);
	kvm_clients_flush(kvm, &flush);
	write_unlock(&kvm->mmu_lock);

	if (r)
		kvm_gfn_record_release(kvm, q->gfn);
	return r;
}

/* Return false if the answer came too late. */
static bool exec_answer(struct kvm_vcpu *vcpu, struct exec_question *q,
			enum kvm_exec_state state)
{
	struct kvm_vcpu_exec *exec = &vcpu->arch.exec;
	struct kvm *kvm = vcpu->kvm;
	union kvm_gfn_record record, old;
	bool flush = false, ok;

	write_lock(&kvm->mmu_lock);

	old = kvm_gfn_record_load(kvm, q->gfn);
	ok = kvm->arch.exec.client && kvm_exec_is_frozen(old, q->seq);
	if (ok) {
		record = old;
		record.state = state;
		record.held = old.held && state == KVM_EXEC_GRANTED;
		if (state != KVM_EXEC_CLOSED)
			record.domain = kvm_gfn_domain(vcpu->arch.mmu->root_role);
		kvm_exec_store(kvm, vcpu, q->gfn, old, record, &flush, &q->mapped);
		kvm_clients_flush(kvm, &flush);

		if (record.held) {
			exec->held_seq = record.seq;
			exec->held_gfn = q->gfn;
		}
	}

	write_unlock(&kvm->mmu_lock);

	return ok;
}

/* The vCPU that writers waited for has executed the page. */
void kvm_exec_release(struct kvm_vcpu *vcpu)
{
	struct kvm_vcpu_exec *exec = &vcpu->arch.exec;
	struct kvm *kvm = vcpu->kvm;
	union kvm_gfn_record record;

	write_lock(&kvm->mmu_lock);

	record = kvm_gfn_record_load(kvm, exec->held_gfn);
	if (record.state == KVM_EXEC_GRANTED && record.held &&
	    record.seq == exec->ran_seq) {
		/* SPTEs stay as they are. */
		record.held = 0;
		kvm_gfn_record_store(kvm, exec->held_gfn, record);
	}

	write_unlock(&kvm->mmu_lock);

	/* Another page may be held since, or the same again. */
	if (exec->held_seq == exec->ran_seq)
		exec->held_seq = 0;
	exec->ran_seq = 0;
}

static void exec_fill_event(struct kvm_vcpu *vcpu, struct kvm_exec_event *event)
{
	struct kvm_vcpu_exec *exec = &vcpu->arch.exec;

	event->rip = kvm_get_linear_rip(vcpu);
	event->cpl = kvm_x86_call(get_cpl)(vcpu);

	if (is_long_mode(vcpu))
		event->mode = KVM_EXEC_MODE_LONG;
	else if (is_protmode(vcpu))
		event->mode = KVM_EXEC_MODE_PROT;
	else
		event->mode = KVM_EXEC_MODE_REAL;

	if (is_guest_mode(vcpu))
		event->flags |= KVM_EXEC_F_NESTED;
	if (is_smm(vcpu))
		event->flags |= KVM_EXEC_F_SMM;

	/*
	 * The instruction wrote to its own page and can't make progress: the
	 * write makes the page non-executable, the grant makes it read-only.
	 */
	if (exec->wrote && exec->written_gfn == gpa_to_gfn(event->gpa) &&
	    exec->written_rip == event->rip)
		event->flags |= KVM_EXEC_F_SELF_WRITE;

	/* The next round tells as well if this one was disturbed. */
	exec->wrote = false;

	/*
	 * Is it the instruction that was asked about before, and a short time ago?
	 * It can be in two pages.
	 */
	if (exec->asked_rip != event->rip ||
	    time_after(jiffies, exec->asked_at + EXEC_STARVED_TIME))
		exec->nr_again = 0;
	exec->asked_gfn = gpa_to_gfn(event->gpa);
	exec->asked_rip = event->rip;
	exec->asked_at = jiffies;
	if (exec->nr_again >= EXEC_STARVED)
		event->flags |= KVM_EXEC_F_STARVED;
}

static void exec_count_question(struct kvm *kvm, const struct kvm_exec_event *event)
{
	kvm_exec_count(kvm, fetches, 1);
	if (event->flags & KVM_EXEC_F_SELF_WRITE)
		kvm_exec_count(kvm, self_writes, 1);
	if (event->flags & KVM_EXEC_F_EMULATOR)
		kvm_exec_count(kvm, emulated_fetches, 1);
	if (event->flags & KVM_EXEC_F_NESTED)
		kvm_exec_count(kvm, nested, 1);
	if (event->flags & KVM_EXEC_F_STARVED)
		kvm_exec_count(kvm, starved, 1);
}

static void exec_count_verdict(struct kvm *kvm, enum kvm_exec_verdict verdict)
{
	switch (verdict) {
	case KVM_EXEC_GRANT:
		kvm_exec_count(kvm, granted, 1);
		break;
	case KVM_EXEC_OPEN:
		kvm_exec_count(kvm, opened, 1);
		break;
	case KVM_EXEC_RETRY:
		kvm_exec_count(kvm, retried, 1);
		break;
	case KVM_EXEC_REFUSE:
		kvm_exec_count(kvm, refused, 1);
		break;
	}
}

static enum kvm_exec_state exec_verdict_state(enum kvm_exec_verdict verdict)
{
	switch (verdict) {
	case KVM_EXEC_GRANT:
		return KVM_EXEC_GRANTED;
	case KVM_EXEC_OPEN:
		return KVM_EXEC_OPENED;
	default:
		return KVM_EXEC_CLOSED;
	}
}

/*
 * Refuse the fetch.  If an event is about to be re-injected, then deliver it
 * first instead of queueing an exception on top of it: the instruction isn't
 * executed either way, and is fetched again after the event's handler.
 */
static void exec_refuse(struct kvm_vcpu *vcpu)
{
	if (!kvm_event_needs_reinjection(vcpu))
		kvm_queue_exception(vcpu, UD_VECTOR);
}

/* Ask the client about the fetch that the event has the GPA and flags of. */
static int exec_ask(struct kvm_vcpu *vcpu, struct exec_question *q)
{
	struct kvm_exec_client *client = READ_ONCE(vcpu->kvm->arch.exec.client);
	struct kvm *kvm = vcpu->kvm;
	enum kvm_exec_verdict verdict;
	bool ok;
	int r;

	if (!client)
		return RET_PF_RETRY;

	q->gfn = gpa_to_gfn(q->event.gpa);
	exec_fill_event(vcpu, &q->event);

	/* If it won't be possible, then don't keep others from mmu_lock. */
	if (!exec_is_stable(kvm, q->gfn)) {
		kvm_exec_count(kvm, blocked, 1);
		return RET_PF_RETRY;
	}

	r = exec_freeze(vcpu, q);
	if (r) {
		vcpu->arch.exec.seq = 0;
		return r == -EAGAIN ? RET_PF_RETRY : r;
	}

	exec_count_question(kvm, &q->event);
	verdict = client->ops->fetch(client, vcpu, &q->event);
	vcpu->arch.exec.seq = 0;

	ok = exec_answer(vcpu, q, exec_verdict_state(verdict));
	trace_kvm_exec_fetch(vcpu, &q->event, verdict, !ok);

	/* What isn't granted isn't taken away either. */
	if (!ok || verdict == KVM_EXEC_GRANT)
		vcpu->arch.exec.nr_again++;
	else
		vcpu->arch.exec.nr_again = 0;

	if (!ok) {
		kvm_exec_count(kvm, lost, 1);
		return RET_PF_RETRY;
	}

	exec_count_verdict(kvm, verdict);
	if (verdict == KVM_EXEC_REFUSE)
		exec_refuse(vcpu);
	if (verdict != KVM_EXEC_GRANT && verdict != KVM_EXEC_OPEN)
		return RET_PF_RETRY;

	return q->mapped ? RET_PF_FIXED : RET_PF_CONTINUE;
}

int kvm_exec_fetch_fault(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault)
{
	/* fault->addr is an L2 GPA if the fetch is nested. */
	struct exec_question q = {
		.event.gpa = gfn_to_gpa(fault->gfn) | offset_in_page(fault->addr),
		.event.error_code = fault->error_code,
	};
	union kvm_gfn_record record = kvm_gfn_record_load(vcpu->kvm, fault->gfn);
	int r;

	if (kvm_exec_is_executable(record, vcpu->arch.mmu->root_role))
		return RET_PF_CONTINUE;

	r = exec_ask(vcpu, &q);

	/* Only the TDP MMU's SPTEs were edited. */
	if (r == RET_PF_FIXED && !fault->is_tdp)
		return RET_PF_CONTINUE;

	return r;
}

static gpa_t exec_fetch_gpa(struct kvm_vcpu *vcpu, unsigned long addr)
{
	u64 access = PFERR_FETCH_MASK;
	struct kvm_mmu *mmu = vcpu->arch.walk_mmu;
	struct x86_exception exception;

	if (kvm_x86_call(get_cpl)(vcpu) == 3)
		access |= PFERR_USER_MASK;

	return mmu->gva_to_gpa(vcpu, mmu, addr, access, &exception);
}

/*
 * Return false if the emulator must not go ahead with what it fetched.  What it
 * fetched before the page was granted must not be executed, not even if the client
 * grants the page now, as it may have been written in between.  The CPU fetches it
 * instead and, if KVM is to emulate it, it comes back.
 */
static bool exec_allow_addr(struct kvm_vcpu *vcpu, unsigned long addr)
{
	gpa_t gpa = exec_fetch_gpa(vcpu, addr);
	struct exec_question q = {
		.event.gpa = gpa,
		.event.flags = KVM_EXEC_F_EMULATOR,
	};
	struct kvm_exec *exec = &vcpu->kvm->arch.exec;
	struct kvm_memory_slot *slot;
	union kvm_gfn_record record;

	/* The mapping is gone since the instruction was fetched. */
	if (gpa == INVALID_GPA)
		return false;

	/* There is no policy for code that isn't in memory. */
	slot = kvm_vcpu_gfn_to_memslot(vcpu, gpa_to_gfn(gpa));
	if (!slot)
		return true;

	/* It was memory when the instruction was fetched, and is about to go. */
	if (slot->flags & KVM_MEMSLOT_INVALID)
		return false;

	/* Executable now, and no grant since the exit: it was so all the time. */
	record = kvm_gfn_record_load(vcpu->kvm, gpa_to_gfn(gpa));

	/* Read it before the generation, see kvm_exec_store(). */
	smp_rmb();
	if (kvm_exec_is_executable(record, vcpu->arch.mmu->root_role))
		return READ_ONCE(exec->generation) == vcpu->arch.exec.ran_generation;

	exec_ask(vcpu, &q);
	return false;
}

/* Check the pages that an instruction was fetched from. */
bool __kvm_exec_allow_insn(struct kvm_vcpu *vcpu)
{
	struct x86_emulate_ctxt *ctxt = vcpu->arch.emulate_ctxt;
	unsigned long addr = kvm_get_linear_rip(vcpu);
	unsigned long last = addr + (ctxt->fetch.ptr - ctxt->fetch.data) - 1;

	return exec_allow_addr(vcpu, addr) &&
	       (!((addr ^ last) & PAGE_MASK) || exec_allow_addr(vcpu, last));
}
