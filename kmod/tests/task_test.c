// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks: one, the current one, and the list of them, also when the list is
 * broken.
 */

#include <linux/sizes.h>

#include "guest/linux_read.h"
#include "tests/fake.h"

#define F(name)	VIGIL_PROFILE_FIELD_##name

struct task_test {
	struct vigil_fake *f;
	u64 init;
	u64 mm;
	/* pid 1 without an mm of its own, pid 42 with one, pid 43. */
	u64 one;
	u64 shell;
	u64 other;
};

static int task_init(struct kunit *test)
{
	struct task_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	struct vigil_fake *f;

	if (!t)
		return -ENOMEM;
	f = vigil_fake_linux(test);
	t->f = f;
	t->init = f->profile.field[F(SYM_INIT_TASK)];
	t->mm = vigil_fake_mm(f);
	t->one = vigil_fake_task(f, 1, "init", vigil_fake_mm(f));
	t->shell = vigil_fake_task(f, 42, "shell", t->mm);
	t->other = vigil_fake_task(f, 43, "kworker/0:1", 0);
	vigil_fake_set64(f, t->shell, F(TASK_REAL_PARENT), t->one);
	vigil_fake_link(f, (u64[]){ t->init, t->one, t->shell, t->other }, 4);
	test->priv = t;
	return 0;
}

static u64 root_of(struct task_test *t, u64 mm)
{
	u64 pgd;

	vigil_linux_u64(&t->f->lx, mm, F(MM_PGD), &pgd);
	return pgd - FAKE_DIRECT;
}

static void test_read(struct kunit *test)
{
	struct task_test *t = test->priv;
	struct vigil_task task;
	u64 cred;

	vigil_fake_set32(t->f, t->shell, F(TASK_SELF_EXEC_ID), 7);
	vigil_fake_set32(t->f, t->shell, F(TASK_FLAGS), VIGIL_PF_FORKNOEXEC);
	KUNIT_ASSERT_EQ(test, 0,
			vigil_linux_read_task(&t->f->lx, t->shell, &task));
	KUNIT_EXPECT_EQ(test, t->shell, task.task);
	KUNIT_EXPECT_EQ(test, t->shell, task.leader);
	KUNIT_EXPECT_EQ(test, t->mm, task.mm);
	KUNIT_EXPECT_EQ(test, root_of(t, t->mm), task.root);
	KUNIT_EXPECT_EQ(test, 42, task.tid);
	KUNIT_EXPECT_EQ(test, 42, task.pid);
	KUNIT_EXPECT_EQ(test, 1, task.ppid);
	KUNIT_EXPECT_EQ(test, 142, task.uid);
	KUNIT_EXPECT_EQ(test, 242, task.gid);
	KUNIT_EXPECT_EQ(test, 1042, task.start_time);
	KUNIT_EXPECT_STREQ(test, "shell", task.comm);
	KUNIT_EXPECT_EQ(test, t->one, task.parent);
	KUNIT_EXPECT_EQ(test, 7, task.self_exec_id);
	KUNIT_EXPECT_EQ(test, VIGIL_PF_FORKNOEXEC, task.leader_flags);
	KUNIT_EXPECT_EQ(test, VIGIL_PF_FORKNOEXEC, task.flags);
	vigil_linux_u64(&t->f->lx, t->shell, F(TASK_CRED), &cred);
	KUNIT_EXPECT_EQ(test, cred, task.cred);

	KUNIT_ASSERT_EQ(test, 0,
			vigil_linux_read_task(&t->f->lx, t->other, &task));
	KUNIT_EXPECT_EQ(test, 0, task.mm);
	KUNIT_EXPECT_EQ(test, 0, task.root);
}

/* A name that isn't terminated, and wants to ring the bell: as it is. */
static void test_comm(struct kunit *test)
{
	static const char comm[VIGIL_COMM_SIZE] = "\033[2J\x07 n\xc3\xa4me\x7f\nxxx";
	struct task_test *t = test->priv;
	struct vigil_task task;

	vigil_fake_put(t->f, t->shell + t->f->profile.field[F(TASK_COMM)], comm,
		       sizeof(comm));
	KUNIT_ASSERT_EQ(test, 0,
			vigil_linux_read_task(&t->f->lx, t->shell, &task));
	KUNIT_EXPECT_STREQ(test, "\033[2J\x07 n\xc3\xa4me\x7f\nxx", task.comm);
}

