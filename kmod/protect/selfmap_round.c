// SPDX-License-Identifier: GPL-2.0
/*
 * Self-map protection: the sweep, in rounds.
 *
 * A round looks at the tables that the vCPUs have loaded since the last, at the
 * end of the guest's process list, where new processes come, and at a few of
 * all tables and processes in turn, so that its cost does not grow with their
 * number.  It runs in every way: what comes and goes is found by it.
 */
#include <linux/kvm_host.h>
#include <linux/timekeeping.h>

#include "protect/selfmap_priv.h"

/*
 * What is done in turn, for each 10 ms of the period, and how often a whole
 * page.  That is for tables that nobody uses: those that are loaded are looked
 * at in every round.
 */
#define SLOTS_IN_TURN	16
#define WALK_IN_TURN	1
#define TURN_MS		10
#define PAGE_MS		40
/* A look at so many tables doesn't take long. */
#define AT_ONCE		16U
/* A table that no process has is forgotten after so many rounds. */
#define LOADED_ROUNDS	100

/* --- tables ------------------------------------------------------------------- */

/* If it is to be watched again, then before what a write may change is read. */
static void round_check_slot(struct vigil_selfmap *sm,
			     struct vigil_table *table)
{
	struct vigil_look look = vigil_look_in_round(sm, table);

	vigil_watch_again(sm, table);
	vigil_look_slot(&look);
	sm->wrong += look.check.hostile;
}

static void round_check_page(struct vigil_selfmap *sm,
			     struct vigil_table *table)
{
	struct vigil_look look = vigil_look_in_round(sm, table);

	vigil_watch_again(sm, table);
	vigil_look_page(&look, sm->page);
	sm->wrong += look.check.hostile;
}

static struct vigil_selfmap *of_tables(struct vigil_tables *t)
{
	return container_of(t, struct vigil_selfmap, tables);
}

/* Watched first: what is written from then on isn't missed. */
static void round_table_added(struct vigil_tables *t, struct vigil_table *table)
{
	struct vigil_selfmap *sm = of_tables(t);

	vigil_watch_table(sm, table);
	round_check_page(sm, table);
}

/* A last look, before the memory is somebody else's; or else it is theirs. */
static void round_table_removed(struct vigil_tables *t,
				struct vigil_table *table, bool taken)
{
	struct vigil_selfmap *sm = of_tables(t);

	if (sm->view && !taken)
		round_check_slot(sm, table);
	vigil_unwatch_table(sm, table);
}

static bool still_lives(struct vigil_tables *t, struct vigil_table *table)
{
	struct vigil_look look = vigil_look_in_round(of_tables(t), table);

	return vigil_look_lives(&look);
}

static const struct vigil_tables_ops tables_ops = {
	.added = round_table_added,
	.removed = round_table_removed,
	.lives = still_lives,
};

/* --- a round ------------------------------------------------------------------- */

static void round_check_loaded(struct vigil_selfmap *sm, u64 root, bool now)
{
	struct vigil_table *table;

	table = vigil_tables_loaded(&sm->tables, root, sm->rounds);
	if (!table)
		return;
	if (now)
		round_check_page(sm, table);
	else
		round_check_slot(sm, table);
}

static void round_in_turn(struct vigil_selfmap *sm, unsigned long *cursor,
			  unsigned int nr,
			  void (*check)(struct vigil_selfmap *sm,
					struct vigil_table *table))
{
	struct vigil_table *some[AT_ONCE];
	unsigned int got;

	nr = min(nr, sm->tables.nr);
	for (; nr && !atomic_read(&sm->vm->ending); nr -= got) {
		got = vigil_tables_next(&sm->tables, cursor, some,
					min(nr, AT_ONCE));
		if (!got)
			break;
		for (unsigned int i = 0; i < got; i++)
			check(sm, some[i]);
		cond_resched();
	}
}

static unsigned int round_quota(const struct vigil_selfmap *sm, unsigned int nr)
{
	return max(nr * READ_ONCE(sm->settings.period_ms) / TURN_MS, 1U);
}

static unsigned int pages_in_turn(struct vigil_selfmap *sm)
{
	unsigned int pages;

	sm->scan_ms += READ_ONCE(sm->settings.period_ms);
	pages = sm->scan_ms / PAGE_MS;
	sm->scan_ms %= PAGE_MS;
	return pages;
}

static void look_at_some(struct vigil_selfmap *sm)
{
	unsigned int nr = round_quota(sm, WALK_IN_TURN);

	while (nr-- && vigil_list_walk(sm))
		cond_resched();
	round_in_turn(sm, &sm->turn, round_quota(sm, SLOTS_IN_TURN),
		      round_check_slot);
	round_in_turn(sm, &sm->scan, pages_in_turn(sm), round_check_page);
}

