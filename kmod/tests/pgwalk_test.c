// SPDX-License-Identifier: GPL-2.0
/*
 * Guest page tables: depths, page sizes, permissions, PTI, and the cache.
 */

#include <linux/sizes.h>

#include "tests/fake.h"

#define DATA	0x5000000ULL

struct walk_case {
	const char *name;
	unsigned int levels;
	unsigned int shift;
	u64 gva;
};

static const struct walk_case walk_cases[] = {
	{ "4 levels, 4K", 4, 12, 0x00007f1234567000ULL },
	{ "4 levels, 2M", 4, 21, 0x00007f1234400000ULL },
	{ "4 levels, 1G", 4, 30, 0x00007f1240000000ULL },
	{ "4 levels, 4K, kernel", 4, 12, 0xffffffff81234000ULL },
	{ "5 levels, 4K", 5, 12, 0x00aa7f1234567000ULL },
	{ "5 levels, 2M", 5, 21, 0x00aa7f1234400000ULL },
	{ "5 levels, 1G", 5, 30, 0x00aa7f1240000000ULL },
	{ "5 levels, 4K, kernel", 5, 12, 0xff11000012345000ULL },
};

KUNIT_ARRAY_PARAM_DESC(walk, walk_cases, name);

static void test_translates(struct kunit *test)
{
	const struct walk_case *c = test->param_value;
	struct vigil_fake *f = vigil_fake_new(test);
	const u64 offset = (BIT_ULL(c->shift) - 1) & 0x3fedcba9;
	const u64 gpa = 5ULL << c->shift;
	u64 root = vigil_fake_table(f);
	struct vigil_pte_walk w;
	struct vigil_space s;

	vigil_fake_map(f, root, c->levels, c->gva, gpa, c->shift, FAKE_PTE_W);
	vigil_space_init(&s, &f->gm, root, c->levels);

	KUNIT_ASSERT_EQ(test, 0, vigil_walk(&s, c->gva + offset, &w));
	KUNIT_EXPECT_EQ(test, gpa + offset, w.gpa);
	KUNIT_EXPECT_EQ(test, c->shift, w.shift);
	KUNIT_EXPECT_TRUE(test, w.writable);
	KUNIT_EXPECT_FALSE(test, w.user);
	KUNIT_EXPECT_FALSE(test, w.nx);
	KUNIT_EXPECT_EQ(test,
			vigil_fake_entry(f, root, c->levels, c->gva, c->shift) &
			~(u64)(SZ_4K - 1), w.table_gpa);
	/* One entry per level, no more. */
	KUNIT_EXPECT_EQ(test, c->levels - (c->shift - 12) / 9, f->reads);
}

static void test_not_mapped(struct kunit *test)
{
	const struct walk_case *c = test->param_value;
	struct vigil_fake *f = vigil_fake_new(test);
	u64 root = vigil_fake_table(f);
	const u64 next = BIT_ULL(c->shift);
	struct vigil_pte_walk w;
	struct vigil_space s;

	vigil_fake_map(f, root, c->levels, c->gva, DATA & -next, c->shift, 0);
	vigil_space_init(&s, &f->gm, root, c->levels);
	KUNIT_EXPECT_EQ(test, -ENOENT, vigil_walk(&s, c->gva + next, &w));
	KUNIT_EXPECT_EQ(test, -ENOENT, vigil_walk(&s, c->gva - 1, &w));
}

static void test_canonical(struct kunit *test)
{
	struct vigil_fake *f = vigil_fake_new(test);
	struct vigil_pte_walk w;
	struct vigil_space s;

	vigil_space_init(&s, &f->gm, vigil_fake_table(f), 4);
	KUNIT_EXPECT_EQ(test, -EINVAL, vigil_walk(&s, 0x0000800000000000, &w));
	KUNIT_EXPECT_EQ(test, -EINVAL, vigil_walk(&s, 0xffff7fffffffffff, &w));
	KUNIT_EXPECT_EQ(test, -ENOENT, vigil_walk(&s, 0x00007fffffffffff, &w));
	KUNIT_EXPECT_EQ(test, -ENOENT, vigil_walk(&s, 0xffff800000000000, &w));
	KUNIT_EXPECT_EQ(test, 2, f->reads);

	vigil_space_init(&s, &f->gm, s.root, 5);
	KUNIT_EXPECT_EQ(test, -EINVAL, vigil_walk(&s, 0x0100000000000000, &w));
	KUNIT_EXPECT_EQ(test, -ENOENT, vigil_walk(&s, 0x0000800000000000, &w));
	KUNIT_EXPECT_EQ(test, -ENOENT, vigil_walk(&s, 0xff00000000000000, &w));
}

