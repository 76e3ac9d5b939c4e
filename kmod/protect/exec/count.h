/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What exec protection counts, each vCPU for itself.
 */
#ifndef _VIGIL_EXEC_COUNT_H
#define _VIGIL_EXEC_COUNT_H

#include <linux/percpu.h>

#include "core/flavour.h"
#include "core/vm.h"
#include "protect/exec/fetch.h"

enum vigil_exec_count {
	VIGIL_EXEC_COUNT_FETCHES,
	VIGIL_EXEC_COUNT_SELF_WRITES,
	VIGIL_EXEC_COUNT_STARVED,
	VIGIL_EXEC_COUNT_EMULATED_FETCHES,
	VIGIL_EXEC_COUNT_NESTED,
	VIGIL_EXEC_COUNT_GRANTED,
	VIGIL_EXEC_COUNT_GRANTED_AROUND,
	VIGIL_EXEC_COUNT_OPENED,
	VIGIL_EXEC_COUNT_REFUSED,
	VIGIL_EXEC_COUNT_RETRIED,
	VIGIL_EXEC_COUNT_JUDGED,
	VIGIL_EXEC_COUNT_UNPROTECTED,
	VIGIL_EXEC_COUNT_SHARED,
	VIGIL_EXEC_COUNT_KERNEL,
	VIGIL_EXEC_COUNT_NO_PROFILE,
	VIGIL_EXEC_COUNT_UNREADABLE,
	VIGIL_EXEC_COUNT_FETCH_TIME,
	VIGIL_EXEC_COUNTS,
};

struct vigil_exec_counts {
	u64 value[VIGIL_EXEC_COUNTS];
};

static inline void vigil_exec_count_add(struct vigil_vm *vm,
					enum vigil_exec_count what, u64 n)
{
	this_cpu_add(vm->exec->counts->value[what], n);
}

static inline void vigil_exec_count(struct vigil_vm *vm,
				    enum vigil_exec_count what)
{
	vigil_exec_count_add(vm, what, 1);
}

#endif /* _VIGIL_EXEC_COUNT_H */
