/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Processes that run no more.
 */
#ifndef _VIGIL_EXEC_KILL_H
#define _VIGIL_EXEC_KILL_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "core/alert.h"
#include "guest/linux.h"
#include "protect/alert_process.h"

struct srcu_struct;
struct vigil_exec_open;
struct vigil_vm;

/* Processes that are condemned at a time. */
#define VIGIL_EXEC_CONDEMNED_MAX	64

/**
 * struct vigil_exec_kill - The condemned processes of a VM
 */
struct vigil_exec_kill {
	struct vigil_vm *vm;
	struct vigil_exec_open *open;
	/** @srcu: Readers of @condemned. */
	struct srcu_struct *srcu;
	/** @work: Finds out what became of them. */
	struct delayed_work work;
	/** @lock: Held to add to or take from @condemned. */
	spinlock_t lock;
	struct list_head condemned;
	unsigned int nr;
	/** @sweep_wanted: A process was condemned that has granted pages. */
	bool sweep_wanted;
	/** @stopping: The work has to end. */
	bool stopping;
};

/**
 * struct vigil_kill_alert - What became of a process
 */
struct vigil_kill_alert {
	struct vigil_alert header;
	struct vigil_alert_process process;
	struct vigil_alert_program program;
};

void vigil_exec_kill_init(struct vigil_exec_kill *k, struct vigil_vm *vm,
			  struct vigil_exec_open *open,
			  struct srcu_struct *srcu);
void vigil_exec_kill_stop(struct vigil_exec_kill *k);

int vigil_exec_condemn(struct vigil_exec_kill *k,
		       const struct vigil_task *task,
		       struct vigil_kill_alert *outcome, u64 seq);
bool vigil_exec_is_condemned(struct vigil_exec_kill *k, struct vigil_linux *lx,
			     const struct vigil_task *task);
void vigil_exec_kill_begin(struct vigil_exec_kill *k);
struct vigil_kill_alert *vigil_exec_kill_alert(u32 entry);
void vigil_exec_kill_tell(struct vigil_vm *vm, struct vigil_kill_alert *outcome,
			  u64 seq, enum vigil_outcome what);

#endif /* _VIGIL_EXEC_KILL_H */
