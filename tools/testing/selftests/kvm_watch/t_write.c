// SPDX-License-Identifier: GPL-2.0
/* The guest's writes to watched pages: all widths, all verdicts. */
#include <string.h>
#include <sys/ioctl.h>

#include "client.h"

#define OLD	0x1111111111111110ull
#define NEW	0x8877665544332210ull

/* A store of RSI to RDI, and what it makes of OLD */
static const struct store {
	const char *name;
	char *routine;
	unsigned int bytes;	/* that are written */
	uint64_t result;
	uint16_t flags;
} stores[] = {
	{ "mov1", w_mov1, 1, 0x1111111111111100ull | (NEW & 0xff), 0 },
	{ "mov2", w_mov2, 2, 0x1111111111112210ull, 0 },
	{ "mov4", w_mov4, 4, 0x1111111144332210ull, 0 },
	{ "mov8", w_mov8, 8, NEW, 0 },
	{ "imm8", w_imm8, 8, 0x12345678, 0 },
	{ "movnti", w_movnti, 8, NEW, 0 },
	{ "movups", w_mov16, 16, NEW, 0 },
	{ "movdqa", w_movdqa, 16, NEW, 0 },
	{ "or", w_or, 8, OLD | NEW, 0 },
	{ "or1", w_or1, 1, OLD | (NEW & 0xff), 0 },
	{ "lock or", w_lock_or, 8, OLD | NEW, F_CMPXCHG },
	{ "bts", w_bts, 8, OLD | 4, 0 },
	{ "lock bts", w_lock_bts, 8, OLD | 4, F_CMPXCHG },
	{ "xchg", w_xchg, 8, NEW, F_CMPXCHG },
	{ "xadd", w_xadd, 8, OLD + NEW, F_CMPXCHG },
	{ "cmpxchg", w_cmpxchg, 8, NEW, 0 },
	{ "lock cmpxchg", w_lock_cmpxchg, 8, NEW, F_CMPXCHG },
	{ "cmpxchg8b", w_cmpxchg8b, 8, NEW, F_CMPXCHG },
	{ "cmpxchg16b", w_cmpxchg16b, 16, NEW, F_CMPXCHG },
	{ "stos", w_rep_stosq, 8, OLD, 0 },
	{ }
};

static enum outcome run_store(struct vm *vm, const struct store *s, uint64_t gpa)
{
	struct args args = {
		.rdi = gpa, .rsi = NEW, .rax = OLD, .rcx = 2,
	};

	if (s->routine == w_cmpxchg8b) {
		args.rax = (uint32_t)OLD;
		args.rdx = OLD >> 32;
		args.rbx = (uint32_t)NEW;
		args.rcx = NEW >> 32;
	}
	if (s->routine == w_cmpxchg16b) {
		args.rdx = OLD;
		args.rbx = NEW;
		args.rcx = NEW;
	}
	if (s->routine == w_rep_stosq)
		args.rcx = 1;
	return vm_run(vm, WATCH(s->routine), &args);
}

static void one_width(struct vm *vm, const struct store *s)
{
	static const uint64_t old[2] = { OLD, OLD };
	struct kwt_event e;

	*at(vm, A + 0x100) = OLD;
	*at(vm, A + 0x108) = OLD;
	must(run_store(vm, s, A + 0x100) == RAN_DONE);
	must(*at(vm, A + 0x100) == s->result);
	must(*at(vm, A + 0x108) == (s->bytes == 16 ? NEW : OLD));
	if (s->result == OLD) {
		must(!watch_event(vm, KWT_WRITE, &e));
		return;
	}
	must(watch_event(vm, KWT_WRITE, &e));
	must(e.gpa == A + 0x100 && e.gva == A + 0x100 && e.cpl == 0);
	must(e.bytes == s->bytes && e.flags == s->flags);
	must(e.rip >= WATCH(s->routine) && e.rip < WATCH(s->routine) + 12);
	must(!memcmp(e.old, old, e.bytes));
	must(!memcmp(e.new, &s->result, e.bytes < 8 ? e.bytes : 8));
	must(!memcmp(&e.memory, e.old, e.bytes < 8 ? e.bytes : 8));
	must(!watch_event(vm, KWT_WRITE, &e));
}