/* A thread tells what its process is, and who itself is. */
static void test_thread(struct kunit *test)
{
	struct task_test *t = test->priv;
	u64 thread = vigil_fake_task(t->f, 77, "worker", t->mm);
	struct vigil_task task;
	u64 cred;

	vigil_fake_set32(t->f, thread, F(TASK_TGID), 42);
	vigil_fake_set64(t->f, thread, F(TASK_GROUP_LEADER), t->shell);
	vigil_fake_set32(t->f, thread, F(TASK_SELF_EXEC_ID), 3);
	vigil_fake_set32(t->f, thread, F(TASK_FLAGS), VIGIL_PF_EXITING);
	vigil_fake_set32(t->f, t->shell, F(TASK_SELF_EXEC_ID), 7);
	vigil_linux_u64(&t->f->lx, thread, F(TASK_CRED), &cred);
	KUNIT_ASSERT_EQ(test, 0,
			vigil_linux_read_task(&t->f->lx, thread, &task));
	KUNIT_EXPECT_EQ(test, t->one, task.parent);
	KUNIT_EXPECT_EQ(test, 7, task.self_exec_id);
	KUNIT_EXPECT_EQ(test, 0, task.leader_flags);
	KUNIT_EXPECT_EQ(test, VIGIL_PF_EXITING, task.flags);
	KUNIT_EXPECT_EQ(test, cred, task.cred);
	KUNIT_EXPECT_EQ(test, 177, task.uid);
	KUNIT_EXPECT_EQ(test, thread, task.task);
	KUNIT_EXPECT_EQ(test, t->shell, task.leader);
	KUNIT_EXPECT_EQ(test, 77, task.tid);
	KUNIT_EXPECT_EQ(test, 42, task.pid);
	KUNIT_EXPECT_EQ(test, 1, task.ppid);
	KUNIT_EXPECT_EQ(test, 1042, task.start_time);
	KUNIT_EXPECT_STREQ(test, "shell", task.comm);
}

static void join_threads(struct task_test *t, const u64 *threads,
			 unsigned int nr)
{
	struct vigil_fake *f = t->f;
	u64 signal, node, next, head;

	vigil_linux_u64(&f->lx, threads[0], F(TASK_SIGNAL), &signal);
	head = signal + f->profile.field[F(SIGNAL_THREAD_HEAD)];
	node = head;
	for (unsigned int i = 0; i < nr; i++) {
		next = threads[i] + f->profile.field[F(TASK_THREAD_NODE)];
		vigil_fake_put64(f, node, next);
		node = next;
	}
	vigil_fake_put64(f, node, head);
}

/* The leader is a zombie, another thread lives on. */
static void test_dead_leader(struct kunit *test)
{
	struct task_test *t = test->priv;
	u64 thread = vigil_fake_task(t->f, 77, "worker", t->mm);
	struct vigil_task task;

	vigil_fake_set64(t->f, t->shell, F(TASK_MM), 0);
	vigil_fake_set32(t->f, t->shell, F(TASK_FLAGS), VIGIL_PF_EXITING);
	vigil_fake_set32(t->f, t->shell, F(TASK_EXIT_STATE), 32);
	KUNIT_ASSERT_EQ(test, 0,
			vigil_linux_read_task(&t->f->lx, t->shell, &task));
	KUNIT_EXPECT_EQ(test, 0, task.mm);
	KUNIT_EXPECT_EQ(test, 32, task.exit_state);

	join_threads(t, (u64[]){ t->shell, thread }, 2);
	KUNIT_ASSERT_EQ(test, 0,
			vigil_linux_read_task(&t->f->lx, t->shell, &task));
	KUNIT_EXPECT_EQ(test, t->mm, task.mm);
	KUNIT_EXPECT_EQ(test, root_of(t, t->mm), task.root);
}

