// SPDX-License-Identifier: GPL-2.0
/*
 * The ring of alerts of one VM.
 *
 * The guest decides how many there are, so their number is bounded.  Where the
 * ring is full, repetitions give way before the first alert of a process, and
 * that before the first of a source; of one class the oldest goes.
 */
#include <linux/bitops.h>
#include <linux/export.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <kunit/visibility.h>

#include "core/alert.h"

/**
 * vigil_alerts_init - Begin without any
 * @a: the VM's alerts
 *
 * Return: 0 or -ENOMEM.
 */
int vigil_alerts_init(struct vigil_alerts *a)
{
	memset(a, 0, sizeof(*a));
	mutex_init(&a->telling);
	spin_lock_init(&a->lock);
	a->ring = RB_ROOT;
	for (int i = 0; i < VIGIL_ALERT_CLASSES; i++)
		INIT_LIST_HEAD(&a->classes[i]);
	return vigil_alerts_init_budget(a);
}
EXPORT_SYMBOL_IF_KUNIT(vigil_alerts_init);

/**
 * vigil_alerts_destroy - Undo vigil_alerts_init(), which may have failed
 * @a: the VM's alerts, which nobody uses
 */
void vigil_alerts_destroy(struct vigil_alerts *a)
{
	struct vigil_alert *alert, *next;

	for (int i = 0; i < VIGIL_ALERT_CLASSES; i++) {
		list_for_each_entry_safe(alert, next, &a->classes[i], link)
			vigil_alert_put(alert);
	}
	vigil_alerts_free_budget(a);
	mutex_destroy(&a->telling);
}
EXPORT_SYMBOL_IF_KUNIT(vigil_alerts_destroy);

/**
 * vigil_alert_put - Be done with an alert
 * @alert: the alert, or NULL
 */
void vigil_alert_put(struct vigil_alert *alert)
{
	if (!alert || !refcount_dec_and_test(&alert->users))
		return;
	if (alert->ops)
		alert->ops->free(alert);
	else
		kfree(alert);
}
EXPORT_SYMBOL_IF_KUNIT(vigil_alert_put);

static bool alert_is_older(struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct vigil_alert, node)->seq <
	       rb_entry(b, struct vigil_alert, node)->seq;
}

/*
 * Make room for an alert.  Return: what gave way, or NULL: there is room, or all
 * that are kept rank higher.  Then the alert is one too many, and goes next: who
 * reads from any number on finds the newest, and by its number what is lost.
 */
static struct vigil_alert *alerts_make_room(struct vigil_alerts *a,
					    const struct vigil_alert *alert)
{
	struct vigil_alert *oldest = NULL;

	lockdep_assert_held(&a->lock);
	if (a->nr < VIGIL_ALERT_RING)
		return NULL;
	for (int i = 0; !oldest && i < VIGIL_ALERT_CLASSES; i++)
		oldest = list_first_entry_or_null(&a->classes[i],
						  struct vigil_alert, link);
	if (a->nr == VIGIL_ALERT_RING && oldest->class > alert->class)
		return NULL;
	list_del(&oldest->link);
	rb_erase(&oldest->node, &a->ring);
	a->nr--;
	return oldest;
}

/**
 * vigil_alerts_add - Put an alert on the ring
 * @a: the VM's alerts
 * @alert: the caller's own
 *
 * The caller stays a user of the alert, and is done with it by vigil_alert_put().
 *
 * Return: the alert's sequence number.
 */
u64 vigil_alerts_add(struct vigil_alerts *a, struct vigil_alert *alert)
{
	struct vigil_alert *gone;
	u64 seq;

	/* The ring and the caller. */
	refcount_set(&alert->users, 2);
	spin_lock(&a->lock);
	seq = ++a->last;
	alert->seq = seq;
	gone = alerts_make_room(a, alert);
	rb_add(&alert->node, &a->ring, alert_is_older);
	list_add_tail(&alert->link, &a->classes[alert->class]);
	a->nr++;
	if (alert->key.what)
		vigil_alerts_reported(a, &alert->key, seq);
	spin_unlock(&a->lock);
	vigil_alert_put(gone);
	return seq;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_alerts_add);

/**
 * vigil_alerts_tell - Put an alert on the ring and tell it
 * @a: the VM's alerts
 * @alert: the caller's own
 * @tell: tells it; may sleep
 *
 * As vigil_alerts_add(), but alerts are told in the order of their numbers.  The
 * ring may have let go of an alert before it is told: a listener that hears of a
 * later one first would take it for lost.
 *
 * May sleep.  Return: the alert's sequence number.
 */
u64 vigil_alerts_tell(struct vigil_alerts *a, struct vigil_alert *alert,
		      void (*tell)(struct vigil_alerts *a,
				   const struct vigil_alert *alert))
{
	u64 seq;

	mutex_lock(&a->telling);
	alert->time = ktime_get_real_ns();
	seq = vigil_alerts_add(a, alert);
	tell(a, alert);
	mutex_unlock(&a->telling);
	return seq;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_alerts_tell);

/**
 * vigil_alerts_get - Find the first alert from a sequence number on
 * @a: the VM's alerts
 * @seq: the sequence number
 * @lost: how many from @seq on the ring no longer holds
 *
 * Return: the alert, for vigil_alert_put(), or NULL: there is none (yet).
 */
struct vigil_alert *vigil_alerts_get(struct vigil_alerts *a, u64 seq,
				     u64 *lost)
{
	const u64 from = max(seq, 1ULL);
	struct vigil_alert *found = NULL;
	struct rb_node *node;

	spin_lock(&a->lock);
	node = a->ring.rb_node;
	while (node) {
		struct vigil_alert *alert = rb_entry(node, struct vigil_alert,
						     node);

		if (alert->seq >= from) {
			found = alert;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	if (found)
		refcount_inc(&found->users);
	spin_unlock(&a->lock);
	*lost = found ? found->seq - from : 0;
	return found;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_alerts_get);

/**
 * vigil_alerts_class_of - The class of an alert about the VM as a whole
 * @a: the VM's alerts
 * @kind: the kind of alert
 *
 * The guest can bring them about again and again, and only the first of a kind
 * stays before all others.
 *
 * Return: the class.
 */
enum vigil_alert_class vigil_alerts_class_of(struct vigil_alerts *a,
					     enum vigil_alert_kind kind)
{
	return test_and_set_bit(kind, &a->told_kinds) ? VIGIL_ALERT_OTHER :
							VIGIL_ALERT_FIRST;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_alerts_class_of);

u64 vigil_alerts_last(struct vigil_alerts *a)
{
	u64 last;

	spin_lock(&a->lock);
	last = a->last;
	spin_unlock(&a->lock);
	return last;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_alerts_last);
