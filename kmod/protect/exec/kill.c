// SPDX-License-Identifier: GPL-2.0
/*
 * Processes that run no more.
 *
 * Only the guest's kernel can end a process of the guest.  What can be done is
 * to refuse all of its fetches: each is an invalid-opcode fault, and when the
 * handlers of the signal fault as well the kernel gives up on the process.
 * Whether it is gone is found out, and reported.
 *
 * A process is known by its number and by when it started: it can leave its
 * address space by execve(), but these stay.  Who shares its address space is to
 * stop as well, as long as it is the condemned process' own: the guest gives the
 * mm_struct of a process that has ended to the next one that it forks.
 */
#include <linux/export.h>
#include <linux/kvm_host.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <kunit/visibility.h>

#include "core/vm.h"
#include "protect/exec/kill.h"
#include "protect/exec/open.h"
#include "protect/guest.h"

/* How often a process is looked up until its outcome is reported. */
#define WATCH_PERIOD	(HZ / 10)
/* When the outcome is reported even if the process lives. */
#define OUTCOME_TIME	(5 * HZ)
/* Who lives on after that may do so for ever: the period doubles up to this. */
#define PERIOD_MAX	(300 * HZ)
/* A longer list of processes isn't walked. */
#define WALKED_TASKS	65536
/* A list that changes can hide a process from one walk. */
#define GONE_CHECKS	2
/* How long no check may succeed before nobody stays condemned. */
#define BLIND_TIME	(60 * HZ)

struct condemned {
	struct list_head entry;
	/** @leader: Guest-virtual address of the group leader's task_struct. */
	u64 leader;
	/** @mm: Its address space, as far as that was seen. */
	u64 mm;
	u32 pid;
	u64 start_time;
	/** @of_seq: An alert about it; 0: it was only counted, and so is this. */
	u64 of_seq;
	/** @outcome: The next alert about what became of it. */
	struct vigil_kill_alert *outcome;
	unsigned long since;
	/** @seen: When it was last known whether the process lives. */
	unsigned long seen;
	/** @gone: Checks in a row that did not find it. */
	unsigned int gone;
	/** @told: What became of it was. */
	bool told;
	/** @lost: Its leader's task_struct is another one's by now. */
	bool lost;
	/** @found: The list of processes has it. */
	bool found;
};

static bool condemned_is_late(const struct condemned *c)
{
	return time_after(jiffies, c->since + OUTCOME_TIME);
}

/* Has an alert of it to be followed by its outcome? */
static bool condemned_is_untold(const struct condemned *c)
{
	return READ_ONCE(c->of_seq) && !c->told;
}

static bool is_condemned_process(const struct condemned *c,
				 const struct vigil_task *t)
{
	return t->pid == c->pid && t->start_time == c->start_time;
}

/*
 * Does the address space belong to the condemned process still?  When that ends
 * its task loses the mm before anybody else can get it.  In doubt it doesn't: who
 * shares it is judged for its own code, and an honest process must not end for
 * another one's.
 */
static bool condemned_owns(const struct condemned *c, struct vigil_linux *lx,
			   u64 mm)
{
	struct vigil_task leader;

	return READ_ONCE(c->mm) == mm &&
	       !vigil_linux_read_task(lx, READ_ONCE(c->leader), &leader) &&
	       is_condemned_process(c, &leader) && leader.mm == mm;
}

/**
 * vigil_exec_is_condemned - Is a process one that runs no more?
 * @k: the condemned processes of the VM, their SRCU read-locked
 * @lx: the guest
 * @task: the task, current on a vCPU
 *
 * Reads the guest only if the address space is one that a condemned process had.
 */
bool vigil_exec_is_condemned(struct vigil_exec_kill *k, struct vigil_linux *lx,
			     const struct vigil_task *task)
{
	struct condemned *c;

	if (!task->mm)
		return false;
	list_for_each_entry_srcu(c, &k->condemned, entry,
				 srcu_read_lock_held(k->srcu)) {
		if (is_condemned_process(c, task) ||
		    condemned_owns(c, lx, task->mm))
			return true;
	}
	return false;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_exec_is_condemned);

/**
 * vigil_exec_condemn - Refuse all fetches of a process from now on
 * @k: the condemned processes of the VM
 * @task: a task of the process
 * @outcome: made by vigil_exec_kill_alert(); no more the caller's on success
 * @seq: the alert about the process, or 0: it was only counted
 *
 * What becomes of a process is told if there is an alert about the process.  Who
 * makes processes to have them killed would else make alerts without a limit.
 *
 * May sleep.  Return: 0; -EEXIST: it is condemned already; -ENOSPC: so many are
 * that this fetch alone can be refused; -ENOMEM.
 */
int vigil_exec_condemn(struct vigil_exec_kill *k,
		       const struct vigil_task *task,
		       struct vigil_kill_alert *outcome, u64 seq)
{
	struct condemned *new, *c;
	int err = 0;

