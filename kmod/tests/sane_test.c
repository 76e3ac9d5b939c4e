// SPDX-License-Identifier: GPL-2.0
/*
 * Text of a guest: what is printed as it is, and what becomes of the rest.
 */

#include <kunit/test.h>
#include <linux/string.h>

#include "guest/sane.h"

struct sane_case {
	const char *name;
	const char *text;
	const char *expected;
};

static const struct sane_case sane_cases[] = {
	{ "plain", "a name-1.2", "a name-1.2" },
	{ "empty", "", "" },
	{ "C0 and DEL", "\x1b[31m\a\n\x7f~", "?[31m???~" },
	{ "two bytes", "na\xc3\xafve", "na\xc3\xafve" },
	{ "three bytes", "\xe2\x82\xac", "\xe2\x82\xac" },
	{ "four bytes", "\xf0\x9f\x90\xa7!", "\xf0\x9f\x90\xa7!" },
	{ "the last character", "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf" },
	{ "C1 as raw bytes", "\23331m\x80\x9f", "?31m??" },
	{ "C1 as characters", "\xc2\23331m\xc2\x80\xc2\x9f",
	  "\xc2?31m\xc2?\xc2?" },
	{ "behind C1", "\xc2\xa0\xc2\xbf", "\xc2\xa0\xc2\xbf" },
	{ "C1's byte in a character", "\xc4\x9b\xe2\x80\x9b",
	  "\xc4\x9b\xe2\x80\x9b" },
	{ "Latin-1", "na\xefve", "na\xefve" },
	{ "cut in two", "a\xc3", "a\xc3" },
	{ "cut in three", "a\xe2\x82", "a\xe2?" },
	{ "broken off by C0", "\xe2\x82\x1b", "\xe2??" },
	{ "two bytes for one", "\xc0\x9b\xc1\xbf", "\xc0?\xc1\xbf" },
	{ "three bytes for two", "\xe0\x82\x9b", "\xe0??" },
	{ "four bytes for three", "\xf0\x80\x82\x9b", "\xf0???" },
	{ "a surrogate", "\xed\xa0\x9b", "\xed\xa0?" },
	{ "too much", "\xf4\x90\x80\x80\xf5\x80\x80\x9b\xff",
	  "\xf4???\xf5???\xff" },
};

KUNIT_ARRAY_PARAM_DESC(sane, sane_cases, name);

static void test_text(struct kunit *test)
{
	const struct sane_case *c = test->param_value;
	char text[32];

	strscpy(text, c->text, sizeof(text));
	vigil_sane_text(text, sizeof(text));
	KUNIT_EXPECT_STREQ(test, c->expected, text);
}

/* What lies behind the text is neither read as a part of it nor changed. */
static void test_bounds(struct kunit *test)
{
	char text[] = "ab\xe2\x82\xac\x1b";

	vigil_sane_text(text, 4);
	KUNIT_EXPECT_STREQ(test, "ab\xe2?\xac\x1b", text);
	vigil_sane_text(text, 0);
	KUNIT_EXPECT_STREQ(test, "ab\xe2?\xac\x1b", text);
}

static struct kunit_case sane_test_cases[] = {
	KUNIT_CASE_PARAM(test_text, sane_gen_params),
	KUNIT_CASE(test_bounds),
	{}
};

static struct kunit_suite sane_suite = {
	.name = "vigil_sane",
	.test_cases = sane_test_cases,
};

kunit_test_suite(sane_suite);
