/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Watched pages: writes to them wait for the verdict of the VM's client, i.e.
 * of another kernel module, see arch/x86/kvm/mmu/watch.c.
 */
#ifndef _ASM_X86_KVM_WATCH_H
#define _ASM_X86_KVM_WATCH_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/kvm_types.h>
#include <linux/mutex.h>
#include <linux/types.h>

#include <asm/kvm_clients.h>

struct kvm;
struct kvm_vcpu;

enum kvm_watch_verdict {
	KVM_WATCH_CONTINUE,	/* write */
	KVM_WATCH_DROP,		/* don't write, the instruction is done */
	KVM_WATCH_REPLACE,	/* write what the client left in @new */
	KVM_WATCH_FAULT,	/* don't write, the guest takes a #PF */
	KVM_WATCH_RETRY,	/* don't write, the guest executes it again */
};

#define KVM_WATCH_F_CMPXCHG	BIT(0)	/* atomic, memory holds what it expects */
/*
 * By KVM for itself, e.g. steal time, or for an instruction or event, but not to
 * by a store: accessed bits of descriptors, task switches, SGDT, results of VMX.
 */
#define KVM_WATCH_F_KVM		BIT(1)
#define KVM_WATCH_F_SMM		BIT(2)	/* in SMM, to the SMM address space */
#define KVM_WATCH_F_NESTED	BIT(3)	/* by an L2 guest */

#define KVM_WATCH_MAX_BYTES	64

struct kvm_watch_write {
	gpa_t gpa;
	unsigned long gva;	/* linear address, 0 if unknown */
	u32 bytes;		/* 1 to KVM_WATCH_MAX_BYTES, within a page */
	u16 flags;		/* KVM_WATCH_F_* */
	const void *old;	/* what memory holds */
	void *new;		/* what is about to be written */
};

/* Why missed() is called. */
enum kvm_watch_missed {
	/*
	 * An instruction that KVM can't emulate was executed natively, and may
	 * have written to the page, which all vCPUs could write to meanwhile.
	 * It is watched again.
	 */
	KVM_WATCH_MISSED_INSN,

	/*
	 * The same for an exception, interrupt or NMI whose delivery, e.g. a
	 * stack frame, is on the page.  Its handler has yet to begin.
	 */
	KVM_WATCH_MISSED_EVENT,

	/*
	 * The page is not watched any more: the guest uses it as a page table
	 * where a walk is a write, see kvm_watch_add_data_gfn(), or an L2 guest
	 * does what only a native execution could, see above.
	 */
	KVM_WATCH_MISSED_DROPPED,
};

struct kvm_watch_client;

/*
 * Called on the vCPU's thread, in the VM's mm, with kvm->srcu held and without
 * mmu_lock; may sleep.  Must not call kvm_watch_enable(), kvm_watch_disable()
 * or kvm_watch_cr3().
 */
struct kvm_watch_ops {
	/*
	 * Decide about a write to a watched page, or to one that just was one.
	 * The vCPU's registers are those from before the instruction.  Not asked
	 * about writes that change nothing, and about A/D bits that a page walk
	 * sets.  A write of more than KVM_WATCH_MAX_BYTES is asked about in
	 * parts, each within an aligned block of that size.  One write of a VM
	 * at a time, i.e. @old stays what memory holds until the write is done,
	 * unless a page is open for missed() or userspace or a device write to
	 * it.  KVM_WATCH_FAULT and KVM_WATCH_RETRY drop a write with
	 * KVM_WATCH_F_KVM.
	 */
	enum kvm_watch_verdict (*write)(struct kvm_watch_client *client,
					struct kvm_vcpu *vcpu,
					struct kvm_watch_write *write);

	/* Look at the page, something happened that write() wasn't asked about. */
	void (*missed)(struct kvm_watch_client *client, struct kvm_vcpu *vcpu,
		       gfn_t gfn, enum kvm_watch_missed why);

	/*
	 * The guest is loading CR3, only while kvm_watch_cr3() is on.  Registers
	 * still have the old value.  May be called again for the same load.
	 */
	void (*cr3)(struct kvm_watch_client *client, struct kvm_vcpu *vcpu,
		    u64 old, u64 new);

	/* Optional, see enum kvm_client_notice. */
	void (*notice)(struct kvm_watch_client *client, struct kvm *kvm,
		       enum kvm_client_notice notice);
};

/* To be embedded in the client's per-VM structure. */
struct kvm_watch_client {
	const struct kvm_watch_ops *ops;
};

/* Walks of guest page tables are reads: page tables can be watched. */
#define KVM_WATCH_CAP_WRITE	BIT(0)
/* Loads of CR3 can be intercepted. */
#define KVM_WATCH_CAP_CR3	BIT(1)

