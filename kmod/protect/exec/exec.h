/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Exec protection: what the layer above may do with it.
 */
#ifndef _VIGIL_EXEC_H
#define _VIGIL_EXEC_H

#include <linux/kvm_types.h>
#include <linux/types.h>

#include "protect/exec/policy.h"

struct netlink_ext_ack;
struct vigil_vm;

/* struct kvm_exec_stats, for KVM of both flavours. */
struct vigil_exec_stats {
	u64 fetches;
	u64 granted;
	u64 opened;
	u64 refused;
	u64 retried;
	u64 revoked;
	u64 revoked_by_walk;
	u64 revoked_by_kvm;
	u64 self_writes;
	u64 lost;
	u64 emulated_fetches;
	u64 splits;
	u64 flushes;
	u64 swept;
	u64 nested;
	u64 pages_granted;
	u64 pages_open;
};

enum vigil_exec_page {
	VIGIL_EXEC_PAGE_CLOSED,
	VIGIL_EXEC_PAGE_GRANTED,
	VIGIL_EXEC_PAGE_OPEN,
};

int vigil_exec_setup(struct vigil_vm *vm);
void vigil_exec_teardown(struct vigil_vm *vm);

int vigil_exec_protect(struct vigil_vm *vm, struct vigil_protect *entry,
		       struct netlink_ext_ack *extack);
int vigil_exec_unprotect(struct vigil_vm *vm, u32 id);
const struct vigil_protect *vigil_exec_entry_next(struct vigil_vm *vm, u32 id);
const struct vigil_protect *vigil_exec_entry_of(struct vigil_vm *vm, u32 pid,
						const char *comm);
void vigil_exec_sweep(struct vigil_vm *vm);
void vigil_exec_settings_changed(struct vigil_vm *vm);

bool vigil_exec_is_on(const struct vigil_vm *vm);
void vigil_exec_stats(const struct vigil_vm *vm, struct vigil_exec_stats *s);
enum vigil_exec_page vigil_exec_page(const struct vigil_vm *vm, gfn_t gfn);

#endif /* _VIGIL_EXEC_H */
