/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a VM's vCPUs count, each for itself.
 */
#ifndef _VIGIL_COUNT_H
#define _VIGIL_COUNT_H

#include <linux/percpu.h>

#include "core/vm.h"

enum vigil_count {
	VIGIL_COUNT_GRANTED_AROUND,
	VIGIL_COUNT_JUDGED,
	VIGIL_COUNT_UNPROTECTED,
	VIGIL_COUNT_KERNEL,
	VIGIL_COUNT_NO_PROFILE,
	VIGIL_COUNT_UNREADABLE,
	VIGIL_COUNT_REREAD,
	VIGIL_COUNT_ALERTS,
	VIGIL_COUNT_FETCH_TIME,
	VIGIL_COUNTS,
};

struct vigil_counts {
	u64 value[VIGIL_COUNTS];
};

static inline void vigil_count_add(struct vigil_vm *vm, enum vigil_count what,
				   u64 n)
{
	this_cpu_add(vm->counts->value[what], n);
}

static inline void vigil_count(struct vigil_vm *vm, enum vigil_count what)
{
	this_cpu_inc(vm->counts->value[what]);
}

static inline u64 vigil_count_read(const struct vigil_vm *vm,
				   enum vigil_count what)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(vm->counts, cpu)->value[what]);
	return sum;
}

#endif /* _VIGIL_COUNT_H */
