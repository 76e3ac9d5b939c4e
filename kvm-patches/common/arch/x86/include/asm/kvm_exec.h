/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Execute policy: the guest pages of a VM that has a client are not executable
 * until the client says so, see arch/x86/kvm/mmu/exec.c.
 */
#ifndef _ASM_X86_KVM_EXEC_H
#define _ASM_X86_KVM_EXEC_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/kvm_guest_write.h>
#include <linux/kvm_types.h>
#include <linux/types.h>

#include <asm/kvm_clients.h>

struct kvm;
struct kvm_vcpu;

/*
 * Bump whenever a structure or a rule in this header or in kvm_watch.h changes.
 * All functions are in the symbol namespace KVM_EXEC.
 */
#define KVM_EXEC_ABI_VERSION	3

/* What KVM was built with, for a module to compare with its own idea. */
struct kvm_exec_abi {
	u32 version;
	u32 kvm_size;		/* sizeof(struct kvm) */
	u32 vcpu_size;		/* sizeof(struct kvm_vcpu) */
};

/*
 * State of a guest page, i.e. of a gfn.  What is granted or opened for a fetch of
 * an L2 guest, in SMM, or outside of long mode (firmware, or a processor that
 * starts) is executable only there, and closed elsewhere; what is granted for any
 * other fetch is executable everywhere.
 */
enum kvm_exec_state {
	KVM_EXEC_CLOSED,	/* X=0 W=1; the state of a page without a record */
	KVM_EXEC_PENDING,	/* X=0 W=0, the client is deciding */
	KVM_EXEC_GRANTED,	/* X=1 W=0 */
	KVM_EXEC_OPENED,	/* X=1 W=1 */
};

enum kvm_exec_verdict {
	/*
	 * Executable until the next write or sweep, or until the host replaces
	 * the memory behind the page.
	 */
	KVM_EXEC_GRANT,
	KVM_EXEC_OPEN,		/* the same, and writable */
	KVM_EXEC_RETRY,		/* no answer now, the guest fetches again */
	KVM_EXEC_REFUSE,	/* closed again, the guest takes a #UD */
};

#define KVM_EXEC_F_SELF_WRITE	BIT(0)	/* this vCPU's write at this RIP closed the page */
#define KVM_EXEC_F_EMULATOR	BIT(1)	/* fetch by KVM's instruction emulator */
#define KVM_EXEC_F_NESTED	BIT(2)	/* fetch by an L2 guest */
#define KVM_EXEC_F_SMM		BIT(3)	/* fetch in SMM, from the SMM address space */
/*
 * This vCPU comes back with the same fetch again and again: others write to the
 * page as soon as it is granted.  Writers wait for the answer and, if it is
 * KVM_EXEC_GRANT, until the vCPU has run.
 */
#define KVM_EXEC_F_STARVED	BIT(4)

enum kvm_exec_mode {
	KVM_EXEC_MODE_REAL,
	KVM_EXEC_MODE_PROT,
	KVM_EXEC_MODE_LONG,	/* includes compatibility mode */
};

struct kvm_exec_event {
	gpa_t gpa;		/* of the fetch */
	unsigned long rip;	/* linear RIP */
	u64 error_code;		/* PFERR_* of the fault, 0 if there was none */
	u32 flips;		/* writes that took a grant away since the last sweep */
	u16 flags;		/* KVM_EXEC_F_* */
	u8 cpl;
	u8 mode;		/* enum kvm_exec_mode */
};

struct kvm_exec_regs {
	u64 gpr[16];		/* in the order of VCPU_REGS_* */
	u64 rip, rflags;
	u64 cr0, cr3, cr4, efer;
	u64 gs_base, kernel_gs_base, lstar, idt_base;
	u32 cpl;
	u32 reserved;
};

struct kvm_exec_client;

struct kvm_exec_ops {
	/*
	 * Decide about an instruction fetch.  Called on the vCPU's thread, in
	 * the VM's mm, with kvm->srcu held and without mmu_lock; may sleep.
	 * The page is frozen meanwhile, i.e. no vCPU can write to it.  If one
	 * tries, or if the host replaces the page, then the answer is dropped
	 * and the next fetch is asked about.
	 * Must not call kvm_exec_enable() or kvm_exec_disable().
	 */
	enum kvm_exec_verdict (*fetch)(struct kvm_exec_client *client,
				       struct kvm_vcpu *vcpu,
				       const struct kvm_exec_event *event);

	/* Optional, see enum kvm_client_notice. */
	void (*notice)(struct kvm_exec_client *client, struct kvm *kvm,
		       enum kvm_client_notice notice);
};

/* To be embedded in the client's per-VM structure. */
struct kvm_exec_client {
	const struct kvm_exec_ops *ops;
};

/* Counted since kvm_exec_enable(), which resets them. */
struct kvm_exec_stats {
	u64 fetches;		/* questions to the client */
	u64 granted, opened, refused, retried;
	u64 revoked;		/* grants that a write took away ... */
	u64 revoked_by_walk;	/* ... of the CPU's walk of guest page tables */
	u64 revoked_by_kvm;	/* ... of KVM itself */
	u64 self_writes;	/* questions with KVM_EXEC_F_SELF_WRITE */
	u64 lost;		/* answers that came too late */
	u64 emulated_fetches;
	u64 splits;		/* of huge pages */
	u64 flushes;		/* of remote TLBs */
	u64 swept;
	u64 slot_dropped;	/* states that went with their memslot */
	u64 nested;		/* questions with KVM_EXEC_F_NESTED */
	u64 pages_granted, pages_open;	/* now */
	u64 starved;		/* questions with KVM_EXEC_F_STARVED */
	u64 unmapped;		/* grants that went with the host's page */
	u64 blocked;		/* fetches put off as KVM was writing to the page */
};

