// SPDX-License-Identifier: GPL-2.0
/*
 * Who is who: what a process executed counts, and not what it calls itself.
 */
#include <linux/mutex.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/srcu.h>

#include "guest/linux_read.h"
#include "protect/exec/identity.h"
#include "tests/fake.h"

#define F(name)	VIGIL_PROFILE_FIELD_##name

struct identity_test {
	struct vigil_fake *f;
	/* What the VM's lock is to its policy. */
	struct mutex lock;
	struct srcu_struct srcu;
	struct vigil_policy policy;
	struct vigil_identities *ids;
	/* Files that can be executed. */
	u64 nginx;
	u64 other;
	/* A process that executes the first one, as root, and is its own parent. */
	u64 master;
	/* Of the mappings of what is executed next. */
	u64 next_base;
};

static u64 make_file(struct identity_test *t, const char *name)
{
	u64 dentry = vigil_fake_dentry(t->f, t->f->root_dentry, name);

	return vigil_fake_file(t->f, dentry, t->f->root_mount, t->f->super, 1);
}

/* A process that has called exec() @execs times, the last time of @file. */
static u64 make_process(struct identity_test *t, u32 pid, const char *comm,
			u64 file, u32 execs)
{
	u64 mm = vigil_fake_mm(t->f);
	u64 task = vigil_fake_task(t->f, pid, comm, mm);

	vigil_fake_set64(t->f, mm, F(MM_EXE_FILE), file);
	vigil_fake_set64(t->f, mm, F(MM_MMAP_BASE), t->next_base += SZ_4K);
	vigil_fake_set32(t->f, task, F(TASK_SELF_EXEC_ID), execs);
	return task;
}

static u64 mm_of(struct identity_test *t, u64 task)
{
	u64 mm;

	vigil_linux_u64(&t->f->lx, task, F(TASK_MM), &mm);
	return mm;
}

static u64 make_fork(struct identity_test *t, u32 pid, const char *comm,
		     u64 parent, u64 file, u32 execs)
{
	u64 task = make_process(t, pid, comm, file, execs), base;

	vigil_linux_u64(&t->f->lx, mm_of(t, parent), F(MM_MMAP_BASE), &base);
	vigil_fake_set64(t->f, mm_of(t, task), F(MM_MMAP_BASE), base);
	vigil_fake_set64(t->f, task, F(TASK_REAL_PARENT), parent);
	vigil_fake_set32(t->f, task, F(TASK_FLAGS), VIGIL_PF_FORKNOEXEC);
	return task;
}

static void set_comm(struct identity_test *t, u64 task, const char *comm)
{
	vigil_fake_put(t->f, task + t->f->profile.field[F(TASK_COMM)], comm,
		       strlen(comm) + 1);
}

static int identity_init(struct kunit *test)
{
	struct identity_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	int err;

	if (!t)
		return -ENOMEM;
	t->ids = kunit_kzalloc(test, sizeof(*t->ids), GFP_KERNEL);
	if (!t->ids)
		return -ENOMEM;
	err = init_srcu_struct(&t->srcu);
	if (err)
		return err;
	mutex_init(&t->lock);
	vigil_policy_init(&t->policy);
	vigil_identities_init(t->ids, &t->policy, &t->srcu);
	test->priv = t;
	t->f = vigil_fake_linux(test);
	t->next_base = 0x7f0000000000;
	t->nginx = make_file(t, "nginx");
	t->other = make_file(t, "other");
	t->master = make_process(t, 10, "nginx", t->nginx, 3);
	return 0;
}

static void identity_exit(struct kunit *test)
{
	struct identity_test *t = test->priv;

	if (!t)
		return;
	vigil_identities_forget_all(t->ids);
	vigil_policy_destroy(&t->policy);
	cleanup_srcu_struct(&t->srcu);
}

static struct vigil_protect *new_entry(struct kunit *test, const char *exe,
				       const char *comm)
{
	struct vigil_protect *e = kzalloc(sizeof(*e), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, e);
	if (exe)
		strscpy(e->exe, exe);
	if (comm)
		strscpy(e->comm, comm);
	return e;
}

static struct vigil_protect *new_uid_entry(struct kunit *test, u32 uid)
{
	struct vigil_protect *e = new_entry(test, NULL, NULL);

	e->has_uid = true;
	e->uid = uid;
	return e;
}

static u32 add(struct kunit *test, struct vigil_protect *entry)
{
	struct identity_test *t = test->priv;

	mutex_lock(&t->lock);
	KUNIT_ASSERT_EQ(test, 0, vigil_policy_add(&t->policy, entry, &t->lock));
	mutex_unlock(&t->lock);
	return entry->id;
}

/* As the module does it. */
static void remove(struct kunit *test, u32 id)
{
	struct identity_test *t = test->priv;
	struct vigil_protect *entry;

	mutex_lock(&t->lock);
	entry = vigil_policy_del(&t->policy, id, &t->lock);
	mutex_unlock(&t->lock);
	KUNIT_ASSERT_NOT_NULL(test, entry);
	synchronize_srcu(&t->srcu);
	vigil_identities_drop_entry(t->ids, entry);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&entry->processes));
	kfree(entry);
}

