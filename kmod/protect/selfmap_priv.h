/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Self-map protection: what its parts share.
 */
#ifndef _VIGIL_SELFMAP_PRIV_H
#define _VIGIL_SELFMAP_PRIV_H

#include <linux/atomic.h>
#include <linux/hrtimer.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#ifdef VIGIL_KVM_PATCHED
#include <asm/kvm_watch.h>
#endif

#include "core/count.h"
#include "core/entry.h"
#include "core/flavour.h"
#include "core/vm.h"
#include "protect/guest.h"
#include "protect/selfmap.h"
#include "protect/selfmap_check.h"
#include "protect/selfmap_table.h"

#ifdef VIGIL_KVM_PATCHED
enum vigil_selfmap_total {
	VIGIL_SELFMAP_WRITES,
	VIGIL_SELFMAP_MISSED,
	VIGIL_SELFMAP_MISSED_EVENT,
	VIGIL_SELFMAP_DROPPED_PAGES,
	VIGIL_SELFMAP_SWITCHES,
	VIGIL_SELFMAP_TOTALS,
};

/**
 * struct vigil_selfmap_totals - KVM's counters, so that none goes back
 */
struct vigil_selfmap_totals {
	/** @counting: KVM counts, which it doesn't for the sweep. */
	bool counting;
	struct vigil_total total[VIGIL_SELFMAP_TOTALS];
};
#endif

/**
 * struct vigil_selfmap - Self-map protection of a VM
 */
struct vigil_selfmap {
	struct vigil_vm *vm;

	/* These change under the VM's lock. */
	/** @on: The guest is protected, or will be once its profile is proved. */
	bool on;
	struct vigil_selfmap_settings settings;
	/** @way: The one that is used. */
	enum vigil_selfmap_way way;

	/** @timer: Begins @round, which sets it again. */
	struct hrtimer timer;
	struct work_struct round;
	/** @full: The next round looks at everything. */
	bool full;

	/** @lock: Held to change the tables, and what else a round knows. */
	struct mutex lock;
	struct vigil_tables tables;
	/** @active: The tables are those of the profile that is proved now. */
	bool active;
	/** @root: System's top-level table, by the profile. */
	u64 root;
	/** @system: Address of System's EPROCESS, 0 until it was seen. */
	u64 system;
	/** @system_born: When it was created. */
	u64 system_born;
	/** @system_told: Its wrong CR3 that was told last. */
	u64 system_told;
	/** @cursor: Where the walk of the process list is, and how far. */
	u64 cursor;
	u64 born;
	u32 walked;
	/**
	 * @broken: Walks in a row that failed after the same process, since
	 * round @broken_at.
	 */
	u32 broken;
	u32 broken_at;
	u64 broken_after;
	u64 broken_born;
	bool broken_told;
	/** @last: End of the list when it was read last. */
	u64 last;
	/** @turn: Whose turn it is to be looked at; @scan: at all entries. */
	unsigned long turn;
	unsigned long scan;
	/** @scan_ms: Since the last that was looked at as a whole. */
	u32 scan_ms;
	/** @rounds: Counts them. */
	u32 rounds;
	/** @wrong: What the round has found; @all_wrong: the last full one. */
	u32 wrong;
	u32 all_wrong;
	/** @view: The guest, during a round. */
	struct vigil_view *view;
	/** @page: All entries of a table. */
	u64 page[VIGIL_TABLE_ENTRIES];

	/** @vcpus: struct vigil_loaded by index; see selfmap_loaded.c. */
	struct xarray vcpus;
	/** @hook: For the vCPUs' entries into the guest, where they fill it. */
	struct vigil_entry_hook hook;

	atomic_t watched;
	atomic64_t counts[VIGIL_SELFMAP_COUNTS];
#ifdef VIGIL_KVM_PATCHED
	/** @client: Whom KVM asks. */
	struct kvm_watch_client client;
	/** @totals: What it has counted; these change under the VM's lock. */
	struct vigil_selfmap_totals totals;
#endif
};

