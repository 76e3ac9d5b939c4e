// SPDX-License-Identifier: GPL-2.0
/*
 * What people call a process: its number in a container, its control group, its
 * command line; also what a hostile guest makes of them.
 */

#include <linux/sizes.h>
#include <linux/string.h>

#include "guest/linux_read.h"
#include "tests/fake.h"

#define F(name)	VIGIL_PROFILE_FIELD_##name

/* The command line begins at the end of one page, and ends in the next. */
#define ARGS		0x7ffc12340ff8ULL
#define ARGS_GPA	(256 * SZ_1M)

struct who_test {
	struct vigil_fake *f;
	u64 mm;
	u64 root;
	u64 task;
	struct vigil_mm_layout layout;
	char buf[1024];
	char expected[1024];
};

static int who_init(struct kunit *test)
{
	struct who_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	u64 pgd;

	if (!t)
		return -ENOMEM;
	t->f = vigil_fake_linux(test);
	t->mm = vigil_fake_mm(t->f);
	vigil_linux_u64(&t->f->lx, t->mm, F(MM_PGD), &pgd);
	t->root = pgd - FAKE_DIRECT;
	t->task = vigil_fake_task(t->f, 42, "shell", t->mm);
	test->priv = t;
	return 0;
}

/* --- PID namespaces -------------------------------------------------------- */

static int ns_pid(struct who_test *t, u32 *pid)
{
	*pid = 0;
	return vigil_linux_ns_pid(&t->f->lx, t->task, pid);
}

static void set_pid(struct who_test *t, u64 pid)
{
	vigil_fake_set64(t->f, t->task, F(TASK_THREAD_PID), pid);
}

static void test_ns_pid(struct kunit *test)
{
	static const u32 levels[] = { 1, 2, 32 };
	/* 0 is where upid-nr really is. */
	static const u64 offsets[] = { 8, 0 };
	struct who_test *t = test->priv;
	u32 pid;

	for (unsigned int i = 0; i < ARRAY_SIZE(offsets); i++) {
		t->f->profile.field[F(UPID_NR)] = offsets[i];
		/* 32 of them don't fit an object of the fake. */
		t->f->profile.field[F(UPID_SIZE)] = 12;
		for (unsigned int j = 0; j < ARRAY_SIZE(levels); j++) {
			set_pid(t, vigil_fake_pid(t->f, levels[j], 7 + j));
			KUNIT_EXPECT_EQ(test, 0, ns_pid(t, &pid));
			KUNIT_EXPECT_EQ(test, 7 + j, pid);
		}
	}
}

static void test_initial_ns(struct kunit *test)
{
	struct who_test *t = test->priv;
	u32 pid;

	set_pid(t, vigil_fake_pid(t->f, 0, 42));
	KUNIT_EXPECT_EQ(test, -ENOENT, ns_pid(t, &pid));
	/* It is dead. */
	set_pid(t, 0);
	KUNIT_EXPECT_EQ(test, -ENOENT, ns_pid(t, &pid));
	KUNIT_EXPECT_EQ(test, 0, t->f->lx.reread);
}

static void test_no_ns(struct kunit *test)
{
	static const u32 fields[] = {
		F(TASK_THREAD_PID), F(PID_LEVEL), F(PID_NUMBERS), F(UPID_SIZE),
	};
	struct who_test *t = test->priv;
	u32 pid;

	set_pid(t, vigil_fake_pid(t->f, 1, 7));
	for (unsigned int i = 0; i < ARRAY_SIZE(fields); i++) {
		const u64 value = t->f->profile.field[fields[i]];

		t->f->profile.field[fields[i]] = 0;
		t->f->reads = 0;
		KUNIT_EXPECT_EQ(test, -ENOENT, ns_pid(t, &pid));
		KUNIT_EXPECT_EQ(test, 0, t->f->reads);
		t->f->profile.field[fields[i]] = value;
		KUNIT_EXPECT_EQ(test, 0, ns_pid(t, &pid));
	}
}

