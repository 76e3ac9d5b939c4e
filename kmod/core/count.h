/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What vCPUs count, each for itself; and what KVM counts, which begins anew each
 * time that it is enabled.
 */
#ifndef _VIGIL_COUNT_H
#define _VIGIL_COUNT_H

#include <linux/minmax.h>
#include <linux/percpu.h>

static inline u64 vigil_count_sum(const u64 __percpu *count)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(*per_cpu_ptr(count, cpu));
	return sum;
}

/**
 * struct vigil_total - A counter of KVM's, so that it never goes back
 *
 * KVM begins anew each time that it is enabled.  vCPUs that count at the same time
 * may lose some of it, too, and then KVM's own goes back.
 */
struct vigil_total {
	/** @base: What KVM has comes on top of it. */
	u64 base;
	/** @shown: The most that there was. */
	u64 shown;
};

/* KVM has begun anew. */
static inline void vigil_total_begin(struct vigil_total *t)
{
	t->base = t->shown;
}

/* KVM has @counted so much since it began. */
static inline void vigil_total_update(struct vigil_total *t, u64 counted)
{
	t->shown = max(t->shown, t->base + counted);
}

#endif /* _VIGIL_COUNT_H */
