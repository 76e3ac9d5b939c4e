// SPDX-License-Identifier: GPL-2.0
/*
 * The proof of a profile: it holds for the guest that it was made from, at any
 * moment, and each condition fails when it is violated.
 */

#include <linux/sizes.h>

#include "tests/fake.h"

#define F(name)	VIGIL_PROFILE_FIELD_##name

#define CODE	0x400000ULL
#define STORM_TASKS	12

struct prove_test {
	struct vigil_fake *f;
	u64 init;
	u64 one;
	u64 mm;
	u64 leaf;
	/* Of a storm: the list, and how often its hook was called. */
	u64 tasks[STORM_TASKS + 1];
	unsigned int first;
	unsigned int reads;
};

/* One mapping, the program's. */
static void map_program(struct prove_test *t)
{
	struct vigil_fake *f = t->f;
	u64 vma = vigil_fake_vma(f, &(struct vigil_vma){
		.start = CODE, .end = CODE + SZ_4K, .mm = t->mm,
		.flags = VIGIL_VM_READ | VIGIL_VM_EXEC, .ops = FAKE_FILE_OPS,
		.file = vigil_fake_file(f, f->root_dentry, f->root_mount,
					f->super, 1),
	});

	t->leaf = vigil_fake_alloc(f, 256);
	vigil_fake_put64(f, t->leaf, 0x100);
	vigil_fake_put64(f, t->leaf + 8, CODE - 1);
	vigil_fake_put64(f, t->leaf + 16, CODE + SZ_4K - 1);
	vigil_fake_put64(f, t->leaf + 8 * 17, vma);
	vigil_fake_put64(f, t->leaf + 8 * 31, 2);
	vigil_fake_set64(f, t->mm + f->profile.field[F(MM_MT)], F(MT_ROOT),
			 t->leaf | 1 << 3 | 2);
	vigil_fake_set64(f, t->mm, F(MM_START_CODE), CODE);
}

static int prove_init(struct kunit *test)
{
	struct prove_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	struct vigil_fake *f;
	struct vigil_pte_walk walk;
	u64 pgd;

	if (!t)
		return -ENOMEM;
	f = vigil_fake_linux(test);
	t->f = f;
	t->init = f->profile.field[F(SYM_INIT_TASK)];
	t->mm = vigil_fake_mm(f);
	t->one = vigil_fake_task(f, 1, "init", t->mm);
	vigil_fake_link(f, (u64[]){ t->init, t->one }, 2);
	map_program(t);

	/* It runs, in user mode. */
	vigil_fake_set64(f, f->cpu.kernel_gs_base, F(PERCPU_CURRENT), t->one);
	vigil_virt_read(&f->lx.kernel, t->mm + f->profile.field[F(MM_PGD)],
			&pgd, sizeof(pgd));
	KUNIT_ASSERT_EQ(test, 0, vigil_walk(&f->lx.kernel, pgd, &walk));
	f->cpu.cr3 = walk.gpa;
	test->priv = t;
	return 0;
}

static int prove(struct prove_test *t, const char **why)
{
	int err;

	vigil_linux_init(&t->f->lx, &t->f->profile, &t->f->gm, 4);
	err = vigil_linux_prove_kernel(&t->f->lx, &t->f->cpu, why);
	if (err)
		return err;
	return vigil_linux_prove_current(&t->f->lx, &t->f->cpu, why);
}

static void expect(struct kunit *test, const char *failure)
{
	const char *why;

	KUNIT_EXPECT_EQ(test, failure ? -ENODATA : 0, prove(test->priv, &why));
	if (failure)
		KUNIT_EXPECT_STREQ(test, failure, why);
	else
		KUNIT_EXPECT_NULL(test, why);
}

static void test_user_mode(struct kunit *test)
{
	expect(test, NULL);
}

static void enter_kernel(struct prove_test *t)
{
	t->f->cpu.cpl = 0;
	swap(t->f->cpu.gs_base, t->f->cpu.kernel_gs_base);
}

/* In a system call; before SWAPGS; idle, in another process's address space. */
static void test_kernel_mode(struct kunit *test)
{
	struct prove_test *t = test->priv;
	u64 kernel_gs = t->f->cpu.kernel_gs_base;

	enter_kernel(t);
	expect(test, NULL);
	t->f->cpu.gs_base = 0x7f0000001000;
	t->f->cpu.kernel_gs_base = kernel_gs;
	expect(test, NULL);
	vigil_fake_set64(t->f, kernel_gs, F(PERCPU_CURRENT), t->init);
	expect(test, NULL);
}

