// SPDX-License-Identifier: GPL-2.0
/*
 * Policy: which entry protects a process.
 */
#include <kunit/test.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include <linux/string.h>

#include "protect/exec/policy.h"

struct policy_test {
	struct vigil_policy policy;
	/* What the VM's lock is to its policy. */
	struct mutex lock;
	struct srcu_struct srcu;
};

static int policy_init(struct kunit *test)
{
	struct policy_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	int err;

	if (!t)
		return -ENOMEM;
	err = init_srcu_struct(&t->srcu);
	if (err)
		return err;
	mutex_init(&t->lock);
	vigil_policy_init(&t->policy);
	test->priv = t;
	return 0;
}

static void policy_exit(struct kunit *test)
{
	struct policy_test *t = test->priv;

	if (!t)
		return;
	vigil_policy_destroy(&t->policy);
	cleanup_srcu_struct(&t->srcu);
}

/* The entry's id, or 0 if there was no room. */
static u32 add_entry(struct kunit *test, const struct vigil_protect *like)
{
	struct policy_test *t = test->priv;
	struct vigil_protect *entry = kmemdup(like, sizeof(*like), GFP_KERNEL);
	int err;

	KUNIT_ASSERT_NOT_NULL(test, entry);
	mutex_lock(&t->lock);
	err = vigil_policy_add(&t->policy, entry, &t->lock);
	mutex_unlock(&t->lock);
	if (err) {
		KUNIT_EXPECT_EQ(test, -ENOSPC, err);
		kfree(entry);
		return 0;
	}
	return entry->id;
}

static u32 add(struct kunit *test, const char *comm, u32 pid)
{
	struct vigil_protect *like = kunit_kzalloc(test, sizeof(*like),
						   GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, like);
	if (comm)
		strscpy(like->comm, comm, sizeof(like->comm));
	like->pid = pid;
	like->all = !comm && !pid;
	return add_entry(test, like);
}

static void del(struct kunit *test, u32 id)
{
	struct policy_test *t = test->priv;
	struct vigil_protect *entry;

	mutex_lock(&t->lock);
	entry = vigil_policy_del(&t->policy, id, &t->lock);
	mutex_unlock(&t->lock);
	KUNIT_ASSERT_NOT_NULL(test, entry);
	KUNIT_EXPECT_EQ(test, id, entry->id);
	kfree(entry);
}

static u32 match_subject(struct kunit *test, const struct vigil_subject *s)
{
	struct policy_test *t = test->priv;
	struct vigil_protect *entry;
	u32 id;
	int idx;

	idx = srcu_read_lock(&t->srcu);
	entry = vigil_policy_match(&t->policy, &t->srcu, s);
	id = entry ? entry->id : 0;
	srcu_read_unlock(&t->srcu, idx);
	return id;
}

static u32 match(struct kunit *test, u32 pid, const char *comm)
{
	const struct vigil_subject s = {
		.exe = "",
		.comm = comm,
		.pid = pid,
		.start_time = 1000 + pid,
	};

	return match_subject(test, &s);
}

static void test_patterns(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 0, match(test, 1, "init"));
	KUNIT_EXPECT_EQ(test, 1, add(test, "nginx*", 0));
	KUNIT_EXPECT_EQ(test, 2, add(test, "php-fpm[78]", 0));
	KUNIT_EXPECT_EQ(test, 3, add(test, "w?[!0-9]", 0));
	KUNIT_EXPECT_EQ(test, 1, match(test, 1, "nginx"));
	KUNIT_EXPECT_EQ(test, 1, match(test, 1, "nginx: worker"));
	KUNIT_EXPECT_EQ(test, 0, match(test, 1, "Nginx"));
	KUNIT_EXPECT_EQ(test, 2, match(test, 1, "php-fpm8"));
	KUNIT_EXPECT_EQ(test, 0, match(test, 1, "php-fpm9"));
	KUNIT_EXPECT_EQ(test, 3, match(test, 1, "wxy"));
	KUNIT_EXPECT_EQ(test, 0, match(test, 1, "wx1"));
	KUNIT_EXPECT_EQ(test, 0, match(test, 1, ""));
}