/* Each level takes permissions away, none gives them back. */
static void test_permissions(struct kunit *test)
{
	static const unsigned int shifts[] = { 39, 30, 21, 12 };
	const u64 gva = 0x400000, all = FAKE_PTE_W | FAKE_PTE_U;
	struct vigil_fake *f = vigil_fake_new(test);
	u64 root = vigil_fake_table(f), entry, pte, changed;
	struct vigil_pte_walk w;
	struct vigil_space s;

	vigil_fake_map(f, root, 4, gva, DATA, 12, all);
	vigil_space_init(&s, &f->gm, root, 4);
	for (unsigned int i = 0; i < ARRAY_SIZE(shifts); i++) {
		entry = vigil_fake_entry(f, root, 4, gva, shifts[i]);
		vigil_gpa_read(&f->gm, entry, &pte, sizeof(pte));

		changed = (pte & ~all) | FAKE_PTE_NX;
		vigil_fake_write(f, entry, &changed, sizeof(changed));
		KUNIT_ASSERT_EQ(test, 0, vigil_walk(&s, gva, &w));
		KUNIT_EXPECT_FALSE(test, w.writable);
		KUNIT_EXPECT_FALSE(test, w.user);
		KUNIT_EXPECT_TRUE(test, w.nx);

		vigil_fake_write(f, entry, &pte, sizeof(pte));
		KUNIT_ASSERT_EQ(test, 0, vigil_walk(&s, gva, &w));
		KUNIT_EXPECT_TRUE(test, w.writable);
		KUNIT_EXPECT_TRUE(test, w.user);
		KUNIT_EXPECT_FALSE(test, w.nx);
	}
}

struct reserved_case {
	const char *name;
	unsigned int shift;
	u64 pte;
	int err;
};

static const struct reserved_case reserved_cases[] = {
	{ "4K, as wide as the guest", 12, 0x7ffffff000 | FAKE_PTE_P, 0 },
	{ "4K, wider", 12, 0x8000000000 | FAKE_PTE_P, -ENOENT },
	{ "4K, PAT is no size", 12, DATA | FAKE_PTE_HUGE | FAKE_PTE_P, 0 },
	{ "2M, PAT", 21, DATA | BIT(12) | FAKE_PTE_HUGE | FAKE_PTE_P, 0 },
	{ "2M, misaligned", 21, DATA | BIT(13) | FAKE_PTE_HUGE | FAKE_PTE_P,
	  -ENOENT },
	{ "1G, misaligned", 30, BIT(29) | FAKE_PTE_HUGE | FAKE_PTE_P, -ENOENT },
	{ "512G pages don't exist", 39, FAKE_PTE_HUGE | FAKE_PTE_P, -ENOENT },
	{ "bits above the address", 12, DATA | GENMASK_ULL(62, 52) | FAKE_PTE_P,
	  0 },
};

KUNIT_ARRAY_PARAM_DESC(reserved, reserved_cases, name);

static void test_reserved_bits(struct kunit *test)
{
	const struct reserved_case *c = test->param_value;
	struct vigil_fake *f = vigil_fake_new(test);
	u64 root = vigil_fake_table(f), gva = 0;
	struct vigil_pte_walk w;
	struct vigil_space s;

	f->gm.phys_bits = 39;
	vigil_fake_write(f, vigil_fake_entry(f, root, 4, gva, c->shift), &c->pte,
			 sizeof(c->pte));
	vigil_space_init(&s, &f->gm, root, 4);
	KUNIT_EXPECT_EQ(test, c->err, vigil_walk(&s, gva, &w));
	if (!c->err)
		KUNIT_EXPECT_EQ(test, 0, w.gpa >> 39);
}

static void test_table_outside_memory(struct kunit *test)
{
	struct vigil_fake *f = vigil_fake_new(test);
	u64 root = vigil_fake_table(f), pte = DATA | FAKE_PTE_P;
	struct vigil_pte_walk w;
	struct vigil_space s;

	vigil_fake_write(f, root, &pte, sizeof(pte));
	vigil_space_init(&s, &f->gm, root, 4);
	KUNIT_EXPECT_EQ(test, -EFAULT, vigil_walk(&s, 0, &w));
	vigil_space_init(&s, &f->gm, DATA, 4);
	KUNIT_EXPECT_EQ(test, -EFAULT, vigil_walk(&s, 0, &w));
}

