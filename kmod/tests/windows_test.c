// SPDX-License-Identifier: GPL-2.0
/*
 * Windows guests: processes as they are, lists that are none, and the proof of a
 * profile.
 */

#include <linux/sizes.h>

#include "tests/fake_windows.h"

#define F(name)	VIGIL_WINDOWS_FIELD_##name

struct windows_test {
	struct vigil_fake_windows *w;
	u64 one;
	u64 one_table;
	u64 one_user;
	u64 two;
};

static struct windows_test *make_guest(struct kunit *test, unsigned int levels)
{
	struct windows_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	struct vigil_fake_windows *w;

	KUNIT_ASSERT_NOT_NULL(test, t);
	w = vigil_fake_windows(test, levels);
	t->w = w;
	t->one_table = vigil_fake_win_table(w);
	t->one_user = vigil_fake_table(w->f);
	t->one = vigil_fake_win_process(w, 404, "smss.exe", t->one_table | 2);
	vigil_fake_win_set64(w, t->one, F(KPROCESS_USER_DIRECTORY_TABLE_BASE),
			     t->one_user | 1);
	t->two = vigil_fake_win_process(w, 408, "a_name_of_15byt",
					vigil_fake_win_table(w));
	vigil_fake_win_link(w, (u64[]){ w->system, t->one, t->two }, 3);
	return t;
}

static int windows_init(struct kunit *test)
{
	test->priv = make_guest(test, 4);
	return 0;
}

/* --- processes ------------------------------------------------------------ */

static int next(struct windows_test *t, u64 *cursor,
		struct vigil_win_process *p)
{
	vigil_space_flush(&t->w->win.kernel);
	return vigil_windows_next_process(&t->w->win, cursor, p);
}

static void test_list(struct kunit *test)
{
	struct windows_test *t = test->priv;
	struct vigil_win_process p;
	u64 cursor = 0;

	KUNIT_ASSERT_EQ(test, 0, next(t, &cursor, &p));
	KUNIT_EXPECT_EQ(test, 4, p.pid);
	KUNIT_EXPECT_EQ(test, 0, p.ppid);
	KUNIT_EXPECT_STREQ(test, "System", p.name);
	KUNIT_EXPECT_EQ(test, t->w->root | 2, p.cr3);
	KUNIT_EXPECT_EQ(test, 0, p.user_cr3);
	KUNIT_ASSERT_EQ(test, 0, next(t, &cursor, &p));
	KUNIT_EXPECT_EQ(test, t->one, p.eprocess);
	KUNIT_EXPECT_EQ(test, 404, p.pid);
	KUNIT_EXPECT_EQ(test, 400, p.ppid);
	KUNIT_EXPECT_EQ(test, t->one_table | 2, p.cr3);
	KUNIT_EXPECT_EQ(test, t->one_user | 1, p.user_cr3);
	KUNIT_EXPECT_EQ(test, 132000000000000404, p.create_time);
	KUNIT_EXPECT_EQ(test, VIGIL_WIN_HAS_ADDRESS_SPACE, p.flags);
	KUNIT_ASSERT_EQ(test, 0, next(t, &cursor, &p));
	KUNIT_EXPECT_STREQ(test, "a_name_of_15byt", p.name);
	KUNIT_EXPECT_EQ(test, -ENOENT, next(t, &cursor, &p));
	KUNIT_EXPECT_EQ(test, t->two, cursor);
}

static void test_list_ends(struct kunit *test)
{
	struct windows_test *t = test->priv;
	const u64 links = t->w->f->profile.field[F(EPROCESS_ACTIVE_PROCESS_LINKS)];
	u64 ends[2];

	KUNIT_ASSERT_EQ(test, 0, vigil_windows_list_ends(&t->w->win, ends));
	KUNIT_EXPECT_EQ(test, t->w->system + links, ends[0]);
	KUNIT_EXPECT_EQ(test, t->two + links, ends[1]);
}

