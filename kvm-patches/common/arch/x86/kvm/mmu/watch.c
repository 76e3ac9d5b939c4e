// SPDX-License-Identifier: GPL-2.0
/*
 * Watched pages: a client, i.e. another kernel module, decides about each write
 * to them before it is done.  A watched page isn't writable in any SPTE, in any
 * address space.  KVM emulates the guest's writes to it, and asks the client
 * where its emulator, or KVM for itself, writes to guest memory.
 *
 * All this is independent of the execute policy in exec.c, with which it shares
 * the record of a page, see clients.c: SPTEs have the permissions that both
 * allow.
 *
 * A page that the guest uses as a page table can be watched only if the CPU's
 * walk of it isn't a write: a walk can't be asked about, and must not be done by
 * emulating the instruction that it is for.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/export.h>
#include <linux/kvm_host.h>
#include <linux/srcu.h>

#define CREATE_TRACE_POINTS
#include "watch_trace.h"

#include "kvm_cache_regs.h"
#include "mmu.h"
#include "mmu_internal.h"
#include "watch.h"
#include "x86.h"

/* Take away what isn't allowed any more.  A huge page is zapped. */
static void watch_set_access(struct kvm *kvm, gfn_t gfn, union kvm_gfn_record record)
{
	bool mapped = false, flush;

	flush = kvm_gfn_set_access(kvm, NULL, gfn, record, &mapped);
	kvm_clients_flush(kvm, &flush);
}

/* Let a vCPU write to the page natively.  Return false if it isn't watched. */
bool kvm_watch_open_page(struct kvm *kvm, gfn_t gfn)
{
	union kvm_gfn_record record;

	write_lock(&kvm->mmu_lock);
	record = kvm_gfn_record_load(kvm, gfn);
	if (record.watched) {
		record.nr_open++;
		kvm_gfn_record_store(kvm, gfn, record);
	}
	write_unlock(&kvm->mmu_lock);

	return record.watched;
}

void kvm_watch_close_page(struct kvm *kvm, gfn_t gfn)
{
	union kvm_gfn_record record;

	write_lock(&kvm->mmu_lock);

	/* The page may have been removed, and even added again, meanwhile. */
	record = kvm_gfn_record_load(kvm, gfn);
	if (record.nr_open) {
		record.nr_open--;
		kvm_gfn_record_store(kvm, gfn, record);
		if (!record.nr_open)
			watch_set_access(kvm, gfn, record);
	}

	write_unlock(&kvm->mmu_lock);
}

static int watch_add_locked(struct kvm *kvm, gfn_t gfn)
{
	union kvm_gfn_record record = kvm_gfn_record_load(kvm, gfn);
	int r;

	if (!kvm->arch.watch.client)
		return -ENOENT;
	if (record.watched)
		return 0;

	record.watched = 1;
	r = kvm_gfn_record_store(kvm, gfn, record);
	if (r)
		return r;

	kvm_watch_count(kvm, pages, 1);
	watch_set_access(kvm, gfn, record);
	return 0;
}

int kvm_watch_add_data_gfn(struct kvm *kvm, gfn_t gfn)
{
	int r;

	if (gfn > kvm_mmu_max_gfn())
		return -EINVAL;

	r = kvm_gfn_record_reserve(kvm, gfn);
	if (r)
		return r;

	guard(srcu)(&kvm->srcu);

	write_lock(&kvm->mmu_lock);
	r = watch_add_locked(kvm, gfn);
	write_unlock(&kvm->mmu_lock);

	if (r)
		kvm_gfn_record_release(kvm, gfn);
	return r;
}
EXPORT_SYMBOL_NS_GPL(kvm_watch_add_data_gfn, KVM_EXEC);

int kvm_watch_add_gfn(struct kvm *kvm, gfn_t gfn)
{
	if (!(kvm_watch_caps(kvm) & KVM_WATCH_CAP_WRITE))
		return -EOPNOTSUPP;

	return kvm_watch_add_data_gfn(kvm, gfn);
}
EXPORT_SYMBOL_NS_GPL(kvm_watch_add_gfn, KVM_EXEC);

