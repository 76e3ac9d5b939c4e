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
#include <kunit/visibility.h>

#include "protect/exec/policy.h"

void vigil_policy_init(struct vigil_policy *p)
{
	memset(p, 0, sizeof(*p));
	INIT_LIST_HEAD(&p->entries);
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
 * What holds for a fetch that nobody knows the process of: whichever entry it may
 * belong to, that one's answer is not stricter.
 */
static void policy_find_strictest(struct vigil_policy *p)
{
	enum vigil_action strictest = VIGIL_ACTION_OBSERVE;
	enum vigil_action without_profile = VIGIL_ACTION_OBSERVE;
	const struct vigil_protect *entry;

	list_for_each_entry(entry, &p->entries, entry) {
		strictest = max(strictest, entry->action);
		without_profile = max(without_profile, entry->without_profile);
	}
	WRITE_ONCE(p->strictest, strictest);
	WRITE_ONCE(p->without_profile, without_profile);
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
	list_add_tail_rcu(&entry->entry, &p->entries);
	p->nr++;
	policy_find_strictest(p);
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
		p->nr--;
		policy_find_strictest(p);
		return entry;
	}
	return NULL;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_policy_del);

static bool policy_matches(const struct vigil_protect *entry, u32 pid,
			   const char *comm)
{
	if (entry->all)
		return true;
	if (entry->pid)
		return entry->pid == pid;
	return glob_match(entry->comm, comm);
}

/* The entry that protects a process: the first that matches, or NULL. */
struct vigil_protect *vigil_policy_match(struct vigil_policy *p,
					 struct srcu_struct *srcu, u32 pid,
					 const char *comm)
{
	struct vigil_protect *entry;

	list_for_each_entry_srcu(entry, &p->entries, entry,
				 srcu_read_lock_held(srcu)) {
		if (policy_matches(entry, pid, comm))
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