/* Its list of threads never comes back to the head. */
static void test_thread_cycle(struct kunit *test)
{
	struct task_test *t = test->priv;
	u64 node = t->shell + t->f->profile.field[F(TASK_THREAD_NODE)];
	struct vigil_task task;

	vigil_fake_set64(t->f, t->shell, F(TASK_MM), 0);
	vigil_fake_put64(t->f, node, node);
	t->f->reads = 0;
	KUNIT_ASSERT_EQ(test, 0,
			vigil_linux_read_task(&t->f->lx, t->shell, &task));
	KUNIT_EXPECT_EQ(test, 0, task.mm);
	KUNIT_EXPECT_LE(test, t->f->reads, 200);
}

static void test_list(struct kunit *test)
{
	static const u32 pids[] = { 1, 42, 43 };
	struct task_test *t = test->priv;
	struct vigil_task task;
	u64 cursor = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(pids); i++) {
		KUNIT_ASSERT_EQ(test, 0,
				vigil_linux_next_task(&t->f->lx, &cursor,
						      &task));
		KUNIT_EXPECT_EQ(test, pids[i], task.pid);
		KUNIT_EXPECT_EQ(test, task.task, cursor);
	}
	KUNIT_EXPECT_EQ(test, -ENOENT,
			vigil_linux_next_task(&t->f->lx, &cursor, &task));
	KUNIT_EXPECT_EQ(test, 0, t->f->lx.reread);
}

static int walk_list(struct task_test *t, unsigned int *steps)
{
	struct vigil_task task;
	u64 cursor = 0;
	int err;

	for (*steps = 0; *steps < 10; (*steps)++) {
		err = vigil_linux_next_task(&t->f->lx, &cursor, &task);
		if (err)
			return err;
	}
	return 0;
}

/* The last task leads back to the first, and init_task is never seen again. */
static void test_list_cycle(struct kunit *test)
{
	struct task_test *t = test->priv;
	const u64 link = t->f->profile.field[F(TASK_TASKS)];
	unsigned int steps;

	vigil_fake_put64(t->f, t->other + link, t->one + link);
	KUNIT_EXPECT_EQ(test, -EAGAIN, walk_list(t, &steps));
	KUNIT_EXPECT_EQ(test, 3, steps);
}

static void test_list_to_itself(struct kunit *test)
{
	struct task_test *t = test->priv;
	const u64 link = t->f->profile.field[F(TASK_TASKS)];
	unsigned int steps;

	vigil_fake_put64(t->f, t->shell + link, t->shell + link);
	KUNIT_EXPECT_EQ(test, -EAGAIN, walk_list(t, &steps));
	KUNIT_EXPECT_EQ(test, 2, steps);
}

static void test_list_broken(struct kunit *test)
{
	static const u64 nexts[] = {
		0, 0xdead000000000100, 0x7f0000000000, FAKE_DIRECT + 3,
		FAKE_DIRECT + 2ULL * SZ_1G, (u64)-1,
	};
	struct task_test *t = test->priv;
	const u64 link = t->f->profile.field[F(TASK_TASKS)];
	unsigned int steps;

	for (unsigned int i = 0; i < ARRAY_SIZE(nexts); i++) {
		int err;

		vigil_fake_put64(t->f, t->one + link, nexts[i]);
		err = walk_list(t, &steps);
		KUNIT_EXPECT_TRUE(test, err == -EUCLEAN || err == -EFAULT);
		KUNIT_EXPECT_EQ(test, 1, steps);
	}
}

