// SPDX-License-Identifier: GPL-2.0
/*
 * Reading a kernel's memory: what there is, what isn't mapped, and what can't
 * be read.
 */

#include <linux/sizes.h>

#include "guest/linux_read.h"
#include "tests/fake.h"

#define F(name)	VIGIL_PROFILE_FIELD_##name

static int read_init(struct kunit *test)
{
	test->priv = vigil_fake_linux(test);
	return 0;
}

/* The array of struct page has a hole where the guest has no memory. */
static void test_read_mapped(struct kunit *test)
{
	struct vigil_fake *f = test->priv;
	const u64 root = f->profile.field[F(KERNEL_ROOT)];
	u64 value;

	vigil_fake_put64(f, FAKE_VMEMMAP, 0x1234);
	KUNIT_ASSERT_EQ(test, 0,
			vigil_linux_read_mapped(&f->lx, FAKE_VMEMMAP, &value,
						sizeof(value)));
	KUNIT_EXPECT_EQ(test, 0x1234, value);

	KUNIT_EXPECT_EQ(test, -ENOENT,
			vigil_linux_read_mapped(&f->lx, FAKE_VMEMMAP + SZ_2M,
						&value, sizeof(value)));
	/* For the readers of structures that is memory which isn't there. */
	KUNIT_EXPECT_EQ(test, -EFAULT,
			vigil_linux_read(&f->lx, FAKE_VMEMMAP + SZ_2M, &value,
					 sizeof(value)));

	/* The guest maps it later: a hole isn't remembered. */
	vigil_fake_map(f, root, 4, FAKE_VMEMMAP + SZ_2M, 2ULL * SZ_1G, 21, 0);
	KUNIT_EXPECT_EQ(test, -EFAULT,
			vigil_linux_read_mapped(&f->lx, FAKE_VMEMMAP + SZ_2M,
						&value, sizeof(value)));
	KUNIT_EXPECT_EQ(test, -EUCLEAN,
			vigil_linux_read_mapped(&f->lx, 0x400000, &value,
						sizeof(value)));
	KUNIT_EXPECT_EQ(test, -EUCLEAN,
			vigil_linux_read_mapped(&f->lx, U64_MAX - 7, &value,
						sizeof(value)));
}

static struct kunit_case read_cases[] = {
	KUNIT_CASE(test_read_mapped),
	{}
};

static struct kunit_suite read_suite = {
	.name = "vigil_read",
	.init = read_init,
	.test_cases = read_cases,
};

kunit_test_suite(read_suite);
