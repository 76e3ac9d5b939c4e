// SPDX-License-Identifier: GPL-2.0
/*
 * Execute policy: the pages of a guest are not executable until a client, i.e.
 * another kernel module, says so, and a page that may be executed isn't
 * writable.  The first fetch from a page asks the client.  A write to a page
 * that may be executed goes ahead natively, but the page isn't executable any
 * more then, and the next fetch asks again.
 *
 *   closed  --fetch--> pending  --verdict--> granted | opened | closed
 *   pending --write--> closed   (the verdict is dropped)
 *   granted --write--> closed
 *   any     --sweep--> closed
 *   any     --the host replaces the page behind it--> closed
 *
 * How a page's state and its SPTEs go together is told in clients.c.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/export.h>
#include <linux/kvm_host.h>
#include <linux/srcu.h>

#define CREATE_TRACE_POINTS
#include "exec_trace.h"

#include "mmu.h"
#include "mmu_internal.h"
#include "exec.h"
#include "x86.h"

/*
 * A page in state @old is about to change its state.  If it can be executed,
 * then KVM's own writes, which look at records without mmu_lock, must wait for
 * the flush.  An open page can be executed and written to anyway.
 */
static void exec_begin_change(struct kvm *kvm, enum kvm_exec_state old)
{
	if (old != KVM_EXEC_GRANTED)
		return;

	WRITE_ONCE(kvm->arch.clients.unflushed, true);

	/* Write it before the record, see exec_try_write(). */
	smp_wmb();
}

static void exec_count_page(struct kvm *kvm, enum kvm_exec_state state, int nr)
{
	if (state == KVM_EXEC_GRANTED)
		kvm_exec_count(kvm, pages_granted, nr);
	else if (state == KVM_EXEC_OPENED)
		kvm_exec_count(kvm, pages_open, nr);
}

/*
 * Change the record of @gfn and the permissions of its mappings.  @vcpu is for
 * splitting a huge page, see kvm_tdp_mmu_set_access().  Set @flush if the TLBs
 * must be flushed before dropping mmu_lock.  As kvm_gfn_record_store() otherwise.
 */
int kvm_exec_store(struct kvm *kvm, struct kvm_vcpu *vcpu, gfn_t gfn,
		   union kvm_gfn_record old, union kvm_gfn_record record,
		   bool *flush, bool *mapped)
{
	int r;

	exec_begin_change(kvm, old.state);

	if (record.state == KVM_EXEC_GRANTED || record.state == KVM_EXEC_OPENED) {
		WRITE_ONCE(kvm->arch.exec.generation, kvm->arch.exec.generation + 1);

		/* Before the record: who reads that one knows, see exec_allow_addr(). */
		smp_wmb();
	}

	r = kvm_gfn_record_store(kvm, gfn, record);
	if (r)
		return r;

	exec_count_page(kvm, old.state, -1);
	exec_count_page(kvm, record.state, 1);
	*flush |= kvm_gfn_set_access(kvm, vcpu, gfn, record, mapped);
	return 0;
}

/*
 * Forget what the policy has recorded of a page.  @has_sptes: it may be mapped.
 * Return true if it was granted or open.
 */
static bool exec_forget(struct kvm *kvm, gfn_t gfn, bool has_sptes, bool *flush)
{
	union kvm_gfn_record old = kvm_gfn_record_load(kvm, gfn);
	union kvm_gfn_record record = {
		.watched = old.watched,
		.nr_open = old.nr_open,
	};
	bool mapped = false;

	exec_begin_change(kvm, old.state);

	/* There is a record, or none is stored, i.e. this can't fail. */
	kvm_gfn_record_store(kvm, gfn, record);
	exec_count_page(kvm, old.state, -1);
	if (old.state != KVM_EXEC_CLOSED && has_sptes)
		*flush |= kvm_gfn_set_access(kvm, NULL, gfn, record, &mapped);

	return old.state == KVM_EXEC_GRANTED || old.state == KVM_EXEC_OPENED;
}