static struct vigil_who identify(struct kunit *test, u64 task)
{
	struct identity_test *t = test->priv;
	struct vigil_who who = {};
	struct vigil_task now;
	int idx;

	KUNIT_ASSERT_EQ(test, 0, vigil_linux_read_task(&t->f->lx, task, &now));
	idx = srcu_read_lock(&t->srcu);
	KUNIT_EXPECT_EQ(test, 0, vigil_identify(t->ids, &t->f->lx, &now, &who));
	srcu_read_unlock(&t->srcu, idx);
	return who;
}

static u32 entry_of(struct kunit *test, u64 task)
{
	struct vigil_who who = identify(test, task);

	return who.entry ? who.entry->id : 0;
}

static void exec(struct identity_test *t, u64 task, u64 file, u32 execs,
		 const char *comm)
{
	u64 mm = vigil_fake_mm(t->f);

	vigil_fake_set64(t->f, mm, F(MM_EXE_FILE), file);
	vigil_fake_set64(t->f, mm, F(MM_MMAP_BASE), t->next_base += SZ_4K);
	vigil_fake_set64(t->f, task, F(TASK_MM), mm);
	vigil_fake_set32(t->f, task, F(TASK_SELF_EXEC_ID), execs);
	vigil_fake_set32(t->f, task, F(TASK_FLAGS), 0);
	set_comm(t, task, comm);
}

static void test_renamed(struct kunit *test)
{
	struct identity_test *t = test->priv;
	struct vigil_protect *comm = new_entry(test, NULL, "nginx");
	u64 later;

	KUNIT_EXPECT_EQ(test, 1, add(test, comm));
	KUNIT_EXPECT_EQ(test, 1, entry_of(test, t->master));
	set_comm(t, t->master, "innocent");
	KUNIT_EXPECT_EQ(test, 1, entry_of(test, t->master));
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&comm->processes));
	KUNIT_EXPECT_EQ(test, 1, atomic64_read(&comm->matches));
	KUNIT_EXPECT_NE(test, 0, atomic64_read(&comm->last_match));

	/* Nor does another one gain it by the name. */
	later = make_process(t, 11, "other", t->other, 1);
	KUNIT_EXPECT_EQ(test, 0, entry_of(test, later));
	set_comm(t, later, "nginx");
	KUNIT_EXPECT_EQ(test, 0, entry_of(test, later));

	/* A new entry sees what it was called first. */
	KUNIT_EXPECT_EQ(test, 2, add(test, new_entry(test, NULL, "innocent")));
	KUNIT_EXPECT_EQ(test, 3, add(test, new_entry(test, NULL, "oth*")));
	KUNIT_EXPECT_EQ(test, 1, entry_of(test, t->master));
	KUNIT_EXPECT_EQ(test, 3, entry_of(test, later));
}

static void test_exec(struct kunit *test)
{
	struct identity_test *t = test->priv;
	u64 before, after;

	KUNIT_EXPECT_EQ(test, 1, add(test, new_entry(test, "/nginx", NULL)));
	KUNIT_EXPECT_EQ(test, 1, entry_of(test, t->master));
	before = identify(test, t->master).identity;
	KUNIT_EXPECT_EQ(test, before, identify(test, t->master).identity);

	exec(t, t->master, t->other, 4, "nginx");
	KUNIT_EXPECT_EQ(test, 0, entry_of(test, t->master));
	after = identify(test, t->master).identity;
	KUNIT_EXPECT_NE(test, before, after);
	/* The same file again is another execution. */
	exec(t, t->master, t->other, 5, "nginx");
	KUNIT_EXPECT_NE(test, after, identify(test, t->master).identity);
	exec(t, t->master, t->nginx, 6, "x");
	KUNIT_EXPECT_EQ(test, 1, entry_of(test, t->master));
}

