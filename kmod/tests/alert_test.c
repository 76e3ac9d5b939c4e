// SPDX-License-Identifier: GPL-2.0
/*
 * Alerts: who is reported, that every event is counted, and what the ring keeps.
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/slab.h>
#include <linux/time64.h>
#include <linux/workqueue.h>
#include <net/netlink.h>

#include "core/alert.h"
#include "protect/alert_process.h"

#define SECOND	((u64)NSEC_PER_SEC)
#define BEGIN	(1000 * SECOND)

/* The budgets, as alert_budget.c has them. */
#define REPEAT_TIME	(10 * SECOND)
#define SOURCE_BURST	2048
#define SOURCE_RATE	32
#define FIRST_BURST	256
#define FIRST_PERIOD	(10 * SECOND)
#define PROCESS_BURST	2048
#define PROCESS_RATE	32
#define OTHER_BURST	16

struct alert_test {
	struct vigil_alerts alerts;
	u64 now;
	/* Events, those that have an alert, and what all alerts say was folded. */
	u64 offered;
	u64 reported;
	u64 folded;
	/* Of those, in alerts of the kind suppressed; and without a source. */
	u64 suppressed;
	u64 forgotten;
	/* Alerts that were told, in that order, and who raises the second one. */
	u64 told[2];
	unsigned int nr_told;
	struct work_struct other;
	struct completion begun;
};

static int alert_init(struct kunit *test)
{
	struct alert_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	int err;

	if (!t)
		return -ENOMEM;
	t->now = BEGIN;
	test->priv = t;
	err = vigil_alerts_init(&t->alerts);
	/* By chance a set would get more sources than it has ways. */
	t->alerts.hash = (siphash_key_t){ .key = { 1, 2 } };
	return err;
}

static void alert_exit(struct kunit *test)
{
	struct alert_test *t = test->priv;

	if (t)
		vigil_alerts_destroy(&t->alerts);
}

/* --- the ring ------------------------------------------------------------- */

static u64 add(struct kunit *test, const struct vigil_alert *what)
{
	struct alert_test *t = test->priv;
	struct vigil_alert *alert = kzalloc(sizeof(*alert), GFP_KERNEL);
	u64 seq;

	KUNIT_ASSERT_NOT_NULL(test, alert);
	*alert = *what;
	seq = vigil_alerts_add(&t->alerts, alert);
	vigil_alert_put(alert);
	return seq;
}

static void add_many(struct kunit *test, enum vigil_alert_class class, u64 from,
		     u64 to)
{
	const struct vigil_alert what = { .class = class };

	for (u64 seq = from; seq <= to; seq++)
		KUNIT_ASSERT_EQ(test, seq, add(test, &what));
}

/* Expects that reading from @seq finds @found, after @lost that are gone. */
static void expect(struct kunit *test, u64 seq, u64 found, u64 lost)
{
	struct alert_test *t = test->priv;
	struct vigil_alert *out;
	u64 said;

	out = vigil_alerts_get(&t->alerts, seq, &said);
	KUNIT_ASSERT_NOT_NULL(test, out);
	KUNIT_EXPECT_EQ(test, found, out->seq);
	KUNIT_EXPECT_EQ(test, lost, said);
	vigil_alert_put(out);
}

static void expect_none(struct kunit *test, u64 seq)
{
	struct alert_test *t = test->priv;
	u64 lost;

	KUNIT_EXPECT_NULL(test, vigil_alerts_get(&t->alerts, seq, &lost));
}

/* Reads all: in order, each number found or lost.  Returns how many of @class. */
static unsigned int read_all(struct kunit *test, enum vigil_alert_class class)
{
	struct alert_test *t = test->priv;
	struct vigil_alert *alert;
	u64 next = 1, lost, all = 0;
	unsigned int n = 0;

	while ((alert = vigil_alerts_get(&t->alerts, next, &lost))) {
		KUNIT_ASSERT_EQ(test, next + lost, alert->seq);
		all += lost + 1;
		n += alert->class == class;
		next = alert->seq + 1;
		vigil_alert_put(alert);
	}
	KUNIT_EXPECT_EQ(test, all, vigil_alerts_last(&t->alerts));
	return n;
}

static void test_empty(struct kunit *test)
{
	struct alert_test *t = test->priv;

	KUNIT_EXPECT_EQ(test, 0, vigil_alerts_last(&t->alerts));
	expect_none(test, 0);
	expect_none(test, 1);
	expect_none(test, U64_MAX);
}

static void test_sequence(struct kunit *test)
{
	struct alert_test *t = test->priv;

	add_many(test, VIGIL_ALERT_OTHER, 1, 3);
	KUNIT_EXPECT_EQ(test, 3, vigil_alerts_last(&t->alerts));
	/* 0 asks for all there are. */
	expect(test, 0, 1, 0);
	for (u64 seq = 1; seq <= 3; seq++)
		expect(test, seq, seq, 0);
	expect_none(test, 4);
	expect_none(test, U64_MAX);
}

static void test_full(struct kunit *test)
{
	add_many(test, VIGIL_ALERT_FIRST, 1, VIGIL_ALERT_RING);
	expect(test, 1, 1, 0);
	expect(test, VIGIL_ALERT_RING, VIGIL_ALERT_RING, 0);
}

