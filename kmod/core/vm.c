// SPDX-License-Identifier: GPL-2.0
/*
 * VMs that are attached: how they come, how they are found, how they go.
 *
 * A VM goes by request, when its VMM dies, or when the VMM closes it.  vigil
 * must keep neither the VM nor its memory nor the VMM alive.
 */
#include <linux/file.h>
#include <linux/kvm_host.h>
#include <linux/module.h>
#include <linux/netlink.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/xarray.h>

#include "core/cpu.h"
#include "core/vm.h"

#define WATCH_PERIOD	HZ
/* What was only counted waits a little longer, to be reported with other such. */
#define FLUSH_PAUSE	HZ

struct workqueue_struct *vigil_wq;

static const struct vigil_vm_hooks *hooks;

/* By id.  Its lock makes a VM that was found stay for vigil_vm_enter(). */
static DEFINE_XARRAY(vms);

/* Serialises attaching, so that a VM comes in only once. */
static DEFINE_MUTEX(attach_lock);
static u32 last_id;
static atomic_t generation = ATOMIC_INIT(0);

/* --- references ----------------------------------------------------------- */

static void vm_free(struct kref *ref)
{
	struct vigil_vm *vm = container_of(ref, struct vigil_vm, ref);

	kfree(vm->reserve);
	vigil_alerts_destroy(&vm->alerts);
	cleanup_srcu_struct(&vm->srcu);
	mutex_destroy(&vm->lock);
	kfree(vm);
}

void vigil_vm_get(struct vigil_vm *vm)
{
	kref_get(&vm->ref);
}

void vigil_vm_put(struct vigil_vm *vm)
{
	kref_put(&vm->ref, vm_free);
}

/* A user leaves in bounded time, and does not end the VM itself. */
bool vigil_vm_enter(struct vigil_vm *vm)
{
	return refcount_inc_not_zero(&vm->users);
}

void vigil_vm_leave(struct vigil_vm *vm)
{
	if (refcount_dec_and_test(&vm->users))
		complete(&vm->unused);
}

/* Returns a VM that was entered, or NULL. */
struct vigil_vm *vigil_vm_find(u32 id)
{
	struct vigil_vm *vm;

	xa_lock(&vms);
	vm = xa_load(&vms, id);
	if (vm && !vigil_vm_enter(vm))
		vm = NULL;
	xa_unlock(&vms);
	return vm;
}

/* The first VM from @id on; entered. */
struct vigil_vm *vigil_vm_next(u32 id)
{
	struct vigil_vm *vm;
	unsigned long index;

	xa_lock(&vms);
	xa_for_each_start(&vms, index, vm, id) {
		if (vigil_vm_enter(vm))
			break;
	}
	xa_unlock(&vms);
	return vm;
}

/* Changes whenever a VM comes or goes. */
unsigned int vigil_vm_generation(void)
{
	return atomic_read(&generation);
}

/* --- alerts --------------------------------------------------------------- */

static void tell_alert(struct vigil_alerts *alerts,
		       const struct vigil_alert *alert)
{
	hooks->alert(container_of(alerts, struct vigil_vm, alerts), alert);
}

/**
 * vigil_alert_raise - Put an alert on the VM's ring and tell it
 * @vm: the VM
 * @alert: no more the caller's
 *
 * May sleep.  Return: the alert's sequence number.
 */
u64 vigil_alert_raise(struct vigil_vm *vm, struct vigil_alert *alert)
{
	u64 seq = vigil_alerts_tell(&vm->alerts, alert, tell_alert);

	vigil_alert_put(alert);
	return seq;
}

/* Report what was counted.  Without memory it stays counted. */
static void alerts_flush(struct vigil_vm *vm, u64 until)
{
	struct vigil_alert *alert;

	while ((alert = kzalloc(sizeof(*alert), GFP_KERNEL)) &&
	       vigil_alerts_suppressed(&vm->alerts, until, alert)) {
		vigil_alert_raise(vm, alert);
		cond_resched();
	}
	kfree(alert);
}

