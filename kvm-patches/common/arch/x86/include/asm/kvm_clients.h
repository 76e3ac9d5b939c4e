/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Clients of a VM: other kernel modules that say what the guest may execute
 * (kvm_exec.h) and write (kvm_watch.h).  This is what both share, internal to
 * KVM; see arch/x86/kvm/mmu/clients.c.
 */
#ifndef _ASM_X86_KVM_CLIENTS_H
#define _ASM_X86_KVM_CLIENTS_H

#include <linux/jump_label.h>
#include <linux/kvm_types.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/xarray.h>

struct kvm;
struct kvm_page_fault;
struct kvm_vcpu;

/*
 * Things that a client is told about, on the thread that causes them, without
 * mmu_lock; may sleep; must not enable or disable a client, nor change memslots,
 * nor take a lock that is held while a client is enabled.
 */
enum kvm_client_notice {
	KVM_CLIENT_NESTED,		/* the first guest of the guest since a client came */
	KVM_CLIENT_DIRTY_LOG_ON,	/* of most of the memory, e.g. a migration begins */
	KVM_CLIENT_DIRTY_LOG_OFF,
};

/* What clients.c calls of watch.c, of which it is independent. */
struct kvm_watch_hooks {
	int (*page_fault)(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault);
	int (*copy_to_guest)(struct kvm *kvm, gpa_t gpa, unsigned long hva,
			     const void *data, unsigned int len);
	void (*denied)(struct kvm *kvm);
	void (*update_vcpu)(struct kvm_vcpu *vcpu);
	void (*ran)(struct kvm_vcpu *vcpu);
	void (*handled)(struct kvm_vcpu *vcpu);
	void (*notice)(struct kvm *kvm, enum kvm_client_notice notice);
};

struct kvm_clients {
	/* Serializes enabling, disabling and forbidding clients. */
	struct mutex lock;

	/* The VM is of a kind that can't have clients. */
	bool forbidden;

	/* Was KVM_CLIENT_DIRTY_LOG_ON or _NESTED told?  The first under slots_lock. */
	bool dirty_log_told;
	bool nested_told;

	/* Of the memslots, without those for SMM; under slots_lock. */
	unsigned long nr_pages;
	unsigned long nr_logged;

	/* There is a watch client; written with mmu_lock held for write. */
	bool watching;

	/* Set before @watching is, and for good. */
	const struct kvm_watch_hooks *watch;

	/*
	 * Pages that have a record, by gfn, as value entries: union
	 * kvm_gfn_record.  Written with mmu_lock held for write.
	 */
	struct xarray records;

	/*
	 * TLBs may still allow to execute a page whose record tells otherwise.
	 * Written with mmu_lock held for write, and false without it.
	 */
	bool unflushed;

	/* KVM's own writes to guest memory that are under way, under @writes_lock. */
	raw_spinlock_t writes_lock;
	struct list_head writes;

	/* Of huge pages, and of remote TLBs.  Written as @records. */
	u64 splits;
	u64 flushes;
};

#ifdef CONFIG_X86_64
DECLARE_STATIC_KEY_FALSE(kvm_clients_key);

/* Does any VM of this host have a client? */
#define kvm_has_clients()	static_branch_unlikely(&kvm_clients_key)

int kvm_clients_forbid(struct kvm *kvm);
#else
static inline int kvm_clients_forbid(struct kvm *kvm) { return 0; }
#endif

#endif /* _ASM_X86_KVM_CLIENTS_H */
