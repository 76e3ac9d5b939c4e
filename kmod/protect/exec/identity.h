/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who is who in a Linux guest: the programs that run, the processes that run
 * them, and what protects each.
 */
#ifndef _VIGIL_EXEC_IDENTITY_H
#define _VIGIL_EXEC_IDENTITY_H

#include <linux/hashtable.h>
#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>

#include "guest/linux.h"
#include "protect/exec/policy.h"

struct srcu_struct;

/*
 * Processes that are remembered, the kernel's default for pid_max.  More can live
 * in a guest where somebody allows it; what protects them is found out at each
 * fetch, by what they are then.
 */
#define VIGIL_KNOWN_MAX		32768
#define VIGIL_KNOWN_BITS	12

/**
 * struct vigil_identity - A program that was executed, once
 *
 * All processes that fork() made of the one that called exec() have it, until
 * they call exec() themselves.
 */
struct vigil_identity {
	struct hlist_node node;
	/** @users: One for each known process of it, one for each who looks. */
	refcount_t users;
	/** @number: Not used twice in the life of the VM. */
	u64 number;
	/** @mmap_base: Of its mm, and the mms that fork() made of that. */
	u64 mmap_base;
	/** @exe_file: Address of the struct file, of which the same holds. */
	u64 exe_file;
	/** @entry: Id of the entry for all that run it, or 0. */
	u32 entry;
	/** @processes: Those that are known to run it. */
	struct hlist_head processes;
	/** @nr: How many those are. */
	u32 nr;
	/** @nr_common: Of these, how many have the entry @common. */
	u32 nr_common;
	/** @common: Id of an entry, or 0: none. */
	u32 common;
	/** @entries_differ: Not all have it. */
	bool entries_differ;
	u32 self_exec_id;
	/** @comm: Its name when it was first seen. */
	char comm[VIGIL_COMM_SIZE];
	/** @exe: Path of what was executed; "" if that has none, or too long a one. */
	char exe[];
};

/**
 * struct vigil_who - What is known of a process
 */
struct vigil_who {
	/** @identity: Number of the program that it runs; 0: of the kernel. */
	u64 identity;
	/** @entry: What protects it, or NULL; valid as long as SRCU is locked. */
	struct vigil_protect *entry;
	/** @generation: Of the policy that says so. */
	u32 generation;
	/** @epoch: Of what is known of others, see @kin_differ. */
	u32 epoch;
	/** @kin_differ: Another process of the program has another entry, or none. */
	bool kin_differ;
};

/**
 * struct vigil_identities - All that is known of a VM's processes
 */
struct vigil_identities {
	struct vigil_policy *policy;
	/** @srcu: The readers of @policy. */
	struct srcu_struct *srcu;
	/** @lock: Protects all of the following. */
	spinlock_t lock;
	DECLARE_HASHTABLE(known, VIGIL_KNOWN_BITS);
	/** @by_base: Of struct vigil_identity, by @mmap_base and @self_exec_id. */
	DECLARE_HASHTABLE(by_base, VIGIL_KNOWN_BITS);
	/** @nr: Processes that are known. */
	u32 nr;
	/** @nr_missed: Of these, those that were not where they were seen. */
	u32 nr_missed;
	/** @walk: Number of the walk of the process list that came last. */
	u32 walk;
	/**
	 * @epoch: Incremented when what was answered holds no more: the entries of
	 * a program's processes differ, or all are forgotten.
	 */
	u32 epoch;
	/** @last_number: Of the newest identity. */
	u64 last_number;
	/** @identified: Programs that were matched against the entries. */
	u64 identified;
};

void vigil_identities_init(struct vigil_identities *ids,
			   struct vigil_policy *policy,
			   struct srcu_struct *srcu);
void vigil_identities_forget_all(struct vigil_identities *ids);

int vigil_identify(struct vigil_identities *ids, struct vigil_linux *lx,
		   const struct vigil_task *task, struct vigil_who *who);
void vigil_identities_drop_entry(struct vigil_identities *ids,
				 struct vigil_protect *entry);
bool vigil_identities_mark(struct vigil_identities *ids,
			   const struct vigil_thread *t, bool *swept);
unsigned int vigil_identities_some(struct vigil_identities *ids,
				   unsigned int *bucket, struct vigil_thread *t,
				   unsigned int max);
void vigil_identities_missed(struct vigil_identities *ids,
			     const struct vigil_thread *t);
void vigil_identities_begin_walk(struct vigil_identities *ids);
void vigil_identities_end_walk(struct vigil_identities *ids);

#endif /* _VIGIL_EXEC_IDENTITY_H */
