// SPDX-License-Identifier: GPL-2.0
/* A guest of the guest, and watched pages. */
#include <sys/ioctl.h>

#include "client.h"
#include "nested.h"

#define ONE	0x3ff0000000000000ull	/* 1.0 */

static bool l2_runs(struct vm *vm, char *label, uint64_t rdi, uint64_t rsi)
{
	return vm_l2_run(vm, WATCH(label), &(struct args){ .rdi = rdi, .rsi = rsi },
			 NULL) == RAN_DONE;
}

static void prepare(struct vm *vm, bool nested_paging)
{
	if (!vm_l2_prepare(vm, nested_paging))
		skip("no nested guests");
	watch_attach(vm);
}

/* What L2 writes is asked about as what L1 does. */
static void stores(struct vm *vm, bool nested_paging)
{
	struct kwt_event e;

	prepare(vm, nested_paging);
	must(!watch_add(vm, A));
	watch_rules(vm, (struct kwt_rules){ .verdict = DROP });
	must(l2_runs(vm, w_l2_mov, A, 42) && *at(vm, A) == 0);
	must(watch_event(vm, KWT_WRITE, &e) && (e.flags & F_NESTED) && e.gpa == A);
	watch_rules(vm, (struct kwt_rules){ .verdict = CONTINUE });
	must(l2_runs(vm, w_l2_mov, A, 42) && *at(vm, A) == 42);
	must(watch_stats(vm).asked == 2 && watch_stats(vm).missed == 0);
	must(watch_notices(vm).nested == 1);
	must(is_watched(vm, A));
}

static void l2_stores(struct vm *vm)
{
	stores(vm, false);
}

static void l2_stores_nested_paging(struct vm *vm)
{
	stores(vm, true);
}

/* Nothing can step L2: the page is given up, and the client is told. */
static void gives_up(struct vm *vm, bool nested_paging)
{
	struct kwt_event e;

	prepare(vm, nested_paging);
	must(!watch_add(vm, A) && !watch_add(vm, B));
	must(l2_runs(vm, w_l2_fst, A, 0) && *at(vm, A) == ONE);
	must(watch_event(vm, KWT_MISSED, &e));
	must(e.why == MISSED_DROPPED && e.gpa == A);
	must(watch_stats(vm).dropped_pages == 1 && watch_stats(vm).pages == 1);
	/* it is an ordinary page again, for L1 as well; others are as before */
	must(WRUN(vm, w_mov8, .rdi = A, .rsi = 42) == RAN_DONE && *at(vm, A) == 42);
	must(watch_stats(vm).asked == 0);
	must(is_watched(vm, B));
	/* and can be watched anew */
	must(!watch_add(vm, A) && is_watched(vm, A));
}

static void l2_gives_up(struct vm *vm)
{
	gives_up(vm, false);
}

static void l2_gives_up_nested_paging(struct vm *vm)
{
	gives_up(vm, true);
}

/* KVM only reads it, so it may be watched. */
static void msr_bitmap(struct vm *vm)
{
	prepare(vm, false);
	must(!watch_add(vm, L2_MSR_BITMAP));
	watch_rules(vm, (struct kwt_rules){ .verdict = DROP });
	must(l2_runs(vm, w_l2_mov, B, 42) && *at(vm, B) == 42);
	must(watch_stats(vm).pages == 1 && watch_stats(vm).denied == 0);
	must(is_watched(vm, L2_MSR_BITMAP + 0xff8));
}

/*
 * The last client goes while L2 runs: L1 doesn't exit for it afterwards, although
 * L2's VMCS was the current one then.
 */
static void client_goes_while_l2_runs(struct vm *vm)
{
	static const uint64_t nowhere = 0x8000000, loads = 1000;
	struct vcpu *vcpu = &vm->vcpu[0];
	uint64_t exits;

	prepare(vm, false);
	must(!ioctl(vm->client, KWT_CR3_ON));
	exits = fd_stat(vcpu->fd, "exits");
	must(WRUN(vm, w_cr3, .rsi = PAGE_TABLES, .rdx = PAGE_TABLES,
		  .rcx = loads) == RAN_DONE);
	must(fd_stat(vcpu->fd, "exits") - exits >= 2 * loads);

	/* it waits for the VMM */
	must(vm_l2_run(vm, WATCH(w_l2_mov), &(struct args){ .rdi = nowhere },
		       NULL) == RAN_MMIO);
	must(!ioctl(vm->client, KWT_DETACH));
	xioctl(vcpu->fd, KVM_RUN, NULL, "KVM_RUN");
	must(vcpu->run->exit_reason == KVM_EXIT_IO);

	exits = fd_stat(vcpu->fd, "exits");
	must(WRUN(vm, w_cr3, .rsi = PAGE_TABLES, .rdx = PAGE_TABLES,
		  .rcx = loads) == RAN_DONE);
	must(fd_stat(vcpu->fd, "exits") - exits < loads);
}

const struct test nested_tests[] = {
	{ "l2_stores", l2_stores },
	{ "l2_stores_nested_paging", l2_stores_nested_paging },
	{ "l2_gives_up", l2_gives_up },
	{ "l2_gives_up_nested_paging", l2_gives_up_nested_paging },
	{ "msr_bitmap", msr_bitmap },
	{ "client_goes_while_l2_runs", client_goes_while_l2_runs },
	{ }
};