static void test_prev(struct kunit *test)
{
	struct task_test *t = test->priv;
	const u64 tasks[] = { t->other, t->shell, t->one };
	u64 cursor = 0, again = 0;

	t->f->reads = 0;
	for (unsigned int i = 0; i < ARRAY_SIZE(tasks); i++) {
		KUNIT_ASSERT_EQ(test, 0,
				vigil_linux_prev_process(&t->f->lx, &cursor));
		KUNIT_EXPECT_EQ(test, tasks[i], cursor);
	}
	KUNIT_EXPECT_EQ(test, -ENOENT,
			vigil_linux_prev_process(&t->f->lx, &cursor));
	KUNIT_EXPECT_EQ(test, t->one, cursor);
	KUNIT_EXPECT_EQ(test, 0, t->f->lx.reread);
	/* Two of each, and walks for the kernel's data and its direct map. */
	KUNIT_EXPECT_LE(test, t->f->reads, 2 * 4 + 2 * 3);

	/* A new one is the first that is found. */
	vigil_fake_link(t->f, (u64[]){
		t->init, t->one, t->shell, t->other,
		vigil_fake_task(t->f, 44, "new", 0),
	}, 5);
	KUNIT_ASSERT_EQ(test, 0, vigil_linux_prev_process(&t->f->lx, &again));
	KUNIT_ASSERT_EQ(test, 0, vigil_linux_prev_process(&t->f->lx, &again));
	KUNIT_EXPECT_EQ(test, t->other, again);
}

static void test_prev_none(struct kunit *test)
{
	struct task_test *t = test->priv;
	u64 cursor = 0;

	vigil_fake_link(t->f, &t->init, 1);
	KUNIT_EXPECT_EQ(test, -ENOENT,
			vigil_linux_prev_process(&t->f->lx, &cursor));
	KUNIT_EXPECT_EQ(test, 0, cursor);
}

/* What left the list, or is in none, leads nowhere. */
static void test_prev_broken(struct kunit *test)
{
	static const u64 prevs[] = {
		0, 0xdead000000000122, 0x7f0000000000, FAKE_DIRECT + 3,
		FAKE_DIRECT + 2ULL * SZ_1G, (u64)-1,
	};
	struct task_test *t = test->priv;
	const u64 link = t->f->profile.field[F(TASK_TASKS)];
	u64 cursor;
	int err;

	for (unsigned int i = 0; i < ARRAY_SIZE(prevs); i++) {
		vigil_fake_put64(t->f, t->shell + link + 8, prevs[i]);
		cursor = t->shell;
		err = vigil_linux_prev_process(&t->f->lx, &cursor);
		KUNIT_EXPECT_TRUE(test, err == -EUCLEAN || err == -EFAULT);
		KUNIT_EXPECT_EQ(test, t->shell, cursor);
	}
	cursor = t->one + 4;
	KUNIT_EXPECT_EQ(test, -EUCLEAN,
			vigil_linux_prev_process(&t->f->lx, &cursor));
	cursor = 0x7f0000000000;
	KUNIT_EXPECT_EQ(test, -EUCLEAN,
			vigil_linux_prev_process(&t->f->lx, &cursor));
}

/* It goes back to where it came from, and the one there doesn't know it. */
static void test_prev_disagrees(struct kunit *test)
{
	struct task_test *t = test->priv;
	const u64 link = t->f->profile.field[F(TASK_TASKS)];
	u64 cursor = t->shell;

	vigil_fake_put64(t->f, t->shell + link + 8, t->other + link);
	KUNIT_EXPECT_EQ(test, -EAGAIN,
			vigil_linux_prev_process(&t->f->lx, &cursor));
	KUNIT_EXPECT_EQ(test, t->shell, cursor);
	/* One exits just then: its neighbours are joined one after the other. */
	cursor = t->other;
	vigil_fake_put64(t->f, t->other + link + 8, t->one + link);
	KUNIT_EXPECT_EQ(test, -EAGAIN,
			vigil_linux_prev_process(&t->f->lx, &cursor));
	vigil_fake_put64(t->f, t->one + link, t->other + link);
	KUNIT_EXPECT_EQ(test, 0,
			vigil_linux_prev_process(&t->f->lx, &cursor));
	KUNIT_EXPECT_EQ(test, t->one, cursor);
}

struct bad_task {
	const char *name;
	u32 field;
	u64 value;
	bool half;
};

