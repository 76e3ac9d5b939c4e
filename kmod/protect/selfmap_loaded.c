// SPDX-License-Identifier: GPL-2.0
/*
 * Self-map protection: which tables the vCPUs have loaded.
 *
 * Any user of a table has to load it, whether its process is on the guest's list
 * or not.  A hook for the entry into the guest takes down CR3.  Entries are not
 * rare: the host's timer interrupts a vCPU every few milliseconds.  One that runs
 * on a processor without a tick is kicked.
 */
#include <linux/kvm_host.h>
#include <linux/slab.h>

#include "core/cpu.h"
#include "core/entry.h"
#include "protect/selfmap_priv.h"

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

/* On the vCPU's thread, interrupts are off. */
static void loaded_enter(struct vigil_entry_hook *hook, struct kvm_vcpu *vcpu)
{
	struct vigil_selfmap *sm = container_of(hook, struct vigil_selfmap,
						hook);
	struct vigil_loaded *l = xa_load(&sm->vcpus, vcpu->vcpu_idx);
	u64 root;

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
static bool vcpu_runs(const struct kvm_vcpu *vcpu)
{
	return READ_ONCE(vcpu->arch.mp_state) == KVM_MP_STATE_RUNNABLE;
}

/* Not reset, that is. */
static bool vcpu_is_halted(const struct kvm_vcpu *vcpu)
{
	return READ_ONCE(vcpu->arch.mp_state) == KVM_MP_STATE_HALTED;
}

static struct vigil_loaded *vcpu_loaded(struct vigil_selfmap *sm,
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

static void kick_quiet_vcpu(struct vigil_selfmap *sm, struct kvm_vcpu *vcpu,
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
		l = vcpu_loaded(sm, vcpu);
		if (!l)
			continue;
		for (unsigned int j = 0; j < SEEN; j++) {
			root = xchg(&l->seen[j], 0);
			if (root)
				fn(sm, root, false);
		}
		root = READ_ONCE(l->now);
		if (root && vcpu_runs(vcpu))
			fn(sm, root, true);
		kick_quiet_vcpu(sm, vcpu, l);
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
		found |= READ_ONCE(l->now) == root && vcpu_runs(l->vcpu);
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
		found |= (vcpu_runs(l->vcpu) || vcpu_is_halted(l->vcpu)) &&
			 is_process_table(sm, READ_ONCE(l->now));
	rcu_read_unlock();
	return found;
}

/* --- on and off --------------------------------------------------------------- */

int vigil_loaded_start(struct vigil_selfmap *sm)
{
	sm->hook.kvm = sm->vm->kvm;
	sm->hook.enter = loaded_enter;
	return vigil_entry_add(&sm->hook);
}

/* No other vCPU's thread may ask vigil_loaded_now() any more. */
void vigil_loaded_stop(struct vigil_selfmap *sm)
{
	struct vigil_loaded *l;
	unsigned long index;

	vigil_entry_del(&sm->hook);
	xa_for_each(&sm->vcpus, index, l)
		kfree(l);
	xa_destroy(&sm->vcpus);
}