/* No event comes any more; what is left without memory is told by one alert. */
static void alerts_flush_last(struct vigil_vm *vm)
{
	alerts_flush(vm, U64_MAX);
	vigil_alerts_merge(&vm->alerts);
	if (vigil_alerts_suppressed(&vm->alerts, U64_MAX, vm->reserve)) {
		vigil_alert_raise(vm, vm->reserve);
		vm->reserve = NULL;
	}
}

static void alerts_flush_later(struct vigil_vm *vm)
{
	u64 due = vigil_alerts_due(&vm->alerts);
	u64 now = ktime_get_ns();
	unsigned long delay = FLUSH_PAUSE;

	if (!due)
		return;
	if (due > now)
		delay += nsecs_to_jiffies(due - now);
	queue_delayed_work(vigil_wq, &vm->flush, delay);
}

static void alerts_flush_work(struct work_struct *work)
{
	struct vigil_vm *vm = container_of(to_delayed_work(work),
					   struct vigil_vm, flush);

	alerts_flush(vm, ktime_get_ns());
	alerts_flush_later(vm);
}

/**
 * vigil_alert_admit - Shall an event be reported?
 * @vm: the VM
 * @key: what it is about
 * @adm: how it is reported, or what it was counted with
 *
 * As vigil_alerts_admit(), and sees to it that what is counted is reported.
 *
 * Return: true if it shall.
 */
bool vigil_alert_admit(struct vigil_vm *vm, const struct vigil_alert_key *key,
		       struct vigil_alert_admission *adm)
{
	bool report = vigil_alerts_admit(&vm->alerts, key, ktime_get_ns(), adm);

	if (adm->pending)
		alerts_flush_later(vm);
	return report;
}

/**
 * vigil_alert_withdraw - An event that was admitted can't be reported
 * @vm: the VM
 * @key: what it was about
 * @adm: what was said to it
 */
void vigil_alert_withdraw(struct vigil_vm *vm,
			  const struct vigil_alert_key *key,
			  struct vigil_alert_admission *adm)
{
	vigil_alerts_withdraw(&vm->alerts, key, adm);
	if (adm->pending)
		alerts_flush_later(vm);
}

/* --- the end -------------------------------------------------------------- */

static void wait_until_unused(struct vigil_vm *vm)
{
	vigil_vm_leave(vm);
	do {
		/* Again and again: a user that got in last may start to wait. */
		vigil_cpu_abort(vm->kvm);
	} while (!wait_for_completion_timeout(&vm->unused, HZ / 10));
}

/* Only by the context that set vm->ending, which is no user of the VM. */
static void vm_end(struct vigil_vm *vm)
{
	wait_until_unused(vm);
	/* Not before: the attach request, a user, may be starting the watch. */
	cancel_delayed_work_sync(&vm->watch);
	hooks->detach(vm);
	/* No event comes any more. */
	cancel_delayed_work_sync(&vm->flush);
	alerts_flush_last(vm);
	/* Calls vm_released(), which finds that the end is under way. */
	mmu_notifier_unregister(&vm->notifier, vm->kvm->mm);

	/* Not before: until now the VM can't be attached a second time. */
	xa_erase(&vms, vm->id);
	atomic_inc(&generation);
	hooks->announce(vm, false);
	kvm_put_kvm(vm->kvm);
	vigil_vm_put(vm);
	/* vigil_vm_exit() waits for the work that this may run in. */
	module_put(THIS_MODULE);
}

static void end_work(struct work_struct *work)
{
	vm_end(container_of(work, struct vigil_vm, end));
}

static bool may_end(struct vigil_vm *vm)
{
	return !atomic_xchg(&vm->ending, 1);
}

/**
 * vigil_vm_end - End the attachment soon; from any context
 * @vm: the VM
 */
void vigil_vm_end(struct vigil_vm *vm)
{
	if (may_end(vm))
		queue_work(vigil_wq, &vm->end);
}

/**
 * vigil_vm_detach - End the attachment now
 * @id: the VM's id
 *
 * Return: 0, or -ENOENT: there is no such VM, or it is ending already.
 */