/* A request that waits for this is a user of the VM: who detaches it waits. */
static void look_at_all(struct vigil_selfmap *sm)
{
	unsigned long cursor = 0;

	vigil_list_anew(sm);
	while (!atomic_read(&sm->vm->ending) && vigil_list_walk(sm))
		cond_resched();
	round_in_turn(sm, &cursor, UINT_MAX, round_check_page);
}

static void look_at_guest(struct vigil_selfmap *sm, bool full)
{
	sm->wrong = 0;
	sm->rounds++;
	vigil_system_check(sm);
	/* First, so that it is known whose the tables are that are loaded. */
	vigil_list_end(sm);
	vigil_loaded_each(sm, round_check_loaded);
	if (full)
		look_at_all(sm);
	else
		look_at_some(sm);
	vigil_tables_unload(&sm->tables, sm->rounds - LOADED_ROUNDS);
}

/* --- what the tables are of ------------------------------------------------------ */

static void forget_guest(struct vigil_selfmap *sm)
{
	struct vigil_view *view = sm->view;

	lockdep_assert_held(&sm->lock);
	/* It may show another guest already. */
	sm->view = NULL;
	vigil_tables_clear(&sm->tables);
	sm->view = view;
	sm->system_told = 0;
	vigil_list_forget(sm);
	WRITE_ONCE(sm->active, false);
}

/* Another profile may be of another boot. */
static void learn_guest(struct vigil_selfmap *sm)
{
	const struct vigil_windows *win = &sm->view->win;
	u64 root = vigil_windows_field(win, VIGIL_WINDOWS_FIELD_KERNEL_ROOT);
	u64 slot = vigil_windows_field(win, VIGIL_WINDOWS_FIELD_SELF_MAP_SLOT);

	root = vigil_selfmap_root(root);
	if (sm->active && sm->root == root && sm->tables.slot == slot)
		return;
	forget_guest(sm);
	sm->root = root;
	sm->tables.slot = slot;
	WRITE_ONCE(sm->active, true);
}

static void round_in_view(struct vigil_selfmap *sm, struct vigil_view *view,
			  bool full)
{
	if (vigil_gmem_borrow(&view->gmem, sm->vm->kvm))
		return;
	sm->view = view;
	learn_guest(sm);
	look_at_guest(sm, full);
	if (full)
		sm->all_wrong = sm->wrong;
	sm->view = NULL;
	vigil_gmem_return(&view->gmem);
}

static void one_round(struct vigil_selfmap *sm)
{
	bool full = xchg(&sm->full, false);
	struct vigil_view view;

	lockdep_assert_held(&sm->lock);
	if (!vigil_view_open_as(&view, sm->vm, VIGIL_PROFILE_OS_WINDOWS))
		round_in_view(sm, &view, full);
	else if (sm->active)
		forget_guest(sm);
	vigil_view_close(&view);
}

/* --- its timer --------------------------------------------------------------------- */

static void set_timer(struct vigil_selfmap *sm)
{
	if (READ_ONCE(sm->on))
		hrtimer_start(&sm->timer,
			      ms_to_ktime(READ_ONCE(sm->settings.period_ms)),
			      HRTIMER_MODE_REL);
}

static void round_work(struct work_struct *work)
{
	struct vigil_selfmap *sm = container_of(work, struct vigil_selfmap,
						round);
	u64 start = ktime_get_ns();

	mutex_lock(&sm->lock);
	one_round(sm);
	mutex_unlock(&sm->lock);
	vigil_selfmap_add(sm, VIGIL_SELFMAP_ROUNDS, 1);
	vigil_selfmap_add(sm, VIGIL_SELFMAP_TIME, ktime_get_ns() - start);
	set_timer(sm);
}

static enum hrtimer_restart timer_fires(struct hrtimer *timer)
{
	struct vigil_selfmap *sm = container_of(timer, struct vigil_selfmap,
						timer);

	queue_work(vigil_wq, &sm->round);
	return HRTIMER_NORESTART;
}

void vigil_round_init(struct vigil_selfmap *sm)
{
	mutex_init(&sm->lock);
	vigil_tables_init(&sm->tables, &tables_ops);
	INIT_WORK(&sm->round, round_work);
	hrtimer_init(&sm->timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	sm->timer.function = timer_fires;
}

void vigil_round_start(struct vigil_selfmap *sm)
{
	queue_work(vigil_wq, &sm->round);
}

/* @on is off already; a round that has seen it on may still set the timer. */
void vigil_round_stop(struct vigil_selfmap *sm)
{
	cancel_work_sync(&sm->round);
	hrtimer_cancel(&sm->timer);
	cancel_work_sync(&sm->round);
	mutex_lock(&sm->lock);
	forget_guest(sm);
	mutex_unlock(&sm->lock);
}

/* Look at everything; returns how many entries were wrong. */
u32 vigil_round_now(struct vigil_selfmap *sm)
{
	WRITE_ONCE(sm->full, true);
	queue_work(vigil_wq, &sm->round);
	flush_work(&sm->round);
	return READ_ONCE(sm->all_wrong);
}
