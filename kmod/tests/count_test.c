// SPDX-License-Identifier: GPL-2.0
/*
 * The pages of a range: pages of all sizes, holes, and what it costs.
 */

#include <linux/sizes.h>

#include "guest/budget.h"
#include "tests/fake.h"

#define BASE	0x7f0000000000ULL
#define MAX_RUNS	16

struct count_test {
	struct vigil_fake *f;
	u64 root;
	struct vigil_budget budget;
	/* What was visited: the first runs, and all pages. */
	struct {
		u64 gpa;
		unsigned int pages;
	} run[MAX_RUNS];
	unsigned int nr_runs;
	u64 pages;
};

static int count_init(struct kunit *test)
{
	struct count_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	if (!t)
		return -ENOMEM;
	t->f = vigil_fake_linux(test);
	t->root = vigil_fake_table(t->f);
	t->budget.until = U64_MAX;
	test->priv = t;
	return 0;
}

static void map(struct count_test *t, u64 gva, u64 gpa, unsigned int shift)
{
	vigil_fake_map(t->f, t->root, 4, gva, gpa, shift,
		       FAKE_PTE_U | FAKE_PTE_NX);
}

static void visit(void *data, u64 gpa, unsigned int pages)
{
	struct count_test *t = data;

	if (t->nr_runs < MAX_RUNS) {
		t->run[t->nr_runs].gpa = gpa;
		t->run[t->nr_runs].pages = pages;
	}
	t->nr_runs++;
	t->pages += pages;
}

/* Where it ended is returned in @addr. */
static int count(struct count_test *t, u64 *addr, u64 end)
{
	t->nr_runs = 0;
	t->pages = 0;
	t->f->reads = 0;
	return vigil_linux_each_leaf(&t->f->lx, t->root, addr, end, &t->budget,
				     visit, t);
}

static void expect_all(struct kunit *test, u64 start, u64 end, u64 pages)
{
	struct count_test *t = test->priv;
	u64 addr = start;

	KUNIT_EXPECT_EQ(test, 0, count(t, &addr, end));
	KUNIT_EXPECT_GE(test, addr, end);
	KUNIT_EXPECT_EQ(test, pages, t->pages);
}

static void test_small(struct kunit *test)
{
	struct count_test *t = test->priv;

	/* On both sides of the border between two tables. */
	map(t, BASE + SZ_2M - SZ_4K, 0x11000, 12);
	map(t, BASE + SZ_2M, 0x22000, 12);
	map(t, BASE + SZ_2M + 64 * SZ_4K, 0x33000, 12);
	expect_all(test, BASE, BASE + SZ_4M, 3);
	KUNIT_EXPECT_EQ(test, 0x11000, t->run[0].gpa);
	KUNIT_EXPECT_EQ(test, 0x22000, t->run[1].gpa);
	KUNIT_EXPECT_EQ(test, 0x33000, t->run[2].gpa);
	/* Neither what is before the range nor what is behind it. */
	expect_all(test, BASE + SZ_2M, BASE + SZ_2M + SZ_4K, 1);
	KUNIT_EXPECT_EQ(test, 0x22000, t->run[0].gpa);
	expect_all(test, BASE, BASE + SZ_2M - SZ_4K, 0);
}

static void test_large(struct kunit *test)
{
	struct count_test *t = test->priv;

	map(t, BASE, SZ_2M, 21);
	expect_all(test, BASE, BASE + SZ_2M, 512);
	KUNIT_EXPECT_EQ(test, 1, t->nr_runs);
	KUNIT_EXPECT_EQ(test, SZ_2M, t->run[0].gpa);
	/* A range that begins and ends within it. */
	expect_all(test, BASE + SZ_4K, BASE + 4 * SZ_4K, 3);
	KUNIT_EXPECT_EQ(test, SZ_2M + SZ_4K, t->run[0].gpa);
	KUNIT_EXPECT_EQ(test, 3, t->run[0].pages);
}

static void test_huge(struct kunit *test)
{
	struct count_test *t = test->priv;

	map(t, BASE, SZ_1G, 30);
	expect_all(test, BASE, BASE + SZ_1G, SZ_1G / SZ_4K);
	/* In pieces, so that each is short. */
	KUNIT_EXPECT_EQ(test, 512, t->nr_runs);
	KUNIT_EXPECT_EQ(test, SZ_1G + SZ_2M, t->run[1].gpa);
}

