// SPDX-License-Identifier: GPL-2.0
/*
 * Tables of a fake guest are looked at and put right, while a test is the guest
 * that runs meanwhile.
 */
#include "protect/selfmap_check.h"
#include "tests/fake.h"

#define USER	VIGIL_SELFMAP_FINDING_USER
#define FRAME	VIGIL_SELFMAP_FINDING_FRAME
#define SECOND	VIGIL_SELFMAP_FINDING_SECOND

#define SLOT	0x1ed
#define FLAGS	0x8000000000000063ULL
#define US	FAKE_PTE_U
#define TOLD_MAX	8

struct check_test {
	struct vigil_selfmap_check check;
	struct vigil_selfmap_shape shape;
	struct vigil_fake *fake;
	struct kunit *test;
	bool alive;
	unsigned int asked;
	/* What was told. */
	struct vigil_selfmap_entry told[TOLD_MAX];
	unsigned int nr;
	/* What the guest writes before each repair, this many times. */
	u64 writes;
	unsigned int write_times;
	u64 page[VIGIL_TABLE_ENTRIES];
};

static struct check_test *of(struct vigil_selfmap_check *c)
{
	return container_of(c, struct check_test, check);
}

static bool lives(struct vigil_selfmap_check *c)
{
	of(c)->asked++;
	return of(c)->alive;
}

static void found(struct vigil_selfmap_check *c,
		  const struct vigil_selfmap_entry *entry)
{
	struct check_test *t = of(c);

	KUNIT_ASSERT_LT(t->test, t->nr, TOLD_MAX);
	t->told[t->nr++] = *entry;
}

static bool is_root(const struct vigil_selfmap_shape *shape, u64 gpa)
{
	return gpa == shape->root;
}

static void set(struct check_test *t, unsigned int index, u64 entry)
{
	vigil_fake_write(t->fake, t->shape.root + index * sizeof(entry),
			 &entry, sizeof(entry));
}

static u64 get(struct check_test *t, unsigned int index)
{
	u64 entry;

	KUNIT_ASSERT_EQ(t->test, 0,
			vigil_gpa_read(&t->fake->gm,
				       t->shape.root + index * sizeof(entry),
				       &entry, sizeof(entry)));
	return entry;
}

static u64 good(const struct check_test *t)
{
	return t->shape.root | FLAGS;
}

static int check_init(struct kunit *test)
{
	struct check_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->test = test;
	t->fake = vigil_fake_new(test);
	t->alive = true;
	t->shape = (struct vigil_selfmap_shape){
		.root = vigil_fake_table(t->fake),
		.slot = SLOT,
		.owned = true,
		.is_root = is_root,
	};
	t->check = (struct vigil_selfmap_check){
		.gm = &t->fake->gm,
		.shape = &t->shape,
		.block = true,
		.lives = lives,
		.found = found,
	};
	set(t, SLOT, good(t));
	t->fake->test->priv = t;
	test->priv = t;
	return 0;
}

static void test_right(struct kunit *test)
{
	struct check_test *t = test->priv;

	KUNIT_EXPECT_EQ(test, 0, vigil_selfmap_check_slot(&t->check));
	KUNIT_EXPECT_EQ(test, 0, vigil_selfmap_check_page(&t->check, t->page));
	KUNIT_EXPECT_EQ(test, 0, t->nr);
	KUNIT_EXPECT_EQ(test, good(t), t->check.good);
	KUNIT_EXPECT_EQ(test, good(t), get(t, SLOT));
}