/* Forget the pages from @first to @last, and return how many weren't closed. */
static int exec_forget_range(struct kvm *kvm, gfn_t first, gfn_t last)
{
	unsigned int looked_at = 0;
	unsigned long gfn;
	bool flush = false;
	void *entry;
	int nr = 0;

	write_lock(&kvm->mmu_lock);

	xa_for_each_range(&kvm->arch.clients.records, gfn, entry, first, last) {
		nr += exec_forget(kvm, gfn, true, &flush);

		/*
		 * This flushes before it yields: the fault handler doesn't when
		 * it makes a closed page writable.
		 */
		if (kvm_clients_must_yield(kvm, &looked_at))
			kvm_clients_yield(kvm, &looked_at, &flush);
	}

	kvm_clients_flush(kvm, &flush);
	write_unlock(&kvm->mmu_lock);
	return nr;
}

int kvm_exec_sweep(struct kvm *kvm)
{
	int nr;

	guard(srcu)(&kvm->srcu);

	nr = exec_forget_range(kvm, 0, ULONG_MAX);
	kvm_gfn_recover_lpages(kvm, 0, kvm_mmu_max_gfn());
	kvm_exec_count(kvm, swept, nr);
	trace_kvm_exec_sweep(nr);
	return nr;
}
EXPORT_SYMBOL_NS_GPL(kvm_exec_sweep, KVM_EXEC);

int kvm_exec_revoke_range(struct kvm *kvm, gfn_t first, gfn_t last)
{
	guard(srcu)(&kvm->srcu);

	return exec_forget_range(kvm, first, last);
}
EXPORT_SYMBOL_NS_GPL(kvm_exec_revoke_range, KVM_EXEC);

/*
 * A grant is for what the page holds.  What the host puts there next, be it the
 * same, is asked about.  A question that begins before the host is done is put
 * off, see kvm_exec_freeze_page().
 */
bool __kvm_clients_unmap(struct kvm *kvm, const struct kvm_gfn_range *range, bool flush)
{
	/* The other address space may have other memory there. */
	bool has_sptes = kvm_arch_nr_memslot_as_ids(kvm) > 1;
	unsigned int looked_at = 0;
	unsigned long gfn;
	void *entry;
	int nr = 0;

	lockdep_assert_held_write(&kvm->mmu_lock);

	if (!kvm->arch.exec.client)
		return flush;

	xa_for_each_range(&kvm->arch.clients.records, gfn, entry, range->start,
			  range->end - 1) {
		nr += exec_forget(kvm, gfn, has_sptes, &flush);

		/* Nothing in the range gets a record until the host is done. */
		if (range->may_block && kvm_clients_must_yield(kvm, &looked_at))
			kvm_clients_yield(kvm, &looked_at, &flush);
	}

	/* KVM's own writes wait for it, the caller's flush would come too late. */
	if (nr)
		kvm_clients_flush(kvm, &flush);

	kvm_exec_count(kvm, unmapped, nr);
	return flush;
}

/*
 * Forget the pages of a memslot that is about to go or to move.  It is INVALID,
 * i.e. it gets no other records, and what is at its gfns next finds none.  The
 * gfns may be in a memslot of the other address space, and executable there.
 */
void kvm_exec_drop_slot(struct kvm *kvm, const struct kvm_memory_slot *slot)
{
	if (kvm_exec_enabled(kvm))
		kvm_exec_count(kvm, slot_dropped,
			       exec_forget_range(kvm, slot->base_gfn,
						 slot->base_gfn + slot->npages - 1));
}

static void exec_set_client(struct kvm *kvm, struct kvm_exec_client *client)
{
	bool flush;
	int i;

	guard(srcu)(&kvm->srcu);

	write_lock(&kvm->mmu_lock);

	for (i = 0; i < KVM_EXEC_NR_STATS; i++)
		atomic64_set(&kvm->arch.exec.stats[i], 0);
	kvm->arch.clients.splits = 0;
	kvm->arch.clients.flushes = 0;

	/*
	 * SPTEs that are made from now on aren't executable.  Edit the existing
	 * ones instead of zapping them, else the guest would fault everything
	 * in again.
	 */
	WRITE_ONCE(kvm->arch.exec.client, client);

	flush = kvm_mmu_zap_gfn_rmaps(kvm, 0, kvm_mmu_max_gfn(), true);
	kvm_clients_flush(kvm, &flush);
	flush = kvm_tdp_mmu_close_all(kvm);
	kvm_clients_flush(kvm, &flush);

	write_unlock(&kvm->mmu_lock);

	/* Code outside of long mode gets page tables of its own. */
	kvm_make_all_cpus_request(kvm, KVM_REQ_CLIENTS_UPDATE);
}