static void test_fork(struct kunit *test)
{
	struct identity_test *t = test->priv;
	struct vigil_protect *comm = new_entry(test, NULL, "nginx");
	u64 worker, vfork, grandchild, orphan, stranger, child;

	KUNIT_EXPECT_EQ(test, 1, add(test, comm));
	/* The child is seen first, under another name: its parent is asked. */
	worker = make_fork(t, 20, "hidden", t->master, t->nginx, 3);
	KUNIT_EXPECT_EQ(test, 1, entry_of(test, worker));
	KUNIT_EXPECT_EQ(test, identify(test, t->master).identity,
			identify(test, worker).identity);
	/* vfork() and clone(CLONE_VM): the same mm. */
	vfork = make_fork(t, 21, "hidden", t->master, t->nginx, 3);
	KUNIT_EXPECT_EQ(test, 1, entry_of(test, vfork));
	/* Of a parent that nobody saw. */
	grandchild = make_fork(t, 23, "hidden",
			       make_fork(t, 22, "hidden", worker, t->nginx, 3),
			       t->nginx, 3);
	KUNIT_EXPECT_EQ(test, 1, entry_of(test, grandchild));
	/* Its parent has gone, and init has it. */
	stranger = make_process(t, 1, "init", t->other, 1);
	orphan = make_fork(t, 24, "hidden", t->master, t->nginx, 3);
	vigil_fake_set64(t->f, orphan, F(TASK_REAL_PARENT), stranger);
	KUNIT_EXPECT_EQ(test, 1, entry_of(test, orphan));
	KUNIT_EXPECT_EQ(test, 0, entry_of(test, stranger));
	KUNIT_EXPECT_EQ(test, 6, atomic_read(&comm->processes));
	KUNIT_EXPECT_EQ(test, 1, atomic64_read(&comm->matches));

	/* Its parent executes something else now. */
	exec(t, t->master, t->other, 4, "other");
	KUNIT_EXPECT_EQ(test, 0, entry_of(test, t->master));
	KUNIT_EXPECT_EQ(test, 1, entry_of(test, worker));
	child = make_fork(t, 25, "hidden", worker, t->nginx, 3);
	KUNIT_EXPECT_EQ(test, 1, entry_of(test, child));
	child = make_fork(t, 26, "x", t->master, t->other, 4);
	KUNIT_EXPECT_EQ(test, 0, entry_of(test, child));

	/* Its executable was exchanged, which prctl(PR_SET_MM) can do. */
	child = make_fork(t, 27, "x", worker, t->other, 3);
	KUNIT_EXPECT_EQ(test, 1, entry_of(test, child));
}

/*
 * An orphan whose executable was exchanged by prctl(PR_SET_MM), and one of a
 * program that was never seen: the base of its mappings is another one.
 */
static void test_orphans(struct kunit *test)
{
	struct identity_test *t = test->priv;
	u64 init = make_process(t, 1, "init", t->other, 1);
	u64 orphan, base;

	KUNIT_EXPECT_EQ(test, 1, add(test, new_entry(test, NULL, "nginx")));
	KUNIT_EXPECT_EQ(test, 1, entry_of(test, t->master));
	orphan = make_fork(t, 30, "x", t->master, t->other, 3);
	vigil_fake_set64(t->f, orphan, F(TASK_REAL_PARENT), init);
	KUNIT_EXPECT_EQ(test, 1, entry_of(test, orphan));

	/* The struct file of the one is the other one's by now. */
	orphan = make_fork(t, 31, "x", init, t->nginx, 3);
	KUNIT_EXPECT_EQ(test, 0, entry_of(test, orphan));

	/* Without randomness the struct file decides. */
	vigil_linux_u64(&t->f->lx, mm_of(t, t->master), F(MM_MMAP_BASE), &base);
	orphan = make_process(t, 32, "y", t->other, 3);
	vigil_fake_set64(t->f, mm_of(t, orphan), F(MM_MMAP_BASE), base);
	KUNIT_EXPECT_EQ(test, 0, entry_of(test, orphan));
	orphan = make_fork(t, 33, "x", t->master, t->other, 3);
	vigil_fake_set64(t->f, orphan, F(TASK_REAL_PARENT), init);
	KUNIT_EXPECT_EQ(test, 0, entry_of(test, orphan));
	orphan = make_fork(t, 34, "x", t->master, t->nginx, 3);
	vigil_fake_set64(t->f, orphan, F(TASK_REAL_PARENT), init);
	KUNIT_EXPECT_EQ(test, 1, entry_of(test, orphan));
}

/* Who has no mm yet, or none that was found, may have one later. */
static void test_without_mm(struct kunit *test)
{
	struct identity_test *t = test->priv;
	const u64 mm = mm_of(t, t->master);

	KUNIT_EXPECT_EQ(test, 1, add(test, new_entry(test, "/nginx", NULL)));
	vigil_fake_set64(t->f, t->master, F(TASK_MM), 0);
	KUNIT_EXPECT_EQ(test, 0, entry_of(test, t->master));
	vigil_fake_set64(t->f, t->master, F(TASK_MM), mm);
	KUNIT_EXPECT_EQ(test, 1, entry_of(test, t->master));
	/* In the end it has none, and keeps what it was. */
	vigil_fake_set64(t->f, t->master, F(TASK_MM), 0);
	KUNIT_EXPECT_EQ(test, 1, entry_of(test, t->master));
	/* A thread of the kernel borrows one. */
	vigil_fake_set64(t->f, t->master, F(TASK_MM), mm);
	vigil_fake_set64(t->f, t->master, F(TASK_START_TIME), 4711);
	vigil_fake_set32(t->f, t->master, F(TASK_FLAGS), VIGIL_PF_KTHREAD);
	KUNIT_EXPECT_EQ(test, 0, entry_of(test, t->master));
}

