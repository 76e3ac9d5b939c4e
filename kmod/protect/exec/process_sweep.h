/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The sweep of a guest's process list.
 */
#ifndef _VIGIL_EXEC_PROCESS_SWEEP_H
#define _VIGIL_EXEC_PROCESS_SWEEP_H

#include <linux/types.h>
#include <linux/workqueue.h>

struct vigil_identities;
struct vigil_vm;

/* New processes that are looked at again, until they are a second old. */
#define VIGIL_YOUNG_MAX		128

/**
 * struct vigil_young - A process that may call exec() any moment
 */
struct vigil_young {
	/** @leader: Address of its leader's task_struct; 0: none. */
	u64 leader;
	u64 start_time;
	u32 pid;
	/** @until: Jiffies. */
	unsigned long until;
};

/**
 * struct vigil_process_sweep - The sweep of a VM's process list
 *
 * All but @work is the work's own; the counters are read by others.
 */
struct vigil_process_sweep {
	struct vigil_vm *vm;
	struct vigil_identities *ids;
	struct delayed_work work;
	/** @stopping: The work has to end. */
	bool stopping;
	/** @restart: It has to walk the list from its start. */
	bool restart;
	/** @walking: A walk of the list has begun. */
	bool walking;
	/** @newest: Start time of the last process of the list then. */
	u64 newest;
	/** @cursor: Where the walk is, 0 before its start. */
	u64 cursor;
	u64 cursor_time;
	u32 cursor_pid;
	/** @steps: Of this walk. */
	u32 steps;
	/** @next_walk: When the next one begins, in jiffies. */
	unsigned long next_walk;
	/** @guest: Generation of what is known of the guest. */
	unsigned int guest;
	/** @young: The newest at @young_next - 1. */
	struct vigil_young young[VIGIL_YOUNG_MAX];
	unsigned int young_next;
	/** @young_at: Which one is looked at next. */
	unsigned int young_at;
	/** @bucket: Where to go on with those that are known. */
	unsigned int bucket;
	/** @sweeps: Counts them. */
	u64 sweeps;
	/** @time: That they took, in nanoseconds. */
	u64 time;
};

void vigil_process_sweep_init(struct vigil_process_sweep *s,
			      struct vigil_vm *vm,
			      struct vigil_identities *ids);
void vigil_process_sweep_start(struct vigil_process_sweep *s);
void vigil_process_sweep_stop(struct vigil_process_sweep *s);

#endif /* _VIGIL_EXEC_PROCESS_SWEEP_H */
