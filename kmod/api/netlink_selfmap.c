// SPDX-License-Identifier: GPL-2.0
/*
 * Netlink: selfmap-*.
 */
#include "api/netlink.h"
#include "core/vm.h"
#include "protect/guest.h"
#include "protect/selfmap.h"

static const u16 counts[] = {
	[VIGIL_SELFMAP_ROUNDS] = VIGIL_A_SELFMAP_ROUNDS,
	[VIGIL_SELFMAP_TIME] = VIGIL_A_SELFMAP_TIME,
	[VIGIL_SELFMAP_CHECKED] = VIGIL_A_SELFMAP_CHECKED,
	[VIGIL_SELFMAP_SCANNED] = VIGIL_A_SELFMAP_SCANNED,
	[VIGIL_SELFMAP_HOSTILE] = VIGIL_A_SELFMAP_HOSTILE,
	[VIGIL_SELFMAP_DROPPED] = VIGIL_A_SELFMAP_DROPPED,
	[VIGIL_SELFMAP_CLEARED] = VIGIL_A_SELFMAP_CLEARED,
	[VIGIL_SELFMAP_REPAIRED] = VIGIL_A_SELFMAP_REPAIRED,
	[VIGIL_SELFMAP_RACED] = VIGIL_A_SELFMAP_RACED,
	[VIGIL_SELFMAP_FAILED] = VIGIL_A_SELFMAP_FAILED,
	[VIGIL_SELFMAP_UNPROVED] = VIGIL_A_SELFMAP_UNPROVED,
};

static_assert(ARRAY_SIZE(counts) == VIGIL_SELFMAP_COUNTS);

/* --- on and off --------------------------------------------------------------- */

static void read_settings(struct genl_info *info,
			  struct vigil_selfmap_settings *s)
{
	struct nlattr **attrs = info->attrs;

	if (attrs[VIGIL_A_SELFMAP_ACTION])
		s->action = nla_get_u32(attrs[VIGIL_A_SELFMAP_ACTION]);
	if (attrs[VIGIL_A_SELFMAP_ASKED_WAY])
		s->way = nla_get_u32(attrs[VIGIL_A_SELFMAP_ASKED_WAY]);
	if (attrs[VIGIL_A_SELFMAP_PERIOD_MS])
		s->period_ms = nla_get_u32(attrs[VIGIL_A_SELFMAP_PERIOD_MS]);
}

int vigil_nl_selfmap_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct vigil_vm *vm = vigil_nl_vm(info, VIGIL_A_SELFMAP_VM_ID);
	struct vigil_selfmap_settings settings;
	int err;

	if (IS_ERR(vm))
		return PTR_ERR(vm);
	mutex_lock(&vm->lock);
	err = vigil_guest_expect(vm, VIGIL_PROFILE_OS_WINDOWS, info->extack);
	if (!err) {
		vigil_selfmap_settings(vm, &settings);
		read_settings(info, &settings);
		err = vigil_selfmap_set(vm, &settings, info->extack);
	}
	mutex_unlock(&vm->lock);
	vigil_vm_leave(vm);
	return err;
}

static int selfmap_set_extack(struct genl_info *info, int err)
{
	if (err == -ENOENT)
		NL_SET_ERR_MSG(info->extack, "this VM's self-maps are not protected");
	if (err == -ENODATA)
		NL_SET_ERR_MSG(info->extack, "there is no proved profile of a Windows guest");
	return err;
}

int vigil_nl_selfmap_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct vigil_vm *vm = vigil_nl_vm(info, VIGIL_A_SELFMAP_VM_ID);
	int err;

	if (IS_ERR(vm))
		return PTR_ERR(vm);
	mutex_lock(&vm->lock);
	err = vigil_selfmap_del(vm);
	mutex_unlock(&vm->lock);
	vigil_vm_leave(vm);
	return selfmap_set_extack(info, err);
}

/* --- questions ------------------------------------------------------------------ */

