// SPDX-License-Identifier: GPL-2.0
/*
 * The sweep of a guest's process list.
 *
 * A process that runs what others have run before it makes no fetch that KVM asks
 * about, and may call itself something else before it makes one.  So the list is
 * looked at for it.  The kernel puts new processes at the end of the list: most of
 * the time the sweep knows the last one, and that is all.  Who is new is looked at
 * for a second more, because the new program comes by exec() soon after fork().
 * Those that are known are asked in turn whether they are still there and what they
 * were.  The list as a whole is walked where one is not, because a thread that calls
 * exec() takes its leader's place in it; and now and then, for those that were missed.
 */
#include <linux/jiffies.h>
#include <linux/kvm_host.h>
#include <linux/memcontrol.h>
#include <linux/minmax.h>
#include <linux/sched/mm.h>
#include <linux/timekeeping.h>

#include "core/vm.h"
#include "guest/budget.h"
#include "protect/exec/identity.h"
#include "protect/exec/process_sweep.h"
#include "protect/guest.h"

/* Twice in the 100 ms after which a new process has to be known. */
#define SWEEP_PERIOD	(HZ / 20)
/* How long a process is young, and the rest between two walks of the list. */
#define YOUNG_TIME	HZ
#define WALK_PERIOD	(30 * HZ)
/* The rest where somebody was not where it was seen. */
#define WALK_PERIOD_MISSED	HZ
/*
 * What each of its four parts may take, so that a guest gets no more than 6% of a
 * processor, and none can take the time of another one.  Who is new costs most.
 */
#define NEW_PART_NS	NSEC_PER_MSEC
#define PART_NS		(NSEC_PER_MSEC / 2)
/*
 * Known processes are asked once a second if they are few, and else every five
 * seconds, if the time suffices.
 */
#define SWEEPS_OF_FEW	20
#define SWEEPS_OF_MANY	100
#define KNOWN_AT_ONCE	16U
/* Processes that were made since the last sweep; if more were, all are walked. */
#define NEW_MAX		256

static void sweep_add_young(struct vigil_process_sweep *s,
			    const struct vigil_thread *t)
{
	struct vigil_young *y = &s->young[s->young_next++ % VIGIL_YOUNG_MAX];

	/* There are too many: one is found by a walk, if it calls exec(). */
	if (y->leader && time_before(jiffies, y->until))
		s->next_walk = jiffies;
	*y = (struct vigil_young){
		.leader = t->task,
		.start_time = t->start_time,
		.pid = t->pid,
		.until = jiffies + YOUNG_TIME,
	};
}

/*
 * Return: 1 if it is known as it is; 0 if it is known from now on; or an error.
 * @swept: a sweep knew it before.
 */
static int sweep_process(struct vigil_process_sweep *s, struct vigil_linux *lx,
			 const struct vigil_thread *t, bool *swept)
{
	struct vigil_task task;
	struct vigil_who who;
	int err;

	if (vigil_identities_mark(s->ids, t, swept))
		return 1;
	err = vigil_linux_read_task(lx, t->task, &task);
	if (!err)
		err = vigil_identify(s->ids, lx, &task, &who);
	if (!err && !*swept)
		vigil_identities_mark(s->ids, t, swept);
	return err;
}

/*
 * From the end of the list back to the first that a sweep has seen.  One that is
 * known for another reason, a fetch or a child, may have others before it that
 * are not.
 */
static void sweep_new(struct vigil_process_sweep *s, struct vigil_linux *lx,
		      const struct vigil_budget *budget)
{
	struct vigil_thread t;
	u64 cursor = 0;
	bool swept;

	for (int i = 0; i < NEW_MAX; i++) {
		int err = vigil_linux_prev_process(lx, &cursor);

		if (err == -ENOENT)
			return;
		/* What ends while it is looked at is no loss: go over all. */
		if (err || vigil_linux_read_thread(lx, cursor, &t))
			break;
		vigil_identities_mark(s->ids, &t, &swept);
		if (swept)
			return;
		/* Also one that is in the middle of exec(). */
		sweep_add_young(s, &t);
		sweep_process(s, lx, &t, &swept);
		if (vigil_budget_check(budget))
			break;
	}
	s->next_walk = jiffies;
}

