// SPDX-License-Identifier: GPL-2.0
/* What KVM can't emulate is let through, and looked at. */
#include "client.h"

#define TWO	0x4000000000000000ull	/* 2.0 */

static void unsupported(struct vm *vm)
{
	struct kwt_event e;

	watch_attach(vm);
	must(!watch_add(vm, A));
	watch_rules(vm, (struct kwt_rules){ .verdict = DROP });
	must(WRUN(vm, w_fst, .rdi = A, .rdx = A + 8, .rsi = 42) == RAN_DONE);
	must(*at(vm, A) == TWO);
	do {
		must(watch_event(vm, KWT_MISSED, &e) && e.gpa == A);
		must(e.why == MISSED_INSN);
	} while (e.memory != TWO);	/* an interrupt can come first */
	/* the next instruction is asked about again */
	must(watch_event(vm, KWT_WRITE, &e) && e.gpa == A + 8);
	must(*at(vm, A + 8) == 0);
	must(!watch_event(vm, KWT_MISSED, &e));
	must(watch_stats(vm).missed >= 1 && watch_stats(vm).asked == 1);
	must(watch_stats(vm).missed_event == 0 && watch_stats(vm).dropped_pages == 0);
	must((vm->vcpu[0].regs.rflags & 0x100) == 0);
}

static void unsupported_across_pages(struct vm *vm)
{
	struct kwt_event e;

	watch_attach(vm);
	must(!watch_add(vm, A) && !watch_add(vm, B));
	watch_rules(vm, (struct kwt_rules){ .verdict = DROP });
	must(WRUN(vm, w_fst, .rdi = B - 4, .rdx = B + 8, .rsi = 42) == RAN_DONE);
	must(*at(vm, B - 4) == TWO);
	must(watch_event(vm, KWT_MISSED, &e) && e.why == MISSED_INSN);
	must(watch_event(vm, KWT_WRITE, &e) && *at(vm, B + 8) == 0);
	must(WRUN(vm, w_mov8, .rdi = A, .rsi = 42) == RAN_DONE);
	must(*at(vm, A) == 0);
	/* an interrupt can come first, time and again where all is slow */
	must(watch_stats(vm).missed >= 2 && watch_stats(vm).missed < 60);
}

/* 512 bytes at once */
static void unsupported_again(struct vm *vm)
{
	int i;

	watch_attach(vm);
	must(!watch_add(vm, A));
	for (i = 0; i < 20; i++) {
		*at(vm, A + 0x100) = 0;
		must(WRUN(vm, w_fxsave, .rdi = A + 0x100) == RAN_DONE);
		must((*at(vm, A + 0x100) & 0xffff) == 0x37f);
	}
	/* an interrupt can come first */
	note("%llu missed", (unsigned long long)watch_stats(vm).missed);
	must(watch_stats(vm).missed >= 20 && watch_stats(vm).missed < 60);
}

const struct test missed_tests[] = {
	{ "unsupported", unsupported },
	{ "unsupported_across_pages", unsupported_across_pages },
	{ "unsupported_again", unsupported_again },
	{ }
};
