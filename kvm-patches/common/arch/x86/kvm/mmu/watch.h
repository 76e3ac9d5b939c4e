/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __KVM_X86_MMU_WATCH_H
#define __KVM_X86_MMU_WATCH_H

#include <linux/kvm_host.h>

#include <asm/kvm_watch.h>

#include "clients.h"
#include "kvm_emulate.h"

/* svm/watch.c */
void svm_watch_step_begin(struct kvm_vcpu *vcpu);
void svm_watch_step_end(struct kvm_vcpu *vcpu);
bool svm_watch_step_exit(struct kvm_vcpu *vcpu, u32 exit_code);
bool svm_watch_walks_read(void);
bool svm_watch_step(struct kvm_vcpu *vcpu, bool on);
void svm_watch_update(struct kvm_vcpu *vcpu);

/* vmx/watch.c */
bool vmx_watch_walks_read(void);
bool vmx_watch_without_ad(void);
bool vmx_watch_step(struct kvm_vcpu *vcpu, bool on);
void vmx_watch_update(struct kvm_vcpu *vcpu);
bool vmx_watch_has_guest_cr3(struct kvm_vcpu *vcpu);

#ifdef CONFIG_X86_64
#define kvm_watch_count(kvm, stat, n)						\
	atomic64_add(n, &(kvm)->arch.watch.stats[offsetof(struct kvm_watch_stats, stat) / \
						 sizeof(u64)])

void kvm_watch_init_vm(struct kvm *kvm);

bool kvm_watch_open_page(struct kvm *kvm, gfn_t gfn);
void kvm_watch_close_page(struct kvm *kvm, gfn_t gfn);
bool kvm_watch_drop_page(struct kvm *kvm, gfn_t gfn);

int kvm_watch_page_fault(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault);
int kvm_watch_fault(struct kvm_vcpu *vcpu, u64 error_code);
void __kvm_watch_let_through(struct kvm_vcpu *vcpu);
void __kvm_watch_close(struct kvm_vcpu *vcpu);
void kvm_watch_give_up(struct kvm_vcpu *vcpu);
void __kvm_watch_cr3_load(struct kvm_vcpu *vcpu, unsigned long cr3);

bool __kvm_watch_writes_to_watched(struct kvm_vcpu *vcpu, gpa_t gpa);
int kvm_watch_emulated_write(struct kvm_vcpu *vcpu, gpa_t gpa, unsigned long gva,
			     const void *val, unsigned int bytes,
			     struct x86_exception *exception);
int __kvm_watch_cmpxchg_begin(struct kvm_vcpu *vcpu, gpa_t gpa, unsigned long gva,
			      const void *old, const void **new, unsigned int bytes,
			      struct x86_exception *exception);
void __kvm_watch_cmpxchg_end(struct kvm_vcpu *vcpu);
int kvm_watch_cmpxchg16(struct kvm_vcpu *vcpu, unsigned long gva, const u64 *old, const u64 *new,
			struct x86_exception *exception);
int kvm_watch_copy_to_guest(struct kvm *kvm, gpa_t gpa, unsigned long hva,
			    const void *data, unsigned int len);
#else
static inline void kvm_watch_init_vm(struct kvm *kvm) { }
static inline int kvm_watch_fault(struct kvm_vcpu *vcpu, u64 error_code) { return 0; }
static inline void __kvm_watch_let_through(struct kvm_vcpu *vcpu) { }
static inline void __kvm_watch_close(struct kvm_vcpu *vcpu) { }
static inline void kvm_watch_give_up(struct kvm_vcpu *vcpu) { }
static inline void __kvm_watch_cr3_load(struct kvm_vcpu *vcpu, unsigned long cr3) { }
static inline bool __kvm_watch_writes_to_watched(struct kvm_vcpu *vcpu,
						 gpa_t gpa) { return false; }
