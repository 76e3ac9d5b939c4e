// SPDX-License-Identifier: GPL-2.0
/*
 * Alerts of one VM.
 *
 * The guest decides how many there are, so both their number and their rate are
 * bounded: what was told a moment ago, or comes too fast, is counted and told
 * with the next one like it.
 */
#include <linux/export.h>
#include <linux/jhash.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/time64.h>
#include <kunit/visibility.h>

#include "core/alert.h"

/* The same is told again after this time, if it still happens. */
#define FOLD_TIME	(10ULL * NSEC_PER_SEC)
/* No more than this at once, then one per TOKEN_TIME. */
#define TOKENS		64
#define TOKEN_TIME	(NSEC_PER_SEC / 32)

void vigil_alerts_init(struct vigil_alerts *a)
{
	memset(a, 0, sizeof(*a));
	spin_lock_init(&a->lock);
	a->tokens = TOKENS;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_alerts_init);

void vigil_alerts_destroy(struct vigil_alerts *a)
{
	for (size_t i = 0; i < ARRAY_SIZE(a->ring); i++)
		vigil_alert_put(a->ring[i]);
}
EXPORT_SYMBOL_IF_KUNIT(vigil_alerts_destroy);

/* --- folding -------------------------------------------------------------- */

static bool same_key(const struct vigil_alert_key *a,
		     const struct vigil_alert_key *b)
{
	return a->process == b->process && a->mm == b->mm &&
	       a->page == b->page && a->content == b->content &&
	       a->rules == b->rules && a->entry == b->entry;
}

static struct vigil_alert_fold *fold_set(struct vigil_alerts *a,
					 const struct vigil_alert_key *key)
{
	u64 words[] = { key->process, key->mm, key->page, key->content };
	u32 hash = jhash(words, sizeof(words), 0);

	return a->folds[hash % VIGIL_ALERT_SETS];
}

static struct vigil_alert_fold *find_fold(struct vigil_alerts *a,
					  const struct vigil_alert_key *key)
{
	struct vigil_alert_fold *set = fold_set(a, key);

	lockdep_assert_held(&a->lock);
	for (int i = 0; i < VIGIL_ALERT_WAYS; i++) {
		if (same_key(&set[i].key, key))
			return &set[i];
	}
	return NULL;
}

/* Takes the place of the one that was told longest ago. */
static struct vigil_alert_fold *new_fold(struct vigil_alerts *a,
					 const struct vigil_alert_key *key)
{
	struct vigil_alert_fold *set = fold_set(a, key);
	struct vigil_alert_fold *fold = &set[0];

	lockdep_assert_held(&a->lock);
	for (int i = 1; i < VIGIL_ALERT_WAYS; i++) {
		if (set[i].told < fold->told)
			fold = &set[i];
	}
	*fold = (struct vigil_alert_fold){ .key = *key };
	return fold;
}

static bool take_token(struct vigil_alerts *a, u64 now)
{
	u64 earned = div64_u64(now - a->refilled, TOKEN_TIME);

	lockdep_assert_held(&a->lock);
	if (earned) {
		a->tokens = min_t(u64, a->tokens + earned, TOKENS);
		a->refilled = now;
	}
	if (!a->tokens)
		return false;
	a->tokens--;
	return true;
}

/**
 * vigil_alerts_admit - Shall an alert be told?
 * @a: the VM's alerts
 * @key: what it is about
 * @now: a monotonic clock, in nanoseconds
 * @folded: if it shall, how many like it were not
 * @seq: else, the last one like it that was; 0 if none
 *
 * Return: true if it shall.
 */
bool vigil_alerts_admit(struct vigil_alerts *a,
			const struct vigil_alert_key *key, u64 now,
			u32 *folded, u64 *seq)
{
	struct vigil_alert_fold *fold;
	bool tell;

	spin_lock(&a->lock);
	/* The clock was read before: who came later may have been first. */
	now = max(now, a->refilled);
	fold = find_fold(a, key);
	tell = !(fold && fold->told && fold->told + FOLD_TIME > now) &&
	       take_token(a, now);
	if (!fold)
		fold = new_fold(a, key);
	*folded = fold->folded;
	*seq = fold->seq;
	if (tell) {
		fold->told = now;
		fold->folded = 0;
	} else {
		fold->folded++;
		a->folded++;
	}
	spin_unlock(&a->lock);
	return tell;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_alerts_admit);

/* --- the ring ------------------------------------------------------------- */

/**
 * vigil_alert_put - Be done with an alert
 * @alert: the alert, or NULL
 */
void vigil_alert_put(struct vigil_alert *alert)
{
	if (alert && refcount_dec_and_test(&alert->users))
		kfree(alert);
}
EXPORT_SYMBOL_IF_KUNIT(vigil_alert_put);

static struct vigil_alert **slot(struct vigil_alerts *a, u64 seq)
{
	return &a->ring[seq % VIGIL_ALERT_RING];
}

/**
 * vigil_alerts_add - Put an alert on the ring
 * @a: the VM's alerts
 * @alert: allocated by kmalloc(), the caller's own
 *
 * The oldest gives way.  The caller stays a user of the alert, and is done with
 * it by vigil_alert_put().
 *
 * Return: the alert's sequence number.
 */
u64 vigil_alerts_add(struct vigil_alerts *a, struct vigil_alert *alert)
{
	const struct vigil_alert_key *key;
	struct vigil_alert_fold *fold;
	u64 seq;

	/* The ring and the caller. */
	refcount_set(&alert->users, 2);
	spin_lock(&a->lock);
	seq = ++a->last;
	alert->seq = seq;
	swap(*slot(a, seq), alert);
	key = &(*slot(a, seq))->key;
	fold = key->rules ? find_fold(a, key) : NULL;
	if (fold)
		fold->seq = seq;
	spin_unlock(&a->lock);
	vigil_alert_put(alert);
	return seq;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_alerts_add);

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
	u64 oldest, from = max(seq, 1ULL);
	struct vigil_alert *alert = NULL;

	spin_lock(&a->lock);
	oldest = a->last < VIGIL_ALERT_RING ? 1 : a->last - VIGIL_ALERT_RING + 1;
	*lost = from < oldest ? oldest - from : 0;
	from += *lost;
	if (from <= a->last) {
		alert = *slot(a, from);
		refcount_inc(&alert->users);
	}
	spin_unlock(&a->lock);
	return alert;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_alerts_get);

u64 vigil_alerts_last(struct vigil_alerts *a)
{
	u64 last;

	spin_lock(&a->lock);
	last = a->last;
	spin_unlock(&a->lock);
	return last;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_alerts_last);

u64 vigil_alerts_folded(struct vigil_alerts *a)
{
	u64 folded;

	spin_lock(&a->lock);
	folded = a->folded;
	spin_unlock(&a->lock);
	return folded;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_alerts_folded);
