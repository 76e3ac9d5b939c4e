// SPDX-License-Identifier: GPL-2.0
/*
 * Clients of a VM, i.e. other kernel modules that say what the guest may execute
 * (exec.c) and what it may write (watch.c): the record that a page has of both,
 * and what SPTEs may allow because of it.
 *
 * The record of a page and the permissions of its SPTEs change together, with
 * mmu_lock held for write.  If mmu_lock were held for read, then a fault handler
 * could install an SPTE that it made for the record before, as the value that it
 * expects to replace (non-present) can be there again.  Thus, with mmu_lock held
 * no SPTE ever has a permission that the record of its page doesn't allow.  TLBs
 * are flushed before mmu_lock is dropped.
 *
 * Records are kept by gfn, outside of memslots, as they are sparse and as
 * watched pages stay watched if memslots come and go.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/export.h>
#include <linux/kvm_host.h>
#include <linux/srcu.h>

#include "mmu.h"
#include "mmu_internal.h"
#include "clients.h"
#include "exec.h"
#include "spte.h"
#include "tdp_mmu.h"
#include "x86.h"

DEFINE_STATIC_KEY_FALSE(kvm_clients_key);
EXPORT_SYMBOL_GPL(kvm_clients_key);

void kvm_clients_init_vm(struct kvm *kvm)
{
	struct kvm_clients *clients = &kvm->arch.clients;

	mutex_init(&clients->lock);
	xa_init_flags(&clients->records, XA_FLAGS_ACCOUNT);
	raw_spin_lock_init(&clients->writes_lock);
	INIT_LIST_HEAD(&clients->writes);
}

/* Can the VM have a client?  Stable under kvm_clients.lock. */
bool kvm_clients_supported(struct kvm *kvm)
{
	return tdp_mmu_enabled && !kvm->arch.clients.forbidden &&
	       kvm->arch.vm_type == KVM_X86_DEFAULT_VM &&
	       !kvm->arch.has_private_mem && !kvm->arch.has_protected_state;
}

/*
 * The VM becomes of a kind that can't have clients: the host can't read its
 * memory (SEV), or KVM writes to it behind the clients' backs (Xen).  -EBUSY if
 * it has one.
 */
int kvm_clients_forbid(struct kvm *kvm)
{
	guard(mutex)(&kvm->arch.clients.lock);

	if (kvm->arch.exec.client || kvm->arch.clients.watching)
		return -EBUSY;

	kvm->arch.clients.forbidden = true;
	return 0;
}
EXPORT_SYMBOL_GPL(kvm_clients_forbid);

static void clients_notice(struct kvm *kvm, enum kvm_client_notice notice)
{
	struct kvm_exec_client *client;

	guard(srcu)(&kvm->srcu);

	client = READ_ONCE(kvm->arch.exec.client);
	if (client && client->ops->notice)
		client->ops->notice(client, kvm, notice);
	if (READ_ONCE(kvm->arch.clients.watching))
		kvm->arch.clients.watch->notice(kvm, notice);
}

/*
 * Tell whether most of the guest's memory is logged, as it is while the guest is
 * migrated.  A frame buffer may be logged all the time.
 */
static void clients_tell_dirty_logging(struct kvm *kvm)
{
	bool on = kvm->arch.clients.nr_logged > kvm->arch.clients.nr_pages / 2;

	lockdep_assert_held(&kvm->slots_lock);

	if (on == kvm->arch.clients.dirty_log_told)
		return;

	kvm->arch.clients.dirty_log_told = on;
	clients_notice(kvm, on ? KVM_CLIENT_DIRTY_LOG_ON : KVM_CLIENT_DIRTY_LOG_OFF);
}

static void clients_count_slot(struct kvm *kvm, const struct kvm_memory_slot *slot, int sign)
{
	/* What SMM has is the same memory, and little more. */
	if (!slot || slot->as_id)
		return;

	kvm->arch.clients.nr_pages += sign * (long)slot->npages;
	if (kvm_slot_dirty_track_enabled(slot))
		kvm->arch.clients.nr_logged += sign * (long)slot->npages;
}

/*
 * A memslot is new (@old is NULL), gone (@new is), or has other flags.  A VM may
 * have 32,764 of them, hence they are counted as they change, client or not.
 */
void kvm_clients_slot_changed(struct kvm *kvm, const struct kvm_memory_slot *old,
			      const struct kvm_memory_slot *new)
{
	clients_count_slot(kvm, old, -1);
	clients_count_slot(kvm, new, 1);
	if (kvm_has_clients())
		clients_tell_dirty_logging(kvm);
}

/*
 * There is a new client, which was told of nothing yet.  If there is another one,
 * then it is told again.
 */