static void widths(struct vm *vm)
{
	const struct store *s;

	watch_attach(vm);
	must(!watch_add(vm, A));
	for (s = stores; s->name; s++)
		one_width(vm, s);
	must(watch_stats(vm).asked == watch_stats(vm).continued);
	must(watch_stats(vm).missed == 0);
}

static void dropped(struct vm *vm)
{
	const struct store *s;

	watch_attach(vm);
	must(!watch_add(vm, A));
	watch_rules(vm, (struct kwt_rules){ .verdict = DROP });
	for (s = stores; s->name; s++) {
		*at(vm, A) = OLD;
		*at(vm, A + 8) = OLD;
		must(run_store(vm, s, A) == RAN_DONE);
		must(*at(vm, A) == OLD && *at(vm, A + 8) == OLD);
	}
	must(watch_stats(vm).dropped == watch_stats(vm).asked);
	must(watch_stats(vm).dropped > 15);
}

static void replaced(struct vm *vm)
{
	const struct store *s;
	uint64_t expected;

	watch_attach(vm);
	must(!watch_add(vm, A));
	watch_rules(vm, (struct kwt_rules){ .verdict = REPLACE, .fill = 0x5a });
	for (s = stores; s->name; s++) {
		*at(vm, A) = OLD;
		*at(vm, A + 8) = OLD;
		must(run_store(vm, s, A) == RAN_DONE);
		expected = OLD;
		if (s->result != OLD)
			memset(&expected, 0x5a, s->bytes < 8 ? s->bytes : 8);
		must(*at(vm, A) == expected);
	}
	/* the guest's registers don't change with it */
	*at(vm, A) = OLD;
	must(WRUN(vm, w_xchg, .rdi = A, .rsi = NEW) == RAN_DONE);
	must(vm->vcpu[0].regs.rsi == OLD);
	must(WRUN(vm, w_mov8, .rdi = A, .rsi = NEW) == RAN_DONE);
	must(vm->vcpu[0].regs.rsi == NEW);
}

static void faulted(struct vm *vm)
{
	const struct kvm_regs *regs = &vm->vcpu[0].regs;

	watch_attach(vm);
	vm_set_handler(vm, PF_VECTOR, WATCH(w_page_fault));
	must(!watch_add(vm, A));
	watch_rules(vm, (struct kwt_rules){ .verdict = FAULT });
	*at(vm, A + 8) = OLD;
	must(WRUN(vm, w_mov8, .rdi = A + 8, .rsi = NEW, .r9 = WATCH(w_done)) == RAN_DONE);
	must(regs->r8 == 3 && regs->r10 == A + 8);
	must(WRUN(vm, w_lock_cmpxchg, .rdi = A + 8, .rsi = NEW, .rax = OLD,
		  .r9 = WATCH(w_done)) == RAN_DONE);
	must(regs->r8 == 3 && *at(vm, A + 8) == OLD);
	must(watch_stats(vm).faulted == 2);
}

/* The instruction is executed again with the flags that it had. */
static void retried(struct vm *vm)
{
	watch_attach(vm);
	must(!watch_add(vm, A));
	watch_rules(vm, (struct kwt_rules){ .verdict = RETRY, .which = KWT_ONCE });
	*at(vm, A) = -16ull;
	must(WRUN(vm, w_adc, .rdi = A, .rsi = 20) == RAN_DONE);
	must(*at(vm, A) == 5);
	must(watch_stats(vm).retried == 1 && watch_stats(vm).continued == 1);
	must(WRUN(vm, w_lock_or, .rdi = A, .rsi = 2) == RAN_DONE);
	must(*at(vm, A) == 7);
	must(watch_stats(vm).retried == 2 && watch_stats(vm).continued == 2);
	/* in the middle of a string, too */
	must(WRUN(vm, w_rep_stosq, .rdi = A, .rax = NEW, .rcx = 4) == RAN_DONE);
	must(*at(vm, A) == NEW && *at(vm, A + 24) == NEW && *at(vm, A + 32) == 0);
	must(watch_stats(vm).retried == 6);
}

