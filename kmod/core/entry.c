// SPDX-License-Identifier: GPL-2.0
/*
 * What runs when a vCPU enters the guest.
 *
 * A probe on KVM's tracepoint for it calls the hooks of the vCPU's VM.  It is
 * the entry because only there all of KVM's copies of the registers are settled:
 * at the exit that of CR3 is still the one of the exit before, on AMD.  The probe
 * is registered as long as there is a hook.  A vCPU whose VM has none pays for
 * the look-up in an empty bucket, and all of them pay nothing without hooks.
 */
#include <linux/hashtable.h>
#include <linux/kvm_host.h>
#include <linux/mutex.h>
#include <linux/rculist.h>
#include <linux/tracepoint.h>

#include "core/entry.h"

DECLARE_TRACE(kvm_entry,
	      TP_PROTO(struct kvm_vcpu *vcpu, bool force_immediate_exit),
	      TP_ARGS(vcpu, force_immediate_exit));

/* Held to add and remove hooks, and the probe with the first and the last. */
static DEFINE_MUTEX(entry_lock);
/* By VM; read under RCU. */
static DEFINE_HASHTABLE(entry_hooks, 6);
static unsigned int nr_entry_hooks;

/* Interrupts are off, and the tracepoint is a critical section of RCU. */
static void entry_probe(void *unused, struct kvm_vcpu *vcpu,
			bool force_immediate_exit)
{
	struct vigil_entry_hook *hook;

	hash_for_each_possible_rcu(entry_hooks, hook, node,
				   (unsigned long)vcpu->kvm,
				   rcu_read_lock_any_held()) {
		if (hook->kvm == vcpu->kvm)
			hook->enter(hook, vcpu);
	}
}

/**
 * vigil_entry_add - Call a hook whenever a vCPU of its VM enters the guest
 * @hook: The hook.
 *
 * It may be called before this returns.  Context: may sleep.
 *
 * Return: 0, or -ENOMEM.
 */
int vigil_entry_add(struct vigil_entry_hook *hook)
{
	int err = 0;

	mutex_lock(&entry_lock);
	if (!nr_entry_hooks)
		err = register_trace_kvm_entry(entry_probe, NULL);
	if (!err) {
		nr_entry_hooks++;
		hash_add_rcu(entry_hooks, &hook->node,
			     (unsigned long)hook->kvm);
	}
	mutex_unlock(&entry_lock);
	return err;
}

/**
 * vigil_entry_del - Call a hook no more
 * @hook: The hook, which was added.
 *
 * On return nothing of it runs any more, and nothing refers to it.  Nor does
 * the probe run if it was the last hook: the module may be removed.  Context:
 * may sleep, and must not hold what @hook's callback waits for.
 */
void vigil_entry_del(struct vigil_entry_hook *hook)
{
	mutex_lock(&entry_lock);
	hash_del_rcu(&hook->node);
	if (!--nr_entry_hooks)
		unregister_trace_kvm_entry(entry_probe, NULL);
	mutex_unlock(&entry_lock);
	tracepoint_synchronize_unregister();
}