/* Counted since kvm_watch_enable(), which resets them. */
struct kvm_watch_stats {
	u64 asked;		/* questions to the client */
	u64 continued, dropped, replaced, faulted, retried;
	u64 same;		/* writes that changed nothing */
	u64 missed;		/* calls of missed() ... */
	u64 missed_event;	/* ... with KVM_WATCH_MISSED_EVENT */
	u64 dropped_pages;	/* ... with KVM_WATCH_MISSED_DROPPED */
	u64 walks;		/* A/D bits set for the CPU */
	u64 denied;		/* writes of KVM that can't be asked about */
	u64 cr3;		/* calls of cr3() */
	u64 pages;		/* watched now */
};

#define KVM_WATCH_NR_STATS	(sizeof(struct kvm_watch_stats) / sizeof(u64))

/* Internal to KVM. */
struct kvm_watch {
	/*
	 * Written with mmu_lock held for write, and thus stable under mmu_lock.
	 * Valid until the end of the kvm->srcu critical section otherwise.
	 */
	struct kvm_watch_client *client;

	/* Held from before the question until the write is done. */
	struct mutex write_lock;

	bool ad_disabled;	/* no EPT A/D bits in this VM */
	bool cr3;		/* intercept loads of CR3 */

	/* struct kvm_watch_stats */
	atomic64_t stats[KVM_WATCH_NR_STATS];
};

/* On AMD: how one instruction is executed, see svm/watch.c. */
struct kvm_watch_step {
	bool on;
	bool stepped;		/* the exit is due to the step only */
	bool running;		/* the following is what the guest has of its own */
	u64 rip;
	u64 rflags;
	u64 efer;
	u64 dr6;
	u32 int_state;
	u32 exceptions;
	u32 instructions;
};

/* A page may need several to get through, e.g. if the store crosses pages. */
#define KVM_WATCH_MAX_OPEN	4

/* Internal to KVM; used by the vCPU's thread only.  All zero in a new vCPU. */
struct kvm_vcpu_watch {
	/*
	 * Of the last write fault on a watched page, until the vCPU runs again;
	 * valid if @faulted.
	 */
	gpa_t fault_gpa;
	bool faulted;

	/*
	 * Of the last fault of a page walk, and the number of the exit that came
	 * with it, to recognise that it comes back at once.
	 */
	gpa_t walk_gpa;
	u64 walk_exit;
	u8 walk_again;
	u32 walk_done;

	/* The client is being asked, or its answer carried out. */
	bool asked;

	/* What an atomic instruction is to write. */
	u64 new[2];

	/* Pages that are open for the next instruction, or event's delivery. */
	gfn_t open[KVM_WATCH_MAX_OPEN];
	u8 nr_open;
	bool event;
	bool give_up;		/* they are not to be watched again */

	/* The guest hasn't run since a page was opened. */
	bool armed;

	struct kvm_watch_step step;

	/* On Intel: a client wants to know about loads of CR3. */
	bool cr3;

	/* The VM's clients have changed while an L2 guest ran. */
	bool update_l1;
};

/*
 * Become the client of a VM.  Takes a reference to @kvm.  May sleep.  On Intel it
 * takes away the EPT A/D bits of this VM, for which the guest faults in its
 * memory again; on AMD it turns on ROGPT if there is any.  -EOPNOTSUPP if
 * there is no TDP MMU, or if the VM has private memory or protected state, or is
 * a Xen guest; -EBUSY if the VM has a client.  Independent of kvm_exec_enable().
 */
int kvm_watch_enable(struct kvm *kvm, struct kvm_watch_client *client);

/*
 * Undo the above, reference included.  May sleep, must not be called from a
 * callback.  On return no callback runs and no page is watched.
 */
void kvm_watch_disable(struct kvm *kvm);

/*
 * Watch a page, in both address spaces and whatever happens to memslots.  On
 * return, no write of the guest that isn't asked about is under way, but KVM's
 * emulator may be in the middle of one.  May sleep; allowed in callbacks.
 * -EOPNOTSUPP without KVM_WATCH_CAP_WRITE, as walks of a page table would count
 * as writes to it; -ENOENT if there is no client.  Watching a watched page does
 * nothing.
 */
int kvm_watch_add_gfn(struct kvm *kvm, gfn_t gfn);

/*
 * The same for a page that isn't used as a page table, for which no capability
 * is needed.  If the guest makes it one, and walks are writes on this host, then
 * it isn't watched any more, and missed() tells.
 */
int kvm_watch_add_data_gfn(struct kvm *kvm, gfn_t gfn);

/* Undo either.  -ENOENT if the page isn't watched. */
int kvm_watch_remove_gfn(struct kvm *kvm, gfn_t gfn);

/* Call cr3() for each load of CR3.  May sleep, not allowed in callbacks. */
int kvm_watch_cr3(struct kvm *kvm, bool on);

/*
 * KVM_WATCH_CAP_*, 0 if kvm_watch_enable() would fail with -EOPNOTSUPP.  If @kvm
 * is NULL, those of an ordinary VM.
 */
unsigned int kvm_watch_caps(struct kvm *kvm);

void kvm_watch_get_stats(struct kvm *kvm, struct kvm_watch_stats *stats);

#endif /* _ASM_X86_KVM_WATCH_H */