int vigil_vm_detach(u32 id)
{
	struct vigil_vm *vm = vigil_vm_find(id);
	bool mine;

	if (!vm)
		return -ENOENT;
	mine = may_end(vm);
	vigil_vm_leave(vm);
	if (!mine)
		return -ENOENT;
	vm_end(vm);
	return 0;
}

static void vm_released(struct mmu_notifier *mn, struct mm_struct *mm)
{
	vigil_vm_end(container_of(mn, struct vigil_vm, notifier));
}

static const struct mmu_notifier_ops notifier_ops = {
	.release = vm_released,
};

/* Does nobody but vigil, and KVM for it, hold the VM? */
static bool is_closed(struct vigil_vm *vm)
{
	bool closed;

	/* No client comes or goes between the two looks. */
	mutex_lock(&vm->lock);
	closed = refcount_read(&vm->kvm->users_count) == vm->kvm_refs;
	mutex_unlock(&vm->lock);
	return closed;
}

/* Nothing tells that a VMM closes its VM and lives on. */
static void watch_work(struct work_struct *work)
{
	struct vigil_vm *vm = container_of(to_delayed_work(work),
					   struct vigil_vm, watch);

	if (is_closed(vm))
		vigil_vm_end(vm);
	else
		queue_delayed_work(vigil_wq, &vm->watch, WATCH_PERIOD);
}

/* --- attaching ------------------------------------------------------------ */

static struct kvm *kvm_from_fd(unsigned int fd, struct netlink_ext_ack *extack)
{
	struct kvm *kvm = NULL;
	struct file *file;

	file = fget(fd);
	if (!file) {
		NL_SET_ERR_MSG(extack, "not an open file descriptor");
		return ERR_PTR(-EBADF);
	}
	if (file_is_kvm(file))
		kvm = file->private_data;
	if (kvm && !kvm_get_kvm_safe(kvm))
		kvm = NULL;
	fput(file);
	if (!kvm) {
		NL_SET_ERR_MSG(extack, "not the file descriptor of a KVM VM");
		return ERR_PTR(-EBADF);
	}
	return kvm;
}

static void set_name(struct vigil_vm *vm, const char *name)
{
	if (name)
		strscpy(vm->name, name, sizeof(vm->name));
	else
		snprintf(vm->name, sizeof(vm->name), "pid-%d", vm->pid);
}

static struct vigil_vm *vm_alloc(struct kvm *kvm, const char *name)
{
	struct vigil_vm *vm;

	vm = kzalloc(sizeof(*vm), GFP_KERNEL_ACCOUNT);
	if (!vm)
		return NULL;
	vm->reserve = kzalloc(sizeof(*vm->reserve), GFP_KERNEL_ACCOUNT);
	if (vigil_alerts_init(&vm->alerts) || !vm->reserve)
		goto err_alerts;
	if (init_srcu_struct(&vm->srcu))
		goto err_alerts;
	kref_init(&vm->ref);
	mutex_init(&vm->lock);
	refcount_set(&vm->users, 1);
	init_completion(&vm->unused);
	INIT_DELAYED_WORK(&vm->watch, watch_work);
	INIT_DELAYED_WORK(&vm->flush, alerts_flush_work);
	INIT_WORK(&vm->end, end_work);
	vm->notifier.ops = &notifier_ops;
	vm->attached = ktime_get_real_ns();
	vm->kvm = kvm;
	vm->kvm_refs = 1;
	vm->pid = kvm->userspace_pid;
	set_name(vm, name);
	return vm;

err_alerts:
	kfree(vm->reserve);
	vigil_alerts_destroy(&vm->alerts);
	kfree(vm);
	return NULL;
}

static bool is_attached(const struct kvm *kvm)
{
	struct vigil_vm *vm;
	unsigned long index;
	bool found = false;

	xa_lock(&vms);
	xa_for_each(&vms, index, vm)
		found |= vm->kvm == kvm;
	xa_unlock(&vms);
	return found;
}

