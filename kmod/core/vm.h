/* SPDX-License-Identifier: GPL-2.0 */
/*
 * VMs that are attached.
 */
#ifndef _VIGIL_VM_H
#define _VIGIL_VM_H

#include <linux/completion.h>
#include <linux/kref.h>
#include <linux/mmu_notifier.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/srcu.h>
#include <linux/workqueue.h>

#include "core/alert.h"
#include "core/notice.h"

struct kvm;
struct netlink_ext_ack;
struct vigil_exec;
struct vigil_guest;
struct vigil_selfmap;
struct vigil_vm;

#define VIGIL_VM_NAME_SIZE	64

/**
 * struct vigil_vm_hooks - What the layers above do for every VM
 */
struct vigil_vm_hooks {
	/** @attach: Prepare; the VM isn't reachable yet. */
	int (*attach)(struct vigil_vm *vm);
	/** @detach: Undo it; the VM isn't reachable any more. */
	void (*detach)(struct vigil_vm *vm);
	/** @announce: Tell that the VM came or went. */
	void (*announce)(struct vigil_vm *vm, bool attached);
	/**
	 * @alert: Tell an alert; in the context of vigil_alert_raise(), one of
	 * the VM at a time, in the order of their numbers.
	 */
	void (*alert)(struct vigil_vm *vm, const struct vigil_alert *alert);
};

/**
 * struct vigil_vm - An attached VM
 *
 * Its end is in two phases.  As long as it is attached @users is one more than
 * it has users; at the end that one goes, no user gets in any more, and when the
 * last one is out everything that touches KVM is undone.
 * @ref keeps only the memory of this structure.
 */
struct vigil_vm {
	struct kref ref;
	u32 id;
	pid_t pid;
	char name[VIGIL_VM_NAME_SIZE];
	/** @attached: When, in nanoseconds since 1970. */
	u64 attached;
	/** @kvm: Referenced until the end. */
	struct kvm *kvm;
	/**
	 * @kvm_refs: References to @kvm that go with this: its own, and one of
	 * KVM for each client that it has.  Changes with @lock, and at the end.
	 */
	unsigned int kvm_refs;
	/** @notices: What of the VM as a whole was told. */
	struct vigil_notices notices;

	refcount_t users;
	struct completion unused;
	/** @ending: Set once, by who ends it. */
	atomic_t ending;
	struct mmu_notifier notifier;
	struct delayed_work watch;
	struct work_struct end;

	/** @lock: Held to change what @srcu protects, and the settings. */
	struct mutex lock;
	/** @srcu: Readers of what the layers above replace. */
	struct srcu_struct srcu;

	struct vigil_alerts alerts;
	/** @reserve: An alert for the end, when there may be no memory. */
	struct vigil_alert *reserve;
	/** @flush: Reports what was only counted, once it has waited enough. */
	struct delayed_work flush;
	/** @guest: What is known of the guest. */
	struct vigil_guest *guest;
	/** @exec: State of exec protection. */
	struct vigil_exec *exec;
	/** @selfmap: State of self-map protection. */
	struct vigil_selfmap *selfmap;
};

/* For work that must be over before the module goes. */
extern struct workqueue_struct *vigil_wq;

/* vm.c */
int vigil_vm_init(const struct vigil_vm_hooks *hooks);
void vigil_vm_exit(void);
struct vigil_vm *vigil_vm_attach(unsigned int fd, const char *name,
				 struct netlink_ext_ack *extack);
int vigil_vm_detach(u32 id);
void vigil_vm_end(struct vigil_vm *vm);

struct vigil_vm *vigil_vm_find(u32 id);
struct vigil_vm *vigil_vm_next(u32 id);
unsigned int vigil_vm_generation(void);
bool vigil_vm_enter(struct vigil_vm *vm);
void vigil_vm_leave(struct vigil_vm *vm);
void vigil_vm_get(struct vigil_vm *vm);
void vigil_vm_put(struct vigil_vm *vm);

bool vigil_alert_admit(struct vigil_vm *vm, const struct vigil_alert_key *key,
		       struct vigil_alert_admission *adm);
void vigil_alert_withdraw(struct vigil_vm *vm,
			  const struct vigil_alert_key *key,
			  struct vigil_alert_admission *adm);
u64 vigil_alert_raise(struct vigil_vm *vm, struct vigil_alert *alert);

/* vm_kvm.c */
int vigil_vm_refuse(struct kvm *kvm, struct netlink_ext_ack *extack);
unsigned int vigil_vm_vcpus(const struct vigil_vm *vm);
u64 vigil_vm_memory(const struct vigil_vm *vm);

#endif /* _VIGIL_VM_H */
