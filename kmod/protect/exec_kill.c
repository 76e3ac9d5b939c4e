// SPDX-License-Identifier: GPL-2.0
/*
 * Exec protection: processes that run no more.
 *
 * Only the guest's kernel can end a process of the guest.  What can be done is
 * to refuse all of its fetches: each is an invalid-opcode fault, and when the
 * handlers of the signal fault as well the kernel gives up on the process.
 * Whether it is gone is looked up in the list of processes, and told.
 */
#include <linux/kvm_host.h>
#include <linux/random.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include "core/count.h"
#include "protect/exec_priv.h"
#include "protect/guest.h"

#define CONDEMNED_MAX	64
#define WATCH_PERIOD	(HZ / 10)
/* When the outcome is told even if the process lives. */
#define OUTCOME_TIME	(5 * HZ)
/* Who lives on after that may do so for ever. */
#define TOLD_PERIOD	(5 * HZ)
/* A longer list isn't walked ten times a second. */
#define WATCHED_TASKS	65536
/* A list that changes can hide a process from one walk. */
#define GONE_WALKS	2
/* How long no walk may succeed before nobody stays condemned. */
#define BLIND_TIME	(60 * HZ)

/*
 * The process is identified by its number and by when it started: it can leave
 * its address space by execve(), but these stay.
 *
 * One that shares the address space is to stop as well.  That is identified by
 * its address and by where its stack starts, because the guest's next process
 * may get the same mm_struct before this is noticed.  Who shares it can set
 * another start of the stack, and is condemned for itself at its next fetch.
 */
struct condemned {
	struct list_head entry;
	u64 mm;
	u64 start_stack;
	u64 of_seq;
	u32 protect_id;
	struct vigil_alert_process process;
	unsigned long since;
	/** @seen: When it was last known whether the process lives. */
	unsigned long seen;
	unsigned int gone;
	bool told;
	/** @wanted: This round looks for it from the start. */
	bool wanted;
	/** @found: It is in the list of processes. */
	bool found;
};

static bool is_process(const struct condemned *c, u32 pid, u64 start_time)
{
	return pid == c->process.pid && start_time == c->process.start_time;
}

static bool has_mm(struct vigil_linux *lx, u64 mm, const struct condemned *c)
{
	struct vigil_mm_layout layout;

	if (c->mm != mm)
		return false;
	/* In doubt it is. */
	return vigil_linux_mm_layout(lx, mm, &layout) ||
	       layout.start_stack == c->start_stack;
}

static bool is_meant(struct vigil_linux *lx, const struct vigil_task *t,
		     const struct condemned *c)
{
	return t->mm && (is_process(c, t->pid, t->start_time) ||
			 has_mm(lx, t->mm, c));
}

/*
 * A handler that allows its own signal is called again and again, for a fault
 * at its first instruction, and the kernel ends the process when the handler's
 * stack is full.  But it doesn't see that if there are just less than 128 bytes
 * left: then it starts again at the top, and so it goes on for ever.  Other
 * distances lead elsewhere.  The process doesn't miss its stack pointer.
 */
static void upset_stack(struct vigil_desk *desk)
{
	u64 rsp = desk->cpu.gpr[VIGIL_CPU_RSP];

	vigil_cpu_set_rsp(desk->vcpu, rsp - 16 * get_random_u32_inclusive(1, 64));
}

/* Is the process at the desk one that runs no more?  Then it is upset. */
bool vigil_is_condemned(struct vigil_desk *desk)
{
	struct vigil_exec *exec = desk->vm->exec;
	struct condemned *c;

	list_for_each_entry_srcu(c, &exec->condemned, entry,
				 srcu_read_lock_held(&desk->vm->srcu)) {
		if (is_meant(&desk->lx, &desk->task, c)) {
			upset_stack(desk);
			return true;
		}
	}
	return false;
}

static struct condemned *new_condemned(struct vigil_desk *desk,
				       const struct vigil_protect *entry,
				       u64 seq, u64 start_stack)
{
	struct condemned *c = kzalloc(sizeof(*c), GFP_KERNEL_ACCOUNT);

	if (!c)
		return NULL;
	c->mm = desk->task.mm;
	c->start_stack = start_stack;
	c->of_seq = seq;
	c->protect_id = entry->id;
	c->since = jiffies;
	c->seen = c->since;
	vigil_exec_process(desk, &c->process);
	return c;
}

/* Another thread of the process may have been first. */
static bool add(struct vigil_exec *exec, struct condemned *new)
{
	struct condemned *c;
	bool added = false;

	spin_lock(&exec->kill_lock);
	if (exec->nr_condemned == CONDEMNED_MAX)
		goto out;
	list_for_each_entry(c, &exec->condemned, entry) {
		if (is_process(c, new->process.pid, new->process.start_time) ||
		    (c->mm == new->mm && c->start_stack == new->start_stack))
			goto out;
	}
	list_add_tail_rcu(&new->entry, &exec->condemned);
	exec->nr_condemned++;
	exec->sweep_wanted = true;
	added = true;
out:
	spin_unlock(&exec->kill_lock);
	return added;
}

/**
 * vigil_kill - Refuse all fetches of a process from now on
 * @desk: a fetch of the process
 * @entry: what protects it
 * @seq: the alert that tells why
 *
 * If too many are condemned already, only this fetch is refused.
 */
