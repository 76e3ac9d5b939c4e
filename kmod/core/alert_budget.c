// SPDX-License-Identifier: GPL-2.0
/*
 * Which events are reported one by one.
 *
 * The guest decides how many there are and how fast they come, and nobody may
 * take away what another one has to report.  So the budget is a source's own.
 * But each exec() makes a new source: first events are out of the budget of a
 * group, which is the same whatever its processes execute, and only some of them
 * stay before all others in the ring.
 *
 * What is not reported is counted: in the next alert of the source, or in an
 * alert that says nothing else.  At any time
 *
 *	events = alerts about an event + what these and others say was folded
 *		 + what is pending
 *
 * holds.  The tables are bounded; what they forget is counted all the same, and
 * reported as new when it comes again.
 */
#include <linux/export.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/string.h>
#include <linux/time64.h>
#include <kunit/visibility.h>

#include "core/alert.h"

/*
 * The same is reported again after this time, if it still happens; and what was
 * counted waits no longer for an alert that takes it along.
 */
#define REPEAT_TIME	(10ULL * NSEC_PER_SEC)

/* First events of the sources of a group: at once, and then by time. */
#define SOURCE_BURST	2048
#define SOURCE_PERIOD	(NSEC_PER_SEC / 32)
/* Those of them that have the class of first events. */
#define FIRST_BURST	256
#define FIRST_PERIOD	(10ULL * NSEC_PER_SEC)
/* First events of the processes of a source. */
#define PROCESS_BURST	2048
#define PROCESS_PERIOD	(NSEC_PER_SEC / 32)
/* All others of the source. */
#define OTHER_BURST	16
#define OTHER_PERIOD	NSEC_PER_SEC

/* Each table has sets of WAYS; the one that was used longest ago gives way. */
#define WAYS		8
#define GROUP_SETS	256
#define SOURCE_SETS	512
#define PROCESS_SETS	1024
#define PIECE_SETS	512

struct alert_bucket {
	/* What may be reported before the time is looked at again. */
	u32 tokens;
	u64 filled;
};

/* What an admission took. */
#define TOKEN_SOURCE	BIT(0)
#define TOKEN_FIRST	BIT(1)
#define TOKEN_PROCESS	BIT(2)
#define TOKEN_OTHER	BIT(3)

/* Events that were counted, and that no alert has told yet. */
struct alert_count {
	/* In the list of those that are not 0. */
	struct list_head pending;
	u64 folded;
	/* Since when. */
	u64 since;
	/* The last alert about such an event, and the entry; 0: there is none. */
	u64 seq;
	u32 entry;
};

struct alert_group {
	u64 id;
	/* When the last event came; 0: this is no group. */
	u64 used;
	struct alert_bucket sources;
	struct alert_bucket firsts;
	/* Of sources that are not known because none of their events was told. */
	struct alert_count count;
};

struct alert_source {
	u64 identity;
	u32 what;
	u32 entry;
	/* When the last event came; 0: this is no source. */
	u64 used;
	/* It had its first. */
	bool reported;
	struct alert_bucket processes;
	struct alert_bucket others;
	struct alert_count count;
};

/* A process of a source, or a piece of one, that was reported. */
struct alert_seen {
	/* Hash of the key's part; 0: free. */
	u64 id;
	/* When it was reported. */
	u64 time;
	u64 seq;
};

/* About 900 KiB. */
struct vigil_alert_tables {
	struct alert_group groups[GROUP_SETS][WAYS];
	struct alert_source sources[SOURCE_SETS][WAYS];
	struct alert_seen processes[PROCESS_SETS][WAYS];
	struct alert_seen pieces[PIECE_SETS][WAYS];
	/* What sources and groups had that are no longer known. */
	struct alert_count forgotten;
};

int vigil_alerts_init_budget(struct vigil_alerts *a)
{
	INIT_LIST_HEAD(&a->pending);
	get_random_bytes(&a->hash, sizeof(a->hash));
	a->tables = kvzalloc(sizeof(*a->tables), GFP_KERNEL_ACCOUNT);
	if (!a->tables)
		return -ENOMEM;
	INIT_LIST_HEAD(&a->tables->forgotten.pending);
	return 0;
}

void vigil_alerts_free_budget(struct vigil_alerts *a)
{
	kvfree(a->tables);
}

/* --- budgets -------------------------------------------------------------- */

static bool bucket_take(struct alert_bucket *b, u64 now, u32 burst, u64 period)
{
	u64 earned = div64_u64(now - b->filled, period);

	if (earned) {
		b->tokens = min_t(u64, b->tokens + earned, burst);
		b->filled += earned * period;
	}
	if (!b->tokens)
		return false;
	b->tokens--;
	return true;
}

