/* SPDX-License-Identifier: GPL-2.0 */
/* Between kvm_bench.ko and the benchmarks. */
#ifndef KVM_BENCH_H
#define KVM_BENCH_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define KB_DEVICE	"/dev/kvm_bench"

/* How a VM's mmu_lock was held for write, in cycles. */
struct kb_holds {
	__u64 count, total, longest;
};

#define KB_WATCH	_IO('b', 1)	/* the lock of the VM with this descriptor, -1: none */
#define KB_HOLDS	_IOR('b', 2, struct kb_holds)	/* since KB_WATCH */
#define KB_SLICES	_IO('b', 3)	/* end the machine's slices after so many ns, 0: don't */

#endif
