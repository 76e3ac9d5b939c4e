// SPDX-License-Identifier: GPL-2.0
/*
 * Who is who in a Linux guest.
 *
 * A process can call itself what it likes at any time, so what it is called counts
 * once: when it is first seen to run what it executed.  From there on it is known
 * by what it can't change.  Its id and the time at which it started tell it from
 * all others, and task_struct.self_exec_id, which exec() counts and fork() copies,
 * tells what it executed.
 *
 * A process that has not called exec() since it was forked (PF_FORKNOEXEC) runs
 * the program of the one that forked it.  That is its real parent, as long as
 * that one lives and didn't call exec() itself.  The children of others are known
 * by the base of their mappings, which each exec() chooses at random and fork()
 * copies, and by the struct file of their executable, of which the same holds.
 *
 * What protects a process is found out once as well, and stays until the process
 * calls exec() or ends; who fork() makes has it, too.  Another user id, or another
 * process id, can bring an entry that comes before that, but none that is easier.
 */
#include <linux/export.h>
#include <linux/hash.h>
#include <linux/rculist.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <kunit/visibility.h>

#include "protect/exec/identity.h"

/* Parents that are unknown themselves are identified as far up as this. */
#define PARENTS_MAX	4

/* With the 0; a longer path, which no program needs, is none. */
#define EXE_SIZE	1024

/*
 * struct known - A process that is known
 */
struct known {
	struct hlist_node node;
	u64 start_time;
	u32 pid;
	u32 self_exec_id;
	/** @identity: What it runs; NULL for a thread of the kernel. */
	struct vigil_identity *identity;
	/** @of_identity: In the list of the processes that run it. */
	struct hlist_node of_identity;
	/** @entry: What protects it, or NULL. */
	struct vigil_protect *entry;
	/** @generation: Of the policy that was asked. */
	u32 generation;
	/** @uid: That it was asked about. */
	u32 uid;
	/** @cred: Address of the credentials that have @uid. */
	u64 cred;
	/** @leader: Address of its leader's task_struct, when that was seen. */
	u64 leader;
	/** @swept: The sweep of the list has come to it. */
	bool swept;
	/** @missed: Another task was at @leader. */
	bool missed;
	/** @missed_walk: Number of the walk of the list that came last then. */
	u32 missed_walk;
};

void vigil_identities_init(struct vigil_identities *ids,
			   struct vigil_policy *policy,
			   struct srcu_struct *srcu)
{
	memset(ids, 0, sizeof(*ids));
	ids->policy = policy;
	ids->srcu = srcu;
	spin_lock_init(&ids->lock);
	hash_init(ids->known);
	hash_init(ids->by_base);
}
EXPORT_SYMBOL_IF_KUNIT(vigil_identities_init);

/* --- identities ----------------------------------------------------------- */

static void identity_put(struct vigil_identities *ids,
			 struct vigil_identity *identity)
{
	lockdep_assert_held(&ids->lock);
	if (identity && refcount_dec_and_test(&identity->users)) {
		hash_del(&identity->node);
		kfree(identity);
	}
}

static struct vigil_identity *identity_get(struct vigil_identity *identity)
{
	if (identity)
		refcount_inc(&identity->users);
	return identity;
}

static u64 identity_key(u64 mmap_base, u32 self_exec_id)
{
	return mmap_base ^ self_exec_id;
}

/*
 * What does a process run that was forked?  Where the guest doesn't choose the base
 * at random several programs have the same, and the struct file tells.  An identity
 * whose struct file is another one, @of_parent if that is one, is the answer for who
 * exchanged it by prctl().
 */
static struct vigil_identity *
identity_find(struct vigil_identities *ids,
	      const struct vigil_mm_layout *layout, u32 self_exec_id,
	      const struct vigil_identity *of_parent)
{
	struct vigil_identity *identity, *found = NULL;

	lockdep_assert_held(&ids->lock);
	hash_for_each_possible(ids->by_base, identity, node,
			       identity_key(layout->mmap_base, self_exec_id)) {
		if (identity->mmap_base != layout->mmap_base ||
		    identity->self_exec_id != self_exec_id)
			continue;
		if (identity->exe_file == layout->exe_file)
			return identity_get(identity);
		if (!found || identity == of_parent)
			found = identity;
	}
	return identity_get(found);
}

