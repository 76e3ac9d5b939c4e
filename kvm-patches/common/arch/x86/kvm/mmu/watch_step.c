// SPDX-License-Identifier: GPL-2.0
/*
 * Watched pages: what the emulator can't or must not do.  See watch.c.
 *
 * The CPU sets A/D bits while it walks guest page tables.  If the table is
 * watched, set the bit for it, and let it walk again.
 *
 * If the emulator doesn't know an instruction, or if an event is delivered through
 * the page, e.g. an exception's frame, then open the page, have the vCPU execute
 * one instruction or deliver the event, close the page, and tell the client.
 * Until then the page is writable for all vCPUs, as they share their SPTEs, which
 * is why the client is told to look at the page and not at the write.  A page is
 * closed after the next exit of the vCPU, whatever the exit is for, unless the
 * exit is for another page to be opened or to be mapped writable for the same
 * instruction.  It is closed as well if the vCPU is to sleep, or if its thread
 * has other things to do, before it runs.  An instruction that wasn't executed
 * faults again.
 *
 * What neither helps against ends the watch of the page, and the client is told:
 * a guest must not be stopped, and nothing must go unnoticed.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/export.h>
#include <linux/kvm_host.h>
#include <linux/uaccess.h>

#include "exec.h"
#include "kvm_cache_regs.h"
#include "mmu.h"
#include "mmu_internal.h"
#include "watch.h"
#include "watch_trace.h"
#include "x86.h"

/*
 * How often a walk may come back with the exit after, until it's taken for one
 * that no bit helps: once for each of A and D, and once more for bits that another
 * vCPU just set.
 */
#define WATCH_MAX_WALKS	4

/*
 * The same for walks that a bit helped each time, as another vCPU clears it: they
 * get on, but by chance only.
 */
#define WATCH_MAX_BITS	1024

/* What came of looking at a page table entry. */
enum watch_walk {
	WALK_DONE,	/* a bit is set, or the entry has changed */
	WALK_CLEAN,	/* accessed, but not dirty */
	WALK_NOTHING,	/* there is no bit to set */
};

