// SPDX-License-Identifier: GPL-2.0
/*
 * What KVM tells its clients of a VM as a whole: that the guest runs guests of its
 * own, and that dirty logging begins.  Exec and self-map protection are clients
 * of their own, a VM can have both, and each of them hears it.
 */
#include <linux/bits.h>
#include <linux/kvm_host.h>
#include <linux/slab.h>

#include "core/vm.h"
#include "protect/notice.h"

/* In a key, so that no other event is of the same source. */
#define KEY_DIRTY_LOG	BIT(28)

/**
 * vigil_notice_nested - Report that the guest runs guests of its own
 * @vm: the VM
 *
 * Once a minute at most.  May sleep.
 */
void vigil_notice_nested(struct vigil_vm *vm)
{
	struct vigil_alert *alert;

	if (!vigil_notices_nested(&vm->notices, jiffies))
		return;
	alert = kzalloc(sizeof(*alert), GFP_KERNEL_ACCOUNT);
	if (!alert) {
		vigil_notices_nested_failed(&vm->notices);
		return;
	}
	alert->kind = VIGIL_ALERT_KIND_NESTED;
	alert->class = vigil_alerts_class_of(&vm->alerts, alert->kind);
	vigil_alert_raise(vm, alert);
}

/*
 * An event like others, with a source: the guest can bring it about, as the memory
 * of an emulated display is logged while it is one, and none may be lost for that.
 */
static void notice_dirty_log(struct vigil_vm *vm)
{
	static const struct vigil_alert_key key = { .what = KEY_DIRTY_LOG };
	struct vigil_alert_admission adm;
	struct vigil_alert *alert;

	if (!vigil_alert_admit(vm, &key, &adm))
		return;
	alert = kzalloc(sizeof(*alert), GFP_KERNEL_ACCOUNT);
	if (!alert) {
		vigil_alert_withdraw(vm, &key, &adm);
		return;
	}
	alert->kind = VIGIL_ALERT_KIND_DIRTY_LOG;
	alert->key = key;
	alert->class = adm.class;
	alert->folded = adm.folded;
	vigil_alert_raise(vm, alert);
}

/**
 * vigil_notice - KVM tells a client something
 * @vm: the VM
 * @notice: what
 *
 * On the thread that brings it about.  May sleep.
 */
void vigil_notice(struct vigil_vm *vm, enum kvm_client_notice notice)
{
	switch (notice) {
	case KVM_CLIENT_NESTED:
		vigil_notice_nested(vm);
		break;
	case KVM_CLIENT_DIRTY_LOG_ON:
		if (vigil_notices_dirty_log(&vm->notices, true))
			notice_dirty_log(vm);
		break;
	case KVM_CLIENT_DIRTY_LOG_OFF:
		vigil_notices_dirty_log(&vm->notices, false);
		break;
	}
}

/**
 * vigil_client_begins - KVM has taken a reference to the VM for a client
 * @vm: the VM, its lock held
 */
void vigil_client_begins(struct vigil_vm *vm)
{
	vm->kvm_refs++;
}

/**
 * vigil_client_ends - KVM has given it back, and calls the client no more
 * @vm: the VM, with its lock or at its end
 */
void vigil_client_ends(struct vigil_vm *vm)
{
	/* Nobody hears of an end any more, and the next one begins anew. */
	if (--vm->kvm_refs == 1)
		vm->notices = (struct vigil_notices){};
}