/* Undo it, unless so much was earned since then. */
static void bucket_return(struct alert_bucket *b, u32 burst)
{
	b->tokens = min(b->tokens + 1, burst);
}

/* --- what was reported ---------------------------------------------------- */

static u64 seen_process_id(struct vigil_alerts *a,
			   const struct vigil_alert_key *key)
{
	return siphash_3u64(key->identity, key->process,
			    (u64)key->what << 32 | key->entry, &a->hash) ?: 1;
}

static u64 seen_piece_id(struct vigil_alerts *a,
			 const struct vigil_alert_key *key)
{
	return siphash_4u64(key->identity, key->process,
			    (u64)key->what << 32 | key->entry, key->piece,
			    &a->hash) ?: 1;
}

static struct alert_seen *seen_find(struct alert_seen *set, u64 id)
{
	for (int i = 0; i < WAYS; i++) {
		if (set[i].id == id)
			return &set[i];
	}
	return NULL;
}

static void seen_note(struct alert_seen *set, u64 id, u64 now)
{
	struct alert_seen *seen = seen_find(set, id);

	if (!seen) {
		seen = &set[0];
		for (int i = 1; i < WAYS; i++) {
			if (set[i].time < seen->time)
				seen = &set[i];
		}
		*seen = (struct alert_seen){ .id = id };
	}
	seen->time = now;
}

static void seen_forget(struct alert_seen *set, u64 id)
{
	struct alert_seen *seen = seen_find(set, id);

	if (seen)
		*seen = (struct alert_seen){};
}

static void seen_set_seq(struct alert_seen *set, u64 id, u64 seq)
{
	struct alert_seen *seen = seen_find(set, id);

	if (seen)
		seen->seq = seq;
}

static struct alert_seen *process_set(struct vigil_alerts *a, u64 id)
{
	return a->tables->processes[id % PROCESS_SETS];
}

static struct alert_seen *piece_set(struct vigil_alerts *a, u64 id)
{
	return a->tables->pieces[id % PIECE_SETS];
}

/* --- what was counted ----------------------------------------------------- */

/* Return: nothing else is pending. */
static bool count_add(struct vigil_alerts *a, struct alert_count *c, u64 n)
{
	bool only = false;

	lockdep_assert_held(&a->lock);
	if (!c->folded) {
		only = list_empty(&a->pending);
		list_add_tail(&c->pending, &a->pending);
		c->since = a->now;
	}
	c->folded += n;
	return only;
}

/* No alert has room for more; the others stay pending. */
static u32 count_take(struct vigil_alerts *a, struct alert_count *c)
{
	u32 n = min_t(u64, c->folded, U32_MAX);

	lockdep_assert_held(&a->lock);
	if (!n)
		return 0;
	c->folded -= n;
	if (!c->folded)
		list_del_init(&c->pending);
	return n;
}

/* What it belongs to is no longer known. */
static void count_forget(struct vigil_alerts *a, struct alert_count *c)
{
	const u64 folded = c->folded;

	lockdep_assert_held(&a->lock);
	if (!folded)
		return;
	c->folded = 0;
	list_del_init(&c->pending);
	/* Whoever waits for what is pending does so since @c was. */
	count_add(a, &a->tables->forgotten, folded);
}

/* --- groups --------------------------------------------------------------- */

static struct alert_group *group_set(struct vigil_alerts *a, u64 id)
{
	return a->tables->groups[siphash_1u64(id, &a->hash) % GROUP_SETS];
}

static struct alert_group *group_find(struct vigil_alerts *a, u64 id)
{
	struct alert_group *set = group_set(a, id);

	lockdep_assert_held(&a->lock);
	for (int i = 0; i < WAYS; i++) {
		if (set[i].used && set[i].id == id)
			return &set[i];
	}
	return NULL;
}

static struct alert_group *group_new(struct vigil_alerts *a, u64 id)
{
	struct alert_group *set = group_set(a, id);
	struct alert_group *g = &set[0];

	lockdep_assert_held(&a->lock);
	for (int i = 1; i < WAYS; i++) {
		if (set[i].used < g->used)
			g = &set[i];
	}
	count_forget(a, &g->count);
	*g = (struct alert_group){
		.id = id,
		.sources = { .tokens = SOURCE_BURST, .filled = a->now },
		.firsts = { .tokens = FIRST_BURST, .filled = a->now },
	};
	INIT_LIST_HEAD(&g->count.pending);
	return g;
}

/* --- sources -------------------------------------------------------------- */

static struct alert_source *source_set(struct vigil_alerts *a,
				       const struct vigil_alert_key *key)
{
	u64 hash = siphash_2u64(key->identity,
				(u64)key->what << 32 | key->entry, &a->hash);

	return a->tables->sources[hash % SOURCE_SETS];
}

