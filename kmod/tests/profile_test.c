// SPDX-License-Identifier: GPL-2.0
/*
 * Validation of a profile: what passes, and what the error says.
 */

#include "tests/fake.h"
#include "tests/profile_case.h"

#define F(name)	VIGIL_PROFILE_FIELD_##name

static int profile_init(struct kunit *test)
{
	struct vigil_profile *good = &vigil_fake_linux(test)->profile;

	return vigil_profile_test_init(test, good) ? 0 : -ENOMEM;
}

static void add_all_but(struct kunit *test, u32 but)
{
	struct profile_test *t = test->priv;

	for (u32 field = 0; field < VIGIL_PROFILE_FIELDS; field++) {
		if (field != but)
			KUNIT_EXPECT_EQ(test, 0,
					vigil_profile_add(&t->builder, field,
							  t->good->field[field],
							  &t->extack));
	}
	KUNIT_EXPECT_EQ(test, 0,
			vigil_profile_set_banner(&t->builder, t->good->banner,
						 &t->extack));
}

static void test_complete(struct kunit *test)
{
	struct profile_test *t = test->priv;

	add_all_but(test, VIGIL_PROFILE_FIELDS);
	KUNIT_ASSERT_EQ(test, 0, vigil_profile_test_finish(t));
	KUNIT_EXPECT_MEMEQ(test, &t->out, t->good, sizeof(t->out));
	KUNIT_EXPECT_NULL(test, t->extack._msg);
}

/* Each in turn; all but a few must be there. */
static void test_missing(struct kunit *test)
{
	struct profile_test *t = test->priv;
	unsigned int optional = 0;

	for (u32 field = 0; field < VIGIL_PROFILE_FIELDS; field++) {
		memset(&t->builder, 0, sizeof(t->builder));
		add_all_but(test, field);
		if (!vigil_profile_test_finish(t)) {
			KUNIT_EXPECT_EQ(test, 0, t->out.field[field]);
			KUNIT_EXPECT_FALSE(test,
					   test_bit(field, t->out.given));
			optional++;
			continue;
		}
		KUNIT_EXPECT_TRUE(test, strstr(t->extack._msg, " is missing"));
	}
	KUNIT_EXPECT_EQ(test, 14, optional);
}

static void test_missing_name(struct kunit *test)
{
	struct profile_test *t = test->priv;

	add_all_but(test, F(TASK_REAL_PARENT));
	KUNIT_EXPECT_EQ(test, -EINVAL, vigil_profile_test_finish(t));
	KUNIT_EXPECT_STREQ(test, "profile: task-real-parent is missing",
			   t->extack._msg);
	/* Nothing was handed out. */
	KUNIT_EXPECT_EQ(test, 0, t->out.field[0]);
}

/* A guest without namespaces and control groups; nothing else is missing. */
static void test_without_names(struct kunit *test)
{
	struct profile_test *t = test->priv;

	for (u32 field = 0; field < F(TASK_THREAD_PID); field++)
		KUNIT_EXPECT_EQ(test, 0,
				vigil_profile_add(&t->builder, field,
						  t->good->field[field], NULL));
	KUNIT_EXPECT_EQ(test, 0,
			vigil_profile_set_banner(&t->builder, t->good->banner,
						 NULL));
	KUNIT_ASSERT_EQ(test, 0, vigil_profile_test_finish(t));
	for (u32 field = F(TASK_THREAD_PID); field < VIGIL_PROFILE_FIELDS;
	     field++)
		KUNIT_EXPECT_EQ(test, 0, t->out.field[field]);
}

static void test_twice(struct kunit *test)
{
	struct profile_test *t = test->priv;

	add_all_but(test, VIGIL_PROFILE_FIELDS);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			vigil_profile_add(&t->builder, F(MM_BRK), 8,
					  &t->extack));
	KUNIT_EXPECT_STREQ(test, "profile: mm-brk is given twice",
			   t->extack._msg);
}

