// SPDX-License-Identifier: GPL-2.0
/*
 * The ring of alerts: its sequence, what it loses, and what is folded.
 */
#include <kunit/test.h>
#include <linux/slab.h>
#include <linux/time64.h>

#include "core/alert.h"

#define SECOND	((u64)NSEC_PER_SEC)

struct alert_test {
	struct vigil_alerts alerts;
	u64 now;
};

static int alert_init(struct kunit *test)
{
	struct alert_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	if (!t)
		return -ENOMEM;
	vigil_alerts_init(&t->alerts);
	t->now = 1000 * SECOND;
	test->priv = t;
	return 0;
}

static void alert_exit(struct kunit *test)
{
	struct alert_test *t = test->priv;

	if (t)
		vigil_alerts_destroy(&t->alerts);
}

/* Adds an alert that carries @mark; returns its sequence number. */
static u64 add(struct kunit *test, u64 mark, const struct vigil_alert_key *key)
{
	struct alert_test *t = test->priv;
	struct vigil_alert *alert = kzalloc(sizeof(*alert), GFP_KERNEL);
	u64 seq;

	KUNIT_ASSERT_NOT_NULL(test, alert);
	alert->gpa = mark;
	if (key)
		alert->key = *key;
	seq = vigil_alerts_add(&t->alerts, alert);
	vigil_alert_put(alert);
	return seq;
}

static void add_many(struct kunit *test, u64 from, u64 to)
{
	for (u64 mark = from; mark <= to; mark++)
		KUNIT_ASSERT_EQ(test, mark, add(test, mark, NULL));
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
	KUNIT_EXPECT_EQ(test, found, out->gpa);
	KUNIT_EXPECT_EQ(test, lost, said);
	vigil_alert_put(out);
}

static void expect_none(struct kunit *test, u64 seq)
{
	struct alert_test *t = test->priv;
	u64 lost;

	KUNIT_EXPECT_NULL(test, vigil_alerts_get(&t->alerts, seq, &lost));
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

	add_many(test, 1, 3);
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
	add_many(test, 1, VIGIL_ALERT_RING);
	expect(test, 1, 1, 0);
	expect(test, VIGIL_ALERT_RING, VIGIL_ALERT_RING, 0);
}

static void test_wrap(struct kunit *test)
{
	add_many(test, 1, VIGIL_ALERT_RING + 1);
	expect(test, 1, 2, 1);
	expect(test, 2, 2, 0);

	add_many(test, VIGIL_ALERT_RING + 2, 3 * VIGIL_ALERT_RING + 7);
	expect(test, 1, 2 * VIGIL_ALERT_RING + 8, 2 * VIGIL_ALERT_RING + 7);
	expect(test, 100, 2 * VIGIL_ALERT_RING + 8, 2 * VIGIL_ALERT_RING - 92);
	expect(test, 3 * VIGIL_ALERT_RING + 7, 3 * VIGIL_ALERT_RING + 7, 0);
	expect_none(test, 3 * VIGIL_ALERT_RING + 8);
}

/* --- folding -------------------------------------------------------------- */

static const struct vigil_alert_key some_key = {
	.mm = 0xffff888000001000,
	.page = 0x5000,
	.content = 0x123456789abcdef0,
	.rules = VIGIL_EXEC_RULE_WX,
};

/* Is it told?  Then as the alert with number @seq, @folded after others. */
static void expect_told(struct kunit *test, const struct vigil_alert_key *key,
			u64 seq, u32 folded)
{
	struct alert_test *t = test->priv;
	u32 said;
	u64 last;

	KUNIT_ASSERT_TRUE(test, vigil_alerts_admit(&t->alerts, key, t->now,
						   &said, &last));
	KUNIT_EXPECT_EQ(test, folded, said);
	KUNIT_EXPECT_EQ(test, seq, add(test, seq, key));
}