static struct alert_source *source_find(struct vigil_alerts *a,
					const struct vigil_alert_key *key)
{
	struct alert_source *set = source_set(a, key);

	lockdep_assert_held(&a->lock);
	for (int i = 0; i < WAYS; i++) {
		if (set[i].used && set[i].identity == key->identity &&
		    set[i].what == key->what && set[i].entry == key->entry)
			return &set[i];
	}
	return NULL;
}

static struct alert_source *source_new(struct vigil_alerts *a,
				       const struct vigil_alert_key *key)
{
	struct alert_source *set = source_set(a, key);
	struct alert_source *s = &set[0];

	lockdep_assert_held(&a->lock);
	for (int i = 1; i < WAYS; i++) {
		if (set[i].used < s->used)
			s = &set[i];
	}
	count_forget(a, &s->count);
	*s = (struct alert_source){
		.identity = key->identity,
		.what = key->what,
		.entry = key->entry,
		.processes = { .tokens = PROCESS_BURST, .filled = a->now },
		.others = { .tokens = OTHER_BURST, .filled = a->now },
		.count.entry = key->entry,
	};
	INIT_LIST_HEAD(&s->count.pending);
	return s;
}

/* --- events --------------------------------------------------------------- */

/* The first event of a source. */
static bool admit_source(struct alert_group *group, u64 now,
			 struct vigil_alert_admission *adm)
{
	if (!bucket_take(&group->sources, now, SOURCE_BURST, SOURCE_PERIOD))
		return false;
	adm->tokens |= TOKEN_SOURCE;
	adm->class = VIGIL_ALERT_PROCESS;
	if (bucket_take(&group->firsts, now, FIRST_BURST, FIRST_PERIOD)) {
		adm->tokens |= TOKEN_FIRST;
		adm->class = VIGIL_ALERT_FIRST;
	}
	return true;
}

/* Another one, of a process that was reported, or else was not. */
static bool admit_another(struct alert_source *source, bool reported, u64 now,
			  struct vigil_alert_admission *adm)
{
	if (reported) {
		adm->tokens |= TOKEN_OTHER;
		return bucket_take(&source->others, now, OTHER_BURST,
				   OTHER_PERIOD);
	}
	adm->class = VIGIL_ALERT_PROCESS;
	adm->tokens |= TOKEN_PROCESS;
	return bucket_take(&source->processes, now, PROCESS_BURST,
			   PROCESS_PERIOD);
}

/**
 * vigil_alerts_admit - Shall an event be reported?
 * @a: the VM's alerts
 * @key: what it is about
 * @now: a monotonic clock, in nanoseconds
 * @adm: how it is reported, or what it was counted with
 *
 * What shall be reported has to be, by an alert with @key and what @adm says; or
 * else to be withdrawn.
 *
 * Return: true if it shall.
 */
bool vigil_alerts_admit(struct vigil_alerts *a,
			const struct vigil_alert_key *key, u64 now,
			struct vigil_alert_admission *adm)
{
	const u64 process_id = seen_process_id(a, key);
	const u64 piece_id = seen_piece_id(a, key);
	struct alert_seen *process, *piece;
	struct alert_source *source;
	struct alert_group *group;
	bool report;

	*adm = (struct vigil_alert_admission){ .class = VIGIL_ALERT_OTHER };
	spin_lock(&a->lock);
	/* The clock was read before: who came later may have been first. */
	now = max3(now, a->now, 1ULL);
	a->now = now;
	group = group_find(a, key->group) ?: group_new(a, key->group);
	group->used = now;
	source = source_find(a, key);
	process = seen_find(process_set(a, process_id), process_id);
	piece = seen_find(piece_set(a, piece_id), piece_id);

	if (!source || !source->reported)
		report = admit_source(group, now, adm);
	else if (piece && piece->time + REPEAT_TIME > now)
		report = false;
	else
		report = admit_another(source, process, now, adm);
	/* Who has no share left takes no place of the table. */
	if (report && !source)
		source = source_new(a, key);
	if (source)
		source->used = now;
	if (report) {
		source->reported = true;
		seen_note(process_set(a, process_id), process_id, now);
		seen_note(piece_set(a, piece_id), piece_id, now);
		adm->folded = count_take(a, &source->count);
	} else {
		if (piece && piece->seq)
			adm->seq = piece->seq;
		else if (process)
			adm->seq = process->seq;
		adm->pending = count_add(a, source ? &source->count :
						     &group->count, 1);
		a->folded++;
	}
	spin_unlock(&a->lock);
	return report;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_alerts_admit);