static const struct bad_task bad_tasks[] = {
	{ "no pid", F(TASK_PID), VIGIL_MAX_TASKS, true },
	{ "a negative pid", F(TASK_TGID), (u32)-1, true },
	{ "leader in user space", F(TASK_GROUP_LEADER), 0x400000 },
	{ "no leader", F(TASK_GROUP_LEADER), 0 },
	{ "leader of another process", F(TASK_GROUP_LEADER),
	  FAKE_DATA + 0x2000 },
	{ "no parent", F(TASK_REAL_PARENT), 0 },
	{ "no credentials", F(TASK_CRED), 0 },
	{ "mm misaligned", F(TASK_MM), FAKE_DIRECT + 0x1001 },
	{ "mm not mapped", F(TASK_MM), FAKE_DIRECT + 2ULL * SZ_1G },
};

KUNIT_ARRAY_PARAM_DESC(bad, bad_tasks, name);

static void test_implausible(struct kunit *test)
{
	const struct bad_task *c = test->param_value;
	struct task_test *t = test->priv;
	struct vigil_task task;
	int err;

	if (c->half)
		vigil_fake_set32(t->f, t->shell, c->field, c->value);
	else
		vigil_fake_set64(t->f, t->shell, c->field, c->value);
	err = vigil_linux_read_task(&t->f->lx, t->shell, &task);
	KUNIT_EXPECT_NE(test, 0, err);
	KUNIT_EXPECT_NE(test, -ENOENT, err);
}

static void test_bad_address(struct kunit *test)
{
	struct task_test *t = test->priv;
	struct vigil_task task;

	KUNIT_EXPECT_EQ(test, -EUCLEAN,
			vigil_linux_read_task(&t->f->lx, 0, &task));
	KUNIT_EXPECT_EQ(test, -EUCLEAN,
			vigil_linux_read_task(&t->f->lx, t->shell + 1, &task));
	KUNIT_EXPECT_EQ(test, -EUCLEAN,
			vigil_linux_read_task(&t->f->lx, U64_MAX - 7, &task));
}

static void run(struct task_test *t, u64 task)
{
	vigil_fake_set64(t->f, t->f->cpu.kernel_gs_base, F(PERCPU_CURRENT),
			 task);
}

struct current_case {
	const char *name;
	u64 cr3_bits;
	bool own_root;
	int err;
};

static const struct current_case current_cases[] = {
	{ "its own table", 0, true, 0 },
	{ "PCID", 0x7ff, true, 0 },
	{ "PTI, user half", SZ_4K, true, 0 },
	{ "PTI and PCID", SZ_4K | 0x807, true, 0 },
	{ "no flush", BIT_ULL(63), true, 0 },
	{ "LAM", BIT_ULL(62), true, 0 },
	{ "another table", 0, false, -EUCLEAN },
	{ "beside its table", SZ_8K, true, -EUCLEAN },
};

KUNIT_ARRAY_PARAM_DESC(current, current_cases, name);

static void test_current(struct kunit *test)
{
	const struct current_case *c = test->param_value;
	struct task_test *t = test->priv;
	struct vigil_task task;

	/* A pair of tables, then what could be another process's. */
	t->f->next_table = ALIGN(t->f->next_table, 4 * SZ_4K);
	t->mm = vigil_fake_mm(t->f);
	vigil_fake_set64(t->f, t->shell, F(TASK_MM), t->mm);
	run(t, t->shell);
	t->f->cpu.cr3 = c->own_root ? root_of(t, t->mm) | c->cr3_bits :
				      t->f->profile.field[F(KERNEL_ROOT)];
	KUNIT_EXPECT_EQ(test, c->err,
			vigil_linux_current(&t->f->lx, &t->f->cpu, &task));
	if (!c->err)
		KUNIT_EXPECT_EQ(test, 42, task.pid);
}

/* Without PTI bit 12 is a bit of the address: an odd root has no other half. */
static void test_odd_root(struct kunit *test)
{
	struct vigil_cpu cpu = { .cr3 = 0x3000 };

	KUNIT_EXPECT_TRUE(test, vigil_linux_loads(&cpu, 0x3000));
	KUNIT_EXPECT_TRUE(test, vigil_linux_loads(&cpu, 0x2000));
	cpu.cr3 = 0x2000;
	KUNIT_EXPECT_TRUE(test, vigil_linux_loads(&cpu, 0x2000));
	KUNIT_EXPECT_FALSE(test, vigil_linux_loads(&cpu, 0x3000));
}

