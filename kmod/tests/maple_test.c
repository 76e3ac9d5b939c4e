// SPDX-License-Identifier: GPL-2.0
/*
 * The maple tree walker: nodes made by hand, good and corrupted, and trees that
 * the kernel's own code made.
 */

#include <linux/maple_tree.h>
#include <linux/prandom.h>
#include <linux/sizes.h>

#include "guest/maple.h"
#include "tests/fake.h"

enum { DENSE, LEAF, RANGE, ARANGE };

/* What a slot above the last one may hold: nobody must follow it. */
#define POISON	0xdead4ead00000000ULL

struct maple_test {
	struct vigil_fake *f;
	u64 tree;
};

static int maple_init(struct kunit *test)
{
	struct maple_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	if (!t)
		return -ENOMEM;
	t->f = vigil_fake_linux(test);
	t->tree = vigil_fake_alloc(t->f, 64);
	test->priv = t;
	return 0;
}

static u64 pivot_at(u64 node, unsigned int i)
{
	return node + 8 + 8 * i;
}

static u64 slot_at(u64 node, unsigned int type, unsigned int i)
{
	return node + 8 + 8 * (type == ARANGE ? 9 : 15) + 8 * i;
}

static u64 meta_at(u64 node, unsigned int type)
{
	return node + 8 * (type == ARANGE ? 30 : 31);
}

/* A pointer to a node as an inner slot holds it; bit 2 says nothing here. */
static u64 encode(u64 node, unsigned int type)
{
	return node | type << 3 | BIT(2);
}

/* The root's is marked, and no other. */
static u64 mark_root(u64 entry)
{
	return entry | BIT(1);
}

/*
 * A node whose slot i holds slots[i] up to pivots[i]; its last slot goes up to
 * the end of what its parent gives it.
 */
static u64 make_node(struct kunit *test, unsigned int type, unsigned int last,
		     const u64 *pivots, const u64 *slots)
{
	struct maple_test *t = test->priv;
	const unsigned int max = type == ARANGE ? 9 : 15;
	u64 node = vigil_fake_alloc(t->f, 256);

	for (unsigned int i = 0; i <= max; i++)
		vigil_fake_put64(t->f, slot_at(node, type, i),
				 i <= last ? slots[i] : POISON);
	for (unsigned int i = 0; i < last; i++)
		vigil_fake_put64(t->f, pivot_at(node, i), pivots[i]);
	if (type == ARANGE || last < max)
		vigil_fake_put64(t->f, meta_at(node, type), last);
	/* The parent's address doesn't matter, unless it is the node's. */
	vigil_fake_put64(t->f, node, 0x100);
	return encode(node, type);
}

static void set_plain_root(struct kunit *test, u64 root)
{
	struct maple_test *t = test->priv;

	vigil_fake_set64(t->f, t->tree, VIGIL_PROFILE_FIELD_MT_ROOT, root);
}

static void set_root(struct kunit *test, u64 root)
{
	set_plain_root(test, mark_root(root));
}

static int find(struct kunit *test, u64 index, struct vigil_maple_entry *e)
{
	struct maple_test *t = test->priv;

	return vigil_maple_find(&t->f->lx, t->tree, index, e);
}

static void expect(struct kunit *test, u64 index, u64 first, u64 last,
		   u64 value)
{
	struct vigil_maple_entry e = {};

	KUNIT_EXPECT_EQ(test, 0, find(test, index, &e));
	KUNIT_EXPECT_EQ_MSG(test, first, e.first, "at %llx", index);
	KUNIT_EXPECT_EQ_MSG(test, last, e.last, "at %llx", index);
	KUNIT_EXPECT_EQ_MSG(test, value, e.value, "at %llx", index);
}

static void test_empty(struct kunit *test)
{
	expect(test, 0, 0, U64_MAX, 0);
	expect(test, 0x400000, 0, U64_MAX, 0);
}

