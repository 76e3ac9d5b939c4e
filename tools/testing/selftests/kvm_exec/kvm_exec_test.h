/* SPDX-License-Identifier: GPL-2.0 */
/* Between the test client kvm_exec_test.ko and the tests. */
#ifndef KVM_EXEC_TEST_H
#define KVM_EXEC_TEST_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define KET_DEVICE	"/dev/kvm_exec_test"

/*
 * The tag of a page is the u32 at KET_TAG_OFFSET, the immediate operand of an
 * instruction that the tests put there.  Pages with an odd tag are bad.
 */
#define KET_TAG_OFFSET	4

/* Rules of the client, which grants without any. */
#define KET_OPEN_SELF	1	/* open a page that writes itself */
#define KET_REFUSE_BAD	2	/* refuse bad pages */
#define KET_RETRY_ONCE	4	/* answer "retry" to every other question */
#define KET_SWEEP	8	/* sweep at every other question */
#define KET_QUIET	16	/* grant without looking */
#define KET_OPEN_STARVED 32	/* open a page that others write all the time */
#define KET_TRUST_OTHERS 64	/* judge only long mode outside of SMM and L2 */

struct ket_attach {
	__s32 vm_fd;
	__u32 rules;
	__u32 delay_us;		/* sleep so long while deciding */
	__u32 around;		/* freeze, look at, and grant so many next pages */
};

struct ket_event {
	__u64 gpa;
	__u64 rip;
	__u64 error_code;
	__u64 cr3, gpr_rbx, lstar, idt_base;	/* from kvm_exec_get_regs() */
	__u64 vcpu_thread;
	__u32 flips;
	__u32 tag;
	__u16 flags;
	__u8 cpl, mode, verdict, pad[3];
};

/* The order is that of struct kvm_exec_stats. */
struct ket_stats {
	__u64 fetches, granted, opened, refused, retried;
	__u64 revoked, revoked_by_walk, revoked_by_kvm;
	__u64 self_writes, lost, emulated_fetches, splits, flushes, swept;
	__u64 slot_dropped, nested, pages_granted, pages_open;
	__u64 starved, unmapped, blocked;
};

/* How often each notice came, in the order of enum kvm_client_notice. */
struct ket_notices {
	__u32 nested, dirty_log_on, dirty_log_off;
};

struct ket_range {
	__u64 first, last;	/* gfns */
};

#define KET_ATTACH	_IOW('k', 1, struct ket_attach)
#define KET_DETACH	_IO('k', 2)
#define KET_SWEEP_NOW	_IO('k', 3)		/* returns the number of pages */
#define KET_REVOKE	_IOW('k', 4, __u64)	/* of a gfn */
#define KET_STATE	_IOW('k', 5, __u64)	/* of a gfn */
#define KET_STATS	_IOR('k', 6, struct ket_stats)
#define KET_EVENT	_IOR('k', 7, struct ket_event)	/* oldest; -ENOENT */
#define KET_RULES	_IOW('k', 8, struct ket_attach)	/* but for vm_fd */
#define KET_REVOKE_RANGE _IOW('k', 9, struct ket_range)
#define KET_NOTICES	_IOR('k', 10, struct ket_notices)

/* The client decides about the next fetch of a gfn, and keeps its answer back. */
#define KET_HOLD	_IOW('k', 11, __u64)
#define KET_WAIT_HELD	_IO('k', 12)		/* until there is such a fetch */
#define KET_RELEASE	_IO('k', 13)

/* Sweep, and return how many questions came meanwhile. */
#define KET_SWEEP_ASKED	_IO('k', 14)

#endif