static void test_unknown(struct kunit *test)
{
	struct profile_test *t = test->priv;
	const u32 unknown[] = { VIGIL_PROFILE_FIELDS, 1000, U32_MAX };

	for (unsigned int i = 0; i < ARRAY_SIZE(unknown); i++)
		KUNIT_EXPECT_EQ(test, -EINVAL,
				vigil_profile_add(&t->builder, unknown[i], 8,
						  &t->extack));
	KUNIT_EXPECT_STREQ(test, "profile: unknown field 4294967295",
			   t->extack._msg);
}

static void test_banner(struct kunit *test)
{
	struct profile_test *t = test->priv;
	char banner[VIGIL_BANNER_SIZE + 1];

	memset(banner, 'x', sizeof(banner));
	banner[VIGIL_BANNER_SIZE] = '\0';
	KUNIT_EXPECT_EQ(test, -EINVAL,
			vigil_profile_set_banner(&t->builder, banner, NULL));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			vigil_profile_set_banner(&t->builder, "", NULL));
	KUNIT_EXPECT_EQ(test, 0,
			vigil_profile_set_banner(&t->builder, banner + 1, NULL));
}

static const struct profile_field_case range_cases[] = {
	{ "a kernel address", F(SYM_STEXT), FAKE_TEXT, NULL },
	{ "5 levels' lowest", F(SYM_INIT_MM), 0xff00000000000000, NULL },
	{ "a user address", F(SYM_STEXT), 0x400000,
	  "profile: sym-stext is out of range" },
	{ "an error pointer", F(SYM_STEXT), -22,
	  "profile: sym-stext is out of range" },
	{ "0 is no address", F(SYM_SHM_VM_OPS), 0,
	  "profile: sym-shm-vm-ops is out of range" },
	{ "a misaligned object", F(SYM_INIT_TASK), FAKE_DATA + 4,
	  "profile: sym-init-task is misaligned" },
	{ "offset 0", F(VMA_START), 0, NULL },
	{ "the last offset", F(TASK_CRED), 16384 - 8, NULL },
	{ "an offset too far", F(TASK_CRED), 16384,
	  "profile: task-cred is out of range" },
	{ "a negative offset", F(MM_MT), -64, "profile: mm-mt is out of range" },
	{ "a misaligned number", F(TASK_PID), 2434,
	  "profile: task-pid is misaligned" },
	{ "half of a word", F(MAPPING_WRITABLE), 68, NULL },
	{ "a quarter of one", F(MAPPING_WRITABLE), 70,
	  "profile: mapping-writable is misaligned" },
	{ "half of a pointer", F(MAPPING_HOST), 68,
	  "profile: mapping-host is misaligned" },
	{ "an odd string", F(TASK_COMM), 2979, NULL },
	{ "a mapping's last", F(VMA_FILE), VIGIL_VMA_SPAN - 8, NULL },
	{ "beyond a reader's buffer", F(VMA_FILE), VIGIL_VMA_SPAN,
	  "profile: vma-file is out of range" },
	{ "a page's beyond", F(PAGE_MAPPING), VIGIL_PAGE_SPAN,
	  "profile: page-mapping is out of range" },
	{ "a page too large", F(PAGE_SIZE), VIGIL_PAGE_SPAN + 8,
	  "profile: page-size is out of range" },
	{ "a page of no size", F(PAGE_SIZE), 0,
	  "profile: page-size is out of range" },
	{ "a per-CPU offset", F(PERCPU_CURRENT), 0x34940, NULL },
	{ "a per-CPU address", F(PERCPU_CURRENT), FAKE_DATA, NULL },
	{ "neither", F(PERCPU_CURRENT), 0x7f0000000000,
	  "profile: percpu-current is out of range" },
	{ "half of a counter", F(TASK_SELF_EXEC_ID), 3268, NULL },
	{ "a quarter of one", F(TASK_SELF_EXEC_ID), 3266,
	  "profile: task-self-exec-id is misaligned" },
	{ "an optional offset", F(TASK_CGROUPS), 3600, NULL },
	{ "an optional one too far", F(TASK_CGROUPS), 16384,
	  "profile: task-cgroups is out of range" },
	{ "the first of a structure", F(UPID_NR), 0, NULL },
	{ "a number at an odd place", F(UPID_NR), 2,
	  "profile: upid-nr is misaligned" },
	{ "a number with its namespace", F(UPID_SIZE), 16, NULL },
	{ "no room for a number", F(UPID_SIZE), 0,
	  "profile: upid-size is out of range" },
	{ "numbers far apart", F(UPID_SIZE), 4096,
	  "profile: upid-size is out of range" },
	{ "a root", F(KERNEL_ROOT), 0x2e10000, NULL },
	{ "a root inside a page", F(KERNEL_ROOT), 0x2e10800,
	  "profile: kernel-root is misaligned" },
	{ "a root beyond memory", F(KERNEL_ROOT), BIT_ULL(52),
	  "profile: kernel-root is out of range" },
	{ "no root", F(KERNEL_ROOT), 0,
	  "profile: kernel-root is out of range" },
};

