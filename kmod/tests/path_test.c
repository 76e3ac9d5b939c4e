// SPDX-License-Identifier: GPL-2.0
/*
 * Names of files: through mounts, too long, hostile, and without an end.
 */

#include <linux/sizes.h>
#include <linux/string.h>

#include "tests/fake.h"

#define F(name)	VIGIL_PROFILE_FIELD_##name

struct path_test {
	struct vigil_fake *f;
	u64 usr;
	u64 bin;
	u64 tool;
	char buf[256];
};

static int path_init(struct kunit *test)
{
	struct path_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	if (!t)
		return -ENOMEM;
	t->f = vigil_fake_linux(test);
	t->usr = vigil_fake_dentry(t->f, t->f->root_dentry, "usr");
	t->bin = vigil_fake_dentry(t->f, t->usr, "bin");
	t->tool = vigil_fake_dentry(t->f, t->bin, "tool");
	test->priv = t;
	return 0;
}

static int path_of(struct path_test *t, u64 dentry, u64 mount, size_t size)
{
	u64 file = vigil_fake_file(t->f, dentry, mount, t->f->super, 1);

	memset(t->buf, 'x', sizeof(t->buf));
	return vigil_linux_file_path(&t->f->lx, file, t->buf, size);
}

static void expect(struct kunit *test, const char *path, u64 dentry, u64 mount)
{
	struct path_test *t = test->priv;

	KUNIT_EXPECT_EQ(test, 0, path_of(t, dentry, mount, sizeof(t->buf)));
	KUNIT_EXPECT_STREQ(test, path, t->buf);
}

static void test_root_mount(struct kunit *test)
{
	struct path_test *t = test->priv;

	expect(test, "/usr/bin/tool", t->tool, t->f->root_mount);
	expect(test, "/usr", t->usr, t->f->root_mount);
	expect(test, "/", t->f->root_dentry, t->f->root_mount);
}

static void test_mounts(struct kunit *test)
{
	struct path_test *t = test->priv;
	u64 root = vigil_fake_dentry(t->f, 0, "/");
	u64 local = vigil_fake_dentry(t->f, root, "local");
	u64 inner = vigil_fake_dentry(t->f, 0, "/");
	u64 file = vigil_fake_dentry(t->f, inner, "a file");
	u64 usr = vigil_fake_mount(t->f, root, t->f->root_mount, t->usr);
	u64 mount = vigil_fake_mount(t->f, inner, usr, local);

	expect(test, "/usr/local/a file", file, mount);
	/* A mount of a directory, not of a root. */
	mount = vigil_fake_mount(t->f, t->bin, t->f->root_mount, t->usr);
	expect(test, "/usr/tool", t->tool, mount);
}

/* memfd and System V memory hang on nothing. */
static void test_disconnected(struct kunit *test)
{
	struct path_test *t = test->priv;
	u64 internal = vigil_fake_mount(t->f, vigil_fake_dentry(t->f, 0, "/"),
					0, 0);

	expect(test, "/memfd:code", vigil_fake_dentry(t->f, 0, "memfd:code"),
	       internal);
}

static void test_hostile_name(struct kunit *test)
{
	struct path_test *t = test->priv;

	expect(test, "/usr/?[31m?na\xc3\xafve",
	       vigil_fake_dentry(t->f, t->usr, "\033[31m\nna\xc3\xafve"),
	       t->f->root_mount);
}

static void test_too_long(struct kunit *test)
{
	struct path_test *t = test->priv;

	KUNIT_EXPECT_EQ(test, 0, path_of(t, t->tool, t->f->root_mount, 17));
	KUNIT_EXPECT_STREQ(test, "/usr/bin/tool", t->buf);
	KUNIT_EXPECT_EQ(test, 0, path_of(t, t->tool, t->f->root_mount, 16));
	KUNIT_EXPECT_STREQ(test, ".../bin/tool", t->buf);
	/* Nothing after the end. */
	KUNIT_EXPECT_EQ(test, 'x', t->buf[16]);

	KUNIT_EXPECT_EQ(test, 0,
			path_of(t, vigil_fake_dentry(t->f, t->usr,
						     "much longer than this"),
				t->f->root_mount, 16));
	KUNIT_EXPECT_STREQ(test, "...", t->buf);
}

