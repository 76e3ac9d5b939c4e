// SPDX-License-Identifier: GPL-2.0
/*
 * vigil: protects the guests of a KVM host from outside.
 */
#include <linux/module.h>
#include <net/genetlink.h>

#include "api/chardev.h"
#include "api/netlink.h"
#include "core/flavour.h"
#include "core/vm.h"
#include "protect/exec/exec.h"
#include "protect/guest.h"
#include "protect/selfmap.h"

static int attach_protections(struct vigil_vm *vm)
{
	int err;

	err = vigil_guest_setup(vm);
	if (err)
		return err;
	err = vigil_exec_setup(vm);
	if (err)
		goto err_guest;
	err = vigil_selfmap_setup(vm);
	if (err)
		goto err_exec;
	return 0;

err_exec:
	vigil_exec_teardown(vm);
err_guest:
	vigil_guest_teardown(vm);
	return err;
}

static void detach_protections(struct vigil_vm *vm)
{
	vigil_selfmap_teardown(vm);
	vigil_exec_teardown(vm);
	vigil_guest_teardown(vm);
}

static const struct vigil_vm_hooks hooks = {
	.attach = attach_protections,
	.detach = detach_protections,
	.announce = vigil_nl_announce,
	.alert = vigil_nl_alert,
};

static int __init vigil_init(void)
{
	int err;

	err = vigil_flavour_check();
	if (err)
		return err;
	err = vigil_vm_init(&hooks);
	if (err)
		return err;
	err = vigil_chardev_init();
	if (err)
		goto err_vm;
	err = vigil_nl_init();
	if (err)
		goto err_chardev;
	/* What is open now keeps the module only if it stays. */
	vigil_chardev_admit();
	pr_info("loaded, for " VIGIL_FLAVOUR " KVM\n");
	return 0;

err_chardev:
	vigil_chardev_exit();
err_vm:
	vigil_vm_exit();
	return err;
}

/*
 * An attached VM, an open file and a dump between two of its parts hold a
 * reference to the module, so that there are none.  Requests may still run, and
 * find that no VM can be attached any more; vigil_nl_exit() waits for them.
 */
static void __exit vigil_exit(void)
{
	vigil_nl_exit();
	vigil_chardev_exit();
	vigil_vm_exit();
}

module_init(vigil_init);
module_exit(vigil_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Protects the guests of a KVM host from outside");
MODULE_ALIAS_GENL_FAMILY(VIGIL_FAMILY_NAME);
