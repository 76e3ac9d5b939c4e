/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory of a KVM guest.
 */
#ifndef _VIGIL_GMEM_KVM_H
#define _VIGIL_GMEM_KVM_H

#include "core/gmem.h"

struct kvm;
struct kvm_memory_slot;
struct kvm_vcpu;

/**
 * struct vigil_gmem_kvm - Memory of a VM
 */
struct vigil_gmem_kvm {
	struct vigil_gmem gm;
	struct kvm *kvm;
	/** @slot: the last that was used, while the VM's SRCU is held */
	struct kvm_memory_slot *slot;
	/** @srcu: of the critical section, while the memory is borrowed */
	int srcu;
};

/* For use on @vcpu's own thread, inside a callback of KVM. */
void vigil_gmem_init_vcpu(struct vigil_gmem_kvm *g, struct kvm_vcpu *vcpu);

/* For use anywhere else. */
void vigil_gmem_init(struct vigil_gmem_kvm *g, struct kvm *kvm);

/*
 * For a kernel thread that has borrowed the VMM's memory, between these two.
 * Reading is cheap and never waits: what the host has swapped out isn't there.
 * The VMM waits for the end if it changes memslots.
 * -ESRCH: the VMM is exiting.
 */
int vigil_gmem_borrow(struct vigil_gmem_kvm *g, struct kvm *kvm);
void vigil_gmem_return(struct vigil_gmem_kvm *g);

#endif /* _VIGIL_GMEM_KVM_H */
