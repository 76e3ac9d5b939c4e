// SPDX-License-Identifier: GPL-2.0
/*
 * What KVM tells of a VM as a whole is reported once, whoever hears it.
 */
#include <kunit/test.h>

#include "core/notice.h"

#define NOW	1000000UL

static void test_nested(struct kunit *test)
{
	const unsigned long period = VIGIL_NOTICE_NESTED_PERIOD;
	struct vigil_notices n = {};

	KUNIT_EXPECT_TRUE(test, vigil_notices_nested(&n, NOW));
	/* The other client, and fetches. */
	KUNIT_EXPECT_FALSE(test, vigil_notices_nested(&n, NOW));
	KUNIT_EXPECT_FALSE(test, vigil_notices_nested(&n, NOW + period - 1));
	KUNIT_EXPECT_TRUE(test, vigil_notices_nested(&n, NOW + period));
	KUNIT_EXPECT_FALSE(test, vigil_notices_nested(&n, NOW + period + 1));
	/* Without memory for the report the next one is due at once. */
	vigil_notices_nested_failed(&n);
	KUNIT_EXPECT_TRUE(test, vigil_notices_nested(&n, NOW + period + 2));
}

/* jiffies wrap, and are 0 once: that is not never. */
static void test_nested_wraps(struct kunit *test)
{
	struct vigil_notices n = {};

	KUNIT_EXPECT_TRUE(test, vigil_notices_nested(&n, 0));
	KUNIT_EXPECT_FALSE(test, vigil_notices_nested(&n, 2));
	n = (struct vigil_notices){};
	KUNIT_EXPECT_TRUE(test, vigil_notices_nested(&n, -5UL));
	KUNIT_EXPECT_FALSE(test, vigil_notices_nested(&n, 5));
	KUNIT_EXPECT_TRUE(test, vigil_notices_nested(&n,
						     VIGIL_NOTICE_NESTED_PERIOD));
}

static void test_dirty_log(struct kunit *test)
{
	struct vigil_notices n = {};

	/* Nobody has heard of the beginning. */
	KUNIT_EXPECT_FALSE(test, vigil_notices_dirty_log(&n, false));
	for (int i = 0; i < 2; i++) {
		KUNIT_EXPECT_TRUE(test, vigil_notices_dirty_log(&n, true));
		/* The other client. */
		KUNIT_EXPECT_FALSE(test, vigil_notices_dirty_log(&n, true));
		KUNIT_EXPECT_FALSE(test, vigil_notices_dirty_log(&n, false));
		KUNIT_EXPECT_FALSE(test, vigil_notices_dirty_log(&n, false));
	}
}

/* They have nothing to do with each other. */
static void test_both(struct kunit *test)
{
	struct vigil_notices n = {};

	KUNIT_EXPECT_TRUE(test, vigil_notices_dirty_log(&n, true));
	KUNIT_EXPECT_TRUE(test, vigil_notices_nested(&n, NOW));
	KUNIT_EXPECT_FALSE(test, vigil_notices_dirty_log(&n, true));
	KUNIT_EXPECT_FALSE(test, vigil_notices_nested(&n, NOW));
}

static struct kunit_case notice_test_cases[] = {
	KUNIT_CASE(test_nested),
	KUNIT_CASE(test_nested_wraps),
	KUNIT_CASE(test_dirty_log),
	KUNIT_CASE(test_both),
	{}
};

static struct kunit_suite notice_suite = {
	.name = "vigil_notice",
	.test_cases = notice_test_cases,
};

kunit_test_suite(notice_suite);