KUNIT_ARRAY_PARAM_DESC(range, range_cases, name);

static const struct profile_field_case relation_cases[] = {
	{ "text ends before it starts", F(SYM_ETEXT), FAKE_TEXT - 1,
	  "profile: sym-etext doesn't fit sym-stext" },
	{ "no text", F(SYM_ETEXT), FAKE_TEXT,
	  "profile: sym-etext doesn't fit sym-stext" },
	{ "text larger than any", F(SYM_STEXT), FAKE_TEXT - 0x80000000,
	  "profile: sym-etext doesn't fit sym-stext" },
	{ "data ends before it starts", F(SYM_EDATA), FAKE_DATA - 8,
	  "profile: sym-edata doesn't fit sym-sdata" },
	{ "mapping beyond the page", F(PAGE_MAPPING), 64,
	  "profile: page-mapping doesn't fit page-size" },
	{ "number beyond its structure", F(UPID_NR), 24,
	  "profile: upid-nr doesn't fit upid-size" },
	{ "head beyond the page", F(PAGE_COMPOUND_HEAD), 64,
	  "profile: page-compound-head doesn't fit page-size" },
};

KUNIT_ARRAY_PARAM_DESC(relation, relation_cases, name);

/* Whatever is another one in the copy. */
static void test_same(struct kunit *test)
{
	struct profile_test *t = test->priv;

	t->out = *t->good;
	KUNIT_EXPECT_TRUE(test, vigil_profile_is_same(&t->out, t->good));
	t->out.os = VIGIL_PROFILE_OS_WINDOWS;
	KUNIT_EXPECT_FALSE(test, vigil_profile_is_same(&t->out, t->good));
	t->out = *t->good;
	strscpy(t->out.banner, "Linux version 6.1.1");
	KUNIT_EXPECT_FALSE(test, vigil_profile_is_same(&t->out, t->good));
	for (u32 field = 0; field < VIGIL_PROFILE_FIELDS; field++) {
		t->out = *t->good;
		t->out.field[field]++;
		KUNIT_EXPECT_FALSE(test, vigil_profile_is_same(&t->out, t->good));
		t->out = *t->good;
		__change_bit(field, t->out.given);
		KUNIT_EXPECT_FALSE(test, vigil_profile_is_same(&t->out, t->good));
	}
}

static void test_relation(struct kunit *test)
{
	const struct profile_field_case *c = test->param_value;

	add_all_but(test, c->field);
	vigil_profile_test_relation(test);
}

static struct kunit_case profile_cases[] = {
	KUNIT_CASE(test_complete),
	KUNIT_CASE(test_missing),
	KUNIT_CASE(test_missing_name),
	KUNIT_CASE(test_without_names),
	KUNIT_CASE(test_twice),
	KUNIT_CASE(test_unknown),
	KUNIT_CASE(test_banner),
	KUNIT_CASE(test_same),
	KUNIT_CASE_PARAM(vigil_profile_test_range, range_gen_params),
	KUNIT_CASE_PARAM(test_relation, relation_gen_params),
	{}
};

static struct kunit_suite profile_suite = {
	.name = "vigil_profile",
	.init = profile_init,
	.test_cases = profile_cases,
};

kunit_test_suite(profile_suite);