static int exec_enable(struct kvm *kvm, struct kvm_exec_client *client)
{
	struct kvm_exec *exec = &kvm->arch.exec;

	guard(mutex)(&kvm->arch.clients.lock);

	if (!kvm_clients_supported(kvm))
		return -EOPNOTSUPP;
	if (exec->client)
		return -EBUSY;

	kvm_get_kvm(kvm);

	/*
	 * KVM's own writes that began without a client aren't known.  Keep pages
	 * from being frozen until they are done.
	 */
	exec->starting = true;
	exec_set_client(kvm, client);
	synchronize_srcu_expedited(&kvm->srcu);
	WRITE_ONCE(exec->starting, false);
	return 0;
}

int kvm_exec_enable(struct kvm *kvm, struct kvm_exec_client *client)
{
	int r;

	static_branch_inc(&kvm_clients_key);

	r = exec_enable(kvm, client);
	if (r) {
		static_branch_dec(&kvm_clients_key);
		return r;
	}

	/* What has begun already is told as well. */
	kvm_clients_catch_up(kvm);
	return 0;
}
EXPORT_SYMBOL_NS_GPL(kvm_exec_enable, KVM_EXEC);

static bool exec_disable(struct kvm *kvm)
{
	struct kvm_exec *exec = &kvm->arch.exec;

	guard(mutex)(&kvm->arch.clients.lock);

	if (!exec->client)
		return false;

	write_lock(&kvm->mmu_lock);
	WRITE_ONCE(exec->client, NULL);
	write_unlock(&kvm->mmu_lock);

	/* Wait for callbacks, which may still look at records, and for writers. */
	synchronize_srcu_expedited(&kvm->srcu);
	kvm_guest_writes_wait(kvm);

	/*
	 * Zap everything.  Missing permissions would come back with the faults
	 * for them, but what was split would stay split.
	 */
	scoped_guard(srcu, &kvm->srcu) {
		exec_forget_range(kvm, 0, ULONG_MAX);
		kvm_zap_gfn_range(kvm, 0, kvm_mmu_max_gfn() + 1);
		kvm_gfn_recover_lpages(kvm, 0, kvm_mmu_max_gfn());
	}
	kvm_make_all_cpus_request(kvm, KVM_REQ_CLIENTS_UPDATE);
	return true;
}

void kvm_exec_disable(struct kvm *kvm)
{
	if (!exec_disable(kvm))
		return;

	static_branch_dec(&kvm_clients_key);
	kvm_put_kvm(kvm);
}
EXPORT_SYMBOL_NS_GPL(kvm_exec_disable, KVM_EXEC);

void kvm_exec_get_stats(struct kvm *kvm, struct kvm_exec_stats *stats)
{
	u64 *stat = (u64 *)stats;
	int i;

	for (i = 0; i < KVM_EXEC_NR_STATS; i++)
		stat[i] = atomic64_read(&kvm->arch.exec.stats[i]);

	/* Huge pages and TLBs are not the policy's alone. */
	stats->splits = READ_ONCE(kvm->arch.clients.splits);
	stats->flushes = READ_ONCE(kvm->arch.clients.flushes);
}
EXPORT_SYMBOL_NS_GPL(kvm_exec_get_stats, KVM_EXEC);

const struct kvm_exec_abi *kvm_exec_abi(void)
{
	static const struct kvm_exec_abi abi = {
		.version = KVM_EXEC_ABI_VERSION,
		.kvm_size = sizeof(struct kvm),
		.vcpu_size = sizeof(struct kvm_vcpu),
	};

	return &abi;
}
EXPORT_SYMBOL_NS_GPL(kvm_exec_abi, KVM_EXEC);