	new = kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);
	if (!new)
		return -ENOMEM;
	new->leader = task->leader;
	new->mm = task->mm;
	new->pid = task->pid;
	new->start_time = task->start_time;
	new->of_seq = seq;
	new->outcome = outcome;
	new->since = jiffies;
	new->seen = new->since;

	spin_lock(&k->lock);
	/* Another thread of the process may have been first. */
	list_for_each_entry(c, &k->condemned, entry) {
		if (!is_condemned_process(c, task))
			continue;
		err = -EEXIST;
		/* It was only counted until now. */
		if (seq && !c->of_seq)
			WRITE_ONCE(c->of_seq, seq);
	}
	if (!err && k->nr == VIGIL_EXEC_CONDEMNED_MAX)
		err = -ENOSPC;
	if (!err) {
		list_add_tail_rcu(&new->entry, &k->condemned);
		WRITE_ONCE(k->nr, k->nr + 1);
		WRITE_ONCE(k->sweep_wanted, true);
	}
	spin_unlock(&k->lock);
	if (err)
		kfree(new);
	return err;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_exec_condemn);

/* Have what was granted to the condemned asked about again, and watch them. */
void vigil_exec_kill_begin(struct vigil_exec_kill *k)
{
	mod_delayed_work(vigil_wq, &k->work, 0);
}

static int kill_alert_put(struct sk_buff *msg, const struct vigil_alert *alert)
{
	const struct vigil_kill_alert *a =
		container_of(alert, struct vigil_kill_alert, header);

	return vigil_alert_process_put(msg, VIGIL_A_ALERT_PROCESS, &a->process,
				       &a->program);
}

static void kill_alert_free(struct vigil_alert *alert)
{
	kfree(container_of(alert, struct vigil_kill_alert, header));
}

static const struct vigil_alert_ops kill_alert_ops = {
	.put = kill_alert_put,
	.free = kill_alert_free,
};

/**
 * vigil_exec_kill_alert - Make the alert about what will become of a process
 * @entry: the entry that protects it
 *
 * Return: the alert, its process to be filled in, for vigil_alert_put(); or NULL.
 */
struct vigil_kill_alert *vigil_exec_kill_alert(u32 entry)
{
	struct vigil_kill_alert *a = kzalloc(sizeof(*a), GFP_KERNEL_ACCOUNT);

	if (!a)
		return NULL;
	refcount_set(&a->header.users, 1);
	a->header.ops = &kill_alert_ops;
	a->header.kind = VIGIL_ALERT_KIND_KILL_OUTCOME;
	a->header.class = VIGIL_ALERT_PROCESS;
	a->header.has_verdict = true;
	a->header.entry = entry;
	a->header.asked = VIGIL_ACTION_KILL;
	return a;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_exec_kill_alert);

/**
 * vigil_exec_kill_tell - Report what became of a process
 * @vm: the VM
 * @outcome: no more the caller's
 * @seq: the alert about the process
 * @what: what became of it
 *
 * May sleep.
 */
void vigil_exec_kill_tell(struct vigil_vm *vm, struct vigil_kill_alert *outcome,
			  u64 seq, enum vigil_outcome what)
{
	outcome->header.of_seq = seq;
	outcome->header.outcome = what;
	vigil_alert_raise(vm, &outcome->header);
}

/* --- the outcome ---------------------------------------------------------- */

/* Another one of the same process.  Return: NULL: there is no memory. */
static struct vigil_kill_alert *
kill_alert_again(const struct vigil_kill_alert *a)
{
	struct vigil_kill_alert *again = vigil_exec_kill_alert(a->header.entry);

	if (!again)
		return NULL;
	again->process = a->process;
	again->program = a->program;
	return again;
}

/*
 * @last: nothing will be told of it any more.  Return: false: there is no memory,
 * and it has to be tried again.
 */
static bool condemned_report(struct vigil_exec_kill *k, struct condemned *c,
			     enum vigil_outcome what, bool last)
{
	struct vigil_kill_alert *outcome = c->outcome;
	struct vigil_kill_alert *next = NULL;
	const u64 seq = READ_ONCE(c->of_seq);

	/* It was only counted. */
	if (!seq)
		return true;
	if (!last) {
		next = kill_alert_again(outcome);
		if (!next)
			return false;
	}
	c->outcome = next;
	c->told = true;
	vigil_exec_kill_tell(k->vm, outcome, seq, what);
	return true;
}

static void condemned_forget(struct vigil_exec_kill *k, struct condemned *c)
{
	spin_lock(&k->lock);
	list_del_rcu(&c->entry);
	WRITE_ONCE(k->nr, k->nr - 1);
	spin_unlock(&k->lock);
	synchronize_srcu(k->srcu);
	if (c->outcome)
		vigil_alert_put(&c->outcome->header);
	kfree(c);
}

/*
 * Ask the process' own task_struct: 1 if it lives, 0 if it has ended, -ESRCH if
 * that is another one's now.  Where a thread called exec() it is.
 */
static int condemned_ask(struct condemned *c, struct vigil_linux *lx)
{
	struct vigil_task t;

	if (vigil_linux_read_task(lx, c->leader, &t) ||
	    !is_condemned_process(c, &t))
		return -ESRCH;
	if (!t.mm)
		return 0;
	WRITE_ONCE(c->mm, t.mm);
	return 1;
}