void vigil_kill(struct vigil_desk *desk, const struct vigil_protect *entry,
		u64 seq)
{
	struct vigil_exec *exec = desk->vm->exec;
	struct vigil_mm_layout layout;
	struct condemned *c;

	if (vigil_linux_mm_layout(&desk->lx, desk->task.mm, &layout))
		return;
	c = new_condemned(desk, entry, seq, layout.start_stack);
	if (c && add(exec, c))
		/* What was granted to it is asked about again. */
		mod_delayed_work(vigil_wq, &exec->kill, 0);
	else
		kfree(c);
}

/* --- the outcome ---------------------------------------------------------- */

static void tell(struct vigil_exec *exec, struct condemned *c,
		 enum vigil_outcome outcome)
{
	struct vigil_alert *alert = kzalloc(sizeof(*alert), GFP_KERNEL_ACCOUNT);

	c->told = true;
	if (!alert)
		return;
	alert->kind = VIGIL_ALERT_KIND_KILL_OUTCOME;
	alert->protect_id = c->protect_id;
	alert->asked = VIGIL_ACTION_KILL;
	alert->outcome = outcome;
	alert->of_seq = c->of_seq;
	alert->process = c->process;
	vigil_count(exec->vm, VIGIL_COUNT_ALERTS);
	vigil_alert_raise(exec->vm, alert);
}

static void forget(struct vigil_exec *exec, struct condemned *c)
{
	spin_lock(&exec->kill_lock);
	list_del_rcu(&c->entry);
	exec->nr_condemned--;
	spin_unlock(&exec->kill_lock);
	synchronize_srcu(&exec->vm->srcu);
	kfree(c);
}

static bool is_ending(const struct vigil_exec *exec)
{
	return !READ_ONCE(exec->on) || atomic_read(&exec->vm->ending);
}

static void find(struct vigil_exec *exec, struct vigil_linux *lx,
		 const struct vigil_task *t)
{
	struct condemned *c;

	list_for_each_entry(c, &exec->condemned, entry) {
		if (!c->found && is_meant(lx, t, c))
			c->found = true;
	}
}

static int walk(struct vigil_exec *exec, struct vigil_linux *lx)
{
	struct vigil_task t;
	u64 cursor = 0;
	int err;

	for (int i = 0; i < WATCHED_TASKS && !is_ending(exec); i++) {
		err = vigil_linux_next_task(lx, &cursor, &t);
		if (err)
			return err == -ENOENT ? 0 : err;
		find(exec, lx, &t);
		cond_resched();
	}
	return -EUCLEAN;
}

/* Return: 0 if the whole list of processes was seen, or an error. */
static int look(struct vigil_exec *exec)
{
	struct vigil_view view;
	int err;

	err = vigil_view_open_as(&view, exec->vm, VIGIL_PROFILE_OS_LINUX);
	if (!err)
		err = walk(exec, &view.lx);
	vigil_view_close(&view);
	return err;
}

/*
 * Another guest may run by now, and nobody stays condemned for that.  A process
 * that breaks a walk or two is no other guest.
 */
static bool is_pardoned(const struct condemned *c, int err)
{
	return err == -ENODATA || err == -EOPNOTSUPP ||
	       time_after(jiffies, c->seen + BLIND_TIME);
}

/* @err: of a walk that did not find it. */
static void check(struct vigil_exec *exec, struct condemned *c, int err)
{
	bool late = time_after(jiffies, c->since + OUTCOME_TIME);

	c->gone = c->found || err ? 0 : c->gone + 1;
	if (!err)
		c->seen = jiffies;
	if (c->gone == GONE_WALKS) {
		tell(exec, c, VIGIL_OUTCOME_DEAD);
		forget(exec, c);
	} else if (late && !c->told) {
		tell(exec, c, err ? VIGIL_OUTCOME_UNKNOWN :
				    VIGIL_OUTCOME_ALIVE);
	} else if (late && is_pardoned(c, err)) {
		forget(exec, c);
	}
}

/* Only this work takes entries out, and new ones come at the end. */
static void look_round(struct vigil_exec *exec)
{
	struct condemned *c, *next;
	int err;

	list_for_each_entry(c, &exec->condemned, entry) {
		c->wanted = true;
		c->found = false;
	}
	err = look(exec);
	list_for_each_entry_safe(c, next, &exec->condemned, entry) {
		/* The walk may have passed who was condemned meanwhile. */
		if (c->wanted)
			check(exec, c, c->found ? 0 : err);
	}
}

static unsigned long period(struct vigil_exec *exec)
{
	struct condemned *c;

	list_for_each_entry(c, &exec->condemned, entry) {
		if (!c->told || c->gone)
			return WATCH_PERIOD;
	}
	return TOLD_PERIOD;
}

static void kill_work(struct work_struct *work)
{
	struct vigil_exec *exec = container_of(to_delayed_work(work),
					       struct vigil_exec, kill);

	if (xchg(&exec->sweep_wanted, false))
		vigil_exec_close_all(exec);
	look_round(exec);
	if (READ_ONCE(exec->nr_condemned))
		queue_delayed_work(vigil_wq, &exec->kill, period(exec));
}

void vigil_kill_init(struct vigil_exec *exec)
{
	spin_lock_init(&exec->kill_lock);
	INIT_LIST_HEAD(&exec->condemned);
	INIT_DELAYED_WORK(&exec->kill, kill_work);
}

/* No fetch comes any more. */
void vigil_kill_stop(struct vigil_exec *exec)
{
	struct condemned *c, *next;

	cancel_delayed_work_sync(&exec->kill);
	list_for_each_entry_safe(c, next, &exec->condemned, entry) {
		if (!c->told)
			tell(exec, c, VIGIL_OUTCOME_UNKNOWN);
		forget(exec, c);
	}
}