/* Of one class the oldest goes. */
static void test_wrap(struct kunit *test)
{
	const u64 size = VIGIL_ALERT_RING;

	add_many(test, VIGIL_ALERT_FIRST, 1, size + 1);
	expect(test, 1, 2, 1);
	expect(test, 2, 2, 0);

	add_many(test, VIGIL_ALERT_FIRST, size + 2, 3 * size + 7);
	expect(test, 1, 2 * size + 8, 2 * size + 7);
	expect(test, 100, 2 * size + 8, 2 * size - 92);
	expect(test, 3 * size + 7, 3 * size + 7, 0);
	expect_none(test, 3 * size + 8);
}

/* A lower class gives way to a higher one, and never the other way. */
static void test_classes(struct kunit *test)
{
	const u64 size = VIGIL_ALERT_RING;

	add_many(test, VIGIL_ALERT_FIRST, 1, 10);
	add_many(test, VIGIL_ALERT_PROCESS, 11, 20);
	add_many(test, VIGIL_ALERT_OTHER, 21, size);
	KUNIT_EXPECT_EQ(test, 10, read_all(test, VIGIL_ALERT_FIRST));
	/* Repetitions go for each other ... */
	add_many(test, VIGIL_ALERT_OTHER, size + 1, 3 * size);
	expect(test, 1, 1, 0);
	expect(test, 20, 20, 0);
	expect(test, 21, 2 * size + 21, 2 * size);
	/* ... then for a process, until none is left ... */
	add_many(test, VIGIL_ALERT_PROCESS, 3 * size + 1, 4 * size - 20);
	KUNIT_EXPECT_EQ(test, 0, read_all(test, VIGIL_ALERT_OTHER));
	KUNIT_EXPECT_EQ(test, size - 10, read_all(test, VIGIL_ALERT_PROCESS));
	expect(test, 11, 11, 0);
	/* ... and the oldest process for a source. */
	add_many(test, VIGIL_ALERT_FIRST, 4 * size - 19, 4 * size - 15);
	expect(test, 1, 1, 0);
	expect(test, 10, 10, 0);
	expect(test, 11, 16, 5);
	KUNIT_EXPECT_EQ(test, 15, read_all(test, VIGIL_ALERT_FIRST));
}

/* What ranks lowest is there as long as it is the newest. */
static void test_newest(struct kunit *test)
{
	const u64 size = VIGIL_ALERT_RING;

	add_many(test, VIGIL_ALERT_FIRST, 1, size);
	add_many(test, VIGIL_ALERT_OTHER, size + 1, size + 1);
	expect(test, 1, 1, 0);
	expect(test, size + 1, size + 1, 0);
	add_many(test, VIGIL_ALERT_PROCESS, size + 2, size + 2);
	expect(test, 1, 1, 0);
	expect(test, size + 1, size + 2, 1);
	add_many(test, VIGIL_ALERT_OTHER, size + 3, size + 10);
	expect(test, 1, 1, 0);
	expect(test, size + 1, size + 10, 9);
	/* The first that goes isn't one of the sources. */
	add_many(test, VIGIL_ALERT_FIRST, size + 11, size + 11);
	expect(test, 1, 1, 0);
	expect(test, size + 1, size + 11, 10);
	add_many(test, VIGIL_ALERT_FIRST, size + 12, size + 12);
	expect(test, 1, 2, 1);
}

/* Who reads an alert keeps it, whatever the ring does. */
static void test_reader(struct kunit *test)
{
	struct alert_test *t = test->priv;
	struct vigil_alert *alert;
	u64 lost;

	add_many(test, VIGIL_ALERT_OTHER, 1, 1);
	alert = vigil_alerts_get(&t->alerts, 1, &lost);
	KUNIT_ASSERT_NOT_NULL(test, alert);
	add_many(test, VIGIL_ALERT_OTHER, 2, VIGIL_ALERT_RING + 1);
	expect(test, 1, 2, 1);
	KUNIT_EXPECT_EQ(test, 1, alert->seq);
	vigil_alert_put(alert);
}

/* --- messages ------------------------------------------------------------- */

static void fill(char *text, size_t size)
{
	memset(text, 'x', size - 1);
	text[size - 1] = '\0';
}

/* A process of which everything is as long as can be takes what is said. */
static void test_process_size(struct kunit *test)
{
	struct vigil_alert_process p = {
		.task = U64_MAX,
		.mm = U64_MAX,
		.root = U64_MAX,
		.start_time = U64_MAX,
	};
	struct vigil_alert_program *program;
	struct sk_buff *msg;

	program = kunit_kzalloc(test, sizeof(*program), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, program);
	fill(p.comm, sizeof(p.comm));
	fill(program->exe, sizeof(program->exe));
	fill(program->cgroup, sizeof(program->cgroup));
	program->cmdline_len = sizeof(program->cmdline);
	program->exe_deleted = true;
	program->ns_pid = 1;
	msg = alloc_skb(VIGIL_ALERT_PROCESS_MSG, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, msg);
	KUNIT_EXPECT_EQ(test, 0, vigil_alert_process_put(msg, 1, &p, program));
	KUNIT_EXPECT_EQ(test, VIGIL_ALERT_PROCESS_MSG, msg->len);
	kfree_skb(msg);
}

