// SPDX-License-Identifier: GPL-2.0
/*
 * Self-map protection: which tables the vCPUs have loaded.
 *
 * Whoever wants to use a table has to load it, whether its process is on the
 * guest's list or not.  A probe on KVM's tracepoint for entering the guest takes
 * down CR3.  Entries are not rare: the host's timer interrupts a vCPU every few
 * milliseconds.  One that runs on a processor without a tick is kicked.
 */
#include <linux/hashtable.h>
#include <linux/kvm_host.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/tracepoint.h>

#include "core/cpu.h"
#include "protect/selfmap_priv.h"

DECLARE_TRACE(kvm_entry,
	      TP_PROTO(struct kvm_vcpu *vcpu, bool force_immediate_exit),
	      TP_ARGS(vcpu, force_immediate_exit));

/* Tables that a vCPU has loaded since the last round, beside the last one. */
#define SEEN		8
/* A vCPU that has not entered the guest for this long is kicked. */
#define QUIET_MS	20

/* Written by the vCPU's thread, but for what the round takes out of @seen. */
struct vigil_loaded {
	struct kvm_vcpu *vcpu;
	u64 now;
	u64 seen[SEEN];
	unsigned int nr;
	bool entered;
	/* The round's own. */
	u32 quiet_ms;
};

/* Serialises the probe's coming and going. */
static DEFINE_MUTEX(active_lock);
static DEFINE_HASHTABLE(active, 6);
static unsigned int nr_active;

static struct vigil_selfmap *find_active(const struct kvm *kvm)
{
	struct vigil_selfmap *sm;

	hash_for_each_possible_rcu(active, sm, node, (unsigned long)kvm,
				   rcu_read_lock_any_held()) {
		if (sm->vm->kvm == kvm)
			return sm;
	}
	return NULL;
}

/* Interrupts are off, and the tracepoint holds off RCU. */
static void note(void *unused, struct kvm_vcpu *vcpu, bool immediate_exit)
{
	struct vigil_selfmap *sm = find_active(vcpu->kvm);
	struct vigil_loaded *l;
	u64 root;

	l = sm ? xa_load(&sm->vcpus, vcpu->vcpu_idx) : NULL;
	if (!l)
		return;
	if (!READ_ONCE(l->entered))
		WRITE_ONCE(l->entered, true);
	if (vigil_cpu_is_away(vcpu))
		return;
	root = vigil_selfmap_root(vigil_cpu_cr3(vcpu));
	if (root == l->now)
		return;
	WRITE_ONCE(l->seen[l->nr++ % SEEN], l->now);
	WRITE_ONCE(l->now, root);
}

/* --- for a round ------------------------------------------------------------- */

/*
 * One that is halted may have loaded another table before it was, and is seen
 * again before it runs.
 */
static bool runs(const struct kvm_vcpu *vcpu)
{
	return READ_ONCE(vcpu->arch.mp_state) == KVM_MP_STATE_RUNNABLE;
}

/* Not reset, that is. */
static bool is_halted(const struct kvm_vcpu *vcpu)
{
	return READ_ONCE(vcpu->arch.mp_state) == KVM_MP_STATE_HALTED;
}

static struct vigil_loaded *loaded_of(struct vigil_selfmap *sm,
				      struct kvm_vcpu *vcpu)
{
	struct vigil_loaded *l = xa_load(&sm->vcpus, vcpu->vcpu_idx);

	if (l)
		return l;
	l = kzalloc(sizeof(*l), GFP_KERNEL_ACCOUNT);
	if (l)
		l->vcpu = vcpu;
	if (l && xa_err(xa_store(&sm->vcpus, vcpu->vcpu_idx, l,
				 GFP_KERNEL_ACCOUNT))) {
		kfree(l);
		l = NULL;
	}
	return l;
}

static void wake(struct vigil_selfmap *sm, struct kvm_vcpu *vcpu,
		 struct vigil_loaded *l)
{
	if (READ_ONCE(l->entered)) {
		WRITE_ONCE(l->entered, false);
		l->quiet_ms = 0;
		return;
	}
	l->quiet_ms += READ_ONCE(sm->settings.period_ms);
	if (l->quiet_ms < QUIET_MS || READ_ONCE(vcpu->mode) != IN_GUEST_MODE)
		return;
	l->quiet_ms = 0;
	kvm_vcpu_kick(vcpu);
}

/**
 * vigil_loaded_each - The tables that were loaded since the last call
 * @sm: the protection
 * @fn: called for each, maybe more than once; told if it is loaded now
 */
void vigil_loaded_each(struct vigil_selfmap *sm,
		       void (*fn)(struct vigil_selfmap *sm, u64 root,
				  bool now))
{
	struct vigil_loaded *l;
	struct kvm_vcpu *vcpu;
	unsigned long i;
	u64 root;

	lockdep_assert_held(&sm->lock);
	kvm_for_each_vcpu(i, vcpu, sm->vm->kvm) {
		l = loaded_of(sm, vcpu);
		if (!l)
			continue;
		for (unsigned int j = 0; j < SEEN; j++) {
			root = xchg(&l->seen[j], 0);
			if (root)
				fn(sm, root, false);
		}
		root = READ_ONCE(l->now);
		if (root && runs(vcpu))
			fn(sm, root, true);
		wake(sm, vcpu, l);
	}
}

/* From any thread: does a vCPU run on this table? */
bool vigil_loaded_now(struct vigil_selfmap *sm, u64 root)
{
	struct vigil_loaded *l;
	unsigned long index;
	bool found = false;

	rcu_read_lock();
	xa_for_each(&sm->vcpus, index, l)
		found |= READ_ONCE(l->now) == root && runs(l->vcpu);
	rcu_read_unlock();
	return found;
}

static bool is_process_table(struct vigil_selfmap *sm, u64 root)
{
	struct vigil_table *table = vigil_tables_find(&sm->tables, root);

	return table && table->shape.owned;
}

/* Does a vCPU run, or has been halted, on the table of any known process? */
bool vigil_loaded_any(struct vigil_selfmap *sm)
{
	struct vigil_loaded *l;
	unsigned long index;
	bool found = false;

	rcu_read_lock();
	xa_for_each(&sm->vcpus, index, l)
		found |= (runs(l->vcpu) || is_halted(l->vcpu)) &&
			 is_process_table(sm, READ_ONCE(l->now));
	rcu_read_unlock();
	return found;
}

/* --- on and off --------------------------------------------------------------- */

int vigil_loaded_start(struct vigil_selfmap *sm)
{
	int err = 0;

	mutex_lock(&active_lock);
	if (!nr_active)
		err = register_trace_kvm_entry(note, NULL);
	if (!err) {
		hash_add_rcu(active, &sm->node, (unsigned long)sm->vm->kvm);
		nr_active++;
	}
	mutex_unlock(&active_lock);
	return err;
}

/* No other vCPU's thread may ask vigil_loaded_now() any more. */
void vigil_loaded_stop(struct vigil_selfmap *sm)
{
	struct vigil_loaded *l;
	unsigned long index;

	mutex_lock(&active_lock);
	hash_del_rcu(&sm->node);
	if (!--nr_active)
		unregister_trace_kvm_entry(note, NULL);
	mutex_unlock(&active_lock);
	tracepoint_synchronize_unregister();

	xa_for_each(&sm->vcpus, index, l)
		kfree(l);
	xa_destroy(&sm->vcpus);
}
