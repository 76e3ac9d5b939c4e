// SPDX-License-Identifier: GPL-2.0
/*
 * Names of files: through mounts, too long, hostile, and without an end.
 */

#include <linux/sizes.h>
#include <linux/string.h>

#include "guest/linux_read.h"
#include "tests/fake.h"

#define F(name)	VIGIL_PROFILE_FIELD_##name

struct path_test {
	struct vigil_fake *f;
	u64 usr;
	u64 bin;
	u64 tool;
	char buf[1024];
	char expected[1024];
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

/*
 * A mount namespace has mounts of its own, with the same dentries: what is mounted
 * there over a file has that file's path, whoever did it.
 */
static void test_namespace(struct kunit *test)
{
	struct path_test *t = test->priv;
	u64 own = vigil_fake_dentry(t->f, t->f->root_dentry, "own");
	u64 root = vigil_fake_mount(t->f, t->f->root_dentry, 0, 0);

	expect(test, "/own", own, root);
	expect(test, "/usr/bin/tool", own,
	       vigil_fake_mount(t->f, own, root, t->tool));
	/* Mounted nowhere, as by open_tree(). */
	expect(test, "/", own, vigil_fake_mount(t->f, own, 0, 0));
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

/* One mount over another: neither is what the path ends at. */
static void test_stacked_mounts(struct kunit *test)
{
	struct path_test *t = test->priv;
	u64 lower = vigil_fake_dentry(t->f, 0, "/");
	u64 upper = vigil_fake_dentry(t->f, 0, "/");
	u64 file = vigil_fake_dentry(t->f, upper, "file");
	u64 usr = vigil_fake_mount(t->f, lower, t->f->root_mount, t->usr);
	u64 bind;

	expect(test, "/usr/file", file,
	       vigil_fake_mount(t->f, upper, usr, lower));
	/* A directory that is mounted on itself, twice. */
	bind = vigil_fake_mount(t->f, t->bin, t->f->root_mount, t->bin);
	bind = vigil_fake_mount(t->f, t->bin, bind, t->bin);
	expect(test, "/usr/bin/tool", t->tool, bind);
	/* The root file system over the one of the boot loader. */
	upper = vigil_fake_dentry(t->f, 0, "/");
	file = vigil_fake_dentry(t->f, upper, "file");
	expect(test, "/file", file,
	       vigil_fake_mount(t->f, upper, t->f->root_mount,
				t->f->root_dentry));
}

/* Bytes come through as they are, whatever they do to a terminal or a parser. */
static void test_hostile_name(struct kunit *test)
{
	static const char * const names[] = {
		"\033[31m\n", "na\xc3\xafve", "\xff\xc0\xaf\x80", "a\\x2fb",
		"..", "...", " (deleted)", "\xe2\x88\x95usr\xe2\x88\x95sbin",
		"\x7f\r\t\"'",
	};
	struct path_test *t = test->priv;
	char path[64];

	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "/usr/%s", names[i]);
		expect(test, path, vigil_fake_dentry(t->f, t->usr, names[i]),
		       t->f->root_mount);
	}
}

/* Only what is connected to nothing can have a slash in its name. */
static void test_slash(struct kunit *test)
{
	struct path_test *t = test->priv;
	u64 alone = vigil_fake_dentry(t->f, 0, "memfd:/usr/bin/tool");
	u64 below = vigil_fake_dentry(t->f, t->usr, "bin/tool");

	expect(test, "/memfd:/usr/bin/tool", alone, t->f->root_mount);
	KUNIT_EXPECT_EQ(test, -EAGAIN,
			path_of(t, below, t->f->root_mount, sizeof(t->buf)));
	KUNIT_EXPECT_STREQ(test, "", t->buf);
}

/* The longest names that there are. */
static void test_long_names(struct kunit *test)
{
	struct path_test *t = test->priv;
	u64 dentry = t->f->root_dentry;
	char name[256];

	memset(name, '\xf0', 255);
	name[255] = '\0';
	for (unsigned int i = 0; i < 3; i++) {
		name[0] = 'a' + i;
		dentry = vigil_fake_dentry(t->f, dentry, name);
		strcat(t->expected, "/");
		strcat(t->expected, name);
		expect(test, t->expected, dentry, t->f->root_mount);
	}
	/* 1024 bytes are not enough for four. */
	dentry = vigil_fake_dentry(t->f, dentry, name);
	KUNIT_EXPECT_EQ(test, 0,
			path_of(t, dentry, t->f->root_mount, sizeof(t->buf)));
	KUNIT_EXPECT_EQ(test, 3 + 3 * 256, strlen(t->buf));
	KUNIT_EXPECT_TRUE(test, strstarts(t->buf, ".../b"));
}

/* vfat's and FUSE's are longer than those of other file systems. */
static void test_overlong_names(struct kunit *test)
{
	static const u32 lens[] = { 256, 765, 1024, 4095 };
	struct path_test *t = test->priv;

	for (unsigned int i = 0; i < ARRAY_SIZE(lens); i++) {
		vigil_fake_set32(t->f, t->bin, F(DENTRY_NAME_LEN), lens[i]);
		expect(test, ".../tool", t->tool, t->f->root_mount);
		expect(test, "...", t->bin, t->f->root_mount);
		expect(test, "/usr", t->usr, t->f->root_mount);
	}
	KUNIT_EXPECT_EQ(test, 0, t->f->lx.reread);
}

