/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What vCPUs count, each for itself.
 */
#ifndef _VIGIL_COUNT_H
#define _VIGIL_COUNT_H

#include <linux/percpu.h>

static inline u64 vigil_count_sum(const u64 __percpu *count)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(*per_cpu_ptr(count, cpu));
	return sum;
}

#endif /* _VIGIL_COUNT_H */