/* The entry code of PTI: kernel mode on the table of user mode. */
static void test_kernel_entry(struct kunit *test)
{
	struct prove_test *t = test->priv;

	t->f->next_table = ALIGN(t->f->next_table, SZ_8K);
	t->mm = vigil_fake_mm(t->f);
	map_program(t);
	vigil_fake_set64(t->f, t->one, F(TASK_MM), t->mm);
	vigil_fake_write(t->f, t->f->next_table - SZ_8K, "", 1);
	vigil_virt_read(&t->f->lx.kernel,
			t->mm + t->f->profile.field[F(MM_PGD)], &t->f->cpu.cr3,
			8);
	t->f->cpu.cr3 = (t->f->cpu.cr3 - FAKE_DIRECT) | SZ_4K;
	enter_kernel(t);
	expect(test, NULL);
}

/* Before the first exec pid 1 is a kernel thread; in exec it has no code. */
static void test_early(struct kunit *test)
{
	struct prove_test *t = test->priv;

	enter_kernel(t);
	vigil_fake_set64(t->f, t->mm, F(MM_START_CODE), 0);
	expect(test, NULL);
	vigil_fake_set64(t->f, t->one, F(TASK_MM), 0);
	vigil_fake_set32(t->f, t->one, F(TASK_FLAGS), VIGIL_PF_KTHREAD);
	expect(test, NULL);
	/* Without SMP. */
	vigil_fake_put(t->f, t->init + t->f->profile.field[F(TASK_COMM)],
		       "swapper", 8);
	expect(test, NULL);
}

static void test_not_running(struct kunit *test)
{
	struct prove_test *t = test->priv;

	t->f->cpu.cr4 = X86_CR4_LA57;
	expect(test, "the vCPU uses another depth of page tables");
	t->f->cpu.efer = 0;
	expect(test, "the vCPU isn't in long mode yet");
}

struct wrong_field {
	const char *name;
	u32 field;
	u64 value;
	const char *why;
};

static const struct wrong_field wrong_fields[] = {
	{ "kernel elsewhere", F(SYM_STEXT), FAKE_TEXT + SZ_2M,
	  "kernel-root doesn't map sym-stext" },
	{ "root elsewhere", F(KERNEL_ROOT), SZ_4K,
	  "kernel-root doesn't map sym-stext" },
	{ "text that is data", F(SYM_STEXT), FAKE_DATA,
	  "sym-stext isn't kernel text" },
	{ "uts elsewhere", F(SYM_INIT_UTS_NS), FAKE_DATA + 0x7000,
	  "init_uts_ns has no release" },
	{ "init_mm elsewhere", F(SYM_INIT_MM), FAKE_DATA + 0x5000,
	  "init_mm can't be read" },
	{ "pgd not in data", F(SYM_EDATA), FAKE_DATA + 0x8,
	  "init_mm's pgd isn't in the kernel's data" },
	{ "no list", F(MM_MMLIST), 208, "init_mm's mmlist is no list" },
	{ "other end", F(SYM_ETEXT), FAKE_TEXT + 0x1000,
	  "init_mm's end_code isn't sym-etext" },
	{ "start_code is another field", F(MM_START_CODE), 128,
	  "init_mm's start_code isn't sym-stext" },
	{ "start_data is another field", F(MM_START_DATA), 128,
	  "init_mm's start_data isn't sym-sdata" },
	{ "end_data is another field", F(MM_END_DATA), 128,
	  "init_mm's end_data isn't in the kernel's data" },
	{ "pid is another field", F(TASK_PID), 132, "init_task can't be read" },
	{ "comm is another field", F(TASK_COMM), 120,
	  "init_task isn't named swapper" },
	{ "flags are another field", F(TASK_FLAGS), 120,
	  "init_task isn't a kernel thread" },
	{ "self_exec_id is another field", F(TASK_SELF_EXEC_ID), 200,
	  "init_task called exec" },
	{ "self_exec_id is nothing", F(TASK_SELF_EXEC_ID), 252,
	  "a process's program was executed by nobody" },
	{ "tasks is another field", F(TASK_TASKS), 96,
	  "the list of processes can't be walked" },
	{ "tree elsewhere", F(MT_ROOT), 0,
	  "a process's program isn't found in its mappings" },
	{ "mappings of another layout", F(VMA_MM), 24,
	  "a process's program isn't found in its mappings" },
	{ "files of another layout", F(INODE_SB), 200,
	  "a process's program isn't found in its mappings" },
	{ "current elsewhere", F(PERCPU_CURRENT), 0x48,
	  "the current task's mm isn't the loaded one" },
};

KUNIT_ARRAY_PARAM_DESC(wrong, wrong_fields, name);