/**
 * struct vigil_look - A look at one table, by a round or on a vCPU's thread
 */
struct vigil_look {
	struct vigil_selfmap_check check;
	struct vigil_selfmap *sm;
	/** @table: A copy of it on a vCPU's thread. */
	struct vigil_table *table;
	/** @shape: Its own, with what the guest can be asked. */
	struct vigil_selfmap_shape shape;
	/** @view: If it is open already. */
	struct vigil_view *view;
	/** @vcpu: On whose thread; NULL in a round. */
	struct kvm_vcpu *vcpu;
	enum vigil_selfmap_by by;
};

static inline void vigil_selfmap_add(struct vigil_selfmap *sm,
				     enum vigil_selfmap_count what, u64 n)
{
	if (n)
		atomic64_add(n, &sm->counts[what]);
}

/* A look by a round, during which the guest is open. */
static inline struct vigil_look
vigil_look_in_round(struct vigil_selfmap *sm, struct vigil_table *table)
{
	return (struct vigil_look){
		.sm = sm,
		.table = table,
		.view = sm->view,
		.by = VIGIL_SELFMAP_BY_SWEEP,
	};
}

/* selfmap_look.c */
void vigil_look_begin(struct vigil_look *look);
void vigil_look_slot(struct vigil_look *look);
void vigil_look_page(struct vigil_look *look, u64 *page);
bool vigil_look_lives(struct vigil_look *look);
bool vigil_look_owned(struct vigil_look *look);
bool vigil_look_find(struct vigil_selfmap *sm, u64 root,
		     struct vigil_table *copy);

/* selfmap_round.c */
void vigil_round_init(struct vigil_selfmap *sm);
void vigil_round_start(struct vigil_selfmap *sm);
void vigil_round_stop(struct vigil_selfmap *sm);
u32 vigil_round_now(struct vigil_selfmap *sm);

/* selfmap_loaded.c */
int vigil_loaded_start(struct vigil_selfmap *sm);
void vigil_loaded_stop(struct vigil_selfmap *sm);
void vigil_loaded_each(struct vigil_selfmap *sm,
		       void (*fn)(struct vigil_selfmap *sm, u64 root,
				  bool now));
bool vigil_loaded_now(struct vigil_selfmap *sm, u64 root);
bool vigil_loaded_any(struct vigil_selfmap *sm);

/* selfmap_list.c */
bool vigil_list_walk(struct vigil_selfmap *sm);
void vigil_list_anew(struct vigil_selfmap *sm);
void vigil_list_end(struct vigil_selfmap *sm);
void vigil_list_forget(struct vigil_selfmap *sm);

/* selfmap_system.c */
void vigil_system_check(struct vigil_selfmap *sm);
bool vigil_system_list(struct vigil_selfmap *sm, u64 after);

/* selfmap_alert.c */
void vigil_selfmap_alert(struct vigil_look *look,
			 const struct vigil_selfmap_entry *entry);
void vigil_selfmap_alert_write(struct vigil_look *look,
			       const struct vigil_selfmap_entry *entry,
			       u64 gpa);
void vigil_selfmap_alert_unwatched(struct vigil_look *look);

/* selfmap_watch.c, or selfmap_stock.c */
int vigil_watch_start(struct vigil_selfmap *sm);
void vigil_watch_stop(struct vigil_selfmap *sm);
void vigil_watch_table(struct vigil_selfmap *sm, struct vigil_table *table);
void vigil_watch_again(struct vigil_selfmap *sm, struct vigil_table *table);
void vigil_unwatch_table(struct vigil_selfmap *sm, struct vigil_table *table);
void vigil_watch_report(struct vigil_selfmap *sm,
			struct vigil_selfmap_report *r);

#endif /* _VIGIL_SELFMAP_PRIV_H */