static void test_flags(struct kunit *test)
{
	struct windows_test *t = test->priv;
	struct vigil_win_process p;

	/* Without a place in the build ProcessDelete is no flag. */
	vigil_fake_win_set32(t->w, t->one, F(EPROCESS_FLAGS), ~0U);
	KUNIT_ASSERT_EQ(test, 0,
			vigil_windows_read_process(&t->w->win, t->one, &p));
	KUNIT_EXPECT_EQ(test, VIGIL_WIN_EXITING | VIGIL_WIN_VM_DELETED |
			VIGIL_WIN_OUTSWAPPED | VIGIL_WIN_HAS_ADDRESS_SPACE,
			p.flags);
	KUNIT_EXPECT_FALSE(test, vigil_windows_has_tables(&p));
	vigil_fake_win_set32(t->w, t->one, F(EPROCESS_FLAGS),
			     FAKE_FLAG_EXITING);
	KUNIT_ASSERT_EQ(test, 0,
			vigil_windows_read_process(&t->w->win, t->one, &p));
	KUNIT_EXPECT_EQ(test, VIGIL_WIN_EXITING, p.flags);
	KUNIT_EXPECT_TRUE(test, vigil_windows_has_tables(&p));
}

/* Which value of UserDirectoryTableBase is a table of its own? */
static void test_user_cr3(struct kunit *test)
{
	struct windows_test *t = test->priv;
	const struct { u64 value, expected; } cases[] = {
		{ 0, 0 }, { 1, 0 }, { 0xfff, 0 },
		{ t->one_table | 1, 0 },
		{ t->one_user | 3, t->one_user | 3 },
		{ BIT_ULL(63) | t->one_user, BIT_ULL(63) | t->one_user },
	};
	struct vigil_win_process p;

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		vigil_fake_win_set64(t->w, t->one,
				     F(KPROCESS_USER_DIRECTORY_TABLE_BASE),
				     cases[i].value);
		KUNIT_ASSERT_EQ(test, 0,
				vigil_windows_read_process(&t->w->win, t->one,
							   &p));
		KUNIT_EXPECT_EQ(test, cases[i].expected, p.user_cr3);
	}
	t->w->f->profile.field[F(KVA_SHADOW)] = 0;
	KUNIT_ASSERT_EQ(test, 0,
			vigil_windows_read_process(&t->w->win, t->one, &p));
	KUNIT_EXPECT_EQ(test, 0, p.user_cr3);
}

/* As it is: user space escapes. */
static void test_hostile_name(struct kunit *test)
{
	struct windows_test *t = test->priv;
	struct vigil_win_process p;

	vigil_fake_win_put(t->w, t->one +
			   t->w->f->profile.field[F(EPROCESS_IMAGE_FILE_NAME)],
			   "\033]0;\177\nx\xff\0", 10);
	KUNIT_ASSERT_EQ(test, 0,
			vigil_windows_read_process(&t->w->win, t->one, &p));
	KUNIT_EXPECT_STREQ(test, "\033]0;\177\nx\xff", p.name);
}

static void test_self_map(struct kunit *test)
{
	struct windows_test *t = test->priv;
	u64 entry;

	KUNIT_ASSERT_EQ(test, 0, vigil_windows_self_map(&t->w->win,
							t->one_table | 0x18,
							&entry));
	KUNIT_EXPECT_EQ(test, t->one_table | FAKE_PTE_P | FAKE_PTE_W |
			FAKE_PTE_NX, entry);
	KUNIT_EXPECT_EQ(test, -EFAULT,
			vigil_windows_self_map(&t->w->win, SZ_1G, &entry));
}

/* --- lists that are none --------------------------------------------------- */

struct bad_link {
	const char *name;
	u64 value;
	int err;
};