static void sweep_young(struct vigil_process_sweep *s, struct vigil_linux *lx,
			const struct vigil_budget *budget)
{
	for (int i = 0; i < VIGIL_YOUNG_MAX; i++) {
		struct vigil_young *y;
		struct vigil_thread t;
		bool swept;

		/* Where the last sweep ended, so that all have their turn. */
		y = &s->young[s->young_at++ % VIGIL_YOUNG_MAX];
		if (!y->leader)
			continue;
		if (time_after(jiffies, y->until) ||
		    vigil_linux_read_thread(lx, y->leader, &t) ||
		    t.pid != y->pid || t.start_time != y->start_time) {
			y->leader = 0;
			continue;
		}
		/* A shell may go on to another program as soon. */
		if (!sweep_process(s, lx, &t, &swept))
			y->until = jiffies + YOUNG_TIME;
		if (vigil_budget_check(budget))
			return;
	}
}

/* Those that are known, in turn: they may have ended, or called exec(). */
static void sweep_known(struct vigil_process_sweep *s, struct vigil_linux *lx,
			const struct vigil_budget *budget)
{
	const unsigned int all = READ_ONCE(s->ids->nr);
	const unsigned int share = max(min(all / SWEEPS_OF_FEW, KNOWN_AT_ONCE),
				       all / SWEEPS_OF_MANY) + 1;
	struct vigil_thread known[KNOWN_AT_ONCE], t;
	unsigned int done = 0, nr;
	bool swept;

	do {
		nr = vigil_identities_some(s->ids, &s->bucket, known,
					   KNOWN_AT_ONCE);
		for (unsigned int i = 0; i < nr; i++) {
			if (vigil_linux_read_thread(lx, known[i].task, &t) ||
			    t.pid != known[i].pid ||
			    t.start_time != known[i].start_time) {
				vigil_identities_missed(s->ids, &known[i]);
				if (time_after(s->next_walk,
					       jiffies + WALK_PERIOD_MISSED))
					s->next_walk = jiffies +
						       WALK_PERIOD_MISSED;
			} else if (!sweep_process(s, lx, &t, &swept)) {
				sweep_add_young(s, &t);
			}
		}
		done += nr;
		cond_resched();
	} while (nr && done < share && !vigil_budget_check(budget));
}

static void sweep_begin_walk(struct vigil_process_sweep *s,
			     struct vigil_linux *lx)
{
	struct vigil_thread t;
	u64 last = 0;

	s->walking = true;
	s->cursor = 0;
	/* What is asked for from now on comes after this one. */
	s->next_walk = jiffies + WALK_PERIOD;
	/* Younger ones are at the end, and needn't be met: that can be no end of them. */
	s->newest = U64_MAX;
	if (!vigil_linux_prev_process(lx, &last) &&
	    !vigil_linux_read_thread(lx, last, &t))
		s->newest = t.start_time;
	vigil_identities_begin_walk(s->ids);
}

/* Is the process that the walk is at the one that was there? */
static bool sweep_is_at_cursor(const struct vigil_process_sweep *s,
			       struct vigil_linux *lx)
{
	struct vigil_thread t;

	return !s->cursor ||
	       (!vigil_linux_read_thread(lx, s->cursor, &t) &&
		t.pid == s->cursor_pid && t.start_time == s->cursor_time);
}

