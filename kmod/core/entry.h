/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Callbacks for a vCPU that is about to enter the guest.
 */
#ifndef _VIGIL_ENTRY_H
#define _VIGIL_ENTRY_H

#include <linux/types.h>

struct kvm;
struct kvm_vcpu;

/**
 * struct vigil_entry_hook - A callback for the vCPUs of one VM
 *
 * Embedded by the owner, who fills in the first two and keeps them as they are
 * while the hook is added.
 */
struct vigil_entry_hook {
	/** @kvm: The VM. */
	struct kvm *kvm;
	/**
	 * @enter: Called on the vCPU's own thread with interrupts off, at every
	 * entry.  Must not sleep, nor add or remove hooks.  Runs for several
	 * vCPUs at once.
	 */
	void (*enter)(struct vigil_entry_hook *hook, struct kvm_vcpu *vcpu);
	/** @node: In the table of all hooks. */
	struct hlist_node node;
};

int vigil_entry_add(struct vigil_entry_hook *hook);
void vigil_entry_del(struct vigil_entry_hook *hook);

#endif /* _VIGIL_ENTRY_H */
