// SPDX-License-Identifier: GPL-2.0
/*
 * Which processes of a VM are protected.
 */
#include <linux/export.h>
#include <linux/glob.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include <linux/string.h>
#include <kunit/visibility.h>

#include "protect/exec/policy.h"

void vigil_policy_init(struct vigil_policy *p)
{
	memset(p, 0, sizeof(*p));
	INIT_LIST_HEAD(&p->entries);
	p->generation = 1;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_policy_init);

void vigil_policy_destroy(struct vigil_policy *p)
{
	struct vigil_protect *entry, *next;

	list_for_each_entry_safe(entry, next, &p->entries, entry)
		kfree(entry);
}
EXPORT_SYMBOL_IF_KUNIT(vigil_policy_destroy);

/*
 * What follows from all entries.  For a fetch that nobody knows the process of
 * the strictest holds: whichever entry it may belong to, that one's answer is not
 * stricter.
 */
static void policy_changed(struct vigil_policy *p)
{
	enum vigil_action strictest = VIGIL_ACTION_OBSERVE;
	enum vigil_action without_profile = VIGIL_ACTION_OBSERVE;
	const struct vigil_protect *entry;
	bool has_uid = false;

	list_for_each_entry(entry, &p->entries, entry) {
		strictest = max(strictest, entry->action);
		without_profile = max(without_profile, entry->without_profile);
		has_uid |= entry->has_uid;
	}
	WRITE_ONCE(p->strictest, strictest);
	WRITE_ONCE(p->without_profile, without_profile);
	WRITE_ONCE(p->has_uid, has_uid);
	/* Who sees it sees the list that it belongs to. */
	smp_store_release(&p->generation, p->generation + 1 ?: 1);
}

/**
 * vigil_policy_add - Add an entry
 * @p: the VM's policy
 * @entry: the entry, gets its id
 * @lock: the VM's lock, held
 *
 * Return: 0, or -ENOSPC.
 */
int vigil_policy_add(struct vigil_policy *p, struct vigil_protect *entry,
		     const struct mutex *lock)
{
	lockdep_assert_held(lock);
	if (p->nr == VIGIL_PROTECT_MAX || p->last_id == U32_MAX)
		return -ENOSPC;
	entry->id = ++p->last_id;
	atomic64_set(&entry->hits, 0);
	atomic_set(&entry->processes, 0);
	atomic64_set(&entry->matches, 0);
	atomic64_set(&entry->last_match, 0);
	list_add_tail_rcu(&entry->entry, &p->entries);
	p->nr++;
	policy_changed(p);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_policy_add);

/**
 * vigil_policy_del - Take an entry out
 * @p: the VM's policy
 * @id: which
 * @lock: the VM's lock, held
 *
 * Return: the entry, to be freed after a grace period, or NULL.
 */
struct vigil_protect *vigil_policy_del(struct vigil_policy *p, u32 id,
				       const struct mutex *lock)
{
	struct vigil_protect *entry;

	lockdep_assert_held(lock);
	list_for_each_entry(entry, &p->entries, entry) {
		if (entry->id != id)
			continue;
		list_del_rcu(&entry->entry);
		WRITE_ONCE(entry->removed, true);
		p->nr--;
		policy_changed(p);
		return entry;
	}
	return NULL;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_policy_del);

/*
 * A process id is bound to the process that has it: to the one that had it when
 * the entry was made, or else to the first that is seen with it.
 */
static bool policy_matches_pid(struct vigil_protect *entry,
			       const struct vigil_subject *s)
{
	s64 unbound = 0;

	if (entry->pid != s->pid)
		return false;
	return atomic64_try_cmpxchg(&entry->start_time, &unbound,
				    s->start_time) ||
	       (u64)unbound == s->start_time;
}

static bool policy_matches(struct vigil_protect *entry,
			   const struct vigil_subject *s)
{
	if (entry->all)
		return true;
	/* The process id last, because it may be bound by that. */
	return (!entry->has_uid || entry->uid == s->uid) &&
	       (!entry->comm[0] || glob_match(entry->comm, s->comm)) &&
	       (!entry->exe[0] || glob_match(entry->exe, s->exe)) &&
	       (!entry->pid || policy_matches_pid(entry, s));
}

/**
 * vigil_policy_match - Which entry is for a process?
 * @p: the VM's policy
 * @srcu: the VM's SRCU, read-locked
 * @s: what the process is matched by
 *
 * Return: the first entry that matches, or NULL.
 */
struct vigil_protect *vigil_policy_match(struct vigil_policy *p,
					 struct srcu_struct *srcu,
					 const struct vigil_subject *s)
{
	struct vigil_protect *entry;

	list_for_each_entry_srcu(entry, &p->entries, entry,
				 srcu_read_lock_held(srcu)) {
		if (policy_matches(entry, s))
			return entry;
	}
	return NULL;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_policy_match);

/* The first entry from @id on, or NULL. */
struct vigil_protect *vigil_policy_next(struct vigil_policy *p,
					struct srcu_struct *srcu, u32 id)
{
	struct vigil_protect *entry;

	list_for_each_entry_srcu(entry, &p->entries, entry,
				 srcu_read_lock_held(srcu)) {
		if (entry->id >= id)
			return entry;
	}
	return NULL;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_policy_next);
