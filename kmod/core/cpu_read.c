// SPDX-License-Identifier: GPL-2.0
/*
 * Registers of a vCPU, on its own thread.
 */
#include <linux/build_bug.h>
#include <linux/kvm_host.h>
#include <linux/string.h>

#include "core/cpu.h"
#include "core/flavour.h"

/* Some registers stay in the VMCS until somebody asks. */
static void cache_reg(struct kvm_vcpu *vcpu, enum kvm_reg reg)
{
	if (!(vcpu->arch.regs_avail & BIT(reg)))
		static_call(kvm_x86_cache_reg)(vcpu, reg);
}

/*
 * It runs a guest of the guest, or is in SMM, which has memory slots of its own:
 * what its registers are in the guest itself isn't known.
 */
bool vigil_cpu_is_away(struct kvm_vcpu *vcpu)
{
	return vcpu->arch.hflags & HF_GUEST_MASK ||
	       kvm_arch_vcpu_memslots_id(vcpu);
}

/* CR3 alone, which is cheap.  0 while it is away, or not in long mode. */
u64 vigil_cpu_cr3(struct kvm_vcpu *vcpu)
{
	if (!(vcpu->arch.efer & EFER_LMA) || vigil_cpu_is_away(vcpu))
		return 0;
	cache_reg(vcpu, VCPU_EXREG_CR3);
	return vcpu->arch.cr3;
}

#ifdef VIGIL_KVM_PATCHED

void vigil_cpu_read(struct kvm_vcpu *vcpu, struct vigil_cpu *cpu)
{
	struct kvm_exec_regs regs;

	BUILD_BUG_ON(sizeof(regs) != sizeof(*cpu));
	BUILD_BUG_ON(offsetof(struct kvm_exec_regs, cpl) !=
		     offsetof(struct vigil_cpu, cpl));
	kvm_exec_get_regs(vcpu, &regs);
	memcpy(cpu, &regs, sizeof(*cpu));
}

/* After vigil_cpu_read(). */
void vigil_cpu_set_rsp(struct kvm_vcpu *vcpu, u64 rsp)
{
	vcpu->arch.regs[VCPU_REGS_RSP] = rsp;
	vcpu->arch.regs_dirty |= BIT(VCPU_REGS_RSP);
}

#else

static u64 read_guest_msr(struct kvm_vcpu *vcpu, u32 index)
{
	u64 value;

	return kvm_get_msr(vcpu, index, &value) ? 0 : value;
}

/*
 * Stock KVM lets nobody ask for the privilege level.  A kernel of 64 bits runs
 * in the upper half of the address space, and nothing else does.
 */
static u32 guess_cpl(const struct vigil_cpu *cpu)
{
	if (!(cpu->efer & EFER_LMA))
		return 0;
	return (s64)cpu->rip < 0 ? 0 : 3;
}

void vigil_cpu_read(struct kvm_vcpu *vcpu, struct vigil_cpu *cpu)
{
	cache_reg(vcpu, VCPU_REGS_RSP);
	cache_reg(vcpu, VCPU_REGS_RIP);
	cache_reg(vcpu, VCPU_EXREG_CR0);
	cache_reg(vcpu, VCPU_EXREG_CR3);
	cache_reg(vcpu, VCPU_EXREG_CR4);

	BUILD_BUG_ON(ARRAY_SIZE(cpu->gpr) != __VCPU_REGS_R15 + 1);
	for (int i = 0; i < ARRAY_SIZE(cpu->gpr); i++)
		cpu->gpr[i] = vcpu->arch.regs[i];
	cpu->rip = vcpu->arch.regs[VCPU_REGS_RIP];
	cpu->rflags = kvm_get_rflags(vcpu);
	cpu->cr0 = vcpu->arch.cr0;
	cpu->cr3 = vcpu->arch.cr3;
	cpu->cr4 = vcpu->arch.cr4;
	cpu->efer = vcpu->arch.efer;
	cpu->gs_base = read_guest_msr(vcpu, MSR_GS_BASE);
	cpu->kernel_gs_base = read_guest_msr(vcpu, MSR_KERNEL_GS_BASE);
	cpu->lstar = read_guest_msr(vcpu, MSR_LSTAR);
	cpu->idt_base = 0;
	cpu->cpl = guess_cpl(cpu);
}

#endif /* VIGIL_KVM_PATCHED */