static struct vigil_identity *
identity_new(struct vigil_identities *ids, const struct vigil_task *task,
	     const struct vigil_mm_layout *layout, const char *exe)
{
	const size_t size = strlen(exe) + 1;
	struct vigil_identity *identity;

	identity = kzalloc(struct_size(identity, exe, size), GFP_KERNEL_ACCOUNT);
	if (!identity)
		return NULL;
	refcount_set(&identity->users, 1);
	identity->mmap_base = layout->mmap_base;
	identity->exe_file = layout->exe_file;
	identity->self_exec_id = task->self_exec_id;
	memcpy(identity->comm, task->comm, sizeof(identity->comm));
	memcpy(identity->exe, exe, size);
	spin_lock(&ids->lock);
	identity->number = ++ids->last_number;
	hash_add(ids->by_base, &identity->node,
		 identity_key(identity->mmap_base, identity->self_exec_id));
	spin_unlock(&ids->lock);
	return identity;
}

/* --- known processes ------------------------------------------------------ */

static struct known *known_find(struct vigil_identities *ids, u32 pid,
				u64 start_time)
{
	struct known *k;

	lockdep_assert_held(&ids->lock);
	hash_for_each_possible(ids->known, k, node, pid) {
		if (k->pid == pid && k->start_time == start_time)
			return k;
	}
	return NULL;
}

static u32 known_entry_id(const struct known *k)
{
	return k->entry ? k->entry->id : 0;
}

/*
 * Have all processes of a program the same entry?  By a process id or a user id one
 * can have an entry, and another one that fork() made of it none: they share memory
 * that is nobody else's.
 */
static void identity_compare(struct vigil_identities *ids,
			     struct vigil_identity *identity)
{
	struct known *k;
	bool differ;

	lockdep_assert_held(&ids->lock);
	/* None has it any more: the first that comes is as good. */
	if (!identity->nr_common && identity->nr) {
		k = hlist_entry(identity->processes.first, struct known,
				of_identity);
		identity->common = known_entry_id(k);
		hlist_for_each_entry(k, &identity->processes, of_identity)
			identity->nr_common +=
				known_entry_id(k) == identity->common;
	}
	differ = identity->nr_common != identity->nr;
	if (differ == identity->entries_differ)
		return;
	identity->entries_differ = differ;
	/* Who was remembered before doesn't know it. */
	WRITE_ONCE(ids->epoch, ids->epoch + 1);
}

/* What it runs and what protects it, at once: one of them alone is not compared. */
static void known_set(struct vigil_identities *ids, struct known *k,
		      struct vigil_identity *identity,
		      struct vigil_protect *entry)
{
	struct vigil_identity *old = k->identity;

	lockdep_assert_held(&ids->lock);
	if (old == identity && k->entry == entry)
		return;
	if (old) {
		old->nr--;
		old->nr_common -= known_entry_id(k) == old->common;
	}
	if (k->entry)
		atomic_dec(&k->entry->processes);
	k->entry = entry;
	if (entry)
		atomic_inc(&entry->processes);
	if (old != identity) {
		if (old)
			hlist_del(&k->of_identity);
		k->identity = identity_get(identity);
		if (identity)
			hlist_add_head(&k->of_identity, &identity->processes);
	}
	if (identity) {
		identity->nr++;
		identity->nr_common += known_entry_id(k) == identity->common;
		identity_compare(ids, identity);
	}
	if (old && old != identity) {
		identity_compare(ids, old);
		identity_put(ids, old);
	}
}

/* An entry that is being removed protects nobody any more. */
static struct vigil_protect *known_entry(const struct known *k)
{
	return k->entry && !READ_ONCE(k->entry->removed) ? k->entry : NULL;
}

static void known_set_missed(struct vigil_identities *ids, struct known *k,
			     bool missed)
{
	lockdep_assert_held(&ids->lock);
	if (k->missed == missed)
		return;
	k->missed = missed;
	k->missed_walk = ids->walk;
	WRITE_ONCE(ids->nr_missed, ids->nr_missed + (missed ? 1 : -1));
}

static void known_free(struct vigil_identities *ids, struct known *k)
{
	lockdep_assert_held(&ids->lock);
	known_set_missed(ids, k, false);
	hash_del(&k->node);
	WRITE_ONCE(ids->nr, ids->nr - 1);
	known_set(ids, k, NULL, NULL);
	kfree(k);
}

