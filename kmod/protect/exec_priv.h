/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Exec protection: what its parts share.
 */
#ifndef _VIGIL_EXEC_PRIV_H
#define _VIGIL_EXEC_PRIV_H

#include <linux/list.h>
#include <linux/sizes.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "core/cpu.h"
#include "core/flavour.h"
#include "core/gmem_kvm.h"
#include "core/vm.h"
#include "guest/linux.h"

/* Pages whose last judgement was a refusal; a newer one may take the place. */
#define VIGIL_REFUSED		512

/* Pages that are open at a time; a newer one closes the oldest. */
#define VIGIL_OPEN		64

struct vigil_open {
	gfn_t gfn;
	/** @since: Jiffies. */
	unsigned long since;
};

/**
 * struct vigil_exec - Exec protection of a VM
 */
struct vigil_exec {
	struct kvm_exec_client client;
	struct vigil_vm *vm;
	/** @on: KVM asks; changes under the VM's lock. */
	bool on;
	/** @desks: One of struct vigil_desk per vCPU, by its index. */
	struct xarray desks;
	/** @sweep: Closes all pages now and then. */
	struct delayed_work sweep;
	/** @refused: Frames plus one, each at its hash; 0 is none. */
	gfn_t refused[VIGIL_REFUSED];

	/** @close: Closes pages that were open for long enough. */
	struct delayed_work close;
	/** @open_lock: Protects the three below. */
	spinlock_t open_lock;
	/** @open: A ring of the pages that are open, by age. */
	struct vigil_open open[VIGIL_OPEN];
	unsigned int first_open;
	unsigned int nr_open;

	/** @kill: Looks after @condemned. */
	struct delayed_work kill;
	/** @kill_lock: Held to add to or take from @condemned. */
	spinlock_t kill_lock;
	/** @condemned: Processes that run no more; read under the VM's SRCU. */
	struct list_head condemned;
	unsigned int nr_condemned;
	/** @sweep_wanted: A process was condemned that has granted pages. */
	bool sweep_wanted;
};

#define VIGIL_DESK_PAGES	(SZ_4K / sizeof(u64))

/**
 * struct vigil_desk - What a vCPU's thread needs to judge one fetch
 *
 * Too much for its stack, and allocated once.
 */
struct vigil_desk {
	struct vigil_vm *vm;
	struct kvm_vcpu *vcpu;
	const struct kvm_exec_event *event;

	struct vigil_cpu cpu;
	struct vigil_gmem_kvm gmem;
	struct vigil_linux lx;
	/** @user: The address space that the vCPU has loaded. */
	struct vigil_space user;

	struct vigil_task task;
	/** @addr: Address of the page's first byte that is fetched. */
	u64 addr;
	struct vigil_pte_walk walk;
	struct vigil_vma vma;
	enum vigil_page_kind kind;
	/** @retries: How often in a row there was no answer. */
	unsigned int retries;

	/** @page: A page table, or the page that is judged. */
	u64 page[VIGIL_DESK_PAGES];
	gfn_t frozen[KVM_EXEC_MAX_AROUND];
	gfn_t granted[KVM_EXEC_MAX_AROUND];
	u16 slots[KVM_EXEC_MAX_AROUND];
};

/* exec.c */
void vigil_exec_close_all(struct vigil_exec *exec);

/* exec_judgement.c */
enum kvm_exec_verdict vigil_exec_fetch(struct kvm_exec_client *client,
				       struct kvm_vcpu *vcpu,
				       const struct kvm_exec_event *event);

/* exec_around.c */
void vigil_around_kernel(struct vigil_desk *desk, u64 start, u64 end);
void vigil_around_file(struct vigil_desk *desk);

/* exec_alert.c */
u64 vigil_exec_alert(struct vigil_desk *desk,
		     const struct vigil_protect *entry, u32 rules);
void vigil_exec_process(struct vigil_desk *desk,
			struct vigil_alert_process *p);

/* exec_open.c */
void vigil_open_init(struct vigil_exec *exec);
void vigil_open_stop(struct vigil_exec *exec);
void vigil_open_note(struct vigil_exec *exec, gfn_t gfn);
void vigil_open_forget(struct vigil_exec *exec);

/* exec_kill.c */
void vigil_kill_init(struct vigil_exec *exec);
void vigil_kill_stop(struct vigil_exec *exec);
void vigil_kill(struct vigil_desk *desk, const struct vigil_protect *entry,
		u64 seq);
bool vigil_is_condemned(struct vigil_desk *desk);

#endif /* _VIGIL_EXEC_PRIV_H */
