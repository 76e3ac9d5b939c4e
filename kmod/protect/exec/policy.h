/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which processes of a VM are protected, and how.
 */
#ifndef _VIGIL_EXEC_POLICY_H
#define _VIGIL_EXEC_POLICY_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/types.h>

#include <asm/barrier.h>

#include <uapi/linux/vigil.h>

struct mutex;
struct srcu_struct;

#define VIGIL_PROTECT_MAX	256
/* Both with the 0 at the end; the limits are in the spec. */
#define VIGIL_PATTERN_SIZE	64
#define VIGIL_EXE_PATTERN_SIZE	1024

/**
 * struct vigil_subject - What a process is matched by
 */
struct vigil_subject {
	/** @exe: Path of what it executes; "" if that has no path. */
	const char *exe;
	/** @comm: Its name when it was first seen to execute that. */
	const char *comm;
	u64 start_time;
	u32 pid;
	u32 uid;
};

/**
 * struct vigil_protect - An entry: protects the processes that it matches
 *
 * What it matches, and how it protects, stays as it is from vigil_policy_add()
 * on; but for @start_time, which is set once.
 */
struct vigil_protect {
	struct list_head entry;
	/** @id: Not used twice in the life of the VM. */
	u32 id;
	/** @all: Match every process. */
	bool all;
	/** @has_uid: Match @uid. */
	bool has_uid;
	/** @descendants: What its processes execute is protected as well. */
	bool descendants;
	/** @uid: User id, if @has_uid. */
	u32 uid;
	/** @pid: Process to match, or 0. */
	u32 pid;
	/** @removed: Set for good when it is taken out. */
	bool removed;
	/** @start_time: When the process @pid started; 0: none was seen yet. */
	atomic64_t start_time;
	/** @exe: Pattern for the path, or "". */
	char exe[VIGIL_EXE_PATTERN_SIZE];
	/** @comm: Pattern for the name, or "". */
	char comm[VIGIL_PATTERN_SIZE];
	/** @rules: VIGIL_EXEC_RULE_* that are on. */
	u32 rules;
	enum vigil_action action;
	/** @without_profile: Observe or block, while there is no proved profile. */
	enum vigil_action without_profile;
	/** @hits: Fetches that a rule of it matched. */
	atomic64_t hits;
	/** @processes: Live processes that it protects. */
	atomic_t processes;
	/** @matches: Executions that it matched. */
	atomic64_t matches;
	/** @last_match: When, in nanoseconds since 1970; 0: never. */
	atomic64_t last_match;
};

/**
 * struct vigil_policy - The entries of a VM, in the order of their ids
 *
 * Changed under the VM's lock, read under its SRCU.
 */
struct vigil_policy {
	struct list_head entries;
	u32 nr;
	u32 last_id;
	/** @generation: Another one after each change; never 0. */
	u32 generation;
	/** @has_uid: An entry matches by user id. */
	bool has_uid;
	/** @strictest: Of the entries' actions; observe if there is none. */
	enum vigil_action strictest;
	/** @without_profile: Strictest of what they say to that. */
	enum vigil_action without_profile;
};

/* What is found in the list after this is of that generation, or a newer one. */
static inline u32 vigil_policy_generation(const struct vigil_policy *p)
{
	/* Pairs with the release after a change of the list. */
	return smp_load_acquire(&p->generation);
}

void vigil_policy_init(struct vigil_policy *p);
void vigil_policy_destroy(struct vigil_policy *p);
int vigil_policy_add(struct vigil_policy *p, struct vigil_protect *entry,
		     const struct mutex *lock);
struct vigil_protect *vigil_policy_del(struct vigil_policy *p, u32 id,
				       const struct mutex *lock);
struct vigil_protect *vigil_policy_match(struct vigil_policy *p,
					 struct srcu_struct *srcu,
					 const struct vigil_subject *s);
struct vigil_protect *vigil_policy_next(struct vigil_policy *p,
					struct srcu_struct *srcu, u32 id);

#endif /* _VIGIL_EXEC_POLICY_H */
