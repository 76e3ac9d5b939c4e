// SPDX-License-Identifier: GPL-2.0
#include <signal.h>
#include <stdlib.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runner.h"

bool runner_without_rseq;

static void unregister_rseq(void)
{
	char *area = (char *)__builtin_thread_pointer() + __rseq_offset;

	/* 32 bytes were registered, whatever of it is in use. */
	if (__rseq_size && syscall(__NR_rseq, area, 32, RSEQ_FLAG_UNREGISTER, RSEQ_SIG))
		abort();
}

static void *runner_main(void *arg)
{
	struct runner *r = arg;

	if (runner_without_rseq)
		unregister_rseq();
	r->outcome = vcpu_start(r->vcpu, r->rip, r->rsp, &r->args);
	r->ended = true;
	return NULL;
}

void runner_start(struct runner *r, struct vm *vm, int vcpu, uint64_t rip,
		  struct args args)
{
	runner_start_on(r, vm, vcpu, rip, STACK_TOP - vcpu * PAGE, args);
}

void runner_start_on(struct runner *r, struct vm *vm, int vcpu, uint64_t rip,
		     uint64_t rsp, struct args args)
{
	r->vcpu = &vm->vcpu[vcpu];
	r->rip = rip;
	r->rsp = rsp;
	r->args = args;
	r->ended = false;
	if (pthread_create(&r->thread, NULL, runner_main, r))
		abort();
}

const struct kvm_regs *runner_join(struct runner *r)
{
	pthread_join(r->thread, NULL);
	return &r->vcpu->regs;
}

static void nothing(int sig)
{
	(void)sig;
}

enum outcome run_bounded(struct vm *vm, uint64_t rip, uint64_t rsp, struct args args,
			 uint64_t exits)
{
	struct stat_reader stat = stat_open(vm->vcpu[0].fd, "exits");
	struct kvm_run *run = vm->vcpu[0].run;
	struct runner r;

	exits += stat_read(&stat);
	signal(SIGUSR1, nothing);
	runner_start_on(&r, vm, 0, rip, rsp, args);
	while (!r.ended && stat_read(&stat) < exits)
		usleep(1000);
	stat_close(&stat);
	if (r.ended) {
		runner_join(&r);
		return r.outcome;
	}
	run->immediate_exit = 1;
	pthread_kill(r.thread, SIGUSR1);
	runner_join(&r);
	run->immediate_exit = 0;
	return RAN_ENDLESS;
}

void set_stop(struct vm *vm, uint8_t value)
{
	*(volatile uint8_t *)(vm->ram + STOP) = value;
}
