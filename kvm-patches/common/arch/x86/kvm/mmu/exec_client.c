// SPDX-License-Identifier: GPL-2.0
/*
 * Execute policy: what a client can use while it decides.  See exec.c.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/export.h>
#include <linux/kvm_host.h>

#include "exec.h"
#include "kvm_cache_regs.h"
#include "mmu.h"
#include "mmu_internal.h"
#include "x86.h"

/* Page tables that a vCPU may need to give one gfn SPTEs of its own. */
#define EXEC_MAX_SPLITS		(2 * (PG_LEVEL_1G - PG_LEVEL_4K))

/* Change a page if it is in the state that the caller expects. */
static bool exec_change_page(struct kvm_vcpu *vcpu, gfn_t gfn,
			     enum kvm_exec_state state, bool *flush)
{
	union kvm_gfn_record old = kvm_gfn_record_load(vcpu->kvm, gfn), record = old;
	bool mapped = false;

	if (state == KVM_EXEC_PENDING)
		return old.state == KVM_EXEC_CLOSED && kvm_vcpu_is_visible_gfn(vcpu, gfn) &&
		       !kvm_exec_freeze_page(vcpu, gfn, old, vcpu->arch.exec.seq,
					     false, flush);

	if (!kvm_exec_is_frozen(old, vcpu->arch.exec.seq))
		return false;

	record.state = state;
	if (state != KVM_EXEC_CLOSED)
		record.domain = kvm_gfn_domain(vcpu->arch.mmu->root_role);
	return !kvm_exec_store(vcpu->kvm, vcpu, gfn, old, record, flush, &mapped);
}

/*
 * Change pages with mmu_lock held, until it is time to give it back or the caches
 * run low.  Return how many of @nr were looked at, and add those that changed to
 * @changed.
 */
static unsigned int exec_change_batch(struct kvm_vcpu *vcpu, const gfn_t *gfns,
				      unsigned int nr, enum kvm_exec_state state,
				      int *changed)
{
	struct kvm_mmu_memory_cache *cache = &vcpu->arch.mmu_shadow_page_cache;
	unsigned int i = 0, looked_at = 0;
	struct kvm *kvm = vcpu->kvm;
	bool flush = false;

	write_lock(&kvm->mmu_lock);

	if (kvm->arch.exec.client) {
		do {
			*changed += exec_change_page(vcpu, gfns[i], state, &flush);
		} while (++i < nr && !kvm_clients_must_yield(kvm, &looked_at) &&
			 kvm_mmu_memory_cache_nr_free_objects(cache) >= EXEC_MAX_SPLITS);
	} else {
		i = nr;
	}

	kvm_clients_flush(kvm, &flush);
	write_unlock(&kvm->mmu_lock);
	cond_resched();

	return i;
}

static int exec_change_pages(struct kvm_vcpu *vcpu, const gfn_t *gfns,
			     unsigned int nr, enum kvm_exec_state state)
{
	unsigned int i = 0;
	int changed = 0, r;

	if (!vcpu->arch.exec.seq || nr > KVM_EXEC_MAX_AROUND)
		return -EINVAL;

	while (i < nr) {
		r = kvm_exec_topup_caches(vcpu);
		if (r)
			return r;

		i += exec_change_batch(vcpu, gfns + i, nr - i, state, &changed);
	}

	return changed;
}

int kvm_exec_freeze(struct kvm_vcpu *vcpu, const gfn_t *gfns, unsigned int nr)
{
	unsigned int reserved, i;
	int r = 0;

	if (nr > KVM_EXEC_MAX_AROUND)
		return -EINVAL;

	for (reserved = 0; !r && reserved < nr; reserved++)
		if (kvm_vcpu_is_visible_gfn(vcpu, gfns[reserved]))
			r = kvm_gfn_record_reserve(vcpu->kvm, gfns[reserved]);

	if (!r)
		r = exec_change_pages(vcpu, gfns, nr, KVM_EXEC_PENDING);

	/* What wasn't frozen has no use for it. */
	for (i = 0; i < reserved; i++)
		kvm_gfn_record_release(vcpu->kvm, gfns[i]);
	return r;
}
EXPORT_SYMBOL_NS_GPL(kvm_exec_freeze, KVM_EXEC);

int kvm_exec_grant(struct kvm_vcpu *vcpu, const gfn_t *gfns, unsigned int nr)
{
	return exec_change_pages(vcpu, gfns, nr, KVM_EXEC_GRANTED);
}
EXPORT_SYMBOL_NS_GPL(kvm_exec_grant, KVM_EXEC);

void kvm_exec_thaw(struct kvm_vcpu *vcpu, const gfn_t *gfns, unsigned int nr)
{
	exec_change_pages(vcpu, gfns, nr, KVM_EXEC_CLOSED);
}
EXPORT_SYMBOL_NS_GPL(kvm_exec_thaw, KVM_EXEC);

enum kvm_exec_state kvm_exec_gfn_state(struct kvm *kvm, gfn_t gfn)
{
	return kvm_gfn_record_load(kvm, gfn).state;
}
EXPORT_SYMBOL_NS_GPL(kvm_exec_gfn_state, KVM_EXEC);

static u64 exec_read_msr(struct kvm_vcpu *vcpu, u32 index)
{
	u64 data;

	return __kvm_get_msr(vcpu, index, &data, true) ? 0 : data;
}

void kvm_exec_get_regs(struct kvm_vcpu *vcpu, struct kvm_exec_regs *regs)
{
	struct desc_ptr idt;
	int i;

	BUILD_BUG_ON(ARRAY_SIZE(regs->gpr) > NR_VCPU_REGS);

	memset(regs, 0, sizeof(*regs));

	for (i = 0; i < ARRAY_SIZE(regs->gpr); i++)
		regs->gpr[i] = kvm_register_read_raw(vcpu, i);

	kvm_x86_call(get_idt)(vcpu, &idt);

	regs->rip = kvm_rip_read(vcpu);
	regs->rflags = kvm_get_rflags(vcpu);
	regs->cr0 = kvm_read_cr0(vcpu);
	regs->cr3 = kvm_read_cr3(vcpu);
	regs->cr4 = kvm_read_cr4(vcpu);
	regs->efer = vcpu->arch.efer;
	regs->gs_base = kvm_x86_call(get_segment_base)(vcpu, VCPU_SREG_GS);
	regs->kernel_gs_base = exec_read_msr(vcpu, MSR_KERNEL_GS_BASE);
	regs->lstar = exec_read_msr(vcpu, MSR_LSTAR);
	regs->idt_base = idt.address;
	regs->cpl = kvm_x86_call(get_cpl)(vcpu);
}
EXPORT_SYMBOL_NS_GPL(kvm_exec_get_regs, KVM_EXEC);
