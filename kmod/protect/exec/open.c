// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that may be written and executed, and for how long.
 *
 * Who maps an open page may write to it and execute it, and nobody is asked.
 * Its frame takes that along when the guest gives it to another process, so
 * there are few open pages, and none for long.
 */
#include <linux/jiffies.h>
#include <linux/kvm_host.h>
#include <linux/minmax.h>

#include "core/flavour.h"
#include "core/vm.h"
#include "protect/exec/open.h"

/*
 * Code that goes on writing to its page pays with three faults for each time
 * that this is over, which nobody notices once a second.  Much less would cost
 * more, and still be enough for a frame to change hands.
 */
#define OPEN_TIME	HZ

static struct vigil_exec_open_page *open_nth(struct vigil_exec_open *o,
					     unsigned int n)
{
	lockdep_assert_held(&o->lock);
	return &o->page[(o->first + n) % VIGIL_EXEC_OPEN_MAX];
}

static gfn_t open_take_oldest(struct vigil_exec_open *o)
{
	gfn_t gfn = open_nth(o, 0)->gfn;

	o->first++;
	o->nr--;
	return gfn;
}

/* Jiffies that the oldest one may still be open. */
static long open_time_left(struct vigil_exec_open *o)
{
	return open_nth(o, 0)->since + OPEN_TIME - jiffies;
}

/**
 * vigil_exec_open_note - Have a page closed again
 * @o: the open pages of the VM
 * @gfn: the page, which is opened by the answer that this is called for
 *
 * A page is closed by its note, not by its state: if it has another one by
 * then, or isn't open yet, it is asked about once more.  One that is noted
 * already was closed since, and keeps its time.
 */
void vigil_exec_open_note(struct vigil_exec_open *o, gfn_t gfn)
{
	bool full = false;
	gfn_t oldest;

	spin_lock(&o->lock);
	for (unsigned int n = 0; n < o->nr; n++) {
		if (open_nth(o, n)->gfn == gfn)
			goto noted;
	}
	full = o->nr == VIGIL_EXEC_OPEN_MAX;
	if (full)
		oldest = open_take_oldest(o);
	*open_nth(o, o->nr++) = (struct vigil_exec_open_page){
		.gfn = gfn,
		.since = jiffies,
	};
noted:
	spin_unlock(&o->lock);
	if (full)
		kvm_exec_revoke_gfn(o->kvm, oldest);
	queue_delayed_work(vigil_wq, &o->close, OPEN_TIME);
}

/**
 * vigil_exec_open_close_all - Close all pages of the VM, granted ones too
 * @o: the open pages of the VM
 *
 * May sleep.
 */
void vigil_exec_open_close_all(struct vigil_exec_open *o)
{
	/* First: what is opened after the sweep must keep its note. */
	spin_lock(&o->lock);
	o->nr = 0;
	spin_unlock(&o->lock);
	kvm_exec_sweep(o->kvm);
}

static void open_close_work(struct work_struct *work)
{
	struct vigil_exec_open *o = container_of(to_delayed_work(work),
						 struct vigil_exec_open, close);
	gfn_t gfn;

	spin_lock(&o->lock);
	while (o->nr && open_time_left(o) <= 0) {
		gfn = open_take_oldest(o);
		spin_unlock(&o->lock);
		kvm_exec_revoke_gfn(o->kvm, gfn);
		spin_lock(&o->lock);
	}
	/* Sooner than a page that was noted meanwhile would have it. */
	if (o->nr)
		mod_delayed_work(vigil_wq, &o->close,
				 max(open_time_left(o), 0L));
	spin_unlock(&o->lock);
}

void vigil_exec_open_init(struct vigil_exec_open *o, struct kvm *kvm)
{
	o->kvm = kvm;
	spin_lock_init(&o->lock);
	INIT_DELAYED_WORK(&o->close, open_close_work);
}

/* No fetch comes any more, and KVM has closed all pages. */
void vigil_exec_open_stop(struct vigil_exec_open *o)
{
	cancel_delayed_work_sync(&o->close);
	spin_lock(&o->lock);
	o->nr = 0;
	spin_unlock(&o->lock);
}