/* Write permission comes back with the next write fault. */
bool kvm_watch_drop_page(struct kvm *kvm, gfn_t gfn)
{
	union kvm_gfn_record record;
	bool watched;

	write_lock(&kvm->mmu_lock);

	record = kvm_gfn_record_load(kvm, gfn);
	watched = record.watched;
	if (watched) {
		record.watched = 0;
		record.nr_open = 0;
		kvm_gfn_record_store(kvm, gfn, record);
		kvm_watch_count(kvm, pages, -1);
	}

	write_unlock(&kvm->mmu_lock);

	return watched;
}

int kvm_watch_remove_gfn(struct kvm *kvm, gfn_t gfn)
{
	guard(srcu)(&kvm->srcu);

	if (!kvm_watch_drop_page(kvm, gfn))
		return -ENOENT;

	kvm_gfn_recover_lpages(kvm, gfn, gfn);
	return 0;
}
EXPORT_SYMBOL_NS_GPL(kvm_watch_remove_gfn, KVM_EXEC);

void __kvm_watch_cr3_load(struct kvm_vcpu *vcpu, unsigned long cr3)
{
	struct kvm_watch_client *client = READ_ONCE(vcpu->kvm->arch.watch.client);
	unsigned long old = kvm_read_cr3(vcpu);

	if (!client || is_guest_mode(vcpu) || !kvm_vcpu_is_legal_cr3(vcpu, cr3))
		return;

	kvm_watch_count(vcpu->kvm, cr3, 1);
	trace_kvm_watch_cr3(vcpu, old, cr3);
	client->ops->cr3(client, vcpu, old, cr3);
}

static void watch_denied(struct kvm *kvm)
{
	kvm_watch_count(kvm, denied, 1);
}

/*
 * The vCPU ran: it may have executed what a page was opened for, and the next
 * fault is another one.
 */
static void watch_ran(struct kvm_vcpu *vcpu)
{
	vcpu->arch.watch.armed = false;
	vcpu->arch.watch.faulted = false;
}

/* Watch the pages again that were open, unless the vCPU has yet to run. */
static void watch_handled(struct kvm_vcpu *vcpu)
{
	if (vcpu->arch.watch.nr_open && !vcpu->arch.watch.armed)
		__kvm_watch_close(vcpu);
}

static void watch_update_vcpu(struct kvm_vcpu *vcpu)
{
	/* Left open when the last client went, see watch_disable(). */
	if (vcpu->arch.watch.nr_open)
		__kvm_watch_close(vcpu);

	/* The VMCS at hand is L2's, see leave_guest_mode(). */
	if (is_guest_mode(vcpu)) {
		vcpu->arch.watch.update_l1 = true;
		return;
	}

	kvm_x86_call(watch_update)(vcpu);
}

static void watch_notice(struct kvm *kvm, enum kvm_client_notice notice)
{
	struct kvm_watch_client *client = READ_ONCE(kvm->arch.watch.client);

	if (client && client->ops->notice)
		client->ops->notice(client, kvm, notice);
}

static const struct kvm_watch_hooks watch_hooks = {
	.page_fault = kvm_watch_page_fault,
	.copy_to_guest = kvm_watch_copy_to_guest,
	.denied = watch_denied,
	.update_vcpu = watch_update_vcpu,
	.ran = watch_ran,
	.handled = watch_handled,
	.notice = watch_notice,
};

static void watch_set_client(struct kvm *kvm, struct kvm_watch_client *client)
{
	struct kvm_watch *watch = &kvm->arch.watch;
	int i;

	WRITE_ONCE(kvm->arch.clients.watch, &watch_hooks);

	write_lock(&kvm->mmu_lock);
	for (i = 0; client && i < KVM_WATCH_NR_STATS; i++)
		atomic64_set(&watch->stats[i], 0);
	WRITE_ONCE(watch->client, client);
	WRITE_ONCE(kvm->arch.clients.watching, client);
	WRITE_ONCE(watch->ad_disabled, client && kvm_x86_call(watch_without_ad)());
	WRITE_ONCE(watch->cr3, false);
	write_unlock(&kvm->mmu_lock);

	/* On return no vCPU runs that hasn't been brought in line. */
	kvm_make_all_cpus_request(kvm, KVM_REQ_CLIENTS_UPDATE);
}

static int watch_enable(struct kvm *kvm, struct kvm_watch_client *client)
{
	guard(mutex)(&kvm->arch.clients.lock);

	if (!kvm_clients_supported(kvm))
		return -EOPNOTSUPP;
	if (kvm->arch.watch.client)
		return -EBUSY;

	kvm_get_kvm(kvm);
	watch_set_client(kvm, client);
	return 0;
}