static void test_holes(struct kunit *test)
{
	struct count_test *t = test->priv;

	/* Of 128 TiB: one read for each of its top-level entries. */
	expect_all(test, 0, 1ULL << 47, 0);
	KUNIT_EXPECT_EQ(test, 256, t->f->reads);
	map(t, BASE, 0x11000, 12);
	expect_all(test, 0, 1ULL << 47, 1);
	KUNIT_EXPECT_LT(test, t->f->reads, 256 + 3 * 2048);
}

/* A table of small pages is read in pieces, whatever is in it. */
static void test_cost(struct kunit *test)
{
	struct count_test *t = test->priv;

	for (unsigned int i = 0; i < 512; i++)
		map(t, BASE + i * SZ_4K, 0x11000, 12);
	expect_all(test, BASE, BASE + SZ_2M, 512);
	KUNIT_EXPECT_LE(test, t->f->reads, 16);
}

static void test_reserved(struct kunit *test)
{
	struct count_test *t = test->priv;

	t->f->gm.phys_bits = 40;
	map(t, BASE, 0x11000, 12);
	map(t, BASE + SZ_4K, BIT_ULL(40), 12);
	map(t, BASE + 2 * SZ_4K, BIT_ULL(39), 12);
	expect_all(test, BASE, BASE + SZ_2M, 2);
	KUNIT_EXPECT_EQ(test, BIT_ULL(39), t->run[1].gpa);
}

/* A table that isn't there: what was counted before it stays. */
static void test_unreadable(struct kunit *test)
{
	struct count_test *t = test->priv;
	const u64 entry = vigil_fake_entry(t->f, t->root, 4, BASE + SZ_2M, 21);
	const u64 nowhere = BIT_ULL(45) | FAKE_PTE_P | FAKE_PTE_U;
	u64 addr = BASE;

	map(t, BASE, 0x11000, 12);
	vigil_fake_write(t->f, entry, &nowhere, sizeof(nowhere));
	KUNIT_EXPECT_EQ(test, -EFAULT, count(t, &addr, BASE + SZ_1G));
	KUNIT_EXPECT_EQ(test, BASE + SZ_2M, addr);
	KUNIT_EXPECT_EQ(test, 1, t->pages);
	/* What no CPU of four levels can address. */
	addr = 1ULL << 47;
	KUNIT_EXPECT_EQ(test, -EINVAL, count(t, &addr, 1ULL << 48));
}

static void test_budget(struct kunit *test)
{
	struct count_test *t = test->priv;
	u64 addr = BASE, before;
	u64 pages = 0;
	int err;

	map(t, BASE, SZ_1G, 30);
	/* Spent from the start: each call is one step. */
	t->budget.until = 0;
	for (unsigned int i = 0; i < 512; i++) {
		before = addr;
		err = count(t, &addr, BASE + SZ_1G);
		KUNIT_EXPECT_EQ(test, i == 511 ? 0 : -ETIME, err);
		KUNIT_EXPECT_EQ(test, before + SZ_2M, addr);
		pages += t->pages;
	}
	KUNIT_EXPECT_EQ(test, SZ_1G / SZ_4K, pages);
}

static void test_ending(struct kunit *test)
{
	struct count_test *t = test->priv;
	atomic_t ending = ATOMIC_INIT(1);
	u64 addr = BASE;

	map(t, BASE, SZ_1G, 30);
	t->budget.ending = &ending;
	KUNIT_EXPECT_EQ(test, -ENODEV, count(t, &addr, BASE + SZ_1G));
	atomic_set(&ending, 0);
	KUNIT_EXPECT_EQ(test, 0, count(t, &addr, BASE + SZ_1G));
}

static struct kunit_case count_cases[] = {
	KUNIT_CASE(test_small),
	KUNIT_CASE(test_large),
	KUNIT_CASE(test_huge),
	KUNIT_CASE(test_holes),
	KUNIT_CASE(test_cost),
	KUNIT_CASE(test_reserved),
	KUNIT_CASE(test_unreadable),
	KUNIT_CASE(test_budget),
	KUNIT_CASE(test_ending),
	{}
};

static struct kunit_suite count_suite = {
	.name = "vigil_count",
	.init = count_init,
	.test_cases = count_cases,
};

kunit_test_suite(count_suite);