static void test_bad_pid(struct kunit *test)
{
	static const u64 pids[] = {
		0x7f0000000000, FAKE_DIRECT + 4, U64_MAX,
		FAKE_DIRECT + 2ULL * SZ_1G,
	};
	static const u32 levels[] = { 33, 0x80000000, U32_MAX };
	struct who_test *t = test->priv;
	u64 good = vigil_fake_pid(t->f, 1, VIGIL_MAX_TASKS);
	u32 pid;
	int err;

	for (unsigned int i = 0; i < ARRAY_SIZE(pids); i++) {
		set_pid(t, pids[i]);
		err = ns_pid(t, &pid);
		KUNIT_EXPECT_TRUE(test, err == -EUCLEAN || err == -EFAULT);
	}
	set_pid(t, good);
	KUNIT_EXPECT_EQ(test, -EUCLEAN, ns_pid(t, &pid));
	for (unsigned int i = 0; i < ARRAY_SIZE(levels); i++) {
		vigil_fake_set32(t->f, good, F(PID_LEVEL), levels[i]);
		KUNIT_EXPECT_EQ(test, -EUCLEAN, ns_pid(t, &pid));
	}
}

static struct {
	struct who_test *t;
	u64 old;
	u64 new;
} replaced;

static void replace_pid(struct vigil_fake *f, u64 gpa)
{
	const u64 level = replaced.old + f->profile.field[F(PID_LEVEL)];

	if (gpa == level - FAKE_DIRECT)
		set_pid(replaced.t, replaced.new);
}

static void test_replaced_pid(struct kunit *test)
{
	struct who_test *t = test->priv;
	u32 pid;

	replaced.t = t;
	replaced.old = vigil_fake_pid(t->f, 1, 7);
	replaced.new = vigil_fake_pid(t->f, 1, 8);
	set_pid(t, replaced.old);
	t->f->before_read = replace_pid;
	KUNIT_EXPECT_EQ(test, 0, ns_pid(t, &pid));
	KUNIT_EXPECT_EQ(test, 8, pid);
	KUNIT_EXPECT_EQ(test, 1, t->f->lx.reread);
}

/* --- control groups -------------------------------------------------------- */

static int cgroup(struct who_test *t, size_t size)
{
	memset(t->buf, 'x', sizeof(t->buf));
	return vigil_linux_cgroup(&t->f->lx, t->task, t->buf, size);
}

static void expect_cgroup(struct kunit *test, const char *path)
{
	struct who_test *t = test->priv;

	KUNIT_EXPECT_EQ(test, 0, cgroup(t, sizeof(t->buf)));
	KUNIT_EXPECT_STREQ(test, path, t->buf);
}

static void test_cgroup(struct kunit *test)
{
	struct who_test *t = test->priv;
	u64 root = vigil_fake_kernfs(t->f, 0, "");
	u64 slice = vigil_fake_kernfs(t->f, root, "system.slice");
	u64 service = vigil_fake_kernfs(t->f, slice, "ng\033inx\n\xff.service");
	u64 id;

	vigil_fake_cgroup(t->f, t->task, root);
	expect_cgroup(test, "/");
	vigil_fake_cgroup(t->f, t->task, slice);
	expect_cgroup(test, "/system.slice");
	vigil_fake_cgroup(t->f, t->task, service);
	expect_cgroup(test, "/system.slice/ng\033inx\n\xff.service");
	/* Another one of the same name is told apart. */
	id = vigil_linux_cgroup_id(&t->f->lx, t->task);
	KUNIT_EXPECT_NE(test, 0, id);
	KUNIT_EXPECT_EQ(test, id, vigil_linux_cgroup_id(&t->f->lx, t->task));
	vigil_fake_cgroup(t->f, t->task, service);
	KUNIT_EXPECT_NE(test, id, vigil_linux_cgroup_id(&t->f->lx, t->task));

	KUNIT_EXPECT_EQ(test, 0, cgroup(t, 24));
	KUNIT_EXPECT_STREQ(test, ".../ng\033inx\n\xff.service", t->buf);
	KUNIT_EXPECT_EQ(test, 'x', t->buf[24]);
	KUNIT_EXPECT_EQ(test, 0, cgroup(t, 16));
	KUNIT_EXPECT_STREQ(test, "...", t->buf);
}

