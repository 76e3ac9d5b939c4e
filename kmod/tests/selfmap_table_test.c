// SPDX-License-Identifier: GPL-2.0
/*
 * Which tables are known, as processes come and go and their memory is used
 * again.
 */
#include <kunit/test.h>

#include "protect/selfmap_table.h"

#define KERNEL	VIGIL_SELFMAP_TABLE_KERNEL
#define TUSER	VIGIL_SELFMAP_TABLE_USER
#define LOADED	VIGIL_SELFMAP_TABLE_LOADED

#define LIVE	VIGIL_WIN_HAS_ADDRESS_SPACE

struct table_test {
	struct vigil_tables tables;
	unsigned int added;
	unsigned int removed;
	unsigned int taken;
	/* What lives() says. */
	bool hidden;
};

static struct table_test *of(struct vigil_tables *t)
{
	return container_of(t, struct table_test, tables);
}

static void added(struct vigil_tables *t, struct vigil_table *table)
{
	of(t)->added++;
}

static void removed(struct vigil_tables *t, struct vigil_table *table,
		    bool taken)
{
	of(t)->removed++;
	of(t)->taken += taken;
}

static bool lives(struct vigil_tables *t, struct vigil_table *table)
{
	return of(t)->hidden;
}

static const struct vigil_tables_ops ops = {
	.added = added,
	.removed = removed,
	.lives = lives,
};

static int table_init(struct kunit *test)
{
	struct table_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	if (!t)
		return -ENOMEM;
	vigil_tables_init(&t->tables, &ops);
	t->tables.slot = 0x1ed;
	test->priv = t;
	return 0;
}

static void table_exit(struct kunit *test)
{
	struct table_test *t = test->priv;

	if (!t)
		return;
	vigil_tables_clear(&t->tables);
	KUNIT_EXPECT_EQ(test, t->added, t->removed);
	KUNIT_EXPECT_EQ(test, 0, t->tables.nr);
	KUNIT_EXPECT_EQ(test, 0, t->tables.nr_processes);
	KUNIT_EXPECT_EQ(test, 0, t->tables.nr_loaded);
}

static struct vigil_win_process process(u32 pid, u64 cr3, u64 user_cr3)
{
	return (struct vigil_win_process){
		.eprocess = 0xffff800000000000ULL + pid * 0x1000,
		.pid = pid,
		.create_time = pid * 100,
		.cr3 = cr3,
		.user_cr3 = user_cr3,
		.flags = LIVE,
	};
}

static void see(struct kunit *test, struct vigil_win_process p)
{
	struct table_test *t = test->priv;

	KUNIT_EXPECT_EQ(test, 0, vigil_tables_process(&t->tables, &p));
}

static struct vigil_table *find(struct kunit *test, u64 root)
{
	struct table_test *t = test->priv;

	return vigil_tables_find(&t->tables, root);
}

static void expect(struct kunit *test, u64 root, u32 pid,
		   enum vigil_selfmap_table kind)
{
	struct vigil_table *table = find(test, root);

	KUNIT_ASSERT_NOT_NULL(test, table);
	KUNIT_EXPECT_EQ(test, root, table->shape.root);
	KUNIT_EXPECT_EQ(test, pid, table->process.pid);
	KUNIT_EXPECT_EQ(test, kind, table->kind);
	KUNIT_EXPECT_EQ(test, kind != LOADED, table->shape.owned);
}

static void test_one_table(struct kunit *test)
{
	struct table_test *t = test->priv;

	/* V3: the PCID isn't part of the address. */
	see(test, process(4, 0x1ad002, 0));
	expect(test, 0x1ad000, 4, KERNEL);
	KUNIT_EXPECT_EQ(test, 1, t->tables.nr);
	/* Seen again: nothing new. */
	see(test, process(4, 0x1ad002, 0));
	KUNIT_EXPECT_EQ(test, 1, t->added);
	/* V4: user mode runs on the same table. */
	see(test, process(5, 0x2000, 0x2001));
	expect(test, 0x2000, 5, KERNEL);
	KUNIT_EXPECT_EQ(test, 2, t->tables.nr);
}

