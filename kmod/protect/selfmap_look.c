// SPDX-License-Identifier: GPL-2.0
/*
 * Self-map protection: a look at one table of a live guest.
 */
#include <linux/kvm_host.h>

#include "core/cpu.h"
#include "protect/selfmap_priv.h"

/* --- is it still a table? ------------------------------------------------------ */

static bool same_process(const struct vigil_win_process *a,
			 const struct vigil_win_process *b)
{
	return a->pid == b->pid && a->create_time == b->create_time;
}

static bool has_table(const struct vigil_win_process *p, u64 root)
{
	return vigil_selfmap_root(p->cr3) == root ||
	       vigil_selfmap_root(p->user_cr3) == root;
}

static bool owner_lives(const struct vigil_table *table,
			const struct vigil_win_process *p)
{
	return vigil_win_lives(p) && !(p->flags & VIGIL_WIN_OUTSWAPPED) &&
	       same_process(p, &table->process);
}

/* Its own CR3 may be newer than what was taken down when it was entered. */
static bool look_is_loaded(const struct vigil_look *look, u64 root)
{
	if (look->vcpu &&
	    vigil_selfmap_root(vigil_cpu_cr3(look->vcpu)) == root)
		return true;
	return vigil_loaded_now(look->sm, root);
}

static bool read_owner(const struct vigil_table *table,
		       struct vigil_view *view, struct vigil_win_process *p)
{
	return table->shape.owned &&
	       !vigil_windows_read_process(&view->win, table->process.eprocess,
					   p) &&
	       has_table(p, table->shape.root);
}

/*
 * Is a page that no vCPU runs on still the table of its process?  A vCPU runs on
 * the other one, which no flag that an attacker sets can deny; or the process
 * lives, by the guest's own word.  That word may be left from before a reset
 * where no vCPU runs on any process' table.
 */
static bool kept_in(struct vigil_look *look, struct vigil_view *view)
{
	const struct vigil_table *table = look->table;
	struct vigil_win_process p;

	if (!read_owner(table, view, &p))
		return false;
	if (table->shape.pair && look_is_loaded(look, table->shape.pair))
		return true;
	return owner_lives(table, &p) && vigil_loaded_any(look->sm);
}

static bool owned_in(struct vigil_look *look, struct vigil_view *view)
{
	struct vigil_win_process p;

	return read_owner(look->table, view, &p) &&
	       owner_lives(look->table, &p);
}

/* What is a table tells so itself, unless an attacker has it in hand. */
static bool is_used_in(struct vigil_look *look, struct vigil_view *view)
{
	const struct vigil_selfmap_shape *shape = &look->table->shape;
	u64 entry;

	if (!vigil_gpa_read(&view->gmem.gm,
			    shape->root + shape->slot * sizeof(entry), &entry,
			    sizeof(entry)) &&
	    entry & VIGIL_PTE_PRESENT && vigil_selfmap_is_own(shape, entry))
		return true;
	return look_is_loaded(look, shape->root) || kept_in(look, view);
}

/* Ask about the guest on a vCPU's thread; no, if it can't be looked at. */
static bool look_ask_here(struct vigil_look *look,
			  bool (*ask)(struct vigil_look *look,
				      struct vigil_view *view))
{
	struct vigil_view view;
	bool answer = false;

	if (!vigil_view_open_as(&view, look->sm->vm,
				VIGIL_PROFILE_OS_WINDOWS)) {
		vigil_gmem_init_vcpu(&view.gmem, look->vcpu);
		answer = ask(look, &view);
	}
	vigil_view_close(&view);
	return answer;
}

static bool look_ask(struct vigil_look *look,
		     bool (*question)(struct vigil_look *look,
				      struct vigil_view *view))
{
	return look->view ? question(look, look->view) :
			    look_ask_here(look, question);
}

/* Is the page still a table that somebody uses? */
bool vigil_look_lives(struct vigil_look *look)
{
	return look_is_loaded(look, look->table->shape.root) ||
	       look_ask(look, kept_in);
}

/*
 * Is it still the table of its process?  Its memory may be that of a new one,
 * which isn't known yet, even if it is loaded.
 */
bool vigil_look_owned(struct vigil_look *look)
{
	return look->table->shape.owned && look_ask(look, owned_in);
}

static bool look_lives(struct vigil_selfmap_check *c)
{
	return vigil_look_lives(container_of(c, struct vigil_look, check));
}