/* A kernel thread runs in user mode never, a process's kernel half does. */
static void test_current_kernel(struct kunit *test)
{
	struct task_test *t = test->priv;
	struct vigil_task task;

	run(t, t->other);
	KUNIT_EXPECT_EQ(test, -EUCLEAN,
			vigil_linux_current(&t->f->lx, &t->f->cpu, &task));
	t->f->cpu.cpl = 0;
	t->f->cpu.gs_base = t->f->cpu.kernel_gs_base;
	t->f->cpu.kernel_gs_base = 0x7f0012345678;
	KUNIT_ASSERT_EQ(test, 0,
			vigil_linux_current(&t->f->lx, &t->f->cpu, &task));
	KUNIT_EXPECT_EQ(test, 43, task.pid);
}

/* User mode may load any GS base: it must not choose who it is. */
static void test_forged_gs(struct kunit *test)
{
	struct task_test *t = test->priv;
	u64 forged = vigil_fake_alloc(t->f, 256);
	struct vigil_task task;

	run(t, t->shell);
	vigil_fake_set64(t->f, forged, F(PERCPU_CURRENT), t->one);
	t->f->cpu.gs_base = forged;
	t->f->cpu.cr3 = root_of(t, t->mm);
	KUNIT_ASSERT_EQ(test, 0,
			vigil_linux_current(&t->f->lx, &t->f->cpu, &task));
	KUNIT_EXPECT_EQ(test, 42, task.pid);
}

static void test_no_current(struct kunit *test)
{
	static const u64 currents[] = { 0, 0x7f0000000000, FAKE_DIRECT + 1 };
	struct task_test *t = test->priv;
	struct vigil_thread thread;
	struct vigil_task task;

	for (unsigned int i = 0; i < ARRAY_SIZE(currents); i++) {
		run(t, currents[i]);
		KUNIT_EXPECT_EQ(test, -EUCLEAN,
				vigil_linux_current(&t->f->lx, &t->f->cpu,
						    &task));
		KUNIT_EXPECT_EQ(test, -EUCLEAN,
				vigil_linux_current_thread(&t->f->lx,
							   &t->f->cpu,
							   &thread));
	}
	t->f->cpu.kernel_gs_base = 0;
	KUNIT_EXPECT_EQ(test, -EUCLEAN,
			vigil_linux_current(&t->f->lx, &t->f->cpu, &task));
}

static void test_current_thread(struct kunit *test)
{
	struct task_test *t = test->priv;
	u64 thread = vigil_fake_task(t->f, 77, "worker", t->mm);
	struct vigil_thread now;
	u64 cred;

	vigil_fake_set32(t->f, thread, F(TASK_TGID), 42);
	/* None of these is read. */
	vigil_fake_set64(t->f, thread, F(TASK_GROUP_LEADER), 0);
	vigil_fake_set64(t->f, thread, F(TASK_REAL_PARENT), 0);
	vigil_fake_set32(t->f, thread, F(TASK_SELF_EXEC_ID), 0x80000001);
	vigil_linux_u64(&t->f->lx, thread, F(TASK_CRED), &cred);
	run(t, thread);
	KUNIT_ASSERT_EQ(test, 0,
			vigil_linux_current_thread(&t->f->lx, &t->f->cpu,
						   &now));
	KUNIT_EXPECT_EQ(test, thread, now.task);
	KUNIT_EXPECT_EQ(test, t->mm, now.mm);
	KUNIT_EXPECT_EQ(test, cred, now.cred);
	KUNIT_EXPECT_EQ(test, 1077, now.start_time);
	KUNIT_EXPECT_EQ(test, 0x80000001, now.self_exec_id);
	KUNIT_EXPECT_EQ(test, 77, now.tid);
	KUNIT_EXPECT_EQ(test, 42, now.pid);

	/* A kernel thread, which has no user mode. */
	run(t, t->other);
	KUNIT_EXPECT_EQ(test, -EUCLEAN,
			vigil_linux_current_thread(&t->f->lx, &t->f->cpu,
						   &now));
	t->f->cpu.cpl = 0;
	KUNIT_ASSERT_EQ(test, 0,
			vigil_linux_current_thread(&t->f->lx, &t->f->cpu,
						   &now));
	KUNIT_EXPECT_EQ(test, 0, now.mm);
	KUNIT_EXPECT_EQ(test, 43, now.tid);
}

