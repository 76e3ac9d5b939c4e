// SPDX-License-Identifier: GPL-2.0
/*
 * Exec protection where KVM can't do it: nothing, and a reason.
 */
#include <linux/netlink.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "core/flavour.h"
#include "core/vm.h"
#include "protect/exec/exec.h"

/* A setting is kept all the same. */
struct vigil_exec {
	u32 sweep_ms;
};

int vigil_exec_setup(struct vigil_vm *vm)
{
	vm->exec = kzalloc(sizeof(*vm->exec), GFP_KERNEL_ACCOUNT);
	if (!vm->exec)
		return -ENOMEM;
	vm->exec->sweep_ms = VIGIL_EXEC_SWEEP_MS_DEFAULT;
	return 0;
}

void vigil_exec_teardown(struct vigil_vm *vm)
{
	kfree(vm->exec);
	vm->exec = NULL;
}

int vigil_exec_protect(struct vigil_vm *vm, struct vigil_protect *entry,
		       struct netlink_ext_ack *extack)
{
	NL_SET_ERR_MSG(extack, VIGIL_EXEC_UNAVAILABLE);
	return -EOPNOTSUPP;
}

int vigil_exec_unprotect(struct vigil_vm *vm, u32 id)
{
	return -ENOENT;
}

const struct vigil_protect *vigil_exec_entry_next(struct vigil_vm *vm, u32 id)
{
	return NULL;
}

const struct vigil_protect *vigil_exec_entry_of(struct vigil_vm *vm,
						struct vigil_linux *lx,
						const struct vigil_task *task)
{
	return NULL;
}

int vigil_exec_bind_pid(struct vigil_vm *vm, struct vigil_protect *entry,
			struct netlink_ext_ack *extack)
{
	return 0;
}

void vigil_exec_sweep(struct vigil_vm *vm)
{
}

u32 vigil_exec_sweep_ms(const struct vigil_vm *vm)
{
	return READ_ONCE(vm->exec->sweep_ms);
}

void vigil_exec_set_sweep_ms(struct vigil_vm *vm, u32 ms)
{
	WRITE_ONCE(vm->exec->sweep_ms, ms);
}

bool vigil_exec_is_on(const struct vigil_vm *vm)
{
	return false;
}

void vigil_exec_stats(const struct vigil_vm *vm, struct vigil_exec_stats *s)
{
	memset(s, 0, sizeof(*s));
}

enum vigil_exec_page vigil_exec_page(const struct vigil_vm *vm, gfn_t gfn)
{
	return VIGIL_EXEC_PAGE_CLOSED;
}
