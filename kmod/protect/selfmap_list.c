// SPDX-License-Identifier: GPL-2.0
/*
 * Self-map protection: the guest's list of processes, which is walked a process at
 * a time, round after round.  All of this is a part of a round.
 */
#include <linux/kvm_host.h>

#include "protect/selfmap_priv.h"

/* New processes that are looked at in one round. */
#define NEW_IN_TURN	8
/* So many walks fail after the same process, and for so long: it is no list. */
#define BROKEN_WALKS	8
#define BROKEN_MS	3000

static void take_process(struct vigil_selfmap *sm,
			 const struct vigil_win_process *p)
{
	/* The first on the list; whoever says so later isn't. */
	if (!sm->system && p->pid == VIGIL_WIN_SYSTEM_PID &&
	    vigil_selfmap_root(p->cr3) == sm->root) {
		sm->system = p->eprocess;
		sm->system_born = p->create_time;
	}
	vigil_tables_process(&sm->tables, p);
}

/* The next walk begins at its head. */
void vigil_list_anew(struct vigil_selfmap *sm)
{
	sm->cursor = 0;
	sm->born = 0;
	sm->walked = 0;
}

static void list_is_whole(struct vigil_selfmap *sm)
{
	vigil_tables_pass_ends(&sm->tables);
	vigil_guest_trust(sm->vm);
	sm->broken = 0;
	sm->broken_told = false;
}

/* Where processes come and go all the time, walks fail, but not always there. */
static void count_failure(struct vigil_selfmap *sm)
{
	if (!sm->broken || sm->broken_after != sm->cursor ||
	    sm->broken_born != sm->born) {
		sm->broken_after = sm->cursor;
		sm->broken_born = sm->born;
		sm->broken_at = sm->rounds;
		sm->broken = 0;
	}
	sm->broken++;
}

/*
 * It changed under the walk, or it is no list: of another guest, which is found
 * out soon, or of one that is attacked.  Known tables are looked at all the same.
 */
static void list_is_broken(struct vigil_selfmap *sm)
{
	u32 ms;

	vigil_guest_doubt(sm->vm, 1);
	count_failure(sm);
	ms = (sm->rounds - sm->broken_at) *
	     READ_ONCE(sm->settings.period_ms);
	if (sm->broken >= BROKEN_WALKS && ms >= BROKEN_MS && !sm->broken_told)
		sm->broken_told = vigil_system_list(sm, sm->cursor);
}

/* Look at the next process of the list; returns whether the walk goes on. */
bool vigil_list_walk(struct vigil_selfmap *sm)
{
	struct vigil_win_process p;
	int err;

	err = vigil_windows_next_process(&sm->view->win, &sm->cursor, &p);
	if (!err && ++sm->walked <= VIGIL_WIN_MAX_PROCESSES) {
		sm->born = p.create_time;
		take_process(sm, &p);
		return true;
	}
	if (err == -ENOENT)
		list_is_whole(sm);
	else
		list_is_broken(sm);
	vigil_list_anew(sm);
	return false;
}

/* The process with these links; returns whether it can be judged. */
static bool take_node(struct vigil_selfmap *sm, u64 node)
{
	const u64 links = vigil_windows_field(&sm->view->win,
			VIGIL_WINDOWS_FIELD_EPROCESS_ACTIVE_PROCESS_LINKS);
	struct vigil_win_process p;

	if (vigil_windows_read_process(&sm->view->win, node - links, &p))
		return false;
	take_process(sm, &p);
	/* It is on the list before it has an address space. */
	return vigil_win_lives(&p);
}

/*
 * New processes are put at the end of the list: from there back to the one that
 * was the last.
 */
void vigil_list_end(struct vigil_selfmap *sm)
{
	struct vigil_windows *win = &sm->view->win;
	const u64 head = vigil_windows_field(win,
				VIGIL_WINDOWS_FIELD_PS_ACTIVE_PROCESS_HEAD);
	u64 links[2], last;
	bool all = true;

	if (vigil_windows_list_ends(win, links))
		return;
	last = links[1];
	for (unsigned int i = 0; i < NEW_IN_TURN; i++) {
		if (links[1] == sm->last || links[1] == head)
			break;
		all &= take_node(sm, links[1]);
		if (vigil_virt_read(&win->kernel, links[1], links,
				    sizeof(links)))
			break;
	}
	if (all)
		sm->last = last;
}

/* Of another guest. */
void vigil_list_forget(struct vigil_selfmap *sm)
{
	sm->system = 0;
	sm->last = 0;
	sm->broken = 0;
	sm->broken_told = false;
	vigil_list_anew(sm);
}
