// SPDX-License-Identifier: GPL-2.0
/*
 * What a page is: file, copy, anonymous, part of a compound page, or none.
 */

#include <linux/sizes.h>

#include "guest/linux_read.h"
#include "tests/fake.h"

#define F(name)	VIGIL_PROFILE_FIELD_##name

#define ANON_VMA	(FAKE_DIRECT + 0x770000)
#define GPA		(0x300ULL * SZ_4K)

struct page_test {
	struct vigil_fake *f;
	struct vigil_vma vma;
	u64 mapping;
};

static int page_init(struct kunit *test)
{
	struct page_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	if (!t)
		return -ENOMEM;
	t->f = vigil_fake_linux(test);
	t->vma.ops = FAKE_FILE_OPS;
	t->vma.file = vigil_fake_file(t->f, t->f->root_dentry,
				      t->f->root_mount, t->f->super, 1);
	vigil_linux_u64(&t->f->lx, t->vma.file, F(FILE_MAPPING), &t->mapping);
	test->priv = t;
	return 0;
}

static u64 page_of(struct page_test *t, u64 gpa)
{
	return FAKE_VMEMMAP + gpa / SZ_4K * t->f->profile.field[F(PAGE_SIZE)];
}

static void set_page(struct page_test *t, u64 gpa, u64 mapping, u64 compound)
{
	vigil_fake_set64(t->f, page_of(t, gpa), F(PAGE_MAPPING), mapping);
	vigil_fake_set64(t->f, page_of(t, gpa), F(PAGE_COMPOUND_HEAD),
			 compound);
}

static enum vigil_page_kind kind_of(struct kunit *test, u64 gpa, int err)
{
	struct page_test *t = test->priv;
	enum vigil_page_kind kind;

	KUNIT_EXPECT_EQ(test, err,
			vigil_linux_page_kind(&t->f->lx, &t->vma, gpa, &kind));
	return kind;
}

static void test_kinds(struct kunit *test)
{
	struct page_test *t = test->priv;

	set_page(t, GPA, t->mapping, 0);
	KUNIT_EXPECT_EQ(test, VIGIL_PAGE_CACHE, kind_of(test, GPA + 0x123, 0));
	/* Another file's. */
	set_page(t, GPA, t->mapping + 0x200, 0);
	KUNIT_EXPECT_EQ(test, VIGIL_PAGE_OTHER, kind_of(test, GPA, 0));
	/* A driver's: none, or movable. */
	set_page(t, GPA, 0, 0);
	KUNIT_EXPECT_EQ(test, VIGIL_PAGE_OTHER, kind_of(test, GPA, 0));
	set_page(t, GPA, t->mapping | 2, 0);
	KUNIT_EXPECT_EQ(test, VIGIL_PAGE_OTHER, kind_of(test, GPA, 0));

	set_page(t, GPA, ANON_VMA | 1, 0);
	KUNIT_EXPECT_EQ(test, VIGIL_PAGE_COW, kind_of(test, GPA, 0));
	/* Merged by KSM. */
	set_page(t, GPA, ANON_VMA | 3, 0);
	KUNIT_EXPECT_EQ(test, VIGIL_PAGE_COW, kind_of(test, GPA, 0));
}

/* A private mapping of /dev/zero has a file, and is anonymous. */
static void test_anonymous(struct kunit *test)
{
	struct page_test *t = test->priv;

	t->vma.ops = 0;
	set_page(t, GPA, ANON_VMA | 1, 0);
	KUNIT_EXPECT_EQ(test, VIGIL_PAGE_ANON, kind_of(test, GPA, 0));
	t->vma.file = 0;
	KUNIT_EXPECT_EQ(test, VIGIL_PAGE_ANON, kind_of(test, GPA, 0));
	set_page(t, GPA, 0, 0);
	KUNIT_EXPECT_EQ(test, VIGIL_PAGE_OTHER, kind_of(test, GPA, 0));
}

/* In a tail page the mapping is poison: its head's counts. */
static void test_compound(struct kunit *test)
{
	struct page_test *t = test->priv;
	const u64 head = 0x200ULL * SZ_4K;

	set_page(t, head, t->mapping, 0);
	for (u64 i = 1; i < 512; i++)
		set_page(t, head + i * SZ_4K, 0xdead000000000400,
			 page_of(t, head) | 1);
	KUNIT_EXPECT_EQ(test, VIGIL_PAGE_CACHE, kind_of(test, head, 0));
	KUNIT_EXPECT_EQ(test, VIGIL_PAGE_CACHE, kind_of(test, head + SZ_4K, 0));
	KUNIT_EXPECT_EQ(test, VIGIL_PAGE_CACHE,
			kind_of(test, head + SZ_2M - 1, 0));
	set_page(t, head, ANON_VMA | 1, 0);
	KUNIT_EXPECT_EQ(test, VIGIL_PAGE_COW,
			kind_of(test, head + 7 * SZ_4K, 0));
}

struct bad_head {
	const char *name;
	u64 compound;
	int err;
};

#define PAGE_ADDR(gpa)	(FAKE_VMEMMAP + (gpa) / SZ_4K * 64)

static const struct bad_head bad_heads[] = {
	{ "itself", PAGE_ADDR(GPA) | 1, -EUCLEAN },
	{ "after it", PAGE_ADDR(GPA + SZ_4K) | 1, -EUCLEAN },
	{ "between two", (PAGE_ADDR(GPA) - 32) | 1, -EUCLEAN },
	{ "in user space", 0x7f0000000001, -EUCLEAN },
	{ "nothing", 1, -EUCLEAN },
	{ "too far", (PAGE_ADDR(GPA) - (64ULL << 18)) | 1, -EUCLEAN },
	{ "not mapped", (FAKE_VMEMMAP - 64) | 1, -EFAULT },
	{ "another tail", PAGE_ADDR(GPA - SZ_4K) | 1, -EAGAIN },
};

KUNIT_ARRAY_PARAM_DESC(bad, bad_heads, name);

static void test_bad_head(struct kunit *test)
{
	const struct bad_head *c = test->param_value;
	struct page_test *t = test->priv;

	set_page(t, GPA - SZ_4K, 0, PAGE_ADDR(GPA) | 1);
	set_page(t, GPA, t->mapping, c->compound);
	KUNIT_EXPECT_EQ(test, VIGIL_PAGE_UNKNOWN, kind_of(test, GPA, c->err));
	KUNIT_EXPECT_EQ(test, VIGIL_LINUX_TRIES - 1, t->f->lx.reread);
}

/* The page of a device has no struct page. */
static void test_no_struct_page(struct kunit *test)
{
	struct page_test *t = test->priv;

	KUNIT_EXPECT_EQ(test, VIGIL_PAGE_UNKNOWN,
			kind_of(test, 0xfee00000, -EFAULT));
	t->f->gm.phys_bits = 36;
	KUNIT_EXPECT_EQ(test, VIGIL_PAGE_UNKNOWN,
			kind_of(test, BIT_ULL(36), -EFAULT));
	KUNIT_EXPECT_EQ(test, VIGIL_PAGE_UNKNOWN,
			kind_of(test, U64_MAX, -EFAULT));
}

static struct kunit_case page_cases[] = {
	KUNIT_CASE(test_kinds),
	KUNIT_CASE(test_anonymous),
	KUNIT_CASE(test_compound),
	KUNIT_CASE_PARAM(test_bad_head, bad_gen_params),
	KUNIT_CASE(test_no_struct_page),
	{}
};

static struct kunit_suite page_suite = {
	.name = "vigil_page",
	.init = page_init,
	.test_cases = page_cases,
};

kunit_test_suite(page_suite);
