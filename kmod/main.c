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
#include "protect/exec.h"
#include "protect/guest.h"
#include "protect/selfmap.h"

static int attach(struct vigil_vm *vm)
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

static void detach(struct vigil_vm *vm)
{
	vigil_selfmap_teardown(vm);
	vigil_exec_teardown(vm);
	vigil_guest_teardown(vm);
}

static const struct vigil_vm_hooks hooks = {
	.attach = attach,
	.detach = detach,
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
	pr_info("loaded, for " VIGIL_FLAVOUR " KVM\n");
	return 0;

err_chardev:
	vigil_chardev_exit();
err_vm:
	vigil_vm_exit();
	return err;
}

/* No VM is attached: each holds a reference to the module. */
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