/* Give back what an admission took, as far as that is known still. */
static void return_tokens(struct alert_group *group,
			  struct alert_source *source, u8 tokens)
{
	if (group && (tokens & TOKEN_SOURCE))
		bucket_return(&group->sources, SOURCE_BURST);
	if (group && (tokens & TOKEN_FIRST))
		bucket_return(&group->firsts, FIRST_BURST);
	if (source && (tokens & TOKEN_PROCESS))
		bucket_return(&source->processes, PROCESS_BURST);
	if (source && (tokens & TOKEN_OTHER))
		bucket_return(&source->others, OTHER_BURST);
}

/**
 * vigil_alerts_withdraw - An event that was admitted can't be reported
 * @a: the VM's alerts
 * @key: what it was about
 * @adm: what was said to it; @adm->pending is set anew
 *
 * It is counted instead, and the next one like it is admitted as this one was.
 */
void vigil_alerts_withdraw(struct vigil_alerts *a,
			   const struct vigil_alert_key *key,
			   struct vigil_alert_admission *adm)
{
	const u64 process_id = seen_process_id(a, key);
	const u64 piece_id = seen_piece_id(a, key);
	struct alert_source *source;

	spin_lock(&a->lock);
	source = source_find(a, key);
	return_tokens(group_find(a, key->group), source, adm->tokens);
	if (source && (adm->tokens & TOKEN_SOURCE))
		source->reported = false;
	if (adm->class != VIGIL_ALERT_OTHER)
		seen_forget(process_set(a, process_id), process_id);
	seen_forget(piece_set(a, piece_id), piece_id);
	adm->pending = count_add(a, source ? &source->count :
					     &a->tables->forgotten,
				 1ULL + adm->folded);
	a->folded++;
	spin_unlock(&a->lock);
}
EXPORT_SYMBOL_IF_KUNIT(vigil_alerts_withdraw);

/* The alert about an event got its number. */
void vigil_alerts_reported(struct vigil_alerts *a,
			   const struct vigil_alert_key *key, u64 seq)
{
	const u64 process_id = seen_process_id(a, key);
	const u64 piece_id = seen_piece_id(a, key);
	struct alert_source *source = source_find(a, key);

	lockdep_assert_held(&a->lock);
	if (source)
		source->count.seq = seq;
	seen_set_seq(process_set(a, process_id), process_id, seq);
	seen_set_seq(piece_set(a, piece_id), piece_id, seq);
}

/**
 * vigil_alerts_due - When has something to be reported that was only counted?
 * @a: the VM's alerts
 *
 * Return: the time, by the clock of vigil_alerts_admit(), or 0: nothing is
 * pending.
 */
u64 vigil_alerts_due(struct vigil_alerts *a)
{
	struct alert_count *c;
	u64 due = 0;

	spin_lock(&a->lock);
	c = list_first_entry_or_null(&a->pending, struct alert_count, pending);
	if (c)
		due = c->since + REPEAT_TIME;
	spin_unlock(&a->lock);
	return due;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_alerts_due);

/**
 * vigil_alerts_suppressed - What was counted and is due, in one place
 * @a: the VM's alerts
 * @until: a time of the clock of vigil_alerts_admit(); U64_MAX: all are due
 * @alert: zeroed; tells it, if there is something
 *
 * Return: true if there is.
 */
bool vigil_alerts_suppressed(struct vigil_alerts *a, u64 until,
			     struct vigil_alert *alert)
{
	struct alert_count *c;
	bool due;

	spin_lock(&a->lock);
	c = list_first_entry_or_null(&a->pending, struct alert_count, pending);
	due = c && (until == U64_MAX || c->since + REPEAT_TIME <= until);
	if (due) {
		alert->kind = VIGIL_ALERT_KIND_SUPPRESSED;
		alert->entry = c->entry;
		alert->of_seq = c->seq;
		alert->folded = count_take(a, c);
	}
	spin_unlock(&a->lock);
	return due;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_alerts_suppressed);

/**
 * vigil_alerts_merge - Let one alert tell of all that was counted
 * @a: the VM's alerts
 *
 * For who has the memory of only one: vigil_alerts_suppressed() comes next.
 */
void vigil_alerts_merge(struct vigil_alerts *a)
{
	struct alert_count *c, *next;

	spin_lock(&a->lock);
	list_for_each_entry_safe(c, next, &a->pending, pending) {
		if (c != &a->tables->forgotten)
			count_forget(a, c);
	}
	spin_unlock(&a->lock);
}
EXPORT_SYMBOL_IF_KUNIT(vigil_alerts_merge);

u64 vigil_alerts_folded(struct vigil_alerts *a)
{
	u64 folded;

	spin_lock(&a->lock);
	folded = a->folded;
	spin_unlock(&a->lock);
	return folded;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_alerts_folded);