int kvm_watch_enable(struct kvm *kvm, struct kvm_watch_client *client)
{
	int r;

	static_branch_inc(&kvm_clients_key);

	r = watch_enable(kvm, client);
	if (r) {
		static_branch_dec(&kvm_clients_key);
		return r;
	}

	/* What has begun already is told as well. */
	kvm_clients_catch_up(kvm);
	return 0;
}
EXPORT_SYMBOL_NS_GPL(kvm_watch_enable, KVM_EXEC);

/* Forget which pages are watched, and give mmu_lock back now and then. */
static void watch_forget_all(struct kvm *kvm)
{
	unsigned int looked_at = 0;
	union kvm_gfn_record record;
	unsigned long gfn;
	bool flush = false;
	void *entry;

	write_lock(&kvm->mmu_lock);

	xa_for_each(&kvm->arch.clients.records, gfn, entry) {
		record.val = xa_to_value(entry);
		kvm_watch_count(kvm, pages, -(s64)record.watched);
		record.watched = 0;
		record.nr_open = 0;
		kvm_gfn_record_store(kvm, gfn, record);

		if (kvm_clients_must_yield(kvm, &looked_at))
			kvm_clients_yield(kvm, &looked_at, &flush);
	}

	write_unlock(&kvm->mmu_lock);
}

static bool watch_disable(struct kvm *kvm)
{
	struct kvm_watch *watch = &kvm->arch.watch;

	guard(mutex)(&kvm->arch.clients.lock);

	if (!watch->client)
		return false;

	watch_set_client(kvm, NULL);

	/*
	 * Wait for callbacks, and then for vCPUs that one of them let execute an
	 * instruction: once the last client of the host is gone nobody else
	 * would end the step.
	 */
	synchronize_srcu_expedited(&kvm->srcu);
	kvm_make_all_cpus_request(kvm, KVM_REQ_CLIENTS_UPDATE);

	watch_forget_all(kvm);

	/*
	 * Write permission would come back with the faults for it, but small
	 * pages would stay small.
	 */
	kvm_zap_gfn_range(kvm, 0, kvm_mmu_max_gfn() + 1);
	return true;
}

void kvm_watch_disable(struct kvm *kvm)
{
	if (!watch_disable(kvm))
		return;

	static_branch_dec(&kvm_clients_key);
	kvm_put_kvm(kvm);
}
EXPORT_SYMBOL_NS_GPL(kvm_watch_disable, KVM_EXEC);

int kvm_watch_cr3(struct kvm *kvm, bool on)
{
	struct kvm_watch *watch = &kvm->arch.watch;

	guard(mutex)(&kvm->arch.clients.lock);

	if (!watch->client)
		return -ENOENT;
	if (!watch->client->ops->cr3)
		return -EINVAL;

	WRITE_ONCE(watch->cr3, on);
	kvm_make_all_cpus_request(kvm, KVM_REQ_CLIENTS_UPDATE);

	/* Once off, no callback runs. */
	if (!on)
		synchronize_srcu_expedited(&kvm->srcu);
	return 0;
}
EXPORT_SYMBOL_NS_GPL(kvm_watch_cr3, KVM_EXEC);

unsigned int kvm_watch_caps(struct kvm *kvm)
{
	/* There may be no vendor module yet. */
	if (!kvm_x86_ops.watch_walks_read || !tdp_mmu_enabled ||
	    (kvm && !kvm_clients_supported(kvm)))
		return 0;

	return KVM_WATCH_CAP_CR3 |
	       (kvm_x86_ops.watch_walks_read() ? KVM_WATCH_CAP_WRITE : 0);
}
EXPORT_SYMBOL_NS_GPL(kvm_watch_caps, KVM_EXEC);

void kvm_watch_get_stats(struct kvm *kvm, struct kvm_watch_stats *stats)
{
	u64 *stat = (u64 *)stats;
	int i;

	for (i = 0; i < KVM_WATCH_NR_STATS; i++)
		stat[i] = atomic64_read(&kvm->arch.watch.stats[i]);
}
EXPORT_SYMBOL_NS_GPL(kvm_watch_get_stats, KVM_EXEC);

void kvm_watch_init_vm(struct kvm *kvm)
{
	mutex_init(&kvm->arch.watch.write_lock);
}
