// SPDX-License-Identifier: GPL-2.0
/*
 * Clients of a VM: KVM's own writes to guest memory, which go through a host
 * mapping.  A write takes the grant of its page away first, and while it is under
 * way the page isn't frozen for the client to look at: else the client could
 * decide about the content before the write, and grant the page after it.  A
 * write may sleep, e.g. for userspace to provide the page, hence it stops fetches
 * from its own page only.
 *
 * A watched page is left alone, unless the client can be asked about the write.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kvm_host.h>

#include "exec.h"
#include "exec_trace.h"
#include "mmu_internal.h"

/* Is KVM itself writing to the page, or may it be? */
bool kvm_gfn_is_being_written(struct kvm *kvm, gfn_t gfn)
{
	struct kvm_clients *clients = &kvm->arch.clients;
	struct kvm_guest_write *write;

	if (READ_ONCE(kvm->arch.exec.starting))
		return true;

	/*
	 * The caller has changed the record, and exec_try_write() reads it after
	 * the write is on the list: either finds the other.
	 */
	guard(raw_spinlock_irqsave)(&clients->writes_lock);

	list_for_each_entry(write, &clients->writes, list)
		if (write->gfn == gfn)
			return true;

	return false;
}

/* Keep the page from being frozen, and tell if it isn't at the moment. */
static bool exec_try_write(struct kvm *kvm, struct kvm_guest_write *write, gfn_t gfn)
{
	struct kvm_clients *clients = &kvm->arch.clients;

	/* Who begins without a client is waited for, see exec_enable(). */
	if (!READ_ONCE(kvm->arch.exec.client) || gfn == gpa_to_gfn(INVALID_GPA))
		return true;

	write->gfn = gfn;
	scoped_guard(raw_spinlock_irqsave, &clients->writes_lock)
		list_add(&write->list, &clients->writes);

	if (kvm_exec_is_frozen_for_write(kvm_gfn_record_load(kvm, gfn)))
		return false;

	/* Read the record before what it stands for, see exec_begin_change(). */
	smp_rmb();

	/* Write to guest memory after the flush, see kvm_clients_flush(). */
	return !smp_load_acquire(&clients->unflushed);
}

/* Close a page because of a write to it.  With mmu_lock held all TLBs are flushed. */
static void exec_take_grant(struct kvm *kvm, gfn_t gfn)
{
	union kvm_gfn_record record;

	write_lock(&kvm->mmu_lock);

	record = kvm_gfn_record_load(kvm, gfn);
	if (kvm_exec_is_frozen_for_write(record)) {
		kvm_exec_close_for_write(kvm, gfn, record);
		kvm_exec_count(kvm, revoked_by_kvm, record.state == KVM_EXEC_GRANTED);
		trace_kvm_exec_revoke(gfn, 0, true, record.state == KVM_EXEC_PENDING);
	}

	write_unlock(&kvm->mmu_lock);
}

void kvm_exec_begin_write(struct kvm *kvm, struct kvm_guest_write *write, gfn_t gfn)
{
	if (!exec_try_write(kvm, write, gfn))
		exec_take_grant(kvm, gfn);
}

/*
 * The write may have begun when there was no client, in which case @write is not
 * on the list and holds nothing.
 */
void kvm_exec_end_write(struct kvm *kvm, struct kvm_guest_write *write)
{
	struct kvm_clients *clients = &kvm->arch.clients;
	struct kvm_guest_write *other;

	/* What isn't seen here was put there by another. */
	if (list_empty(&clients->writes))
		return;

	scoped_guard(raw_spinlock_irqsave, &clients->writes_lock) {
		list_for_each_entry(other, &clients->writes, list) {
			if (other == write) {
				list_del(&write->list);
				break;
			}
		}
	}
}

/*
 * There is no client any more: wait until no write is on the list.  A writer may
 * be in the scheduler, hence nobody is woken up.
 */
void kvm_guest_writes_wait(struct kvm *kvm)
{
	while (!list_empty(&kvm->arch.clients.writes))
		schedule_timeout_uninterruptible(1);
}

int kvm_exec_copy_to_guest(struct kvm *kvm, gpa_t gpa, unsigned long hva,
			   const void *data, unsigned int len)
{
	struct kvm_guest_write write;
	int r;

	kvm_exec_begin_write(kvm, &write, gpa_to_gfn(gpa));
	r = __copy_to_user((void __user *)hva, data, len);
	kvm_exec_end_write(kvm, &write);
	return r;
}

static bool guest_write_denied(struct kvm *kvm, gfn_t gfn)
{
	if (!READ_ONCE(kvm->arch.clients.watching) ||
	    !kvm_gfn_record_load(kvm, gfn).watched)
		return false;

	kvm->arch.clients.watch->denied(kvm);
	return true;
}

bool __kvm_guest_write_begin(struct kvm *kvm, struct kvm_guest_write *write, gfn_t gfn)
{
	if (guest_write_denied(kvm, gfn))
		return false;

	kvm_exec_begin_write(kvm, write, gfn);
	return true;
}

/* A grant can't be taken away in atomic context. */
bool __kvm_guest_write_try_begin(struct kvm *kvm, struct kvm_guest_write *write, gfn_t gfn)
{
	if (guest_write_denied(kvm, gfn))
		return false;

	if (exec_try_write(kvm, write, gfn))
		return true;

	kvm_exec_end_write(kvm, write);
	return false;
}

void __kvm_guest_write_end(struct kvm *kvm, struct kvm_guest_write *write)
{
	kvm_exec_end_write(kvm, write);
}

bool __kvm_guest_write_announce(struct kvm *kvm, gfn_t gfn)
{
	struct kvm_guest_write write;

	if (!__kvm_guest_write_begin(kvm, &write, gfn))
		return false;

	kvm_exec_end_write(kvm, &write);
	return true;
}

int __kvm_copy_to_guest(struct kvm *kvm, gpa_t gpa, unsigned long hva,
			const void *data, unsigned int len)
{
	if (READ_ONCE(kvm->arch.clients.watching) &&
	    kvm_gfn_record_load(kvm, gpa_to_gfn(gpa)).watched)
		return kvm->arch.clients.watch->copy_to_guest(kvm, gpa, hva, data, len);

	return kvm_exec_copy_to_guest(kvm, gpa, hva, data, len);
}
