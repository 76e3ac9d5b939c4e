// SPDX-License-Identifier: GPL-2.0
/*
 * Exec protection of a VM: on and off, what is protected, and the sweep.
 */
#include <linux/kvm_host.h>
#include <linux/module.h>
#include <linux/netlink.h>
#include <linux/slab.h>

#include "core/count.h"
#include "protect/exec/exec.h"
#include "protect/exec/fetch.h"

MODULE_IMPORT_NS(KVM_EXEC);

static const struct kvm_exec_ops exec_ops = {
	.fetch = vigil_exec_fetch,
};

/* --- the sweep ------------------------------------------------------------ */

static void sweep_schedule(struct vigil_exec *exec)
{
	u32 period = READ_ONCE(exec->vm->sweep_ms);

	if (READ_ONCE(exec->on) && period)
		mod_delayed_work(vigil_wq, &exec->sweep,
				 msecs_to_jiffies(period));
}

static void sweep_work(struct work_struct *work)
{
	struct vigil_exec *exec = container_of(to_delayed_work(work),
					       struct vigil_exec, sweep);

	vigil_exec_open_close_all(&exec->open);
	sweep_schedule(exec);
}

/**
 * vigil_exec_sweep - Close all pages now
 * @vm: the VM, its lock held
 *
 * What was granted by rules that hold no more is asked about again.
 */
void vigil_exec_sweep(struct vigil_vm *vm)
{
	lockdep_assert_held(&vm->lock);
	if (!vm->exec->on)
		return;
	vigil_exec_open_close_all(&vm->exec->open);
	sweep_schedule(vm->exec);
}

void vigil_exec_settings_changed(struct vigil_vm *vm)
{
	lockdep_assert_held(&vm->lock);
	if (!vm->sweep_ms)
		cancel_delayed_work_sync(&vm->exec->sweep);
	sweep_schedule(vm->exec);
}

/* --- on and off ----------------------------------------------------------- */

static int exec_turn_on(struct vigil_vm *vm, struct netlink_ext_ack *extack)
{
	struct vigil_exec *exec = vm->exec;
	int cpu, err;

	err = vigil_exec_fetch_prepare(exec);
	if (err)
		return err;
	err = kvm_exec_enable(vm->kvm, &exec->client);
	switch (err) {
	case 0:
		break;
	case -EOPNOTSUPP:
		NL_SET_ERR_MSG(extack, "KVM can't: no TDP MMU, a Xen guest, or private memory");
		return err;
	case -EBUSY:
		NL_SET_ERR_MSG(extack, "somebody else controls what this VM executes");
		return err;
	default:
		return err;
	}
	/* KVM has reset its own; a request that failed has not. */
	for_each_possible_cpu(cpu)
		memset(per_cpu_ptr(vm->counts, cpu), 0, sizeof(*vm->counts));
	WRITE_ONCE(exec->on, true);
	sweep_schedule(exec);
	return 0;
}

static void exec_turn_off(struct vigil_vm *vm)
{
	struct vigil_exec *exec = vm->exec;

	WRITE_ONCE(exec->on, false);
	cancel_delayed_work_sync(&exec->sweep);
	kvm_exec_disable(vm->kvm);
	exec->without_profile_reported = 0;
	/* No fetch opens a page or condemns a process any more. */
	vigil_exec_nested_stop(&exec->nested);
	vigil_exec_kill_stop(&exec->kill);
	vigil_exec_open_stop(&exec->open);
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

	if (vigil_policy_add(&vm->exec->policy, entry, &vm->lock)) {
		NL_SET_ERR_MSG(extack, "the VM has the most entries that are possible");
		return -ENOSPC;
	}
	if (vm->exec->on)
		vigil_exec_sweep(vm);
	else
		err = exec_turn_on(vm, extack);
	if (err) {
		vigil_policy_del(&vm->exec->policy, entry->id, &vm->lock);
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

	entry = vigil_policy_del(&vm->exec->policy, id, &vm->lock);
	if (!entry)
		return -ENOENT;
	if (!vm->exec->policy.nr)
		exec_turn_off(vm);
	synchronize_srcu(&vm->srcu);
	kfree(entry);
	vigil_exec_sweep(vm);
	return 0;
}

/**
 * vigil_exec_entry_next - The entries of a VM, in the order of their ids
 * @vm: the VM, its SRCU read-locked
 * @id: the first that is wanted
 *
 * Return: the first entry from @id on, or NULL.
 */
const struct vigil_protect *vigil_exec_entry_next(struct vigil_vm *vm, u32 id)
{
	return vigil_policy_next(&vm->exec->policy, &vm->srcu, id);
}

/**
 * vigil_exec_entry_of - What protects a process
 * @vm: the VM, its SRCU read-locked
 * @pid: the process
 * @comm: its name
 *
 * Return: the entry, or NULL.
 */
const struct vigil_protect *vigil_exec_entry_of(struct vigil_vm *vm, u32 pid,
						const char *comm)
{
	return vigil_policy_match(&vm->exec->policy, &vm->srcu, pid, comm);
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
	vigil_policy_init(&exec->policy);
	xa_init(&exec->fetches);
	INIT_DELAYED_WORK(&exec->sweep, sweep_work);
	vigil_exec_open_init(&exec->open, vm->kvm);
	vigil_exec_nested_init(&exec->nested, vm);
	vigil_exec_kill_init(&exec->kill, vm, &exec->open, &vm->srcu);
	vm->exec = exec;
	return 0;
}

/* Nobody uses the VM any more, but its vCPUs may ask until exec_turn_off(). */
void vigil_exec_teardown(struct vigil_vm *vm)
{
	if (vm->exec->on)
		exec_turn_off(vm);
	vigil_exec_fetch_free(vm->exec);
	vigil_policy_destroy(&vm->exec->policy);
	kfree(vm->exec);
	vm->exec = NULL;
}