/* Its last byte may be the last one that can be read. */
static void test_cgroup_names(struct kunit *test)
{
	struct who_test *t = test->priv;
	u64 root = vigil_fake_kernfs(t->f, 0, "");
	u64 node = vigil_fake_kernfs(t->f, root, "");
	const u64 end = FAKE_DIRECT + 512 * SZ_1M + SZ_4K;
	char name[257];

	vigil_fake_cgroup(t->f, t->task, node);
	for (unsigned int len = 1; len <= 256; len++) {
		memset(name, 'n', len);
		name[len] = '\0';
		vigil_fake_put(t->f, end - len - 1, name, len + 1);
		vigil_fake_set64(t->f, node, F(KERNFS_NAME), end - len - 1);
		if (len == 256) {
			KUNIT_EXPECT_EQ(test, -EUCLEAN,
					cgroup(t, sizeof(t->buf)));
			break;
		}
		KUNIT_EXPECT_EQ(test, 0, cgroup(t, sizeof(t->buf)));
		KUNIT_EXPECT_EQ(test, len + 1, strlen(t->buf));
		KUNIT_EXPECT_STREQ(test, name, t->buf + 1);
	}
	/* It goes on where nothing is. */
	vigil_fake_put(t->f, end - 1, "n", 1);
	vigil_fake_set64(t->f, node, F(KERNFS_NAME), end - 1);
	KUNIT_EXPECT_EQ(test, -EFAULT, cgroup(t, sizeof(t->buf)));
	KUNIT_EXPECT_STREQ(test, "", t->buf);
}

static void test_cgroup_depth(struct kunit *test)
{
	struct who_test *t = test->priv;
	u64 node = vigil_fake_kernfs(t->f, 0, "");

	for (unsigned int i = 0; i < 63; i++) {
		node = vigil_fake_kernfs(t->f, node, "g");
		strcat(t->expected, "/g");
	}
	vigil_fake_cgroup(t->f, t->task, node);
	expect_cgroup(test, t->expected);
	vigil_fake_cgroup(t->f, t->task, vigil_fake_kernfs(t->f, node, "g"));
	KUNIT_EXPECT_EQ(test, -EUCLEAN, cgroup(t, sizeof(t->buf)));
	KUNIT_EXPECT_STREQ(test, "", t->buf);
}

static void test_cgroup_loop(struct kunit *test)
{
	struct who_test *t = test->priv;
	u64 a = vigil_fake_kernfs(t->f, 0, "a");
	u64 b = vigil_fake_kernfs(t->f, a, "b");

	vigil_fake_cgroup(t->f, t->task, b);
	vigil_fake_set64(t->f, a, F(KERNFS_PARENT), b);
	t->f->reads = 0;
	KUNIT_EXPECT_EQ(test, -EUCLEAN, cgroup(t, sizeof(t->buf)));
	KUNIT_EXPECT_STREQ(test, "", t->buf);
	KUNIT_EXPECT_LE(test, t->f->reads, 8 * (64 * 2 + 8));
}

static void test_no_cgroups(struct kunit *test)
{
	static const u32 fields[] = {
		F(TASK_CGROUPS), F(CSS_SET_DFL_CGRP), F(CGROUP_KN),
		F(KERNFS_NAME), F(KERNFS_PARENT),
	};
	struct who_test *t = test->priv;

	vigil_fake_cgroup(t->f, t->task, vigil_fake_kernfs(t->f, 0, ""));
	for (unsigned int i = 0; i < ARRAY_SIZE(fields); i++) {
		const u64 offset = t->f->profile.field[fields[i]];

		t->f->profile.field[fields[i]] = 0;
		t->f->reads = 0;
		KUNIT_EXPECT_EQ(test, -ENOENT, cgroup(t, sizeof(t->buf)));
		KUNIT_EXPECT_STREQ(test, "", t->buf);
		KUNIT_EXPECT_EQ(test, 0, t->f->reads);
		/* The first two are all that tells two groups apart. */
		KUNIT_EXPECT_EQ(test, i >= 2,
				!!vigil_linux_cgroup_id(&t->f->lx, t->task));
		t->f->profile.field[fields[i]] = offset;
		expect_cgroup(test, "/");
	}
}

struct bad_cgroup {
	const char *name;
	u32 field;
	u64 value;
};

static const struct bad_cgroup bad_cgroups[] = {
	{ "no set", F(TASK_CGROUPS), 0 },
	{ "set in user space", F(TASK_CGROUPS), 0x7f0000000000 },
	{ "set misaligned", F(TASK_CGROUPS), FAKE_DIRECT + 2 },
	{ "set not mapped", F(TASK_CGROUPS), FAKE_DIRECT + 2ULL * SZ_1G },
	{ "parent in user space", F(KERNFS_PARENT), 0x7f0000000000 },
	{ "parent misaligned", F(KERNFS_PARENT), FAKE_DIRECT + 1 },
	{ "no name", F(KERNFS_NAME), 0 },
	{ "name in user space", F(KERNFS_NAME), 0x7f0000000000 },
	{ "name not mapped", F(KERNFS_NAME), FAKE_DIRECT + 2ULL * SZ_1G },
	{ "name at the end of memory", F(KERNFS_NAME), 0xffffffffffffeff0 },
};

