/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What KVM tells of a VM as a whole.  Each of its clients hears it, and it is to
 * be reported once.
 */
#ifndef _VIGIL_CORE_NOTICE_H
#define _VIGIL_CORE_NOTICE_H

#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/jiffies.h>
#include <linux/types.h>

/* That the guest runs guests is reported this often, while it does. */
#define VIGIL_NOTICE_NESTED_PERIOD	(60 * HZ)

/**
 * struct vigil_notices - What was told
 */
struct vigil_notices {
	/** @nested: When that was reported last, in jiffies; 0: never. */
	unsigned long nested;
	/** @dirty_log: KVM logs what the guest writes. */
	bool dirty_log;
};

/**
 * vigil_notices_nested - The guest runs guests of its own
 * @n: what was told
 * @now: in jiffies
 *
 * From any thread.  Return: is it to be reported?
 */
static inline bool vigil_notices_nested(struct vigil_notices *n,
					unsigned long now)
{
	unsigned long last = READ_ONCE(n->nested);

	if (last && time_before(now, last + VIGIL_NOTICE_NESTED_PERIOD))
		return false;
	/* One of several vCPUs, or clients. */
	return cmpxchg(&n->nested, last, now ?: 1) == last;
}

/* That could not be reported. */
static inline void vigil_notices_nested_failed(struct vigil_notices *n)
{
	WRITE_ONCE(n->nested, 0);
}

/**
 * vigil_notices_dirty_log - Dirty logging begins or ends
 * @n: what was told
 * @on: it begins
 *
 * From any thread.  Return: is that it began to be reported?
 */
static inline bool vigil_notices_dirty_log(struct vigil_notices *n, bool on)
{
	return !xchg(&n->dirty_log, on) && on;
}

#endif /* _VIGIL_CORE_NOTICE_H */