/* V8, V11: the alert's old value lacks the user bit. */
static void test_repaired(struct kunit *test)
{
	struct check_test *t = test->priv;

	vigil_selfmap_check_slot(&t->check);
	set(t, SLOT, (good(t) | US) & ~FAKE_PTE_NX);
	KUNIT_EXPECT_EQ(test, 0, vigil_selfmap_check_slot(&t->check));
	KUNIT_ASSERT_EQ(test, 1, t->nr);
	KUNIT_EXPECT_EQ(test, VIGIL_SELFMAP_DONE_REPAIRED, t->told[0].done);
	KUNIT_EXPECT_EQ(test, USER, t->told[0].found);
	KUNIT_EXPECT_EQ(test, SLOT, t->told[0].index);
	KUNIT_EXPECT_EQ(test, good(t), t->told[0].old);
	KUNIT_EXPECT_EQ(test, (good(t) | US) & ~FAKE_PTE_NX, t->told[0].new);
	KUNIT_EXPECT_EQ(test, good(t) & ~FAKE_PTE_NX, t->told[0].value);
	KUNIT_EXPECT_EQ(test, good(t) & ~FAKE_PTE_NX, get(t, SLOT));
	KUNIT_EXPECT_EQ(test, 1, t->check.repaired);
}

/* V7: what is observed stays as it is. */
static void test_observed(struct kunit *test)
{
	struct check_test *t = test->priv;

	t->check.block = false;
	set(t, SLOT, good(t) | US);
	vigil_selfmap_check_slot(&t->check);
	KUNIT_ASSERT_EQ(test, 1, t->nr);
	KUNIT_EXPECT_EQ(test, VIGIL_SELFMAP_DONE_SEEN, t->told[0].done);
	KUNIT_EXPECT_EQ(test, good(t) | US, get(t, SLOT));
}

static void test_frame(struct kunit *test)
{
	struct check_test *t = test->priv;
	u64 elsewhere = vigil_fake_table(t->fake);

	vigil_selfmap_check_slot(&t->check);
	set(t, SLOT, elsewhere | FLAGS);
	vigil_selfmap_check_slot(&t->check);
	KUNIT_ASSERT_EQ(test, 1, t->nr);
	KUNIT_EXPECT_EQ(test, FRAME, t->told[0].found);
	KUNIT_EXPECT_EQ(test, good(t), get(t, SLOT));
}

/* V19: found only when all entries are looked at. */
static void test_second(struct kunit *test)
{
	struct check_test *t = test->priv;

	set(t, 3, good(t) | US);
	set(t, 511, good(t) | US);
	set(t, 200, good(t));
	vigil_selfmap_check_slot(&t->check);
	KUNIT_EXPECT_EQ(test, 0, t->nr);
	vigil_selfmap_check_page(&t->check, t->page);
	KUNIT_ASSERT_EQ(test, 2, t->nr);
	KUNIT_EXPECT_EQ(test, SECOND, t->told[0].found);
	KUNIT_EXPECT_EQ(test, 3, t->told[0].index);
	KUNIT_EXPECT_EQ(test, 511, t->told[1].index);
	KUNIT_EXPECT_EQ(test, good(t), get(t, 3));
	KUNIT_EXPECT_EQ(test, good(t), get(t, 511));
}

/*
 * A page that was a table once: an entry that could be data is left alone, one
 * that maps the page to itself can't be.
 */
static void test_reused(struct kunit *test)
{
	struct check_test *t = test->priv;
	u64 data = 0x123456789067ULL;

	t->alive = false;
	set(t, SLOT, data);
	vigil_selfmap_check_slot(&t->check);
	KUNIT_EXPECT_EQ(test, 0, t->nr);
	KUNIT_EXPECT_EQ(test, 1, t->asked);
	KUNIT_EXPECT_EQ(test, 1, t->check.unproved);
	KUNIT_EXPECT_EQ(test, data, get(t, SLOT));

	set(t, SLOT, good(t) | US);
	vigil_selfmap_check_slot(&t->check);
	KUNIT_EXPECT_EQ(test, 1, t->nr);
	KUNIT_EXPECT_EQ(test, 1, t->asked);
	KUNIT_EXPECT_EQ(test, good(t), get(t, SLOT));
}

