// SPDX-License-Identifier: GPL-2.0
/*
 * Exec protection where KVM can't do it: nothing, and a reason.
 */
#include <linux/netlink.h>
#include <linux/string.h>

#include "core/flavour.h"
#include "core/vm.h"
#include "protect/exec/exec.h"

int vigil_exec_setup(struct vigil_vm *vm)
{
	return 0;
}

void vigil_exec_teardown(struct vigil_vm *vm)
{
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

const struct vigil_protect *vigil_exec_entry_of(struct vigil_vm *vm, u32 pid,
						const char *comm)
{
	return NULL;
}

void vigil_exec_sweep(struct vigil_vm *vm)
{
}

void vigil_exec_settings_changed(struct vigil_vm *vm)
{
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