static void expect_folded(struct kunit *test,
			  const struct vigil_alert_key *key, u64 seq)
{
	struct alert_test *t = test->priv;
	u32 folded;
	u64 last;

	KUNIT_EXPECT_FALSE(test, vigil_alerts_admit(&t->alerts, key, t->now,
						    &folded, &last));
	KUNIT_EXPECT_EQ(test, seq, last);
}

static void test_fold(struct kunit *test)
{
	struct alert_test *t = test->priv;

	expect_told(test, &some_key, 1, 0);
	for (int i = 0; i < 5; i++)
		expect_folded(test, &some_key, 1);
	KUNIT_EXPECT_EQ(test, 5, vigil_alerts_folded(&t->alerts));
	KUNIT_EXPECT_EQ(test, 1, vigil_alerts_last(&t->alerts));

	/* It still happens much later: told again, with what was left out. */
	t->now += 60 * SECOND;
	expect_told(test, &some_key, 2, 5);
	expect_folded(test, &some_key, 2);
	t->now += 60 * SECOND;
	expect_told(test, &some_key, 3, 1);
	t->now += 60 * SECOND;
	expect_told(test, &some_key, 4, 0);
}

static void test_other_keys(struct kunit *test)
{
	struct vigil_alert_key key = some_key;

	expect_told(test, &some_key, 1, 0);
	key.mm++;
	expect_told(test, &key, 2, 0);
	key = some_key;
	key.page += 0x1000;
	expect_told(test, &key, 3, 0);
	key = some_key;
	key.content++;
	expect_told(test, &key, 4, 0);
	key = some_key;
	key.rules |= VIGIL_EXEC_RULE_ANY;
	expect_told(test, &key, 5, 0);
	key = some_key;
	key.process++;
	expect_told(test, &key, 6, 0);
	key = some_key;
	key.entry++;
	expect_told(test, &key, 7, 0);
	expect_folded(test, &some_key, 1);
}

/* New code @count times; how often it is told. */
static unsigned int tell_new(struct alert_test *t, struct vigil_alert_key *key,
			     int count)
{
	unsigned int told = 0;
	u32 folded;
	u64 last;

	for (int i = 0; i < count; i++) {
		key->content++;
		told += vigil_alerts_admit(&t->alerts, key, t->now, &folded,
					   &last);
	}
	return told;
}

/* New code all the time: the rate is bounded, and so is the table. */
static void test_rate(struct kunit *test)
{
	struct alert_test *t = test->priv;
	struct vigil_alert_key key = some_key;
	unsigned int told = tell_new(t, &key, 10000);

	KUNIT_EXPECT_GT(test, told, 0);
	KUNIT_EXPECT_LT(test, told, 200);
	KUNIT_EXPECT_EQ(test, 10000 - told, vigil_alerts_folded(&t->alerts));

	/* The last one that was left out is told once there is room. */
	t->now += SECOND;
	expect_told(test, &key, 1, 1);
}

/* Two vCPUs read the clock, and the one that was later is first. */
static void test_clock_from_before(struct kunit *test)
{
	struct alert_test *t = test->priv;
	struct vigil_alert_key key = some_key;

	expect_told(test, &some_key, 1, 0);
	t->now--;
	expect_folded(test, &some_key, 1);
	KUNIT_EXPECT_LT(test, tell_new(t, &key, 1000), 200);
}

static struct kunit_case alert_cases[] = {
	KUNIT_CASE(test_empty),
	KUNIT_CASE(test_sequence),
	KUNIT_CASE(test_full),
	KUNIT_CASE(test_wrap),
	KUNIT_CASE(test_fold),
	KUNIT_CASE(test_other_keys),
	KUNIT_CASE(test_rate),
	KUNIT_CASE(test_clock_from_before),
	{}
};

static struct kunit_suite alert_suite = {
	.name = "vigil_alert",
	.init = alert_init,
	.exit = alert_exit,
	.test_cases = alert_cases,
};

kunit_test_suite(alert_suite);