KUNIT_ARRAY_PARAM_DESC(bad_cgroup, bad_cgroups, name);

static void test_bad_cgroup(struct kunit *test)
{
	const struct bad_cgroup *c = test->param_value;
	struct who_test *t = test->priv;
	u64 root = vigil_fake_kernfs(t->f, 0, "");
	u64 node = vigil_fake_kernfs(t->f, root, "group");
	int err;

	vigil_fake_cgroup(t->f, t->task, node);
	expect_cgroup(test, "/group");
	vigil_fake_set64(t->f, c->field == F(TASK_CGROUPS) ? t->task : node,
			 c->field, c->value);
	err = cgroup(t, sizeof(t->buf));
	KUNIT_EXPECT_TRUE(test, err == -EUCLEAN || err == -EFAULT);
	KUNIT_EXPECT_STREQ(test, "", t->buf);
}

static void test_bad_cgroup_name(struct kunit *test)
{
	static const char * const names[] = { "", "/", "a/b" };
	struct who_test *t = test->priv;
	u64 root = vigil_fake_kernfs(t->f, 0, "");

	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
		vigil_fake_cgroup(t->f, t->task,
				  vigil_fake_kernfs(t->f, root, names[i]));
		KUNIT_EXPECT_EQ(test, -EUCLEAN, cgroup(t, sizeof(t->buf)));
		KUNIT_EXPECT_STREQ(test, "", t->buf);
	}
}

/* --- command lines --------------------------------------------------------- */

static const char args[] = "nginx: worker\0\xff\n\033[2J\0-x";

static void map_args(struct who_test *t, unsigned int pages)
{
	for (unsigned int i = 0; i < pages; i++)
		vigil_fake_map(t->f, t->root, 4,
			       ALIGN_DOWN(ARGS, SZ_4K) + i * SZ_4K,
			       ARGS_GPA + i * SZ_4K, 12,
			       FAKE_PTE_W | FAKE_PTE_U | FAKE_PTE_NX);
	vigil_fake_write(t->f, ARGS_GPA + ARGS % SZ_4K, args, sizeof(args));
	t->layout.arg_start = ARGS;
	t->layout.arg_end = ARGS + sizeof(args);
}

static int cmdline(struct who_test *t, size_t *len)
{
	memset(t->buf, 'x', sizeof(t->buf));
	return vigil_linux_cmdline(&t->f->lx, t->root, &t->layout, t->buf, len);
}

static void test_cmdline(struct kunit *test)
{
	struct who_test *t = test->priv;
	size_t len = sizeof(t->buf);

	map_args(t, 2);
	KUNIT_ASSERT_EQ(test, 0, cmdline(t, &len));
	KUNIT_ASSERT_EQ(test, sizeof(args), len);
	KUNIT_EXPECT_MEMEQ(test, t->buf, args, sizeof(args));
	KUNIT_EXPECT_EQ(test, 'x', t->buf[len]);

	/* No more than there is room for. */
	for (size_t size = 1; size < sizeof(args); size++) {
		len = size;
		KUNIT_EXPECT_EQ(test, 0, cmdline(t, &len));
		KUNIT_EXPECT_EQ(test, size, len);
		KUNIT_EXPECT_MEMEQ(test, t->buf, args, size);
		KUNIT_EXPECT_EQ(test, 'x', t->buf[size]);
	}
	len = 0;
	KUNIT_EXPECT_EQ(test, -ENOENT, cmdline(t, &len));
	KUNIT_EXPECT_EQ(test, 0, len);
}

/* Swapped out, in part or as a whole. */
static void test_cmdline_unmapped(struct kunit *test)
{
	struct who_test *t = test->priv;
	size_t len = sizeof(t->buf);

	map_args(t, 1);
	KUNIT_ASSERT_EQ(test, 0, cmdline(t, &len));
	KUNIT_EXPECT_EQ(test, 8, len);
	KUNIT_EXPECT_MEMEQ(test, t->buf, args, 8);

	t->layout.arg_start += 8;
	len = sizeof(t->buf);
	KUNIT_EXPECT_EQ(test, -ENOENT, cmdline(t, &len));
	KUNIT_EXPECT_EQ(test, 0, len);
}