/* In the middle of exec() the program isn't there yet. */
static void test_in_exec(struct kunit *test)
{
	struct identity_test *t = test->priv;
	struct vigil_who who = {};
	struct vigil_task task;
	int idx;

	KUNIT_EXPECT_EQ(test, 1, add(test, new_entry(test, NULL, "nginx")));
	vigil_fake_set64(t->f, mm_of(t, t->master), F(MM_MMAP_BASE), 0);
	KUNIT_ASSERT_EQ(test, 0,
			vigil_linux_read_task(&t->f->lx, t->master, &task));
	idx = srcu_read_lock(&t->srcu);
	KUNIT_EXPECT_EQ(test, -EAGAIN,
			vigil_identify(t->ids, &t->f->lx, &task, &who));
	/* What was read before is of another program by now. */
	exec(t, t->master, t->other, 4, "other");
	KUNIT_EXPECT_EQ(test, -EAGAIN,
			vigil_identify(t->ids, &t->f->lx, &task, &who));
	srcu_read_unlock(&t->srcu, idx);
	KUNIT_EXPECT_EQ(test, 0, t->ids->nr);
	KUNIT_EXPECT_EQ(test, 0, entry_of(test, t->master));
}

static void test_descendants(struct kunit *test)
{
	struct identity_test *t = test->priv;
	struct vigil_protect *e = new_entry(test, "/nginx", NULL);
	u64 shell, child;

	/* Executed by a child that nobody saw before. */
	shell = make_process(t, 20, "sh", t->other, 4);
	vigil_fake_set64(t->f, shell, F(TASK_REAL_PARENT), t->master);
	KUNIT_EXPECT_EQ(test, 1, add(test, e));
	KUNIT_EXPECT_EQ(test, 0, entry_of(test, shell));
	remove(test, 1);

	e = new_entry(test, "/nginx", NULL);
	e->descendants = true;
	KUNIT_EXPECT_EQ(test, 2, add(test, e));
	KUNIT_EXPECT_EQ(test, 2, entry_of(test, t->master));
	child = make_process(t, 21, "sh", t->other, 4);
	vigil_fake_set64(t->f, child, F(TASK_REAL_PARENT), t->master);
	KUNIT_EXPECT_EQ(test, 2, entry_of(test, child));
	exec(t, child, make_file(t, "copy"), 5, "copy");
	KUNIT_EXPECT_EQ(test, 2, entry_of(test, child));
	/* What comes later can't take it away. */
	KUNIT_EXPECT_EQ(test, 3, add(test, new_entry(test, "/copy", NULL)));
	KUNIT_EXPECT_EQ(test, 2, entry_of(test, child));
	remove(test, 2);
	KUNIT_EXPECT_EQ(test, 3, entry_of(test, child));
}

static void test_pid_reused(struct kunit *test)
{
	struct identity_test *t = test->priv;
	struct vigil_protect *e = new_entry(test, NULL, NULL);

	e->pid = 10;
	KUNIT_EXPECT_EQ(test, 1, add(test, e));
	KUNIT_EXPECT_EQ(test, 1, entry_of(test, t->master));
	/* It stays the same process when it executes another program. */
	exec(t, t->master, t->other, 4, "other");
	KUNIT_EXPECT_EQ(test, 1, entry_of(test, t->master));
	vigil_fake_set64(t->f, t->master, F(TASK_START_TIME), 77777);
	KUNIT_EXPECT_EQ(test, 0, entry_of(test, t->master));
}

static void set_uid(struct identity_test *t, u64 task, u32 uid)
{
	u64 cred = vigil_fake_alloc(t->f, 64);

	vigil_fake_set32(t->f, cred, F(CRED_UID), uid);
	vigil_fake_set64(t->f, task, F(TASK_CRED), cred);
}

static void test_uid(struct kunit *test)
{
	struct identity_test *t = test->priv;
	struct vigil_protect *e = new_uid_entry(test, 33);

	KUNIT_EXPECT_EQ(test, 1, add(test, e));
	set_uid(t, t->master, 0);
	KUNIT_EXPECT_EQ(test, 0, entry_of(test, t->master));
	/* A worker that gives up its rights. */
	set_uid(t, t->master, 33);
	KUNIT_EXPECT_EQ(test, 1, entry_of(test, t->master));
	/* It can't leave by taking another user id, nor by a change elsewhere. */
	set_uid(t, t->master, 34);
	KUNIT_EXPECT_EQ(test, 1, entry_of(test, t->master));
	KUNIT_EXPECT_EQ(test, 2, add(test, new_entry(test, "/x", NULL)));
	KUNIT_EXPECT_EQ(test, 1, entry_of(test, t->master));
	remove(test, 1);
	KUNIT_EXPECT_EQ(test, 0, entry_of(test, t->master));
}

static bool mark(struct kunit *test, u64 task, bool *swept)
{
	struct identity_test *t = test->priv;
	struct vigil_thread thread;

	KUNIT_ASSERT_EQ(test, 0,
			vigil_linux_read_thread(&t->f->lx, task, &thread));
	return vigil_identities_mark(t->ids, &thread, swept);
}

