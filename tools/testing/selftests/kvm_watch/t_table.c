// SPDX-License-Identifier: GPL-2.0
/* CR3, and pages that the guest uses as page tables. */
#include <string.h>
#include <sys/ioctl.h>

#include "client.h"

#define TABLE	0x600000
#define GVA	(256ul << 21)	/* mapped by TABLE */
#define AD	0x60
#define NOWHERE	(1ul << 40)	/* not mapped */

static void cr3(struct vm *vm)
{
	uint64_t other = 0x7000;
	struct kwt_event e;
	int i;

	/* another top level table with the same content */
	memcpy(vm->ram + other, vm->ram + PAGE_TABLES, PAGE);
	watch_attach(vm);
	must(WRUN(vm, w_cr3, .rsi = other, .rdx = PAGE_TABLES, .rcx = 10) == RAN_DONE);
	must(!watch_event(vm, KWT_CR3, &e));
	must(!ioctl(vm->client, KWT_CR3_ON));
	must(WRUN(vm, w_cr3, .rsi = other, .rdx = PAGE_TABLES, .rcx = 5) == RAN_DONE);
	must(vm->vcpu[0].regs.rax == PAGE_TABLES);
	for (i = 0; i < 5; i++) {
		must(watch_event(vm, KWT_CR3, &e));
		must(e.gpa == PAGE_TABLES && e.gva == other);
		must(e.memory == e.gpa && e.rip == WATCH(w_cr3));
		must(watch_event(vm, KWT_CR3, &e));
		must(e.gpa == other && e.gva == PAGE_TABLES);
		must(e.memory == e.gpa && e.rip == WATCH(w_cr3) + 3);
	}
	must(watch_stats(vm).cr3 == 10);
	must(WRUN(vm, w_cr3, .rsi = other, .rdx = other, .rcx = 1) == RAN_DONE);
	must(vm->vcpu[0].regs.rax == other);
	must(!ioctl(vm->client, KWT_CR3_OFF));
	watch_drain(vm);
	must(WRUN(vm, w_cr3, .rsi = PAGE_TABLES, .rdx = other, .rcx = 10) == RAN_DONE);
	must(vm->vcpu[0].regs.rax == other);
	must(WRUN(vm, w_cr3, .rsi = other, .rdx = PAGE_TABLES, .rcx = 10) == RAN_DONE);
	must(!watch_event(vm, KWT_CR3, &e));
	/* KVM knows the last value that it didn't see */
	must(!ioctl(vm->client, KWT_CR3_ON));
	must(WRUN(vm, w_cr3, .rsi = other, .rdx = other, .rcx = 1) == RAN_DONE);
	must(watch_event(vm, KWT_CR3, &e) && e.gpa == PAGE_TABLES);
}

/* Modes of the CPU in which KVM may have CR3 to itself */
static void cr3_without_paging(struct vm *vm)
{
	struct kwt_event e;

	watch_attach(vm);
	must(!ioctl(vm->client, KWT_CR3_ON));
	vm_put(vm, A, guest_done, guest_code_end);
	vcpu_set_flat_mode(&vm->vcpu[0], true, 0);
	must(vm_run(vm, A, &(struct args){}) == RAN_DONE);
	vcpu_set_long_mode(&vm->vcpu[0]);
	must(WRUN(vm, w_cr3, .rsi = PAGE_TABLES, .rdx = PAGE_TABLES, .rcx = 1) == RAN_DONE);
	must(watch_event(vm, KWT_CR3, &e) && e.gva == PAGE_TABLES);
	must(!ioctl(vm->client, KWT_CR3_OFF));
	watch_drain(vm);
	vcpu_set_flat_mode(&vm->vcpu[0], true, 0);
	must(vm_run(vm, A, &(struct args){}) == RAN_DONE);
	vcpu_set_long_mode(&vm->vcpu[0]);
	must(WRUN(vm, w_cr3, .rsi = PAGE_TABLES, .rdx = PAGE_TABLES, .rcx = 1) == RAN_DONE);
	must(!watch_event(vm, KWT_CR3, &e));
}

