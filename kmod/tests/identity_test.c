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
	struct vigil_protect *e = new_entry(test, NULL, NULL);

	e->has_uid = true;
	e->uid = 33;
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

/* Who was not where it was seen, twice in a row, has ended. */
static void test_ended(struct kunit *test)
{
	struct identity_test *t = test->priv;
	struct vigil_protect *e = new_entry(test, "/nginx", NULL);
	struct vigil_thread known[8], elsewhere;
	unsigned int bucket = 0, nr = 0;

	KUNIT_EXPECT_EQ(test, 1, add(test, e));
	KUNIT_EXPECT_EQ(test, 1, entry_of(test, t->master));
	for (int i = 0; !nr && i < HASH_SIZE(t->ids->known); i++)
		nr = vigil_identities_some(t->ids, &bucket, known, 8);
	KUNIT_ASSERT_EQ(test, 1, nr);
	KUNIT_EXPECT_EQ(test, t->master, known[0].task);
	KUNIT_EXPECT_EQ(test, 10, known[0].pid);

	vigil_identities_missed(t->ids, known);
	/* A thread of it has become its leader. */
	KUNIT_EXPECT_TRUE(test, mark(test, t->master, NULL));
	vigil_identities_missed(t->ids, known);
	KUNIT_EXPECT_EQ(test, 1, t->ids->nr);
	elsewhere = known[0];
	elsewhere.task += 64;
	vigil_identities_missed(t->ids, &elsewhere);
	KUNIT_EXPECT_EQ(test, 1, t->ids->nr);
	vigil_identities_missed(t->ids, known);
	KUNIT_EXPECT_EQ(test, 0, t->ids->nr);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&e->processes));
}

/* Who leaves an entry by its user id doesn't come to an easier one. */
static void test_uid_of_an_earlier_entry(struct kunit *test)
{
	struct identity_test *t = test->priv;
	struct vigil_protect *e = new_entry(test, NULL, NULL);

	e->has_uid = true;
	e->uid = 33;
	KUNIT_EXPECT_EQ(test, 1, add(test, e));
	e = new_entry(test, "/nginx", NULL);
	e->action = VIGIL_ACTION_BLOCK;
	KUNIT_EXPECT_EQ(test, 2, add(test, e));
	set_uid(t, t->master, 0);
	KUNIT_EXPECT_EQ(test, 2, entry_of(test, t->master));
	set_uid(t, t->master, 33);
	KUNIT_EXPECT_EQ(test, 2, entry_of(test, t->master));
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
	struct vigil_protect *e = new_entry(test, NULL, NULL);
	u64 worker, orphan;

	e->has_uid = true;
	e->uid = 33;
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
	KUNIT_CASE(test_uid_of_a_worker),
	KUNIT_CASE(test_pid_of_a_parent),
	KUNIT_CASE(test_mark),
	KUNIT_CASE(test_ended),
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
