// SPDX-License-Identifier: GPL-2.0
/*
 * Netlink: stats-get.
 */
#include "api/netlink.h"
#include "core/count.h"
#include "core/vm.h"
#include "protect/exec/exec.h"

/* Counted by KVM. */
static const struct {
	u16 attr;
	u16 offset;
} kvm_stats[] = {
#define STAT(attr, field) \
	{ VIGIL_A_STATS_##attr, offsetof(struct vigil_exec_stats, field) }
	STAT(FETCHES, fetches),
	STAT(GRANTED, granted),
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
#undef STAT
};

/* Counted by vigil. */
static const u16 counts[] = {
	[VIGIL_COUNT_GRANTED_AROUND] = VIGIL_A_STATS_GRANTED_AROUND,
	[VIGIL_COUNT_JUDGED] = VIGIL_A_STATS_JUDGED,
	[VIGIL_COUNT_UNPROTECTED] = VIGIL_A_STATS_UNPROTECTED,
	[VIGIL_COUNT_KERNEL] = VIGIL_A_STATS_KERNEL,
	[VIGIL_COUNT_NO_PROFILE] = VIGIL_A_STATS_NO_PROFILE,
	[VIGIL_COUNT_UNREADABLE] = VIGIL_A_STATS_UNREADABLE,
	[VIGIL_COUNT_REREAD] = VIGIL_A_STATS_REREAD,
	[VIGIL_COUNT_ALERTS] = VIGIL_A_STATS_ALERTS,
	[VIGIL_COUNT_FETCH_TIME] = VIGIL_A_STATS_FETCH_TIME,
};

static_assert(ARRAY_SIZE(counts) == VIGIL_COUNTS);

static int put_stats(struct sk_buff *msg, struct vigil_vm *vm)
{
	struct vigil_exec_stats s;
	int err;

	vigil_exec_stats(vm, &s);
	err = nla_put_u32(msg, VIGIL_A_STATS_VM_ID, vm->id);
	for (size_t i = 0; !err && i < ARRAY_SIZE(kvm_stats); i++)
		err = nla_put_uint(msg, kvm_stats[i].attr,
				   *(u64 *)((void *)&s + kvm_stats[i].offset));
	for (size_t i = 0; !err && i < ARRAY_SIZE(counts); i++)
		err = nla_put_uint(msg, counts[i], vigil_count_read(vm, i));
	if (!err)
		err = nla_put_uint(msg, VIGIL_A_STATS_ALERTS_FOLDED,
				   vigil_alerts_folded(&vm->alerts));
	return err;
}

int vigil_nl_stats_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return vigil_nl_reply_vm(info, VIGIL_A_STATS_VM_ID, put_stats);
}

int vigil_nl_stats_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return vigil_nl_dump_vms(skb, cb, put_stats);
}
