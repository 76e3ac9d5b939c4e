// SPDX-License-Identifier: GPL-2.0
/*
 * Exec protection of a VM: on and off, what is protected, and the sweep.
 */
#include <linux/kvm_host.h>
#include <linux/module.h>
#include <linux/netlink.h>
#include <linux/slab.h>

#include "core/count.h"
#include "protect/exec.h"
#include "protect/exec_priv.h"

MODULE_IMPORT_NS(KVM_EXEC);

static const struct kvm_exec_ops exec_ops = {
	.fetch = vigil_exec_fetch,
};

/* --- the sweep ------------------------------------------------------------ */

static void schedule_sweep(struct vigil_exec *exec)
{
	u32 period = READ_ONCE(exec->vm->sweep_ms);

	if (READ_ONCE(exec->on) && period)
		mod_delayed_work(vigil_wq, &exec->sweep,
				 msecs_to_jiffies(period));
}

void vigil_exec_close_all(struct vigil_exec *exec)
{
	vigil_open_forget(exec);
	kvm_exec_sweep(exec->vm->kvm);
}

static void sweep_work(struct work_struct *work)
{
	struct vigil_exec *exec = container_of(to_delayed_work(work),
					       struct vigil_exec, sweep);

	vigil_exec_close_all(exec);
	schedule_sweep(exec);
}

/* What was granted by rules that hold no more is asked about again. */
void vigil_exec_sweep(struct vigil_vm *vm)
{
	lockdep_assert_held(&vm->lock);
	if (!vm->exec->on)
		return;
	vigil_exec_close_all(vm->exec);
	schedule_sweep(vm->exec);
}

void vigil_exec_settings_changed(struct vigil_vm *vm)
{
	lockdep_assert_held(&vm->lock);
	if (!vm->sweep_ms)
		cancel_delayed_work_sync(&vm->exec->sweep);
	schedule_sweep(vm->exec);
}

/* --- on and off ----------------------------------------------------------- */

static void explain(int err, struct netlink_ext_ack *extack)
{
	switch (err) {
	case -EOPNOTSUPP:
		NL_SET_ERR_MSG(extack, "KVM can't: no TDP MMU, a Xen guest, or private memory");
		break;
	case -EBUSY:
		NL_SET_ERR_MSG(extack, "somebody else controls what this VM executes");
		break;
	}
}

static void reset_counts(struct vigil_vm *vm)
{
	int cpu;

	for_each_possible_cpu(cpu)
		memset(per_cpu_ptr(vm->counts, cpu), 0, sizeof(*vm->counts));
}

static int turn_on(struct vigil_vm *vm, struct netlink_ext_ack *extack)
{
	int err;

	reset_counts(vm);
	err = kvm_exec_enable(vm->kvm, &vm->exec->client);
	if (err) {
		explain(err, extack);
		return err;
	}
	WRITE_ONCE(vm->exec->on, true);
	schedule_sweep(vm->exec);
	return 0;
}

static void turn_off(struct vigil_vm *vm)
{
	WRITE_ONCE(vm->exec->on, false);
	cancel_delayed_work_sync(&vm->exec->sweep);
	kvm_exec_disable(vm->kvm);
	/* No fetch opens a page or condemns a process any more. */
	vigil_open_stop(vm->exec);
	vigil_kill_stop(vm->exec);
}

/* --- what is protected ---------------------------------------------------- */

/**
 * vigil_exec_protect - Protect the processes that an entry matches
 * @vm: the VM, its lock held
 * @entry: the entry; the policy's on success
 * @extack: says why not
 *
 * Applies at once to processes that run.  Return: 0, or an error.
 */
int vigil_exec_protect(struct vigil_vm *vm, struct vigil_protect *entry,
		       struct netlink_ext_ack *extack)
{
	int err = 0;

	if (vigil_policy_add(&vm->policy, entry, &vm->lock)) {
		NL_SET_ERR_MSG(extack, "the VM has the most entries that are possible");
		return -ENOSPC;
	}
	if (vm->exec->on)
		vigil_exec_sweep(vm);
	else
		err = turn_on(vm, extack);
	if (err) {
		vigil_policy_del(&vm->policy, entry->id, &vm->lock);
		synchronize_srcu(&vm->srcu);
	}
	return err;
}

/**
 * vigil_exec_unprotect - Remove an entry
 * @vm: the VM, its lock held
 * @id: the entry
 *
 * Return: 0, or -ENOENT.
 */
int vigil_exec_unprotect(struct vigil_vm *vm, u32 id)
{
	struct vigil_protect *entry;

	entry = vigil_policy_del(&vm->policy, id, &vm->lock);
	if (!entry)
		return -ENOENT;
	if (!vm->policy.nr)
		turn_off(vm);
	synchronize_srcu(&vm->srcu);
	kfree(entry);
	vigil_exec_sweep(vm);
	return 0;
}

/* --- questions ------------------------------------------------------------ */

bool vigil_exec_is_on(const struct vigil_vm *vm)
{
	return READ_ONCE(vm->exec->on);
}

void vigil_exec_stats(const struct vigil_vm *vm, struct vigil_exec_stats *s)
{
	struct kvm_exec_stats k;

	kvm_exec_get_stats(vm->kvm, &k);
	*s = (struct vigil_exec_stats){
		.fetches = k.fetches,
		.granted = k.granted,
		.opened = k.opened,
		.refused = k.refused,
		.retried = k.retried,
		.revoked = k.revoked,
		.revoked_by_walk = k.revoked_by_walk,
		.revoked_by_kvm = k.revoked_by_kvm,
		.self_writes = k.self_writes,
		.lost = k.lost,
		.emulated_fetches = k.emulated_fetches,
		.splits = k.splits,
		.flushes = k.flushes,
		.swept = k.swept,
		.nested = k.nested,
		.pages_granted = k.pages_granted,
		.pages_open = k.pages_open,
	};
}

enum vigil_exec_page vigil_exec_page(const struct vigil_vm *vm, gfn_t gfn)
{
	switch (kvm_exec_gfn_state(vm->kvm, gfn)) {
	case KVM_EXEC_GRANTED:
		return VIGIL_EXEC_PAGE_GRANTED;
	case KVM_EXEC_OPENED:
		return VIGIL_EXEC_PAGE_OPEN;
	default:
		return VIGIL_EXEC_PAGE_CLOSED;
	}
}

/* --- life ----------------------------------------------------------------- */

int vigil_exec_setup(struct vigil_vm *vm)
{
	struct vigil_exec *exec;

	exec = kzalloc(sizeof(*exec), GFP_KERNEL_ACCOUNT);
	if (!exec)
		return -ENOMEM;
	exec->client.ops = &exec_ops;
	exec->vm = vm;
	xa_init(&exec->desks);
	INIT_DELAYED_WORK(&exec->sweep, sweep_work);
	vigil_open_init(exec);
	vigil_kill_init(exec);
	vm->exec = exec;
	return 0;
}

static void free_desks(struct vigil_exec *exec)
{
	struct vigil_desk *desk;
	unsigned long index;

	xa_for_each(&exec->desks, index, desk)
		kvfree(desk);
	xa_destroy(&exec->desks);
}

/* Nobody uses the VM any more, but its vCPUs may ask until turn_off(). */
void vigil_exec_teardown(struct vigil_vm *vm)
{
	if (vm->exec->on)
		turn_off(vm);
	free_desks(vm->exec);
	kfree(vm->exec);
	vm->exec = NULL;
}