/* A tree of three levels, inner nodes of both kinds. */
static void test_finds(struct kunit *test)
{
	const u64 a = FAKE_DIRECT + 0x1000, b = FAKE_DIRECT + 0x2000;
	const u64 c = FAKE_DIRECT + 0x3000;
	u64 low, high, inner;

	low = make_node(test, LEAF, 2, (u64[]){ 0xfff, 0x2fff },
			(u64[]){ 0, a, 0 });
	high = make_node(test, LEAF, 3, (u64[]){ 0x5fff, 0x6fff, 0x8fff },
			 (u64[]){ b, 0, c, 0 });
	inner = make_node(test, RANGE, 1, (u64[]){ 0x3fff },
			  (u64[]){ low, high });
	set_root(test, make_node(test, ARANGE, 1, (u64[]){ 0xffff },
				 (u64[]){ inner, low }));

	expect(test, 0, 0, 0xfff, 0);
	expect(test, 0xfff, 0, 0xfff, 0);
	expect(test, 0x1000, 0x1000, 0x2fff, a);
	expect(test, 0x2fff, 0x1000, 0x2fff, a);
	expect(test, 0x3000, 0x3000, 0x3fff, 0);
	expect(test, 0x3fff, 0x3000, 0x3fff, 0);
	expect(test, 0x4000, 0x4000, 0x5fff, b);
	expect(test, 0x6000, 0x6000, 0x6fff, 0);
	expect(test, 0x8fff, 0x7000, 0x8fff, c);
	expect(test, 0x9000, 0x9000, 0xffff, 0);
}

/* Every number of slots: where the last one ends comes from three places. */
static void test_every_fill(struct kunit *test)
{
	static const unsigned int types[] = { LEAF, RANGE, ARANGE };

	for (unsigned int n = 0; n < ARRAY_SIZE(types); n++) {
		const unsigned int type = types[n];
		u64 pivots[16], slots[16], leaf;

		for (unsigned int last = 1; last <= (type == ARANGE ? 9 : 15);
		     last++) {
			for (u64 i = 0; i < 16; i++) {
				const u64 v = FAKE_DIRECT + i * 8;

				pivots[i] = i * 0x1000 + 0xfff;
				leaf = make_node(test, LEAF, 1,
						 (u64[]){ pivots[i] },
						 (u64[]){ v, 0 });
				slots[i] = type == LEAF ? v : leaf;
			}
			set_root(test, make_node(test, type, last, pivots,
						 slots));
			for (u64 i = 0; i < last; i++)
				expect(test, i * 0x1000 + 5, i * 0x1000,
				       i * 0x1000 + 0xfff, FAKE_DIRECT + i * 8);
			if (type == LEAF)
				expect(test, U64_MAX, last * 0x1000ULL, U64_MAX,
				       FAKE_DIRECT + last * 8);
		}
	}
}

/* Pivot 14 is the node's maximum: slot 15 is not in use, whatever it holds. */
static void test_slot_15(struct kunit *test)
{
	u64 pivots[16], slots[16], leaf;

	for (u64 i = 0; i < 16; i++) {
		pivots[i] = i * 0x1000 + 0xfff;
		slots[i] = FAKE_DIRECT + i * 8;
	}
	slots[15] = POISON;
	leaf = make_node(test, LEAF, 15, pivots, slots);
	set_root(test, make_node(test, ARANGE, 1, (u64[]){ 0xefff },
				 (u64[]){ leaf, leaf }));
	expect(test, 0xe123, 0xe000, 0xefff, FAKE_DIRECT + 14 * 8);
}

/* What a failed fork leaves behind is no mapping. */
static void test_reserved(struct kunit *test)
{
	set_root(test, make_node(test, LEAF, 1, (u64[]){ 0xfff },
				 (u64[]){ FAKE_DIRECT, 1030 }));
	expect(test, 0x1000, 0x1000, U64_MAX, 0);
}

