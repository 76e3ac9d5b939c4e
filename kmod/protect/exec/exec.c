// SPDX-License-Identifier: GPL-2.0
/*
 * Exec protection of a VM: on and off, what is protected, and the sweep.
 */
#include <linux/kvm_host.h>
#include <linux/module.h>
#include <linux/netlink.h>
#include <linux/slab.h>

#include "guest/budget.h"
#include "protect/exec/count.h"
#include "protect/exec/exec.h"
#include "protect/exec/fetch.h"
#include "protect/guest.h"
#include "protect/notice.h"

MODULE_IMPORT_NS(KVM_EXEC);

static void exec_notice(struct kvm_exec_client *client, struct kvm *kvm,
			enum kvm_client_notice notice)
{
	vigil_notice(container_of(client, struct vigil_exec, client)->vm,
		     notice);
}

static const struct kvm_exec_ops exec_ops = {
	.fetch = vigil_exec_fetch,
	.notice = exec_notice,
};

/* Walks of the process list for the one that an entry names. */
#define FIND_PROCESS_NS		(100 * NSEC_PER_MSEC)
#define FIND_PROCESS_TRIES	5

/* --- the sweep ------------------------------------------------------------ */

static void sweep_schedule(struct vigil_exec *exec)
{
	u32 period = READ_ONCE(exec->sweep_ms);

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

/* The period of the sweep, 0: there is none. */
u32 vigil_exec_sweep_ms(const struct vigil_vm *vm)
{
	return READ_ONCE(vm->exec->sweep_ms);
}

void vigil_exec_set_sweep_ms(struct vigil_vm *vm, u32 ms)
{
	lockdep_assert_held(&vm->lock);
	WRITE_ONCE(vm->exec->sweep_ms, ms);
	if (!ms)
		cancel_delayed_work_sync(&vm->exec->sweep);
	sweep_schedule(vm->exec);
}

/* --- on and off ----------------------------------------------------------- */

static int exec_turn_on(struct vigil_vm *vm, struct netlink_ext_ack *extack)
{
	struct vigil_exec *exec = vm->exec;
	int err;

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
	vigil_client_begins(vm);
	vigil_exec_totals_begin(exec);
	vigil_guest_claim(vm, VIGIL_PROFILE_OS_LINUX,
			  "exec protection is on, which is for Linux guests");
	WRITE_ONCE(exec->on, true);
	sweep_schedule(exec);
	vigil_process_sweep_start(&exec->process_sweep);
	return 0;
}

static void exec_turn_off(struct vigil_vm *vm)
{
	struct vigil_exec *exec = vm->exec;

	WRITE_ONCE(exec->on, false);
	cancel_delayed_work_sync(&exec->sweep);
	kvm_exec_disable(vm->kvm);
	vigil_client_ends(vm);
	vigil_exec_totals_end(exec);
	vigil_guest_release(vm, VIGIL_PROFILE_OS_LINUX);
	exec->without_profile_reported = 0;
	/* No fetch opens a page, condemns or identifies a process any more. */
	vigil_process_sweep_stop(&exec->process_sweep);
	vigil_identities_forget_all(&exec->identities);
	vigil_exec_brief_stop(&exec->brief);
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
	if (vm->exec->on) {
		vigil_exec_sweep(vm);
		vigil_process_sweep_start(&vm->exec->process_sweep);
	} else {
		err = exec_turn_on(vm, extack);
	}
	/* Where it could not be turned on no fetch has seen the entry. */
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
	/* From now on nobody learns it any more, and then nobody knows it. */
	synchronize_srcu(&vm->srcu);
	vigil_identities_drop_entry(&vm->exec->identities, entry);
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
 * @lx: its guest
 * @task: a task of the process
 *
 * Return: the entry, or NULL: none, or it can't be told.
 */
const struct vigil_protect *vigil_exec_entry_of(struct vigil_vm *vm,
						struct vigil_linux *lx,
						const struct vigil_task *task)
{
	struct vigil_who who;

	if (!vigil_exec_is_on(vm) ||
	    vigil_identify(&vm->exec->identities, lx, task, &who))
		return NULL;
	return who.entry;
}

/* The entry's process, if it names one that lives. */
static int exec_find_process(struct vigil_vm *vm, struct vigil_protect *entry)
{
	struct vigil_budget budget;
	struct vigil_thread t;
	struct vigil_view view;
	u64 cursor = 0;
	int err;

	err = vigil_view_open_as(&view, vm, VIGIL_PROFILE_OS_LINUX);
	vigil_budget_init(&budget, FIND_PROCESS_NS, &vm->ending);
	for (u32 i = 0; !err && i < VIGIL_MAX_TASKS; i++) {
		err = vigil_linux_next_process(&view.lx, &cursor);
		if (!err)
			err = vigil_linux_read_thread(&view.lx, cursor, &t);
		if (!err && t.pid == entry->pid) {
			atomic64_set(&entry->start_time, t.start_time);
			break;
		}
		if (!err)
			err = vigil_budget_check(&budget);
		cond_resched();
	}
	vigil_view_close(&view);
	return err;
}

/**
 * vigil_exec_bind_pid - Bind an entry to the process that has its process id
 * @vm: the VM, entered
 * @entry: the entry, with a process id
 * @extack: says why not
 *
 * Without a proved profile there is none to be found, and the entry will be bound
 * to the first process that is seen with the id.  May sleep.
 *
 * Return: 0; -ESRCH: there is no such process; or -EAGAIN: that could not be told.
 */
int vigil_exec_bind_pid(struct vigil_vm *vm, struct vigil_protect *entry,
			struct netlink_ext_ack *extack)
{
	int err = 0;

	/* A list that changes under the walk can end it. */
	for (int try = 0; try < FIND_PROCESS_TRIES; try++) {
		err = exec_find_process(vm, entry);
		if (!err || err == -ENOENT || err == -ENODATA ||
		    err == -EOPNOTSUPP || err == -EINTR)
			break;
	}
	switch (err) {
	case 0:
	case -ENODATA:
	case -EOPNOTSUPP:
		return 0;
	case -ENOENT:
		NL_SET_ERR_MSG_FMT(extack, "the guest has no process %u",
				   entry->pid);
		return -ESRCH;
	default:
		NL_SET_ERR_MSG_FMT(extack, "process %u: the list of processes can't be read now",
				   entry->pid);
		return err == -EINTR ? err : -EAGAIN;
	}
}

/* --- questions ------------------------------------------------------------ */

bool vigil_exec_is_on(const struct vigil_vm *vm)
{
	return READ_ONCE(vm->exec->on);
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

	exec = kvzalloc(sizeof(*exec), GFP_KERNEL_ACCOUNT);
	if (!exec)
		return -ENOMEM;
	exec->counts = alloc_percpu(struct vigil_exec_counts);
	if (!exec->counts) {
		kvfree(exec);
		return -ENOMEM;
	}
	exec->client.ops = &exec_ops;
	exec->vm = vm;
	exec->sweep_ms = VIGIL_EXEC_SWEEP_MS_DEFAULT;
	vigil_exec_totals_init(&exec->totals);
	vigil_policy_init(&exec->policy);
	xa_init(&exec->fetches);
	INIT_DELAYED_WORK(&exec->sweep, sweep_work);
	vigil_exec_open_init(&exec->open, vm->kvm);
	vigil_exec_brief_init(&exec->brief, vm->kvm);
	vigil_identities_init(&exec->identities, &exec->policy, &vm->srcu);
	vigil_process_sweep_init(&exec->process_sweep, vm, &exec->identities);
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
	vigil_identities_forget_all(&vm->exec->identities);
	vigil_policy_destroy(&vm->exec->policy);
	free_percpu(vm->exec->counts);
	kvfree(vm->exec);
	vm->exec = NULL;
}