static int put_settings(struct sk_buff *msg,
			const struct vigil_selfmap_report *r)
{
	const struct vigil_selfmap_settings *s = &r->settings;

	if (nla_put_u32(msg, VIGIL_A_SELFMAP_ACTION, s->action) ||
	    nla_put_u32(msg, VIGIL_A_SELFMAP_ASKED_WAY, s->way) ||
	    nla_put_u32(msg, VIGIL_A_SELFMAP_PERIOD_MS, s->period_ms) ||
	    nla_put_u32(msg, VIGIL_A_SELFMAP_WAY, r->way) ||
	    (r->why && nla_put_string(msg, VIGIL_A_SELFMAP_WHY, r->why)))
		return -EMSGSIZE;
	return 0;
}

static int put_selfmap_tables(struct sk_buff *msg,
			      const struct vigil_selfmap_report *r)
{
	if (nla_put_u32(msg, VIGIL_A_SELFMAP_STATE, r->state) ||
	    (r->state == VIGIL_SELFMAP_STATE_ACTIVE &&
	     nla_put_u32(msg, VIGIL_A_SELFMAP_SLOT, r->slot)) ||
	    nla_put_u32(msg, VIGIL_A_SELFMAP_PROCESSES, r->processes) ||
	    nla_put_u32(msg, VIGIL_A_SELFMAP_TABLES, r->tables) ||
	    nla_put_u32(msg, VIGIL_A_SELFMAP_LOADED, r->loaded) ||
	    nla_put_u32(msg, VIGIL_A_SELFMAP_WATCHED, r->watched))
		return -EMSGSIZE;
	return 0;
}

static int put_counts(struct sk_buff *msg,
		      const struct vigil_selfmap_report *r)
{
	int err = 0;

	for (size_t i = 0; !err && i < ARRAY_SIZE(counts); i++)
		err = nla_put_uint(msg, counts[i], r->counts[i]);
	if (err || nla_put_uint(msg, VIGIL_A_SELFMAP_WRITES, r->writes) ||
	    nla_put_uint(msg, VIGIL_A_SELFMAP_MISSED, r->missed) ||
	    nla_put_uint(msg, VIGIL_A_SELFMAP_MISSED_EVENT, r->missed_event) ||
	    nla_put_uint(msg, VIGIL_A_SELFMAP_DROPPED_PAGES,
			 r->dropped_pages) ||
	    nla_put_uint(msg, VIGIL_A_SELFMAP_SWITCHES, r->switches))
		return -EMSGSIZE;
	return 0;
}

/* Return: 0, -ENOENT: there is nothing to tell, or -EMSGSIZE. */
static int put_selfmap_state(struct sk_buff *msg, struct vigil_vm *vm)
{
	struct vigil_selfmap_report r;

	if (!vigil_selfmap_report(vm, &r))
		return -ENOENT;
	if (nla_put_u32(msg, VIGIL_A_SELFMAP_VM_ID, vm->id) ||
	    put_settings(msg, &r) || put_selfmap_tables(msg, &r) ||
	    put_counts(msg, &r))
		return -EMSGSIZE;
	return 0;
}

int vigil_nl_selfmap_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	int err = vigil_nl_reply_vm(info, VIGIL_A_SELFMAP_VM_ID,
				    put_selfmap_state);

	return selfmap_set_extack(info, err);
}

int vigil_nl_selfmap_get_dumpit(struct sk_buff *skb,
				struct netlink_callback *cb)
{
	return vigil_nl_dump_vms(skb, cb, put_selfmap_state);
}

static int put_checked(struct sk_buff *msg, struct vigil_vm *vm)
{
	struct vigil_selfmap_report r;
	u32 wrong;
	int err;

	mutex_lock(&vm->lock);
	err = vigil_selfmap_check(vm, &wrong);
	mutex_unlock(&vm->lock);
	if (err)
		return err;
	if (!vigil_selfmap_report(vm, &r))
		return -ENOENT;
	if (nla_put_u32(msg, VIGIL_A_SELFMAP_VM_ID, vm->id) ||
	    nla_put_u32(msg, VIGIL_A_SELFMAP_PROCESSES, r.processes) ||
	    nla_put_u32(msg, VIGIL_A_SELFMAP_TABLES, r.tables) ||
	    nla_put_u32(msg, VIGIL_A_SELFMAP_WRONG, wrong))
		return -EMSGSIZE;
	return 0;
}

int vigil_nl_selfmap_check_doit(struct sk_buff *skb, struct genl_info *info)
{
	int err = vigil_nl_reply_vm(info, VIGIL_A_SELFMAP_VM_ID, put_checked);

	return selfmap_set_extack(info, err);
}