/* A page that was a table once may be mapped for user mode by now. */
static bool look_is_root(const struct vigil_selfmap_shape *shape, u64 gpa)
{
	const struct vigil_look *look = shape->data;
	struct vigil_table table;
	struct vigil_look there = {
		.sm = look->sm,
		.table = &table,
		.view = look->view,
		.vcpu = look->vcpu,
	};

	return vigil_look_find(look->sm, gpa, &table) &&
	       look_ask(&there, is_used_in);
}

/* What is right for the table, with what can be asked from here. */
void vigil_look_begin(struct vigil_look *look)
{
	look->shape = look->table->shape;
	look->shape.is_root = look_is_root;
	look->shape.data = look;
	look->check.block = READ_ONCE(look->sm->settings.action) ==
			    VIGIL_ACTION_BLOCK;
}

/* --- the look ------------------------------------------------------------------- */

/* What only is observed stays as it is, and is told once. */
static bool look_is_told(const struct vigil_look *look,
			 const struct vigil_selfmap_entry *e)
{
	return !look->check.block && e->index == look->table->shape.slot &&
	       READ_ONCE(look->table->told) == e->new;
}

static void look_found(struct vigil_selfmap_check *c,
		       const struct vigil_selfmap_entry *e)
{
	struct vigil_look *look = container_of(c, struct vigil_look, check);

	if (look_is_told(look, e))
		return;
	if (e->index == look->table->shape.slot)
		WRITE_ONCE(look->table->told, e->new);
	vigil_selfmap_add(look->sm, VIGIL_SELFMAP_HOSTILE, 1);
	vigil_selfmap_alert(look, e);
}

static void look_open(struct vigil_look *look, struct vigil_gmem *gm)
{
	vigil_look_begin(look);
	look->check.gm = gm;
	look->check.shape = &look->shape;
	look->check.good = READ_ONCE(look->table->good);
	look->check.lives = look_lives;
	look->check.found = look_found;
}

static void look_end(struct vigil_look *look)
{
	const struct vigil_selfmap_check *c = &look->check;
	struct vigil_selfmap *sm = look->sm;

	if (look->table->good != c->good)
		WRITE_ONCE(look->table->good, c->good);
	if (!c->hostile && look->table->told)
		WRITE_ONCE(look->table->told, 0);
	vigil_selfmap_add(sm, VIGIL_SELFMAP_UNPROVED, c->unproved);
	if (likely(!c->hostile))
		return;
	vigil_selfmap_add(sm, VIGIL_SELFMAP_REPAIRED, c->repaired);
	vigil_selfmap_add(sm, VIGIL_SELFMAP_RACED, c->raced);
	vigil_selfmap_add(sm, VIGIL_SELFMAP_FAILED, c->failed);
	/* What was open may be in any TLB, under any PCID. */
	if (c->repaired)
		kvm_make_all_cpus_request(sm->vm->kvm, KVM_REQ_TLB_FLUSH_GUEST);
}

static void look_at_table(struct vigil_look *look, struct vigil_gmem *gm,
			  u64 *page)
{
	look_open(look, gm);
	if (page) {
		vigil_selfmap_check_page(&look->check, page);
		vigil_selfmap_add(look->sm, VIGIL_SELFMAP_SCANNED, 1);
	} else {
		vigil_selfmap_check_slot(&look->check);
	}
	vigil_selfmap_add(look->sm, VIGIL_SELFMAP_CHECKED, 1);
	look_end(look);
}

static void look_once(struct vigil_look *look, u64 *page)
{
	struct vigil_gmem_kvm gmem;

	if (!look->vcpu) {
		look_at_table(look, &look->view->gmem.gm, page);
		return;
	}
	vigil_gmem_init_vcpu(&gmem, look->vcpu);
	look_at_table(look, &gmem.gm, page);
}

/* Look at the self-map. */
void vigil_look_slot(struct vigil_look *l)
{
	look_once(l, NULL);
}

/* Look at all entries; @page is room for them. */
void vigil_look_page(struct vigil_look *l, u64 *page)
{
	look_once(l, page);
}

/**
 * vigil_look_find - A table for a vCPU's thread
 * @sm: the protection
 * @root: where it is
 * @copy: a copy of it, because a round may drop it
 *
 * Return: is it known?
 */
bool vigil_look_find(struct vigil_selfmap *sm, u64 root,
		     struct vigil_table *copy)
{
	struct vigil_table *table;

	rcu_read_lock();
	table = vigil_tables_find(&sm->tables, root);
	if (table) {
		/*
		 * What a round changes in it is words, each of which is true on
		 * its own, and an old one does no harm: the copy is old when it
		 * is used.
		 */
		*copy = data_race(*table);
	}
	rcu_read_unlock();
	return table;
}
