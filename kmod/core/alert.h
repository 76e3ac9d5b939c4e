/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Alerts of one VM: who may report how much, and the ring that keeps what was
 * reported.  What an alert is about is known to its owner alone.
 */
#ifndef _VIGIL_ALERT_H
#define _VIGIL_ALERT_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rbtree.h>
#include <linux/refcount.h>
#include <linux/siphash.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include <uapi/linux/vigil.h>

struct sk_buff;
struct vigil_alert;
struct vigil_alert_tables;

#define VIGIL_ALERT_VERSION	1
/* No alert takes more than this in a message, all of its attributes included. */
#define VIGIL_ALERT_MSG_SIZE	8192
/* What the headers of the message and of the alert take of that, at most. */
#define VIGIL_ALERT_HEADER_MSG	512

/**
 * struct vigil_alert_key - What an event is about
 *
 * Events of one source, which is @identity, @what and @entry, share a budget; and
 * so do the first events of all sources of a group.
 */
struct vigil_alert_key {
	/** @group: What none of those in it can leave; 0: the guest's kernel. */
	u64 group;
	/** @identity: One run of a program, which forks share; or 0. */
	u64 identity;
	/** @process: One process of it. */
	u64 process;
	/** @piece: One piece of code, or what else is attacked, of the process. */
	u64 piece;
	/** @what: What happened; 0: the alert is about no event. */
	u32 what;
	/** @entry: The entry by which it is reported, or 0. */
	u32 entry;
};

/**
 * enum vigil_alert_class - What gives way first where the ring is full
 * @VIGIL_ALERT_OTHER: One more of a process that was reported.
 * @VIGIL_ALERT_PROCESS: The first of a process, or of one source of too many.
 * @VIGIL_ALERT_FIRST: The first of a source; or of its kind, and of the VM.
 */
enum vigil_alert_class {
	VIGIL_ALERT_OTHER,
	VIGIL_ALERT_PROCESS,
	VIGIL_ALERT_FIRST,
	VIGIL_ALERT_CLASSES,
};

/**
 * struct vigil_alert_ops - What an alert's owner does for it
 */
struct vigil_alert_ops {
	/** @put: Put what the header doesn't have; -EMSGSIZE if it doesn't fit. */
	int (*put)(struct sk_buff *msg, const struct vigil_alert *alert);
	void (*free)(struct vigil_alert *alert);
};

/**
 * struct vigil_alert - The header of an alert
 *
 * Nothing of it changes once it is on the ring, but for the links.
 */
struct vigil_alert {
	/** @users: The ring, and who reads it. */
	refcount_t users;
	/** @node: In the ring, by @seq. */
	struct rb_node node;
	/** @link: In the ring, by @class and age. */
	struct list_head link;
	/** @ops: NULL: there is nothing but the header, made by kmalloc(). */
	const struct vigil_alert_ops *ops;

	u64 seq;
	/** @time: Nanoseconds since 1970. */
	u64 time;
	enum vigil_alert_kind kind;
	enum vigil_alert_class class;
	/** @has_verdict: @asked and @outcome mean something. */
	bool has_verdict;
	enum vigil_action asked;
	enum vigil_outcome outcome;
	/** @entry: The entry that it is about, or 0. */
	u32 entry;
	/** @folded: Events of the source that were counted since its last alert. */
	u32 folded;
	/** @of_seq: The alert that this belongs to, or 0. */
	u64 of_seq;
	/** @mitre: A constant string, or NULL. */
	const char *mitre;
	struct vigil_alert_key key;
};

/**
 * struct vigil_alert_admission - The answer to an event
 */
struct vigil_alert_admission {
	/** @class: Of the alert, if it is reported. */
	enum vigil_alert_class class;
	/** @folded: How many of its source were counted before it. */
	u32 folded;
	/** @seq: If it is not reported, the last alert about its process, or 0. */
	u64 seq;
	/** @tokens: What it took out of which budgets. */
	u8 tokens;
	/** @pending: It is the only one that waits for vigil_alerts_suppressed(). */
	bool pending;
};

/* Alerts that are kept.  The newest is in addition, if all others rank higher. */
#define VIGIL_ALERT_RING	2048

/**
 * struct vigil_alerts - The alerts of a VM
 */
struct vigil_alerts {
	/** @telling: Held from when an alert gets its number until it is told. */
	struct mutex telling;
	/** @lock: Protects all that follows. */
	spinlock_t lock;
	/** @last: Sequence number of the newest alert, 0 before the first. */
	u64 last;
	/** @ring: What is kept, by sequence number, and how many. */
	struct rb_root ring;
	u32 nr;
	/** @classes: The same by class, the oldest first. */
	struct list_head classes[VIGIL_ALERT_CLASSES];

	/** @told_kinds: Bits of enum vigil_alert_kind, of what is of the VM. */
	unsigned long told_kinds;

	/** @now: The latest time that an event brought. */
	u64 now;
	/** @hash: So that no guest can choose what shares a set of a table. */
	siphash_key_t hash;
	struct vigil_alert_tables *tables;
	/** @pending: Where events were counted, the oldest first. */
	struct list_head pending;
	/** @folded: All events that were counted and not reported. */
	u64 folded;
};

/* alert_budget.c */
int vigil_alerts_init_budget(struct vigil_alerts *a);
void vigil_alerts_free_budget(struct vigil_alerts *a);
void vigil_alerts_reported(struct vigil_alerts *a,
			   const struct vigil_alert_key *key, u64 seq);
bool vigil_alerts_admit(struct vigil_alerts *a,
			const struct vigil_alert_key *key, u64 now,
			struct vigil_alert_admission *adm);
void vigil_alerts_withdraw(struct vigil_alerts *a,
			   const struct vigil_alert_key *key,
			   struct vigil_alert_admission *adm);
u64 vigil_alerts_due(struct vigil_alerts *a);
bool vigil_alerts_suppressed(struct vigil_alerts *a, u64 until,
			     struct vigil_alert *alert);
void vigil_alerts_merge(struct vigil_alerts *a);
u64 vigil_alerts_folded(struct vigil_alerts *a);

/* alert.c */
int vigil_alerts_init(struct vigil_alerts *a);
void vigil_alerts_destroy(struct vigil_alerts *a);
u64 vigil_alerts_add(struct vigil_alerts *a, struct vigil_alert *alert);
u64 vigil_alerts_tell(struct vigil_alerts *a, struct vigil_alert *alert,
		      void (*tell)(struct vigil_alerts *a,
				   const struct vigil_alert *alert));
struct vigil_alert *vigil_alerts_get(struct vigil_alerts *a, u64 seq,
				     u64 *lost);
void vigil_alert_put(struct vigil_alert *alert);
enum vigil_alert_class vigil_alerts_class_of(struct vigil_alerts *a,
					     enum vigil_alert_kind kind);
u64 vigil_alerts_last(struct vigil_alerts *a);

#endif /* _VIGIL_ALERT_H */