/* The last step: from here on others find the VM. */
static int publish(struct vigil_vm *vm)
{
	int err;

	lockdep_assert_held(&attach_lock);
	if (last_id == U32_MAX)
		return -ENOSPC;
	vm->id = last_id + 1;
	err = xa_insert(&vms, vm->id, vm, GFP_KERNEL);
	if (err)
		return err;
	last_id = vm->id;
	atomic_inc(&generation);
	return 0;
}

static int vm_start(struct vigil_vm *vm)
{
	int err;

	err = hooks->attach(vm);
	if (err)
		return err;
	err = mmu_notifier_register(&vm->notifier, vm->kvm->mm);
	if (err)
		goto err_detach;
	/* The caller leaves it. */
	refcount_inc(&vm->users);
	err = publish(vm);
	if (err)
		goto err_unregister;
	queue_delayed_work(vigil_wq, &vm->watch, WATCH_PERIOD);
	return 0;

err_unregister:
	/* What vm_released() would queue has nothing to work on. */
	atomic_set(&vm->ending, 1);
	mmu_notifier_unregister(&vm->notifier, vm->kvm->mm);
err_detach:
	hooks->detach(vm);
	return err;
}

/* With a user of kvm->mm, so that the VMM can't die meanwhile. */
static struct vigil_vm *vm_attach_locked(struct kvm *kvm, const char *name,
					 struct netlink_ext_ack *extack)
{
	struct vigil_vm *vm;
	int err;

	lockdep_assert_held(&attach_lock);
	if (is_attached(kvm)) {
		NL_SET_ERR_MSG(extack, "the VM is attached already");
		return ERR_PTR(-EBUSY);
	}
	err = vigil_vm_refuse(kvm, extack);
	if (err)
		return ERR_PTR(err);
	vm = vm_alloc(kvm, name);
	if (!vm)
		return ERR_PTR(-ENOMEM);
	err = vm_start(vm);
	if (err) {
		vigil_vm_put(vm);
		return ERR_PTR(err);
	}
	return vm;
}

/**
 * vigil_vm_attach - Attach to a VM
 * @fd: the VM's descriptor, in the caller's table
 * @name: a name for it, or NULL
 * @extack: says why not
 *
 * Return: the VM, entered, or an error.
 */
struct vigil_vm *vigil_vm_attach(unsigned int fd, const char *name,
				 struct netlink_ext_ack *extack)
{
	struct vigil_vm *vm = ERR_PTR(-ESRCH);
	struct mm_struct *mm;
	struct kvm *kvm;

	/*
	 * An attached VM keeps the module, and at its end module_put() follows.
	 * A request runs without such a reference: module removal that has
	 * begun waits for it, but no longer asks if there are users.
	 */
	if (!try_module_get(THIS_MODULE)) {
		NL_SET_ERR_MSG(extack, "the module is being unloaded");
		return ERR_PTR(-ENODEV);
	}
	kvm = kvm_from_fd(fd, extack);
	if (IS_ERR(kvm)) {
		module_put(THIS_MODULE);
		return ERR_CAST(kvm);
	}
	mm = kvm->mm;
	if (mmget_not_zero(mm)) {
		mutex_lock(&attach_lock);
		vm = vm_attach_locked(kvm, name, extack);
		mutex_unlock(&attach_lock);
		mmput_async(mm);
	} else {
		NL_SET_ERR_MSG(extack, "the VM's process is exiting");
	}
	if (IS_ERR(vm)) {
		kvm_put_kvm(kvm);
		module_put(THIS_MODULE);
		return vm;
	}
	hooks->announce(vm, true);
	return vm;
}

/* --- module --------------------------------------------------------------- */

int vigil_vm_init(const struct vigil_vm_hooks *h)
{
	hooks = h;
	vigil_wq = alloc_workqueue("vigil", WQ_UNBOUND, 0);
	return vigil_wq ? 0 : -ENOMEM;
}

/**
 * vigil_vm_exit - Undo vigil_vm_init()
 *
 * No request runs and none can come.  No VM is attached, since each holds a
 * reference to the module; the work in which the last one ended may still be
 * returning.
 */
void vigil_vm_exit(void)
{
	WARN_ON(!xa_empty(&vms));
	destroy_workqueue(vigil_wq);
	xa_destroy(&vms);
}
