// SPDX-License-Identifier: GPL-2.0
/*
 * Exec protection: pages that are granted along with the one that is fetched,
 * because they would be fetched next and the answer is known.
 *
 * They are frozen first and looked at then, so that what was seen is what is
 * granted.
 */
#include <linux/kvm_host.h>

#include "core/count.h"
#include "protect/exec_priv.h"

#define PTE_PRESENT	BIT_ULL(0)
#define PTE_WRITE	BIT_ULL(1)
#define PTE_USER	BIT_ULL(2)
#define PTE_NX		BIT_ULL(63)
#define PTE_ADDR	GENMASK_ULL(51, 12)

/*
 * Linux maps this much of a file around a fault (fault_around_bytes): what is
 * further away was touched for itself, and each page costs as much as the
 * guest's own fault for it.
 */
#define FILE_AROUND	SZ_64K

static bool is_closed(const struct vigil_desk *desk, gfn_t gfn)
{
	return gfn != gpa_to_gfn(desk->event->gpa) &&
	       kvm_exec_gfn_state(desk->vcpu->kvm, gfn) == KVM_EXEC_CLOSED;
}

/* Grants @granted of the @frozen pages, and the others are as before. */
static void finish(struct vigil_desk *desk, unsigned int granted,
		   unsigned int frozen)
{
	int n = 0;

	if (granted)
		n = kvm_exec_grant(desk->vcpu, desk->granted, granted);
	kvm_exec_thaw(desk->vcpu, desk->frozen, frozen);
	if (n > 0)
		vigil_count_add(desk->vm, VIGIL_COUNT_GRANTED_AROUND, n);
}

/* --- the kernel's text ---------------------------------------------------- */

/* Frames of the text in the fetched page's 2M, which are in a row there. */
static unsigned int kernel_pages(struct vigil_desk *desk, u64 start, u64 end)
{
	u64 rip = desk->event->rip & PAGE_MASK;
	u64 gpa = desk->event->gpa & PAGE_MASK;
	u64 from = max(start & PAGE_MASK, rip & ~(SZ_2M - 1ULL));
	u64 to = min(end, (rip & ~(SZ_2M - 1ULL)) + SZ_2M);
	unsigned int n = 0;

	for (u64 addr = from; addr < to; addr += PAGE_SIZE) {
		gfn_t gfn = gpa_to_gfn(gpa + addr - rip);

		if (is_closed(desk, gfn))
			desk->frozen[n++] = gfn;
	}
	return n;
}

/* Does the guest map all of it as the kernel's text is mapped? */
static bool is_kernel_mapping(struct vigil_desk *desk)
{
	struct vigil_pte_walk w;

	return !vigil_walk(&desk->lx.kernel, desk->event->rip, &w) &&
	       w.shift == ilog2(SZ_2M) && !w.user && !w.nx && !w.writable &&
	       gpa_to_gfn(w.gpa) == gpa_to_gfn(desk->event->gpa);
}

/**
 * vigil_around_kernel - Grant the kernel's text around a fetch
 * @desk: the fetch, of an address between the other two
 * @start: where the text starts
 * @end: where it ends
 */
void vigil_around_kernel(struct vigil_desk *desk, u64 start, u64 end)
{
	unsigned int n;

	if (!is_kernel_mapping(desk))
		return;
	n = kernel_pages(desk, start, end);
	if (!n || kvm_exec_freeze(desk->vcpu, desk->frozen, n) < 0)
		return;
	memcpy(desk->granted, desk->frozen, n * sizeof(gfn_t));
	finish(desk, is_kernel_mapping(desk) ? n : 0, n);
}

/* --- a file's text -------------------------------------------------------- */

static bool is_text(u64 pte)
{
	return (pte & (PTE_PRESENT | PTE_USER | PTE_WRITE | PTE_NX)) ==
	       (PTE_PRESENT | PTE_USER);
}

static bool read_table(struct vigil_desk *desk)
{
	return !vigil_gpa_read(&desk->gmem.gm, desk->walk.table_gpa,
			       desk->page, sizeof(desk->page));
}

static gfn_t pte_gfn(const struct vigil_desk *desk, u64 pte)
{
	return gpa_to_gfn(pte & PTE_ADDR & vigil_gmem_mask(&desk->gmem.gm));
}

/* The mapping's closed text pages nearby, which are in the same table. */
static unsigned int file_pages(struct vigil_desk *desk)
{
	u64 base = desk->addr & ~(SZ_2M - 1ULL);
	u64 near = desk->addr & ~(FILE_AROUND - 1ULL);
	u64 from = max(desk->vma.start, near);
	u64 to = min(desk->vma.end, near + FILE_AROUND);
	unsigned int n = 0;

	for (u64 addr = from & PAGE_MASK; addr < to; addr += PAGE_SIZE) {
		unsigned int slot = (addr - base) >> PAGE_SHIFT;
		u64 pte = desk->page[slot];

		if (!is_text(pte) || !is_closed(desk, pte_gfn(desk, pte)))
			continue;
		desk->frozen[n] = pte_gfn(desk, pte);
		desk->slots[n++] = slot;
	}
	return n;
}

/* Still mapped, and a page of that file? */
static bool is_file_page(struct vigil_desk *desk, gfn_t gfn, u64 pte)
{
	enum vigil_page_kind kind;

	return is_text(pte) && pte_gfn(desk, pte) == gfn &&
	       !vigil_linux_page_kind(&desk->lx, &desk->vma, gfn_to_gpa(gfn),
				      &kind) &&
	       kind == VIGIL_PAGE_CACHE;
}

static unsigned int choose(struct vigil_desk *desk, unsigned int frozen)
{
	unsigned int n = 0;

	if (!read_table(desk))
		return 0;
	for (unsigned int i = 0; i < frozen; i++) {
		if (is_file_page(desk, desk->frozen[i],
				 desk->page[desk->slots[i]]))
			desk->granted[n++] = desk->frozen[i];
	}
	return n;
}

/**
 * vigil_around_file - Grant a file's text around a fetch
 * @desk: the fetch, of a page of the file's page cache
 *
 * Only what the process has mapped already, as a fault-around of the guest does
 * before it is fetched.
 */
void vigil_around_file(struct vigil_desk *desk)
{
	unsigned int n;

	if (desk->walk.shift != PAGE_SHIFT || desk->walk.writable ||
	    desk->event->flips || !read_table(desk))
		return;
	n = file_pages(desk);
	if (!n || kvm_exec_freeze(desk->vcpu, desk->frozen, n) < 0)
		return;
	finish(desk, choose(desk, n), n);
}