static void test_pid(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 1, add(test, NULL, 42));
	KUNIT_EXPECT_EQ(test, 1, match(test, 42, "a"));
	KUNIT_EXPECT_EQ(test, 0, match(test, 43, "a"));
}

/* The first that has the number is meant, or the one that had it before. */
static void test_pid_reused(struct kunit *test)
{
	struct vigil_subject s = {
		.exe = "/a", .comm = "a", .pid = 42, .start_time = 7,
	};
	struct vigil_protect *bound = kunit_kzalloc(test, sizeof(*bound),
						    GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, bound);
	KUNIT_EXPECT_EQ(test, 1, add(test, NULL, 42));
	KUNIT_EXPECT_EQ(test, 1, match_subject(test, &s));
	s.start_time = 8;
	KUNIT_EXPECT_EQ(test, 0, match_subject(test, &s));
	s.start_time = 7;
	KUNIT_EXPECT_EQ(test, 1, match_subject(test, &s));
	del(test, 1);

	bound->pid = 42;
	atomic64_set(&bound->start_time, 8);
	KUNIT_EXPECT_EQ(test, 2, add_entry(test, bound));
	KUNIT_EXPECT_EQ(test, 0, match_subject(test, &s));
	s.start_time = 8;
	KUNIT_EXPECT_EQ(test, 2, match_subject(test, &s));
}

/* What matches in all but one doesn't bind the number of a process. */
static void test_and(struct kunit *test)
{
	const struct vigil_subject good = {
		.exe = "/usr/sbin/nginx", .comm = "nginx", .pid = 42,
		.start_time = 7, .uid = 33,
	};
	struct vigil_protect *e = kunit_kzalloc(test, sizeof(*e), GFP_KERNEL);
	struct vigil_subject s;

	KUNIT_ASSERT_NOT_NULL(test, e);
	strscpy(e->exe, "/usr/*/nginx");
	strscpy(e->comm, "ngin?");
	e->pid = 42;
	e->has_uid = true;
	e->uid = 33;
	KUNIT_EXPECT_EQ(test, 1, add_entry(test, e));

	s = good;
	s.exe = "/usr/sbin/nginx2";
	KUNIT_EXPECT_EQ(test, 0, match_subject(test, &s));
	s = good;
	s.comm = "apache";
	KUNIT_EXPECT_EQ(test, 0, match_subject(test, &s));
	s = good;
	s.uid = 0;
	s.start_time = 6;
	KUNIT_EXPECT_EQ(test, 0, match_subject(test, &s));
	s = good;
	s.pid = 41;
	KUNIT_EXPECT_EQ(test, 0, match_subject(test, &s));
	KUNIT_EXPECT_EQ(test, 1, match_subject(test, &good));
}

/* User id 0 is one like others. */
static void test_uid(struct kunit *test)
{
	struct vigil_subject s = { .exe = "", .comm = "a", .pid = 1 };
	struct vigil_protect *e = kunit_kzalloc(test, sizeof(*e), GFP_KERNEL);
	struct policy_test *t = test->priv;

	KUNIT_ASSERT_NOT_NULL(test, e);
	e->has_uid = true;
	KUNIT_EXPECT_FALSE(test, t->policy.has_uid);
	KUNIT_EXPECT_EQ(test, 1, add_entry(test, e));
	KUNIT_EXPECT_TRUE(test, t->policy.has_uid);
	KUNIT_EXPECT_EQ(test, 1, match_subject(test, &s));
	s.uid = 1;
	KUNIT_EXPECT_EQ(test, 0, match_subject(test, &s));
	del(test, 1);
	KUNIT_EXPECT_FALSE(test, t->policy.has_uid);
}