/* --- who is it? ----------------------------------------------------------- */

/*
 * struct subject - A process, while it is being identified
 */
struct subject {
	struct vigil_task task;
	/** @identity: With a reference of its own. */
	struct vigil_identity *identity;
	/** @inherited: What protects it because it protected another one. */
	struct vigil_protect *inherited;
	/** @is_new: It calls itself what it does for the first time. */
	bool is_new;
};

/* The one that comes first. */
static struct vigil_protect *first_entry(struct vigil_protect *a,
					 struct vigil_protect *b)
{
	if (!a || !b)
		return a ?: b;
	return a->id <= b->id ? a : b;
}

static struct vigil_protect *entry_by_id(struct vigil_identities *ids, u32 id)
{
	struct vigil_protect *entry;

	if (!id)
		return NULL;
	entry = vigil_policy_next(ids->policy, ids->srcu, id);
	return entry && entry->id == id ? entry : NULL;
}

static int subject_identify(struct vigil_identities *ids,
			    struct vigil_linux *lx,
			    const struct vigil_task *task,
			    struct vigil_who *who, unsigned int depth);

/* What is known of its parent; false: nothing. */
static bool subject_parent(struct vigil_identities *ids, struct vigil_linux *lx,
			   const struct vigil_task *task, unsigned int depth,
			   struct vigil_task *parent, struct vigil_who *who)
{
	return depth < PARENTS_MAX && task->parent &&
	       !vigil_linux_read_task(lx, task->parent, parent) &&
	       parent->pid != task->pid &&
	       !subject_identify(ids, lx, parent, who, depth + 1) &&
	       who->identity;
}

/*
 * What protects those whose child an orphan may be, or one by CLONE_PARENT: it has
 * the user id of its parent, unless it has taken another one.  If that can be
 * several it is protected if one is.
 */
static struct vigil_protect *subject_inherited(struct vigil_identities *ids,
					       const struct subject *s)
{
	struct vigil_protect *alike = NULL, *other = NULL;
	bool is_alike = false;
	struct known *k;

	spin_lock(&ids->lock);
	hlist_for_each_entry(k, &s->identity->processes, of_identity) {
		if (k->uid == s->task.uid) {
			alike = first_entry(alike, known_entry(k));
			is_alike = true;
		} else {
			other = first_entry(other, known_entry(k));
		}
	}
	spin_unlock(&ids->lock);
	return first_entry(entry_by_id(ids, s->identity->entry),
			   is_alike ? alike : other);
}

static struct vigil_identity *
subject_identity_of(struct vigil_identities *ids, const struct vigil_task *task)
{
	struct vigil_identity *identity = NULL;
	struct known *k;

	spin_lock(&ids->lock);
	k = known_find(ids, task->pid, task->start_time);
	if (k && k->self_exec_id == task->self_exec_id)
		identity = identity_get(k->identity);
	spin_unlock(&ids->lock);
	return identity;
}

/*
 * The process may have called exec() while it was looked at: the kernel sets its
 * name before it counts, and its rights after that, so what is read now is of the
 * program that was looked at, if it is still that.
 */
static int subject_read_again(struct vigil_linux *lx, struct subject *s)
{
	struct vigil_task now;
	int err;

	err = vigil_linux_read_task(lx, s->task.task, &now);
	if (err)
		return err;
	if (now.pid != s->task.pid || now.start_time != s->task.start_time ||
	    now.self_exec_id != s->task.self_exec_id || now.mm != s->task.mm)
		return -EAGAIN;
	s->task = now;
	return 0;
}

static int subject_read_exe(struct vigil_linux *lx, u64 exe_file, char *exe)
{
	int err = 0;

	exe[0] = '\0';
	if (exe_file)
		err = vigil_linux_file_path(lx, exe_file, exe, EXE_SIZE);
	if (err == -ENOENT)
		err = 0;
	/* Of a path that is too long only the end was read. */
	if (exe[0] != '/')
		exe[0] = '\0';
	return err;
}

/*
 * What a process runs that was not known to run it.  @before is what protected
 * it until then, if it was known.
 */