static const struct bad_link bad_links[] = {
	{ "null", 0, -EUCLEAN },
	{ "user memory", 0x7ff000001000, -EUCLEAN },
	{ "misaligned", FAKE_POOL + 0x8000003, -EUCLEAN },
	{ "not canonical", 0x8000000000001000, -EUCLEAN },
	{ "not mapped", 0xffffb00000000000, -EFAULT },
	{ "no memory", FAKE_POOL + 0x30000000, -EFAULT },
	{ "an error pointer", -24, -EUCLEAN },
	{ "at the end of the address space", 0xfffffffffffff000, -EUCLEAN },
	/* Back to the head, which knows another one before it. */
	{ "too short", FAKE_NT_HEAD, -EAGAIN },
};

KUNIT_ARRAY_PARAM_DESC(bad_link, bad_links, name);

static void test_bad_link(struct kunit *test)
{
	const struct bad_link *c = test->param_value;
	struct windows_test *t = test->priv;
	struct vigil_win_process p;
	u64 cursor = 0;

	vigil_fake_win_set64(t->w, t->one, F(EPROCESS_ACTIVE_PROCESS_LINKS),
			     c->value);
	KUNIT_ASSERT_EQ(test, 0, next(t, &cursor, &p));
	KUNIT_ASSERT_EQ(test, 0, next(t, &cursor, &p));
	KUNIT_EXPECT_EQ(test, c->err, next(t, &cursor, &p));
	KUNIT_EXPECT_EQ(test, t->one, cursor);
}

/* Round and round behind the head: the backward links don't agree. */
static void test_cycle(struct kunit *test)
{
	struct windows_test *t = test->priv;
	const u64 links = t->w->f->profile.field[F(EPROCESS_ACTIVE_PROCESS_LINKS)];
	struct vigil_win_process p;
	unsigned int told = 0;
	u64 cursor = 0;

	vigil_fake_win_put64(t->w, t->two + links, t->one + links);
	while (!next(t, &cursor, &p))
		KUNIT_ASSERT_LE(test, ++told, 3);
	KUNIT_EXPECT_EQ(test, 3, told);
	KUNIT_EXPECT_EQ(test, -EAGAIN, next(t, &cursor, &p));
}

/* A process leaves while it is being looked at; the second look finds it gone. */
static void unlink_two(struct vigil_fake *f, u64 gpa)
{
	struct windows_test *t = f->test->priv;

	if (f->reads < 10)
		return;
	f->before_read = NULL;
	vigil_fake_win_link(t->w, (u64[]){ t->w->system, t->one }, 2);
}

static void test_race(struct kunit *test)
{
	struct windows_test *t = test->priv;
	const u64 links = t->w->f->profile.field[F(EPROCESS_ACTIVE_PROCESS_LINKS)];
	struct vigil_win_process p;
	u64 cursor = t->one;

	/* Half linked, until it has been looked at a few times. */
	vigil_fake_win_put64(t->w, FAKE_NT_HEAD + 8, t->one + links);
	vigil_fake_win_put64(t->w, t->two + links + 8, 0);
	t->w->f->before_read = unlink_two;
	KUNIT_EXPECT_EQ(test, -ENOENT, next(t, &cursor, &p));
	KUNIT_EXPECT_GT(test, t->w->win.reread, 0);
}

/* --- the current process --------------------------------------------------- */

