/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fetch contexts: what a vCPU's thread needs for one fetch, and the state of a
 * VM's exec protection that they share.
 */
#ifndef _VIGIL_EXEC_FETCH_H
#define _VIGIL_EXEC_FETCH_H

#include <linux/sizes.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "core/cpu.h"
#include "core/flavour.h"
#include "core/gmem_kvm.h"
#include "core/vm.h"
#include "guest/linux.h"
#include "protect/exec/decide.h"
#include "protect/exec/kill.h"
#include "protect/exec/nested.h"
#include "protect/exec/open.h"
#include "protect/exec/policy.h"

/* Pages whose last judgement was a refusal; a newer one may take the place. */
#define VIGIL_EXEC_REFUSED	512

/**
 * struct vigil_exec - Exec protection of a VM
 */
struct vigil_exec {
	struct kvm_exec_client client;
	struct vigil_vm *vm;
	/** @on: KVM asks; changes under the VM's lock. */
	bool on;
	/** @policy: Who is protected; changes under the VM's lock. */
	struct vigil_policy policy;
	/** @fetches: One of struct vigil_fetch per vCPU, by its index. */
	struct xarray fetches;
	/** @sweep: Closes all pages now and then. */
	struct delayed_work sweep;
	/** @refused: Frames plus one, each at its hash; 0 is none. */
	gfn_t refused[VIGIL_EXEC_REFUSED];
	struct vigil_exec_open open;
	struct vigil_exec_kill kill;
	struct vigil_exec_nested nested;
	/** @without_profile_reported: When that was, in jiffies; 0: never. */
	unsigned long without_profile_reported;
	/** @without_profile_action: What the answer was then. */
	enum vigil_action without_profile_action;
};

#define VIGIL_FETCH_WORDS	(SZ_4K / sizeof(u64))

/**
 * struct vigil_fetch - A fetch context
 *
 * Too much for a vCPU thread's stack, and allocated once.
 */
struct vigil_fetch {
	struct vigil_vm *vm;
	struct kvm_vcpu *vcpu;
	const struct kvm_exec_event *event;
	/** @wait: From one fetch of the vCPU to the next. */
	struct vigil_exec_wait wait;

	struct vigil_cpu cpu;
	struct vigil_gmem_kvm gmem;
	struct vigil_linux lx;
	/** @user: The address space that the vCPU has loaded. */
	struct vigil_space user;

	struct vigil_task task;
	/** @entry: What protects the task's process, or NULL. */
	struct vigil_protect *entry;
	/** @addr: Address of the page's first byte that is fetched. */
	u64 addr;
	struct vigil_pte_walk walk;
	struct vigil_vma vma;

	/** @page: A page table, or the page that is judged. */
	u64 page[VIGIL_FETCH_WORDS];
	gfn_t frozen[KVM_EXEC_MAX_AROUND];
	gfn_t granted[KVM_EXEC_MAX_AROUND];
	u16 slots[KVM_EXEC_MAX_AROUND];
};

/* fetch.c */
enum kvm_exec_verdict vigil_exec_fetch(struct kvm_exec_client *client,
				       struct kvm_vcpu *vcpu,
				       const struct kvm_exec_event *event);
int vigil_exec_fetch_prepare(struct vigil_exec *exec);
void vigil_exec_fetch_free(struct vigil_exec *exec);

/* around.c */
void vigil_exec_around_kernel(struct vigil_fetch *fetch, u64 start, u64 end);
void vigil_exec_around_file(struct vigil_fetch *fetch, u64 mapping);

/* alert.c */
void vigil_exec_alert_process(struct vigil_fetch *fetch,
			      struct vigil_alert_process *p);
u64 vigil_exec_alert(struct vigil_fetch *fetch,
		     const struct vigil_exec_facts *facts,
		     const struct vigil_exec_decision *d, bool *raised);
void vigil_exec_alert_vm(struct vigil_vm *vm, enum vigil_alert_kind kind,
			 enum vigil_unreadable_reason reason,
			 enum vigil_action action);

#endif /* _VIGIL_EXEC_FETCH_H */
