/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Dumps of what is in a guest.
 */
#ifndef _VIGIL_NETLINK_DUMP_H
#define _VIGIL_NETLINK_DUMP_H

#include "api/netlink.h"

struct vigil_budget;
struct vigil_profile;
struct vigil_view;

/**
 * struct vigil_nl_dump - How far a dump is; the context of each begins with it
 */
struct vigil_nl_dump {
	/** @profile: By which it began; compared and never followed. */
	const struct vigil_profile *profile;
	/** @told: Messages so far. */
	u32 told;
	/** @restarts: How often its place in a list was lost. */
	u8 restarts;
	bool done;
};

/*
 * Reads and puts some: from where the last slice ended until the budget is
 * spent.  Return: -ENOENT: that was all; -EMSGSIZE: the part is full; as
 * vigil_budget_check(); or an error.
 */
typedef int (*vigil_nl_read_t)(struct sk_buff *skb, struct netlink_callback *cb,
			       struct vigil_view *view,
			       const struct vigil_budget *budget);

int vigil_nl_dump_guest(struct sk_buff *skb, struct netlink_callback *cb,
			u32 attr, vigil_nl_read_t read);

#endif /* _VIGIL_NETLINK_DUMP_H */