/* V10: no memory there is no finding, and says so. */
static void test_gone(struct kunit *test)
{
	struct check_test *t = test->priv;

	t->shape.root = 0x7000;
	KUNIT_EXPECT_EQ(test, -EFAULT, vigil_selfmap_check_slot(&t->check));
	KUNIT_EXPECT_EQ(test, -EFAULT,
			vigil_selfmap_check_page(&t->check, t->page));
	KUNIT_EXPECT_EQ(test, 0, t->nr);
}

/* --- races ------------------------------------------------------------------ */

static void guest_writes(struct vigil_fake *f, u64 gpa)
{
	struct check_test *t = f->test->priv;

	if (!t->write_times)
		return;
	t->write_times--;
	/* Another value each time. */
	t->writes ^= FAKE_PTE_HUGE << 2;
	vigil_fake_write(f, gpa, &t->writes, sizeof(t->writes));
}

static void race(struct check_test *t, u64 writes, unsigned int times)
{
	t->fake->before_cmpxchg = guest_writes;
	t->writes = writes;
	t->write_times = times;
	set(t, SLOT, good(t) | US);
	vigil_selfmap_check_slot(&t->check);
}

/* Each value that the guest writes is judged; the last is put right. */
static void test_race(struct kunit *test)
{
	struct check_test *t = test->priv;

	race(t, (good(t) | US) & ~FAKE_PTE_W, 3);
	KUNIT_ASSERT_EQ(test, 1, t->nr);
	KUNIT_EXPECT_EQ(test, 3, t->check.raced);
	KUNIT_EXPECT_EQ(test, VIGIL_SELFMAP_DONE_REPAIRED, t->told[0].done);
	KUNIT_EXPECT_EQ(test, t->writes & ~US, get(t, SLOT));
}

/* The frame, which the first value had right, is put right as well. */
static void test_race_frame(struct kunit *test)
{
	struct check_test *t = test->priv;

	race(t, 0x55000 | FLAGS | US, 1);
	KUNIT_EXPECT_EQ(test, t->shape.root, get(t, SLOT) & VIGIL_PTE_ADDR);
	KUNIT_EXPECT_FALSE(test, get(t, SLOT) & US);
}

/* Somebody else puts it right. */
static void test_race_lost(struct kunit *test)
{
	struct check_test *t = test->priv;

	race(t, good(t), 1);
	KUNIT_ASSERT_EQ(test, 1, t->nr);
	KUNIT_EXPECT_EQ(test, VIGIL_SELFMAP_DONE_REPAIRED, t->told[0].done);
	/* What was wrong may be in TLBs. */
	KUNIT_EXPECT_EQ(test, 1, t->check.repaired);
	KUNIT_EXPECT_EQ(test, t->writes, t->told[0].value);
	KUNIT_EXPECT_EQ(test, t->writes, get(t, SLOT));
}

/* A vCPU that does nothing else is given up on, until the next time. */
static void test_race_endless(struct kunit *test)
{
	struct check_test *t = test->priv;

	race(t, good(t) | US, 1000000);
	KUNIT_ASSERT_EQ(test, 1, t->nr);
	KUNIT_EXPECT_EQ(test, VIGIL_SELFMAP_DONE_FAILED, t->told[0].done);
	KUNIT_EXPECT_EQ(test, 1, t->check.failed);
	KUNIT_EXPECT_GT(test, t->write_times, 999000);
}

static struct kunit_case selfmap_check_cases[] = {
	KUNIT_CASE(test_right),
	KUNIT_CASE(test_repaired),
	KUNIT_CASE(test_observed),
	KUNIT_CASE(test_frame),
	KUNIT_CASE(test_second),
	KUNIT_CASE(test_reused),
	KUNIT_CASE(test_gone),
	KUNIT_CASE(test_race),
	KUNIT_CASE(test_race_frame),
	KUNIT_CASE(test_race_lost),
	KUNIT_CASE(test_race_endless),
	{}
};

static struct kunit_suite selfmap_check_suite = {
	.name = "vigil_selfmap_check",
	.init = check_init,
	.test_cases = selfmap_check_cases,
};

kunit_test_suite(selfmap_check_suite);