/* The first in the order of ids decides, also when others come and go. */
static void test_order(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 1, add(test, "sshd", 0));
	KUNIT_EXPECT_EQ(test, 2, add(test, NULL, 0));
	KUNIT_EXPECT_EQ(test, 3, add(test, "*", 0));
	KUNIT_EXPECT_EQ(test, 1, match(test, 1, "sshd"));
	KUNIT_EXPECT_EQ(test, 2, match(test, 1, "bash"));
	del(test, 2);
	KUNIT_EXPECT_EQ(test, 3, match(test, 1, "bash"));
	del(test, 1);
	KUNIT_EXPECT_EQ(test, 3, match(test, 1, "sshd"));
	/* Ids aren't used again. */
	KUNIT_EXPECT_EQ(test, 4, add(test, NULL, 1));
	del(test, 4);
	KUNIT_EXPECT_EQ(test, 5, add(test, NULL, 1));
}

static u32 next(struct kunit *test, u32 id)
{
	struct policy_test *t = test->priv;
	struct vigil_protect *entry;
	int idx;

	idx = srcu_read_lock(&t->srcu);
	entry = vigil_policy_next(&t->policy, &t->srcu, id);
	id = entry ? entry->id : 0;
	srcu_read_unlock(&t->srcu, idx);
	return id;
}

static void test_next(struct kunit *test)
{
	for (u32 id = 1; id <= 3; id++)
		KUNIT_ASSERT_EQ(test, id, add(test, NULL, 0));
	del(test, 2);
	KUNIT_EXPECT_EQ(test, 1, next(test, 0));
	KUNIT_EXPECT_EQ(test, 3, next(test, 2));
	KUNIT_EXPECT_EQ(test, 0, next(test, 4));
}

static void test_limit(struct kunit *test)
{
	for (u32 id = 1; id <= VIGIL_PROTECT_MAX; id++)
		KUNIT_ASSERT_EQ(test, id, add(test, NULL, 0));
	KUNIT_EXPECT_EQ(test, 0, add(test, NULL, 0));
	del(test, 7);
	KUNIT_EXPECT_EQ(test, VIGIL_PROTECT_MAX + 1, add(test, NULL, 0));
}

/* What holds for a fetch of nobody knows whom is the strictest of all. */
static void test_strictest(struct kunit *test)
{
	struct policy_test *t = test->priv;
	struct vigil_protect *entry = kzalloc(sizeof(*entry), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, entry);
	KUNIT_EXPECT_EQ(test, VIGIL_ACTION_OBSERVE, t->policy.strictest);
	KUNIT_EXPECT_EQ(test, 1, add(test, "a", 0));
	KUNIT_EXPECT_EQ(test, VIGIL_ACTION_OBSERVE, t->policy.strictest);

	entry->all = true;
	entry->action = VIGIL_ACTION_KILL;
	entry->without_profile = VIGIL_ACTION_BLOCK;
	mutex_lock(&t->lock);
	KUNIT_EXPECT_EQ(test, 0, vigil_policy_add(&t->policy, entry, &t->lock));
	mutex_unlock(&t->lock);
	KUNIT_EXPECT_EQ(test, VIGIL_ACTION_KILL, t->policy.strictest);
	KUNIT_EXPECT_EQ(test, VIGIL_ACTION_BLOCK, t->policy.without_profile);

	KUNIT_EXPECT_EQ(test, 3, add(test, "b", 0));
	KUNIT_EXPECT_EQ(test, VIGIL_ACTION_KILL, t->policy.strictest);
	del(test, 2);
	KUNIT_EXPECT_EQ(test, VIGIL_ACTION_OBSERVE, t->policy.strictest);
	KUNIT_EXPECT_EQ(test, VIGIL_ACTION_OBSERVE, t->policy.without_profile);
}

static struct kunit_case policy_cases[] = {
	KUNIT_CASE(test_patterns),
	KUNIT_CASE(test_pid),
	KUNIT_CASE(test_pid_reused),
	KUNIT_CASE(test_and),
	KUNIT_CASE(test_uid),
	KUNIT_CASE(test_order),
	KUNIT_CASE(test_next),
	KUNIT_CASE(test_limit),
	KUNIT_CASE(test_strictest),
	{}
};

static struct kunit_suite policy_suite = {
	.name = "vigil_policy",
	.init = policy_init,
	.exit = policy_exit,
	.test_cases = policy_cases,
};

kunit_test_suite(policy_suite);
