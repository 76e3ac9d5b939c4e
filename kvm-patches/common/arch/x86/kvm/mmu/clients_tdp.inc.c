// SPDX-License-Identifier: GPL-2.0
/* Clients of a VM: what needs the insides of tdp_mmu.c, which includes this. */

#include "clients.h"

/*
 * Change permissions of the present leaf SPTE.  Don't lose A/D bits or the W bit
 * that the CPU or the fast page fault handler set meanwhile, so that there is
 * nothing to account for but a W bit that stands for the D bit.
 */
static void tdp_mmu_clients_write_spte(struct tdp_iter *iter, u64 clear, u64 set)
{
	u64 *sptep = rcu_dereference(iter->sptep);
	u64 new_spte;

	do {
		new_spte = (iter->old_spte & ~clear) | set;
	} while (!try_cmpxchg64(sptep, &iter->old_spte, new_spte));

	check_spte_writable_invariants(new_spte);
	trace_kvm_tdp_mmu_spte_changed(iter->as_id, iter->gfn, iter->level,
				       iter->old_spte, new_spte);

	if (is_dirty_spte(iter->old_spte) && !is_dirty_spte(new_spte))
		kvm_set_pfn_dirty(spte_to_pfn(iter->old_spte));
}

/*
 * Edit the leaf SPTE in place so that it allows execution if @access does, and
 * a write only if @access does: write access is never added, the mapping may be
 * read-only for reasons of its own.  Zap SPTEs that are marked for access
 * tracking, as their permissions are saved elsewhere in the SPTE and would be
 * restored as they were.
 *
 * Return true if a permission was taken away, i.e. if the TLBs must be flushed
 * before dropping mmu_lock.
 */
static bool tdp_mmu_clients_edit_spte(struct kvm *kvm, struct tdp_iter *iter,
				      unsigned int access)
{
	u64 clear, set;

	if (is_access_track_spte(iter->old_spte)) {
		tdp_mmu_iter_set_spte(kvm, iter, SHADOW_NONPRESENT_VALUE);
		return true;
	}

	if (access & ACC_EXEC_MASK) {
		clear = shadow_nx_mask;
		set = shadow_x_mask;
	} else {
		clear = shadow_x_mask;
		set = shadow_nx_mask;
	}
	if (!(access & ACC_WRITE_MASK))
		clear |= PT_WRITABLE_MASK | shadow_mmu_writable_mask;

	if (!(iter->old_spte & clear) && (iter->old_spte & set) == set)
		return false;

	tdp_mmu_clients_write_spte(iter, clear, set);

	/*
	 * TLBs may hold a writable translation if the old SPTE is MMU-writable,
	 * as flushing is deferred when write-protecting for dirty logging.
	 */
	return (!(access & ACC_EXEC_MASK) && is_executable_pte(iter->old_spte)) ||
	       (!(access & ACC_WRITE_MASK) && is_mmu_writable_spte(iter->old_spte));
}

/*
 * Make nothing executable.  Drops mmu_lock now and then.  Return true if the TLBs
 * must be flushed.
 */
bool kvm_tdp_mmu_close_all(struct kvm *kvm)
{
	struct kvm_mmu_page *root;
	struct tdp_iter iter;
	bool flush = false;
	unsigned int nr = 0;

	lockdep_assert_held_write(&kvm->mmu_lock);

	for_each_valid_tdp_mmu_root_yield_safe(kvm, root, -1) {
		rcu_read_lock();

		for_each_tdp_pte(iter, root, 0, tdp_mmu_max_gfn_exclusive()) {
			/* Page tables may go meanwhile; go on only from further on. */
			if (kvm_clients_must_yield(kvm, &nr) &&
			    iter.next_last_level_gfn != iter.yielded_gfn) {
				rcu_read_unlock();
				kvm_clients_yield(kvm, &nr, &flush);
				rcu_read_lock();
				iter.yielded = true;
				continue;
			}

			if (is_shadow_present_pte(iter.old_spte) &&
			    is_last_spte(iter.old_spte, iter.level))
				flush |= tdp_mmu_clients_edit_spte(kvm, &iter, ACC_WRITE_MASK);
		}

		rcu_read_unlock();
	}

	return flush;
}

static bool tdp_mmu_clients_can_split(struct kvm_vcpu *vcpu)
{
	return vcpu &&
	       kvm_mmu_memory_cache_nr_free_objects(&vcpu->arch.mmu_shadow_page_cache) &&
	       kvm_mmu_memory_cache_nr_free_objects(&vcpu->arch.mmu_page_header_cache);
}

/*
 * Split the huge page with the caches of @vcpu.  Zap it if there is no vCPU, or
 * if the caches are empty: they may hold no more than a page fault takes, and
 * there can be several roots, e.g. for SMM and guest mode.
 *
 * Return true if it was zapped, i.e. if the TLBs must be flushed.
 */