/* On AMD the guest's shutdown resets the vCPU, and what KVM keeps in its VMCB. */
static void cr3_after_shutdown(struct vm *vm)
{
	struct kvm_sregs sregs;
	struct kwt_event e;

	watch_attach(vm);
	must(!ioctl(vm->client, KWT_CR3_ON));
	xioctl(vm->vcpu[0].fd, KVM_GET_SREGS, &sregs, "KVM_GET_SREGS");
	sregs.idt.limit = 0;
	xioctl(vm->vcpu[0].fd, KVM_SET_SREGS, &sregs, "KVM_SET_SREGS");
	must(WRUN(vm, w_mov8, .rdi = NOWHERE) == RAN_SHUTDOWN);
	vcpu_set_long_mode(&vm->vcpu[0]);
	must(WRUN(vm, w_cr3, .rsi = PAGE_TABLES, .rdx = PAGE_TABLES, .rcx = 1) == RAN_DONE);
	must(watch_event(vm, KWT_CR3, &e) && e.gva == PAGE_TABLES);
}

/* Map GVA by a table of its own, and watch the table. */
static void watch_table(struct vm *vm, uint64_t gpa, uint64_t table)
{
	uint64_t *pd = (uint64_t *)(vm->ram + PAGE_TABLES) + 1024;
	uint64_t gfn = table / PAGE;

	pd[256] = TABLE | 3;
	*at(vm, TABLE) = gpa | 3;
	watch_attach(vm);
	if (!(ioctl(vm->client, KWT_CAPS) & CAP_WRITE))
		skip("walks count as writes");
	must(!ioctl(vm->client, KWT_ADD, &gfn));
}

/*
 * Walks make no exit, but for those that set a bit.  Not all emulators of CPUs
 * exit for these, either.
 */
static void walks(struct vm *vm)
{
	uint64_t exits;

	watch_table(vm, A, TABLE);
	must(WRUN(vm, w_walk, .rdi = GVA, .rcx = 10) == RAN_DONE);
	must(*at(vm, A) == 10 && *at(vm, TABLE) == (A | 3 | AD));
	must(watch_stats(vm).walks <= 2);
	exits = fd_stat(vm->vcpu[0].fd, "exits");
	must(WRUN(vm, w_walk, .rdi = GVA, .rcx = 1000) == RAN_DONE);
	exits = fd_stat(vm->vcpu[0].fd, "exits") - exits;
	note("%llu exits in 1000 rounds", (unsigned long long)exits);
	must(exits < 100 && *at(vm, A) == 1010);
	must(watch_stats(vm).walks <= 2 && watch_stats(vm).missed == 0);
	must(watch_stats(vm).asked == 0);
}

/* All levels, instructions that can't be emulated, code and data. */
static void walks_of_the_top(struct vm *vm)
{
	uint64_t *pml4 = (uint64_t *)(vm->ram + PAGE_TABLES);
	uint64_t gfn;

	watch_table(vm, A, PAGE_TABLES);
	for (gfn = PAGE_TABLES / PAGE + 1; gfn < PAGE_TABLES / PAGE + 3; gfn++)
		must(!ioctl(vm->client, KWT_ADD, &gfn));
	must(WRUN(vm, w_fst, .rdi = GVA, .rdx = GVA + 8, .rsi = 42) == RAN_DONE);
	must(*at(vm, A) == 0x4000000000000000ull && *at(vm, A + 8) == 42);
	must((pml4[0] & AD) == 0x20 && (pml4[512] & AD) == 0x20);
	must((pml4[1024 + 256] & AD) == 0x20);
	must((pml4[1024] & AD) == 0x20);	/* the code's page is only read */
	must(watch_stats(vm).missed == 0 && watch_stats(vm).asked == 0);
	/* again, from the start */
	pml4[0] &= ~(uint64_t)AD;
	pml4[512] &= ~(uint64_t)AD;
	pml4[1024 + 256] &= ~(uint64_t)AD;
	must(WRUN(vm, w_walk, .rdi = GVA, .rcx = 2) == RAN_DONE);
	must((pml4[0] & AD) == 0x20 && (pml4[512] & AD) == 0x20);
	must(watch_stats(vm).missed == 0 && watch_stats(vm).asked == 0);
}

