/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Registers of a vCPU.
 */
#ifndef _VIGIL_CPU_H
#define _VIGIL_CPU_H

#include <linux/types.h>

#include <asm/processor-flags.h>

struct kvm;
struct kvm_vcpu;

/**
 * struct vigil_cpu - What a vCPU was doing
 *
 * The order is that of struct vigil_regs and struct kvm_exec_regs.
 */
struct vigil_cpu {
	/** @gpr: rax rcx rdx rbx rsp rbp rsi rdi r8 to r15. */
	u64 gpr[16];
	u64 rip;
	u64 rflags;
	u64 cr0;
	u64 cr3;
	u64 cr4;
	u64 efer;
	u64 gs_base;
	u64 kernel_gs_base;
	u64 lstar;
	/** @idt_base: 0 where KVM doesn't tell. */
	u64 idt_base;
	u32 cpl;
};

#define VIGIL_CPU_RSP	4

/* Levels of the page tables that the vCPU walks in long mode. */
static inline unsigned int vigil_cpu_levels(const struct vigil_cpu *cpu)
{
	return cpu->cr4 & X86_CR4_LA57 ? 5 : 4;
}

/* cpu_read.c: on the vCPU's own thread only; doesn't sleep. */
void vigil_cpu_read(struct kvm_vcpu *vcpu, struct vigil_cpu *cpu);
bool vigil_cpu_is_away(struct kvm_vcpu *vcpu);
u64 vigil_cpu_cr3(struct kvm_vcpu *vcpu);
void vigil_cpu_set_rsp(struct kvm_vcpu *vcpu, u64 rsp);

/* cpu_wait.c: from any other thread. */
#define VIGIL_CPU_ANY	(-1)
int vigil_cpu_wait(struct kvm *kvm, int vcpu, unsigned int timeout_ms,
		   struct vigil_cpu *cpu);
void vigil_cpu_abort(struct kvm *kvm);

#endif /* _VIGIL_CPU_H */