static void test_mark(struct kunit *test)
{
	struct identity_test *t = test->priv;
	struct vigil_protect *e = new_entry(test, "/nginx", NULL);
	u64 kthread = vigil_fake_task(t->f, 2, "kthreadd", 0);
	bool swept;

	KUNIT_EXPECT_EQ(test, 1, add(test, e));
	KUNIT_EXPECT_FALSE(test, mark(test, t->master, NULL));
	KUNIT_EXPECT_EQ(test, 1, entry_of(test, t->master));
	/* A fetch has found it, and no sweep. */
	KUNIT_EXPECT_TRUE(test, mark(test, t->master, &swept));
	KUNIT_EXPECT_FALSE(test, swept);
	KUNIT_EXPECT_TRUE(test, mark(test, t->master, &swept));
	KUNIT_EXPECT_TRUE(test, swept);
	KUNIT_EXPECT_EQ(test, 0, entry_of(test, kthread));
	KUNIT_EXPECT_TRUE(test, mark(test, kthread, NULL));

	/* An execution is new to the sweep, and so is a change of the policy. */
	exec(t, t->master, t->other, 4, "other");
	KUNIT_EXPECT_FALSE(test, mark(test, t->master, &swept));
	KUNIT_EXPECT_EQ(test, 0, entry_of(test, t->master));
	KUNIT_EXPECT_TRUE(test, mark(test, t->master, NULL));
	KUNIT_EXPECT_EQ(test, 2, add(test, new_entry(test, "/other", NULL)));
	KUNIT_EXPECT_FALSE(test, mark(test, t->master, NULL));
	KUNIT_EXPECT_EQ(test, 2, entry_of(test, t->master));
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&e->processes));
}

/* Without room it is forgotten at the second look, and no walk is waited for. */
static void test_ended_full(struct kunit *test)
{
	struct identity_test *t = test->priv;
	struct vigil_thread known;
	unsigned int bucket = 0;

	identify(test, t->master);
	KUNIT_ASSERT_EQ(test, 1,
			vigil_identities_some(t->ids, &bucket, &known, 1));
	t->ids->nr = VIGIL_KNOWN_MAX;
	vigil_identities_missed(t->ids, &known);
	KUNIT_EXPECT_EQ(test, VIGIL_KNOWN_MAX, t->ids->nr);
	vigil_identities_missed(t->ids, &known);
	KUNIT_EXPECT_EQ(test, VIGIL_KNOWN_MAX - 1, t->ids->nr);
	t->ids->nr = 0;
}

/* However few there are, each turn finds one. */
static void test_some(struct kunit *test)
{
	struct identity_test *t = test->priv;
	struct vigil_thread known[8];
	unsigned int bucket = 0, nr;

	KUNIT_EXPECT_EQ(test, 0,
			vigil_identities_some(t->ids, &bucket, known, 8));
	for (int pid = 11; pid < 16; pid++)
		identify(test, make_process(t, pid, "x", t->other, 1));
	for (int round = 0; round < 3; round++) {
		u32 seen = 0;

		for (int i = 0; i < 5; i += nr) {
			nr = vigil_identities_some(t->ids, &bucket, known, 8);
			KUNIT_ASSERT_GT(test, nr, 0);
			for (int j = 0; j < nr; j++)
				seen |= BIT(known[j].pid);
		}
		KUNIT_EXPECT_EQ(test, GENMASK(15, 11), seen);
	}
}

/* Who was not where it was seen, and is nowhere in the list, has ended. */
static void test_ended(struct kunit *test)
{
	struct identity_test *t = test->priv;
	struct vigil_protect *e = new_entry(test, "/nginx", NULL);
	struct vigil_thread known[8], elsewhere;
	unsigned int bucket = 0;

	KUNIT_EXPECT_EQ(test, 1, add(test, e));
	KUNIT_EXPECT_EQ(test, 1, entry_of(test, t->master));
	KUNIT_ASSERT_EQ(test, 1,
			vigil_identities_some(t->ids, &bucket, known, 8));
	KUNIT_EXPECT_EQ(test, t->master, known[0].task);
	KUNIT_EXPECT_EQ(test, 10, known[0].pid);

	/* What was missed during a walk may have been passed before. */
	vigil_identities_begin_walk(t->ids);
	vigil_identities_missed(t->ids, known);
	vigil_identities_missed(t->ids, known);
	vigil_identities_end_walk(t->ids);
	KUNIT_EXPECT_EQ(test, 1, t->ids->nr);
	/* A thread of it has become its leader, and a walk meets it. */
	vigil_identities_begin_walk(t->ids);
	KUNIT_EXPECT_TRUE(test, mark(test, t->master, NULL));
	vigil_identities_end_walk(t->ids);
	KUNIT_EXPECT_EQ(test, 1, t->ids->nr);
	/* The last news of it is another one. */
	elsewhere = known[0];
	elsewhere.task += 64;
	vigil_identities_missed(t->ids, &elsewhere);
	vigil_identities_begin_walk(t->ids);
	vigil_identities_end_walk(t->ids);
	KUNIT_EXPECT_EQ(test, 1, t->ids->nr);

	vigil_identities_missed(t->ids, known);
	KUNIT_EXPECT_EQ(test, 1, t->ids->nr_missed);
	vigil_identities_begin_walk(t->ids);
	vigil_identities_end_walk(t->ids);
	KUNIT_EXPECT_EQ(test, 0, t->ids->nr);
	KUNIT_EXPECT_EQ(test, 0, t->ids->nr_missed);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&e->processes));
}