struct bad_case {
	const char *name;
	/* Changes a good tree: its root, a leaf, and an inner node above. */
	u64 (*spoil)(struct kunit *test, u64 inner, u64 leaf);
	int err;
};

static void put(struct kunit *test, u64 addr, u64 value)
{
	struct maple_test *t = test->priv;

	vigil_fake_put64(t->f, addr, value);
}

static u64 root_not_a_node(struct kunit *test, u64 inner, u64 leaf)
{
	return FAKE_DIRECT + 0x1000;
}

static u64 root_reserved(struct kunit *test, u64 inner, u64 leaf)
{
	return 1030;
}

static u64 root_not_marked(struct kunit *test, u64 inner, u64 leaf)
{
	return encode(inner, ARANGE);
}

static u64 root_user(struct kunit *test, u64 inner, u64 leaf)
{
	return mark_root(encode(0x7f0000000000, LEAF));
}

static u64 root_not_canonical(struct kunit *test, u64 inner, u64 leaf)
{
	return mark_root(encode(0xffff000000000000, LEAF));
}

static u64 root_not_mapped(struct kunit *test, u64 inner, u64 leaf)
{
	return mark_root(encode(FAKE_DIRECT + 2ULL * SZ_1G, LEAF));
}

static u64 type_dense(struct kunit *test, u64 inner, u64 leaf)
{
	return mark_root(encode(leaf, DENSE));
}

static u64 type_unknown(struct kunit *test, u64 inner, u64 leaf)
{
	return mark_root(encode(leaf, 9));
}

static u64 child_null(struct kunit *test, u64 inner, u64 leaf)
{
	put(test, slot_at(inner, ARANGE, 0), 0);
	return mark_root(encode(inner, ARANGE));
}

static u64 child_plain(struct kunit *test, u64 inner, u64 leaf)
{
	put(test, slot_at(inner, ARANGE, 0), leaf);
	return mark_root(encode(inner, ARANGE));
}

static u64 cycle(struct kunit *test, u64 inner, u64 leaf)
{
	put(test, slot_at(inner, ARANGE, 0), encode(inner, ARANGE));
	return mark_root(encode(inner, ARANGE));
}

static u64 dead_leaf(struct kunit *test, u64 inner, u64 leaf)
{
	put(test, leaf, leaf | 0x30);
	return mark_root(encode(inner, ARANGE));
}

static u64 dead_inner(struct kunit *test, u64 inner, u64 leaf)
{
	put(test, inner, inner);
	return mark_root(encode(inner, ARANGE));
}

static u64 end_too_large(struct kunit *test, u64 inner, u64 leaf)
{
	put(test, meta_at(inner, ARANGE), 10);
	return mark_root(encode(inner, ARANGE));
}

static u64 end_in_its_own_slot(struct kunit *test, u64 inner, u64 leaf)
{
	put(test, meta_at(leaf, LEAF), 15);
	return mark_root(encode(inner, ARANGE));
}

static u64 pivot_beyond_node(struct kunit *test, u64 inner, u64 leaf)
{
	put(test, pivot_at(leaf, 0), 0x20000);
	return mark_root(encode(inner, ARANGE));
}

static u64 pivots_backwards(struct kunit *test, u64 inner, u64 leaf)
{
	/* Takes a path to a leaf that claims to begin before its parent. */
	put(test, pivot_at(inner, 0), 0x1000);
	put(test, pivot_at(leaf, 0), 0x800);
	return mark_root(encode(inner, ARANGE));
}

static u64 value_user(struct kunit *test, u64 inner, u64 leaf)
{
	put(test, slot_at(leaf, LEAF, 1), 0x7f0000000000);
	return mark_root(encode(inner, ARANGE));
}

static u64 value_misaligned(struct kunit *test, u64 inner, u64 leaf)
{
	put(test, slot_at(leaf, LEAF, 1), FAKE_DIRECT + 0x1001);
	return mark_root(encode(inner, ARANGE));
}