static bool tdp_mmu_clients_split(struct kvm *kvm, struct kvm_vcpu *vcpu,
				  struct tdp_iter *iter)
{
	struct kvm_mmu_page *sp;

	if (!tdp_mmu_clients_can_split(vcpu)) {
		tdp_mmu_iter_set_spte(kvm, iter, SHADOW_NONPRESENT_VALUE);
		return true;
	}

	sp = tdp_mmu_alloc_sp(vcpu);
	tdp_mmu_init_child_sp(sp, iter);
	tdp_mmu_split_huge_page(kvm, iter, sp, false);
	kvm->arch.clients.splits++;
	return false;
}

/*
 * Give all mappings of @gfn the permissions that @record allows, see
 * tdp_mmu_clients_edit_spte().  The gfn gets an SPTE of its own, for which the
 * caches of @vcpu are used.  Set @mapped if there is such an SPTE afterwards.
 *
 * Return true if the TLBs must be flushed before dropping mmu_lock.
 */
bool kvm_tdp_mmu_set_access(struct kvm *kvm, struct kvm_vcpu *vcpu, gfn_t gfn,
			    union kvm_gfn_record record, bool *mapped)
{
	struct kvm_mmu_page *root;
	struct tdp_iter iter;
	unsigned int access;
	bool flush = false;

	lockdep_assert_held_write(&kvm->mmu_lock);

	for_each_valid_tdp_mmu_root(kvm, root, -1) {
		access = kvm_gfn_record_access(kvm, record, root->role);

		rcu_read_lock();

		for_each_tdp_pte(iter, root, gfn, gfn + 1) {
			if (!is_shadow_present_pte(iter.old_spte) ||
			    !is_last_spte(iter.old_spte, iter.level))
				continue;

			if (iter.level > PG_LEVEL_4K) {
				flush |= tdp_mmu_clients_split(kvm, vcpu, &iter);
				continue;
			}

			flush |= tdp_mmu_clients_edit_spte(kvm, &iter, access);
			*mapped |= is_shadow_present_pte(kvm_tdp_mmu_read_spte(iter.sptep));
		}

		rcu_read_unlock();
	}

	return flush;
}

/*
 * Make the mapping of @gfn writable as make_spte() would, if the host's mapping
 * is.  The caller ensures that KVM has no reason to intercept the write.
 */
bool kvm_tdp_mmu_make_writable(struct kvm *kvm, const struct kvm_memory_slot *slot,
			       gfn_t gfn)
{
	const u64 writable = PT_WRITABLE_MASK | shadow_mmu_writable_mask;
	struct kvm_mmu_page *root;
	struct tdp_iter iter;
	bool done = false;

	lockdep_assert_held_write(&kvm->mmu_lock);

	for_each_valid_tdp_mmu_root(kvm, root, slot->as_id) {
		rcu_read_lock();

		tdp_root_for_each_leaf_pte(iter, root, gfn, gfn + 1) {
			if (iter.level > PG_LEVEL_4K ||
			    is_access_track_spte(iter.old_spte) ||
			    !(iter.old_spte & shadow_host_writable_mask))
				continue;

			tdp_mmu_clients_write_spte(&iter, 0, writable |
						   spte_shadow_accessed_mask(iter.old_spte) |
						   spte_shadow_dirty_mask(iter.old_spte));
			done = true;
		}

		rcu_read_unlock();
	}

	return done;
}

/*
 * Zap the page tables of the range that a huge page can take the place of, which
 * the next fault then maps.  As zap_collapsible_spte_range(), but for a range.
 */
void kvm_tdp_mmu_recover_lpages(struct kvm *kvm, const struct kvm_memory_slot *slot,
				gfn_t start, gfn_t end)
{
	struct kvm_mmu_page *root;
	struct tdp_iter iter;

	lockdep_assert_held_read(&kvm->mmu_lock);

	for_each_valid_tdp_mmu_root_yield_safe(kvm, root, slot->as_id) {
		rcu_read_lock();

		for_each_tdp_pte_min_level(iter, root, PG_LEVEL_2M, start, end) {
retry:
			if (tdp_mmu_iter_cond_resched(kvm, &iter, false, true))
				continue;

			if (iter.level > KVM_MAX_HUGEPAGE_LEVEL ||
			    !is_shadow_present_pte(iter.old_spte) ||
			    is_last_spte(iter.old_spte, iter.level))
				continue;

			/* A page that isn't all in the slot can't be huge. */
			if (iter.gfn < slot->base_gfn ||
			    iter.gfn >= slot->base_gfn + slot->npages)
				continue;

			if (kvm_mmu_max_mapping_level(kvm, slot, iter.gfn,
						      PG_LEVEL_NUM) < iter.level)
				continue;

			/* A successful zap also flushes remote TLBs. */
			if (tdp_mmu_zap_spte_atomic(kvm, &iter))
				goto retry;
		}

		rcu_read_unlock();
	}
}
