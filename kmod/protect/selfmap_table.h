/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The top-level page tables of a Windows guest that are known, and whose they
 * are.
 */
#ifndef _VIGIL_SELFMAP_TABLE_H
#define _VIGIL_SELFMAP_TABLE_H

#include <linux/types.h>
#include <linux/xarray.h>

#include "guest/windows.h"
#include "protect/selfmap_rule.h"

/* A guest that has more has made them up. */
#define VIGIL_TABLES_MAX	32768
/* Of those, that were only seen in a CR3. */
#define VIGIL_TABLES_LOADED_MAX	256

/**
 * struct vigil_table - A top-level table
 *
 * Found under RCU by anybody; all but what is marked as changing stays as it
 * is.
 */
struct vigil_table {
	struct rcu_head rcu;
	/** @shape: But for its is_root(), which who looks at it has. */
	struct vigil_selfmap_shape shape;
	enum vigil_selfmap_table kind;
	/** @process: Who has it; its eprocess is 0 if that isn't known. */
	struct vigil_win_process process;
	/** @watched: Changes, also on vCPUs' threads: KVM asks before writes. */
	bool watched;
	/** @unwatched: Changes, too: since when it doesn't, in jiffies. */
	unsigned long unwatched;
	/** @seen: Changes: the pass of the list, or the load, that saw it last. */
	u32 seen;
	/** @good: Changes: the self-map when it was last found right. */
	u64 good;
	/** @told: Changes: the wrong one that was told last, 0 for none. */
	u64 told;
};

struct vigil_tables;

/**
 * struct vigil_tables_ops - What is done when a table comes or goes
 */
struct vigil_tables_ops {
	void (*added)(struct vigil_tables *t, struct vigil_table *table);
	/**
	 * @removed: It is found no more, and freed after.  If it was @taken, its
	 * memory is the table of another process already.
	 */
	void (*removed)(struct vigil_tables *t, struct vigil_table *table,
			bool taken);
	/** @lives: Is it in use, or does its process still live and have it? */
	bool (*lives)(struct vigil_tables *t, struct vigil_table *table);
};

/**
 * struct vigil_tables - All of them
 *
 * Changed by one thread at a time.
 */
struct vigil_tables {
	const struct vigil_tables_ops *ops;
	/** @by_frame: struct vigil_table by its frame number. */
	struct xarray by_frame;
	u16 slot;
	/** @pass: Walk of the process list that is under way. */
	u32 pass;
	unsigned int nr;
	unsigned int nr_processes;
	unsigned int nr_loaded;
};

void vigil_tables_init(struct vigil_tables *t,
		       const struct vigil_tables_ops *ops);
void vigil_tables_clear(struct vigil_tables *t);

int vigil_tables_process(struct vigil_tables *t,
			 const struct vigil_win_process *p);
void vigil_tables_pass_ends(struct vigil_tables *t);
struct vigil_table *vigil_tables_loaded(struct vigil_tables *t, u64 root,
					u32 load);
void vigil_tables_unload(struct vigil_tables *t, u32 before);

struct vigil_table *vigil_tables_find(struct vigil_tables *t, u64 root);
void vigil_tables_stranger(const struct vigil_tables *t, u64 root,
			   struct vigil_table *table);
unsigned int vigil_tables_next(struct vigil_tables *t, unsigned long *cursor,
			       struct vigil_table **some, unsigned int nr);
bool vigil_win_lives(const struct vigil_win_process *p);

#endif /* _VIGIL_SELFMAP_TABLE_H */
