// SPDX-License-Identifier: GPL-2.0
/*
 * Self-map protection: what KVM asks about, writes to the tables and loads of
 * CR3.
 *
 * On a vCPU's thread, which never waits for a round: tables are found under RCU
 * and copied.
 */
#include <linux/kvm_host.h>
#include <linux/slab.h>

#include <asm/kvm_watch.h>

#include "core/cpu.h"
#include "protect/notice.h"
#include "protect/selfmap_priv.h"

/* A table that KVM has stopped to watch is watched again after this time. */
#define WATCH_AGAIN	HZ

static struct vigil_selfmap *watch_to_selfmap(struct kvm_watch_client *client)
{
	return container_of(client, struct vigil_selfmap, client);
}

/* --- writes --------------------------------------------------------------------- */

static int watch_read_before(struct kvm_vcpu *vcpu,
			     struct vigil_selfmap_write *w, u64 root)
{
	unsigned int first = vigil_selfmap_first(w);

	return kvm_read_guest(vcpu->kvm, root + first * sizeof(u64), w->before,
			      vigil_selfmap_touched(w) * sizeof(u64));
}

/* What was learned about the copy of a table. */
static void watch_keep(struct vigil_selfmap *sm, const struct vigil_table *copy)
{
	struct vigil_table *table;

	rcu_read_lock();
	table = vigil_tables_find(&sm->tables, copy->shape.root);
	if (table) {
		WRITE_ONCE(table->good, copy->good);
		WRITE_ONCE(table->told, copy->told);
	}
	rcu_read_unlock();
}

static void watch_allowed(struct vigil_selfmap *sm, struct vigil_table *table,
			  const struct vigil_selfmap_write *w, const u8 *new)
{
	unsigned int i = table->shape.slot - vigil_selfmap_first(w);
	u64 entry;

	if (i >= vigil_selfmap_touched(w))
		return;
	entry = vigil_selfmap_merged(w, i, new);
	if (!(entry & VIGIL_PTE_PRESENT))
		return;
	table->good = entry;
	watch_keep(sm, table);
}

static enum vigil_selfmap_done watch_done_by(bool block, bool dropped)
{
	if (!block)
		return VIGIL_SELFMAP_DONE_SEEN;
	return dropped ? VIGIL_SELFMAP_DONE_DROPPED :
			 VIGIL_SELFMAP_DONE_CLEARED;
}

static void watch_alert_write(struct vigil_look *look,
			      const struct vigil_selfmap_write *w,
			      const u8 *fixed, bool dropped, u64 gpa)
{
	unsigned int i = w->index - vigil_selfmap_first(w);
	struct vigil_selfmap_entry e = {
		.index = w->index,
		.found = w->found,
		.old = w->old,
		.new = w->new,
		.value = look->check.block ? vigil_selfmap_merged(w, i, fixed) :
					     w->new,
		.done = watch_done_by(look->check.block, dropped),
	};

	vigil_selfmap_add(look->sm, VIGIL_SELFMAP_HOSTILE, 1);
	if (look->check.block)
		vigil_selfmap_add(look->sm, dropped ? VIGIL_SELFMAP_DROPPED :
				  VIGIL_SELFMAP_CLEARED, 1);
	vigil_selfmap_alert_write(look, &e, gpa);
}

/* It still is a table: the write is hostile. */
static enum kvm_watch_verdict watch_refuse(struct vigil_look *look,
					   struct kvm_watch_write *write,
					   const struct vigil_selfmap_write *w,
					   const u8 *fixed)
{
	bool dropped = !memcmp(fixed, write->old, write->bytes);

	watch_alert_write(look, w, fixed, dropped, write->gpa);
	if (!look->check.block)
		return KVM_WATCH_CONTINUE;
	memcpy(write->new, fixed, write->bytes);
	return dropped ? KVM_WATCH_DROP : KVM_WATCH_REPLACE;
}

