// SPDX-License-Identifier: GPL-2.0
/*
 * Self-map protection: what an attacker might want to change instead of a table.
 *
 * That is the table that System's EPROCESS names, which Windows loads, and the
 * list of processes, by which new ones are found.
 */
#include <linux/kvm_host.h>

#include "protect/selfmap_priv.h"

#define CR3_FIELD	VIGIL_WINDOWS_FIELD_KPROCESS_DIRECTORY_TABLE_BASE

static u64 system_cr3_address(const struct vigil_selfmap *sm)
{
	return sm->system + vigil_windows_field(&sm->view->win, CR3_FIELD);
}

static enum vigil_selfmap_done
put_back_system_cr3(struct vigil_selfmap *sm, struct vigil_selfmap_entry *e)
{
	struct vigil_space *space = &sm->view->win.kernel;
	u64 gpa, now = e->new;
	u64 want = (e->new & ~VIGIL_PTE_ADDR) | sm->root;

	if (vigil_translate(space, system_cr3_address(sm), &gpa) ||
	    vigil_gpa_cmpxchg(&sm->view->gmem.gm, gpa, &now, want)) {
		vigil_selfmap_add(sm, VIGIL_SELFMAP_FAILED, 1);
		return VIGIL_SELFMAP_DONE_FAILED;
	}
	e->value = want;
	vigil_selfmap_add(sm, VIGIL_SELFMAP_REPAIRED, 1);
	return VIGIL_SELFMAP_DONE_REPAIRED;
}

static struct vigil_look system_look(struct vigil_selfmap *sm)
{
	struct vigil_look look =
		vigil_look_in_round(sm, vigil_tables_find(&sm->tables, sm->root));

	if (look.table)
		vigil_look_begin(&look);
	return look;
}

static void settle_system(struct vigil_selfmap *sm, u64 cr3)
{
	struct vigil_selfmap_entry e = {
		.found = VIGIL_SELFMAP_FINDING_PROCESS_CR3,
		.old = sm->root,
		.new = cr3,
		.value = cr3,
		.done = VIGIL_SELFMAP_DONE_SEEN,
	};
	struct vigil_look look = system_look(sm);

	if (!look.table)
		return;
	if (look.check.block)
		e.done = put_back_system_cr3(sm, &e);
	else if (sm->system_told == cr3)
		return;
	sm->system_told = cr3;
	sm->wrong++;
	vigil_selfmap_add(sm, VIGIL_SELFMAP_HOSTILE, 1);
	vigil_selfmap_alert(&look, &e);
}

/* Its memory may be something else's after a reset. */
static bool is_system(struct vigil_selfmap *sm)
{
	struct vigil_win_process p;

	return !vigil_windows_read_process(&sm->view->win, sm->system, &p) &&
	       p.pid == VIGIL_WIN_SYSTEM_PID &&
	       p.create_time == sm->system_born;
}

/* Once it was seen on the list. */
void vigil_system_check(struct vigil_selfmap *sm)
{
	u64 cr3;

	lockdep_assert_held(&sm->lock);
	if (!sm->system ||
	    vigil_virt_read(&sm->view->win.kernel, system_cr3_address(sm), &cr3,
			    sizeof(cr3)))
		return;
	if (vigil_selfmap_root(cr3) == sm->root)
		sm->system_told = 0;
	else if (is_system(sm))
		settle_system(sm, cr3);
	else
		vigil_guest_doubt(sm->vm, 1);
}

/* The list can't be walked beyond the EPROCESS @after; returns if that is told. */
bool vigil_system_list(struct vigil_selfmap *sm, u64 after)
{
	const struct vigil_selfmap_entry e = {
		.found = VIGIL_SELFMAP_FINDING_LIST,
		.new = after,
		.value = after,
		.done = VIGIL_SELFMAP_DONE_SEEN,
	};
	struct vigil_look look = system_look(sm);

	lockdep_assert_held(&sm->lock);
	if (!look.table)
		return false;
	vigil_selfmap_add(sm, VIGIL_SELFMAP_HOSTILE, 1);
	vigil_selfmap_alert(&look, &e);
	return true;
}