/* A table that is its own child is Windows' self-map, and no endless loop. */
static void test_self_map(struct kunit *test)
{
	struct vigil_fake *f = vigil_fake_new(test);
	u64 root = vigil_fake_table(f), pte = root | FAKE_PTE_P;
	struct vigil_pte_walk w;
	struct vigil_space s;

	vigil_fake_write(f, root, &pte, sizeof(pte));
	vigil_space_init(&s, &f->gm, root, 4);
	KUNIT_ASSERT_EQ(test, 0, vigil_walk(&s, 8, &w));
	KUNIT_EXPECT_EQ(test, root + 8, w.gpa);
	KUNIT_EXPECT_EQ(test, 4, f->reads);
}

/*
 * Two tables of one process: user mode's shows its pages and little of the
 * kernel, the kernel's forbids to execute them.  PCID doesn't matter.
 */
static void test_pti(struct kunit *test)
{
	const u64 gva = 0x400000, text = FAKE_TEXT;
	struct vigil_fake *f = vigil_fake_new(test);
	u64 kernel, user, pte;
	struct vigil_pte_walk w;
	struct vigil_space s;

	f->next_table &= ~(u64)(SZ_8K - 1);
	kernel = vigil_fake_table(f);
	user = vigil_fake_table(f);
	KUNIT_ASSERT_EQ(test, kernel | SZ_4K, user);
	vigil_fake_map(f, user, 4, gva, DATA, 12, FAKE_PTE_U);
	vigil_fake_map(f, kernel, 4, text, DATA, 21, 0);
	vigil_gpa_read(&f->gm, user, &pte, sizeof(pte));
	pte |= FAKE_PTE_NX;
	vigil_fake_write(f, kernel, &pte, sizeof(pte));

	vigil_space_init(&s, &f->gm, user | 0x801, 4);
	KUNIT_ASSERT_EQ(test, 0, vigil_walk(&s, gva, &w));
	KUNIT_EXPECT_FALSE(test, w.nx);
	KUNIT_EXPECT_EQ(test, -ENOENT, vigil_walk(&s, text, &w));

	vigil_space_init(&s, &f->gm, (user & ~(u64)SZ_4K) | 0x801, 4);
	KUNIT_ASSERT_EQ(test, 0, vigil_walk(&s, gva, &w));
	KUNIT_EXPECT_TRUE(test, w.nx);
	KUNIT_EXPECT_EQ(test, DATA, w.gpa);
	KUNIT_EXPECT_EQ(test, 0, vigil_walk(&s, text, &w));
}

static void test_virt_read(struct kunit *test)
{
	static const char text[] = "across two pages";
	const u64 gva = 0x401000 - 7;
	struct vigil_fake *f = vigil_fake_new(test);
	u64 root = vigil_fake_table(f);
	char buf[sizeof(text)];
	struct vigil_space s;

	/* Neighbours in one space only. */
	vigil_fake_map(f, root, 4, 0x400000, DATA, 12, 0);
	vigil_fake_map(f, root, 4, 0x401000, DATA - SZ_4K, 12, 0);
	vigil_fake_write(f, DATA + SZ_4K - 7, text, 7);
	vigil_fake_write(f, DATA - SZ_4K, text + 7, sizeof(text) - 7);
	vigil_space_init(&s, &f->gm, root, 4);

	KUNIT_ASSERT_EQ(test, 0, vigil_virt_read(&s, gva, buf, sizeof(buf)));
	KUNIT_EXPECT_STREQ(test, text, buf);
	KUNIT_EXPECT_EQ(test, -EFAULT,
			vigil_virt_read(&s, 0x402000 - 4, buf, 8));
	KUNIT_EXPECT_EQ(test, -EFAULT, vigil_virt_read(&s, U64_MAX - 3, buf, 8));
	KUNIT_EXPECT_EQ(test, 0, vigil_virt_read(&s, 0x402000, buf, 0));
}