/* exec() by another thread than the leader takes nothing from the descendants. */
static void test_exec_of_thread(struct kunit *test)
{
	struct identity_test *t = test->priv;
	struct vigil_protect *e = new_entry(test, "/nginx", NULL);
	struct vigil_thread known;
	unsigned int bucket = 0;
	u64 leader;

	e->descendants = true;
	KUNIT_EXPECT_EQ(test, 1, add(test, e));
	KUNIT_EXPECT_EQ(test, 1, entry_of(test, t->master));
	KUNIT_ASSERT_EQ(test, 1,
			vigil_identities_some(t->ids, &bucket, &known, 1));
	/* The same id and start time at another place, and a new program. */
	leader = make_process(t, 10, "other", t->other, 4);
	vigil_fake_set64(t->f, leader, F(TASK_START_TIME), known.start_time);
	for (int i = 0; i < 3; i++)
		vigil_identities_missed(t->ids, &known);
	vigil_identities_begin_walk(t->ids);
	KUNIT_EXPECT_FALSE(test, mark(test, leader, NULL));
	KUNIT_EXPECT_EQ(test, 1, entry_of(test, leader));
	vigil_identities_end_walk(t->ids);
	KUNIT_EXPECT_EQ(test, 1, t->ids->nr);
	KUNIT_EXPECT_EQ(test, 1, entry_of(test, leader));
}

/*
 * Without randomness a sibling by CLONE_PARENT has the base and the count of the
 * one that becomes its parent.
 */
static void test_sibling_without_randomness(struct kunit *test)
{
	struct identity_test *t = test->priv;
	u64 init = make_process(t, 1, "init", t->other, 3);
	u64 sibling, child, base;

	vigil_linux_u64(&t->f->lx, mm_of(t, t->master), F(MM_MMAP_BASE), &base);
	vigil_fake_set64(t->f, mm_of(t, init), F(MM_MMAP_BASE), base);
	KUNIT_EXPECT_EQ(test, 1, add(test, new_entry(test, "/nginx", NULL)));
	KUNIT_EXPECT_EQ(test, 0, entry_of(test, init));
	KUNIT_EXPECT_EQ(test, 1, entry_of(test, t->master));
	sibling = make_fork(t, 20, "x", init, t->nginx, 3);
	KUNIT_EXPECT_EQ(test, 1, entry_of(test, sibling));
	/* Of two with another executable the parent's is the likelier. */
	child = make_fork(t, 21, "x", t->master, make_file(t, "new"), 3);
	KUNIT_EXPECT_EQ(test, 1, entry_of(test, child));
	child = make_fork(t, 22, "x", init, make_file(t, "new"), 3);
	KUNIT_EXPECT_EQ(test, 0, entry_of(test, child));
}

/* What isn't remembered is matched each time, and counted never. */
static void test_full(struct kunit *test)
{
	struct identity_test *t = test->priv;
	struct vigil_protect *e = new_entry(test, "/nginx", NULL);

	KUNIT_EXPECT_EQ(test, 1, add(test, e));
	t->ids->nr = VIGIL_KNOWN_MAX;
	KUNIT_EXPECT_EQ(test, 1, entry_of(test, t->master));
	KUNIT_EXPECT_EQ(test, 1, entry_of(test, t->master));
	KUNIT_EXPECT_EQ(test, 0, atomic64_read(&e->matches));
	KUNIT_EXPECT_EQ(test, 0, t->ids->identified);
	t->ids->nr = 0;
	KUNIT_EXPECT_EQ(test, 1, entry_of(test, t->master));
	KUNIT_EXPECT_EQ(test, 1, entry_of(test, t->master));
	KUNIT_EXPECT_EQ(test, 1, atomic64_read(&e->matches));
	KUNIT_EXPECT_EQ(test, 1, t->ids->identified);
}

/* Another user id brings nobody an easier entry, nor his children. */
static void test_uid_of_an_earlier_entry(struct kunit *test)
{
	struct identity_test *t = test->priv;
	struct vigil_protect *e = new_uid_entry(test, 33);
	u64 init = make_process(t, 1, "init", t->other, 1);
	u64 child;

	KUNIT_EXPECT_EQ(test, 1, add(test, e));
	e = new_entry(test, "/nginx", NULL);
	e->action = VIGIL_ACTION_BLOCK;
	KUNIT_EXPECT_EQ(test, 2, add(test, e));
	set_uid(t, t->master, 0);
	KUNIT_EXPECT_EQ(test, 2, entry_of(test, t->master));
	set_uid(t, t->master, 33);
	KUNIT_EXPECT_EQ(test, 2, entry_of(test, t->master));
	/* Seen for the first time with that user id. */
	child = make_fork(t, 20, "nginx", t->master, t->nginx, 3);
	set_uid(t, child, 33);
	KUNIT_EXPECT_EQ(test, 2, entry_of(test, child));
	child = make_fork(t, 21, "nginx", t->master, t->nginx, 3);
	vigil_fake_set64(t->f, child, F(TASK_REAL_PARENT), init);
	set_uid(t, child, 33);
	KUNIT_EXPECT_EQ(test, 2, entry_of(test, child));
	/* All are asked about again. */
	KUNIT_EXPECT_EQ(test, 3, add(test, new_entry(test, "/x", NULL)));
	KUNIT_EXPECT_EQ(test, 2, entry_of(test, t->master));
	KUNIT_EXPECT_EQ(test, 2, entry_of(test, child));
	/* A program that somebody executes with that user id has it. */
	exec(t, child, t->nginx, 4, "nginx");
	KUNIT_EXPECT_EQ(test, 1, entry_of(test, child));
}

