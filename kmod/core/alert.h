/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Alerts of one VM: a bounded ring with a sequence that never repeats, and a
 * table that folds what would be told again and again.
 */
#ifndef _VIGIL_ALERT_H
#define _VIGIL_ALERT_H

#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include <uapi/linux/vigil.h>

#include "core/cpu.h"

#define VIGIL_ALERT_VERSION	1
#define VIGIL_ALERT_CODE	128
#define VIGIL_PATH_SIZE		256

/**
 * struct vigil_alert_key - What makes an alert the same as another
 */
struct vigil_alert_key {
	/** @process: When it started: the next one may get the same @mm. */
	u64 process;
	u64 mm;
	u64 page;
	/** @content: Hash of the page. */
	u64 content;
	/** @rules: The rules that matched; 0: never the same. */
	u32 rules;
	/** @entry: The entry that has them, and says what is done. */
	u32 entry;
};

struct vigil_alert_process {
	u64 task;
	u64 mm;
	u64 root;
	u64 start_time;
	u32 pid;
	u32 ppid;
	u32 uid;
	u32 gid;
	char comm[16];
	/** @exe: Empty if it can't be told. */
	char exe[VIGIL_PATH_SIZE];
};

struct vigil_alert_vma {
	u64 start;
	u64 end;
	u64 flags;
	u64 pgoff;
	enum vigil_vma_kind kind;
	/** @path: Empty if there is no file. */
	char path[VIGIL_PATH_SIZE];
};

/**
 * struct vigil_alert_selfmap - An entry of a top-level table
 */
struct vigil_alert_selfmap {
	enum vigil_selfmap_table table;
	/** @root: Guest-physical address of the table. */
	u64 root;
	u32 slot;
	/** @finding: VIGIL_SELFMAP_FINDING_*. */
	u32 finding;
	u64 old;
	u64 new;
	/** @value: What was left. */
	u64 value;
	enum vigil_selfmap_done done;
	enum vigil_selfmap_by by;
};

#define VIGIL_MODULE_SIZE	32

/**
 * struct vigil_alert - An alert
 *
 * Nothing of it changes once it is on the ring.
 */
struct vigil_alert {
	/** @users: The ring, and who reads it. */
	refcount_t users;
	u64 seq;
	/** @time: Nanoseconds since 1970. */
	u64 time;
	enum vigil_alert_kind kind;
	enum vigil_action asked;
	enum vigil_outcome outcome;
	u32 protect_id;
	/** @mitre: A constant string, or NULL. */
	const char *mitre;
	/** @reason: Valid for the kind unreadable. */
	enum vigil_unreadable_reason reason;
	/** @of_seq: The alert whose outcome this is, or 0. */
	u64 of_seq;
	/** @folded: Alerts like this that were not told since the last one. */
	u32 folded;
	struct vigil_alert_key key;

	/** @process: Valid if its task isn't 0. */
	struct vigil_alert_process process;
	/** @victim: The same, where it isn't @process that it happened to. */
	struct vigil_alert_process victim;
	/** @selfmap: Valid for its kind. */
	struct vigil_alert_selfmap selfmap;
	/** @module: That @rip is in; empty if it can't be told. */
	char module[VIGIL_MODULE_SIZE];

	/* All of the following is valid if @has_cpu. */
	bool has_cpu;
	u8 code_len;
	u8 code[VIGIL_ALERT_CODE];
	u32 vcpu;
	u64 gpa;
	/** @rip: Linear. */
	u64 rip;
	struct vigil_cpu cpu;
	/** @has_fetch: And so is this. */
	bool has_fetch;
	u32 tid;
	enum vigil_page_kind page;
	struct vigil_alert_vma vma;
};

#define VIGIL_ALERT_RING	1024
#define VIGIL_ALERT_SETS	64
#define VIGIL_ALERT_WAYS	4

struct vigil_alert_fold {
	struct vigil_alert_key key;
	/** @told: When the last one was told, in nanoseconds. */
	u64 told;
	/** @seq: Which one that was. */
	u64 seq;
	u32 folded;
};

/**
 * struct vigil_alerts - The alerts of a VM
 */
struct vigil_alerts {
	/** @lock: Protects all of this. */
	spinlock_t lock;
	/** @last: Sequence number of the newest alert, 0 before the first. */
	u64 last;
	struct vigil_alert *ring[VIGIL_ALERT_RING];
	struct vigil_alert_fold folds[VIGIL_ALERT_SETS][VIGIL_ALERT_WAYS];
	/** @tokens: How many may be told before @refilled is looked at again. */
	u32 tokens;
	u64 refilled;
	/** @folded: All that were not told. */
	u64 folded;
};

void vigil_alerts_init(struct vigil_alerts *a);
void vigil_alerts_destroy(struct vigil_alerts *a);
bool vigil_alerts_admit(struct vigil_alerts *a,
			const struct vigil_alert_key *key, u64 now,
			u32 *folded, u64 *seq);
u64 vigil_alerts_add(struct vigil_alerts *a, struct vigil_alert *alert);
struct vigil_alert *vigil_alerts_get(struct vigil_alerts *a, u64 seq,
				     u64 *lost);
void vigil_alert_put(struct vigil_alert *alert);
u64 vigil_alerts_last(struct vigil_alerts *a);
u64 vigil_alerts_folded(struct vigil_alerts *a);

#endif /* _VIGIL_ALERT_H */
