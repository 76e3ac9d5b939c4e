// SPDX-License-Identifier: GPL-2.0
/*
 * Watched pages on AMD: read-only guest page tables, loads of CR3, and the step by
 * which an instruction is executed with a page open.  See mmu/watch_step.c.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kvm_host.h>
#include <linux/smp.h>
#include <trace/events/ipi.h>

#include "kvm_cache_regs.h"
#include "lapic.h"
#include "mmu.h"
#include "svm.h"
#include "x86.h"

/* Read-only guest page tables: CPUID, and in the VMCB.  The kernel has no names. */
#define X86_FEATURE_ROGPT		(15 * 32 + 21)
#define SVM_NESTED_CTL_ROGPT_ENABLE	BIT(6)

/*
 * Instructions that a step would show TF to, or that set it: they are executed
 * afterwards, without one.  SYSCALL and SYSRET do, too, but only fault.  IRET can't
 * be emulated, and writes if it sets the accessed bit of a descriptor.
 */
#define SVM_WATCH_INTERCEPTS						\
	(BIT(INTERCEPT_PUSHF % 32) | BIT(INTERCEPT_POPF % 32) |		\
	 BIT(INTERCEPT_IRET % 32) | BIT(INTERCEPT_INTn % 32))

/* An event comes first, in whose frame TF would be seen. */
static bool svm_watch_delivers_event(struct vcpu_svm *svm)
{
	u32 int_ctl = svm->vmcb->control.int_ctl;

	if (svm->vmcb->control.event_inj)
		return true;

	/* The CPU delivers it by itself. */
	return is_vnmi_enabled(svm) &&
	       (int_ctl & (V_NMI_PENDING_MASK | V_NMI_BLOCKING_MASK)) == V_NMI_PENDING_MASK;
}

/*
 * Execute one instruction, or have the vCPU exit at once if that can't be ensured:
 * it comes back when the event is delivered.  The frame is also why all exceptions
 * are intercepted.  IF stays as it is: interrupts come by injection, unless AVIC
 * delivers them.
 */
void svm_watch_step_begin(struct kvm_vcpu *vcpu)
{
	struct vcpu_svm *svm = to_svm(vcpu);
	struct vmcb_control_area *control = &svm->vmcb->control;
	struct kvm_watch_step *step = &vcpu->arch.watch.step;
	struct vmcb_save_area *save = &svm->vmcb->save;

	BUILD_BUG_ON(INTERCEPT_PUSHF / 32 != INTERCEPT_WORD3 ||
		     INTERCEPT_INTn / 32 != INTERCEPT_WORD3);

	if (svm_watch_delivers_event(svm)) {
		smp_send_reschedule(vcpu->cpu);
		return;
	}

	step->running = true;
	step->rip = save->rip;
	step->rflags = save->rflags;
	step->efer = save->efer;
	step->dr6 = save->dr6;
	step->int_state = control->int_state;
	step->exceptions = control->intercepts[INTERCEPT_EXCEPTION];
	step->instructions = control->intercepts[INTERCEPT_WORD3];

	save->rflags |= X86_EFLAGS_TF;
	save->efer &= ~(u64)EFER_SCE;
	if (kvm_vcpu_apicv_active(vcpu))
		control->int_state |= SVM_INTERRUPT_SHADOW_MASK;
	control->intercepts[INTERCEPT_EXCEPTION] = U32_MAX;
	control->intercepts[INTERCEPT_WORD3] |= SVM_WATCH_INTERCEPTS;
	vmcb_mark_dirty(svm->vmcb, VMCB_INTERCEPTS);
	vmcb_mark_dirty(svm->vmcb, VMCB_CR);
}