/* An entry is easier, too, if it has fewer rules; and harder if it does more. */
static void test_rules_of_an_earlier_entry(struct kunit *test)
{
	struct identity_test *t = test->priv;
	struct vigil_protect *e;

	for (u32 uid = 33; uid < 36; uid++) {
		e = new_uid_entry(test, uid);
		e->action = uid == 35 ? VIGIL_ACTION_KILL : VIGIL_ACTION_BLOCK;
		e->rules = uid == 33 ? VIGIL_EXEC_RULE_STACK :
			   VIGIL_EXEC_RULE_STACK | VIGIL_EXEC_RULE_WX;
		add(test, e);
	}
	e = new_entry(test, "/nginx", NULL);
	e->action = VIGIL_ACTION_BLOCK;
	e->rules = VIGIL_EXEC_RULE_STACK | VIGIL_EXEC_RULE_WX;
	KUNIT_EXPECT_EQ(test, 4, add(test, e));
	set_uid(t, t->master, 0);
	KUNIT_EXPECT_EQ(test, 4, entry_of(test, t->master));
	set_uid(t, t->master, 33);
	KUNIT_EXPECT_EQ(test, 4, entry_of(test, t->master));
	set_uid(t, t->master, 35);
	KUNIT_EXPECT_EQ(test, 3, entry_of(test, t->master));
	set_uid(t, t->master, 34);
	KUNIT_EXPECT_EQ(test, 3, entry_of(test, t->master));
}

/* Who shares memory with one that another entry is for, or none. */
static void test_kin(struct kunit *test)
{
	struct identity_test *t = test->priv;
	u64 sibling = make_fork(t, 20, "nginx", t->master, t->nginx, 3);
	struct vigil_protect *e = new_entry(test, NULL, NULL);
	u64 other = make_process(t, 30, "other", t->other, 1);
	struct vigil_who before;

	KUNIT_EXPECT_EQ(test, 0, entry_of(test, t->master));
	KUNIT_EXPECT_EQ(test, 0, entry_of(test, sibling));
	before = identify(test, sibling);
	KUNIT_EXPECT_FALSE(test, before.kin_differ);
	e->pid = 10;
	KUNIT_EXPECT_EQ(test, 1, add(test, e));
	/* The sibling is asked about first, and what it was told is no longer so. */
	before = identify(test, sibling);
	KUNIT_EXPECT_FALSE(test, before.kin_differ);
	KUNIT_EXPECT_EQ(test, 1, entry_of(test, t->master));
	KUNIT_EXPECT_NE(test, before.epoch, t->ids->epoch);
	/* It stays so when the policy changes, whoever is asked about first. */
	KUNIT_EXPECT_EQ(test, 2, add(test, new_entry(test, "/x", NULL)));
	KUNIT_EXPECT_TRUE(test, identify(test, sibling).kin_differ);
	KUNIT_EXPECT_TRUE(test, identify(test, sibling).kin_differ);
	KUNIT_EXPECT_TRUE(test, identify(test, t->master).kin_differ);
	KUNIT_EXPECT_EQ(test, t->ids->epoch, identify(test, sibling).epoch);
	KUNIT_EXPECT_FALSE(test, identify(test, other).kin_differ);
	/* All have the same again. */
	remove(test, 1);
	identify(test, sibling);
	identify(test, t->master);
	KUNIT_EXPECT_FALSE(test, identify(test, sibling).kin_differ);
	KUNIT_EXPECT_FALSE(test, identify(test, t->master).kin_differ);
	/* All come to another one, one after the other. */
	KUNIT_EXPECT_EQ(test, 3, add(test, new_entry(test, "/nginx", NULL)));
	KUNIT_EXPECT_TRUE(test, identify(test, sibling).kin_differ);
	KUNIT_EXPECT_FALSE(test, identify(test, t->master).kin_differ);
	KUNIT_EXPECT_FALSE(test, identify(test, sibling).kin_differ);
	/* A child that has the same, as most have, changes nothing of that. */
	before.epoch = t->ids->epoch;
	identify(test, make_fork(t, 21, "nginx", t->master, t->nginx, 3));
	KUNIT_EXPECT_EQ(test, before.epoch, t->ids->epoch);
	/* One goes on to another program, and takes nobody with it. */
	exec(t, sibling, t->other, 4, "other");
	KUNIT_EXPECT_FALSE(test, identify(test, sibling).kin_differ);
	KUNIT_EXPECT_FALSE(test, identify(test, t->master).kin_differ);
	/* Who isn't remembered may be anybody's. */
	t->ids->nr = VIGIL_KNOWN_MAX;
	other = make_process(t, 31, "other", t->other, 1);
	KUNIT_EXPECT_TRUE(test, identify(test, other).kin_differ);
	t->ids->nr = 4;
}