#define watch_set_bit(type, hva, bit, old)					\
	__try_cmpxchg_user((type __user *)(hva), &(old), (type)((old) | (bit)),	\
			   watch_fault_##type)

static int watch_set_ad(struct kvm_vcpu *vcpu, gpa_t gpa, unsigned long hva,
			u64 entry, u64 bit)
{
	struct kvm_guest_write write;
	u32 entry32 = entry;
	int r;

	kvm_exec_begin_write(vcpu->kvm, &write, gpa_to_gfn(gpa));

	if (is_pae(vcpu))
		r = watch_set_bit(u64, hva, bit, entry);
	else
		r = watch_set_bit(u32, hva, bit, entry32);

	kvm_exec_end_write(vcpu->kvm, &write);
	if (r < 0)
		return r;

	kvm_vcpu_mark_page_dirty(vcpu, gpa_to_gfn(gpa));
	kvm_watch_count(vcpu->kvm, walks, 1);
	trace_kvm_watch_walk(vcpu, gpa, entry, bit);
	return WALK_DONE;
}

/*
 * Set the bit in the entry at @gpa that the CPU stopped at: the accessed bit, or
 * else, if @dirty, the dirty bit.  Which bit the CPU is after isn't known, but it
 * doesn't set the dirty bit before the accessed bit.
 */
static int watch_walk_entry(struct kvm_vcpu *vcpu, gpa_t gpa, bool dirty)
{
	unsigned int size = is_pae(vcpu) ? sizeof(u64) : sizeof(u32);
	unsigned long hva;
	u64 entry = 0;

	gpa = ALIGN_DOWN(gpa, size);
	hva = kvm_vcpu_gfn_to_hva(vcpu, gpa_to_gfn(gpa));
	if (kvm_is_error_hva(hva) || kvm_vcpu_read_guest(vcpu, gpa, &entry, size))
		return -EFAULT;

	hva += offset_in_page(gpa);

	if (!(entry & PT_PRESENT_MASK))
		return WALK_NOTHING;
	if (!(entry & PT_ACCESSED_MASK))
		return watch_set_ad(vcpu, gpa, hva, entry, PT_ACCESSED_MASK);

	/* A dirty entry that isn't writable can be a shadow stack's. */
	if ((entry & PT_DIRTY_MASK) || !(entry & PT_WRITABLE_MASK))
		return WALK_NOTHING;

	return dirty ? watch_set_ad(vcpu, gpa, hva, entry, PT_DIRTY_MASK) : WALK_CLEAN;
}

static void watch_missed(struct kvm_vcpu *vcpu, gfn_t gfn, enum kvm_watch_missed why)
{
	struct kvm_watch_client *client = READ_ONCE(vcpu->kvm->arch.watch.client);

	if (!client)
		return;

	kvm_watch_count(vcpu->kvm, missed, 1);
	kvm_watch_count(vcpu->kvm, missed_event, why == KVM_WATCH_MISSED_EVENT);
	kvm_watch_count(vcpu->kvm, dropped_pages, why == KVM_WATCH_MISSED_DROPPED);
	trace_kvm_watch_missed(vcpu, gfn, why);
	client->ops->missed(client, vcpu, gfn, why);
}

/*
 * There is no way to go on but without the watch.  Else the guest would come back
 * with the same fault for ever.
 */
static int watch_drop(struct kvm_vcpu *vcpu)
{
	gfn_t gfn = gpa_to_gfn(vcpu->arch.watch.fault_gpa);

	vcpu->arch.watch.event = false;
	if (kvm_watch_drop_page(vcpu->kvm, gfn))
		watch_missed(vcpu, gfn, KVM_WATCH_MISSED_DROPPED);
	return RET_PF_RETRY;
}

/*
 * The CPU wants to write to the page table entry at @gpa while it walks.  If the
 * accessed bit is there already, let it try once more: another vCPU may just
 * have set it, and a dirty bit must not be set without need.  A walk is never done
 * by a step, in which it isn't known what is executed.
 */
static int watch_walk(struct kvm_vcpu *vcpu, gpa_t gpa)
{
	struct kvm_vcpu_watch *watch = &vcpu->arch.watch;
	int r;

	if (watch->walk_gpa != gpa || watch->walk_exit + 1 != vcpu->stat.exits) {
		watch->walk_again = 0;
		watch->walk_done = 0;
	}

	watch->walk_gpa = gpa;
	watch->walk_exit = vcpu->stat.exits;

	r = watch_walk_entry(vcpu, gpa, watch->walk_again);
	if (r < 0)
		return r;

	if (r == WALK_DONE) {
		watch->walk_again = 1;
		if (++watch->walk_done < WATCH_MAX_BITS)
			return RET_PF_RETRY;
	} else if (++watch->walk_again < WATCH_MAX_WALKS) {
		return RET_PF_RETRY;
	}

	watch->walk_again = 0;
	watch->walk_done = 0;
	return watch_drop(vcpu);
}

/* A write fault on a watched page. */
int kvm_watch_fault(struct kvm_vcpu *vcpu, u64 error_code)
{
	if (error_code & PFERR_GUEST_PAGE_MASK)
		return watch_walk(vcpu, vcpu->arch.watch.fault_gpa);

	/* The fault isn't that of the instruction at RIP. */
	if (kvm_event_needs_reinjection(vcpu)) {
		vcpu->arch.watch.event = true;
		__kvm_watch_let_through(vcpu);
		return RET_PF_RETRY;
	}

	return RET_PF_EMULATE;
}

static bool watch_is_open_here(struct kvm_vcpu *vcpu, gfn_t gfn)
{
	struct kvm_vcpu_watch *watch = &vcpu->arch.watch;
	int i;

	for (i = 0; i < watch->nr_open; i++)
		if (watch->open[i] == gfn)
			return true;

	return false;
}

/* The page is watched, or was a moment ago. */
int kvm_watch_page_fault(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault)
{
	if (!fault->present || fault->rsvd)
		return RET_PF_CONTINUE;

	/* The SPTE is yet to become writable, the instruction wasn't executed. */
	if (watch_is_open_here(vcpu, fault->gfn)) {
		vcpu->arch.watch.armed = true;
		return RET_PF_CONTINUE;
	}

	/* fault->addr is an L2 GPA if the write is nested. */
	vcpu->arch.watch.fault_gpa = gfn_to_gpa(fault->gfn) | offset_in_page(fault->addr);
	vcpu->arch.watch.faulted = true;
	return RET_PF_WRITE_PROTECTED;
}

/*
 * Let the vCPU execute the next instruction, or deliver the event, with the page
 * open that it faulted on.  Without a way to step, i.e. on an old CPU or in L2,
 * which can't be stepped without L1's taking notice, the page isn't watched any
 * more.
 */
void __kvm_watch_let_through(struct kvm_vcpu *vcpu)
{
	struct kvm_vcpu_watch *watch = &vcpu->arch.watch;
	gfn_t gfn = gpa_to_gfn(watch->fault_gpa);

	/* An instruction that writes to more pages makes progress by and by. */
	if (watch->nr_open == KVM_WATCH_MAX_OPEN)
		__kvm_watch_close(vcpu);

	if (is_guest_mode(vcpu) || !kvm_x86_call(watch_step)(vcpu, true)) {
		watch_drop(vcpu);
		return;
	}

	/* Somebody may have removed it meanwhile. */
	if (kvm_watch_open_page(vcpu->kvm, gfn)) {
		watch->open[watch->nr_open++] = gfn;
		watch->armed = true;
	} else if (!watch->nr_open) {
		kvm_x86_call(watch_step)(vcpu, false);
		watch->event = false;
	}
}

/*
 * The instruction that pages are open for can't be executed in a step: let it go
 * without the watch.
 */
void kvm_watch_give_up(struct kvm_vcpu *vcpu)
{
	vcpu->arch.watch.give_up = true;
}
EXPORT_SYMBOL_GPL(kvm_watch_give_up);

void __kvm_watch_close(struct kvm_vcpu *vcpu)
{
	struct kvm_vcpu_watch *watch = &vcpu->arch.watch;
	enum kvm_watch_missed why;
	int i;

	kvm_x86_call(watch_step)(vcpu, false);

	if (watch->give_up)
		why = KVM_WATCH_MISSED_DROPPED;
	else
		why = watch->event ? KVM_WATCH_MISSED_EVENT : KVM_WATCH_MISSED_INSN;

	for (i = 0; i < watch->nr_open; i++) {
		if (watch->give_up)
			kvm_watch_drop_page(vcpu->kvm, watch->open[i]);
		else
			kvm_watch_close_page(vcpu->kvm, watch->open[i]);
	}

	for (i = 0; i < watch->nr_open; i++)
		watch_missed(vcpu, watch->open[i], why);

	watch->nr_open = 0;
	watch->event = false;
	watch->give_up = false;
	watch->armed = false;
}