static const struct bad_task bad_threads[] = {
	{ "no tid", F(TASK_PID), VIGIL_MAX_TASKS, true },
	{ "a negative pid", F(TASK_TGID), (u32)-1, true },
	{ "no credentials", F(TASK_CRED), 0 },
	{ "credentials misaligned", F(TASK_CRED), FAKE_DIRECT + 4 },
	{ "mm in user space", F(TASK_MM), 0x7f0000000000 },
	{ "mm misaligned", F(TASK_MM), FAKE_DIRECT + 0x1001 },
};

KUNIT_ARRAY_PARAM_DESC(bad_thread, bad_threads, name);

static void test_bad_thread(struct kunit *test)
{
	const struct bad_task *c = test->param_value;
	struct task_test *t = test->priv;
	struct vigil_thread now;

	run(t, t->shell);
	KUNIT_EXPECT_EQ(test, 0,
			vigil_linux_current_thread(&t->f->lx, &t->f->cpu,
						   &now));
	if (c->half)
		vigil_fake_set32(t->f, t->shell, c->field, c->value);
	else
		vigil_fake_set64(t->f, t->shell, c->field, c->value);
	KUNIT_EXPECT_EQ(test, -EUCLEAN,
			vigil_linux_current_thread(&t->f->lx, &t->f->cpu,
						   &now));
}

/* Where Linux 6.12 has the fields of a task_struct, as Debian builds it. */
static const struct { u32 field; u64 offset; } real_offsets[] = {
	{ F(TASK_FLAGS), 44 },
	{ F(TASK_TASKS), 2224 },
	{ F(TASK_MM), 2304 },
	{ F(TASK_EXIT_STATE), 2328 },
	{ F(TASK_PID), 2432 },
	{ F(TASK_TGID), 2436 },
	{ F(TASK_REAL_PARENT), 2448 },
	{ F(TASK_GROUP_LEADER), 2496 },
	{ F(TASK_THREAD_NODE), 2608 },
	{ F(TASK_START_TIME), 2776 },
	{ F(TASK_CRED), 2960 },
	{ F(TASK_COMM), 2976 },
	{ F(TASK_SIGNAL), 3072 },
	{ F(TASK_SELF_EXEC_ID), 3240 },
	{ F(CRED_UID), 8 },
	{ F(CRED_GID), 12 },
};

/* A direct map of pages of 2M instead of 1G. */
static void split_direct_map(struct vigil_fake *f)
{
	const u64 root = f->profile.field[F(KERNEL_ROOT)], none = 0;

	vigil_fake_write(f, vigil_fake_entry(f, root, 4, FAKE_DIRECT, 30),
			 &none, sizeof(none));
	for (u64 gpa = 0; gpa < SZ_1G; gpa += SZ_2M)
		vigil_fake_map(f, root, 4, FAKE_DIRECT + gpa, gpa, 21,
			       FAKE_PTE_W | FAKE_PTE_NX);
}

/* A task whose structures lie in as many pages of 2M. */
static u64 spread_task(struct vigil_fake *f, u32 pid)
{
	u64 mm, task;

	f->next_object = ALIGN(f->next_object, SZ_2M);
	mm = vigil_fake_mm(f);
	f->next_object = ALIGN(f->next_object, SZ_2M);
	task = vigil_fake_task(f, pid, "spread", mm);
	f->next_object = ALIGN(f->next_object, SZ_2M);
	vigil_fake_set64(f, task, F(TASK_CRED), vigil_fake_alloc(f, 64));
	return task;
}

struct reads_case {
	const char *name;
	bool thread;
	bool split;
	unsigned int reads;
	/* ... and when only the thread is asked for. */
	unsigned int thread_reads;
};

