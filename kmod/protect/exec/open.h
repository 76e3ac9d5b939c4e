/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pages that may be written and executed, and for how long.
 */
#ifndef _VIGIL_EXEC_OPEN_H
#define _VIGIL_EXEC_OPEN_H

#include <linux/kvm_types.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

struct kvm;

/* Pages that are open at a time; a newer one closes the oldest. */
#define VIGIL_EXEC_OPEN_MAX	64

struct vigil_exec_open_page {
	gfn_t gfn;
	/** @since: Jiffies. */
	unsigned long since;
};

/**
 * struct vigil_exec_open - The open pages of a VM
 */
struct vigil_exec_open {
	struct kvm *kvm;
	/** @close: Closes pages that were open for long enough. */
	struct delayed_work close;
	/** @lock: Protects the following. */
	spinlock_t lock;
	/** @page: A ring, by age. */
	struct vigil_exec_open_page page[VIGIL_EXEC_OPEN_MAX];
	unsigned int first;
	unsigned int nr;
};

void vigil_exec_open_init(struct vigil_exec_open *o, struct kvm *kvm);
void vigil_exec_open_stop(struct vigil_exec_open *o);
void vigil_exec_open_note(struct vigil_exec_open *o, gfn_t gfn);
void vigil_exec_open_close_all(struct vigil_exec_open *o);

#endif /* _VIGIL_EXEC_OPEN_H */