static u64 value_error(struct kunit *test, u64 inner, u64 leaf)
{
	put(test, slot_at(leaf, LEAF, 1), (u64)-16);
	return mark_root(encode(inner, ARANGE));
}

static u64 value_is_node(struct kunit *test, u64 inner, u64 leaf)
{
	put(test, slot_at(leaf, LEAF, 1), encode(inner, ARANGE));
	return mark_root(encode(inner, ARANGE));
}

static const struct bad_case bad_cases[] = {
	{ "root is an object", root_not_a_node, -EUCLEAN },
	{ "root is reserved", root_reserved, -EUCLEAN },
	{ "root isn't marked", root_not_marked, -EUCLEAN },
	{ "root in user space", root_user, -EUCLEAN },
	{ "root not canonical", root_not_canonical, -EUCLEAN },
	{ "root not mapped", root_not_mapped, -EFAULT },
	{ "dense node", type_dense, -EUCLEAN },
	{ "unknown node", type_unknown, -EUCLEAN },
	{ "inner slot empty", child_null, -EUCLEAN },
	{ "inner slot not encoded", child_plain, -EUCLEAN },
	{ "cycle", cycle, -EUCLEAN },
	{ "dead leaf", dead_leaf, -EAGAIN },
	{ "dead inner node", dead_inner, -EAGAIN },
	{ "end beyond the slots", end_too_large, -EUCLEAN },
	{ "end where the metadata is", end_in_its_own_slot, -EUCLEAN },
	{ "pivot beyond the node", pivot_beyond_node, -EUCLEAN },
	{ "pivot before the node", pivots_backwards, -EUCLEAN },
	{ "entry in user space", value_user, -EUCLEAN },
	{ "entry misaligned", value_misaligned, -EUCLEAN },
	{ "entry is an error", value_error, -EUCLEAN },
	{ "entry is a node", value_is_node, -EUCLEAN },
};

KUNIT_ARRAY_PARAM_DESC(bad, bad_cases, name);

static void test_corrupted(struct kunit *test)
{
	const struct bad_case *c = test->param_value;
	struct maple_test *t = test->priv;
	struct vigil_maple_entry e;
	u64 leaf, inner, root, at = 0x1800;

	leaf = make_node(test, LEAF, 2, (u64[]){ 0xfff, 0x1fff },
			 (u64[]){ 0, FAKE_DIRECT, 0 });
	inner = make_node(test, ARANGE, 1, (u64[]){ 0xffff },
			  (u64[]){ leaf, leaf });
	set_root(test, inner);
	expect(test, at, 0x1000, 0x1fff, FAKE_DIRECT);

	root = c->spoil(test, inner & ~255ULL, leaf & ~255ULL);
	set_plain_root(test, root);
	if (c->spoil == pivot_beyond_node)
		at = 0x800;
	t->f->reads = 0;
	KUNIT_EXPECT_EQ(test, c->err, find(test, at, &e));
	/* No more than one read per level that there can be. */
	KUNIT_EXPECT_LE(test, t->f->reads, 40);
}

/*
 * A tree of this very kernel: guest-physical memory is the kernel's own, and
 * the guest's direct map lies where the kernel's is.
 */
#define REAL_RANGES	400
#define REAL_STEP	SZ_64K
/* Where a direct map with 4 levels begins. */
#define KERNEL_HALF	0xffff800000000000ULL

struct real_test {
	struct vigil_gmem gm;
	struct vigil_profile profile;
	struct vigil_linux lx;
	struct maple_tree tree;
};

static u64 to_own(const void *addr)
{
	return (u64)addr - PAGE_OFFSET;
}

static int read_own(struct vigil_gmem *gm, u64 gpa, void *buf, size_t len)
{
	memcpy(buf, (void *)(PAGE_OFFSET + gpa), len);
	return 0;
}