static bool watch_is_table(struct vigil_look *look,
			   const struct vigil_selfmap_write *w)
{
	if (w->evident || vigil_look_lives(look))
		return true;
	vigil_selfmap_add(look->sm, VIGIL_SELFMAP_UNPROVED, 1);
	return false;
}

static enum kvm_watch_verdict watch_judge(struct vigil_look *look,
					  struct kvm_watch_write *write)
{
	struct vigil_selfmap_write w = {
		.offset = offset_in_page(write->gpa),
		.bytes = write->bytes,
	};
	u8 fixed[VIGIL_SELFMAP_WRITE_MAX];

	BUILD_BUG_ON(VIGIL_SELFMAP_WRITE_MAX < KVM_WATCH_MAX_BYTES);
	if (watch_read_before(look->vcpu, &w, look->table->shape.root))
		return KVM_WATCH_CONTINUE;
	if (!vigil_selfmap_judge_write(&look->shape, &w, write->new, fixed)) {
		watch_allowed(look->sm, look->table, &w, write->new);
		return KVM_WATCH_CONTINUE;
	}
	if (!watch_is_table(look, &w))
		return KVM_WATCH_CONTINUE;
	return watch_refuse(look, write, &w, fixed);
}

static enum kvm_watch_verdict watch_on_write(struct kvm_watch_client *client,
					     struct kvm_vcpu *vcpu,
					     struct kvm_watch_write *write)
{
	struct vigil_selfmap *sm = watch_to_selfmap(client);
	struct vigil_table table;
	struct vigil_look look = {
		.sm = sm,
		.table = &table,
		.vcpu = vcpu,
		.by = VIGIL_SELFMAP_BY_WRITE,
	};

	if (!vigil_look_find(sm, vigil_selfmap_root(write->gpa), &table))
		return KVM_WATCH_CONTINUE;
	vigil_look_begin(&look);
	return watch_judge(&look, write);
}

/* --- looks ---------------------------------------------------------------------- */

/* What isn't known yet is looked at as well, by itself. */
static bool watch_find(struct vigil_selfmap *sm, u64 root,
		       struct vigil_table *copy)
{
	if (vigil_look_find(sm, root, copy))
		return true;
	if (!root || !READ_ONCE(sm->active))
		return false;
	vigil_tables_stranger(&sm->tables, root, copy);
	return true;
}

/* Look at all entries where there is @page to read them to. */
static void watch_check_now(struct vigil_selfmap *sm, struct kvm_vcpu *vcpu,
			    u64 root, enum vigil_selfmap_by by, u64 *page)
{
	struct vigil_table table;
	struct vigil_look look = {
		.sm = sm,
		.table = &table,
		.vcpu = vcpu,
		.by = by,
	};
	u64 told;

	if (!watch_find(sm, root, &table))
		return;
	told = table.told;
	if (page)
		vigil_look_page(&look, page);
	else
		vigil_look_slot(&look);
	/* In the usual case nothing is new, and a shared line stays clean. */
	if (look.check.hostile || told != table.told)
		watch_keep(sm, &table);
}

/* KVM doesn't ask about a table any more, or couldn't be asked to. */
static void watch_ended(struct vigil_selfmap *sm, struct vigil_table *table)
{
	WRITE_ONCE(table->unwatched, jiffies);
	if (xchg(&table->watched, false))
		atomic_dec(&sm->watched);
}

/* The sweep is what is left for the table, until it is watched again. */
static void watch_dropped(struct vigil_selfmap *sm, u64 root)
{
	struct vigil_table *table;

	rcu_read_lock();
	table = vigil_tables_find(&sm->tables, root);
	if (table)
		watch_ended(sm, table);
	rcu_read_unlock();
}