/* The walks of page tables cost 2 for a page of 1G, 3 for the first of 2M. */
static const struct reads_case reads_cases[] = {
	{ "a process, pages of 1G", false, false, 8, 4 },
	{ "a process, pages of 2M", false, true, 14, 6 },
	{ "a thread, pages of 1G", true, false, 10, 4 },
	{ "a thread, pages of 2M", true, true, 17, 6 },
};

KUNIT_ARRAY_PARAM_DESC(reads, reads_cases, name);

/* Each read of the guest delays a vCPU that waits for a judgement. */
static void test_reads(struct kunit *test)
{
	const struct reads_case *c = test->param_value;
	struct task_test *t = test->priv;
	struct vigil_fake *f = t->f;
	u64 parent, leader, thread;
	struct vigil_thread now;
	struct vigil_task task;

	for (unsigned int i = 0; i < ARRAY_SIZE(real_offsets); i++)
		f->profile.field[real_offsets[i].field] = real_offsets[i].offset;
	parent = spread_task(f, 90);
	leader = spread_task(f, 91);
	vigil_fake_set64(f, leader, F(TASK_REAL_PARENT), parent);
	thread = leader;
	if (c->thread) {
		thread = spread_task(f, 92);
		vigil_fake_set32(f, thread, F(TASK_TGID), 91);
		vigil_fake_set64(f, thread, F(TASK_GROUP_LEADER), leader);
	}
	if (c->split)
		split_direct_map(f);
	run(t, thread);
	f->cpu.cpl = 0;

	vigil_linux_init(&f->lx, &f->profile, &f->gm, 4);
	f->reads = 0;
	KUNIT_ASSERT_EQ(test, 0, vigil_linux_current(&f->lx, &f->cpu, &task));
	kunit_info(test, "%u reads", f->reads);
	KUNIT_EXPECT_LE(test, f->reads, c->reads);
	KUNIT_EXPECT_EQ(test, 91, task.pid);
	KUNIT_EXPECT_EQ(test, 90, task.ppid);
	KUNIT_EXPECT_EQ(test, 1091, task.start_time);
	KUNIT_EXPECT_STREQ(test, "spread", task.comm);

	vigil_linux_init(&f->lx, &f->profile, &f->gm, 4);
	f->reads = 0;
	KUNIT_ASSERT_EQ(test, 0,
			vigil_linux_current_thread(&f->lx, &f->cpu, &now));
	kunit_info(test, "%u reads of the thread", f->reads);
	KUNIT_EXPECT_LE(test, f->reads, c->thread_reads);
	KUNIT_EXPECT_EQ(test, thread, now.task);
}

static struct kunit_case task_cases[] = {
	KUNIT_CASE(test_read),
	KUNIT_CASE(test_comm),
	KUNIT_CASE(test_thread),
	KUNIT_CASE(test_dead_leader),
	KUNIT_CASE(test_thread_cycle),
	KUNIT_CASE(test_list),
	KUNIT_CASE(test_list_cycle),
	KUNIT_CASE(test_list_to_itself),
	KUNIT_CASE(test_list_broken),
	KUNIT_CASE(test_prev),
	KUNIT_CASE(test_prev_none),
	KUNIT_CASE(test_prev_broken),
	KUNIT_CASE(test_prev_disagrees),
	KUNIT_CASE_PARAM(test_implausible, bad_gen_params),
	KUNIT_CASE(test_bad_address),
	KUNIT_CASE_PARAM(test_current, current_gen_params),
	KUNIT_CASE(test_odd_root),
	KUNIT_CASE(test_current_kernel),
	KUNIT_CASE(test_forged_gs),
	KUNIT_CASE(test_no_current),
	KUNIT_CASE(test_current_thread),
	KUNIT_CASE_PARAM(test_bad_thread, bad_thread_gen_params),
	KUNIT_CASE_PARAM(test_reads, reads_gen_params),
	{}
};

static struct kunit_suite task_suite = {
	.name = "vigil_task",
	.init = task_init,
	.test_cases = task_cases,
};

kunit_test_suite(task_suite);