static int subject_find(struct vigil_identities *ids, struct vigil_linux *lx,
			struct subject *s, struct vigil_protect *before,
			unsigned int depth)
{
	struct vigil_identity *of_parent = NULL;
	struct vigil_mm_layout layout;
	struct vigil_who who = {};
	struct vigil_task parent;
	char *exe = NULL;
	bool forked;
	int err;

	err = vigil_linux_mm_layout(lx, s->task.mm, &layout);
	if (err)
		return err;
	/* In the middle of exec(). */
	if (!layout.mmap_base)
		return -EAGAIN;
	forked = s->task.leader_flags & VIGIL_PF_FORKNOEXEC;
	if (subject_parent(ids, lx, &s->task, depth, &parent, &who) && forked &&
	    parent.self_exec_id == s->task.self_exec_id)
		of_parent = subject_identity_of(ids, &parent);
	err = subject_read_again(lx, s);
	if (err)
		goto out;
	if (forked) {
		spin_lock(&ids->lock);
		s->identity = identity_find(ids, &layout, s->task.self_exec_id,
					    of_parent);
		spin_unlock(&ids->lock);
	}
	if (s->identity) {
		s->inherited = s->identity == of_parent ?
			       who.entry : subject_inherited(ids, s);
		goto out;
	}

	exe = kmalloc(EXE_SIZE, GFP_KERNEL);
	err = exe ? subject_read_exe(lx, layout.exe_file, exe) : -ENOMEM;
	if (!err)
		err = subject_read_again(lx, s);
	if (err)
		goto out;
	s->is_new = true;
	s->identity = identity_new(ids, &s->task, &layout, exe);
	if (!s->identity)
		err = -ENOMEM;
	/* Who was not seen before it called exec() was forked by its parent. */
	if (!before)
		before = who.entry;
	if (before && before->descendants)
		s->inherited = before;
out:
	spin_lock(&ids->lock);
	identity_put(ids, of_parent);
	spin_unlock(&ids->lock);
	kfree(exe);
	return err;
}

static bool is_easier(const struct vigil_protect *entry,
		      const struct vigil_protect *than)
{
	return entry->action < than->action || (than->rules & ~entry->rules);
}

/* Is it the program's own answer, or an old one that comes before it? */
static struct vigil_protect *subject_match(struct vigil_identities *ids,
					   const struct subject *s)
{
	const struct vigil_subject subject = {
		.exe = s->identity->exe,
		.comm = s->identity->comm,
		.pid = s->task.pid,
		.start_time = s->task.start_time,
		.uid = s->task.uid,
	};
	struct vigil_protect *entry;

	entry = first_entry(vigil_policy_match(ids->policy, ids->srcu, &subject),
			    s->inherited);
	/* Without a new program nobody gets an easier one. */
	if (s->inherited && !s->is_new && is_easier(entry, s->inherited))
		entry = s->inherited;
	if (entry && (s->is_new || entry != s->inherited))
		atomic64_set(&entry->last_match, ktime_get_real_ns());
	return entry;
}

/* Does it match for what it executes, whichever process executes that? */
static bool is_of_program(const struct vigil_protect *entry)
{
	return !entry->pid && !entry->has_uid;
}

/*
 * Remember what was found, unless another one was first, who saw an earlier name
 * or a later exec().
 */
static void subject_store(struct vigil_identities *ids, const struct subject *s,
			  struct vigil_who *who)
{
	const struct vigil_task *task = &s->task;
	struct vigil_identity *identity = s->identity;
	struct known *new, *k;

	new = kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);
	spin_lock(&ids->lock);
	k = known_find(ids, task->pid, task->start_time);
	if (!k && new && ids->nr < VIGIL_KNOWN_MAX) {
		k = new;
		new = NULL;
		k->pid = task->pid;
		k->start_time = task->start_time;
		k->self_exec_id = task->self_exec_id;
		hash_add(ids->known, &k->node, k->pid);
		WRITE_ONCE(ids->nr, ids->nr + 1);
	}
	if (!k) {
		/* It will be another identity next time; not to its alerts. */
		if (identity)
			who->identity = BIT_ULL(63) |
				hash_64(task->start_time, 40) << 22 | task->pid;
	} else if (k->self_exec_id == task->self_exec_id && k->identity &&
		   k->identity != identity) {
		identity = k->identity;
		who->identity = identity->number;
		who->entry = known_entry(k);
		who->generation = k->generation;
	} else if ((s32)(task->self_exec_id - k->self_exec_id) >= 0) {
		/* Only here, because who isn't remembered is new each time. */
		if (s->is_new) {
			WRITE_ONCE(ids->identified, ids->identified + 1);
			if (who->entry)
				atomic64_inc(&who->entry->matches);
		}
		known_set(ids, k, identity, who->entry);
		k->self_exec_id = task->self_exec_id;
		k->uid = task->uid;
		k->cred = task->cred;
		k->leader = task->leader;
		k->generation = who->generation;
	}
	if (identity && who->entry && is_of_program(who->entry))
		identity->entry = who->entry->id;
	/* Who isn't remembered may be anybody's kin. */
	who->kin_differ = !k || (identity && identity->entries_differ);
	spin_unlock(&ids->lock);
	kfree(new);
}