/* --- events --------------------------------------------------------------- */

static const struct vigil_alert_key some_key = {
	.group = 10,
	.identity = 11,
	.process = 12,
	.piece = 13,
	.what = VIGIL_EXEC_RULE_WX,
	.entry = 7,
};

/* An event; returns the number of its alert, or 0: it was counted. */
static u64 event(struct kunit *test, const struct vigil_alert_key *key,
		 struct vigil_alert_admission *adm)
{
	struct alert_test *t = test->priv;

	t->offered++;
	if (!vigil_alerts_admit(&t->alerts, key, t->now, adm))
		return 0;
	t->reported++;
	t->folded += adm->folded;
	return add(test, &(struct vigil_alert){
			.kind = VIGIL_ALERT_KIND_EXEC,
			.class = adm->class,
			.folded = adm->folded,
			.entry = key->entry,
			.key = *key,
		   });
}

/* Is it reported?  Then as @class, with the number @seq, @folded after others. */
static void expect_reported(struct kunit *test,
			    const struct vigil_alert_key *key,
			    enum vigil_alert_class class, u64 seq, u32 folded)
{
	struct vigil_alert_admission adm;

	KUNIT_EXPECT_EQ(test, seq, event(test, key, &adm));
	KUNIT_EXPECT_EQ(test, class, adm.class);
	KUNIT_EXPECT_EQ(test, folded, adm.folded);
}

/* @seq: the last one about its process. */
static void expect_counted(struct kunit *test,
			   const struct vigil_alert_key *key, u64 seq)
{
	struct vigil_alert_admission adm;

	KUNIT_EXPECT_EQ(test, 0, event(test, key, &adm));
	KUNIT_EXPECT_EQ(test, seq, adm.seq);
}

/* Returns how many alerts it made. */
static unsigned int flush(struct kunit *test, u64 until)
{
	struct alert_test *t = test->priv;
	struct vigil_alert alert = {};
	unsigned int n = 0;

	while (vigil_alerts_suppressed(&t->alerts, until, &alert)) {
		KUNIT_EXPECT_EQ(test, VIGIL_ALERT_KIND_SUPPRESSED, alert.kind);
		KUNIT_EXPECT_GT(test, alert.folded, 0);
		t->folded += alert.folded;
		t->suppressed += alert.folded;
		if (!alert.of_seq)
			t->forgotten += alert.folded;
		add(test, &alert);
		memset(&alert, 0, sizeof(alert));
		n++;
	}
	return n;
}

/* No event without a trace, and none that is counted twice. */
static void expect_all_accounted(struct kunit *test)
{
	struct alert_test *t = test->priv;

	flush(test, U64_MAX);
	KUNIT_EXPECT_EQ(test, t->offered, t->reported + t->folded);
	KUNIT_EXPECT_EQ(test, t->offered - t->reported,
			vigil_alerts_folded(&t->alerts));
	KUNIT_EXPECT_EQ(test, 0, vigil_alerts_due(&t->alerts));
	KUNIT_EXPECT_EQ(test, 0, flush(test, U64_MAX));
}

static void test_repetition(struct kunit *test)
{
	struct alert_test *t = test->priv;

	expect_reported(test, &some_key, VIGIL_ALERT_FIRST, 1, 0);
	for (int i = 0; i < 5; i++)
		expect_counted(test, &some_key, 1);
	t->now += REPEAT_TIME - 1;
	expect_counted(test, &some_key, 1);
	/* It still happens much later: reported again, with what was counted. */
	t->now += 1;
	expect_reported(test, &some_key, VIGIL_ALERT_OTHER, 2, 6);
	expect_counted(test, &some_key, 2);
	t->now += 60 * SECOND;
	expect_reported(test, &some_key, VIGIL_ALERT_OTHER, 3, 1);
	t->now += 60 * SECOND;
	expect_reported(test, &some_key, VIGIL_ALERT_OTHER, 4, 0);
	expect_all_accounted(test);
}

/* Each of them is a source of its own. */
static void test_sources(struct kunit *test)
{
	struct vigil_alert_key key = some_key;

	expect_reported(test, &some_key, VIGIL_ALERT_FIRST, 1, 0);
	key.identity++;
	expect_reported(test, &key, VIGIL_ALERT_FIRST, 2, 0);
	key = some_key;
	key.what |= VIGIL_EXEC_RULE_ANY;
	expect_reported(test, &key, VIGIL_ALERT_FIRST, 3, 0);
	key = some_key;
	key.entry++;
	expect_reported(test, &key, VIGIL_ALERT_FIRST, 4, 0);
	/* These are of the first one. */
	key = some_key;
	key.process++;
	expect_reported(test, &key, VIGIL_ALERT_PROCESS, 5, 0);
	key = some_key;
	key.piece++;
	expect_reported(test, &key, VIGIL_ALERT_OTHER, 6, 0);
	expect_counted(test, &some_key, 1);
	expect_all_accounted(test);
}

