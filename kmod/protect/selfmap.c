// SPDX-License-Identifier: GPL-2.0
/*
 * Self-map protection of a VM: on and off, and by which way.
 */
#include <linux/kvm_host.h>
#include <linux/netlink.h>
#include <linux/slab.h>

#include "protect/selfmap_priv.h"

/* --- the way ------------------------------------------------------------------ */

static enum vigil_selfmap_way selfmap_choose_way(struct kvm *kvm,
						 enum vigil_selfmap_way asked,
						 const char **why)
{
	enum vigil_selfmap_way best = vigil_selfmap_best(kvm, why);

	if (asked == VIGIL_SELFMAP_WAY_AUTO || asked == best)
		return best;
	/* A weaker one can be asked for, not a stronger one. */
	if (asked > best)
		*why = "asked for";
	return asked > best ? asked : VIGIL_SELFMAP_WAY_AUTO;
}

/* --- on and off ----------------------------------------------------------------- */

static void selfmap_explain(int err, struct netlink_ext_ack *extack)
{
	if (err == -EBUSY)
		NL_SET_ERR_MSG(extack, "somebody else watches this VM's pages");
	else
		NL_SET_ERR_MSG(extack, "KVM can't watch this VM");
}

static int selfmap_turn_on(struct vigil_selfmap *sm, enum vigil_selfmap_way way,
			   struct netlink_ext_ack *extack)
{
	int err;

	sm->way = way;
	err = vigil_loaded_start(sm);
	if (err)
		return err;
	err = vigil_watch_start(sm);
	if (err) {
		selfmap_explain(err, extack);
		vigil_loaded_stop(sm);
		return err;
	}
	vigil_guest_claim(sm->vm, VIGIL_PROFILE_OS_WINDOWS,
			  "self-maps are protected, which is for Windows guests: turn that off first");
	WRITE_ONCE(sm->on, true);
	vigil_round_start(sm);
	return 0;
}

/* Rounds end first, then what vCPUs ask, then what both of them use. */
static void selfmap_turn_off(struct vigil_selfmap *sm)
{
	WRITE_ONCE(sm->on, false);
	vigil_round_stop(sm);
	vigil_watch_stop(sm);
	vigil_loaded_stop(sm);
	vigil_guest_release(sm->vm, VIGIL_PROFILE_OS_WINDOWS);
}

static void selfmap_apply_settings(struct vigil_selfmap *sm,
				   const struct vigil_selfmap_settings *settings)
{
	WRITE_ONCE(sm->settings.action, settings->action);
	WRITE_ONCE(sm->settings.period_ms, settings->period_ms);
	sm->settings.way = settings->way;
}

static int selfmap_turn_on_as(struct vigil_selfmap *sm,
			      enum vigil_selfmap_way way,
			      const struct vigil_selfmap_settings *settings,
			      struct netlink_ext_ack *extack)
{
	const struct vigil_selfmap_settings before = sm->settings;
	int err;

	selfmap_apply_settings(sm, settings);
	err = selfmap_turn_on(sm, way, extack);
	if (err)
		selfmap_apply_settings(sm, &before);
	return err;
}

/*
 * KVM has one client for each VM, so that the old way has to end before the new
 * one begins.  Where KVM takes back neither, the sweep is left, which needs
 * nothing more of it.
 */
static int selfmap_change_way(struct vigil_selfmap *sm,
			      enum vigil_selfmap_way way,
			      const struct vigil_selfmap_settings *settings,
			      struct netlink_ext_ack *extack)
{
	const struct vigil_selfmap_settings before = sm->settings;
	const enum vigil_selfmap_way old = sm->way;
	int err;

	WRITE_ONCE(sm->on, false);
	vigil_round_stop(sm);
	vigil_watch_stop(sm);

	selfmap_apply_settings(sm, settings);
	sm->way = way;
	err = vigil_watch_start(sm);
	if (err) {
		selfmap_explain(err, extack);
		selfmap_apply_settings(sm, &before);
		sm->way = old;
		if (vigil_watch_start(sm))
			sm->way = VIGIL_SELFMAP_WAY_SWEEP;
	}
	WRITE_ONCE(sm->on, true);
	vigil_round_start(sm);
	return err;
}

/**
 * vigil_selfmap_set - Protect a VM, or change how
 * @vm: the VM, its lock held
 * @settings: how
 * @extack: says why not
 *
 * Return: 0, or an error: then all is as before.  Only if KVM takes the way
 * that was back no more is the VM protected by the sweep from then on.
 */
