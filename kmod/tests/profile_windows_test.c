// SPDX-License-Identifier: GPL-2.0
/*
 * Validation of a Windows guest's profile: what passes, and what the error says.
 */

#include <linux/sizes.h>

#include "tests/fake_windows.h"
#include "tests/profile_case.h"

#define F(name)	VIGIL_WINDOWS_FIELD_##name

static int profile_init(struct kunit *test)
{
	struct vigil_profile *good = &vigil_fake_windows(test, 4)->f->profile;
	struct profile_test *t = vigil_profile_test_init(test, good);

	if (!t)
		return -ENOMEM;
	t->builder.profile.os = VIGIL_PROFILE_OS_WINDOWS;
	return 0;
}

/* What the fake build doesn't have is 0, and isn't given. */
static void add_all_but(struct kunit *test, u32 but)
{
	struct profile_test *t = test->priv;

	memset(&t->builder, 0, sizeof(t->builder));
	t->builder.profile.os = VIGIL_PROFILE_OS_WINDOWS;
	for (u32 field = 0; field < VIGIL_WINDOWS_FIELDS; field++) {
		if (field == but || field == F(FLAG_PROCESS_DELETE))
			continue;
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

	add_all_but(test, VIGIL_WINDOWS_FIELDS);
	KUNIT_ASSERT_EQ(test, 0, vigil_profile_test_finish(t));
	KUNIT_EXPECT_MEMEQ(test, &t->out, t->good, sizeof(t->out));
	KUNIT_EXPECT_EQ(test, VIGIL_WINDOWS_FIELDS,
			vigil_profile_fields(&t->out));
}

/* Each in turn; all but the flags must be there. */
static void test_missing(struct kunit *test)
{
	struct profile_test *t = test->priv;
	unsigned int optional = 0;

	for (u32 field = 0; field < VIGIL_WINDOWS_FIELDS; field++) {
		add_all_but(test, field);
		if (!vigil_profile_test_finish(t)) {
			KUNIT_EXPECT_GE(test, field, F(FLAG_PROCESS_EXITING));
			optional++;
			continue;
		}
		if (field == F(KPROCESS_USER_DIRECTORY_TABLE_BASE))
			KUNIT_EXPECT_STREQ(test,
					   "profile: kva-shadow needs kprocess-user-directory-table-base",
					   t->extack._msg);
		else
			KUNIT_EXPECT_TRUE(test, strstr(t->extack._msg,
						       " is missing"));
	}
	KUNIT_EXPECT_EQ(test, 5, optional);
}

static void test_no_shadow(struct kunit *test)
{
	struct profile_test *t = test->priv;

	t->good->field[F(KVA_SHADOW)] = 0;
	add_all_but(test, F(KPROCESS_USER_DIRECTORY_TABLE_BASE));
	KUNIT_EXPECT_EQ(test, 0, vigil_profile_test_finish(t));
}

/* A field of a Linux guest, and of none. */
static void test_unknown(struct kunit *test)
{
	struct profile_test *t = test->priv;
	const u32 unknown[] = { VIGIL_WINDOWS_FIELDS, VIGIL_PROFILE_FIELDS,
				U32_MAX };

	for (unsigned int i = 0; i < ARRAY_SIZE(unknown); i++)
		KUNIT_EXPECT_EQ(test, -EINVAL,
				vigil_profile_add(&t->builder, unknown[i], 8,
						  &t->extack));
	KUNIT_EXPECT_STREQ(test, "profile: unknown field 4294967295",
			   t->extack._msg);
}

static const struct profile_field_case range_cases[] = {
	{ "a kernel", F(KERNEL_BASE), FAKE_NT, NULL },
	{ "a kernel inside a page", F(KERNEL_BASE), FAKE_NT + 8,
	  "profile: kernel-base is misaligned" },
	{ "a kernel in user memory", F(KERNEL_BASE), SZ_4K,
	  "profile: kernel-base is out of range" },
	{ "no size", F(KERNEL_SIZE), 0, "profile: kernel-size is out of range" },
	{ "larger than any", F(KERNEL_SIZE), SZ_64M + SZ_4K,
	  "profile: kernel-size is out of range" },
	{ "the first slot", F(SELF_MAP_SLOT), 256, NULL },
	{ "the last slot", F(SELF_MAP_SLOT), 511, NULL },
	{ "a slot of user mode", F(SELF_MAP_SLOT), 255,
	  "profile: self-map-slot is out of range" },
	{ "a slot behind the table", F(SELF_MAP_SLOT), 512,
	  "profile: self-map-slot is out of range" },
	{ "a negative slot", F(SELF_MAP_SLOT), -1,
	  "profile: self-map-slot is out of range" },
	{ "neither on nor off", F(KVA_SHADOW), 2,
	  "profile: kva-shadow is out of range" },
	{ "no root", F(KERNEL_ROOT), 0, "profile: kernel-root is out of range" },
	{ "a root inside a page", F(KERNEL_ROOT), 0x1ad002,
	  "profile: kernel-root is misaligned" },
	{ "the last offset", F(EPROCESS_FLAGS), SZ_16K - 8, NULL },
	{ "an offset too far", F(EPROCESS_FLAGS), SZ_16K,
	  "profile: eprocess-flags is out of range" },
	{ "a misaligned pid", F(EPROCESS_UNIQUE_PROCESS_ID), 0x2e4,
	  "profile: eprocess-unique-process-id is misaligned" },
	{ "an odd name", F(EPROCESS_IMAGE_FILE_NAME), 0x451, NULL },
	{ "no flag", F(FLAG_OUTSWAPPED), 0,
	  "profile: flag-outswapped is out of range" },
	{ "no flag of 32 bits", F(FLAG_OUTSWAPPED), BIT_ULL(32),
	  "profile: flag-outswapped is out of range" },
};

KUNIT_ARRAY_PARAM_DESC(range, range_cases, name);

static const struct profile_field_case relation_cases[] = {
	{ "a head before the image", F(PS_ACTIVE_PROCESS_HEAD), FAKE_NT - 16,
	  "profile: ps-active-process-head isn't in the image" },
	{ "a head half behind it", F(PS_ACTIVE_PROCESS_HEAD),
	  FAKE_NT + FAKE_NT_SIZE - 8,
	  "profile: ps-active-process-head isn't in the image" },
	{ "two flags", F(FLAG_VM_DELETED), 0x30,
	  "profile: flag-vm-deleted isn't one bit" },
};

KUNIT_ARRAY_PARAM_DESC(relation, relation_cases, name);

static void test_relation(struct kunit *test)
{
	const struct profile_field_case *c = test->param_value;

	add_all_but(test, c->field);
	vigil_profile_test_relation(test);
}

static struct kunit_case profile_cases[] = {
	KUNIT_CASE(test_complete),
	KUNIT_CASE(test_missing),
	KUNIT_CASE(test_no_shadow),
	KUNIT_CASE(test_unknown),
	KUNIT_CASE_PARAM(vigil_profile_test_range, range_gen_params),
	KUNIT_CASE_PARAM(test_relation, relation_gen_params),
	{}
};

static struct kunit_suite profile_suite = {
	.name = "vigil_profile_windows",
	.init = profile_init,
	.test_cases = profile_cases,
};

kunit_test_suite(profile_suite);