/* A child by CLONE_PARENT of a process that an entry names later. */
static void test_pid_of_a_parent(struct kunit *test)
{
	struct identity_test *t = test->priv;
	u64 init = make_process(t, 1, "init", t->other, 1);
	struct vigil_protect *e = new_entry(test, NULL, NULL);
	u64 sibling;

	KUNIT_EXPECT_EQ(test, 0, entry_of(test, t->master));
	e->pid = 10;
	KUNIT_EXPECT_EQ(test, 1, add(test, e));
	KUNIT_EXPECT_EQ(test, 1, entry_of(test, t->master));
	sibling = make_fork(t, 20, "x", t->master, t->nginx, 3);
	vigil_fake_set64(t->f, sibling, F(TASK_REAL_PARENT), init);
	set_uid(t, sibling, 110);
	KUNIT_EXPECT_EQ(test, 1, entry_of(test, sibling));
	/* One that has taken another user id since. */
	sibling = make_fork(t, 21, "x", t->master, t->nginx, 3);
	vigil_fake_set64(t->f, sibling, F(TASK_REAL_PARENT), init);
	KUNIT_EXPECT_EQ(test, 1, entry_of(test, sibling));
	KUNIT_EXPECT_EQ(test, 3, atomic_read(&e->processes));
}

/* What one worker came to is not the program's. */
static void test_uid_of_a_worker(struct kunit *test)
{
	struct identity_test *t = test->priv;
	u64 init = make_process(t, 1, "init", t->other, 1);
	struct vigil_protect *e = new_uid_entry(test, 33);
	u64 worker, orphan;

	KUNIT_EXPECT_EQ(test, 1, add(test, e));
	KUNIT_EXPECT_EQ(test, 0, entry_of(test, t->master));
	worker = make_fork(t, 20, "nginx", t->master, t->nginx, 3);
	set_uid(t, worker, 33);
	KUNIT_EXPECT_EQ(test, 1, entry_of(test, worker));
	orphan = make_fork(t, 21, "nginx", t->master, t->nginx, 3);
	vigil_fake_set64(t->f, orphan, F(TASK_REAL_PARENT), init);
	set_uid(t, orphan, 110);
	KUNIT_EXPECT_EQ(test, 0, entry_of(test, orphan));
}

/* Whose executable can't be read is nobody that is known. */
static void test_unreadable(struct kunit *test)
{
	struct identity_test *t = test->priv;
	struct vigil_who who = {};
	struct vigil_task task;
	int idx;

	KUNIT_EXPECT_EQ(test, 1, add(test, new_entry(test, NULL, "nginx")));
	vigil_fake_set64(t->f, t->nginx, F(FILE_DENTRY), 0x1234);
	KUNIT_ASSERT_EQ(test, 0,
			vigil_linux_read_task(&t->f->lx, t->master, &task));
	idx = srcu_read_lock(&t->srcu);
	KUNIT_EXPECT_NE(test, 0,
			vigil_identify(t->ids, &t->f->lx, &task, &who));
	srcu_read_unlock(&t->srcu, idx);
	KUNIT_EXPECT_EQ(test, 0, t->ids->nr);
}

static struct kunit_case identity_cases[] = {
	KUNIT_CASE(test_renamed),
	KUNIT_CASE(test_exec),
	KUNIT_CASE(test_fork),
	KUNIT_CASE(test_orphans),
	KUNIT_CASE(test_without_mm),
	KUNIT_CASE(test_in_exec),
	KUNIT_CASE(test_descendants),
	KUNIT_CASE(test_pid_reused),
	KUNIT_CASE(test_uid),
	KUNIT_CASE(test_uid_of_an_earlier_entry),
	KUNIT_CASE(test_rules_of_an_earlier_entry),
	KUNIT_CASE(test_kin),
	KUNIT_CASE(test_sibling_without_randomness),
	KUNIT_CASE(test_uid_of_a_worker),
	KUNIT_CASE(test_pid_of_a_parent),
	KUNIT_CASE(test_mark),
	KUNIT_CASE(test_some),
	KUNIT_CASE(test_ended),
	KUNIT_CASE(test_ended_full),
	KUNIT_CASE(test_exec_of_thread),
	KUNIT_CASE(test_full),
	KUNIT_CASE(test_unreadable),
	{}
};

static struct kunit_suite identity_suite = {
	.name = "vigil_identity",
	.init = identity_init,
	.exit = identity_exit,
	.test_cases = identity_cases,
};

kunit_test_suite(identity_suite);