static void test_wrong_field(struct kunit *test)
{
	const struct wrong_field *c = test->param_value;
	struct prove_test *t = test->priv;

	t->f->profile.field[c->field] = c->value;
	expect(test, c->why);
}

static void test_other_kernel(struct kunit *test)
{
	struct prove_test *t = test->priv;
	const u64 uts = FAKE_DATA + 0x6000 + t->f->profile.field[F(UTS_NAME)];

	vigil_fake_put(t->f, uts + 3 * 65, "#2 SMP Fake 6.12.0-1 (2025)", 28);
	expect(test, "the banner is of another build");
	vigil_fake_put(t->f, uts + 2 * 65, "6.13.0-fake", 12);
	expect(test, "the banner is of another release");
}

static void test_init_pgd(struct kunit *test)
{
	struct prove_test *t = test->priv;

	vigil_fake_set64(t->f, t->f->profile.field[F(SYM_INIT_MM)], F(MM_PGD),
			 FAKE_DATA + 0x9000);
	expect(test, "init_mm's pgd isn't kernel-root");
}

static void test_tasks(struct kunit *test)
{
	struct prove_test *t = test->priv;

	vigil_fake_set32(t->f, t->one, F(TASK_PID), 2);
	vigil_fake_set32(t->f, t->one, F(TASK_TGID), 2);
	expect(test, "the first process isn't pid 1");
	vigil_fake_link(t->f, &t->init, 1);
	expect(test, "the list of processes can't be walked");
	vigil_fake_set32(t->f, t->init, F(TASK_PID), 1);
	vigil_fake_set32(t->f, t->init, F(TASK_TGID), 1);
	expect(test, "init_task's pid isn't 0");
}

/* --- processes that come and go ------------------------------------------- */

static struct prove_test *storm;

/* Where the task at @i says which one is before it. */
static u64 back_link(struct prove_test *t, unsigned int i)
{
	return t->tasks[i] + t->f->profile.field[F(TASK_TASKS)] + 8;
}

static u64 gpa_of(struct prove_test *t, u64 addr)
{
	struct vigil_pte_walk w;

	return vigil_walk(&t->f->lx.kernel, addr, &w) ? 0 : w.gpa;
}

/* A list of pid 0 to STORM_TASKS, which breaks at the task @first. */
static void make_storm(struct kunit *test, unsigned int first)
{
	struct prove_test *t = test->priv;

	t->tasks[0] = t->init;
	t->tasks[1] = t->one;
	for (unsigned int i = 2; i <= STORM_TASKS; i++)
		t->tasks[i] = vigil_fake_task(t->f, i, "thread", 0);
	vigil_fake_link(t->f, t->tasks, ARRAY_SIZE(t->tasks));
	expect(test, NULL);
	t->first = first;
	vigil_fake_put64(t->f, back_link(t, first), FAKE_DIRECT);
}

/* It is never seen whole, but its beginning is always the same. */
static void test_storm(struct kunit *test)
{
	make_storm(test, 9);
	expect(test, NULL);
}

/* Too short a beginning says nothing, however often it is the same. */
static void test_storm_at_the_start(struct kunit *test)
{
	make_storm(test, 8);
	expect(test, "the list of processes can't be walked");
}

/* Each walk finds another process at its beginning. */
static void replace_third(struct vigil_fake *f, u64 gpa)
{
	struct prove_test *t = storm;
	const u64 start = t->tasks[3] + f->profile.field[F(TASK_START_TIME)];

	/* Once a walk: it begins at init_task. */
	f->before_read = NULL;
	if (gpa == gpa_of(t, t->init + f->profile.field[F(TASK_TASKS)]))
		vigil_fake_put64(f, start, 5000 + t->reads++);
	f->before_read = replace_third;
}

static void test_storm_of_others(struct kunit *test)
{
	struct prove_test *t = test->priv;

	make_storm(test, 9);
	storm = t;
	t->f->before_read = replace_third;
	expect(test, "the list of processes can't be walked");
	KUNIT_EXPECT_GT(test, t->reads, 3);
}

/* The end holds still for one walk. */
static void mend_later(struct vigil_fake *f, u64 gpa)
{
	struct prove_test *t = storm;

	f->before_read = NULL;
	if (gpa == gpa_of(t, back_link(t, t->first) - 8) && ++t->reads == 20)
		vigil_fake_put64(f, back_link(t, t->first),
				 t->tasks[t->first - 1] +
				 f->profile.field[F(TASK_TASKS)]);
	f->before_read = mend_later;
}

static void test_storm_that_ends(struct kunit *test)
{
	struct prove_test *t = test->priv;

	make_storm(test, 3);
	storm = t;
	t->f->before_read = mend_later;
	expect(test, NULL);
	KUNIT_EXPECT_GE(test, t->reads, 20);
}