/* As many components as fit, and no step more than they need. */
static void test_deep(struct kunit *test)
{
	struct path_test *t = test->priv;
	u64 dentry = t->f->root_dentry;

	for (unsigned int i = 0; i < 510; i++)
		dentry = vigil_fake_dentry(t->f, dentry, "d");
	for (unsigned int i = 0; i < 1020; i++)
		t->expected[i] = i % 2 ? 'd' : '/';
	t->f->reads = 0;
	expect(test, t->expected, dentry, t->f->root_mount);
	KUNIT_EXPECT_LE(test, t->f->reads, 510 * 3 + 16);
}

struct rename_case {
	const char *name;
	u32 field;
	const char *path;
};

static const struct rename_case rename_cases[] = {
	{ "length", F(DENTRY_NAME_LEN), "/usr/long" },
	{ "name", F(DENTRY_NAME), "/usr/otherwise" },
	{ "parent", F(DENTRY_PARENT), "/otherwise/long name" },
};

KUNIT_ARRAY_PARAM_DESC(rename, rename_cases, name);

static struct {
	u64 dentry;
	u64 text;
	u64 value;
	u32 field;
	unsigned int left;
} renaming;

static void rename_it(struct vigil_fake *f, u64 gpa)
{
	if (gpa != renaming.text - FAKE_DIRECT || !renaming.left)
		return;
	renaming.left--;
	if (renaming.field == F(DENTRY_NAME_LEN))
		vigil_fake_set32(f, renaming.dentry, renaming.field, 4);
	else
		vigil_fake_set64(f, renaming.dentry, renaming.field,
				 renaming.value);
}

/* What is renamed while its name is being read has the new one. */
static void test_rename(struct kunit *test)
{
	const struct rename_case *c = test->param_value;
	struct path_test *t = test->priv;
	u64 other = vigil_fake_dentry(t->f, t->f->root_dentry, "otherwise");
	u64 dentry = vigil_fake_dentry(t->f, t->usr, "long name");

	vigil_linux_u64(&t->f->lx, dentry, F(DENTRY_NAME), &renaming.text);
	renaming.dentry = dentry;
	renaming.field = c->field;
	renaming.value = other;
	if (c->field == F(DENTRY_NAME))
		vigil_linux_u64(&t->f->lx, other, F(DENTRY_NAME),
				&renaming.value);
	renaming.left = 1;
	t->f->before_read = rename_it;
	expect(test, c->path, dentry, t->f->root_mount);
	KUNIT_EXPECT_EQ(test, 1, t->f->lx.reread);
	KUNIT_EXPECT_EQ(test, 0, renaming.left);
}

static void test_deleted(struct kunit *test)
{
	struct path_test *t = test->priv;
	struct vigil_fake *f = t->f;
	u64 file = vigil_fake_file(f, t->tool, f->root_mount, f->super, 0);

	KUNIT_EXPECT_TRUE(test, vigil_linux_file_is_deleted(&f->lx, file));
	file = vigil_fake_file(f, t->tool, f->root_mount, f->super, 1);
	KUNIT_EXPECT_FALSE(test, vigil_linux_file_is_deleted(&f->lx, file));
	/* Whether it is can't be told. */
	vigil_fake_set64(f, file, F(FILE_INODE), 0);
	KUNIT_EXPECT_FALSE(test, vigil_linux_file_is_deleted(&f->lx, file));
	KUNIT_EXPECT_FALSE(test, vigil_linux_file_is_deleted(&f->lx, 0));
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
	KUNIT_EXPECT_LE(test, t->f->reads, 512 * 3 + 16);
}

/*
 * Mounts that are mounted on each other add no name, and never end.  As many as
 * nobody needs can be an honest guest's.
 */
static void test_mount_cycle(struct kunit *test)
{
	struct path_test *t = test->priv;
	u64 root = vigil_fake_dentry(t->f, 0, "/");
	u64 a = vigil_fake_mount(t->f, root, 0, 0);
	u64 b = vigil_fake_mount(t->f, root, a, root);

	vigil_fake_set64(t->f, a, F(MOUNT_PARENT), b);
	t->f->reads = 0;
	expect(test, "...", root, a);
	KUNIT_EXPECT_LE(test, t->f->reads, 1024 * 2 + 100);
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
	{ "name too long", F(DENTRY_NAME_LEN), 4096, true },
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
	KUNIT_CASE(test_namespace),
	KUNIT_CASE(test_disconnected),
	KUNIT_CASE(test_stacked_mounts),
	KUNIT_CASE(test_hostile_name),
	KUNIT_CASE(test_slash),
	KUNIT_CASE(test_long_names),
	KUNIT_CASE(test_overlong_names),
	KUNIT_CASE(test_deep),
	KUNIT_CASE_PARAM(test_rename, rename_gen_params),
	KUNIT_CASE(test_deleted),
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