/* A hole is told from what isn't in the guest's memory, or is no address. */
static void test_virt_read_mapped(struct kunit *test)
{
	struct vigil_fake *f = vigil_fake_new(test);
	u64 root = vigil_fake_table(f), pte = 3ULL * SZ_1G | FAKE_PTE_P;
	struct vigil_space s;
	u64 value = 7;

	vigil_fake_map(f, root, 4, 0x400000, DATA, 12, 0);
	vigil_fake_map(f, root, 4, 0x403000, 2ULL * SZ_1G, 12, 0);
	vigil_fake_write(f, DATA, &value, sizeof(value));
	/* The table of another part lies outside of memory. */
	vigil_fake_write(f, root + 8, &pte, sizeof(pte));
	vigil_space_init(&s, &f->gm, root, 4);

	value = 0;
	KUNIT_ASSERT_EQ(test, 0,
			vigil_virt_read_mapped(&s, 0x400000, &value, 8));
	KUNIT_EXPECT_EQ(test, 7, value);
	KUNIT_EXPECT_EQ(test, -ENOENT,
			vigil_virt_read_mapped(&s, 0x402000, &value, 8));
	KUNIT_EXPECT_EQ(test, -ENOENT,
			vigil_virt_read_mapped(&s, 0x401000 - 4, &value, 8));
	KUNIT_EXPECT_EQ(test, -EFAULT,
			vigil_virt_read_mapped(&s, 0x403000, &value, 8));
	KUNIT_EXPECT_EQ(test, -EFAULT,
			vigil_virt_read_mapped(&s, BIT_ULL(39), &value, 8));
	KUNIT_EXPECT_EQ(test, -EFAULT,
			vigil_virt_read_mapped(&s, BIT_ULL(47), &value, 8));
	KUNIT_EXPECT_EQ(test, -EFAULT,
			vigil_virt_read_mapped(&s, U64_MAX - 3, &value, 8));
	KUNIT_EXPECT_EQ(test, -EFAULT, vigil_virt_read(&s, 0x402000, &value, 8));
}

static void test_cache(struct kunit *test)
{
	struct vigil_fake *f = vigil_fake_new(test);
	u64 root = vigil_fake_table(f), value, a = 1, b = 2;
	struct vigil_pte_walk w;
	struct vigil_space s;

	vigil_fake_map(f, root, 4, 0, DATA, 12, 0);
	vigil_fake_write(f, DATA, &a, 8);
	vigil_fake_write(f, DATA + SZ_4K, &b, 8);
	vigil_space_init(&s, &f->gm, root, 4);

	KUNIT_ASSERT_EQ(test, 0, vigil_virt_read(&s, 0, &value, 8));
	KUNIT_EXPECT_EQ(test, 5, f->reads);
	KUNIT_ASSERT_EQ(test, 0, vigil_virt_read(&s, 16, &value, 8));
	KUNIT_EXPECT_EQ(test, 6, f->reads);

	/* Remembered until it is flushed; a walk looks. */
	vigil_fake_map(f, root, 4, 0, DATA + SZ_4K, 12, 0);
	KUNIT_ASSERT_EQ(test, 0, vigil_virt_read(&s, 0, &value, 8));
	KUNIT_EXPECT_EQ(test, a, value);
	KUNIT_ASSERT_EQ(test, 0, vigil_walk(&s, 0, &w));
	KUNIT_EXPECT_EQ(test, DATA + SZ_4K, w.gpa);
	vigil_space_flush(&s);
	KUNIT_ASSERT_EQ(test, 0, vigil_virt_read(&s, 0, &value, 8));
	KUNIT_EXPECT_EQ(test, b, value);
}

/*
 * A neighbour's entry is in the same table: the tables above aren't read again.
 * That nothing is mapped is said of the whole walk alone.
 */
static void test_cache_neighbour(struct kunit *test)
{
	struct vigil_fake *f = vigil_fake_new(test);
	u64 root = vigil_fake_table(f), table, pte, value = 3;
	struct vigil_space s;

	for (u64 gva = 0; gva < 3 * SZ_4K; gva += SZ_4K)
		vigil_fake_map(f, root, 4, gva, DATA + gva, 12, 0);
	vigil_fake_map(f, root, 4, SZ_2M, DATA, 21, 0);
	for (u64 gpa = DATA; gpa < DATA + 3 * SZ_4K; gpa += SZ_4K)
		vigil_fake_write(f, gpa, &value, 8);
	vigil_space_init(&s, &f->gm, root, 4);

	KUNIT_ASSERT_EQ(test, 0, vigil_virt_read(&s, SZ_4K, &value, 8));
	KUNIT_EXPECT_EQ(test, 4 + 1, f->reads);
	f->reads = 0;
	KUNIT_ASSERT_EQ(test, 0, vigil_virt_read(&s, 0, &value, 8));
	KUNIT_EXPECT_EQ(test, 1 + 1, f->reads);
	KUNIT_EXPECT_EQ(test, 3, value);
	/* Of another table, which begins where that one ends. */
	f->reads = 0;
	KUNIT_ASSERT_EQ(test, 0, vigil_virt_read(&s, SZ_2M, &value, 8));
	KUNIT_EXPECT_EQ(test, 3 + 1, f->reads);
	/* A page of 2M as a neighbour, whose table leads to tables of 4K. */
	vigil_space_flush(&s);
	KUNIT_ASSERT_EQ(test, 0, vigil_virt_read(&s, SZ_2M, &value, 8));
	f->reads = 0;
	KUNIT_ASSERT_EQ(test, 0, vigil_virt_read(&s, 0, &value, 8));
	KUNIT_EXPECT_EQ(test, 2 + 1, f->reads);

	/* The guest has moved the page table, and cleared the old one. */
	table = vigil_fake_table(f);
	pte = (DATA + 2 * SZ_4K) | FAKE_PTE_P;
	vigil_fake_write(f, table + 16, &pte, 8);
	pte = 0;
	vigil_fake_write(f, vigil_fake_entry(f, root, 4, 2 * SZ_4K, 12), &pte,
			 8);
	pte = table | FAKE_PTE_P;
	vigil_fake_write(f, vigil_fake_entry(f, root, 4, 0, 21), &pte, 8);
	KUNIT_EXPECT_EQ(test, 0, vigil_virt_read(&s, 2 * SZ_4K, &value, 8));
}

