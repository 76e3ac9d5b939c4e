/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pages that were granted for guests of the guest.
 */
#ifndef _VIGIL_EXEC_NESTED_H
#define _VIGIL_EXEC_NESTED_H

#include <linux/kvm_types.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

struct vigil_vm;

/* Pages that are noted at a time; beyond that all of the VM are closed. */
#define VIGIL_EXEC_NESTED_MAX	1024

/**
 * struct vigil_exec_nested - What was granted for guests of a VM's guest
 */
struct vigil_exec_nested {
	struct vigil_vm *vm;
	/** @close: Closes the pages. */
	struct delayed_work close;
	/** @reported: When nesting was, in jiffies; 0: never. */
	unsigned long reported;
	/** @lock: Protects the following. */
	spinlock_t lock;
	gfn_t page[VIGIL_EXEC_NESTED_MAX];
	/** @nr: Pages in @page. */
	unsigned int nr;
	/** @overflow: There was no room for some. */
	bool overflow;
};

void vigil_exec_nested_init(struct vigil_exec_nested *n, struct vigil_vm *vm);
void vigil_exec_nested_stop(struct vigil_exec_nested *n);
bool vigil_exec_nested_note(struct vigil_exec_nested *n, gfn_t gfn);

#endif /* _VIGIL_EXEC_NESTED_H */