/* Look in the list of processes for those whose task_struct doesn't tell. */
static int condemned_walk(struct vigil_exec_kill *k, struct vigil_linux *lx)
{
	struct condemned *c;
	struct vigil_task t;
	u64 cursor = 0;
	int err;

	for (int i = 0; i < WALKED_TASKS && !READ_ONCE(k->stopping); i++) {
		err = vigil_linux_next_task(lx, &cursor, &t);
		if (err)
			return err == -ENOENT ? 0 : err;
		list_for_each_entry(c, &k->condemned, entry) {
			if (!c->lost || !is_condemned_process(c, &t))
				continue;
			c->found = t.mm;
			WRITE_ONCE(c->leader, t.leader);
			WRITE_ONCE(c->mm, t.mm);
		}
		cond_resched();
	}
	return -EUCLEAN;
}

/*
 * @err: why it could not be found out whether it lives.  Another guest may run by
 * now, and nobody stays condemned for that; a process that breaks a walk or two
 * is no other guest.
 */
static void condemned_settle(struct vigil_exec_kill *k, struct condemned *c,
			     bool lives, int err)
{
	const bool late = condemned_is_late(c);

	if (!err)
		c->seen = jiffies;
	c->gone = lives || err ? 0 : c->gone + 1;
	if (c->gone >= GONE_CHECKS) {
		if (condemned_report(k, c, VIGIL_OUTCOME_DEAD, true))
			condemned_forget(k, c);
	} else if (late && condemned_is_untold(c)) {
		condemned_report(k, c, err ? VIGIL_OUTCOME_UNKNOWN :
					     VIGIL_OUTCOME_ALIVE, false);
	} else if (late && (err == -ENODATA || err == -EOPNOTSUPP ||
			    time_after(jiffies, c->seen + BLIND_TIME))) {
		condemned_forget(k, c);
	}
}

/* Only this work takes entries out, and new ones come at the end. */
static void condemned_check(struct vigil_exec_kill *k)
{
	struct condemned *c, *next, *last = NULL;
	struct vigil_view view;
	bool walk = false;
	int err;

	err = vigil_view_open_as(&view, k->vm, VIGIL_PROFILE_OS_LINUX);
	list_for_each_entry(c, &k->condemned, entry) {
		int lives = err ? -ESRCH : condemned_ask(c, &view.lx);

		c->lost = lives < 0;
		c->found = lives > 0;
		walk |= c->lost;
		/* The walk passes who is condemned from here on. */
		last = c;
	}
	if (!err && walk)
		err = condemned_walk(k, &view.lx);
	vigil_view_close(&view);
	if (!last)
		return;

	list_for_each_entry_safe(c, next, &k->condemned, entry) {
		const bool end = c == last;

		condemned_settle(k, c, c->found,
				 c->lost && !c->found ? err : 0);
		if (end)
			break;
	}
}

static unsigned long condemned_period(struct vigil_exec_kill *k)
{
	unsigned long period = PERIOD_MAX;
	struct condemned *c;

	list_for_each_entry(c, &k->condemned, entry) {
		if (!condemned_is_late(c) || condemned_is_untold(c) || c->gone)
			return WATCH_PERIOD;
		period = min(period, jiffies - c->since);
	}
	return period;
}

static void condemned_work(struct work_struct *work)
{
	struct vigil_exec_kill *k = container_of(to_delayed_work(work),
						 struct vigil_exec_kill, work);

	if (xchg(&k->sweep_wanted, false))
		vigil_exec_open_close_all(k->open);
	condemned_check(k);
	if (READ_ONCE(k->nr) && !READ_ONCE(k->stopping))
		queue_delayed_work(vigil_wq, &k->work, condemned_period(k));
}

void vigil_exec_kill_init(struct vigil_exec_kill *k, struct vigil_vm *vm,
			  struct vigil_exec_open *open,
			  struct srcu_struct *srcu)
{
	memset(k, 0, sizeof(*k));
	k->vm = vm;
	k->open = open;
	k->srcu = srcu;
	spin_lock_init(&k->lock);
	INIT_LIST_HEAD(&k->condemned);
	INIT_DELAYED_WORK(&k->work, condemned_work);
}
EXPORT_SYMBOL_IF_KUNIT(vigil_exec_kill_init);

/* No fetch comes any more. */
void vigil_exec_kill_stop(struct vigil_exec_kill *k)
{
	struct condemned *c, *next;

	WRITE_ONCE(k->stopping, true);
	cancel_delayed_work_sync(&k->work);
	WRITE_ONCE(k->stopping, false);
	list_for_each_entry_safe(c, next, &k->condemned, entry) {
		if (condemned_is_untold(c))
			condemned_report(k, c, VIGIL_OUTCOME_UNKNOWN, true);
		condemned_forget(k, c);
	}
}
EXPORT_SYMBOL_IF_KUNIT(vigil_exec_kill_stop);