void kvm_clients_catch_up(struct kvm *kvm)
{
	guard(mutex)(&kvm->slots_lock);

	WRITE_ONCE(kvm->arch.clients.nested_told, false);
	kvm->arch.clients.dirty_log_told = false;
	clients_tell_dirty_logging(kvm);
}

int __kvm_clients_page_fault(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault)
{
	struct kvm_clients *clients = &vcpu->kvm->arch.clients;
	struct kvm *kvm = vcpu->kvm;
	union kvm_gfn_record record;
	int r;

	/* Whatever L2 does first faults: its page tables are new. */
	if (unlikely(is_guest_mode(vcpu)) && !READ_ONCE(clients->nested_told) &&
	    !xchg(&clients->nested_told, true))
		clients_notice(kvm, KVM_CLIENT_NESTED);

	/*
	 * Ignore prefaults, which map the page with what its record allows, MMIO,
	 * and memslots that are about to go.
	 */
	if (fault->prefetch || !fault->slot ||
	    (fault->slot->flags & KVM_MEMSLOT_INVALID))
		return RET_PF_CONTINUE;

	if (fault->exec)
		return kvm_exec_enabled(kvm) ? kvm_exec_fetch_fault(vcpu, fault) :
					       RET_PF_CONTINUE;

	/* A write to read-only memory is MMIO and doesn't change the page. */
	if (!fault->write || (fault->slot->flags & KVM_MEM_READONLY))
		return RET_PF_CONTINUE;

	record = kvm_gfn_record_load(kvm, fault->gfn);

	if (kvm_exec_enabled(kvm) && kvm_exec_is_frozen_for_write(record)) {
		r = kvm_exec_write_fault(vcpu, fault);
		if (r != RET_PF_CONTINUE)
			return r;
	}

	return record.watched ? clients->watch->page_fault(vcpu, fault) : RET_PF_CONTINUE;
}

void __kvm_clients_ran(struct kvm_vcpu *vcpu)
{
	const struct kvm_watch_hooks *watch = READ_ONCE(vcpu->kvm->arch.clients.watch);

	kvm_exec_ran(vcpu);
	if (watch)
		watch->ran(vcpu);
}

void __kvm_clients_handled(struct kvm_vcpu *vcpu)
{
	const struct kvm_watch_hooks *watch = READ_ONCE(vcpu->kvm->arch.clients.watch);

	kvm_exec_handled(vcpu);
	if (watch)
		watch->handled(vcpu);
}

/* Stable only with mmu_lock held. */
union kvm_gfn_record kvm_gfn_record_load(struct kvm *kvm, gfn_t gfn)
{
	void *entry = xa_load(&kvm->arch.clients.records, gfn);

	return (union kvm_gfn_record){ .val = entry ? xa_to_value(entry) : 0 };
}

/* Make a later kvm_gfn_record_store() succeed, as it must not sleep. */
int kvm_gfn_record_reserve(struct kvm *kvm, gfn_t gfn)
{
	if (kvm_gfn_record_load(kvm, gfn).val)
		return 0;

	return xa_reserve(&kvm->arch.clients.records, gfn, GFP_KERNEL_ACCOUNT);
}

/* Nothing was stored, unless another one did. */
void kvm_gfn_record_release(struct kvm *kvm, gfn_t gfn)
{
	xa_release(&kvm->arch.clients.records, gfn);
}

/*
 * -ENOMEM if there was no record and the reserved one is gone, in which case
 * nothing has changed.
 */
int kvm_gfn_record_store(struct kvm *kvm, gfn_t gfn, union kvm_gfn_record record)
{
	XA_STATE(xas, &kvm->arch.clients.records, gfn);

	lockdep_assert_held_write(&kvm->mmu_lock);

	/* Doesn't sleep, and only allocates if nothing was reserved. */
	xas_lock(&xas);
	xas_store(&xas, record.val ? xa_mk_value(record.val) : NULL);
	xas_unlock(&xas);
	return xas_error(&xas);
}

/* What a fetch through the SPTEs of such a page would be. */
enum kvm_gfn_domain kvm_gfn_domain(union kvm_mmu_page_role role)
{
	if (role.guest_mode)
		return KVM_GFN_DOMAIN_NESTED;
	if (role.smm)
		return KVM_GFN_DOMAIN_SMM;
	return role.not_long ? KVM_GFN_DOMAIN_NOT_LONG : KVM_GFN_DOMAIN_ALL;
}

unsigned int kvm_gfn_record_access(struct kvm *kvm, union kvm_gfn_record record,
				   union kvm_mmu_page_role role)
{
	unsigned int access = ACC_ALL;

