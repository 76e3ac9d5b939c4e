// SPDX-License-Identifier: GPL-2.0
/*
 * Patterns: which can't match anything, and why.
 */
#include <kunit/test.h>
#include <linux/array_size.h>
#include <linux/glob.h>
#include <linux/string.h>

#include "protect/exec/pattern.h"

static void test_shortest(struct kunit *test)
{
	static const struct {
		const char *pattern;
		size_t len;
	} cases[] = {
		{ "", 0 },
		{ "*", 0 },
		{ "nginx*", 5 },
		{ "systemd-journald", 16 },
		{ "systemd-journal*", 15 },
		{ "a?c", 3 },
		{ "runc:[2:INIT]", 6 },
		{ "runc:\\[2:INIT\\]", 13 },
		{ "x[!a-z]y", 3 },
		{ "x[]]y", 3 },
		{ "x[!]]y", 3 },
		{ "x[abc", 5 },
		{ "x\\", 1 },
		{ "\\[a]", 3 },
		{ "\\\\[abc]", 2 },
		{ "[abc]", 1 },
		{ "*a*b*", 2 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		KUNIT_EXPECT_EQ_MSG(test, cases[i].len,
				    vigil_pattern_shortest(cases[i].pattern),
				    "%s", cases[i].pattern);
}

struct flaw_case {
	const char *pattern;
	/* What it is said to be; NULL: it can match. */
	const char *at;
	/* One that it matches, if it can. */
	const char *text;
};

static void flaw_desc(const struct flaw_case *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", c->pattern);
}

static const struct flaw_case exe_cases[] = {
	{ "nginx", "" },
	{ "\\usr", "" },
	{ "[a]x", "" },
	{ "[!/]x", "" },
	{ "\\", "" },
	{ "/usr//sbin/nginx", "//" },
	{ "//", "//" },
	{ "*/usr//x", NULL, "/memfd:/usr//x" },
	{ "/*//x", NULL, "/memfd://x" },
	{ "/usr/*//x", "//" },
	{ "/usr\\//x", "\\//" },
	{ "/usr/?/x", NULL, "/usr/a/x" },
	{ "/usr/[a]/x", NULL, "/usr/a/x" },
	{ "/usr/*/x", NULL, "/usr/a/x" },
	{ "/usr/sbin/", "/" },
	{ "/usr/*/", "/" },
	{ "/", NULL, "/" },
	{ "*/", NULL, "/" },
	{ "/?/", "/" },
	{ "/usr/../x", "/../" },
	{ "/usr/./x", "/./" },
	{ "/usr/\\./x", "/\\./" },
	{ "/usr/..", "/.." },
	{ "/usr/.", "/." },
	{ "/usr/...", NULL, "/usr/..." },
	{ "/usr/.../x", NULL, "/usr/.../x" },
	{ "/usr/.x/..y", NULL, "/usr/.x/..y" },
	{ "/usr/.*/x", NULL, "/usr/.a/x" },
	{ "/usr/*./x", NULL, "/usr/a./x" },
	{ "/usr/.?", NULL, "/usr/.a" },
	{ "/memfd:a//b/../c/", NULL, "/memfd:a//b/../c/" },
	{ "/mem[e-g]d?/./", NULL, "/memfd:/./" },
	{ "/memfd/./x", "/./" },
	{ "/usr/[z-a]x", "[z-a]" },
	{ "/usr/[z-ab]x", NULL, "/usr/bx" },
	{ "/usr/[!z-a]x", NULL, "/usr/ax" },
	{ "/usr/[z-a", NULL, "/usr/[z-a" },
	{ "/usr/\\[z-a]", NULL, "/usr/[z-a]" },
	{ "/usr/[]-a]", NULL, "/usr/^" },
	{ "/usr/x (deleted)", NULL, "/usr/x (deleted)" },
};

KUNIT_ARRAY_PARAM(exe, exe_cases, flaw_desc);

static void expect_flaw(struct kunit *test, const char *at,
			const struct vigil_pattern_flaw *flaw)
{
	KUNIT_EXPECT_NOT_NULL(test, flaw->why);
	KUNIT_ASSERT_EQ(test, strlen(at), flaw->len);
	KUNIT_EXPECT_MEMEQ(test, at, flaw->at, flaw->len);
}

static void test_exe(struct kunit *test)
{
	const struct flaw_case *c = test->param_value;
	struct vigil_pattern_flaw flaw = {};

	KUNIT_ASSERT_EQ(test, !!c->at, vigil_pattern_exe_flaw(c->pattern, &flaw));
	if (c->at)
		expect_flaw(test, c->at, &flaw);
	if (c->text)
		KUNIT_EXPECT_TRUE(test, glob_match(c->pattern, c->text));
}

static const struct flaw_case comm_cases[] = {
	{ "systemd-journald", "" },
	{ "systemd-journal*", NULL, "systemd-journal" },
	{ "a[z-a]*", "[z-a]" },
	{ "a//../b/", NULL, "a//../b/" },
};

KUNIT_ARRAY_PARAM(comm, comm_cases, flaw_desc);

static void test_comm(struct kunit *test)
{
	const struct flaw_case *c = test->param_value;
	struct vigil_pattern_flaw flaw = {};

	KUNIT_ASSERT_EQ(test, !!c->at,
			vigil_pattern_comm_flaw(c->pattern, &flaw));
	if (c->at)
		expect_flaw(test, c->at, &flaw);
	if (c->text)
		KUNIT_EXPECT_TRUE(test, glob_match(c->pattern, c->text));
}

/* Names have 255 bytes at most, and paths 1020; and bytes go up to 255. */
static void test_limits(struct kunit *test)
{
	struct vigil_pattern_flaw flaw;
	char *pattern = kunit_kzalloc(test, 1100, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, pattern);
	memset(pattern, 'x', 256);
	pattern[0] = '/';
	KUNIT_EXPECT_FALSE(test, vigil_pattern_exe_flaw(pattern, &flaw));
	strcat(pattern, "x/y");
	KUNIT_ASSERT_TRUE(test, vigil_pattern_exe_flaw(pattern, &flaw));
	KUNIT_EXPECT_PTR_EQ(test, pattern + 1, flaw.at);
	KUNIT_EXPECT_EQ(test, 256, flaw.len);
	/* What is behind it can't begin another one. */
	pattern[100] = '*';
	KUNIT_EXPECT_FALSE(test, vigil_pattern_exe_flaw(pattern, &flaw));

	memset(pattern, 'x', 1020);
	for (unsigned int i = 0; i < 1020; i += 255)
		pattern[i] = '/';
	KUNIT_EXPECT_FALSE(test, vigil_pattern_exe_flaw(pattern, &flaw));
	strcat(pattern, "*");
	KUNIT_EXPECT_FALSE(test, vigil_pattern_exe_flaw(pattern, &flaw));
	strcat(pattern, "?");
	KUNIT_ASSERT_TRUE(test, vigil_pattern_exe_flaw(pattern, &flaw));
	KUNIT_EXPECT_EQ(test, 0, flaw.len);

	KUNIT_EXPECT_TRUE(test, vigil_pattern_exe_flaw("/[!\x01-\xff]x", &flaw));
	KUNIT_EXPECT_FALSE(test, vigil_pattern_exe_flaw("/[!\x02-\xff]x", &flaw));
}

static struct kunit_case pattern_cases[] = {
	KUNIT_CASE(test_shortest),
	KUNIT_CASE_PARAM(test_exe, exe_gen_params),
	KUNIT_CASE_PARAM(test_comm, comm_gen_params),
	KUNIT_CASE(test_limits),
	{}
};

static struct kunit_suite pattern_suite = {
	.name = "vigil_pattern",
	.test_cases = pattern_cases,
};

kunit_test_suite(pattern_suite);
