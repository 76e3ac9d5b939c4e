// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of a KVM guest: through the VMM's page tables on a vCPU's thread and
 * on one that has borrowed them, and through the VMM's pages from anywhere else.
 */
#include <linux/highmem.h>
#include <linux/kthread.h>
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>

#include "core/gmem_kvm.h"

static struct kvm *gmem_to_kvm(struct vigil_gmem *gm)
{
	return container_of(gm, struct vigil_gmem_kvm, gm)->kvm;
}

static unsigned long gpa_to_hva(struct kvm *kvm, gpa_t gpa)
{
	unsigned long hva;
	int idx;

	idx = srcu_read_lock(&kvm->srcu);
	hva = gfn_to_hva(kvm, gpa_to_gfn(gpa));
	srcu_read_unlock(&kvm->srcu, idx);
	return kvm_is_error_hva(hva) ? 0 : hva + offset_in_page(gpa);
}

/*
 * A repair must reach a VM that is migrated while vigil is attached.  KVM's own
 * helper is for vCPUs; a dirty ring belongs to one, so that from elsewhere only
 * the bitmap can be set.
 */
static void mark_dirty(struct kvm *kvm, gfn_t gfn)
{
	struct kvm_memory_slot *slot = gfn_to_memslot(kvm, gfn);

	if (!slot || !kvm_slot_dirty_track_enabled(slot))
		return;
	if (kvm_get_running_vcpu())
		mark_page_dirty_in_slot(kvm, slot, gfn);
	else if (slot->dirty_bitmap)
		set_bit_le(gfn - slot->base_gfn, slot->dirty_bitmap);
}

static bool gfn_is_writable(struct kvm *kvm, gfn_t gfn)
{
	struct kvm_memory_slot *slot = gfn_to_memslot(kvm, gfn);

	return slot && !(slot->flags & KVM_MEM_READONLY);
}

static int exchange_in_page(struct page *page, unsigned int offset, u64 *old,
			    u64 new)
{
	void *addr = kmap_local_page(page);
	bool done;

	done = try_cmpxchg64((u64 *)(addr + offset), old, new);
	kunmap_local(addr);
	return done ? 0 : -EAGAIN;
}

/*
 * Without leave to wait: a page that only user space could bring in is refused.
 * The VM's SRCU is held.
 */
static int cmpxchg_hva(struct kvm *kvm, unsigned long hva, u64 *old, u64 new)
{
	struct page *page;
	long pinned;
	int err;

	mmap_read_lock(kvm->mm);
	pinned = pin_user_pages(hva, 1, FOLL_WRITE, &page);
	mmap_read_unlock(kvm->mm);
	if (pinned != 1)
		return -EFAULT;
	err = exchange_in_page(page, offset_in_page(hva), old, new);
	unpin_user_pages_dirty_lock(&page, 1, !err);
	return err;
}

static int cmpxchg_here(struct vigil_gmem *gm, u64 gpa, u64 *old, u64 new)
{
	struct kvm *kvm = gmem_to_kvm(gm);
	unsigned long hva;
	int idx, err = -EFAULT;

	idx = srcu_read_lock(&kvm->srcu);
	hva = gfn_to_hva(kvm, gpa_to_gfn(gpa));
	if (!kvm_is_error_hva(hva) && gfn_is_writable(kvm, gpa_to_gfn(gpa)))
		err = cmpxchg_hva(kvm, hva + offset_in_page(gpa), old, new);
	if (!err)
		mark_dirty(kvm, gpa_to_gfn(gpa));
	srcu_read_unlock(&kvm->srcu, idx);
	return err;
}

/* A string move for eight bytes costs more than the rest of the read. */
static bool copy_hva(void *buf, unsigned long hva, size_t len)
{
	u64 value;

	if (len != sizeof(value))
		return !__copy_from_user(buf, (const void __user *)hva, len);
	if (__get_user(value, (const u64 __user *)hva))
		return false;
	memcpy(buf, &value, sizeof(value));
	return true;
}

/*
 * Most guests have all their memory in two memslots.  One that goes meanwhile
 * stays as it is until the VM's SRCU is left, for all who have found it.
 */
static struct kvm_memory_slot *find_slot(struct vigil_gmem_kvm *g, gfn_t gfn)
{
	struct kvm_memory_slot *slot = g->slot;

