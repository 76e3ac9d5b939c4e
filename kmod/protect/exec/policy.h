/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which processes of a VM are protected, and how.
 */
#ifndef _VIGIL_EXEC_POLICY_H
#define _VIGIL_EXEC_POLICY_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/types.h>

#include <uapi/linux/vigil.h>

struct mutex;
struct srcu_struct;

#define VIGIL_PROTECT_MAX	256
#define VIGIL_PATTERN_SIZE	64

/**
 * struct vigil_protect - An entry: protects the processes that it matches
 *
 * All but @hits stays as it is from vigil_policy_add() on.
 */
struct vigil_protect {
	struct list_head entry;
	/** @id: Not used twice in the life of the VM. */
	u32 id;
	/** @pid: Process to match; 0: @comm decides. */
	u32 pid;
	/** @all: Match every process. */
	bool all;
	/** @comm: Pattern for the name. */
	char comm[VIGIL_PATTERN_SIZE];
	/** @rules: VIGIL_EXEC_RULE_* that are on. */
	u32 rules;
	enum vigil_action action;
	/** @without_profile: Observe or block, while there is no proved profile. */
	enum vigil_action without_profile;
	atomic64_t hits;
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
	/** @strictest: Of the entries' actions; observe if there is none. */
	enum vigil_action strictest;
	/** @without_profile: Strictest of what they say to that. */
	enum vigil_action without_profile;
};

void vigil_policy_init(struct vigil_policy *p);
void vigil_policy_destroy(struct vigil_policy *p);
int vigil_policy_add(struct vigil_policy *p, struct vigil_protect *entry,
		     const struct mutex *lock);
struct vigil_protect *vigil_policy_del(struct vigil_policy *p, u32 id,
				       const struct mutex *lock);
struct vigil_protect *vigil_policy_match(struct vigil_policy *p,
					 struct srcu_struct *srcu, u32 pid,
					 const char *comm);
struct vigil_protect *vigil_policy_next(struct vigil_policy *p,
					struct srcu_struct *srcu, u32 id);

#endif /* _VIGIL_EXEC_POLICY_H */