static int subject_identify(struct vigil_identities *ids,
			    struct vigil_linux *lx,
			    const struct vigil_task *task,
			    struct vigil_who *who, unsigned int depth)
{
	struct vigil_policy *policy = ids->policy;
	struct vigil_protect *before = NULL;
	struct subject s = { .task = *task };
	bool is_asked = false;
	struct known *k;
	int err = 0;

	/* kthread_use_mm() */
	if (task->leader_flags & VIGIL_PF_KTHREAD)
		s.task.mm = 0;
	*who = (struct vigil_who){
		.generation = vigil_policy_generation(policy),
	};
	spin_lock(&ids->lock);
	who->epoch = ids->epoch;
	k = known_find(ids, task->pid, task->start_time);
	if (k) {
		before = known_entry(k);
		k->leader = task->leader;
		known_set_missed(ids, k, false);
	}
	if (k && k->self_exec_id == task->self_exec_id) {
		if (k->identity) {
			who->identity = k->identity->number;
			who->entry = before;
			is_asked = k->generation == who->generation;
			who->kin_differ = k->identity->entries_differ;
		}
		/* A process without an mm has ended, or is the kernel's. */
		if ((is_asked && (!READ_ONCE(policy->has_uid) ||
				  k->uid == task->uid)) || !s.task.mm) {
			k->cred = task->cred;
			spin_unlock(&ids->lock);
			return 0;
		}
		/* Asked about again, by what it is known as. */
		s.identity = identity_get(k->identity);
		s.inherited = before;
	}
	spin_unlock(&ids->lock);

	if (!s.identity && s.task.mm)
		err = subject_find(ids, lx, &s, before, depth);
	if (!err && s.identity) {
		who->identity = s.identity->number;
		who->entry = subject_match(ids, &s);
	}
	if (!err)
		subject_store(ids, &s, who);
	if (s.identity) {
		spin_lock(&ids->lock);
		identity_put(ids, s.identity);
		spin_unlock(&ids->lock);
	}
	return err;
}

/**
 * vigil_identify - Find out what a process runs, and what protects it
 * @ids: what is known, the policy's SRCU read-locked
 * @lx: the guest
 * @task: a task of the process, as it is now
 * @who: the answer
 *
 * May sleep.  Return: 0; -ENOMEM; or as vigil_linux_file_path().
 */
int vigil_identify(struct vigil_identities *ids, struct vigil_linux *lx,
		   const struct vigil_task *task, struct vigil_who *who)
{
	return subject_identify(ids, lx, task, who, 0);
}
EXPORT_SYMBOL_IF_KUNIT(vigil_identify);

/* --- what the sweep of the process list asks for -------------------------- */

/**
 * vigil_identities_mark - Is a process known, as it is?
 * @ids: what is known
 * @t: the leader of the process
 * @swept: it was known to a sweep before; may be NULL: no sweep asks
 */
bool vigil_identities_mark(struct vigil_identities *ids,
			   const struct vigil_thread *t, bool *swept)
{
	const u32 generation = vigil_policy_generation(ids->policy);
	bool is_known = false;
	struct known *k;

	spin_lock(&ids->lock);
	k = known_find(ids, t->pid, t->start_time);
	if (swept) {
		*swept = k && k->swept;
		if (k)
			k->swept = true;
	}
	if (k) {
		k->leader = t->task;
		known_set_missed(ids, k, false);
		/* Other credentials may have another user id. */
		is_known = k->self_exec_id == t->self_exec_id &&
			   (k->identity ? k->generation == generation &&
					  (!READ_ONCE(ids->policy->has_uid) ||
					   k->cred == t->cred) : !t->mm);
	}
	spin_unlock(&ids->lock);
	return is_known;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_identities_mark);