	if (!slot || gfn - slot->base_gfn >= slot->npages)
		slot = gfn_to_memslot(g->kvm, gfn);
	if (!slot || slot->flags & KVM_MEMSLOT_INVALID)
		return NULL;
	g->slot = slot;
	return slot;
}

/* The VMM's memory is the thread's, and the VM's SRCU is held. */
static int read_on_vcpu(struct vigil_gmem *gm, u64 gpa, void *buf, size_t len)
{
	struct vigil_gmem_kvm *g = container_of(gm, struct vigil_gmem_kvm, gm);
	struct kvm_memory_slot *slot = find_slot(g, gpa_to_gfn(gpa));
	unsigned long hva;

	if (!slot)
		return -EFAULT;
	hva = __gfn_to_hva_memslot(slot, gpa_to_gfn(gpa)) + offset_in_page(gpa);
	return copy_hva(buf, hva, len) ? 0 : -EFAULT;
}

static const struct vigil_gmem_ops here_ops = {
	.read = read_on_vcpu,
	.cmpxchg = cmpxchg_here,
};

/* What the host has swapped out isn't there. */
static int read_borrowed(struct vigil_gmem *gm, u64 gpa, void *buf, size_t len)
{
	int err;

	pagefault_disable();
	err = read_on_vcpu(gm, gpa, buf, len);
	pagefault_enable();
	return err;
}

static const struct vigil_gmem_ops borrowed_ops = {
	.read = read_borrowed,
	.cmpxchg = cmpxchg_here,
};

static struct page *pin_page(struct mm_struct *mm, unsigned long hva)
{
	struct page *page = NULL;

	if (!mmget_not_zero(mm))
		return NULL;
	mmap_read_lock(mm);
	if (get_user_pages_remote(mm, hva, 1, 0, &page, NULL) != 1)
		page = NULL;
	mmap_read_unlock(mm);
	/* The last user tears the VMM down, which may wait for this thread. */
	mmput_async(mm);
	return page;
}

static int read_elsewhere(struct vigil_gmem *gm, u64 gpa, void *buf, size_t len)
{
	struct kvm *kvm = gmem_to_kvm(gm);
	unsigned long hva = gpa_to_hva(kvm, gpa);
	struct page *page;

	if (!hva)
		return -EFAULT;
	page = pin_page(kvm->mm, hva);
	if (!page)
		return -EFAULT;
	memcpy_from_page(buf, page, offset_in_page(hva), len);
	put_page(page);
	return 0;
}

static const struct vigil_gmem_ops remote_ops = {
	.read = read_elsewhere,
};

void vigil_gmem_init_vcpu(struct vigil_gmem_kvm *g, struct kvm_vcpu *vcpu)
{
	g->gm.ops = &here_ops;
	g->gm.phys_bits = vcpu->arch.maxphyaddr;
	g->kvm = vcpu->kvm;
	g->slot = NULL;
}

void vigil_gmem_init(struct vigil_gmem_kvm *g, struct kvm *kvm)
{
	struct kvm_vcpu *vcpu = kvm_get_vcpu(kvm, 0);

	g->gm.ops = &remote_ops;
	g->gm.phys_bits = vcpu ? vcpu->arch.maxphyaddr : 0;
	g->kvm = kvm;
}

int vigil_gmem_borrow(struct vigil_gmem_kvm *g, struct kvm *kvm)
{
	if (!mmget_not_zero(kvm->mm))
		return -ESRCH;
	kthread_use_mm(kvm->mm);
	vigil_gmem_init(g, kvm);
	g->gm.ops = &borrowed_ops;
	g->slot = NULL;
	g->srcu = srcu_read_lock(&kvm->srcu);
	/* For sparse: it is vigil_gmem_return() that unlocks. */
	__release(&kvm->srcu);
	return 0;
}

void vigil_gmem_return(struct vigil_gmem_kvm *g)
{
	__acquire(&g->kvm->srcu);
	srcu_read_unlock(&g->kvm->srcu, g->srcu);
	kthread_unuse_mm(g->kvm->mm);
	/* The last user tears the VMM down, which may wait for this thread. */
	mmput_async(g->kvm->mm);
}
