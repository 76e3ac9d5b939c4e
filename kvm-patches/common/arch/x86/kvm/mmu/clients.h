/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __KVM_X86_MMU_CLIENTS_H
#define __KVM_X86_MMU_CLIENTS_H

#include <linux/kvm_host.h>
#include <linux/kvm_para.h>

#include <asm/kvm_exec.h>

struct kvm_page_fault;

/*
 * How many records or SPTEs to look at before giving mmu_lock back, which takes
 * about as long as a few page faults.
 */
#define KVM_CLIENTS_BATCH	256

/* Where a fetch comes from, and what its grant is good for. */
enum kvm_gfn_domain {
	KVM_GFN_DOMAIN_ALL,		/* an ordinary guest in long mode: anywhere */
	KVM_GFN_DOMAIN_NESTED,		/* an L2 guest */
	KVM_GFN_DOMAIN_SMM,
	KVM_GFN_DOMAIN_NOT_LONG,	/* outside of long mode */
};

/*
 * The record of a page, as a value entry in kvm_clients.records.  The first part
 * is the execute policy's, the second is that of watched pages.
 */
union kvm_gfn_record {
	struct {
		u64 state : 2;		/* enum kvm_exec_state */
		u64 domain : 2;		/* granted, opened: enum kvm_gfn_domain */
		u64 held : 1;		/* pending, granted: writers wait */
		u64 flips : 12;		/* grants taken away by writes */
		u64 seq : 32;		/* pending, held: who froze the page */

		u64 watched : 1;
		u64 nr_open : 13;	/* vCPUs for which it is open nevertheless */
	};
	u64 val;			/* 0: there is no record */
};

#ifdef CONFIG_X86_64
void kvm_clients_init_vm(struct kvm *kvm);
bool kvm_clients_supported(struct kvm *kvm);
void kvm_clients_slot_changed(struct kvm *kvm, const struct kvm_memory_slot *old,
			      const struct kvm_memory_slot *new);
void kvm_clients_update_vcpu(struct kvm_vcpu *vcpu);
void __kvm_clients_ran(struct kvm_vcpu *vcpu);
void __kvm_clients_handled(struct kvm_vcpu *vcpu);
void kvm_clients_catch_up(struct kvm *kvm);
int __kvm_clients_page_fault(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault);

unsigned int __kvm_gfn_access(struct kvm *kvm, gfn_t gfn, union kvm_mmu_page_role role);
bool __kvm_gfn_disallow_lpage(struct kvm *kvm, gfn_t gfn, int level);
bool __kvm_clients_unmap(struct kvm *kvm, const struct kvm_gfn_range *range, bool flush);

enum kvm_gfn_domain kvm_gfn_domain(union kvm_mmu_page_role role);
unsigned int kvm_gfn_record_access(struct kvm *kvm, union kvm_gfn_record record,
				   union kvm_mmu_page_role role);
union kvm_gfn_record kvm_gfn_record_load(struct kvm *kvm, gfn_t gfn);
int kvm_gfn_record_reserve(struct kvm *kvm, gfn_t gfn);
void kvm_gfn_record_release(struct kvm *kvm, gfn_t gfn);
int kvm_gfn_record_store(struct kvm *kvm, gfn_t gfn, union kvm_gfn_record record);
bool kvm_gfn_set_access(struct kvm *kvm, struct kvm_vcpu *vcpu, gfn_t gfn,
			union kvm_gfn_record record, bool *mapped);
void kvm_clients_flush(struct kvm *kvm, bool *flush);
bool kvm_clients_must_yield(struct kvm *kvm, unsigned int *nr);
void kvm_clients_yield(struct kvm *kvm, unsigned int *nr, bool *flush);
void kvm_gfn_recover_lpages(struct kvm *kvm, gfn_t first, gfn_t last);

/* clients_mmu.inc.c, clients_tdp.inc.c: what needs the insides of both MMUs */
bool kvm_mmu_zap_gfn_rmaps(struct kvm *kvm, gfn_t first, gfn_t last, bool can_yield);
bool kvm_tdp_mmu_close_all(struct kvm *kvm);
bool kvm_tdp_mmu_set_access(struct kvm *kvm, struct kvm_vcpu *vcpu, gfn_t gfn,
			    union kvm_gfn_record record, bool *mapped);
bool kvm_tdp_mmu_make_writable(struct kvm *kvm, const struct kvm_memory_slot *slot,
			       gfn_t gfn);
