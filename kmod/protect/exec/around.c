// SPDX-License-Identifier: GPL-2.0
/*
 * Exec protection: pages that are granted along with the one that is fetched,
 * because they would be fetched next and the answer is known.
 *
 * They are frozen first and looked at then, so that what was seen is what is
 * granted.
 */
#include <linux/kvm_host.h>

#include "core/pte.h"
#include "protect/exec/count.h"
#include "protect/exec/fetch.h"

/*
 * Linux maps this much of a file around a fault (fault_around_bytes): what is
 * further away was touched for itself, and each page costs as much as the
 * guest's own fault for it.
 */
#define FILE_AROUND	SZ_64K

static bool around_is_closed(const struct vigil_fetch *fetch, gfn_t gfn)
{
	return gfn != gpa_to_gfn(fetch->event->gpa) &&
	       kvm_exec_gfn_state(fetch->vcpu->kvm, gfn) == KVM_EXEC_CLOSED;
}

/* Grants @granted of the @frozen pages, and the others are as before. */
static void around_finish(struct vigil_fetch *fetch, unsigned int granted,
			  int frozen)
{
	int n = 0;

	if (granted)
		n = kvm_exec_grant(fetch->vcpu, fetch->granted, granted);
	/* All of them, most of the time. */
	if (n != frozen)
		kvm_exec_thaw(fetch->vcpu, fetch->frozen, frozen);
	if (n > 0)
		vigil_exec_count_add(fetch->vm,
				     VIGIL_EXEC_COUNT_GRANTED_AROUND, n);
}

/* --- the kernel's text ---------------------------------------------------- */

/* Frames of the text in the fetched page's 2M, which are in a row there. */
static unsigned int around_kernel_pages(struct vigil_fetch *fetch, u64 start, u64 end)
{
	u64 rip = fetch->event->rip & PAGE_MASK;
	u64 gpa = fetch->event->gpa & PAGE_MASK;
	u64 from = max(start & PAGE_MASK, rip & ~(SZ_2M - 1ULL));
	u64 to = min(end, (rip & ~(SZ_2M - 1ULL)) + SZ_2M);
	unsigned int n = 0;

	for (u64 addr = from; addr < to; addr += PAGE_SIZE) {
		gfn_t gfn = gpa_to_gfn(gpa + addr - rip);

		if (around_is_closed(fetch, gfn))
			fetch->frozen[n++] = gfn;
	}
	return n;
}

/* Does the guest map all of it as the kernel's text is mapped? */
static bool around_is_kernel(struct vigil_fetch *fetch)
{
	struct vigil_pte_walk w;

	return !vigil_walk(&fetch->lx.kernel, fetch->event->rip, &w) &&
	       w.shift == ilog2(SZ_2M) && !w.user && !w.nx && !w.writable &&
	       gpa_to_gfn(w.gpa) == gpa_to_gfn(fetch->event->gpa);
}

/**
 * vigil_exec_around_kernel - Grant the kernel's text around a fetch
 * @fetch: the fetch context, of an address between the other two
 * @start: where the text starts
 * @end: where it ends
 */
void vigil_exec_around_kernel(struct vigil_fetch *fetch, u64 start, u64 end)
{
	unsigned int n;

	if (!around_is_kernel(fetch))
		return;
	n = around_kernel_pages(fetch, start, end);
	if (!n)
		return;
	if (kvm_exec_freeze(fetch->vcpu, fetch->frozen, n) < 0) {
		around_finish(fetch, 0, n);
		return;
	}
	memcpy(fetch->granted, fetch->frozen, n * sizeof(gfn_t));
	around_finish(fetch, around_is_kernel(fetch) ? n : 0, n);
}

/* --- a file's text -------------------------------------------------------- */

static bool around_is_text(u64 pte)
{
	return (pte & (VIGIL_PTE_PRESENT | VIGIL_PTE_USER | VIGIL_PTE_WRITE |
		       VIGIL_PTE_NX)) == (VIGIL_PTE_PRESENT | VIGIL_PTE_USER);
}

/* The part of the fetched page's table that is granted from, to its slots. */
static bool around_read_table(struct vigil_fetch *fetch, unsigned int first)
{
	return !vigil_gpa_read(&fetch->gmem.gm, fetch->walk.table_gpa +
			       first * sizeof(u64), fetch->page + first,
			       FILE_AROUND / PAGE_SIZE * sizeof(u64));
}

static gfn_t around_gfn(const struct vigil_fetch *fetch, u64 pte)
{
	return gpa_to_gfn(pte & VIGIL_PTE_ADDR &
			  vigil_gmem_mask(&fetch->gmem.gm));
}

/**
 * vigil_exec_around_file - Grant a file's text around a fetch
 * @fetch: the fetch context, of a page of the file's page cache
 * @mapping: the file's address_space, as the page has it
 *
 * Only what the process has mapped already, as a fault-around of the guest does
 * before it is fetched, and what is in the same page table.  What the page is
 * was decided by its file, and so it holds for the file's other pages.
 */
void vigil_exec_around_file(struct vigil_fetch *fetch, u64 mapping)
{
	const unsigned int first = (fetch->addr & (SZ_2M - 1) &
				    ~(FILE_AROUND - 1ULL)) >> PAGE_SHIFT;
	unsigned int nr = 0, granted = 0;

	if (fetch->walk.shift != PAGE_SHIFT || fetch->event->flips ||
	    !around_read_table(fetch, first))
		return;
	for (unsigned int slot = first;
	     slot < first + FILE_AROUND / PAGE_SIZE; slot++) {
		u64 pte = fetch->page[slot];

		if (!around_is_text(pte) ||
		    !around_is_closed(fetch, around_gfn(fetch, pte)))
			continue;
		fetch->frozen[nr] = around_gfn(fetch, pte);
		fetch->slots[nr++] = slot;
	}
	if (!nr)
		return;
	/* Some of them may be frozen even so. */
	if (kvm_exec_freeze(fetch->vcpu, fetch->frozen, nr) < 0)
		goto out;

	/* Still mapped, and of that file? */
	if (!around_read_table(fetch, first))
		goto out;
	for (unsigned int i = 0; i < nr; i++) {
		u64 pte = fetch->page[fetch->slots[i]];
		gfn_t gfn = fetch->frozen[i];

		if (around_is_text(pte) && around_gfn(fetch, pte) == gfn &&
		    vigil_linux_page_belongs(&fetch->lx, gfn_to_gpa(gfn),
					     mapping))
			fetch->granted[granted++] = gfn;
	}
out:
	around_finish(fetch, granted, nr);
}
