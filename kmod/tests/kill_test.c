// SPDX-License-Identifier: GPL-2.0
/*
 * Who runs no more: the process that was condemned and who shares its memory, and
 * nobody who comes after it.
 */
#include <linux/slab.h>
#include <linux/srcu.h>

#include "core/vm.h"
#include "protect/exec/kill.h"
#include "tests/fake.h"

#define F(name)	VIGIL_PROFILE_FIELD_##name

struct kill_test {
	struct vigil_fake *f;
	struct srcu_struct srcu;
	struct vigil_exec_kill kill;
	/* Attached to nothing; it has alerts. */
	struct vigil_vm *vm;
	u64 mm;
	/* Address of a process with that mm. */
	u64 attacked;
};

static int kill_init(struct kunit *test)
{
	struct kill_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	int err;

	if (!t)
		return -ENOMEM;
	t->vm = kunit_kzalloc(test, sizeof(*t->vm), GFP_KERNEL);
	if (!t->vm)
		return -ENOMEM;
	err = init_srcu_struct(&t->srcu);
	if (err)
		return err;
	err = vigil_alerts_init(&t->vm->alerts);
	if (err) {
		cleanup_srcu_struct(&t->srcu);
		return err;
	}
	test->priv = t;
	t->f = vigil_fake_linux(test);
	vigil_exec_kill_init(&t->kill, t->vm, NULL, &t->srcu);
	t->mm = vigil_fake_mm(t->f);
	t->attacked = vigil_fake_task(t->f, 100, "victim", t->mm);
	vigil_fake_set64(t->f, t->attacked, F(TASK_START_TIME), 1000);
	return 0;
}

static void kill_exit(struct kunit *test)
{
	struct kill_test *t = test->priv;

	if (!t)
		return;
	vigil_exec_kill_stop(&t->kill);
	vigil_alerts_destroy(&t->vm->alerts);
	cleanup_srcu_struct(&t->srcu);
}

static struct vigil_task task_at(struct kunit *test, u64 addr)
{
	struct kill_test *t = test->priv;
	struct vigil_task task;

	KUNIT_EXPECT_EQ(test, 0,
			vigil_linux_read_task(&t->f->lx, addr, &task));
	return task;
}

static int condemn_as(struct kunit *test, const struct vigil_task *task, u64 seq)
{
	struct vigil_kill_alert *outcome = vigil_exec_kill_alert(7);
	struct kill_test *t = test->priv;
	int err;

	KUNIT_ASSERT_NOT_NULL(test, outcome);
	outcome->process = (struct vigil_alert_process){
		.task = task->task,
		.pid = task->pid,
	};
	err = vigil_exec_condemn(&t->kill, task, outcome, seq);
	if (err)
		vigil_alert_put(&outcome->header);
	return err;
}

/* Its alert was only counted. */
static int condemn(struct kunit *test, const struct vigil_task *task)
{
	return condemn_as(test, task, 0);
}

static bool is_condemned(struct kunit *test, u64 addr)
{
	struct vigil_task task = task_at(test, addr);
	struct kill_test *t = test->priv;
	bool condemned;
	int idx;

	idx = srcu_read_lock(&t->srcu);
	condemned = vigil_exec_is_condemned(&t->kill, &t->f->lx, &task);
	srcu_read_unlock(&t->srcu, idx);
	return condemned;
}

static u64 process(struct kunit *test, u32 pid, u64 mm, u64 start_time)
{
	struct kill_test *t = test->priv;
	u64 addr = vigil_fake_task(t->f, pid, "other", mm);

	vigil_fake_set64(t->f, addr, F(TASK_START_TIME), start_time);
	return addr;
}

static void test_process(struct kunit *test)
{
	struct kill_test *t = test->priv;
	struct vigil_task task = task_at(test, t->attacked);
	u64 other = process(test, 101, vigil_fake_mm(t->f), 1001);

	KUNIT_EXPECT_FALSE(test, is_condemned(test, t->attacked));
	KUNIT_EXPECT_EQ(test, 0, condemn(test, &task));
	KUNIT_EXPECT_TRUE(test, is_condemned(test, t->attacked));
	KUNIT_EXPECT_FALSE(test, is_condemned(test, other));
	/* Another thread of it. */
	KUNIT_EXPECT_EQ(test, -EEXIST, condemn(test, &task));
	/* It leaves its memory by exec(). */
	vigil_fake_set64(t->f, t->attacked, F(TASK_MM), vigil_fake_mm(t->f));
	KUNIT_EXPECT_TRUE(test, is_condemned(test, t->attacked));
	/* Its number goes to another one. */
	vigil_fake_set64(t->f, t->attacked, F(TASK_START_TIME), 5000);
	KUNIT_EXPECT_FALSE(test, is_condemned(test, t->attacked));
}

static void test_sharer(struct kunit *test)
{
	struct kill_test *t = test->priv;
	struct vigil_task task = task_at(test, t->attacked);
	u64 sharer = process(test, 101, t->mm, 1001);

	KUNIT_EXPECT_EQ(test, 0, condemn(test, &task));
	KUNIT_EXPECT_TRUE(test, is_condemned(test, sharer));
}

/* A server's next worker gets the mm_struct of the one that has ended. */
static void test_mm_reused(struct kunit *test)
{
	struct kill_test *t = test->priv;
	struct vigil_task task = task_at(test, t->attacked);
	u64 next;

	KUNIT_EXPECT_EQ(test, 0, condemn(test, &task));
	/* A zombie; its threads are gone too. */
	vigil_fake_set64(t->f, t->attacked, F(TASK_MM), 0);
	vigil_fake_set32(t->f, t->attacked, F(TASK_EXIT_STATE), 16);
	next = process(test, 101, t->mm, 1001);
	KUNIT_EXPECT_FALSE(test, is_condemned(test, next));

	/* Its task_struct goes to the next one as well. */
	vigil_fake_set64(t->f, t->attacked, F(TASK_MM), t->mm);
	vigil_fake_set64(t->f, t->attacked, F(TASK_START_TIME), 1002);
	KUNIT_EXPECT_FALSE(test, is_condemned(test, t->attacked));
	KUNIT_EXPECT_FALSE(test, is_condemned(test, next));
}