static void strings(struct vm *vm)
{
	int i;

	watch_attach(vm);
	must(!watch_add(vm, A));
	for (i = 0; i < 64; i++)
		*at(vm, B + i * 8) = i;
	watch_rules(vm, (struct kwt_rules){ .verdict = DROP, .which = KWT_ODD });
	must(WRUN(vm, w_rep_movsq, .rdi = A, .rsi = B, .rcx = 64) == RAN_DONE);
	for (i = 0; i < 64; i++)
		must(*at(vm, A + i * 8) == (uint64_t)(i & 1 ? 0 : i));
	must(watch_stats(vm).dropped == 32 && watch_stats(vm).asked == 63);
	must(watch_stats(vm).same == 1);
	must(vm->vcpu[0].regs.rcx == 0 && vm->vcpu[0].regs.rdi == A + 512);
	/* from the middle of the page before */
	memset(vm->ram + A - 8, 0xaa, 16);
	must(WRUN(vm, w_rep_movsb, .rdi = A - 8, .rsi = B + 16, .rcx = 16) == RAN_DONE);
	must(*at(vm, A - 8) == 2 && *at(vm, A) == 0xaa);
}

/* A failing compare-and-exchange writes nothing. */
static void compare_fails(struct vm *vm)
{
	struct kwt_event e;

	watch_attach(vm);
	must(!watch_add(vm, A));
	*at(vm, A) = OLD;
	must(WRUN(vm, w_lock_cmpxchg, .rdi = A, .rsi = NEW, .rax = 1) == RAN_DONE);
	must(vm->vcpu[0].regs.rax == OLD && *at(vm, A) == OLD);
	must(WRUN(vm, w_cmpxchg, .rdi = A, .rsi = NEW, .rax = 1) == RAN_DONE);
	must(vm->vcpu[0].regs.rax == OLD && *at(vm, A) == OLD);
	must(WRUN(vm, w_cmpxchg16b, .rdi = A, .rax = OLD, .rdx = 1) == RAN_DONE);
	must(vm->vcpu[0].regs.rax == OLD && vm->vcpu[0].regs.rdx == 0);
	must(*at(vm, A) == OLD && *at(vm, A + 8) == 0);
	must(!watch_event(vm, KWT_WRITE, &e));
	must(watch_stats(vm).asked == 0 && watch_stats(vm).missed == 0);
}

static void cross_page(struct vm *vm)
{
	struct kwt_event e;

	watch_attach(vm);
	must(!watch_add(vm, B));
	watch_rules(vm, (struct kwt_rules){ .verdict = DROP });
	must(WRUN(vm, w_mov8, .rdi = B - 4, .rsi = NEW) == RAN_DONE);
	must(watch_event(vm, KWT_WRITE, &e) && e.gpa == B && e.bytes == 4);
	must(*at(vm, B - 8) == (NEW << 32) && *at(vm, B) == 0);
	must(!watch_add(vm, A));
	watch_rules(vm, (struct kwt_rules){ .verdict = CONTINUE });
	must(WRUN(vm, w_mov8, .rdi = B - 4, .rsi = ~NEW) == RAN_DONE);
	must(watch_event(vm, KWT_WRITE, &e) && e.gpa == B - 4 && e.bytes == 4);
	must(watch_event(vm, KWT_WRITE, &e) && e.gpa == B && e.bytes == 4);
	must(*at(vm, B) == (uint32_t)(~NEW >> 32));
}

static void stack(struct vm *vm)
{
	struct kwt_event e;

	watch_attach(vm);
	must(!watch_add(vm, A));
	must(WRUN(vm, w_push, .rdi = A + 64, .rsi = NEW) == RAN_DONE);
	must(watch_event(vm, KWT_WRITE, &e) && e.gpa == A + 56 && e.bytes == 8);
	must(*at(vm, A + 56) == NEW);
	must(WRUN(vm, w_call, .rdi = A + 32) == RAN_DONE);
	must(watch_event(vm, KWT_WRITE, &e) && e.gpa == A + 24);
	must(*at(vm, A + 24) == WATCH(w_call) + 8);
}

const struct test write_tests[] = {
	{ "widths", widths },
	{ "dropped", dropped },
	{ "replaced", replaced },
	{ "faulted", faulted },
	{ "retried", retried },
	{ "strings", strings },
	{ "compare_fails", compare_fails },
	{ "cross_page", cross_page },
	{ "stack", stack },
	{ }
};
