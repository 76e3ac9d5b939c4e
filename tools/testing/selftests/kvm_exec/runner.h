/* SPDX-License-Identifier: GPL-2.0 */
/* A vCPU that runs a routine on a thread of its own. */
#ifndef KVM_EXEC_RUNNER_H
#define KVM_EXEC_RUNNER_H

#include <pthread.h>

#include "vmm.h"

/*
 * Restartable sequences give a thread that slept something to do before the guest
 * runs, and KVM begins anew with what it was about to have the guest execute.
 */
extern bool runner_without_rseq;

struct runner {
	pthread_t thread;
	struct vcpu *vcpu;
	uint64_t rip, rsp;
	struct args args;
	enum outcome outcome;
	volatile bool ended;
};

void runner_start(struct runner *r, struct vm *vm, int vcpu, uint64_t rip,
		  struct args args);
void runner_start_on(struct runner *r, struct vm *vm, int vcpu, uint64_t rip,
		     uint64_t rsp, struct args args);
const struct kvm_regs *runner_join(struct runner *r);

/*
 * Run vCPU 0 as vcpu_start() does, but RAN_ENDLESS if it makes more than @exits
 * exits, be it without coming out of KVM.
 */
enum outcome run_bounded(struct vm *vm, uint64_t rip, uint64_t rsp, struct args args,
			 uint64_t exits);

/* End the routines that look at it, or not yet. */
void set_stop(struct vm *vm, uint8_t value);

#endif