static void test_dentry_cycle(struct kunit *test)
{
	struct path_test *t = test->priv;

	vigil_fake_set64(t->f, t->usr, F(DENTRY_PARENT), t->tool);
	vigil_fake_set32(t->f, t->usr, F(DENTRY_NAME_LEN), 1);
	vigil_fake_set32(t->f, t->bin, F(DENTRY_NAME_LEN), 1);
	vigil_fake_set32(t->f, t->tool, F(DENTRY_NAME_LEN), 1);
	t->f->reads = 0;
	KUNIT_EXPECT_EQ(test, 0,
			path_of(t, t->tool, t->f->root_mount, sizeof(t->buf)));
	KUNIT_EXPECT_TRUE(test, strstarts(t->buf, ".../"));
	KUNIT_EXPECT_LE(test, t->f->reads, 256 * 8);
}

/* Mounts that are mounted on each other add no name, and never end. */
static void test_mount_cycle(struct kunit *test)
{
	struct path_test *t = test->priv;
	u64 root = vigil_fake_dentry(t->f, 0, "/");
	u64 a = vigil_fake_mount(t->f, root, 0, 0);
	u64 b = vigil_fake_mount(t->f, root, a, root);

	vigil_fake_set64(t->f, a, F(MOUNT_PARENT), b);
	t->f->reads = 0;
	KUNIT_EXPECT_EQ(test, -EUCLEAN,
			path_of(t, root, a, sizeof(t->buf)));
	KUNIT_EXPECT_STREQ(test, "", t->buf);
	KUNIT_EXPECT_LE(test, t->f->reads, 8 * 256 * 8);
}

struct bad_path {
	const char *name;
	u32 field;
	u64 value;
	bool half;
};

static const struct bad_path bad_paths[] = {
	{ "parent in user space", F(DENTRY_PARENT), 0x7f0000000000 },
	{ "parent misaligned", F(DENTRY_PARENT), FAKE_DIRECT + 1 },
	{ "no parent", F(DENTRY_PARENT), 0 },
	{ "name in user space", F(DENTRY_NAME), 0x7f0000000000 },
	{ "no name", F(DENTRY_NAME), 0 },
	{ "name not mapped", F(DENTRY_NAME), FAKE_DIRECT + 2ULL * SZ_1G },
	{ "empty name", F(DENTRY_NAME_LEN), 0, true },
	{ "name too long", F(DENTRY_NAME_LEN), 256, true },
	{ "name of 4G", F(DENTRY_NAME_LEN), U32_MAX, true },
	{ "name shorter than it says", F(DENTRY_NAME_LEN), 100, true },
};

KUNIT_ARRAY_PARAM_DESC(bad, bad_paths, name);

static void test_implausible(struct kunit *test)
{
	const struct bad_path *c = test->param_value;
	struct path_test *t = test->priv;

	if (c->half)
		vigil_fake_set32(t->f, t->bin, c->field, c->value);
	else
		vigil_fake_set64(t->f, t->bin, c->field, c->value);
	KUNIT_EXPECT_NE(test, 0,
			path_of(t, t->tool, t->f->root_mount, sizeof(t->buf)));
	KUNIT_EXPECT_STREQ(test, "", t->buf);
}

static struct kunit_case path_cases[] = {
	KUNIT_CASE(test_root_mount),
	KUNIT_CASE(test_mounts),
	KUNIT_CASE(test_disconnected),
	KUNIT_CASE(test_hostile_name),
	KUNIT_CASE(test_too_long),
	KUNIT_CASE(test_dentry_cycle),
	KUNIT_CASE(test_mount_cycle),
	KUNIT_CASE_PARAM(test_implausible, bad_gen_params),
	{}
};

static struct kunit_suite path_suite = {
	.name = "vigil_path",
	.init = path_init,
	.test_cases = path_cases,
};

kunit_test_suite(path_suite);
