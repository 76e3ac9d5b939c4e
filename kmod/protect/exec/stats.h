/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Exec protection: what KVM counts, from the attach on.
 */
#ifndef _VIGIL_EXEC_STATS_H
#define _VIGIL_EXEC_STATS_H

#include <linux/spinlock.h>
#include <linux/types.h>

#include "core/count.h"

struct vigil_exec;

#define VIGIL_EXEC_KVM_COUNTS	9

/**
 * struct vigil_exec_totals - KVM's counters, so that none goes back
 */
struct vigil_exec_totals {
	/** @lock: Protects all of this. */
	spinlock_t lock;
	/** @counting: KVM counts. */
	bool counting;
	struct vigil_total total[VIGIL_EXEC_KVM_COUNTS];
};

void vigil_exec_totals_init(struct vigil_exec_totals *t);
void vigil_exec_totals_begin(struct vigil_exec *exec);
void vigil_exec_totals_end(struct vigil_exec *exec);

#endif /* _VIGIL_EXEC_STATS_H */