/* An attacker with a guest in the guest can bring that about. */
static void watch_tell_dropped(struct vigil_selfmap *sm, struct kvm_vcpu *vcpu,
			       u64 root)
{
	struct vigil_table table;
	struct vigil_look look = {
		.sm = sm,
		.table = &table,
		.vcpu = vcpu,
		.by = VIGIL_SELFMAP_BY_WRITE,
	};

	if (!vigil_look_find(sm, root, &table))
		return;
	vigil_look_begin(&look);
	vigil_selfmap_alert_unwatched(&look);
}

/* The write is done, or can be, and the guest runs on when this returns. */
static void watch_on_missed(struct kvm_watch_client *client,
			    struct kvm_vcpu *vcpu, gfn_t gfn,
			    enum kvm_watch_missed why)
{
	struct vigil_selfmap *sm = watch_to_selfmap(client);
	u64 *page = kmalloc(PAGE_SIZE, GFP_KERNEL_ACCOUNT);
	u64 root = gfn_to_gpa(gfn);

	if (why == KVM_WATCH_MISSED_DROPPED)
		watch_dropped(sm, root);
	watch_check_now(sm, vcpu, root, why == KVM_WATCH_MISSED_EVENT ?
			VIGIL_SELFMAP_BY_EVENT : VIGIL_SELFMAP_BY_WRITE, page);
	if (why == KVM_WATCH_MISSED_DROPPED)
		watch_tell_dropped(sm, vcpu, root);
	kfree(page);
}

/*
 * The table that goes may have been opened in its time slice; the one that comes
 * must not be used before it was looked at.
 */
static void watch_on_cr3(struct kvm_watch_client *client, struct kvm_vcpu *vcpu,
			 u64 old, u64 new)
{
	struct vigil_selfmap *sm = watch_to_selfmap(client);

	old = vigil_selfmap_root(old);
	new = vigil_selfmap_root(new);
	watch_check_now(sm, vcpu, old, VIGIL_SELFMAP_BY_SWITCH, NULL);
	if (new != old)
		watch_check_now(sm, vcpu, new, VIGIL_SELFMAP_BY_SWITCH, NULL);
}

static void watch_on_notice(struct kvm_watch_client *client, struct kvm *kvm,
			    enum kvm_client_notice notice)
{
	vigil_notice(watch_to_selfmap(client)->vm, notice);
}

static const struct kvm_watch_ops watch_ops = {
	.write = watch_on_write,
	.missed = watch_on_missed,
	.cr3 = watch_on_cr3,
	.notice = watch_on_notice,
};

/* --- what KVM counts -------------------------------------------------------------- */

static void watch_totals_update(struct vigil_selfmap *sm)
{
	struct vigil_selfmap_totals *t = &sm->totals;
	u64 counted[VIGIL_SELFMAP_TOTALS];
	struct kvm_watch_stats stats;

	if (!t->counting)
		return;
	kvm_watch_get_stats(sm->vm->kvm, &stats);
	counted[VIGIL_SELFMAP_WRITES] = stats.asked;
	counted[VIGIL_SELFMAP_MISSED] = stats.missed;
	counted[VIGIL_SELFMAP_MISSED_EVENT] = stats.missed_event;
	counted[VIGIL_SELFMAP_DROPPED_PAGES] = stats.dropped_pages;
	counted[VIGIL_SELFMAP_SWITCHES] = stats.cr3;
	for (int i = 0; i < VIGIL_SELFMAP_TOTALS; i++)
		vigil_total_update(&t->total[i], counted[i]);
}

/* KVM has begun anew. */
static void watch_totals_begin(struct vigil_selfmap *sm)
{
	for (int i = 0; i < VIGIL_SELFMAP_TOTALS; i++)
		vigil_total_begin(&sm->totals.total[i]);
	sm->totals.counting = true;
}

/* KVM counts no more, and still has what it counted. */
static void watch_totals_end(struct vigil_selfmap *sm)
{
	watch_totals_update(sm);
	sm->totals.counting = false;
}

