// SPDX-License-Identifier: GPL-2.0
/*
 * Self-map protection of a VM: on and off, and by which way.
 */
#include <linux/kvm_host.h>
#include <linux/netlink.h>
#include <linux/slab.h>

#include "protect/selfmap_priv.h"

/* --- the way ------------------------------------------------------------------ */

static enum vigil_selfmap_way choose(struct kvm *kvm,
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

static void reset(struct vigil_selfmap *sm)
{
	for (size_t i = 0; i < ARRAY_SIZE(sm->counts); i++)
		atomic64_set(&sm->counts[i], 0);
}

static void explain(int err, struct netlink_ext_ack *extack)
{
	if (err == -EBUSY)
		NL_SET_ERR_MSG(extack, "somebody else watches this VM's pages");
	else
		NL_SET_ERR_MSG(extack, "KVM can't watch this VM");
}

static int turn_on(struct vigil_selfmap *sm, enum vigil_selfmap_way way,
		   struct netlink_ext_ack *extack)
{
	int err;

	reset(sm);
	sm->way = way;
	err = vigil_loaded_start(sm);
	if (err)
		return err;
	err = vigil_watch_start(sm);
	if (err) {
		explain(err, extack);
		vigil_loaded_stop(sm);
		return err;
	}
	WRITE_ONCE(sm->on, true);
	vigil_round_start(sm);
	return 0;
}

/* Rounds end first, then what vCPUs ask, then what both of them use. */
static void turn_off(struct vigil_selfmap *sm)
{
	WRITE_ONCE(sm->on, false);
	vigil_round_stop(sm);
	vigil_watch_stop(sm);
	vigil_loaded_stop(sm);
}

/**
 * vigil_selfmap_set - Protect a VM, or change how
 * @vm: the VM, its lock held
 * @settings: how
 * @extack: says why not
 *
 * Return: 0, or an error: then all is as before, unless it was a change of the
 * way, which needs the protection to be turned off.
 */
int vigil_selfmap_set(struct vigil_vm *vm,
		      const struct vigil_selfmap_settings *settings,
		      struct netlink_ext_ack *extack)
{
	struct vigil_selfmap *sm = vm->selfmap;
	enum vigil_selfmap_way way;
	const char *why;

	lockdep_assert_held(&vm->lock);
	way = choose(vm->kvm, settings->way, &why);
	if (way == VIGIL_SELFMAP_WAY_AUTO) {
		NL_SET_ERR_MSG_FMT(extack, "not this way: %s", why);
		return -EOPNOTSUPP;
	}
	WRITE_ONCE(sm->settings.action, settings->action);
	WRITE_ONCE(sm->settings.period_ms, settings->period_ms);
	sm->settings.way = settings->way;
	if (sm->on && way == sm->way) {
		vigil_round_start(sm);
		return 0;
	}
	if (sm->on)
		turn_off(sm);
	return turn_on(sm, way, extack);
}

/* Return: 0, or -ENOENT: it isn't on. */
int vigil_selfmap_del(struct vigil_vm *vm)
{
	lockdep_assert_held(&vm->lock);
	if (!vm->selfmap->on)
		return -ENOENT;
	turn_off(vm->selfmap);
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

bool vigil_selfmap_is_on(const struct vigil_vm *vm)
{
	return READ_ONCE(vm->selfmap->on);
}

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

static void report_tables(struct vigil_selfmap *sm,
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

static void report(struct vigil_selfmap *sm, struct vigil_selfmap_report *r)
{
	*r = (struct vigil_selfmap_report){ .settings = sm->settings };
	choose(sm->vm->kvm, sm->settings.way, &r->why);
	r->way = sm->way;
	r->watched = atomic_read(&sm->watched);
	report_tables(sm, r);
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
		report(vm->selfmap, r);
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

/* Nobody uses the VM any more, but its vCPUs may ask until turn_off(). */
void vigil_selfmap_teardown(struct vigil_vm *vm)
{
	if (vm->selfmap->on)
		turn_off(vm->selfmap);
	mutex_destroy(&vm->selfmap->lock);
	kfree(vm->selfmap);
	vm->selfmap = NULL;
}