/* Sources of many groups at once: none has to wait for another one's budget. */
static void test_first(struct kunit *test)
{
	struct vigil_alert_key key = some_key;

	for (u64 i = 1; i <= 20000; i++) {
		key.group = i / FIRST_BURST;
		key.identity = i;
		expect_reported(test, &key, VIGIL_ALERT_FIRST, i, 0);
	}
	expect_all_accounted(test);
}

/* New processes of one source: all at first, then at a rate. */
static void test_processes(struct kunit *test)
{
	struct vigil_alert_key key = some_key;
	struct alert_test *t = test->priv;

	for (u64 i = 0; i <= PROCESS_BURST; i++) {
		key.process = i;
		expect_reported(test, &key,
				i ? VIGIL_ALERT_PROCESS : VIGIL_ALERT_FIRST,
				i + 1, 0);
	}
	for (u64 i = 0; i < 1000; i++) {
		key.process++;
		expect_counted(test, &key, 0);
	}
	t->now += SECOND;
	for (u64 i = 1; i <= PROCESS_RATE; i++) {
		key.process++;
		expect_reported(test, &key, VIGIL_ALERT_PROCESS,
				PROCESS_BURST + 1 + i, i == 1 ? 1000 : 0);
	}
	key.process++;
	/* There is no alert about this one. */
	expect_counted(test, &key, 0);
	expect_all_accounted(test);
}

/* New code all the time: a burst, then one a second. */
static void test_pieces(struct kunit *test)
{
	struct vigil_alert_key key = some_key;
	struct vigil_alert_admission adm;
	struct alert_test *t = test->priv;

	for (int i = 0; i < 10000; i++) {
		key.piece++;
		event(test, &key, &adm);
	}
	KUNIT_EXPECT_EQ(test, 1 + OTHER_BURST, t->reported);
	for (int s = 0; s < 5; s++) {
		t->now += SECOND;
		for (int i = 0; i < 100; i++) {
			key.piece++;
			event(test, &key, &adm);
		}
	}
	KUNIT_EXPECT_EQ(test, 1 + OTHER_BURST + 5, t->reported);
	/* A repetition isn't better off than what is new. */
	t->now += REPEAT_TIME - 1;
	for (int i = 0; i < 100; i++) {
		key.piece++;
		event(test, &key, &adm);
	}
	KUNIT_EXPECT_EQ(test, 1 + OTHER_BURST + 5 + 9, t->reported);
	expect_all_accounted(test);
}

/* What was counted is reported after a time if nothing takes it along. */
static void test_suppressed(struct kunit *test)
{
	struct vigil_alert alert = {};
	struct alert_test *t = test->priv;
	u64 counted;

	KUNIT_EXPECT_EQ(test, 0, vigil_alerts_due(&t->alerts));
	expect_reported(test, &some_key, VIGIL_ALERT_FIRST, 1, 0);
	KUNIT_EXPECT_EQ(test, 0, vigil_alerts_due(&t->alerts));
	t->now += SECOND;
	counted = t->now;
	for (int i = 0; i < 3; i++) {
		expect_counted(test, &some_key, 1);
		t->now += SECOND;
	}
	KUNIT_EXPECT_EQ(test, counted + REPEAT_TIME,
			vigil_alerts_due(&t->alerts));
	KUNIT_EXPECT_FALSE(test,
			   vigil_alerts_suppressed(&t->alerts,
						   counted + REPEAT_TIME - 1,
						   &alert));
	KUNIT_EXPECT_TRUE(test,
			  vigil_alerts_suppressed(&t->alerts,
						  counted + REPEAT_TIME,
						  &alert));
	KUNIT_EXPECT_EQ(test, VIGIL_ALERT_KIND_SUPPRESSED, alert.kind);
	KUNIT_EXPECT_EQ(test, 3, alert.folded);
	KUNIT_EXPECT_EQ(test, 1, alert.of_seq);
	KUNIT_EXPECT_EQ(test, some_key.entry, alert.entry);
	KUNIT_EXPECT_EQ(test, 2, add(test, &alert));
	t->folded += alert.folded;
	/* Not a second time; and it was no alert about an event. */
	KUNIT_EXPECT_EQ(test, 0, vigil_alerts_due(&t->alerts));
	expect_counted(test, &some_key, 1);
	t->now += REPEAT_TIME;
	expect_reported(test, &some_key, VIGIL_ALERT_OTHER, 3, 1);
	expect_all_accounted(test);
}

/* Who flushes is told when there begins to be something, and not each time. */
static void test_pending(struct kunit *test)
{
	struct vigil_alert_key other = some_key;
	struct vigil_alert_admission adm;

	other.identity++;
	event(test, &some_key, &adm);
	KUNIT_EXPECT_FALSE(test, adm.pending);
	event(test, &other, &adm);
	KUNIT_EXPECT_FALSE(test, adm.pending);
	event(test, &some_key, &adm);
	KUNIT_EXPECT_TRUE(test, adm.pending);
	event(test, &some_key, &adm);
	KUNIT_EXPECT_FALSE(test, adm.pending);
	event(test, &other, &adm);
	KUNIT_EXPECT_FALSE(test, adm.pending);
	KUNIT_EXPECT_EQ(test, 2, flush(test, U64_MAX));
	event(test, &other, &adm);
	KUNIT_EXPECT_TRUE(test, adm.pending);
	expect_all_accounted(test);
}

