// SPDX-License-Identifier: GPL-2.0
/*
 * Grants that end after a short time.
 *
 * A grant doesn't know processes: what is granted to one may be executed by all
 * processes that map the page.  Where it was given without a judgement, to one that
 * nothing protects, and a protected process can map the page as well, it ends
 * soon, and whoever fetches from the page next is asked about.
 */
#include <linux/jiffies.h>
#include <linux/kvm_host.h>
#include <linux/minmax.h>

#include "core/flavour.h"
#include "core/vm.h"
#include "protect/exec/brief.h"

/*
 * Who goes on to execute such pages asks again for each: a thousand of them are
 * some percent of a processor at this period, and a tenth of it would be half of
 * one.
 */
#define BRIEF_TIME	(HZ / 10)

/**
 * vigil_exec_brief_note - Have a page closed again
 * @b: the VM's pages that are granted for a short time
 * @gfn: the page, granted by the answer that this is called for
 */
void vigil_exec_brief_note(struct vigil_exec_brief *b, gfn_t gfn)
{
	bool full;
	gfn_t *at;
	gfn_t old;

	spin_lock(&b->lock);
	full = b->nr >= VIGIL_EXEC_BRIEF_MAX;
	at = &b->page[b->noting][b->nr++ % VIGIL_EXEC_BRIEF_MAX];
	old = *at;
	*at = gfn;
	spin_unlock(&b->lock);
	/* Who executes so many pays for it, and nobody else. */
	if (full)
		kvm_exec_revoke_gfn(b->kvm, old);
	queue_delayed_work(vigil_wq, &b->close, BRIEF_TIME);
}

static void brief_close_work(struct work_struct *work)
{
	struct vigil_exec_brief *b = container_of(to_delayed_work(work),
						  struct vigil_exec_brief,
						  close);
	const gfn_t *page;
	unsigned int nr;

	/* vCPUs go on to note pages: those have their time as well. */
	spin_lock(&b->lock);
	page = b->page[b->noting];
	nr = min(b->nr, VIGIL_EXEC_BRIEF_MAX);
	b->noting ^= 1;
	b->nr = 0;
	spin_unlock(&b->lock);

	for (unsigned int i = 0; i < nr; i++) {
		kvm_exec_revoke_gfn(b->kvm, page[i]);
		cond_resched();
	}
}

void vigil_exec_brief_init(struct vigil_exec_brief *b, struct kvm *kvm)
{
	b->kvm = kvm;
	spin_lock_init(&b->lock);
	INIT_DELAYED_WORK(&b->close, brief_close_work);
}

/* No fetch comes any more, and KVM has closed all pages. */
void vigil_exec_brief_stop(struct vigil_exec_brief *b)
{
	cancel_delayed_work_sync(&b->close);
	spin_lock(&b->lock);
	b->nr = 0;
	spin_unlock(&b->lock);
}