static void test_current(struct kunit *test)
{
	struct windows_test *t = test->priv;
	struct vigil_cpu *cpu = &t->w->f->cpu;
	struct vigil_win_process p;

	KUNIT_ASSERT_EQ(test, 0, vigil_windows_current(&t->w->win, cpu, &p));
	KUNIT_EXPECT_EQ(test, 4, p.pid);
	/* User mode, on either of its tables. */
	vigil_fake_win_run(t->w, t->one, t->one_user | 1, 3);
	KUNIT_ASSERT_EQ(test, 0, vigil_windows_current(&t->w->win, cpu, &p));
	KUNIT_EXPECT_EQ(test, 404, p.pid);
	vigil_fake_win_run(t->w, t->one, t->one_table | 2, 3);
	KUNIT_EXPECT_EQ(test, 0, vigil_windows_current(&t->w->win, cpu, &p));
	/* ... but not on another's. */
	vigil_fake_win_run(t->w, t->one, t->w->root, 3);
	KUNIT_EXPECT_EQ(test, -EUCLEAN,
			vigil_windows_current(&t->w->win, cpu, &p));
	/* In the kernel it may be. */
	vigil_fake_win_run(t->w, t->one, t->w->root, 0);
	KUNIT_EXPECT_EQ(test, 0, vigil_windows_current(&t->w->win, cpu, &p));
	/* Before SWAPGS. */
	swap(cpu->gs_base, cpu->kernel_gs_base);
	KUNIT_EXPECT_EQ(test, 0, vigil_windows_current(&t->w->win, cpu, &p));
	cpu->kernel_gs_base = FAKE_POOL + 4;
	KUNIT_EXPECT_NE(test, 0, vigil_windows_current(&t->w->win, cpu, &p));
}

static void test_module_at(struct kunit *test)
{
	struct windows_test *t = test->priv;

	KUNIT_EXPECT_STREQ(test, "ntoskrnl.exe",
			   vigil_windows_module_at(&t->w->win, FAKE_NT));
	KUNIT_EXPECT_NOT_NULL(test,
			      vigil_windows_module_at(&t->w->win, FAKE_NT +
						      FAKE_NT_SIZE - 1));
	KUNIT_EXPECT_NULL(test, vigil_windows_module_at(&t->w->win,
							FAKE_NT - 1));
	KUNIT_EXPECT_NULL(test, vigil_windows_module_at(&t->w->win, FAKE_NT +
							FAKE_NT_SIZE));
}

/* --- the proof ------------------------------------------------------------- */

static void expect(struct kunit *test, struct windows_test *t,
		   const char *failure)
{
	struct vigil_fake *f = t->w->f;
	const char *why;
	int err;

	vigil_windows_init(&t->w->win, &f->profile, &f->gm, t->w->levels);
	err = vigil_windows_prove_kernel(&t->w->win, &f->cpu, &why);
	if (!err)
		err = vigil_windows_prove_current(&t->w->win, &f->cpu, &why);
	KUNIT_EXPECT_EQ(test, failure ? -ENODATA : 0, err);
	if (failure)
		KUNIT_EXPECT_STREQ(test, failure, why);
	else
		KUNIT_EXPECT_NULL(test, why);
}

static void test_proof(struct kunit *test)
{
	struct windows_test *t = test->priv;

	expect(test, t, NULL);
	vigil_fake_win_run(t->w, t->one, t->one_user | 1, 3);
	expect(test, t, NULL);
	/* On the way in, on the table of user mode. */
	vigil_fake_win_run(t->w, t->one, t->one_user | 1, 0);
	expect(test, t, NULL);
	/* Between two processes. */
	vigil_fake_win_run(t->w, t->w->system, t->one_table, 0);
	expect(test, t, NULL);
	/* The table of user mode of another process. */
	vigil_fake_win_run(t->w, t->w->system, t->one_user, 0);
	expect(test, t, "the loaded page tables don't map this kernel");
	vigil_fake_win_run(t->w, t->two, t->one_user, 3);
	expect(test, t, "the current process's page table isn't the loaded one");
	vigil_fake_win_run(t->w, 0, t->w->root, 0);
	expect(test, t, "the current process can't be read");
}

static int prove_same(struct windows_test *t, const char **why)
{
	struct vigil_fake *f = t->w->f;

	vigil_windows_init(&t->w->win, &f->profile, &f->gm, t->w->levels);
	return vigil_windows_prove_same(&t->w->win, &f->cpu, why);
}

