// SPDX-License-Identifier: GPL-2.0
/*
 * What the tests of profiles have in common, whatever system the guest has.
 */

#include "tests/profile_case.h"

struct profile_test *vigil_profile_test_init(struct kunit *test,
					     struct vigil_profile *good)
{
	struct profile_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	if (t)
		t->good = good;
	test->priv = t;
	return t;
}

int vigil_profile_test_finish(struct profile_test *t)
{
	return vigil_profile_finish(&t->builder, &t->out, &t->extack);
}

void vigil_profile_test_range(struct kunit *test)
{
	const struct profile_field_case *c = test->param_value;
	struct profile_test *t = test->priv;
	int err;

	err = vigil_profile_add(&t->builder, c->field, c->value, &t->extack);
	KUNIT_EXPECT_EQ(test, c->error ? -EINVAL : 0, err);
	if (c->error)
		KUNIT_EXPECT_STREQ(test, c->error, t->extack._msg);
	KUNIT_EXPECT_EQ(test, c->error ? 0 : c->value,
			t->builder.profile.field[c->field]);
}

void vigil_profile_test_relation(struct kunit *test)
{
	const struct profile_field_case *c = test->param_value;
	struct profile_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, 0,
			vigil_profile_add(&t->builder, c->field, c->value,
					  &t->extack));
	KUNIT_EXPECT_EQ(test, -EINVAL, vigil_profile_test_finish(t));
	KUNIT_EXPECT_STREQ(test, c->error, t->extack._msg);
}
