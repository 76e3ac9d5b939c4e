// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that were granted for guests of the guest.
 *
 * Their code can't be judged, and a grant has no domain: what a guest's guest may
 * execute the user mode of the guest may as well.  So such a grant ends soon, and
 * that the VM isn't protected meanwhile is reported.
 */
#include <linux/jiffies.h>
#include <linux/kvm_host.h>
#include <linux/minmax.h>

#include "core/flavour.h"
#include "core/vm.h"
#include "protect/exec/nested.h"

/*
 * A guest's guest asks again for each page that it goes on to execute: the
 * thousand or so that one keeps busy are some percent of a processor at this
 * period, and a tenth of it would be half of one.
 */
#define NESTED_TIME	(HZ / 10)
/* It is reported this often. */
#define NESTED_PERIOD	(60 * HZ)

/**
 * vigil_exec_nested_note - Have a page closed again
 * @n: what was granted for guests of the VM's guest
 * @gfn: the page, granted by the answer that this is called for
 *
 * Return: true if nesting should be reported.
 */
bool vigil_exec_nested_note(struct vigil_exec_nested *n, gfn_t gfn)
{
	bool report;

	spin_lock(&n->lock);
	if (n->nr < VIGIL_EXEC_NESTED_MAX)
		n->page[n->nr++] = gfn;
	else
		n->overflow = true;
	report = !n->reported ||
		 time_after(jiffies, n->reported + NESTED_PERIOD);
	if (report)
		n->reported = jiffies ?: 1;
	spin_unlock(&n->lock);
	queue_delayed_work(vigil_wq, &n->close, NESTED_TIME);
	return report;
}

static void nested_close_work(struct work_struct *work)
{
	struct vigil_exec_nested *n = container_of(to_delayed_work(work),
						   struct vigil_exec_nested,
						   close);
	struct kvm *kvm = n->vm->kvm;
	unsigned int left;
	bool all;
	gfn_t gfn;

	spin_lock(&n->lock);
	all = n->overflow;
	n->overflow = false;
	if (all)
		n->nr = 0;
	/* vCPUs go on to note pages: those have their time as well. */
	for (left = n->nr; left && n->nr; left--) {
		gfn = n->page[--n->nr];
		spin_unlock(&n->lock);
		kvm_exec_revoke_gfn(kvm, gfn);
		cond_resched();
		spin_lock(&n->lock);
	}
	if (n->nr || n->overflow)
		queue_delayed_work(vigil_wq, &n->close, NESTED_TIME);
	spin_unlock(&n->lock);
	if (all)
		kvm_exec_sweep(kvm);
}

void vigil_exec_nested_init(struct vigil_exec_nested *n, struct vigil_vm *vm)
{
	n->vm = vm;
	spin_lock_init(&n->lock);
	INIT_DELAYED_WORK(&n->close, nested_close_work);
}

/* No fetch comes any more, and KVM has closed all pages. */
void vigil_exec_nested_stop(struct vigil_exec_nested *n)
{
	cancel_delayed_work_sync(&n->close);
	spin_lock(&n->lock);
	n->nr = 0;
	n->overflow = false;
	n->reported = 0;
	spin_unlock(&n->lock);
}
