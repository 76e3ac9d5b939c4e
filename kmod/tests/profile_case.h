/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VIGIL_TESTS_PROFILE_CASE_H
#define VIGIL_TESTS_PROFILE_CASE_H

#include <kunit/test.h>
#include <linux/netlink.h>

#include "guest/profile.h"

/**
 * struct profile_test - a profile in the making, of a guest of either system
 * @builder:	takes the fields
 * @out:	what comes of it
 * @extack:	what was said of the last thing that was refused
 * @good:	a profile that passes
 */
struct profile_test {
	struct vigil_profile_builder builder;
	struct vigil_profile out;
	struct netlink_ext_ack extack;
	struct vigil_profile *good;
};

/* One field of a profile; @error is NULL where it passes. */
struct profile_field_case {
	const char *name;
	u32 field;
	u64 value;
	const char *error;
};

/* In test->priv; NULL: no memory. */
struct profile_test *vigil_profile_test_init(struct kunit *test,
					     struct vigil_profile *good);
int vigil_profile_test_finish(struct profile_test *t);

/* Of the case that is the test's parameter: the field by itself, ... */
void vigil_profile_test_range(struct kunit *test);
/* ... and with all others, which were added already. */
void vigil_profile_test_relation(struct kunit *test);

#endif /* VIGIL_TESTS_PROFILE_CASE_H */