	if (kvm->arch.exec.client) {
		if (!kvm_exec_is_executable(record, role))
			access &= ~ACC_EXEC_MASK;
		if (kvm_exec_is_frozen_for_write(record))
			access &= ~ACC_WRITE_MASK;
	}
	if (record.watched && !record.nr_open)
		access &= ~ACC_WRITE_MASK;

	return access;
}

unsigned int __kvm_gfn_access(struct kvm *kvm, gfn_t gfn, union kvm_mmu_page_role role)
{
	lockdep_assert_held(&kvm->mmu_lock);

	return kvm_gfn_record_access(kvm, kvm_gfn_record_load(kvm, gfn), role);
}

/*
 * Map a range with 4K pages if any page in it has a record, even if none may be
 * executed.  Else each write that takes away the only grant in a range would
 * rebuild the huge page, and the next grant would split it again.
 */
bool __kvm_gfn_disallow_lpage(struct kvm *kvm, gfn_t gfn, int level)
{
	unsigned long first = gfn_round_for_level(gfn, level);

	return xa_find(&kvm->arch.clients.records, &first,
		       first + KVM_PAGES_PER_HPAGE(level) - 1, XA_PRESENT);
}

/*
 * Set the permissions of all SPTEs for @gfn to what @record allows.  @vcpu is for
 * splitting a huge page, see kvm_tdp_mmu_set_access().  SPTEs of nested guests
 * are zapped, their permissions are subject to L1's tables, too.  Return true if
 * the TLBs must be flushed before dropping mmu_lock.
 */
bool kvm_gfn_set_access(struct kvm *kvm, struct kvm_vcpu *vcpu, gfn_t gfn,
			union kvm_gfn_record record, bool *mapped)
{
	bool flush;

	flush = kvm_mmu_zap_gfn_rmaps(kvm, gfn, gfn, false);
	flush |= kvm_tdp_mmu_set_access(kvm, vcpu, gfn, record, mapped);
	return flush;
}

/*
 * Flush the TLBs of all vCPUs, whatever the size of what was zapped: a huge page
 * may have been.
 */
void kvm_clients_flush(struct kvm *kvm, bool *flush)
{
	lockdep_assert_held_write(&kvm->mmu_lock);

	if (*flush) {
		kvm->arch.clients.flushes++;
		kvm_flush_remote_tlbs(kvm);
	}

	*flush = false;

	/* Flush before KVM's own writes go ahead, see exec_try_write(). */
	smp_store_release(&kvm->arch.clients.unflushed, false);
}

/*
 * Another record or SPTE was looked at: is it time to drop mmu_lock?  Now and
 * then it is, whatever the preemption model, so that a fault waits no longer than
 * for others like it.
 */
bool kvm_clients_must_yield(struct kvm *kvm, unsigned int *nr)
{
	return ++*nr >= KVM_CLIENTS_BATCH || need_resched() ||
	       rwlock_needbreak(&kvm->mmu_lock);
}

void kvm_clients_yield(struct kvm *kvm, unsigned int *nr, bool *flush)
{
	*nr = 0;
	kvm_clients_flush(kvm, flush);
	write_unlock(&kvm->mmu_lock);
	cond_resched();
	write_lock(&kvm->mmu_lock);
}

/*
 * Pages from @first to @last have lost their records: where the host has huge
 * pages, and none in the range has a record any more, have the guest fault in a
 * huge page again.
 */
void kvm_gfn_recover_lpages(struct kvm *kvm, gfn_t first, gfn_t last)
{
	struct kvm_memory_slot *slot;
	struct kvm_memslots *slots;
	gfn_t gfn, end;
	int i, bkt;

	/* A gfn of each page table is looked at, hence as many at once as elsewhere. */
	const gfn_t step = KVM_CLIENTS_BATCH * KVM_PAGES_PER_HPAGE(PG_LEVEL_2M);

	lockdep_assert_held(&kvm->srcu);

	for (i = 0; i < kvm_arch_nr_memslot_as_ids(kvm); i++) {
		slots = __kvm_memslots(kvm, i);

		kvm_for_each_memslot(slot, bkt, slots) {
			/* Dirty logging wants small pages. */
			if (kvm_slot_dirty_track_enabled(slot))
				continue;

			gfn = max(slot->base_gfn, first);
			end = min(slot->base_gfn + slot->npages - 1, last);
			while (gfn <= end) {
				gfn_t next = round_down(gfn, step) + step;

				read_lock(&kvm->mmu_lock);
				kvm_tdp_mmu_recover_lpages(kvm, slot, gfn, min(end + 1, next));
				read_unlock(&kvm->mmu_lock);
				cond_resched();
				gfn = next;
			}
		}
	}
}