/* The memory of its task_struct is anything by now. */
static void test_leader_unreadable(struct kunit *test)
{
	struct kill_test *t = test->priv;
	struct vigil_task task = task_at(test, t->attacked);
	u64 next = process(test, 101, t->mm, 1001);

	task.leader = 0x1000;
	KUNIT_EXPECT_EQ(test, 0, condemn(test, &task));
	KUNIT_EXPECT_FALSE(test, is_condemned(test, next));
	KUNIT_EXPECT_TRUE(test, is_condemned(test, t->attacked));
}

/* Who isn't condemned costs no read of the guest. */
static void test_cost(struct kunit *test)
{
	struct kill_test *t = test->priv;
	struct vigil_task task = task_at(test, t->attacked);
	struct vigil_task other = task;
	unsigned int reads;
	int idx;

	KUNIT_EXPECT_EQ(test, 0, condemn(test, &task));
	other.pid = 101;
	other.mm = vigil_fake_mm(t->f);
	reads = t->f->reads;
	idx = srcu_read_lock(&t->srcu);
	KUNIT_EXPECT_FALSE(test, vigil_exec_is_condemned(&t->kill, &t->f->lx,
							 &other));
	srcu_read_unlock(&t->srcu, idx);
	KUNIT_EXPECT_EQ(test, reads, t->f->reads);
}

static void test_limit(struct kunit *test)
{
	struct kill_test *t = test->priv;
	struct vigil_task task = task_at(test, t->attacked);

	for (u32 i = 0; i < VIGIL_EXEC_CONDEMNED_MAX; i++) {
		task.pid = 1000 + i;
		KUNIT_EXPECT_EQ(test, 0, condemn(test, &task));
	}
	task.pid = 999;
	KUNIT_EXPECT_EQ(test, -ENOSPC, condemn(test, &task));
	/* Those who are condemned stay so. */
	task.pid = 1000;
	KUNIT_EXPECT_EQ(test, -EEXIST, condemn(test, &task));
}

/* Expects that the next alert is about process @pid, after alert @of_seq. */
static void expect_outcome(struct kunit *test, u64 seq, u32 pid, u64 of_seq)
{
	struct kill_test *t = test->priv;
	struct vigil_kill_alert *outcome;
	struct vigil_alert *alert;
	u64 lost;

	alert = vigil_alerts_get(&t->vm->alerts, seq, &lost);
	KUNIT_ASSERT_NOT_NULL(test, alert);
	KUNIT_ASSERT_EQ(test, VIGIL_ALERT_KIND_KILL_OUTCOME, alert->kind);
	KUNIT_EXPECT_EQ(test, seq, alert->seq);
	KUNIT_EXPECT_EQ(test, VIGIL_OUTCOME_UNKNOWN, alert->outcome);
	KUNIT_EXPECT_EQ(test, VIGIL_ACTION_KILL, alert->asked);
	KUNIT_EXPECT_TRUE(test, alert->has_verdict);
	KUNIT_EXPECT_EQ(test, 7, alert->entry);
	KUNIT_EXPECT_EQ(test, of_seq, alert->of_seq);
	outcome = container_of(alert, struct vigil_kill_alert, header);
	KUNIT_EXPECT_EQ(test, pid, outcome->process.pid);
	vigil_alert_put(alert);
}

/* Who was reported has an outcome, and who was only counted has none. */
static void test_outcome(struct kunit *test)
{
	struct kill_test *t = test->priv;
	struct vigil_task task = task_at(test, t->attacked);

	for (u32 pid = 200; pid < 240; pid++) {
		task.pid = pid;
		KUNIT_EXPECT_EQ(test, 0,
				condemn_as(test, &task,
					   pid % 10 ? 0 : 1000 + pid));
	}
	/* This one's alert came with another thread's fetch. */
	task.pid = 235;
	KUNIT_EXPECT_EQ(test, -EEXIST, condemn_as(test, &task, 77));
	/* The first alert about it stays the one. */
	task.pid = 230;
	KUNIT_EXPECT_EQ(test, -EEXIST, condemn_as(test, &task, 78));
	KUNIT_EXPECT_EQ(test, 0, vigil_alerts_last(&t->vm->alerts));

	vigil_exec_kill_stop(&t->kill);
	KUNIT_EXPECT_EQ(test, 0, t->kill.nr);
	KUNIT_EXPECT_EQ(test, 5, vigil_alerts_last(&t->vm->alerts));
	for (u32 i = 0; i < 4; i++)
		expect_outcome(test, 1 + i, 200 + 10 * i, 1200 + 10 * i);
	expect_outcome(test, 5, 235, 77);
}

static struct kunit_case kill_cases[] = {
	KUNIT_CASE(test_process),
	KUNIT_CASE(test_sharer),
	KUNIT_CASE(test_mm_reused),
	KUNIT_CASE(test_leader_unreadable),
	KUNIT_CASE(test_cost),
	KUNIT_CASE(test_limit),
	KUNIT_CASE(test_outcome),
	{}
};

static struct kunit_suite kill_suite = {
	.name = "vigil_exec_kill",
	.init = kill_init,
	.exit = kill_exit,
	.test_cases = kill_cases,
};

kunit_test_suite(kill_suite);