/**
 * vigil_identities_some - Some of the processes that are known
 * @ids: what is known
 * @bucket: where to begin, 0 at first; where to go on
 * @t: the processes, as they were when they were seen
 * @max: room in @t
 *
 * Return: how many; more than fit in @t are left out.  0: none is known.
 */
unsigned int vigil_identities_some(struct vigil_identities *ids,
				   unsigned int *bucket, struct vigil_thread *t,
				   unsigned int max)
{
	unsigned int nr = 0;
	struct known *k;

	spin_lock(&ids->lock);
	/* Empty ones are passed in some microseconds, however many there are. */
	for (unsigned int i = 0; !nr && i < HASH_SIZE(ids->known); i++) {
		hlist_for_each_entry(k, &ids->known[*bucket], node) {
			if (nr == max)
				break;
			t[nr++] = (struct vigil_thread){
				.task = k->leader,
				.start_time = k->start_time,
				.pid = k->pid,
			};
		}
		*bucket = (*bucket + 1) % HASH_SIZE(ids->known);
	}
	spin_unlock(&ids->lock);
	return nr;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_identities_some);

/**
 * vigil_identities_missed - A process was not where it was seen
 * @ids: what is known
 * @t: the process, of vigil_identities_some()
 *
 * It has ended, or a thread of it has called exec(): that one takes the place of
 * the leader, and is somewhere else from then on.  A walk of the list tells.
 */
void vigil_identities_missed(struct vigil_identities *ids,
			     const struct vigil_thread *t)
{
	struct known *k;

	spin_lock(&ids->lock);
	k = known_find(ids, t->pid, t->start_time);
	if (k && k->leader == t->task) {
		/* There is no room to wait in until a walk was there and back. */
		if (k->missed && ids->nr == VIGIL_KNOWN_MAX)
			known_free(ids, k);
		else
			known_set_missed(ids, k, true);
	}
	spin_unlock(&ids->lock);
}
EXPORT_SYMBOL_IF_KUNIT(vigil_identities_missed);

/* A walk of the list begins. */
void vigil_identities_begin_walk(struct vigil_identities *ids)
{
	spin_lock(&ids->lock);
	ids->walk++;
	spin_unlock(&ids->lock);
}
EXPORT_SYMBOL_IF_KUNIT(vigil_identities_begin_walk);

/* All of them, or those that ended before the walk that came last. */
static void known_free_some(struct vigil_identities *ids, bool all)
{
	struct hlist_node *next;
	struct known *k;

	for (int i = 0; i < HASH_SIZE(ids->known); i++) {
		spin_lock(&ids->lock);
		hlist_for_each_entry_safe(k, next, &ids->known[i], node) {
			if (all || (k->missed && k->missed_walk != ids->walk))
				known_free(ids, k);
		}
		spin_unlock(&ids->lock);
		cond_resched();
	}
}

/**
 * vigil_identities_end_walk - The whole list was walked
 * @ids: what is known
 *
 * Who was missed before the walk began, and was not met since, has ended.
 */
void vigil_identities_end_walk(struct vigil_identities *ids)
{
	if (READ_ONCE(ids->nr_missed))
		known_free_some(ids, false);
}
EXPORT_SYMBOL_IF_KUNIT(vigil_identities_end_walk);

/**
 * vigil_identities_drop_entry - An entry protects nobody any more
 * @ids: what is known
 * @entry: the entry, marked as removed since a grace period
 */
void vigil_identities_drop_entry(struct vigil_identities *ids,
				 struct vigil_protect *entry)
{
	struct known *k;

	for (int i = 0; i < HASH_SIZE(ids->known); i++) {
		spin_lock(&ids->lock);
		hlist_for_each_entry(k, &ids->known[i], node) {
			if (k->entry == entry)
				known_set(ids, k, k->identity, NULL);
		}
		spin_unlock(&ids->lock);
		cond_resched();
	}
}
EXPORT_SYMBOL_IF_KUNIT(vigil_identities_drop_entry);

/* The guest is another one. */
void vigil_identities_forget_all(struct vigil_identities *ids)
{
	known_free_some(ids, true);
	/* What vCPUs remember was of the other one, too. */
	spin_lock(&ids->lock);
	WRITE_ONCE(ids->epoch, ids->epoch + 1);
	spin_unlock(&ids->lock);
}
EXPORT_SYMBOL_IF_KUNIT(vigil_identities_forget_all);