/* Its page is beyond the guest's memory. */
static void test_cmdline_no_memory(struct kunit *test)
{
	struct who_test *t = test->priv;
	size_t len = sizeof(t->buf);

	map_args(t, 1);
	vigil_fake_map(t->f, t->root, 4, ALIGN(ARGS, SZ_4K), 768 * SZ_1M, 12,
		       FAKE_PTE_U);
	KUNIT_EXPECT_EQ(test, 0, cmdline(t, &len));
	KUNIT_EXPECT_EQ(test, 8, len);
}

struct bad_args {
	const char *name;
	u64 start;
	u64 end;
	int err;
};

static const struct bad_args bad_args[] = {
	{ "none", 0, 0, -ENOENT },
	{ "empty", ARGS, ARGS, -ENOENT },
	{ "backwards", ARGS + 1, ARGS, -EUCLEAN },
	{ "the kernel's", FAKE_DIRECT, FAKE_DIRECT + 16, -EUCLEAN },
	{ "up to the kernel's", ARGS, FAKE_DIRECT, -EUCLEAN },
	{ "up to the end", ARGS, U64_MAX, -EUCLEAN },
	{ "no address", BIT_ULL(47) - 8, BIT_ULL(47) + 8, -EUCLEAN },
	{ "the last ones", BIT_ULL(47) - 8, BIT_ULL(47), -ENOENT },
	{ "all", 0, BIT_ULL(47), -ENOENT },
	{ "the first ones", 0, 16, -ENOENT },
};

KUNIT_ARRAY_PARAM_DESC(bad_args, bad_args, name);

static void test_bad_args(struct kunit *test)
{
	const struct bad_args *c = test->param_value;
	struct who_test *t = test->priv;
	size_t len = sizeof(t->buf);

	map_args(t, 2);
	t->layout.arg_start = c->start;
	t->layout.arg_end = c->end;
	t->f->reads = 0;
	KUNIT_EXPECT_EQ(test, c->err, cmdline(t, &len));
	KUNIT_EXPECT_EQ(test, 0, len);
	KUNIT_EXPECT_EQ(test, 'x', t->buf[0]);
	KUNIT_EXPECT_LE(test, t->f->reads, 4);
}

/* A kernel thread, and a process that is gone. */
static void test_cmdline_no_root(struct kunit *test)
{
	struct who_test *t = test->priv;
	size_t len = sizeof(t->buf);

	map_args(t, 2);
	t->root = 0;
	KUNIT_EXPECT_EQ(test, -EUCLEAN, cmdline(t, &len));
	KUNIT_EXPECT_EQ(test, 0, len);
	/* Any frame may be said to be a table. */
	t->root = 768 * SZ_1M;
	len = sizeof(t->buf);
	KUNIT_EXPECT_EQ(test, -ENOENT, cmdline(t, &len));
}

static struct kunit_case who_cases[] = {
	KUNIT_CASE(test_ns_pid),
	KUNIT_CASE(test_initial_ns),
	KUNIT_CASE(test_no_ns),
	KUNIT_CASE(test_bad_pid),
	KUNIT_CASE(test_replaced_pid),
	KUNIT_CASE(test_cgroup),
	KUNIT_CASE(test_cgroup_names),
	KUNIT_CASE(test_cgroup_depth),
	KUNIT_CASE(test_cgroup_loop),
	KUNIT_CASE(test_no_cgroups),
	KUNIT_CASE_PARAM(test_bad_cgroup, bad_cgroup_gen_params),
	KUNIT_CASE(test_bad_cgroup_name),
	KUNIT_CASE(test_cmdline),
	KUNIT_CASE(test_cmdline_unmapped),
	KUNIT_CASE(test_cmdline_no_memory),
	KUNIT_CASE_PARAM(test_bad_args, bad_args_gen_params),
	KUNIT_CASE(test_cmdline_no_root),
	{}
};

static struct kunit_suite who_suite = {
	.name = "vigil_who",
	.init = who_init,
	.test_cases = who_cases,
};

kunit_test_suite(who_suite);