/* The table forgets sources, and not what it has counted of them. */
static void test_forgotten(struct kunit *test)
{
	struct vigil_alert_key key = some_key;
	struct vigil_alert_admission adm;
	struct alert_test *t = test->priv;

	for (u64 i = 1; i <= 20000; i++) {
		key.group = i / FIRST_BURST;
		key.identity = i;
		KUNIT_ASSERT_NE(test, 0, event(test, &key, &adm));
		for (u64 j = 0; j < i % 5; j++)
			KUNIT_ASSERT_EQ(test, 0, event(test, &key, &adm));
	}
	/* One for each that is known still, and one for all others. */
	KUNIT_EXPECT_LE(test, flush(test, U64_MAX), 4096 + 1);
	KUNIT_EXPECT_EQ(test, 20000, t->reported);
	KUNIT_EXPECT_EQ(test, 40000, t->suppressed);
	KUNIT_EXPECT_GT(test, t->forgotten, 20000);
	/* A source that was forgotten is a new one. */
	key.group = 0;
	key.identity = 1;
	t->now += SECOND;
	KUNIT_EXPECT_NE(test, 0, event(test, &key, &adm));
	KUNIT_EXPECT_EQ(test, VIGIL_ALERT_FIRST, adm.class);
	expect_all_accounted(test);
}

/* Without memory for an alert its event is counted, and the next is reported. */
static void test_withdraw(struct kunit *test)
{
	struct vigil_alert_key key = some_key;
	struct vigil_alert_admission adm;
	struct alert_test *t = test->priv;

	for (int i = 0; i < 3; i++) {
		KUNIT_EXPECT_TRUE(test, vigil_alerts_admit(&t->alerts, &key,
							   t->now, &adm));
		KUNIT_EXPECT_EQ(test, VIGIL_ALERT_FIRST, adm.class);
		KUNIT_EXPECT_EQ(test, i, adm.folded);
		vigil_alerts_withdraw(&t->alerts, &key, &adm);
		KUNIT_EXPECT_TRUE(test, adm.pending);
		t->offered++;
	}
	expect_reported(test, &key, VIGIL_ALERT_FIRST, 1, 3);

	key.process++;
	KUNIT_EXPECT_TRUE(test, vigil_alerts_admit(&t->alerts, &key, t->now,
						   &adm));
	vigil_alerts_withdraw(&t->alerts, &key, &adm);
	t->offered++;
	expect_reported(test, &key, VIGIL_ALERT_PROCESS, 2, 1);

	key.piece++;
	KUNIT_EXPECT_TRUE(test, vigil_alerts_admit(&t->alerts, &key, t->now,
						   &adm));
	vigil_alerts_withdraw(&t->alerts, &key, &adm);
	t->offered++;
	expect_reported(test, &key, VIGIL_ALERT_OTHER, 3, 1);
	expect_all_accounted(test);
}

/* What was withdrawn has cost nothing. */
static void test_withdraw_tokens(struct kunit *test)
{
	struct vigil_alert_key key = some_key;
	struct vigil_alert_admission adm;
	struct alert_test *t = test->priv;

	for (int i = 0; i < 2 * SOURCE_BURST; i++) {
		key.identity++;
		KUNIT_ASSERT_TRUE(test, vigil_alerts_admit(&t->alerts, &key,
							   t->now, &adm));
		KUNIT_ASSERT_EQ(test, VIGIL_ALERT_FIRST, adm.class);
		vigil_alerts_withdraw(&t->alerts, &key, &adm);
		t->offered++;
		t->folded += adm.folded;
	}
	/* All of them are there, and not one more. */
	for (u64 i = 1; i <= SOURCE_BURST; i++) {
		key.identity++;
		expect_reported(test, &key, i <= FIRST_BURST ?
				VIGIL_ALERT_FIRST : VIGIL_ALERT_PROCESS, i, 0);
	}
	for (int i = 0; i < 100; i++) {
		key.piece++;
		KUNIT_ASSERT_TRUE(test, vigil_alerts_admit(&t->alerts, &key,
							   t->now, &adm));
		vigil_alerts_withdraw(&t->alerts, &key, &adm);
		t->offered++;
	}
	for (u64 i = 1; i <= OTHER_BURST; i++) {
		key.piece++;
		expect_reported(test, &key, VIGIL_ALERT_OTHER, SOURCE_BURST + i,
				i == 1 ? 100 : 0);
	}
	key.piece++;
	KUNIT_EXPECT_EQ(test, 0, event(test, &key, &adm));
	key.identity++;
	KUNIT_EXPECT_EQ(test, 0, event(test, &key, &adm));
	expect_all_accounted(test);
}

