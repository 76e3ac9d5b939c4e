/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __KVM_X86_MMU_EXEC_H
#define __KVM_X86_MMU_EXEC_H

#include <linux/kvm_host.h>

#include <asm/kvm_exec.h>

#include "clients.h"

#ifdef CONFIG_X86_64
#define KVM_EXEC_MAX_FLIPS	(BIT(12) - 1)	/* that a record can hold */

#define kvm_exec_count(kvm, stat, n)						\
	atomic64_add(n, &(kvm)->arch.exec.stats[offsetof(struct kvm_exec_stats, stat) / \
						sizeof(u64)])

/* Is the page as @seq froze it, i.e. neither written nor answered about? */
static inline bool kvm_exec_is_frozen(union kvm_gfn_record record, u32 seq)
{
	return record.state == KVM_EXEC_PENDING && record.seq == seq;
}

static inline bool kvm_exec_is_frozen_for_write(union kvm_gfn_record record)
{
	return record.state == KVM_EXEC_PENDING || record.state == KVM_EXEC_GRANTED;
}

static inline bool kvm_exec_is_executable(union kvm_gfn_record record,
					  union kvm_mmu_page_role role)
{
	return (record.state == KVM_EXEC_GRANTED || record.state == KVM_EXEC_OPENED) &&
	       (record.domain == KVM_GFN_DOMAIN_ALL ||
		record.domain == kvm_gfn_domain(role));
}

int kvm_exec_freeze_page(struct kvm_vcpu *vcpu, gfn_t gfn, union kvm_gfn_record old,
			 u32 seq, bool held, bool *flush);
int kvm_exec_topup_caches(struct kvm_vcpu *vcpu);
int kvm_exec_fetch_fault(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault);
int kvm_exec_write_fault(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault);
void kvm_exec_close_for_write(struct kvm *kvm, gfn_t gfn, union kvm_gfn_record old);
void kvm_exec_release(struct kvm_vcpu *vcpu);
bool __kvm_exec_allow_insn(struct kvm_vcpu *vcpu);

void kvm_exec_begin_write(struct kvm *kvm, struct kvm_guest_write *write, gfn_t gfn);
void kvm_exec_end_write(struct kvm *kvm, struct kvm_guest_write *write);
int kvm_exec_copy_to_guest(struct kvm *kvm, gpa_t gpa, unsigned long hva,
			   const void *data, unsigned int len);

int kvm_exec_store(struct kvm *kvm, struct kvm_vcpu *vcpu, gfn_t gfn,
		   union kvm_gfn_record old, union kvm_gfn_record record,
		   bool *flush, bool *mapped);
void kvm_exec_drop_slot(struct kvm *kvm, const struct kvm_memory_slot *slot);
#else
static inline void kvm_exec_release(struct kvm_vcpu *vcpu) { }
static inline bool __kvm_exec_allow_insn(struct kvm_vcpu *vcpu) { return true; }
static inline void kvm_exec_begin_write(struct kvm *kvm, struct kvm_guest_write *write,
					gfn_t gfn) { }
static inline void kvm_exec_end_write(struct kvm *kvm, struct kvm_guest_write *write) { }
static inline void kvm_exec_drop_slot(struct kvm *kvm,
				      const struct kvm_memory_slot *slot) { }
#endif

static inline bool kvm_exec_enabled(struct kvm *kvm)
{
	return kvm_has_clients() && READ_ONCE(kvm->arch.exec.client);
}

/*
 * Code outside of long mode gets page tables of its own, so that grants can be
 * kept apart, see enum kvm_gfn_domain.
 */
static inline bool kvm_exec_separates(struct kvm *kvm, union kvm_cpu_role role)
{
	return kvm_exec_enabled(kvm) && !role.ext.efer_lma;
}

/*
 * Do @stmt, which writes to the page @gfn, after the page has lost its grant.  Be
 * the page watched or not, the caller knows what to do about that.  May sleep.
 */
#define kvm_exec_write(kvm, gfn, stmt)						\
do {										\
	struct kvm_guest_write __write;						\
										\
	if (kvm_has_clients())							\
		kvm_exec_begin_write(kvm, &__write, gfn);			\
	stmt;									\
	if (kvm_has_clients())							\
		kvm_exec_end_write(kvm, &__write);				\
} while (0)

/* The same around an atomic instruction of the emulator. */
static inline void kvm_exec_begin_cmpxchg(struct kvm_vcpu *vcpu, gfn_t gfn)
{
	if (kvm_has_clients())
		kvm_exec_begin_write(vcpu->kvm, &vcpu->arch.exec.write, gfn);
}

static inline void kvm_exec_end_cmpxchg(struct kvm_vcpu *vcpu)
{
	if (kvm_has_clients())
		kvm_exec_end_write(vcpu->kvm, &vcpu->arch.exec.write);
}

/* The vCPU has left the guest. */
static inline void kvm_exec_ran(struct kvm_vcpu *vcpu)
{
	/* Before the emulator fetches an instruction, see exec_allow_addr(). */
	vcpu->arch.exec.ran_generation = smp_load_acquire(&vcpu->kvm->arch.exec.generation);
	vcpu->arch.exec.ran_seq = vcpu->arch.exec.held_seq;
}

/* The exit is handled, i.e. the instruction is emulated if it was to be. */
static inline void kvm_exec_handled(struct kvm_vcpu *vcpu)
{
	if (unlikely(vcpu->arch.exec.ran_seq))
		kvm_exec_release(vcpu);
}

/*
 * May the emulator execute the instruction that it fetched?  If not, let the CPU
 * fetch it.  When skipping one nothing is executed.
 */
static inline bool kvm_exec_allow_insn(struct kvm_vcpu *vcpu, int emulation_type)
{
	return !kvm_exec_enabled(vcpu->kvm) || (emulation_type & EMULTYPE_SKIP) ||
	       __kvm_exec_allow_insn(vcpu);
}

#endif /* __KVM_X86_MMU_EXEC_H */