/* A guest whose list was broken is the same, one with another kernel isn't. */
static void test_same(struct kunit *test)
{
	struct windows_test *t = test->priv;
	const char *why;

	KUNIT_EXPECT_EQ(test, 0, prove_same(t, &why));
	t->w->f->profile.field[F(PS_ACTIVE_PROCESS_HEAD)] += 16;
	expect(test, t, "the list of processes can't be read");
	KUNIT_EXPECT_EQ(test, 0, prove_same(t, &why));
	KUNIT_EXPECT_NULL(test, why);
	t->w->f->profile.field[F(SELF_MAP_SLOT)]++;
	KUNIT_EXPECT_EQ(test, -ENODATA, prove_same(t, &why));
	t->w->f->profile.field[F(SELF_MAP_SLOT)]--;
	t->w->f->profile.field[F(KERNEL_SIZE)] += SZ_4K;
	KUNIT_EXPECT_EQ(test, -ENODATA, prove_same(t, &why));
	KUNIT_EXPECT_STREQ(test, "the image isn't of kernel-size", why);
}

static void test_5_levels(struct kunit *test)
{
	struct windows_test *t = make_guest(test, 5);

	test->priv = t;
	expect(test, t, NULL);
	t->w->f->cpu.cr4 = 0;
	expect(test, t, "the vCPU uses another depth of page tables");
	t->w->f->cpu.efer = 0;
	expect(test, t, "the vCPU isn't in long mode yet");
}

struct wrong_field {
	const char *name;
	u32 field;
	u64 value;
	const char *why;
};

static const struct wrong_field wrong_fields[] = {
	{ "kernel elsewhere", F(KERNEL_BASE), FAKE_NT + SZ_2M,
	  "kernel-root doesn't map kernel-base" },
	{ "no image", F(KERNEL_BASE), FAKE_NT + SZ_4K,
	  "kernel-base is no image" },
	{ "another size", F(KERNEL_SIZE), FAKE_NT_SIZE + SZ_4K,
	  "the image isn't of kernel-size" },
	{ "root elsewhere", F(KERNEL_ROOT), SZ_4K,
	  "kernel-root doesn't map kernel-base" },
	{ "head elsewhere", F(PS_ACTIVE_PROCESS_HEAD), FAKE_NT_HEAD + 16,
	  "the list of processes can't be read" },
	{ "pid is another field", F(EPROCESS_UNIQUE_PROCESS_ID), 112,
	  "the first process isn't System with pid 4" },
	{ "name is another field", F(EPROCESS_IMAGE_FILE_NAME), 130,
	  "the first process isn't System with pid 4" },
	{ "links are another field", F(EPROCESS_ACTIVE_PROCESS_LINKS), 96,
	  "the first process isn't System with pid 4" },
	{ "table is another field", F(KPROCESS_DIRECTORY_TABLE_BASE), 72,
	  "System's page table isn't kernel-root" },
	{ "another slot", F(SELF_MAP_SLOT), FAKE_SLOT + 1,
	  "System's self-map-slot doesn't point to its own table" },
	{ "current thread elsewhere", F(KPRCB_CURRENT_THREAD), 16,
	  "the current process can't be read" },
};

KUNIT_ARRAY_PARAM_DESC(wrong, wrong_fields, name);

static void test_wrong_field(struct kunit *test)
{
	const struct wrong_field *c = test->param_value;
	struct windows_test *t = test->priv;

	t->w->f->profile.field[c->field] = c->value;
	expect(test, t, c->why);
}

static void test_other_build(struct kunit *test)
{
	struct windows_test *t = test->priv;
	char *banner = t->w->f->profile.banner;

	/* The age alone. */
	banner[strlen(banner) - 1] = '3';
	expect(test, t, "the banner is of another build");
	banner[2] = '\0';
	expect(test, t, "the banner is of another build");
}

