/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Grants that end after a short time.
 */
#ifndef _VIGIL_EXEC_BRIEF_H
#define _VIGIL_EXEC_BRIEF_H

#include <linux/kvm_types.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

struct kvm;

/* Pages that are noted in one period; a newer one closes the oldest. */
#define VIGIL_EXEC_BRIEF_MAX	2048

/**
 * struct vigil_exec_brief - Pages of a VM that are granted for a short time
 */
struct vigil_exec_brief {
	struct kvm *kvm;
	/** @close: Closes the pages. */
	struct delayed_work close;
	/** @lock: Protects the following. */
	spinlock_t lock;
	/** @page: Those that are being noted, and those that are being closed. */
	gfn_t page[2][VIGIL_EXEC_BRIEF_MAX];
	/** @noting: Which of the two is the first. */
	unsigned int noting;
	/** @nr: Pages that were noted in it, some in the place of others. */
	unsigned int nr;
};

void vigil_exec_brief_init(struct vigil_exec_brief *b, struct kvm *kvm);
void vigil_exec_brief_stop(struct vigil_exec_brief *b);
void vigil_exec_brief_note(struct vigil_exec_brief *b, gfn_t gfn);

#endif /* _VIGIL_EXEC_BRIEF_H */