static void test_two_tables(struct kunit *test)
{
	struct table_test *t = test->priv;

	see(test, process(8, 0x1000002, 0x2000001));
	expect(test, 0x1000000, 8, KERNEL);
	expect(test, 0x2000000, 8, TUSER);
	KUNIT_EXPECT_EQ(test, 0x2000000,
			find(test, 0x1000000)->shape.pair);
	KUNIT_EXPECT_EQ(test, 0x1000000,
			find(test, 0x2000000)->shape.pair);
	KUNIT_EXPECT_EQ(test, 1, t->tables.nr_processes);

	/* Windows drops the user table of a process that needs none. */
	see(test, process(8, 0x1000002, 0));
	vigil_tables_pass_ends(&t->tables);
	see(test, process(8, 0x1000002, 0));
	vigil_tables_pass_ends(&t->tables);
	KUNIT_EXPECT_NULL(test, find(test, 0x2000000));
	expect(test, 0x1000000, 8, KERNEL);
	KUNIT_EXPECT_EQ(test, 0, find(test, 0x1000000)->shape.pair);
}

static void test_exit(struct kunit *test)
{
	struct table_test *t = test->priv;
	struct vigil_win_process p = process(8, 0x1000000, 0x2000000);

	see(test, p);
	p.flags |= VIGIL_WIN_EXITING;
	see(test, p);
	KUNIT_EXPECT_EQ(test, 0, t->tables.nr);
	/* It stays on the list for a while. */
	see(test, p);
	KUNIT_EXPECT_EQ(test, 2, t->added);
	/* A flag is soon set; a table in use is one all the same. */
	p.flags &= ~VIGIL_WIN_EXITING;
	see(test, p);
	p.flags |= VIGIL_WIN_EXITING;
	t->hidden = true;
	see(test, p);
	vigil_tables_pass_ends(&t->tables);
	expect(test, 0x1000000, 8, KERNEL);
	expect(test, 0x2000000, 8, TUSER);
	t->hidden = false;
	see(test, p);
	KUNIT_EXPECT_EQ(test, 0, t->tables.nr);
	/* A process that has no address space yet. */
	p = process(9, 0x3000000, 0);
	p.flags = 0;
	see(test, p);
	KUNIT_EXPECT_EQ(test, 0, t->tables.nr);
}

/* A dead process that has not left the list must not take from the living. */
static void test_reuse(struct kunit *test)
{
	struct vigil_win_process dead = process(8, 0x1000000, 0);
	struct vigil_win_process next = process(12, 0x1000000, 0);
	struct table_test *t = test->priv;

	see(test, dead);
	see(test, next);
	expect(test, 0x1000000, 12, KERNEL);
	dead.flags |= VIGIL_WIN_VM_DELETED;
	see(test, dead);
	expect(test, 0x1000000, 12, KERNEL);
	/* The same EPROCESS address and pid, but another process. */
	next.create_time++;
	see(test, next);
	KUNIT_EXPECT_EQ(test, next.create_time,
			find(test, 0x1000000)->process.create_time);
	KUNIT_EXPECT_EQ(test, 2, t->taken);
	KUNIT_EXPECT_EQ(test, 2, t->removed);
}

static void test_list(struct kunit *test)
{
	struct table_test *t = test->priv;

	see(test, process(4, 0x1000000, 0));
	see(test, process(8, 0x2000000, 0));
	vigil_tables_pass_ends(&t->tables);
	see(test, process(4, 0x1000000, 0));
	/* Off the list, but else as it was: it hides. */
	t->hidden = true;
	vigil_tables_pass_ends(&t->tables);
	expect(test, 0x2000000, 8, KERNEL);
	/* Gone. */
	t->hidden = false;
	see(test, process(4, 0x1000000, 0));
	vigil_tables_pass_ends(&t->tables);
	KUNIT_EXPECT_NULL(test, find(test, 0x2000000));
	expect(test, 0x1000000, 4, KERNEL);
}

/* V9: it comes back with another table. */
static void test_outswap(struct kunit *test)
{
	struct vigil_win_process p = process(8, 0x1000000, 0);
	struct table_test *t = test->priv;

	see(test, p);
	p.flags |= VIGIL_WIN_OUTSWAPPED;
	see(test, p);
	expect(test, 0x1000000, 8, KERNEL);
	p.flags &= ~VIGIL_WIN_OUTSWAPPED;
	p.cr3 = 0x3000000;
	see(test, p);
	expect(test, 0x3000000, 8, KERNEL);
	vigil_tables_pass_ends(&t->tables);
	see(test, p);
	vigil_tables_pass_ends(&t->tables);
	KUNIT_EXPECT_NULL(test, find(test, 0x1000000));
}