/* New sources of one group: many at first, then at a rate. */
static void test_group(struct kunit *test)
{
	struct vigil_alert_key key = some_key, other = some_key;
	struct vigil_alert_admission adm;
	struct alert_test *t = test->priv;

	for (u64 i = 1; i <= SOURCE_BURST; i++) {
		key.identity++;
		expect_reported(test, &key, i <= FIRST_BURST ?
				VIGIL_ALERT_FIRST : VIGIL_ALERT_PROCESS, i, 0);
	}
	for (int i = 0; i < 1000; i++) {
		key.identity++;
		expect_counted(test, &key, 0);
	}
	/*
	 * Who has a source still has its budget, and other groups have theirs.  The
	 * newest source: an older one may be forgotten, as its set of the table is
	 * chosen at random.
	 */
	other.identity += SOURCE_BURST;
	other.piece++;
	expect_reported(test, &other, VIGIL_ALERT_OTHER, SOURCE_BURST + 1, 0);
	other = key;
	other.group++;
	other.identity++;
	expect_reported(test, &other, VIGIL_ALERT_FIRST, SOURCE_BURST + 2, 0);
	/* Each of those that were only counted tries again. */
	t->now += SECOND / SOURCE_RATE;
	expect_reported(test, &key, VIGIL_ALERT_PROCESS, SOURCE_BURST + 3, 0);
	key.identity--;
	expect_counted(test, &key, 0);
	t->now += FIRST_PERIOD;
	expect_reported(test, &key, VIGIL_ALERT_FIRST, SOURCE_BURST + 4, 0);
	/* What was counted of all of them is told by one alert. */
	KUNIT_EXPECT_EQ(test, 1, flush(test, t->now));
	KUNIT_EXPECT_EQ(test, 1001, t->suppressed);
	KUNIT_EXPECT_EQ(test, 1001, t->forgotten);
	KUNIT_EXPECT_EQ(test, 0, flush(test, U64_MAX));
	key.identity = 1;
	KUNIT_EXPECT_NE(test, 0, event(test, &key, &adm));
	expect_all_accounted(test);
}

/* The table forgets groups, and not what it has counted of them. */
static void test_groups_forgotten(struct kunit *test)
{
	struct vigil_alert_key key = some_key;
	struct vigil_alert_admission adm;
	struct alert_test *t = test->priv;

	for (int i = 0; i < SOURCE_BURST + 500; i++) {
		key.identity++;
		event(test, &key, &adm);
	}
	KUNIT_EXPECT_EQ(test, SOURCE_BURST, t->reported);
	t->now++;
	for (int i = 0; i < 50000; i++) {
		key.group++;
		key.identity++;
		KUNIT_ASSERT_NE(test, 0, event(test, &key, &adm));
	}
	/* It isn't known any more that it had its share. */
	key = some_key;
	key.identity = U64_MAX;
	KUNIT_EXPECT_NE(test, 0, event(test, &key, &adm));
	KUNIT_EXPECT_EQ(test, 1, flush(test, U64_MAX));
	KUNIT_EXPECT_EQ(test, 500, t->suppressed);
	expect_all_accounted(test);
}

/* Who has the memory for one alert only can tell all the same. */
static void test_merge(struct kunit *test)
{
	struct vigil_alert_key key = some_key;
	struct vigil_alert_admission adm;
	struct alert_test *t = test->priv;

	vigil_alerts_merge(&t->alerts);
	KUNIT_EXPECT_EQ(test, 0, flush(test, U64_MAX));
	for (int i = 0; i < SOURCE_BURST + 10; i++) {
		key.identity++;
		event(test, &key, &adm);
		event(test, &key, &adm);
	}
	vigil_alerts_merge(&t->alerts);
	/* Twice is as good. */
	vigil_alerts_merge(&t->alerts);
	KUNIT_EXPECT_EQ(test, 1, flush(test, U64_MAX));
	KUNIT_EXPECT_EQ(test, SOURCE_BURST + 20, t->forgotten);
	expect_all_accounted(test);
}

/* What is of the VM comes before all others once. */
static void test_kinds(struct kunit *test)
{
	struct alert_test *t = test->priv;

	for (int i = 0; i < 3; i++) {
		enum vigil_alert_class class = i ? VIGIL_ALERT_OTHER :
						   VIGIL_ALERT_FIRST;

		KUNIT_EXPECT_EQ(test, class,
				vigil_alerts_class_of(&t->alerts,
						      VIGIL_ALERT_KIND_NESTED));
		KUNIT_EXPECT_EQ(test, class,
				vigil_alerts_class_of(&t->alerts,
						      VIGIL_ALERT_KIND_PROFILE_STALE));
	}
}

/* More than an alert has room for. */
static void test_count_limit(struct kunit *test)
{
	struct vigil_alert_admission adm;
	struct alert_test *t = test->priv;

	expect_reported(test, &some_key, VIGIL_ALERT_FIRST, 1, 0);
	for (int i = 0; i < 3; i++) {
		adm = (struct vigil_alert_admission){
			.class = VIGIL_ALERT_OTHER,
			.folded = U32_MAX,
		};
		vigil_alerts_withdraw(&t->alerts, &some_key, &adm);
		t->offered += 1ULL + U32_MAX;
	}
	t->now += REPEAT_TIME;
	expect_reported(test, &some_key, VIGIL_ALERT_OTHER, 2, U32_MAX);
	KUNIT_EXPECT_EQ(test, 3, flush(test, t->now));
	KUNIT_EXPECT_EQ(test, t->offered, t->reported + t->folded);
}

