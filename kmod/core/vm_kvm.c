// SPDX-License-Identifier: GPL-2.0
/*
 * What a VM is to KVM, and which kinds of VM are refused.
 */
#include <linux/kvm_host.h>
#include <linux/netlink.h>

#include "core/vm.h"

#define TDP_LEVELS_MIN	4

/* Memory that is encrypted, or that only the guest can reach. */
static bool is_private(const struct kvm *kvm)
{
	return kvm->arch.vm_type != KVM_X86_DEFAULT_VM ||
	       kvm->arch.has_private_mem || kvm->arch.has_protected_state ||
	       /* The old way to make a SEV VM leaves no other trace. */
	       test_bit(APICV_INHIBIT_REASON_SEV,
			&kvm->arch.apicv_inhibit_reasons);
}

/*
 * A root of a TDP MMU maps by guest-physical addresses, in 4 or 5 levels.  With
 * shadow paging a root does so only while the guest has paging off, and then it
 * has three levels.
 */
static bool uses_tdp(const struct kvm_vcpu *vcpu)
{
	union kvm_mmu_page_role role = vcpu->arch.root_mmu.root_role;

	return role.direct && role.level >= TDP_LEVELS_MIN;
}

/* SVM or VMX on is not enough: Linux guests turn it on and may never use it. */
static bool uses_nesting(const struct kvm_vcpu *vcpu)
{
	return READ_ONCE(vcpu->arch.hflags) & HF_GUEST_MASK ||
	       READ_ONCE(vcpu->stat.nested_run);
}

static int refuse_vcpu(const struct kvm_vcpu *vcpu,
		       struct netlink_ext_ack *extack)
{
	if (!uses_tdp(vcpu)) {
		NL_SET_ERR_MSG(extack, "KVM shadows the VM's page tables; vigil needs NPT or EPT");
		return -EOPNOTSUPP;
	}
	if (uses_nesting(vcpu)) {
		NL_SET_ERR_MSG(extack, "the guest runs guests of its own (nested virtualisation)");
		return -EOPNOTSUPP;
	}
	return 0;
}

/**
 * vigil_vm_refuse - Is this a kind of VM that can't be protected?
 * @kvm: the VM
 * @extack: says which
 *
 * Return: 0, or -EOPNOTSUPP.
 */
int vigil_vm_refuse(struct kvm *kvm, struct netlink_ext_ack *extack)
{
	struct kvm_vcpu *vcpu;
	unsigned long i;
	int err;

	if (is_private(kvm)) {
		NL_SET_ERR_MSG(extack, "the VM's memory is private (SEV, TDX or guest_memfd)");
		return -EOPNOTSUPP;
	}
	kvm_for_each_vcpu(i, vcpu, kvm) {
		err = refuse_vcpu(vcpu, extack);
		if (err)
			return err;
	}
	return 0;
}

unsigned int vigil_vm_vcpus(const struct vigil_vm *vm)
{
	return atomic_read(&vm->kvm->online_vcpus);
}

/* Bytes of guest memory. */
u64 vigil_vm_memory(const struct vigil_vm *vm)
{
	struct kvm_memory_slot *slot;
	struct kvm_memslots *slots;
	u64 pages = 0;
	int bkt, idx;

	idx = srcu_read_lock(&vm->kvm->srcu);
	slots = kvm_memslots(vm->kvm);
	kvm_for_each_memslot(slot, bkt, slots) {
		/* KVM's own slots hold no memory of the guest. */
		if (slot->id < KVM_USER_MEM_SLOTS)
			pages += slot->npages;
	}
	srcu_read_unlock(&vm->kvm->srcu, idx);
	return pages << PAGE_SHIFT;
}
