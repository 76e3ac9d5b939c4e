// SPDX-License-Identifier: GPL-2.0
/* One vCPU executes a page that others write all the time. */
#include <sys/ioctl.h>

#include "client.h"
#include "runner.h"

#define A	TEST_PAGES
#define CALLED	20

/* vCPUs from @first on */
static void writers_start(struct vm *vm, struct runner *writers, int nr, int first)
{
	int i;

	vm_add_vcpus(vm, first + nr - vm->nr_vcpus);
	set_stop(vm, 0);
	for (i = 0; i < nr; i++)
		runner_start(&writers[i], vm, first + i, GUEST(guest_good_tag_loop),
			     (struct args){ .rdi = A, .rcx = 1 });
}

static bool writers_end(struct vm *vm, struct runner *writers, int nr)
{
	bool done = true;
	int i;

	set_stop(vm, 1);
	for (i = 0; i < nr; i++) {
		runner_join(&writers[i]);
		done &= writers[i].outcome == RAN_DONE;
	}
	return done;
}

/* Was a question about the page marked so?  The client remembers 1024. */
static bool starved_is_told(struct vm *vm)
{
	struct ket_event e;

	while (question_about(vm, A, &e))
		if (e.flags & F_STARVED)
			return true;
	return false;
}

/*
 * Each call takes a grant, which any writer may take away before: it ends
 * nevertheless, and that is all that can be said of the time.
 */
static void progress(struct vm *vm, int nr)
{
	struct ket_attach rules = { .delay_us = 500 };
	struct runner caller, writers[MAX_VCPUS];
	uint64_t rounds, calls;
	struct ket_stats stats;

	vm_put_page(vm, A, 2);
	must(!vm_attach_with(vm, rules));
	writers_start(vm, writers, nr, 1);
	/* until it was starved once; it comes to an end each time */
	for (rounds = calls = 0; rounds < 50; rounds++) {
		runner_start(&caller, vm, 0, GUEST(guest_call),
			     (struct args){ .rdi = A, .rcx = CALLED });
		runner_join(&caller);
		calls += caller.outcome == RAN_DONE ? CALLED : 0;
		if (vm_stats(vm).starved)
			break;
	}
	must(writers_end(vm, writers, nr));
	stats = vm_stats(vm);
	note("%llu calls, %llu asked, %llu lost, %llu starved, %llu revoked",
	     (unsigned long long)calls, stats.fetches, stats.lost, stats.starved,
	     stats.revoked);
	must(caller.outcome == RAN_DONE && vm_calls(vm) == calls);
	must(stats.starved > 0 && starved_is_told(vm));
}

static void one_writer(struct vm *vm)
{
	progress(vm, 1);
}

static void three_writers(struct vm *vm)
{
	progress(vm, 3);
}

static void seven_writers(struct vm *vm)
{
	progress(vm, 7);
}

static void fifteen_writers(struct vm *vm)
{
	progress(vm, 15);
}

/* The client gives up, and nobody has to wait any more. */
static void opened_for_the_starved(struct vm *vm)
{
	struct ket_attach rules = { .rules = KET_OPEN_STARVED, .delay_us = 500 };
	struct runner caller, writers[MAX_VCPUS];
	struct ket_stats stats;
	int state, i, nr = 3;

	vm_put_page(vm, A, 2);
	must(!vm_attach_with(vm, rules));
	writers_start(vm, writers, nr, 1);
	do {
		runner_start(&caller, vm, 0, GUEST(guest_call),
			     (struct args){ .rdi = A, .rcx = CALLED });
		runner_join(&caller);
	} while (caller.outcome == RAN_DONE && vm_state(vm, A) != OPENED);
	/* open it stays, and costs nothing */
	stats = vm_stats(vm);
	for (i = 0; i < 3; i++) {
		runner_start(&caller, vm, 0, GUEST(guest_call),
			     (struct args){ .rdi = A, .rcx = 1000 });
		runner_join(&caller);
	}
	state = vm_state(vm, A);
	must(writers_end(vm, writers, nr));
	must(caller.outcome == RAN_DONE && state == OPENED);
	must(stats.opened == 1 && stats.starved >= 1 && stats.pages_open == 1);
	must(vm_stats(vm).fetches == stats.fetches);
}

/* Two that execute, two that write: nobody is forgotten. */
static void two_callers_two_writers(struct vm *vm)
{
	struct ket_attach rules = { .delay_us = 200 };
	struct runner callers[2], writers[2];
	int i;

	vm_put_page(vm, A, 2);
	must(!vm_attach_with(vm, rules));
	writers_start(vm, writers, 2, 2);
	for (i = 0; i < 2; i++)
		runner_start(&callers[i], vm, i, GUEST(guest_call),
			     (struct args){ .rdi = A, .rcx = CALLED });
	for (i = 0; i < 2; i++)
		runner_join(&callers[i]);
	must(writers_end(vm, writers, 2));
	must(callers[0].outcome == RAN_DONE && callers[1].outcome == RAN_DONE);
}

const struct test writer_tests[] = {
	{ "one_writer", one_writer },
	{ "three_writers", three_writers },
	{ "seven_writers", seven_writers },
	{ "fifteen_writers", fifteen_writers },
	{ "opened_for_the_starved", opened_for_the_starved },
	{ "two_callers_two_writers", two_callers_two_writers },
	{ }
};