/* Some more of the list. */
static void sweep_walk(struct vigil_process_sweep *s, struct vigil_linux *lx,
		       const struct vigil_budget *budget)
{
	struct vigil_thread t;
	bool swept;
	int err;

	if (!s->walking) {
		if (time_before(jiffies, s->next_walk))
			return;
		sweep_begin_walk(s, lx);
	} else if (!sweep_is_at_cursor(s, lx)) {
		s->cursor = 0;
	}
	if (!s->cursor)
		s->steps = 0;
	do {
		u64 cursor = s->cursor;

		err = vigil_linux_next_process(lx, &cursor);
		if (!err)
			err = vigil_linux_read_thread(lx, cursor, &t);
		if (err == -ENOENT || (!err && t.start_time > s->newest)) {
			vigil_identities_end_walk(s->ids);
			s->walking = false;
			return;
		}
		if (err) {
			/* The list has changed there: the next sweep begins anew. */
			s->cursor = 0;
			return;
		}
		/* More can't be: the list leads round in a circle. */
		if (s->steps++ == VIGIL_MAX_TASKS) {
			s->walking = false;
			return;
		}
		/* Who can't be read is in doubt at its next fetch, not here. */
		if (!sweep_process(s, lx, &t, &swept))
			sweep_add_young(s, &t);
		s->cursor = cursor;
		s->cursor_time = t.start_time;
		s->cursor_pid = t.pid;
		cond_resched();
	} while (!vigil_budget_check(budget));
}

static void sweep_processes(struct vigil_process_sweep *s,
			    struct vigil_linux *lx)
{
	const unsigned int guest = vigil_guest_generation(s->vm);
	struct vigil_budget budget;

	if (xchg(&s->restart, false)) {
		s->walking = false;
		s->next_walk = jiffies;
	}
	/* With another profile it is another guest. */
	if (s->guest != guest) {
		vigil_identities_forget_all(s->ids);
		memset(s->young, 0, sizeof(s->young));
		s->walking = false;
		s->next_walk = jiffies;
		s->guest = guest;
	}
	vigil_budget_init(&budget, NEW_PART_NS, &s->vm->ending);
	sweep_new(s, lx, &budget);
	vigil_budget_init(&budget, NEW_PART_NS, &s->vm->ending);
	sweep_young(s, lx, &budget);
	vigil_budget_init(&budget, PART_NS, &s->vm->ending);
	sweep_known(s, lx, &budget);
	vigil_budget_init(&budget, PART_NS, &s->vm->ending);
	sweep_walk(s, lx, &budget);
}

static void process_sweep_work(struct work_struct *work)
{
	struct vigil_process_sweep *s =
		container_of(to_delayed_work(work), struct vigil_process_sweep,
			     work);
	const u64 begin = ktime_get_ns();
	struct mem_cgroup *memcg, *old;
	struct vigil_view view;

	/* What the guest makes it remember is the VMM's memory, as in a fetch. */
	memcg = get_mem_cgroup_from_mm(s->vm->kvm->mm);
	old = set_active_memcg(memcg);
	if (!vigil_view_open_as(&view, s->vm, VIGIL_PROFILE_OS_LINUX)) {
		sweep_processes(s, &view.lx);
		WRITE_ONCE(s->sweeps, s->sweeps + 1);
		WRITE_ONCE(s->time, s->time + ktime_get_ns() - begin);
	}
	vigil_view_close(&view);
	set_active_memcg(old);
	mem_cgroup_put(memcg);
	if (!READ_ONCE(s->stopping))
		queue_delayed_work(vigil_wq, &s->work, SWEEP_PERIOD);
}

void vigil_process_sweep_init(struct vigil_process_sweep *s,
			      struct vigil_vm *vm,
			      struct vigil_identities *ids)
{
	s->vm = vm;
	s->ids = ids;
	s->guest = vigil_guest_generation(vm);
	INIT_DELAYED_WORK(&s->work, process_sweep_work);
}

/* Begins with all processes that there are, now. */
void vigil_process_sweep_start(struct vigil_process_sweep *s)
{
	WRITE_ONCE(s->stopping, false);
	WRITE_ONCE(s->restart, true);
	mod_delayed_work(vigil_wq, &s->work, 0);
}

void vigil_process_sweep_stop(struct vigil_process_sweep *s)
{
	WRITE_ONCE(s->stopping, true);
	cancel_delayed_work_sync(&s->work);
}