/* The entry maps nothing: the guest gets its page fault. */
static void walk_fails(struct vm *vm)
{
	uint64_t *pml4 = (uint64_t *)(vm->ram + PAGE_TABLES);

	watch_table(vm, A, PAGE_TABLES);
	vm_set_handler(vm, PF_VECTOR, WATCH(w_page_fault));
	*at(vm, TABLE) = 0;
	pml4[0] &= ~(uint64_t)AD;
	must(WRUN(vm, w_mov8, .rdi = GVA, .r9 = WATCH(w_done)) == RAN_DONE);
	must(vm->vcpu[0].regs.r8 == 2 && vm->vcpu[0].regs.r10 == GVA);
	*at(vm, TABLE) = A | 1;
	must(WRUN(vm, w_mov8, .rdi = GVA, .r9 = WATCH(w_done)) == RAN_DONE);
	must(vm->vcpu[0].regs.r8 == 3 && !(*at(vm, TABLE) & 0x40));
}

/* Stores to the table are asked about, A/D bits aside. */
static void table_writes(struct vm *vm)
{
	int i;

	watch_table(vm, A, TABLE);
	watch_rules(vm, (struct kwt_rules){ .verdict = DROP });
	must(WRUN(vm, w_or1, .rdi = TABLE, .rsi = 4) == RAN_DONE);
	must(WRUN(vm, w_lock_bts, .rdi = TABLE, .rcx = 2) == RAN_DONE);
	must(WRUN(vm, w_mov8, .rdi = TABLE, .rsi = B | 7) == RAN_DONE);
	must((*at(vm, TABLE) & ~(uint64_t)AD) == (A | 3));
	must(watch_stats(vm).dropped == 3);
	watch_rules(vm, (struct kwt_rules){ .verdict = CONTINUE });
	for (i = 0; i < 20; i++) {
		uint64_t gpa = i & 1 ? B : A;

		must(WRUN(vm, w_mov8, .rdi = TABLE, .rsi = gpa | 3) == RAN_DONE);
		must(WRUN(vm, w_walk, .rdi = GVA, .rcx = 1) == RAN_DONE);
		must(*at(vm, TABLE) == (gpa | 3 | AD));
	}
	must(*at(vm, A) == 10 && *at(vm, B) == 10);
	must(watch_stats(vm).missed == 0);
}

/* The table maps itself: the store sets the dirty bit of what it writes to. */
static void self_map(struct vm *vm)
{
	uint64_t *pml4 = (uint64_t *)(vm->ram + PAGE_TABLES);
	uint64_t slot = 0x1ed, gva;

	gva = 0xffffull << 48 | slot << 39 | slot << 30 | slot << 21 | slot << 12 | slot << 3;
	pml4[slot] = PAGE_TABLES | 3;
	watch_table(vm, A, PAGE_TABLES);
	watch_rules(vm, (struct kwt_rules){ .verdict = DROP });
	must(WRUN(vm, w_or1, .rdi = gva, .rsi = 4) == RAN_DONE);
	must(WRUN(vm, w_lock_or, .rdi = gva, .rsi = 4) == RAN_DONE);
	must(WRUN(vm, w_mov8, .rdi = gva, .rsi = PAGE_TABLES | 7) == RAN_DONE);
	must(WRUN(vm, w_xchg, .rdi = gva, .rsi = PAGE_TABLES | 7) == RAN_DONE);
	must((pml4[slot] & ~(uint64_t)AD) == (PAGE_TABLES | 3));
	must(watch_stats(vm).dropped == 4 && watch_stats(vm).missed == 0);
	watch_rules(vm, (struct kwt_rules){ .verdict = CONTINUE });
	must(WRUN(vm, w_lock_or, .rdi = gva + 8, .rsi = 0x800) == RAN_DONE);
	must(pml4[slot + 1] == 0x800);
	/* and what can't be emulated; an interrupt can come first */
	must(WRUN(vm, w_fst, .rdi = gva + 16, .rdx = B) == RAN_DONE);
	must(pml4[slot + 2] == 0x4000000000000000ull && watch_stats(vm).missed >= 1);
}

const struct test table_tests[] = {
	{ "cr3", cr3 },
	{ "cr3_without_paging", cr3_without_paging },
	{ "cr3_after_shutdown", cr3_after_shutdown },
	{ "walks", walks },
	{ "walks_of_the_top", walks_of_the_top },
	{ "walk_fails", walk_fails },
	{ "table_writes", table_writes },
	{ "self_map", self_map },
	{ }
};