int vigil_selfmap_set(struct vigil_vm *vm,
		      const struct vigil_selfmap_settings *settings,
		      struct netlink_ext_ack *extack)
{
	struct vigil_selfmap *sm = vm->selfmap;
	enum vigil_selfmap_way way;
	const char *why;

	lockdep_assert_held(&vm->lock);
	way = selfmap_choose_way(vm->kvm, settings->way, &why);
	if (way == VIGIL_SELFMAP_WAY_AUTO) {
		NL_SET_ERR_MSG_FMT(extack, "not this way: %s", why);
		return -EOPNOTSUPP;
	}
	if (!sm->on)
		return selfmap_turn_on_as(sm, way, settings, extack);
	if (way != sm->way)
		return selfmap_change_way(sm, way, settings, extack);
	selfmap_apply_settings(sm, settings);
	vigil_round_start(sm);
	return 0;
}

/* Return: 0, or -ENOENT: it isn't on. */
int vigil_selfmap_del(struct vigil_vm *vm)
{
	lockdep_assert_held(&vm->lock);
	if (!vm->selfmap->on)
		return -ENOENT;
	selfmap_turn_off(vm->selfmap);
	return 0;
}

/**
 * vigil_selfmap_check - Look at everything now
 * @vm: the VM, its lock held
 * @wrong: how many entries were wrong
 *
 * Return: 0, -ENOENT: it isn't on, or -ENODATA: there is no proved profile of a
 * Windows guest.
 */
int vigil_selfmap_check(struct vigil_vm *vm, u32 *wrong)
{
	lockdep_assert_held(&vm->lock);
	if (!vm->selfmap->on)
		return -ENOENT;
	*wrong = vigil_round_now(vm->selfmap);
	return READ_ONCE(vm->selfmap->active) ? 0 : -ENODATA;
}

/* --- questions ------------------------------------------------------------------ */

/* What holds now, or would by default. */
void vigil_selfmap_settings(const struct vigil_vm *vm,
			    struct vigil_selfmap_settings *settings)
{
	lockdep_assert_held(&vm->lock);
	if (vm->selfmap->on) {
		*settings = vm->selfmap->settings;
		return;
	}
	*settings = (struct vigil_selfmap_settings){
		.action = VIGIL_ACTION_OBSERVE,
		.way = VIGIL_SELFMAP_WAY_AUTO,
		.period_ms = VIGIL_SELFMAP_PERIOD_MS,
	};
}

static void selfmap_report_tables(struct vigil_selfmap *sm,
				  struct vigil_selfmap_report *r)
{
	mutex_lock(&sm->lock);
	r->state = sm->active ? VIGIL_SELFMAP_STATE_ACTIVE :
				VIGIL_SELFMAP_STATE_WAITING;
	r->slot = sm->tables.slot;
	r->tables = sm->tables.nr;
	r->processes = sm->tables.nr_processes;
	r->loaded = sm->tables.nr_loaded;
	mutex_unlock(&sm->lock);
}

static void selfmap_report(struct vigil_selfmap *sm,
			   struct vigil_selfmap_report *r)
{
	*r = (struct vigil_selfmap_report){ .settings = sm->settings };
	selfmap_choose_way(sm->vm->kvm, sm->settings.way, &r->why);
	r->way = sm->way;
	r->watched = atomic_read(&sm->watched);
	selfmap_report_tables(sm, r);
	for (size_t i = 0; i < ARRAY_SIZE(r->counts); i++)
		r->counts[i] = atomic64_read(&sm->counts[i]);
	vigil_watch_report(sm, r);
}

/* Takes the VM's lock. Return: false if it isn't protected. */
bool vigil_selfmap_report(struct vigil_vm *vm, struct vigil_selfmap_report *r)
{
	bool on;

	mutex_lock(&vm->lock);
	on = vm->selfmap->on;
	if (on)
		selfmap_report(vm->selfmap, r);
	mutex_unlock(&vm->lock);
	return on;
}

/* --- life ------------------------------------------------------------------------- */

int vigil_selfmap_setup(struct vigil_vm *vm)
{
	struct vigil_selfmap *sm;

	sm = kzalloc(sizeof(*sm), GFP_KERNEL_ACCOUNT);
	if (!sm)
		return -ENOMEM;
	sm->vm = vm;
	xa_init(&sm->vcpus);
	vigil_round_init(sm);
	vm->selfmap = sm;
	return 0;
}

/* The VM has no users left, but its vCPUs may ask until selfmap_turn_off(). */
void vigil_selfmap_teardown(struct vigil_vm *vm)
{
	if (vm->selfmap->on)
		selfmap_turn_off(vm->selfmap);
	mutex_destroy(&vm->selfmap->lock);
	kfree(vm->selfmap);
	vm->selfmap = NULL;
}
