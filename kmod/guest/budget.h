/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How long one part of a long job may take.
 */
#ifndef _VIGIL_BUDGET_H
#define _VIGIL_BUDGET_H

#include <linux/atomic.h>
#include <linux/errno.h>
#include <linux/sched/signal.h>
#include <linux/timekeeping.h>
#include <linux/types.h>

/**
 * struct vigil_budget - What is left for one part
 */
struct vigil_budget {
	/** @until: The value of ktime_get_ns() at which it is spent. */
	u64 until;
	/** @ending: Not 0 once the VM is being detached; NULL: it never is. */
	const atomic_t *ending;
};

static inline void vigil_budget_init(struct vigil_budget *b, u64 ns,
				     const atomic_t *ending)
{
	b->until = ktime_get_ns() + ns;
	b->ending = ending;
}

/**
 * vigil_budget_check - May the part go on?
 * @b: The budget.
 *
 * To be asked after a step and not before it, so that each part makes one.
 *
 * Return: 0; -ETIME: the budget is spent; -EINTR: a fatal signal came;
 * -ENODEV: the VM is being detached.
 */
static inline int vigil_budget_check(const struct vigil_budget *b)
{
	if (fatal_signal_pending(current))
		return -EINTR;
	if (b->ending && atomic_read(b->ending))
		return -ENODEV;
	return ktime_get_ns() < b->until ? 0 : -ETIME;
}

#endif /* _VIGIL_BUDGET_H */