static const struct vigil_gmem_ops own_ops = { .read = read_own };

static u64 *make_table(struct kunit *test)
{
	u64 *table = kunit_kzalloc(test, 2 * SZ_4K, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, table);
	return PTR_ALIGN(table, SZ_4K);
}

/* Pages of 1G: the direct map begins on one, in the middle of a 512G entry. */
static void map_own(struct kunit *test, struct real_test *r)
{
	const u64 first = PAGE_OFFSET & -BIT_ULL(39);
	u64 *top = make_table(test), *table = NULL;

	for (u64 gva = PAGE_OFFSET; gva < first + BIT_ULL(40); gva += SZ_1G) {
		u64 *entry = &top[(gva >> 39) & 511];

		if (!*entry) {
			table = make_table(test);
			*entry = to_own(table) | FAKE_PTE_P;
		}
		table[(gva >> 30) & 511] = (gva - PAGE_OFFSET) | FAKE_PTE_HUGE |
					   FAKE_PTE_P;
	}
	r->profile.field[VIGIL_PROFILE_FIELD_KERNEL_ROOT] = to_own(top);
}

static void check_own(struct kunit *test, struct real_test *r)
{
	for (u64 at = 0; at < (REAL_RANGES + 2) * REAL_STEP; at += SZ_4K) {
		struct vigil_maple_entry e = {};

		KUNIT_ASSERT_EQ(test, 0,
				vigil_maple_find(&r->lx, (u64)&r->tree, at, &e));
		KUNIT_ASSERT_EQ(test, (u64)mtree_load(&r->tree, at), e.value);
		KUNIT_ASSERT_LE(test, e.first, at);
		KUNIT_ASSERT_GE(test, e.last, at);
	}
}

static void fill_own(struct kunit *test, struct real_test *r)
{
	struct rnd_state rnd;

	prandom_seed_state(&rnd, 6127);
	for (u64 i = 0; i < REAL_RANGES; i++) {
		u64 first = i * REAL_STEP + prandom_u32_state(&rnd) % 8 * SZ_4K;
		u64 size = (1 + prandom_u32_state(&rnd) % 8) * SZ_4K;

		KUNIT_ASSERT_EQ(test, 0,
				mtree_insert_range(&r->tree, first,
						   first + size - 1,
						   (u64 *)r + i, GFP_KERNEL));
	}
}

static void test_own_tree(struct kunit *test)
{
	struct real_test *r;

	if (PAGE_OFFSET < KERNEL_HALF)
		kunit_skip(test, "no direct map of x86-64 with 4 levels");
	r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, r);
	r->gm.ops = &own_ops;
	map_own(test, r);
	r->profile.field[VIGIL_PROFILE_FIELD_MT_ROOT] =
		offsetof(struct maple_tree, ma_root);
	vigil_linux_init(&r->lx, &r->profile, &r->gm, 4);
	mt_init_flags(&r->tree, MT_FLAGS_ALLOC_RANGE | MT_FLAGS_USE_RCU);

	fill_own(test, r);
	check_own(test, r);
	for (u64 i = 0; i < REAL_RANGES; i += 3)
		mtree_erase(&r->tree, i * REAL_STEP + SZ_32K);
	check_own(test, r);
	mtree_destroy(&r->tree);
}

static struct kunit_case maple_cases[] = {
	KUNIT_CASE(test_empty),
	KUNIT_CASE(test_finds),
	KUNIT_CASE(test_every_fill),
	KUNIT_CASE(test_slot_15),
	KUNIT_CASE(test_reserved),
	KUNIT_CASE_PARAM(test_corrupted, bad_gen_params),
	KUNIT_CASE(test_own_tree),
	{}
};

static struct kunit_suite maple_suite = {
	.name = "vigil_maple",
	.init = maple_init,
	.test_cases = maple_cases,
};

kunit_test_suite(maple_suite);