void vigil_watch_report(struct vigil_selfmap *sm,
			struct vigil_selfmap_report *r)
{
	watch_totals_update(sm);
	r->writes = sm->totals.total[VIGIL_SELFMAP_WRITES].shown;
	r->missed = sm->totals.total[VIGIL_SELFMAP_MISSED].shown;
	r->missed_event = sm->totals.total[VIGIL_SELFMAP_MISSED_EVENT].shown;
	r->dropped_pages = sm->totals.total[VIGIL_SELFMAP_DROPPED_PAGES].shown;
	r->switches = sm->totals.total[VIGIL_SELFMAP_SWITCHES].shown;
}

/* --- on and off ------------------------------------------------------------------ */

/**
 * vigil_selfmap_best - The strongest way for a VM
 * @kvm: the VM, or NULL for any
 * @why: why not a stronger one, or NULL
 */
enum vigil_selfmap_way vigil_selfmap_best(struct kvm *kvm, const char **why)
{
	unsigned int caps = kvm_watch_caps(kvm);

	*why = NULL;
	if (caps & KVM_WATCH_CAP_WRITE)
		return VIGIL_SELFMAP_WAY_WRITE;
	*why = "walks of page tables count as writes on this processor";
	if (caps & KVM_WATCH_CAP_CR3)
		return VIGIL_SELFMAP_WAY_SWITCH;
	*why = "KVM can't: no TDP MMU, a Xen guest, or private memory";
	return VIGIL_SELFMAP_WAY_SWEEP;
}

int vigil_watch_start(struct vigil_selfmap *sm)
{
	int err;

	if (sm->way == VIGIL_SELFMAP_WAY_SWEEP)
		return 0;
	sm->client.ops = &watch_ops;
	err = kvm_watch_enable(sm->vm->kvm, &sm->client);
	if (err)
		return err;
	vigil_client_begins(sm->vm);
	if (sm->way == VIGIL_SELFMAP_WAY_SWITCH) {
		err = kvm_watch_cr3(sm->vm->kvm, true);
		if (err) {
			kvm_watch_disable(sm->vm->kvm);
			vigil_client_ends(sm->vm);
			return err;
		}
	}
	watch_totals_begin(sm);
	return 0;
}

void vigil_watch_stop(struct vigil_selfmap *sm)
{
	if (sm->way == VIGIL_SELFMAP_WAY_SWEEP)
		return;
	kvm_watch_disable(sm->vm->kvm);
	vigil_client_ends(sm->vm);
	watch_totals_end(sm);
}

/*
 * Where that fails the sweep still looks at the table.  A vCPU may have KVM end
 * it at once.
 */
void vigil_watch_table(struct vigil_selfmap *sm, struct vigil_table *table)
{
	if (sm->way != VIGIL_SELFMAP_WAY_WRITE)
		return;
	if (!xchg(&table->watched, true))
		atomic_inc(&sm->watched);
	if (kvm_watch_add_gfn(sm->vm->kvm, gpa_to_gfn(table->shape.root)))
		watch_ended(sm, table);
}

/*
 * Watch a table again that is watched no more.  Not at once: who made KVM end it
 * may do so each time, and each time costs all vCPUs a flush of their TLBs.
 */
void vigil_watch_again(struct vigil_selfmap *sm, struct vigil_table *table)
{
	if (!READ_ONCE(table->watched) &&
	    time_after(jiffies, READ_ONCE(table->unwatched) + WATCH_AGAIN))
		vigil_watch_table(sm, table);
}

/* In any case: what KVM ended last may have been another table's here. */
void vigil_unwatch_table(struct vigil_selfmap *sm, struct vigil_table *table)
{
	if (sm->way != VIGIL_SELFMAP_WAY_WRITE)
		return;
	kvm_watch_remove_gfn(sm->vm->kvm, gpa_to_gfn(table->shape.root));
	watch_ended(sm, table);
}