/* Two vCPUs read the clock, and the one that was later is first. */
static void test_clock_from_before(struct kunit *test)
{
	struct vigil_alert_key key = some_key;
	struct vigil_alert_admission adm;
	struct alert_test *t = test->priv;

	expect_reported(test, &some_key, VIGIL_ALERT_FIRST, 1, 0);
	t->now--;
	expect_counted(test, &some_key, 1);
	for (int i = 0; i < 1000; i++) {
		key.piece++;
		t->now -= SECOND / 1000;
		event(test, &key, &adm);
	}
	KUNIT_EXPECT_EQ(test, 1 + OTHER_BURST, t->reported);
	expect_all_accounted(test);
}

/* --- a process that nobody must be drowned by ----------------------------- */

#define VICTIMS		1000
#define NOISE_RATE	20000
#define NOISE_SECONDS	5
#define NOISE_EVENTS	(NOISE_RATE * NOISE_SECONDS)

struct noise {
	/* Are the victims forks of the process that makes the noise? */
	bool forks;
	/* Are they attacked one after the other, or all at once? */
	bool spread;
};

static const struct noise noises[] = {
	{ .forks = false, .spread = true },
	{ .forks = false, .spread = false },
	{ .forks = true, .spread = true },
	{ .forks = true, .spread = false },
};

static void noise_describe(const struct noise *n, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s, %s",
		 n->forks ? "forks" : "programs",
		 n->spread ? "spread" : "at once");
}

KUNIT_ARRAY_PARAM(noise, noises, noise_describe);

/* Returns the number of the alert. */
static u64 attack(struct kunit *test, u64 victim)
{
	const struct noise *n = test->param_value;
	struct vigil_alert_key key = some_key;
	struct vigil_alert_admission adm;

	key.process = 1000000 + victim;
	if (!n->forks)
		key.identity = 1000000 + victim;
	return event(test, &key, &adm);
}

/* All victims are reported and still on the ring, and the noise is counted. */
static void test_noise(struct kunit *test)
{
	const struct noise *n = test->param_value;
	struct vigil_alert_key key = some_key;
	struct vigil_alert_admission adm;
	struct alert_test *t = test->priv;
	u64 *seqs, victim = 0, told;

	seqs = kunit_kcalloc(test, VICTIMS, sizeof(*seqs), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, seqs);
	for (u64 i = 0; i < NOISE_EVENTS; i++) {
		t->now = BEGIN + i * (SECOND / NOISE_RATE);
		key.piece++;
		event(test, &key, &adm);
		while (victim < VICTIMS &&
		       (n->spread ? i >= victim * (NOISE_EVENTS / VICTIMS) :
				    i >= NOISE_EVENTS / 2)) {
			seqs[victim] = attack(test, victim);
			KUNIT_ASSERT_NE(test, 0, seqs[victim]);
			victim++;
		}
		flush(test, t->now);
	}
	KUNIT_EXPECT_EQ(test, VICTIMS, victim);
	told = t->reported - VICTIMS;
	KUNIT_EXPECT_GE(test, told, 1 + OTHER_BURST);
	KUNIT_EXPECT_LE(test, told, 1 + OTHER_BURST + NOISE_SECONDS);
	expect_all_accounted(test);
	for (victim = 0; victim < VICTIMS; victim++)
		expect(test, seqs[victim], seqs[victim], 0);
	KUNIT_EXPECT_EQ(test, n->forks ? 1 : FIRST_BURST,
			read_all(test, VIGIL_ALERT_FIRST));
}

#define OTHERS		200

/* One process calls exec() all the time, and each time it is reported anew. */
static void test_exec_loop(struct kunit *test)
{
	struct vigil_alert_key loop = some_key, other = some_key;
	struct vigil_alert_admission adm;
	struct alert_test *t = test->priv;
	unsigned int alerts = 0;
	u64 victim = 0, told;
	u64 *seqs;

	seqs = kunit_kcalloc(test, OTHERS, sizeof(*seqs), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, seqs);
	for (u64 i = 0; i < NOISE_EVENTS; i++) {
		t->now = BEGIN + i * (SECOND / NOISE_RATE);
		loop.identity++;
		loop.piece++;
		event(test, &loop, &adm);
		if (i % (NOISE_EVENTS / OTHERS) == 0) {
			other.group = 1000 + victim;
			other.identity = 1000000 + victim;
			other.process = 1000000 + victim;
			seqs[victim] = event(test, &other, &adm);
			KUNIT_ASSERT_NE(test, 0, seqs[victim]);
			KUNIT_EXPECT_EQ(test, VIGIL_ALERT_FIRST, adm.class);
			victim++;
		}
		alerts += flush(test, t->now);
	}
	KUNIT_EXPECT_EQ(test, OTHERS, victim);
	told = t->reported - OTHERS;
	KUNIT_EXPECT_GE(test, told, SOURCE_BURST);
	KUNIT_EXPECT_LE(test, told, SOURCE_BURST + SOURCE_RATE * NOISE_SECONDS);
	/* Nor does it make many alerts of what was counted. */
	t->now += REPEAT_TIME;
	alerts += flush(test, t->now);
	KUNIT_EXPECT_EQ(test, 1, alerts);
	KUNIT_EXPECT_EQ(test, NOISE_EVENTS - told, t->suppressed);
	expect_all_accounted(test);
	for (victim = 0; victim < OTHERS; victim++)
		expect(test, seqs[victim], seqs[victim], 0);
	KUNIT_EXPECT_EQ(test, OTHERS + FIRST_BURST,
			read_all(test, VIGIL_ALERT_FIRST));
}

