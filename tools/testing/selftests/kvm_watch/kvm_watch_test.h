/* SPDX-License-Identifier: GPL-2.0 */
/* Between the test client kvm_watch_test.ko and the tests. */
#ifndef KVM_WATCH_TEST_H
#define KVM_WATCH_TEST_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define KWT_DEVICE	"/dev/kvm_watch_test"

/* To which writes the verdict applies; others continue. */
#define KWT_ALL		0
#define KWT_ODD		1	/* the first byte to be written is odd */
#define KWT_ONCE	2	/* every other */
#define KWT_QUIET	3	/* none, and nothing is remembered */

struct kwt_rules {
	__u32 verdict;		/* enum kvm_watch_verdict */
	__u32 which;		/* KWT_* */
	__u32 fill;		/* KVM_WATCH_REPLACE: by bytes of this */
	__u32 delay_us;		/* sleep so long while deciding */
};

#define KWT_WRITE	1
#define KWT_MISSED	2	/* gva is RSP, new what it points to */
#define KWT_CR3		3

struct kwt_event {
	__u32 kind;		/* KWT_WRITE etc. */
	__u32 vcpu;
	__u64 gpa;		/* KWT_CR3: the old value */
	__u64 gva;		/* KWT_CR3: the new value */
	__u64 rip;
	__u32 bytes;
	__u16 flags;
	__u8 cpl, verdict;
	__u32 why;		/* KWT_MISSED: enum kvm_watch_missed */
	__u32 pad;
	__u64 rflags;
	__u64 old[2], new[4];	/* the first bytes */
	__u64 memory;		/* what is in memory at the time */
};

/* The order is that of struct kvm_watch_stats. */
struct kwt_stats {
	__u64 asked, continued, dropped, replaced, faulted, retried;
	__u64 same, missed, missed_event, dropped_pages;
	__u64 walks, denied, cr3, pages;
};

/* How often each notice came, in the order of enum kvm_client_notice. */
struct kwt_notices {
	__u32 nested, dirty_log_on, dirty_log_off;
};

/* KVM writes @value to the guest, in no vCPU's name. */
struct kwt_poke {
	__u64 gpa, value;
};

/* A page that KVM itself tracks, and nobody cares about the writes. */
struct kwt_track {
	__s32 vm;
	__u32 unused;
	__u64 gfn;
};

#define KWT_ATTACH	_IOW('w', 1, __s32)	/* a VM */
#define KWT_DETACH	_IO('w', 2)
#define KWT_ADD		_IOW('w', 3, __u64)	/* a gfn that may be a page table */
#define KWT_ADD_DATA	_IOW('w', 4, __u64)
#define KWT_REMOVE	_IOW('w', 5, __u64)
#define KWT_RULES	_IOW('w', 6, struct kwt_rules)
#define KWT_STATS	_IOR('w', 7, struct kwt_stats)
#define KWT_EVENT	_IOR('w', 8, struct kwt_event)	/* oldest; -ENOENT */
#define KWT_CR3_ON	_IO('w', 9)
#define KWT_CR3_OFF	_IO('w', 10)
#define KWT_CAPS	_IO('w', 11)
#define KWT_TRACK	_IOW('w', 12, struct kwt_track)	/* -EOPNOTSUPP: not built */
#define KWT_UNTRACK	_IO('w', 13)
#define KWT_NOTICES	_IOR('w', 14, struct kwt_notices)
#define KWT_POKE	_IOW('w', 15, struct kwt_poke)	/* -EFAULT: KVM can't */

#endif
