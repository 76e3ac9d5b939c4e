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
#include "protect/exec/brief.h"
#include "protect/exec/decide.h"
#include "protect/exec/identity.h"
#include "protect/exec/kill.h"
#include "protect/exec/open.h"
#include "protect/exec/policy.h"
#include "protect/exec/process_sweep.h"
#include "protect/exec/stats.h"

struct vigil_exec_counts;

/* Pages whose last judgement was a refusal; a newer one may take the place. */
#define VIGIL_EXEC_REFUSED	512
/* Pages that there was an event about; the same holds for them. */
#define VIGIL_EXEC_ALERTED	512

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
	/** @identities: What is known of the guest's processes. */
	struct vigil_identities identities;
	struct vigil_process_sweep process_sweep;
	/** @fetches: One of struct vigil_fetch per vCPU, by its index. */
	struct xarray fetches;
	/** @sweep: Closes all pages every @sweep_ms, 0: never. */
	struct delayed_work sweep;
	/** @sweep_ms: Changes under the VM's lock. */
	u32 sweep_ms;
	/** @counts: What vCPUs count, from the attach on. */
	struct vigil_exec_counts __percpu *counts;
	/** @totals: What KVM counts, from the attach on. */
	struct vigil_exec_totals totals;
	/** @refused: Frames plus one, each at its hash; 0 is none. */
	gfn_t refused[VIGIL_EXEC_REFUSED];
	/** @alerted: Hashes of frame and process, each at the frame's hash. */
	u64 alerted[VIGIL_EXEC_ALERTED];
	struct vigil_exec_open open;
	struct vigil_exec_kill kill;
	struct vigil_exec_brief brief;
	/** @without_profile_reported: When that was, in jiffies; 0: never. */
	unsigned long without_profile_reported;
	/** @without_profile_action: What the answer was then. */
	enum vigil_action without_profile_action;
	/** @without_profile_generation: Of the profile that was the last one. */
	unsigned int without_profile_generation;
};

/* Tasks whose process a vCPU remembers; a newer one may take the place. */
#define VIGIL_FETCH_SEEN	16

/**
 * struct vigil_fetch_seen - A task, as it was when its process was identified
 */
struct vigil_fetch_seen {
	struct vigil_thread thread;
	struct vigil_task task;
	struct vigil_who who;
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

	/** @seen: Each at the hash of its task's address. */
	struct vigil_fetch_seen seen[VIGIL_FETCH_SEEN];
	/** @task: The current one; its name may be older than the fetch. */
	struct vigil_task task;
	/** @who: What its process is, and what protects it. */
	struct vigil_who who;
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

#endif /* _VIGIL_EXEC_FETCH_H */