/* It goes on until the ring has turned over many times. */
static void test_long_exec_loop(struct kunit *test)
{
	struct vigil_alert_key loop = some_key, other = some_key;
	struct vigil_alert_admission adm;
	struct alert_test *t = test->priv;
	u64 victim;

	other.group++;
	other.identity += 1000000;
	victim = event(test, &other, &adm);
	for (int i = 0; i < 5 * VIGIL_ALERT_RING; i++) {
		t->now += SECOND / SOURCE_RATE;
		loop.identity++;
		KUNIT_ASSERT_NE(test, 0, event(test, &loop, &adm));
	}
	expect(test, victim, victim, 0);
	KUNIT_EXPECT_LE(test, read_all(test, VIGIL_ALERT_FIRST),
			1 + FIRST_BURST +
			5 * VIGIL_ALERT_RING / SOURCE_RATE / 10 + 1);
	expect_all_accounted(test);
}

/* The noise goes on until the ring has turned over many times. */
static void test_long_noise(struct kunit *test)
{
	struct vigil_alert_key key = some_key;
	struct vigil_alert_admission adm;
	struct alert_test *t = test->priv;
	u64 victim;

	key.identity++;
	victim = event(test, &key, &adm);
	key = some_key;
	for (int i = 0; i < 5 * VIGIL_ALERT_RING; i++) {
		t->now += SECOND;
		key.piece++;
		KUNIT_ASSERT_NE(test, 0, event(test, &key, &adm));
	}
	expect(test, victim, victim, 0);
	/* The first one of the noise, too. */
	expect(test, victim + 1, victim + 1, 0);
	KUNIT_EXPECT_EQ(test, 2, read_all(test, VIGIL_ALERT_FIRST));
	expect_all_accounted(test);
}

/* --- telling ---------------------------------------------------------------- */

static void tell_slowly(struct vigil_alerts *a, const struct vigil_alert *alert)
{
	struct alert_test *t = container_of(a, struct alert_test, alerts);

	/* The first one takes its time, in which there is a second. */
	if (alert->seq == 1) {
		schedule_work(&t->other);
		wait_for_completion_timeout(&t->begun, HZ);
		msleep(100);
	}
	t->told[t->nr_told++] = alert->seq;
}

static void raise_one(struct alert_test *t)
{
	struct vigil_alert *alert = kzalloc(sizeof(*alert), GFP_KERNEL);

	if (!alert)
		return;
	vigil_alerts_tell(&t->alerts, alert, tell_slowly);
	vigil_alert_put(alert);
}

static void raise_work(struct work_struct *work)
{
	struct alert_test *t = container_of(work, struct alert_test, other);

	complete(&t->begun);
	raise_one(t);
}

static void test_told_in_order(struct kunit *test)
{
	struct alert_test *t = test->priv;

	init_completion(&t->begun);
	INIT_WORK(&t->other, raise_work);
	raise_one(t);
	flush_work(&t->other);
	KUNIT_ASSERT_EQ(test, 2, t->nr_told);
	KUNIT_EXPECT_EQ(test, 1, t->told[0]);
	KUNIT_EXPECT_EQ(test, 2, t->told[1]);
}

static struct kunit_case alert_cases[] = {
	KUNIT_CASE(test_empty),
	KUNIT_CASE(test_sequence),
	KUNIT_CASE(test_full),
	KUNIT_CASE(test_wrap),
	KUNIT_CASE(test_classes),
	KUNIT_CASE(test_newest),
	KUNIT_CASE(test_reader),
	KUNIT_CASE(test_process_size),
	KUNIT_CASE(test_repetition),
	KUNIT_CASE(test_sources),
	KUNIT_CASE(test_first),
	KUNIT_CASE(test_processes),
	KUNIT_CASE(test_pieces),
	KUNIT_CASE(test_suppressed),
	KUNIT_CASE(test_pending),
	KUNIT_CASE(test_forgotten),
	KUNIT_CASE(test_withdraw),
	KUNIT_CASE(test_withdraw_tokens),
	KUNIT_CASE(test_group),
	KUNIT_CASE(test_groups_forgotten),
	KUNIT_CASE(test_merge),
	KUNIT_CASE(test_kinds),
	KUNIT_CASE(test_count_limit),
	KUNIT_CASE(test_clock_from_before),
	KUNIT_CASE_PARAM(test_noise, noise_gen_params),
	KUNIT_CASE(test_long_noise),
	KUNIT_CASE(test_exec_loop),
	KUNIT_CASE(test_long_exec_loop),
	KUNIT_CASE(test_told_in_order),
	{}
};

static struct kunit_suite alert_suite = {
	.name = "vigil_alert",
	.init = alert_init,
	.exit = alert_exit,
	.test_cases = alert_cases,
};

kunit_test_suite(alert_suite);