void kvm_tdp_mmu_recover_lpages(struct kvm *kvm, const struct kvm_memory_slot *slot,
				gfn_t start, gfn_t end);

/* guest_write.c */
bool kvm_gfn_is_being_written(struct kvm *kvm, gfn_t gfn);
void kvm_guest_writes_wait(struct kvm *kvm);
#else
/* There is no client, hence most of these are never called. */
static inline void kvm_clients_init_vm(struct kvm *kvm) { }
static inline void kvm_clients_slot_changed(struct kvm *kvm,
					    const struct kvm_memory_slot *old,
					    const struct kvm_memory_slot *new) { }
static inline void kvm_clients_update_vcpu(struct kvm_vcpu *vcpu) { }
static inline void __kvm_clients_ran(struct kvm_vcpu *vcpu) { }
static inline void __kvm_clients_handled(struct kvm_vcpu *vcpu) { }
static inline int __kvm_clients_page_fault(struct kvm_vcpu *vcpu,
					   struct kvm_page_fault *fault) { return 0; }
static inline unsigned int __kvm_gfn_access(struct kvm *kvm, gfn_t gfn,
					    union kvm_mmu_page_role role) { return ~0u; }
static inline bool __kvm_gfn_disallow_lpage(struct kvm *kvm, gfn_t gfn,
					    int level) { return false; }
static inline bool __kvm_clients_unmap(struct kvm *kvm, const struct kvm_gfn_range *range,
				       bool flush) { return flush; }
#endif

/* Does the VM have a client? */
static inline bool kvm_clients_enabled(struct kvm *kvm)
{
	return kvm_has_clients() && (READ_ONCE(kvm->arch.exec.client) ||
				     READ_ONCE(kvm->arch.clients.watching));
}

/* To be called first for each fault; 0 (RET_PF_CONTINUE): handle it as usual. */
static inline int kvm_clients_page_fault(struct kvm_vcpu *vcpu,
					 struct kvm_page_fault *fault)
{
	return kvm_clients_enabled(vcpu->kvm) ? __kvm_clients_page_fault(vcpu, fault) : 0;
}

/* The ACC_*_MASK that clients let an SPTE for @gfn in a page of @role allow. */
static inline unsigned int kvm_gfn_access(struct kvm *kvm, gfn_t gfn,
					  union kvm_mmu_page_role role)
{
	return kvm_clients_enabled(kvm) ? __kvm_gfn_access(kvm, gfn, role) : ~0u;
}

static inline bool kvm_gfn_disallow_lpage(struct kvm *kvm, gfn_t gfn, int level)
{
	return kvm_clients_enabled(kvm) && __kvm_gfn_disallow_lpage(kvm, gfn, level);
}

/*
 * The SPTEs of the range are gone, as the host is about to replace the pages
 * behind it.  Return whether TLBs still have to be flushed.
 */
static inline bool kvm_clients_unmap(struct kvm *kvm, const struct kvm_gfn_range *range,
				     bool flush)
{
	return kvm_clients_enabled(kvm) ? __kvm_clients_unmap(kvm, range, flush) : flush;
}

/* Where KVM writes steal time, INVALID_GPA's if it doesn't. */
static inline gfn_t kvm_steal_time_gfn(struct kvm_vcpu *vcpu)
{
	u64 msr = vcpu->arch.st.msr_val;

	return gpa_to_gfn(msr & KVM_MSR_ENABLED ? msr : INVALID_GPA);
}

/*
 * The vCPU is new, or has lost its state: bring it in line with the VM's clients
 * before it runs.  It may not know of one that came meanwhile.
 */
static inline void kvm_clients_request_update(struct kvm_vcpu *vcpu)
{
	if (kvm_has_clients())
		kvm_make_request(KVM_REQ_CLIENTS_UPDATE, vcpu);
}

/* The vCPU has left the guest. */
static inline void kvm_clients_ran(struct kvm_vcpu *vcpu)
{
	if (kvm_has_clients())
		__kvm_clients_ran(vcpu);
}

/* The exit is handled, i.e. the instruction is emulated if it was to be. */
static inline void kvm_clients_handled(struct kvm_vcpu *vcpu)
{
	if (kvm_has_clients())
		__kvm_clients_handled(vcpu);
}

#endif /* __KVM_X86_MMU_CLIENTS_H */
