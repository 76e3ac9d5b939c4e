// SPDX-License-Identifier: GPL-2.0
/* Two vCPUs, and a client that changes its mind meanwhile. */
#include <sys/ioctl.h>
#include <unistd.h>

#include "client.h"
#include "runner.h"

#define ROUNDS	2000

/* No count is lost, i.e. what was judged is what was written. */
static void counted(struct vm *vm)
{
	struct runner one, two;

	watch_attach(vm);
	must(!watch_add(vm, A));
	runner_start(&one, vm, 0, WATCH(w_count), (struct args){ .rdi = A, .rcx = ROUNDS });
	runner_start(&two, vm, 1, WATCH(w_count), (struct args){ .rdi = A, .rcx = ROUNDS });
	runner_join(&one);
	runner_join(&two);
	must(one.outcome == RAN_DONE && two.outcome == RAN_DONE);
	must(*at(vm, A) == 2 * ROUNDS);
	must(watch_stats(vm).asked >= 2 * ROUNDS && watch_stats(vm).missed == 0);
}

/* Two write different parts of a word; each is asked with what is there. */
static void parts(struct vm *vm)
{
	struct runner one, two;
	struct kwt_event e;
	uint64_t last = 0;

	watch_attach(vm);
	must(!watch_add(vm, A));
	watch_rules(vm, (struct kwt_rules){ .delay_us = 100 });
	runner_start(&one, vm, 0, WATCH(w_count), (struct args){ .rdi = A, .rcx = 100 });
	runner_start(&two, vm, 1, WATCH(w_count), (struct args){ .rdi = A, .rcx = 100 });
	runner_join(&one);
	runner_join(&two);
	while (watch_event(vm, KWT_WRITE, &e)) {
		must(e.memory == last && e.old[0] == last && e.new[0] == last + 1);
		last = e.new[0];
	}
	must(last == 200);
}

/* One vCPU's page is open again and again, the other's writes are all seen. */
static void let_through(struct vm *vm)
{
	struct runner one, two;

	watch_attach(vm);
	must(!watch_add(vm, A));
	set_stop(vm, 0);
	runner_start(&one, vm, 0, WATCH(w_fst_loop), (struct args){ .rdi = A, .rcx = 300 });
	runner_start(&two, vm, 1, WATCH(w_fst_loop), (struct args){ .rdi = A + 8, .rcx = 300 });
	runner_join(&one);
	runner_join(&two);
	must(one.outcome == RAN_DONE && two.outcome == RAN_DONE);
	must(*at(vm, A) == 0x3ff0000000000000ull && *at(vm, A + 8) == *at(vm, A));
	/*
	 * A store goes natively while the other vCPU has the page open, and that
	 * may be for long where its thread has to wait for a processor.
	 */
	must(watch_stats(vm).missed > 0);
	note("%llu missed", (unsigned long long)watch_stats(vm).missed);
	/* closed */
	watch_rules(vm, (struct kwt_rules){ .verdict = DROP });
	must(WRUN(vm, w_mov8, .rdi = A, .rsi = 1) == RAN_DONE && *at(vm, A) != 1);
}

/* A vCPU always reads back what it wrote, whatever the client does. */
static void under_load(struct vm *vm)
{
	struct runner one, two;
	int i;

	watch_attach(vm);
	set_stop(vm, 0);
	runner_start(&one, vm, 0, WATCH(w_store_check), (struct args){ .rdi = A });
	runner_start(&two, vm, 1, WATCH(w_store_check), (struct args){ .rdi = A + 8 });
	for (i = 0; i < 20; i++) {
		must(!watch_add(vm, A));
		usleep(1000);
		must(!ioctl(vm->client, KWT_CR3_ON));
		must(!watch_remove(vm, A));
		usleep(1000);
		must(!watch_add(vm, A));
		must(!ioctl(vm->client, KWT_DETACH));
		usleep(1000);
		must(!ioctl(vm->client, KWT_ATTACH, &vm->fd));
	}
	set_stop(vm, 1);
	must(runner_join(&one)->r8 == 0 && one.outcome == RAN_DONE);
	must(runner_join(&two)->r8 == 0 && two.outcome == RAN_DONE);
}

/* What isn't allowed is never in memory, not even for a moment. */
static void never_odd(struct vm *vm)
{
	struct runner one, two;
	uint64_t seen = 0;
	int i;

	watch_attach(vm);
	must(!watch_add(vm, A));
	watch_rules(vm, (struct kwt_rules){ .verdict = DROP, .which = KWT_ODD });
	runner_start(&one, vm, 0, WATCH(w_store_loop),
		     (struct args){ .rdi = A, .rsi = 3, .rcx = ROUNDS });
	runner_start(&two, vm, 1, WATCH(w_store_loop),
		     (struct args){ .rdi = A, .rsi = 4, .rcx = ROUNDS });
	for (i = 0; i < 1000000; i++)
		seen |= *at(vm, A);
	runner_join(&one);
	runner_join(&two);
	must(one.outcome == RAN_DONE && two.outcome == RAN_DONE);
	must(!((seen | *at(vm, A)) & 1));
	must(watch_stats(vm).dropped == ROUNDS);
}

const struct test smp_tests[] = {
	{ "two_vcpus_count", counted },
	{ "two_vcpus_one_at_a_time", parts },
	{ "two_vcpus_let_through", let_through },
	{ "under_load", under_load },
	{ "two_vcpus_never_odd", never_odd },
	{ }
};