static inline int kvm_watch_emulated_write(struct kvm_vcpu *vcpu, gpa_t gpa,
					   unsigned long gva, const void *val,
					   unsigned int bytes,
					   struct x86_exception *exception)
{
	return X86EMUL_UNHANDLEABLE;
}

static inline int __kvm_watch_cmpxchg_begin(struct kvm_vcpu *vcpu, gpa_t gpa,
					    unsigned long gva, const void *old,
					    const void **new, unsigned int bytes,
					    struct x86_exception *exception)
{
	return X86EMUL_UNHANDLEABLE;
}

static inline void __kvm_watch_cmpxchg_end(struct kvm_vcpu *vcpu) { }
static inline int kvm_watch_cmpxchg16(struct kvm_vcpu *vcpu, unsigned long gva, const u64 *old,
				      const u64 *new, struct x86_exception *exception)
{
	return X86EMUL_UNHANDLEABLE;
}
#endif

static inline bool kvm_watch_enabled(struct kvm *kvm)
{
	return kvm_has_clients() && READ_ONCE(kvm->arch.watch.client);
}

/* Does the VM do without A/D bits, be it for a client's sake? */
#define kvm_ad_disabled(kvm)							\
	(!kvm_ad_enabled() ||							\
	 (kvm_has_clients() && READ_ONCE((kvm)->arch.watch.ad_disabled)))

/* Will the emulator's write go to a watched page?  If so, let the client decide. */
static inline bool kvm_watch_writes_to_watched(struct kvm_vcpu *vcpu, gpa_t gpa)
{
	return kvm_watch_enabled(vcpu->kvm) && __kvm_watch_writes_to_watched(vcpu, gpa);
}

/*
 * The emulator is about to compare a page with @old and to write @new.
 * X86EMUL_CONTINUE: do so, with what @new is then, and end it.
 */
static inline int kvm_watch_cmpxchg_begin(struct kvm_vcpu *vcpu, gpa_t gpa,
					  unsigned long gva, const void *old,
					  const void **new, unsigned int bytes,
					  struct x86_exception *exception)
{
	return kvm_watch_writes_to_watched(vcpu, gpa) ?
	       __kvm_watch_cmpxchg_begin(vcpu, gpa, gva, old, new, bytes, exception) :
	       X86EMUL_CONTINUE;
}

static inline void kvm_watch_cmpxchg_end(struct kvm_vcpu *vcpu)
{
	if (kvm_has_clients() && vcpu->arch.watch.asked)
		__kvm_watch_cmpxchg_end(vcpu);
}

/* Is the fault a write to a watched page?  Then kvm_watch_fault() knows what to do. */
static inline bool kvm_watch_faulted(struct kvm_vcpu *vcpu)
{
	return kvm_has_clients() && vcpu->arch.watch.faulted;
}

/* The emulator failed: may the CPU execute the instruction instead? */
static inline bool kvm_watch_let_through(struct kvm_vcpu *vcpu)
{
	if (!kvm_watch_faulted(vcpu))
		return false;

	__kvm_watch_let_through(vcpu);
	return true;
}

/* On Intel: does this vCPU have to exit for loads of CR3 because of a client? */
static inline bool kvm_watch_intercepts_cr3(struct kvm_vcpu *vcpu)
{
	return vcpu->arch.watch.cr3;
}

static inline void kvm_watch_cr3_load(struct kvm_vcpu *vcpu, unsigned long cr3)
{
	if (kvm_has_clients() && unlikely(READ_ONCE(vcpu->kvm->arch.watch.cr3)))
		__kvm_watch_cr3_load(vcpu, cr3);
}

/* Whether the vCPU has run or not, it may not do so for long. */
static inline void kvm_watch_close(struct kvm_vcpu *vcpu)
{
	if (kvm_has_clients() && unlikely(vcpu->arch.watch.nr_open))
		__kvm_watch_close(vcpu);
}

#endif /* __KVM_X86_MMU_WATCH_H */
