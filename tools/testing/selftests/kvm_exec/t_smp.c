// SPDX-License-Identifier: GPL-2.0
/* Two vCPUs: one writes what the other executes. */
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "client.h"
#include "runner.h"

#define PAGES	64
#define A	TEST_PAGES

static void put_pages(struct vm *vm)
{
	int i;

	vm_set_handler(vm, UD_VECTOR, GUEST(guest_ud_skip));
	for (i = 0; i < PAGES; i++)
		vm_put_page(vm, A + i * PAGE, 2);
	set_stop(vm, 0);
}

int race_seconds(void)
{
	const char *seconds = getenv("KVM_EXEC_SECONDS");

	return seconds ? atoi(seconds) : 4;
}

/* One writes good and bad tags, the other executes: it never sees a bad one. */
static void write_and_call(struct vm *vm, struct ket_attach rules)
{
	struct runner caller, writer;
	const struct kvm_regs *regs;
	struct ket_stats stats;

	put_pages(vm);
	rules.rules = KET_REFUSE_BAD;
	must(!vm_attach_with(vm, rules));
	runner_start(&caller, vm, 0, GUEST(guest_call_loop),
		     (struct args){ .rdi = A, .rcx = PAGES, .rsi = -1 });
	runner_start(&writer, vm, 1, GUEST(guest_tag_loop),
		     (struct args){ .rdi = A, .rcx = PAGES });
	sleep(race_seconds());
	set_stop(vm, 1);
	runner_join(&writer);
	regs = runner_join(&caller);
	stats = vm_stats(vm);
	note("%llu calls, %llu bad, %llu #UD, %llu asked, %llu lost, %llu revoked",
	     regs->r9, regs->r8, regs->r10, stats.fetches, stats.lost, stats.revoked);
	must(caller.outcome == RAN_DONE && writer.outcome == RAN_DONE);
	must(regs->r8 == 0);
	must(regs->r9 > 0 && regs->r10 == stats.refused);
	must(stats.revoked > 0);
}

static void bad_code_never_runs(struct vm *vm)
{
	write_and_call(vm, (struct ket_attach){ });
}

static void bad_code_never_runs_slow_client(struct vm *vm)
{
	write_and_call(vm, (struct ket_attach){ .delay_us = 300 });
}

static void bad_code_never_runs_around(struct vm *vm)
{
	write_and_call(vm, (struct ket_attach){ .around = 32, .delay_us = 50 });
}

/* A page that is written all the time is executed nevertheless. */
static void no_starvation(struct vm *vm)
{
	struct ket_attach rules = { .delay_us = 500 };
	struct runner caller, writer;
	const struct kvm_regs *regs;

	put_pages(vm);
	must(!vm_attach_with(vm, rules));
	runner_start(&writer, vm, 1, GUEST(guest_good_tag_loop),
		     (struct args){ .rdi = A, .rcx = 1 });
	runner_start(&caller, vm, 0, GUEST(guest_call_loop),
		     (struct args){ .rdi = A, .rcx = 1, .rsi = 100 });
	regs = runner_join(&caller);
	set_stop(vm, 1);
	runner_join(&writer);
	note("%llu lost", (unsigned long long)vm_stats(vm).lost);
	must(caller.outcome == RAN_DONE && regs->r9 == 100);
}

/* Both ask about the same pages. */
static void two_callers(struct vm *vm)
{
	struct ket_attach rules = { .delay_us = 100 };
	struct runner one, two;
	int i;

	put_pages(vm);
	must(!vm_attach_with(vm, rules));
	for (i = 0; i < 20; i++) {
		runner_start(&one, vm, 0, GUEST(guest_call_loop),
			     (struct args){ .rdi = A, .rcx = PAGES, .rsi = 1 });
		runner_start(&two, vm, 1, GUEST(guest_call_loop),
			     (struct args){ .rdi = A, .rcx = PAGES, .rsi = 1 });
		must(runner_join(&one)->r9 == PAGES && runner_join(&two)->r9 == PAGES);
		must(one.outcome == RAN_DONE && two.outcome == RAN_DONE);
		ioctl(vm->client, KET_SWEEP_NOW);
	}
}

static void attach_sweep_detach(struct vm *vm, int rounds)
{
	int i, j;

	for (i = 0; i < rounds; i++) {
		must(!vm_attach(vm, 0));
		for (j = 0; j < 5; j++) {
			usleep(2000);
			must(ioctl(vm->client, KET_SWEEP_NOW) >= 0);
		}
		must(!ioctl(vm->client, KET_DETACH));
	}
}

static void attach_and_detach_while_running(struct vm *vm)
{
	struct runner caller, writer;
	const struct kvm_regs *regs;

	put_pages(vm);
	runner_start(&caller, vm, 0, GUEST(guest_call_loop),
		     (struct args){ .rdi = A, .rcx = PAGES, .rsi = -1 });
	runner_start(&writer, vm, 1, GUEST(guest_good_tag_loop),
		     (struct args){ .rdi = A, .rcx = PAGES });
	attach_sweep_detach(vm, 50);
	set_stop(vm, 1);
	runner_join(&writer);
	regs = runner_join(&caller);
	must(caller.outcome == RAN_DONE && writer.outcome == RAN_DONE);
	must(regs->r8 == 0 && regs->r10 == 0 && regs->r9 > 0);
}

const struct test smp_tests[] = {
	{ "bad_code_never_runs", bad_code_never_runs },
	{ "bad_code_never_runs_slow_client", bad_code_never_runs_slow_client },
	{ "bad_code_never_runs_around", bad_code_never_runs_around },
	{ "no_starvation", no_starvation },
	{ "two_callers", two_callers },
	{ "attach_and_detach_while_running", attach_and_detach_while_running },
	{ }
};
