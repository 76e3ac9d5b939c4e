// SPDX-License-Identifier: GPL-2.0
/*
 * Watched pages on Intel: EPT without A/D bits, loads of CR3, and the monitor trap
 * flag, by which an instruction is executed with a page open.  See
 * mmu/watch_step.c.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kvm_host.h>

#include "capabilities.h"
#include "mmu.h"
#include "vmx.h"
#include "x86.h"

/* Walks of guest page tables are reads if there are no EPT A/D bits ... */
bool vmx_watch_walks_read(void)
{
	return enable_ept;
}

/* ... as KVM can do without them. */
bool vmx_watch_without_ad(void)
{
	return enable_ept_ad_bits;
}

/* The exit comes after an instruction, or after the delivery of an event. */
bool vmx_watch_step(struct kvm_vcpu *vcpu, bool on)
{
	if (!(vmcs_config.cpu_based_exec_ctrl & CPU_BASED_MONITOR_TRAP_FLAG))
		return false;

	/* L1 has entered L2 by that instruction: its controls come later. */
	if (is_guest_mode(vcpu)) {
		vcpu->arch.watch.update_l1 = true;
		return false;
	}

	if (on)
		exec_controls_setbit(to_vmx(vcpu), CPU_BASED_MONITOR_TRAP_FLAG);
	else
		exec_controls_clearbit(to_vmx(vcpu), CPU_BASED_MONITOR_TRAP_FLAG);
	return true;
}

/* Is the guest's CR3 loaded into hardware although KVM intercepts CR3 loads? */
bool vmx_watch_has_guest_cr3(struct kvm_vcpu *vcpu)
{
	/* Where KVM loads its own, it intercepts stores, too. */
	return vcpu->arch.watch.cr3 && !is_guest_mode(vcpu) &&
	       !(exec_controls_get(to_vmx(vcpu)) & CPU_BASED_CR3_STORE_EXITING);
}

void vmx_watch_update(struct kvm_vcpu *vcpu)
{
	struct vcpu_vmx *vmx = to_vmx(vcpu);

	if (!enable_ept)
		return;

	if (!vcpu->arch.watch.nr_open)
		vmx_watch_step(vcpu, false);

	vcpu->arch.watch.cr3 = READ_ONCE(vcpu->kvm->arch.watch.cr3);

	/* KVM intercepts stores where it has to intercept loads for itself. */
	if (vcpu->arch.watch.cr3)
		exec_controls_setbit(vmx, CPU_BASED_CR3_LOAD_EXITING);
	else if (!(exec_controls_get(vmx) & CPU_BASED_CR3_STORE_EXITING))
		exec_controls_clearbit(vmx, CPU_BASED_CR3_LOAD_EXITING);
}
