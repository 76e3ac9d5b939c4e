// SPDX-License-Identifier: GPL-2.0
/*
 * Netlink: stats-get.
 */
#include "api/netlink.h"
#include "core/vm.h"
#include "protect/exec/exec.h"
#include "protect/guest.h"

static const struct {
	u16 attr;
	u16 offset;
} exec_stats[] = {
#define STAT(attr, field) \
	{ VIGIL_A_STATS_##attr, offsetof(struct vigil_exec_stats, field) }
	STAT(FETCHES, fetches),
	STAT(GRANTED, granted),
	STAT(GRANTED_AROUND, granted_around),
	STAT(OPENED, opened),
	STAT(REFUSED, refused),
	STAT(RETRIED, retried),
	STAT(REVOKED, revoked),
	STAT(REVOKED_BY_WALK, revoked_by_walk),
	STAT(REVOKED_BY_KVM, revoked_by_kvm),
	STAT(SELF_WRITES, self_writes),
	STAT(LOST_RACES, lost),
	STAT(EMULATED_FETCHES, emulated_fetches),
	STAT(SPLITS, splits),
	STAT(FLUSHES, flushes),
	STAT(SWEPT, swept),
	STAT(NESTED, nested),
	STAT(PAGES_GRANTED, pages_granted),
	STAT(PAGES_OPEN, pages_open),
	STAT(JUDGED, judged),
	STAT(UNPROTECTED, unprotected),
	STAT(KERNEL, kernel),
	STAT(NO_PROFILE, no_profile),
	STAT(UNREADABLE, unreadable),
	STAT(FETCH_TIME, fetch_time),
	STAT(PROCESSES, processes),
	STAT(IDENTIFIED, identified),
	STAT(PROCESS_SWEEPS, process_sweeps),
	STAT(PROCESS_SWEEP_TIME, process_sweep_time),
	STAT(SHARED, shared),
	STAT(STARVED, starved),
	STAT(UNMAPPED, unmapped),
	STAT(BLOCKED, blocked),
#undef STAT
};

/* Each of &struct vigil_exec_stats once. */
static_assert(ARRAY_SIZE(exec_stats) ==
	      sizeof(struct vigil_exec_stats) / sizeof(u64));

static int put_stats(struct sk_buff *msg, struct vigil_vm *vm)
{
	struct vigil_exec_stats s;
	int err;

	vigil_exec_stats(vm, &s);
	err = nla_put_u32(msg, VIGIL_A_STATS_VM_ID, vm->id);
	for (size_t i = 0; !err && i < ARRAY_SIZE(exec_stats); i++)
		err = nla_put_uint(msg, exec_stats[i].attr,
				   *(u64 *)((void *)&s + exec_stats[i].offset));
	if (err ||
	    nla_put_uint(msg, VIGIL_A_STATS_REREAD, vigil_guest_reread(vm)) ||
	    /* Each has a number. */
	    nla_put_uint(msg, VIGIL_A_STATS_ALERTS,
			 vigil_alerts_last(&vm->alerts)) ||
	    nla_put_uint(msg, VIGIL_A_STATS_ALERTS_FOLDED,
			 vigil_alerts_folded(&vm->alerts)))
		return -EMSGSIZE;
	return 0;
}

int vigil_nl_stats_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return vigil_nl_reply_vm(info, VIGIL_A_STATS_VM_ID, put_stats);
}

int vigil_nl_stats_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return vigil_nl_dump_vms(skb, cb, put_stats);
}