static void test_other_tables(struct kunit *test)
{
	struct prove_test *t = test->priv;

	t->f->cpu.cr3 = vigil_fake_table(t->f);
	expect(test, "the loaded page tables don't map this kernel");
	/* Another process's: it maps the kernel, but isn't current's. */
	t->f->cpu.cr3 = t->f->profile.field[F(KERNEL_ROOT)];
	expect(test, "the current task's mm isn't the loaded one");
	enter_kernel(t);
	expect(test, NULL);
	t->f->cpu.gs_base = 0;
	t->f->cpu.kernel_gs_base = 0;
	expect(test, "the current task can't be read");
}

static bool maps_kernel(struct prove_test *t)
{
	return vigil_linux_maps_kernel(&t->f->lx, &t->f->cpu);
}

/* The kernel runs, whether its current task can be read or not. */
static void test_maps_kernel(struct kunit *test)
{
	struct prove_test *t = test->priv;

	KUNIT_EXPECT_TRUE(test, maps_kernel(t));
	t->f->reads = 0;
	KUNIT_EXPECT_TRUE(test, maps_kernel(t));
	KUNIT_EXPECT_LE(test, t->f->reads, 16);
	t->f->cpu.kernel_gs_base = 0;
	KUNIT_EXPECT_TRUE(test, maps_kernel(t));
	/* Early in boot it runs on tables without processes. */
	t->f->cpu.cr3 = t->f->profile.field[F(KERNEL_ROOT)];
	KUNIT_EXPECT_TRUE(test, maps_kernel(t));
}

/* Another kernel was started: elsewhere, of another build, with other paging. */
static void test_maps_other_kernel(struct kunit *test)
{
	struct prove_test *t = test->priv;
	const u64 uts = FAKE_DATA + 0x6000 + t->f->profile.field[F(UTS_NAME)];
	const u64 cr3 = t->f->cpu.cr3;

	KUNIT_ASSERT_TRUE(test, maps_kernel(t));
	t->f->cpu.cr4 = X86_CR4_LA57;
	KUNIT_EXPECT_FALSE(test, maps_kernel(t));
	t->f->cpu.cr4 = 0;
	t->f->cpu.cr0 = X86_CR0_PE;
	KUNIT_EXPECT_FALSE(test, maps_kernel(t));
	t->f->cpu.cr0 = X86_CR0_PG | X86_CR0_PE;

	t->f->cpu.cr3 = vigil_fake_table(t->f);
	KUNIT_EXPECT_FALSE(test, maps_kernel(t));
	vigil_fake_map(t->f, t->f->cpu.cr3, 4, FAKE_TEXT, 256 * SZ_1M, 21, 0);
	KUNIT_EXPECT_FALSE(test, maps_kernel(t));
	t->f->cpu.cr3 = cr3;
	KUNIT_EXPECT_TRUE(test, maps_kernel(t));

	vigil_fake_put(t->f, uts + 2 * 65, "6.13.0-fake", 12);
	KUNIT_EXPECT_FALSE(test, maps_kernel(t));
	vigil_fake_put(t->f, uts + 2 * 65, "6.12.0-fake", 12);
	KUNIT_EXPECT_TRUE(test, maps_kernel(t));

	/* Other memory is mapped there, which what was read before hides. */
	vigil_fake_map(t->f, t->f->profile.field[F(KERNEL_ROOT)], 4, FAKE_DATA,
		       256 * SZ_1M, 21, FAKE_PTE_W | FAKE_PTE_NX);
	KUNIT_EXPECT_FALSE(test, maps_kernel(t));
}

static struct kunit_case prove_cases[] = {
	KUNIT_CASE(test_user_mode),
	KUNIT_CASE(test_kernel_mode),
	KUNIT_CASE(test_kernel_entry),
	KUNIT_CASE(test_early),
	KUNIT_CASE(test_not_running),
	KUNIT_CASE_PARAM(test_wrong_field, wrong_gen_params),
	KUNIT_CASE(test_other_kernel),
	KUNIT_CASE(test_init_pgd),
	KUNIT_CASE(test_tasks),
	KUNIT_CASE(test_storm),
	KUNIT_CASE(test_storm_at_the_start),
	KUNIT_CASE(test_storm_of_others),
	KUNIT_CASE(test_storm_that_ends),
	KUNIT_CASE(test_other_tables),
	KUNIT_CASE(test_maps_kernel),
	KUNIT_CASE(test_maps_other_kernel),
	{}
};

static struct kunit_suite prove_suite = {
	.name = "vigil_prove",
	.init = prove_init,
	.test_cases = prove_cases,
};

kunit_test_suite(prove_suite);