/* Undo it, whatever the exit is for, and recognise the trap. */
void svm_watch_step_end(struct kvm_vcpu *vcpu)
{
	struct vcpu_svm *svm = to_svm(vcpu);
	struct vmcb_control_area *control = &svm->vmcb->control;
	struct kvm_watch_step *step = &vcpu->arch.watch.step;
	struct vmcb_save_area *save = &svm->vmcb->save;

	step->running = false;
	save->rflags &= ~(u64)X86_EFLAGS_TF;
	save->rflags |= step->rflags & X86_EFLAGS_TF;
	save->efer = step->efer;
	control->intercepts[INTERCEPT_EXCEPTION] = step->exceptions;
	control->intercepts[INTERCEPT_WORD3] = step->instructions;
	vmcb_mark_dirty(svm->vmcb, VMCB_INTERCEPTS);
	vmcb_mark_dirty(svm->vmcb, VMCB_CR);

	/* The shadow ended with the instruction, unless it wasn't executed. */
	if (save->rip == step->rip)
		control->int_state = step->int_state;

	/* A guest that steps itself wants its trap. */
	if (control->exit_code != SVM_EXIT_EXCP_BASE + DB_VECTOR ||
	    (step->rflags & X86_EFLAGS_TF))
		return;

	/* What the guest has left there is no trap of this instruction. */
	step->stepped = !(save->dr6 & ~step->dr6 & DR_TRAP_BITS);
	save->dr6 &= ~(u64)DR6_BS;
	save->dr6 |= step->dr6 & DR6_BS;
	vmcb_mark_dirty(svm->vmcb, VMCB_DR);
}

/*
 * Handle an exit that a step causes: the trap, an instruction that isn't stepped,
 * and exceptions that aren't intercepted otherwise, which the guest gets.  Return
 * false if it's another one.
 */
bool svm_watch_step_exit(struct kvm_vcpu *vcpu, u32 exit_code)
{
	struct vcpu_svm *svm = to_svm(vcpu);
	struct vmcb_control_area *control = &svm->vmcb->control;
	struct kvm_watch_step *step = &vcpu->arch.watch.step;
	u32 vector = exit_code - SVM_EXIT_EXCP_BASE;

	if (step->stepped) {
		step->stepped = false;
		return true;
	}

	switch (exit_code) {
	case SVM_EXIT_PUSHF:
	case SVM_EXIT_POPF:
	case SVM_EXIT_SWINT:
		return true;
	case SVM_EXIT_IRET:
		if (svm_is_intercept(svm, INTERCEPT_IRET))
			return false;
		kvm_watch_give_up(vcpu);
		return true;
	}

	if (vector > 31)
		return false;

	/* It may be SYSCALL or SYSRET; if it isn't, then it comes again. */
	if (vector == UD_VECTOR && (step->efer & EFER_SCE))
		return true;

	if (vmcb_is_intercept(control, INTERCEPT_EXCEPTION_OFFSET + vector))
		return false;

	/* That is this host's own host's. */
	if (vector == PF_VECTOR && vcpu->arch.apf.host_apf_flags)
		return false;

	if (vector == PF_VECTOR)
		vcpu->arch.cr2 = control->exit_info_2;

	if (x86_exception_has_error_code(vector))
		kvm_queue_exception_e(vcpu, vector, control->exit_info_1);
	else
		kvm_queue_exception(vcpu, vector);
	return true;
}

bool svm_watch_walks_read(void)
{
	return npt_enabled && boot_cpu_has(X86_FEATURE_ROGPT);
}

bool svm_watch_step(struct kvm_vcpu *vcpu, bool on)
{
	vcpu->arch.watch.step.on = on;
	return true;
}

void svm_watch_update(struct kvm_vcpu *vcpu)
{
	struct vcpu_svm *svm = to_svm(vcpu);
	struct vmcb *vmcb = svm->vmcb01.ptr;

	if (!npt_enabled)
		return;

	if (READ_ONCE(vcpu->kvm->arch.watch.cr3))
		svm_set_intercept(svm, INTERCEPT_CR3_WRITE);
	else
		svm_clr_intercept(svm, INTERCEPT_CR3_WRITE);

	/* Walks of guest page tables don't count as writes. */
	if (svm_watch_walks_read() && READ_ONCE(vcpu->kvm->arch.watch.client))
		vmcb->control.nested_ctl |= SVM_NESTED_CTL_ROGPT_ENABLE;
	else
		vmcb->control.nested_ctl &= ~SVM_NESTED_CTL_ROGPT_ENABLE;
	vmcb_mark_dirty(vmcb, VMCB_NPT);
}
