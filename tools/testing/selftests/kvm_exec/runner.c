// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>

#include "runner.h"

static void *runner_main(void *arg)
{
	struct runner *r = arg;

	r->outcome = vcpu_start(r->vcpu, r->rip, r->rsp, &r->args);
	return NULL;
}

void runner_start(struct runner *r, struct vm *vm, int vcpu, uint64_t rip,
		  struct args args)
{
	r->vcpu = &vm->vcpu[vcpu];
	r->rip = rip;
	r->rsp = STACK_TOP - vcpu * PAGE;
	r->args = args;
	if (pthread_create(&r->thread, NULL, runner_main, r))
		abort();
}

const struct kvm_regs *runner_join(struct runner *r)
{
	pthread_join(r->thread, NULL);
	return &r->vcpu->regs;
}

void set_stop(struct vm *vm, uint8_t value)
{
	*(volatile uint8_t *)(vm->ram + STOP) = value;
}
