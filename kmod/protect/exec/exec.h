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
struct vigil_linux;
struct vigil_task;
struct vigil_vm;

#define VIGIL_EXEC_SWEEP_MS_DEFAULT	60000

/**
 * struct vigil_exec_stats - What was counted, from the attach on
 */
struct vigil_exec_stats {
	/* What KVM asked, and the answers. */
	u64 fetches;
	u64 self_writes;
	u64 starved;
	u64 emulated_fetches;
	u64 nested;
	u64 granted;
	u64 granted_around;
	u64 opened;
	u64 refused;
	u64 retried;
	/* Whose fetches they were. */
	u64 judged;
	u64 unprotected;
	u64 kernel;
	u64 no_profile;
	u64 unreadable;
	u64 fetch_time;
	/* Processes. */
	u64 processes;
	u64 identified;
	u64 process_sweeps;
	u64 process_sweep_time;
	u64 shared;
	/* Counted by KVM. */
	u64 revoked;
	u64 revoked_by_walk;
	u64 revoked_by_kvm;
	u64 lost;
	u64 unmapped;
	u64 blocked;
	u64 splits;
	u64 flushes;
	u64 swept;
	/* How many there are now. */
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
const struct vigil_protect *vigil_exec_entry_of(struct vigil_vm *vm,
						struct vigil_linux *lx,
						const struct vigil_task *task);
int vigil_exec_bind_pid(struct vigil_vm *vm, struct vigil_protect *entry,
			struct netlink_ext_ack *extack);
void vigil_exec_sweep(struct vigil_vm *vm);
u32 vigil_exec_sweep_ms(const struct vigil_vm *vm);
void vigil_exec_set_sweep_ms(struct vigil_vm *vm, u32 ms);

bool vigil_exec_is_on(const struct vigil_vm *vm);
void vigil_exec_stats(const struct vigil_vm *vm, struct vigil_exec_stats *s);
enum vigil_exec_page vigil_exec_page(const struct vigil_vm *vm, gfn_t gfn);

#endif /* _VIGIL_EXEC_H */