/* More pages than the cache holds, of two sizes, there and back. */
static void test_cache_replaces(struct kunit *test)
{
	const unsigned int nr = 3 * VIGIL_SPACE_CACHED;
	struct vigil_fake *f = vigil_fake_new(test);
	u64 root = vigil_fake_table(f), value;
	struct vigil_space s;

	vigil_fake_map(f, root, 4, SZ_1G, 0, 30, 0);
	for (u64 i = 0; i < nr; i++) {
		u64 gpa = DATA + (nr - i) * SZ_4K;

		vigil_fake_map(f, root, 4, i * SZ_4K, gpa, 12, 0);
		vigil_fake_write(f, gpa + 8, &i, 8);
	}
	vigil_space_init(&s, &f->gm, root, 4);
	for (u64 i = 0; i < 2 * nr; i++) {
		u64 n = i < nr ? i : 2 * nr - 1 - i;

		KUNIT_ASSERT_EQ(test, 0,
				vigil_virt_read(&s, n * SZ_4K + 8, &value, 8));
		KUNIT_EXPECT_EQ(test, n, value);
		KUNIT_ASSERT_EQ(test, 0,
				vigil_virt_read(&s, SZ_1G + DATA + 8 +
						(nr - n) * SZ_4K, &value, 8));
		KUNIT_EXPECT_EQ(test, n, value);
	}
}

static void test_gpa_read(struct kunit *test)
{
	struct vigil_fake *f = vigil_fake_new(test);
	u8 buf[8], text[8] = "abcdefg";

	f->gm.phys_bits = 36;
	vigil_fake_write(f, DATA - 3, text, sizeof(text));
	KUNIT_EXPECT_EQ(test, 0, vigil_gpa_read(&f->gm, DATA - 3, buf, 8));
	KUNIT_EXPECT_MEMEQ(test, buf, text, sizeof(text));
	KUNIT_EXPECT_EQ(test, 2, f->reads);

	/* Beyond the guest's width nothing is asked for. */
	KUNIT_EXPECT_EQ(test, -EFAULT,
			vigil_gpa_read(&f->gm, BIT_ULL(36) - 4, buf, 8));
	KUNIT_EXPECT_EQ(test, -EFAULT,
			vigil_gpa_read(&f->gm, BIT_ULL(36), buf, 1));
	KUNIT_EXPECT_EQ(test, -EFAULT, vigil_gpa_read(&f->gm, -4, buf, 8));
	KUNIT_EXPECT_EQ(test, 2, f->reads);
	KUNIT_EXPECT_EQ(test, -EFAULT, vigil_gpa_read(&f->gm, 0, buf, 8));
}

static struct kunit_case pgwalk_cases[] = {
	KUNIT_CASE_PARAM(test_translates, walk_gen_params),
	KUNIT_CASE_PARAM(test_not_mapped, walk_gen_params),
	KUNIT_CASE(test_canonical),
	KUNIT_CASE(test_permissions),
	KUNIT_CASE_PARAM(test_reserved_bits, reserved_gen_params),
	KUNIT_CASE(test_table_outside_memory),
	KUNIT_CASE(test_self_map),
	KUNIT_CASE(test_pti),
	KUNIT_CASE(test_virt_read),
	KUNIT_CASE(test_virt_read_mapped),
	KUNIT_CASE(test_cache),
	KUNIT_CASE(test_cache_neighbour),
	KUNIT_CASE(test_cache_replaces),
	KUNIT_CASE(test_gpa_read),
	{}
};

static struct kunit_suite pgwalk_suite = {
	.name = "vigil_pgwalk",
	.test_cases = pgwalk_cases,
};

kunit_test_suite(pgwalk_suite);
