// SPDX-License-Identifier: GPL-2.0
/*
 * Execute policy: the guest's writes, which take grants away.  See exec.c.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/jiffies.h>
#include <linux/kvm_host.h>

#include "exec.h"
#include "exec_trace.h"
#include "mmu.h"
#include "mmu_internal.h"
#include "page_track.h"
#include "x86.h"

/*
 * How long a writer waits for a vCPU that else would never get to execute the
 * page: longer than that takes to be scheduled on a busy host, as else it would
 * starve there.  Not for ever, as its thread may be stopped.
 */
#define EXEC_MAX_WAIT	(HZ / 10)

/* Close a page, which has a record, because of a write to it. */
void kvm_exec_close_for_write(struct kvm *kvm, gfn_t gfn, union kvm_gfn_record old)
{
	union kvm_gfn_record record = old;
	bool flush = false, mapped = false;

	if (record.state == KVM_EXEC_GRANTED) {
		kvm_exec_count(kvm, revoked, 1);
		if (record.flips < KVM_EXEC_MAX_FLIPS)
			record.flips++;
	}

	record.state = KVM_EXEC_CLOSED;
	record.domain = KVM_GFN_DOMAIN_ALL;
	record.held = 0;
	kvm_exec_store(kvm, NULL, gfn, old, record, &flush, &mapped);

	/*
	 * Nothing may be executed from stale TLB entries once the write is
	 * done; the fault handler that makes the SPTE writable doesn't flush.
	 */
	kvm_clients_flush(kvm, &flush);
}

/* Is the policy KVM's only reason to intercept a write by this vCPU? */
static bool exec_may_make_writable(struct kvm_vcpu *vcpu,
				   struct kvm_page_fault *fault,
				   union kvm_gfn_record record)
{
	struct kvm *kvm = vcpu->kvm;

	return fault->is_tdp && !kvm_slot_dirty_track_enabled(fault->slot) &&
	       !kvm->arch.indirect_shadow_pages && !record.watched &&
	       !kvm_gfn_is_write_tracked(kvm, fault->slot, fault->gfn);
}

static void exec_note_write(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault,
			    union kvm_gfn_record record)
{
	struct kvm_vcpu_exec *exec = &vcpu->arch.exec;
	bool pending = record.state == KVM_EXEC_PENDING;

	trace_kvm_exec_revoke(fault->gfn, fault->error_code, false, pending);
	if (pending)
		return;

	exec->wrote = true;
	exec->written_gfn = fault->gfn;
	exec->written_rip = kvm_get_linear_rip(vcpu);

	/* Who takes the grant away itself doesn't starve. */
	if (exec->asked_gfn == fault->gfn)
		exec->nr_again = 0;

	if (fault->error_code & PFERR_GUEST_PAGE_MASK)
		kvm_exec_count(vcpu->kvm, revoked_by_walk, 1);
}

/* Is the page held for another vCPU, which hasn't been waited for long? */
static bool exec_must_wait(struct kvm_vcpu *vcpu, union kvm_gfn_record record)
{
	struct kvm_vcpu_exec *exec = &vcpu->arch.exec;

	if (!record.held)
		return false;

	if (exec->waits_seq != record.seq) {
		exec->waits_seq = record.seq;
		exec->waits_since = jiffies;
	}

	return time_before(jiffies, exec->waits_since + EXEC_MAX_WAIT);
}

/* A write to a page that was pending or granted just now. */
int kvm_exec_write_fault(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault)
{
	struct kvm *kvm = vcpu->kvm;
	union kvm_gfn_record record;
	int r = RET_PF_CONTINUE;

	write_lock(&kvm->mmu_lock);

	record = kvm_gfn_record_load(kvm, fault->gfn);
	if (!kvm_exec_is_frozen_for_write(record))
		goto out_unlock;

	if (exec_must_wait(vcpu, record)) {
		r = RET_PF_RETRY;
		goto out_unlock;
	}

	kvm_exec_close_for_write(kvm, fault->gfn, record);
	exec_note_write(vcpu, fault, record);
	if (exec_may_make_writable(vcpu, fault, record) &&
	    kvm_tdp_mmu_make_writable(kvm, fault->slot, fault->gfn))
		r = RET_PF_FIXED;

out_unlock:
	write_unlock(&kvm->mmu_lock);
	return r;
}
