// SPDX-License-Identifier: GPL-2.0
/*
 * Registers of a vCPU that runs in another thread.
 *
 * Only a vCPU's own thread can read them.  A thread that wants them adds a hook
 * for the entry into the guest, where the vCPU answers, and kicks the vCPU to
 * make it pass by.  The hook exists only while the thread waits.
 */
#include <linux/completion.h>
#include <linux/kvm_host.h>
#include <linux/list.h>
#include <linux/mutex.h>

#include "core/cpu.h"
#include "core/entry.h"

enum request_state {
	REQUEST_WAITING,
	REQUEST_TAKEN,
};

/* Lives on the stack of the thread that waits. */
struct cpu_request {
	struct vigil_entry_hook hook;
	/* In the list of those that vigil_cpu_abort() can end. */
	struct list_head entry;
	int vcpu;
	/* One that moves it on from WAITING is the one that answers. */
	atomic_t state;
	bool aborted;
	struct completion done;
	struct vigil_cpu cpu;
};

static DEFINE_MUTEX(requests_lock);
static LIST_HEAD(requests);

static bool take_request(struct cpu_request *req)
{
	return atomic_cmpxchg(&req->state, REQUEST_WAITING, REQUEST_TAKEN) ==
	       REQUEST_WAITING;
}

/* On the vCPU's thread, interrupts are off. */
static void answer_request(struct vigil_entry_hook *hook, struct kvm_vcpu *vcpu)
{
	struct cpu_request *req = container_of(hook, struct cpu_request, hook);

	if (req->vcpu != VIGIL_CPU_ANY && req->vcpu != vcpu->vcpu_idx)
		return;
	if (!take_request(req))
		return;
	vigil_cpu_read(vcpu, &req->cpu);
	complete(&req->done);
}

static void kick_vcpus(const struct cpu_request *req)
{
	struct kvm_vcpu *vcpu;
	unsigned long i;

	kvm_for_each_vcpu(i, vcpu, req->hook.kvm) {
		if (req->vcpu == VIGIL_CPU_ANY || req->vcpu == vcpu->vcpu_idx)
			kvm_vcpu_kick(vcpu);
	}
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
	struct cpu_request req = {
		.hook = { .kvm = kvm, .enter = answer_request },
		.vcpu = vcpu,
	};
	long left = msecs_to_jiffies(timeout_ms);
	int err;

	init_completion(&req.done);
	mutex_lock(&requests_lock);
	list_add(&req.entry, &requests);
	mutex_unlock(&requests_lock);

	err = vigil_entry_add(&req.hook);
	if (!err) {
		kick_vcpus(&req);
		left = wait_for_completion_interruptible_timeout(&req.done,
								 left);
		/* From here on no vCPU writes to the request. */
		vigil_entry_del(&req.hook);
	}

	mutex_lock(&requests_lock);
	list_del(&req.entry);
	mutex_unlock(&requests_lock);

	if (err)
		return err;
	if (req.aborted)
		return -ENODEV;
	if (left < 0)
		return -EINTR;
	if (!left)
		return -ETIMEDOUT;
	*cpu = req.cpu;
	return 0;
}

/* Ends all waits for vCPUs of @kvm. */
void vigil_cpu_abort(struct kvm *kvm)
{
	struct cpu_request *req;

	mutex_lock(&requests_lock);
	list_for_each_entry(req, &requests, entry) {
		if (req->hook.kvm != kvm || !take_request(req))
			continue;
		req->aborted = true;
		complete(&req->done);
	}
	mutex_unlock(&requests_lock);
}
