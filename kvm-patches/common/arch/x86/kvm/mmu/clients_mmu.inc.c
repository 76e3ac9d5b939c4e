// SPDX-License-Identifier: GPL-2.0
/* Clients of a VM: what needs the insides of mmu.c, which includes this. */

#include "clients.h"

/*
 * Zap the SPTEs of nested guests for a range, in both address spaces.  Drops
 * mmu_lock if it is contended and @can_yield, after flushing what was zapped
 * until then.  Return true if the TLBs must be flushed.
 */
bool kvm_mmu_zap_gfn_rmaps(struct kvm *kvm, gfn_t first, gfn_t last, bool can_yield)
{
	struct kvm_memslot_iter iter;
	struct kvm_memslots *slots;
	bool flush = false;
	int i;

	if (!kvm_memslots_have_rmaps(kvm))
		return false;

	for (i = 0; i < kvm_arch_nr_memslot_as_ids(kvm); i++) {
		slots = __kvm_memslots(kvm, i);

		kvm_for_each_memslot_in_gfn_range(&iter, slots, first, last + 1) {
			const struct kvm_memory_slot *slot = iter.slot;
			gfn_t start = max(first, slot->base_gfn);
			gfn_t end = min(last + 1, slot->base_gfn + slot->npages);

			flush = __kvm_rmap_zap_gfn_range(kvm, slot, start, end,
							 can_yield, flush);
		}
	}

	return flush;
}

/*
 * Bring a vCPU in line with the VM's clients, on the vCPU's thread: get other
 * roots if they want others.
 */
void kvm_clients_update_vcpu(struct kvm_vcpu *vcpu)
{
	const struct kvm_watch_hooks *watch = vcpu->kvm->arch.clients.watch;
	struct kvm_mmu *mmu = &vcpu->arch.root_mmu;
	union kvm_mmu_page_role role;

	role = kvm_calc_tdp_mmu_root_page_role(vcpu, mmu->cpu_role);
	if (tdp_mmu_enabled && role.word != mmu->root_role.word)
		kvm_mmu_reset_context(vcpu);

	if (watch)
		watch->update_vcpu(vcpu);
}
