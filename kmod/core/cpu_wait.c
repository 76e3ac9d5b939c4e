// SPDX-License-Identifier: GPL-2.0
/*
 * Registers of a vCPU that runs in another thread.
 *
 * Only a vCPU's own thread can read them.  Whoever wants them queues a request,
 * a probe on KVM's tracepoint for entering the guest answers it there, and the
 * vCPU is kicked to make it pass by.  The probe exists only while somebody
 * waits.  It is the entry because only there all of KVM's copies are settled:
 * at the exit that of CR3 is still the one of the exit before, on AMD.
 */
#include <linux/completion.h>
#include <linux/kvm_host.h>
#include <linux/mutex.h>
#include <linux/rculist.h>
#include <linux/tracepoint.h>

#include "core/cpu.h"

DECLARE_TRACE(kvm_entry,
	      TP_PROTO(struct kvm_vcpu *vcpu, bool force_immediate_exit),
	      TP_ARGS(vcpu, force_immediate_exit));

enum request_state {
	REQUEST_WAITING,
	REQUEST_TAKEN,
};

/* Lives on the stack of who waits. */
struct cpu_request {
	struct list_head entry;
	struct kvm *kvm;
	int vcpu;
	/* Whoever moves it on from WAITING is the one who answers. */
	atomic_t state;
	bool aborted;
	struct completion done;
	struct vigil_cpu cpu;
};

static DEFINE_MUTEX(requests_lock);
static LIST_HEAD(requests);

static bool take(struct cpu_request *req)
{
	return atomic_cmpxchg(&req->state, REQUEST_WAITING, REQUEST_TAKEN) ==
	       REQUEST_WAITING;
}

/* Interrupts are off, and the tracepoint holds off RCU. */
static void answer(void *unused, struct kvm_vcpu *vcpu, bool immediate_exit)
{
	struct cpu_request *req;

	list_for_each_entry_rcu(req, &requests, entry,
				rcu_read_lock_any_held()) {
		if (req->kvm != vcpu->kvm)
			continue;
		if (req->vcpu != VIGIL_CPU_ANY && req->vcpu != vcpu->vcpu_idx)
			continue;
		if (!take(req))
			continue;
		vigil_cpu_read(vcpu, &req->cpu);
		complete(&req->done);
	}
}

static int add_request(struct cpu_request *req)
{
	int err = 0;

	mutex_lock(&requests_lock);
	if (list_empty(&requests))
		err = register_trace_kvm_entry(answer, NULL);
	if (!err)
		list_add_rcu(&req->entry, &requests);
	mutex_unlock(&requests_lock);
	return err;
}

/* On return no probe looks at @req any more. */
static void del_request(struct cpu_request *req)
{
	mutex_lock(&requests_lock);
	list_del_rcu(&req->entry);
	if (list_empty(&requests))
		unregister_trace_kvm_entry(answer, NULL);
	mutex_unlock(&requests_lock);
	tracepoint_synchronize_unregister();
}

static void kick(const struct cpu_request *req)
{
	struct kvm_vcpu *vcpu;
	unsigned long i;

	kvm_for_each_vcpu(i, vcpu, req->kvm) {
		if (req->vcpu == VIGIL_CPU_ANY || req->vcpu == vcpu->vcpu_idx)
			kvm_vcpu_kick(vcpu);
	}
}

static int result(const struct cpu_request *req, long left)
{
	if (req->aborted)
		return -ENODEV;
	if (left < 0)
		return -EINTR;
	return left ? 0 : -ETIMEDOUT;
}

/**
 * vigil_cpu_wait - Take a snapshot of a vCPU when it next enters the guest
 * @kvm: the VM
 * @vcpu: index of the vCPU, or VIGIL_CPU_ANY
 * @timeout_ms: how long to wait
 * @cpu: where to
 *
 * Return: 0, -ETIMEDOUT: it didn't run, -EINTR: a signal came, -ENODEV:
 * vigil_cpu_abort() was called.
 */
int vigil_cpu_wait(struct kvm *kvm, int vcpu, unsigned int timeout_ms,
		   struct vigil_cpu *cpu)
{
	struct cpu_request req = { .kvm = kvm, .vcpu = vcpu };
	long left = msecs_to_jiffies(timeout_ms);
	int err;

	init_completion(&req.done);
	err = add_request(&req);
	if (err)
		return err;
	kick(&req);
	left = wait_for_completion_interruptible_timeout(&req.done, left);
	del_request(&req);

	err = result(&req, left);
	if (!err)
		*cpu = req.cpu;
	return err;
}

/* Ends all waits for vCPUs of @kvm. */
void vigil_cpu_abort(struct kvm *kvm)
{
	struct cpu_request *req;

	mutex_lock(&requests_lock);
	list_for_each_entry(req, &requests, entry) {
		if (req->kvm != kvm || !take(req))
			continue;
		req->aborted = true;
		complete(&req->done);
	}
	mutex_unlock(&requests_lock);
}