static void test_loaded(struct kunit *test)
{
	struct table_test *t = test->priv;

	KUNIT_EXPECT_NOT_NULL(test, vigil_tables_loaded(&t->tables, 0x5000, 1));
	expect(test, 0x5000, 0, LOADED);
	KUNIT_EXPECT_EQ(test, 1, t->tables.nr_loaded);
	vigil_tables_loaded(&t->tables, 0x5000, 9);
	vigil_tables_unload(&t->tables, 9);
	expect(test, 0x5000, 0, LOADED);
	vigil_tables_unload(&t->tables, 10);
	KUNIT_EXPECT_NULL(test, find(test, 0x5000));

	/* Its process is seen later. */
	vigil_tables_loaded(&t->tables, 0x6000, 11);
	see(test, process(4, 0x6000, 0));
	expect(test, 0x6000, 4, KERNEL);
	KUNIT_EXPECT_EQ(test, 0, t->tables.nr_loaded);
	vigil_tables_unload(&t->tables, 100);
	expect(test, 0x6000, 4, KERNEL);
}

/* A guest that loads whatever it likes does not fill the host's memory. */
static void test_loaded_limit(struct kunit *test)
{
	struct table_test *t = test->priv;

	for (u64 i = 1; i <= VIGIL_TABLES_LOADED_MAX; i++)
		KUNIT_ASSERT_NOT_NULL(test, vigil_tables_loaded(&t->tables,
								i << 12, 1));
	KUNIT_EXPECT_NULL(test, vigil_tables_loaded(&t->tables, 1ULL << 40, 1));
	KUNIT_EXPECT_NOT_NULL(test,
			      vigil_tables_loaded(&t->tables, 1 << 12, 1));
}

static void test_limit(struct kunit *test)
{
	struct table_test *t = test->priv;
	struct vigil_win_process p;

	for (u64 i = 1; i <= VIGIL_TABLES_MAX; i++)
		see(test, process(i, i << 12, 0));
	p = process(1, 1ULL << 40, 0);
	KUNIT_EXPECT_EQ(test, -ENOMEM, vigil_tables_process(&t->tables, &p));
}

static unsigned int next(struct kunit *test, unsigned long *cursor,
			 struct vigil_table **some, unsigned int nr)
{
	struct table_test *t = test->priv;

	return vigil_tables_next(&t->tables, cursor, some, nr);
}

static void test_turn(struct kunit *test)
{
	struct vigil_table *some[2], *first, *second;
	unsigned long cursor = 0;

	KUNIT_EXPECT_EQ(test, 0, next(test, &cursor, some, 2));
	see(test, process(4, 0x5000, 0));
	see(test, process(8, 0xffffffffff000ULL, 0));
	first = find(test, 0x5000);
	second = find(test, 0xffffffffff000ULL);
	KUNIT_EXPECT_EQ(test, 1, next(test, &cursor, some, 1));
	KUNIT_EXPECT_PTR_EQ(test, first, some[0]);
	KUNIT_EXPECT_EQ(test, 1, next(test, &cursor, some, 2));
	KUNIT_EXPECT_PTR_EQ(test, second, some[0]);
	/* and from the beginning */
	KUNIT_EXPECT_EQ(test, 2, next(test, &cursor, some, 2));
	KUNIT_EXPECT_PTR_EQ(test, first, some[0]);
	KUNIT_EXPECT_PTR_EQ(test, second, some[1]);
}

static struct kunit_case selfmap_table_cases[] = {
	KUNIT_CASE(test_one_table),
	KUNIT_CASE(test_two_tables),
	KUNIT_CASE(test_exit),
	KUNIT_CASE(test_reuse),
	KUNIT_CASE(test_list),
	KUNIT_CASE(test_outswap),
	KUNIT_CASE(test_loaded),
	KUNIT_CASE(test_loaded_limit),
	KUNIT_CASE(test_limit),
	KUNIT_CASE(test_turn),
	{}
};

static struct kunit_suite selfmap_table_suite = {
	.name = "vigil_selfmap_table",
	.init = table_init,
	.exit = table_exit,
	.test_cases = selfmap_table_cases,
};

kunit_test_suite(selfmap_table_suite);
