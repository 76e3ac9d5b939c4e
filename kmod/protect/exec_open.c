// SPDX-License-Identifier: GPL-2.0
/*
 * Exec protection: pages that are open, and for how long.
 *
 * Who maps an open page may write to it and execute it, and nobody is asked.
 * Its frame takes that along when the guest gives it to another process, so
 * there are few open pages, and none for long.
 */
#include <linux/jiffies.h>
#include <linux/kvm_host.h>
#include <linux/minmax.h>

#include "protect/exec_priv.h"

/*
 * Code that goes on writing to its page pays with three faults for each time
 * that this is over, which nobody notices once a second.  Much less would cost
 * more, and still be enough for a frame to change hands.
 */
#define OPEN_TIME	HZ

static struct vigil_open *nth_open(struct vigil_exec *exec, unsigned int n)
{
	lockdep_assert_held(&exec->open_lock);
	return &exec->open[(exec->first_open + n) % VIGIL_OPEN];
}

static bool is_noted(struct vigil_exec *exec, gfn_t gfn)
{
	for (unsigned int n = 0; n < exec->nr_open; n++) {
		if (nth_open(exec, n)->gfn == gfn)
			return true;
	}
	return false;
}

static gfn_t take_oldest(struct vigil_exec *exec)
{
	gfn_t gfn = nth_open(exec, 0)->gfn;

	exec->first_open++;
	exec->nr_open--;
	return gfn;
}

static void add_newest(struct vigil_exec *exec, gfn_t gfn)
{
	*nth_open(exec, exec->nr_open++) = (struct vigil_open){
		.gfn = gfn,
		.since = jiffies,
	};
}

/**
 * vigil_open_note - Have a page closed again
 * @exec: the VM's exec protection
 * @gfn: the page, which is opened by the answer that this is called for
 *
 * A page is closed by its note, not by its state: if it has another one by
 * then, or isn't open yet, it is asked about once more.  One that is noted
 * already was closed since, and keeps its time.
 */
void vigil_open_note(struct vigil_exec *exec, gfn_t gfn)
{
	bool full = false;
	gfn_t oldest;

	spin_lock(&exec->open_lock);
	if (!is_noted(exec, gfn)) {
		full = exec->nr_open == VIGIL_OPEN;
		if (full)
			oldest = take_oldest(exec);
		add_newest(exec, gfn);
	}
	spin_unlock(&exec->open_lock);
	if (full)
		kvm_exec_revoke_gfn(exec->vm->kvm, oldest);
	queue_delayed_work(vigil_wq, &exec->close, OPEN_TIME);
}

/* For who closes all pages, before that: later ones must not be forgotten. */
void vigil_open_forget(struct vigil_exec *exec)
{
	spin_lock(&exec->open_lock);
	exec->nr_open = 0;
	spin_unlock(&exec->open_lock);
}

/* --- closing -------------------------------------------------------------- */

/* Jiffies that the oldest one may still be open. */
static long time_left(struct vigil_exec *exec)
{
	return nth_open(exec, 0)->since + OPEN_TIME - jiffies;
}

static bool take_old(struct vigil_exec *exec, gfn_t *gfn)
{
	bool old;

	spin_lock(&exec->open_lock);
	old = exec->nr_open && time_left(exec) <= 0;
	if (old)
		*gfn = take_oldest(exec);
	spin_unlock(&exec->open_lock);
	return old;
}

/* Sooner than a page that was noted meanwhile would have it. */
static void schedule_close(struct vigil_exec *exec)
{
	spin_lock(&exec->open_lock);
	if (exec->nr_open)
		mod_delayed_work(vigil_wq, &exec->close,
				 max(time_left(exec), 0L));
	spin_unlock(&exec->open_lock);
}

static void close_work(struct work_struct *work)
{
	struct vigil_exec *exec = container_of(to_delayed_work(work),
					       struct vigil_exec, close);
	gfn_t gfn;

	while (take_old(exec, &gfn))
		kvm_exec_revoke_gfn(exec->vm->kvm, gfn);
	schedule_close(exec);
}

void vigil_open_init(struct vigil_exec *exec)
{
	spin_lock_init(&exec->open_lock);
	INIT_DELAYED_WORK(&exec->close, close_work);
}

/* No fetch comes any more, and KVM has closed all pages. */
void vigil_open_stop(struct vigil_exec *exec)
{
	cancel_delayed_work_sync(&exec->close);
	vigil_open_forget(exec);
}