#define KVM_EXEC_NR_STATS	(sizeof(struct kvm_exec_stats) / sizeof(u64))

/* Internal to KVM. */
struct kvm_exec {
	/*
	 * Written with mmu_lock held for write, and thus stable under mmu_lock.
	 * Valid until the end of the kvm->srcu critical section otherwise.
	 */
	struct kvm_exec_client *client;

	/* KVM may be writing for itself without having told, as @client is new. */
	bool starting;

	/* Names the freezers of pages; protected by mmu_lock. */
	u32 seq;

	/* Changes with each grant; written with mmu_lock held for write. */
	u32 generation;

	/* struct kvm_exec_stats */
	atomic64_t stats[KVM_EXEC_NR_STATS];
};

/* Internal to KVM; used by the vCPU's thread only.  All zero in a new vCPU. */
struct kvm_vcpu_exec {
	/* The last write that took a grant away; valid if @wrote. */
	bool wrote;
	gfn_t written_gfn;
	unsigned long written_rip;

	/* The last question, and how often it came again without an end. */
	gfn_t asked_gfn;
	unsigned long asked_rip;
	unsigned long asked_at;
	u32 nr_again;

	/* kvm_exec.seq of the question that is being asked, 0 if none is. */
	u32 seq;

	/* The page that was granted while writers wait; valid if @held_seq isn't 0. */
	u32 held_seq;
	gfn_t held_gfn;

	/* @held_seq when the vCPU left the guest, i.e. had executed the page. */
	u32 ran_seq;

	/* A write that waits for another vCPU: for which grant, since when. */
	u32 waits_seq;
	unsigned long waits_since;

	/*
	 * KVM's writes on behalf of the vCPU: on the stack the compiler would guard
	 * it, which each exit would pay for.  The second is under way when the
	 * thread is preempted, be it in the middle of the first.
	 */
	struct kvm_guest_write write;
	struct kvm_guest_write write_atomic;

	/* kvm_exec.generation when the vCPU left the guest. */
	u32 ran_generation;
};

const struct kvm_exec_abi *kvm_exec_abi(void);

/*
 * Close all pages of a VM and ask @client about each fetch from now on.  Takes a
 * reference to @kvm.  May sleep, must not be called from a callback.  -EOPNOTSUPP
 * if there is no TDP MMU, or if the VM has private memory or protected state
 * (SEV), or is a Xen guest; -EBUSY if the VM has a client.
 */
int kvm_exec_enable(struct kvm *kvm, struct kvm_exec_client *client);

/*
 * Undo the above, reference included.  May sleep, must not be called from a
 * callback.  On return no callback runs and no mapping lacks a permission.
 */
void kvm_exec_disable(struct kvm *kvm);

/*
 * Close all pages and return how many were granted or open.  Drops the answers
 * to the questions that are being asked.  Gives memory that is huge in the host
 * back as huge pages.  May sleep; allowed in fetch().
 */
int kvm_exec_sweep(struct kvm *kvm);

/*
 * Close the pages from @first to @last and return how many weren't closed.
 * Drops answers as the above.  May sleep; allowed in fetch().
 */
int kvm_exec_revoke_range(struct kvm *kvm, gfn_t first, gfn_t last);

static inline int kvm_exec_revoke_gfn(struct kvm *kvm, gfn_t gfn)
{
	return kvm_exec_revoke_range(kvm, gfn, gfn);
}

/*
 * Grant other pages along with the one that fetch() is asked about, and only
 * there: freeze, look, grant.  A page that is written in between isn't granted.
 * Only closed pages with a memslot are frozen.  What is granted has the limits
 * of the fetch, see enum kvm_exec_state.  The first two return the number
 * of pages that changed or -errno.  Thaw what was frozen and isn't granted; the
 * functions only touch pages that the same fetch() froze, i.e. the same array
 * can be given to all three.
 */
#define KVM_EXEC_MAX_AROUND	512
int kvm_exec_freeze(struct kvm_vcpu *vcpu, const gfn_t *gfns, unsigned int nr);
int kvm_exec_grant(struct kvm_vcpu *vcpu, const gfn_t *gfns, unsigned int nr);
void kvm_exec_thaw(struct kvm_vcpu *vcpu, const gfn_t *gfns, unsigned int nr);

enum kvm_exec_state kvm_exec_gfn_state(struct kvm *kvm, gfn_t gfn);
void kvm_exec_get_stats(struct kvm *kvm, struct kvm_exec_stats *stats);

/*
 * Read the registers of a vCPU on its own thread, while it isn't in the guest:
 * in fetch(), or in a probe of the tracepoint kvm_exit.  Doesn't sleep.
 */
void kvm_exec_get_regs(struct kvm_vcpu *vcpu, struct kvm_exec_regs *regs);

#endif /* _ASM_X86_KVM_EXEC_H */