/* What an attack does to a process is no reason not to find it. */
static void test_attacked(struct kunit *test)
{
	struct windows_test *t = test->priv;

	vigil_fake_win_slot(t->w, t->one_table, t->one_table | FAKE_PTE_P |
			    FAKE_PTE_U);
	vigil_fake_win_slot(t->w, t->w->root, t->w->root | FAKE_PTE_P |
			    FAKE_PTE_U);
	expect(test, t, NULL);
	vigil_fake_win_slot(t->w, t->one_table, 0);
	expect(test, t, NULL);
	vigil_fake_win_slot(t->w, t->w->root, t->one_table | FAKE_PTE_P);
	expect(test, t, "System's self-map-slot doesn't point to its own table");
}

/* --- headers of the image -------------------------------------------------- */

struct bad_image {
	const char *name;
	u32 at;
	u32 value;
};

static const struct bad_image bad_images[] = {
	{ "no MZ", 0, 0x5a4e },
	{ "headers outside the first page", 0x3c, 0xfffffff0 },
	{ "no PE", 0xf8, 0x4551 },
	{ "another machine", 0xfc, 0x014c },
	{ "32 bits", 0x110, 0x10b },
	{ "debug directory outside", 0x1b0, 0xfffff000 },
	{ "debug directory too large", 0x1b4, 0xffffffff },
	{ "no debug directory", 0x1b4, 0 },
	{ "no CodeView in it", 0x2028, 3 },
	{ "CodeView outside", 0x2030, 0x1ffff0 },
	{ "CodeView of another kind", 0x2100, 0x3031424e },
};

KUNIT_ARRAY_PARAM_DESC(bad_image, bad_images, name);

static void test_bad_image(struct kunit *test)
{
	const struct bad_image *c = test->param_value;
	struct windows_test *t = test->priv;

	vigil_fake_win_put(t->w, FAKE_NT + c->at, &c->value, sizeof(c->value));
	expect(test, t, "kernel-base is no image");
}

static void test_time(struct kunit *test)
{
	const u64 epoch = 116444736000000000ULL;

	KUNIT_EXPECT_EQ(test, 0, vigil_windows_time(epoch));
	KUNIT_EXPECT_EQ(test, 100, vigil_windows_time(epoch + 1));
	/* 2020-01-01 */
	KUNIT_EXPECT_EQ(test, 1577836800000000000ULL,
			vigil_windows_time(132223104000000000ULL));
	/* Before 1970, and what doesn't fit. */
	KUNIT_EXPECT_EQ(test, 0, vigil_windows_time(epoch - 1));
	KUNIT_EXPECT_EQ(test, 0, vigil_windows_time(0));
	KUNIT_EXPECT_EQ(test, 0, vigil_windows_time(U64_MAX));
	KUNIT_EXPECT_EQ(test, U64_MAX / 100 * 100,
			vigil_windows_time(epoch + U64_MAX / 100));
}

static struct kunit_case windows_cases[] = {
	KUNIT_CASE(test_list),
	KUNIT_CASE(test_list_ends),
	KUNIT_CASE(test_flags),
	KUNIT_CASE(test_user_cr3),
	KUNIT_CASE(test_hostile_name),
	KUNIT_CASE(test_self_map),
	KUNIT_CASE_PARAM(test_bad_link, bad_link_gen_params),
	KUNIT_CASE(test_cycle),
	KUNIT_CASE(test_race),
	KUNIT_CASE(test_current),
	KUNIT_CASE(test_module_at),
	KUNIT_CASE(test_proof),
	KUNIT_CASE(test_same),
	KUNIT_CASE(test_5_levels),
	KUNIT_CASE_PARAM(test_wrong_field, wrong_gen_params),
	KUNIT_CASE(test_other_build),
	KUNIT_CASE(test_attacked),
	KUNIT_CASE_PARAM(test_bad_image, bad_image_gen_params),
	KUNIT_CASE(test_time),
	{}
};

static struct kunit_suite windows_suite = {
	.name = "vigil_windows",
	.init = windows_init,
	.test_cases = windows_cases,
};

kunit_test_suite(windows_suite);
