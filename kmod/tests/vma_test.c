// SPDX-License-Identifier: GPL-2.0
/*
 * Mappings: found, listed, told apart, and refused when they make no sense.
 */

#include <linux/sizes.h>

#include "guest/linux_read.h"
#include "tests/fake.h"

#define F(name)	VIGIL_PROFILE_FIELD_##name

#define R	VIGIL_VM_READ
#define W	VIGIL_VM_WRITE
#define X	VIGIL_VM_EXEC

#define START	0x400000ULL
#define END	0x403000ULL
#define BRK	0x600000ULL
#define STACK	0x7ffffffe0000ULL

#define TMPFS_MAGIC	0x01021994
#define RAMFS_MAGIC	0x858458f6
#define HUGETLBFS_MAGIC	0x958458f6
#define ANON_INODE_MAGIC	0x09041934

struct vma_test {
	struct vigil_fake *f;
	u64 mm;
	/* Leaf with one mapping, then a gap. */
	u64 leaf;
	u64 vma;
	u64 file;
};

static u64 make_leaf(struct vigil_fake *f, u64 first, u64 last, u64 value)
{
	u64 leaf = vigil_fake_alloc(f, 256);

	vigil_fake_put64(f, leaf, 0x100);
	vigil_fake_put64(f, leaf + 8, first - 1);
	vigil_fake_put64(f, leaf + 16, last);
	vigil_fake_put64(f, leaf + 8 * 17, value);
	vigil_fake_put64(f, leaf + 8 * 31, 2);
	return leaf | 1 << 3 | 4;
}

static void set_tree(struct vma_test *t, u64 root)
{
	vigil_fake_set64(t->f, t->mm + t->f->profile.field[F(MM_MT)],
			 F(MT_ROOT), root | 2);
}

static void set_vma(struct vma_test *t, const struct vigil_vma *vma)
{
	t->vma = vigil_fake_vma(t->f, vma);
	t->leaf = make_leaf(t->f, vma->start, vma->end - 1, t->vma);
	set_tree(t, t->leaf);
}

static int vma_init(struct kunit *test)
{
	struct vma_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	struct vigil_fake *f;
	u64 dentry;

	if (!t)
		return -ENOMEM;
	f = vigil_fake_linux(test);
	t->f = f;
	t->mm = vigil_fake_mm(f);
	vigil_fake_set64(f, t->mm, F(MM_START_BRK), BRK);
	vigil_fake_set64(f, t->mm, F(MM_BRK), BRK + SZ_64K);
	vigil_fake_set64(f, t->mm, F(MM_START_STACK), STACK + 0x1230);
	dentry = vigil_fake_dentry(f, f->root_dentry, "program");
	t->file = vigil_fake_file(f, dentry, f->root_mount, f->super, 1);
	set_vma(t, &(struct vigil_vma){
		.start = START, .end = END, .mm = t->mm, .flags = R | X,
		.ops = FAKE_FILE_OPS, .pgoff = 5, .file = t->file,
	});
	test->priv = t;
	return 0;
}

static int find(struct vma_test *t, u64 addr, struct vigil_vma *vma)
{
	return vigil_linux_find_vma(&t->f->lx, t->mm, addr, vma);
}

static void test_find(struct kunit *test)
{
	struct vma_test *t = test->priv;
	struct vigil_vma vma;

	KUNIT_ASSERT_EQ(test, 0, find(t, START, &vma));
	KUNIT_EXPECT_EQ(test, START, vma.start);
	KUNIT_EXPECT_EQ(test, END, vma.end);
	KUNIT_EXPECT_EQ(test, t->mm, vma.mm);
	KUNIT_EXPECT_EQ(test, R | X, vma.flags);
	KUNIT_EXPECT_EQ(test, FAKE_FILE_OPS, vma.ops);
	KUNIT_EXPECT_EQ(test, 5, vma.pgoff);
	KUNIT_EXPECT_EQ(test, t->file, vma.file);
	KUNIT_EXPECT_EQ(test, VIGIL_VMA_KIND_FILE, vma.kind);
	KUNIT_EXPECT_EQ(test, 0, find(t, END - 1, &vma));
	KUNIT_EXPECT_EQ(test, 0, t->f->lx.reread);

	KUNIT_EXPECT_EQ(test, -ENOENT, find(t, START - 1, &vma));
	KUNIT_EXPECT_EQ(test, -ENOENT, find(t, END, &vma));
	KUNIT_EXPECT_EQ(test, -ENOENT, find(t, FAKE_TEXT, &vma));
	KUNIT_EXPECT_EQ(test, -ENOENT, find(t, U64_MAX, &vma));
}

static void test_vsyscall(struct kunit *test)
{
	struct vma_test *t = test->priv;
	struct vigil_vma vma;

	KUNIT_ASSERT_EQ(test, 0, find(t, VIGIL_VSYSCALL + 0x400, &vma));
	KUNIT_EXPECT_EQ(test, VIGIL_VMA_KIND_SPECIAL, vma.kind);
	KUNIT_EXPECT_EQ(test, VIGIL_VSYSCALL, vma.start);
	KUNIT_EXPECT_EQ(test, -ENOENT, find(t, VIGIL_VSYSCALL - 1, &vma));
	KUNIT_EXPECT_EQ(test, -ENOENT, find(t, VIGIL_VSYSCALL + SZ_4K, &vma));
}

/* Two mappings in two leaves, gaps at the edges of both. */
static void test_next(struct kunit *test)
{
	struct vma_test *t = test->priv;
	const u64 start = 0x7f0000000000, end = 0x7f0000001000;
	u64 inner = vigil_fake_alloc(t->f, 256);
	struct vigil_vma vma;

	vigil_fake_put64(t->f, inner, 0x100);
	vigil_fake_put64(t->f, inner + 8, 0x6fffffffffff);
	vigil_fake_put64(t->f, inner + 8 * 10, t->leaf);
	set_vma(t, &(struct vigil_vma){
		.start = start, .end = end, .mm = t->mm, .flags = R | W,
	});
	vigil_fake_put64(t->f, inner + 8 * 11, t->leaf);
	vigil_fake_put64(t->f, inner + 8 * 30, 1);
	set_tree(t, inner | 3 << 3 | 4);

	KUNIT_ASSERT_EQ(test, 0,
			vigil_linux_next_vma(&t->f->lx, t->mm, 0, &vma));
	KUNIT_EXPECT_EQ(test, START, vma.start);
	KUNIT_ASSERT_EQ(test, 0,
			vigil_linux_next_vma(&t->f->lx, t->mm, vma.end - 1,
					     &vma));
	KUNIT_EXPECT_EQ(test, START, vma.start);
	KUNIT_ASSERT_EQ(test, 0,
			vigil_linux_next_vma(&t->f->lx, t->mm, vma.end, &vma));
	KUNIT_EXPECT_EQ(test, start, vma.start);
	KUNIT_EXPECT_EQ(test, VIGIL_VMA_KIND_ANON, vma.kind);
	KUNIT_EXPECT_EQ(test, -ENOENT,
			vigil_linux_next_vma(&t->f->lx, t->mm, vma.end, &vma));
}

/* A tree that is nothing but gaps is given up, not walked to its end. */
static void test_gaps_only(struct kunit *test)
{
	struct vma_test *t = test->priv;
	u64 inner = vigil_fake_alloc(t->f, 256);
	struct vigil_vma vma;

	for (u64 n = 0; n < 2; n++) {
		u64 leaf = vigil_fake_alloc(t->f, 256);

		vigil_fake_put64(t->f, leaf, 0x100);
		for (u64 i = 0; i < 14; i++)
			vigil_fake_put64(t->f, leaf + 8 + 8 * i,
					 n * SZ_1M + i);
		vigil_fake_put64(t->f, leaf + 8 * 31, 14);
		vigil_fake_put64(t->f, inner + 8 * (10 + n), leaf | 1 << 3 | 4);
	}
	vigil_fake_put64(t->f, inner, 0x100);
	vigil_fake_put64(t->f, inner + 8, SZ_1M - 1);
	vigil_fake_put64(t->f, inner + 8 * 30, 1);

	set_tree(t, inner | 3 << 3 | 4);
	KUNIT_EXPECT_EQ(test, -ENOENT, find(t, SZ_1M, &vma));
	KUNIT_EXPECT_EQ(test, -EUCLEAN,
			vigil_linux_next_vma(&t->f->lx, t->mm, 0, &vma));
}

struct bad_vma {
	const char *name;
	u32 field;
	u64 value;
};

static const struct bad_vma bad_vmas[] = {
	{ "of another mm", F(VMA_MM), FAKE_DIRECT + SZ_1M },
	{ "of no mm", F(VMA_MM), 0 },
	{ "starts after it ends", F(VMA_START), END + SZ_4K },
	{ "empty", F(VMA_END), START },
	{ "start misaligned", F(VMA_START), START + 8 },
	{ "end misaligned", F(VMA_END), END + 1 },
	{ "elsewhere", F(VMA_START), START + SZ_4K },
	{ "reaches into the kernel", F(VMA_END), FAKE_TEXT },
	{ "file in user space", F(VMA_FILE), 0x7f0000000000 },
	{ "file misaligned", F(VMA_FILE), FAKE_DIRECT + 4 },
	{ "operations in user space", F(VMA_OPS), 0x7f0000000000 },
	{ "operations not canonical", F(VMA_OPS), 0x8000000000000000 },
};

KUNIT_ARRAY_PARAM_DESC(bad, bad_vmas, name);

static void test_implausible(struct kunit *test)
{
	const struct bad_vma *c = test->param_value;
	struct vma_test *t = test->priv;
	struct vigil_vma vma;

	vigil_fake_set64(t->f, t->vma, c->field, c->value);
	KUNIT_EXPECT_EQ(test, -EUCLEAN, find(t, START + 0x10, &vma));
	/* It tried again, and said so; it did not try for ever. */
	KUNIT_EXPECT_EQ(test, VIGIL_LINUX_TRIES - 1, t->f->lx.reread);
}

struct kind_case {
	const char *name;
	u64 ops;
	/* 0 stands for START, and for R | X. */
	u64 start;
	u64 flags;
	u64 magic;
	bool file;
	u32 nlink;
	enum vigil_vma_kind kind;
};

#define KIND(_name, _kind, _ops, ...)					\
	{ .name = (_name), .kind = VIGIL_VMA_KIND_##_kind,		\
	  .ops = (_ops), ##__VA_ARGS__ }
#define BACKED(_magic, _nlink)						\
	.file = true, .magic = (_magic), .nlink = (_nlink)

static const struct kind_case kind_cases[] = {
	KIND("file", FILE, FAKE_FILE_OPS, BACKED(0xef53, 1)),
	KIND("deleted file", DELETED, FAKE_FILE_OPS, BACKED(0xef53, 0)),
	KIND("file with the vDSO's flags", FILE, FAKE_FILE_OPS,
	     BACKED(0xef53, 1), .flags = 0x40075),
	KIND("anonymous with the vDSO's flags", ANON, 0, .flags = 0x40075),
	KIND("anonymous", ANON, 0),
	KIND("/dev/zero", ANON, 0, BACKED(0xef53, 1)),
	KIND("heap", HEAP, 0, .start = BRK),
	KIND("heap, its end", HEAP, 0, .start = BRK + SZ_64K - SZ_4K),
	KIND("after the heap", ANON, 0, .start = BRK + SZ_64K),
	KIND("before the heap", ANON, 0, .start = BRK - (END - START)),
	KIND("file in the heap", FILE, FAKE_FILE_OPS, BACKED(0xef53, 1),
	     .start = BRK),
	KIND("main stack", STACK, 0, .start = STACK),
	KIND("beside the main stack", ANON, 0, .start = STACK + SZ_64K),
	KIND("grows down", STACK, 0, .flags = R | X | VIGIL_VM_GROWSDOWN),
	KIND("memfd over the main stack", SHMEM, FAKE_SHMEM_ANON_OPS,
	     BACKED(TMPFS_MAGIC, 0), .start = STACK),
	KIND("special", SPECIAL, FAKE_SPECIAL_OPS),
	KIND("memfd", SHMEM, FAKE_SHMEM_ANON_OPS, BACKED(TMPFS_MAGIC, 0)),
	KIND("unlinked tmpfs file", SHMEM, FAKE_SHMEM_OPS,
	     BACKED(TMPFS_MAGIC, 0)),
	KIND("System V", SHMEM, FAKE_SHM_OPS, BACKED(TMPFS_MAGIC, 0)),
	KIND("huge pages", HUGETLB, FAKE_HUGETLB_OPS,
	     BACKED(HUGETLBFS_MAGIC, 1)),
	KIND("huge pages, operations not known", HUGETLB, FAKE_FILE_OPS,
	     BACKED(HUGETLBFS_MAGIC, 1)),
	KIND("memfd, operations not known", SHMEM, FAKE_FILE_OPS,
	     BACKED(TMPFS_MAGIC, 0)),
	KIND("initramfs", FILE, FAKE_SHMEM_OPS, BACKED(TMPFS_MAGIC, 1)),
	KIND("initramfs, ramfs", FILE, FAKE_FILE_OPS, BACKED(RAMFS_MAGIC, 1)),
	KIND("unlinked ramfs file", DELETED, FAKE_FILE_OPS,
	     BACKED(RAMFS_MAGIC, 0)),
	KIND("perf's control page", SHMEM, FAKE_FILE_OPS,
	     BACKED(ANON_INODE_MAGIC, 1)),
	KIND("operations without a file", UNKNOWN, FAKE_FILE_OPS),
};

KUNIT_ARRAY_PARAM_DESC(kind, kind_cases, name);

static void test_kind(struct kunit *test)
{
	const struct kind_case *c = test->param_value;
	struct vma_test *t = test->priv;
	const u64 start = c->start ?: START;
	struct vigil_vma vma = {
		.start = start, .end = start + END - START, .mm = t->mm,
		.flags = c->flags ?: R | X, .ops = c->ops,
	};
	u64 dentry;

	if (c->file) {
		dentry = vigil_fake_dentry(t->f, t->f->root_dentry, "[vdso]");
		vma.file = vigil_fake_file(t->f, dentry, t->f->root_mount,
					   vigil_fake_super(t->f, c->magic),
					   c->nlink);
	}
	set_vma(t, &vma);
	KUNIT_ASSERT_EQ(test, 0, find(t, start, &vma));
	KUNIT_EXPECT_EQ(test, c->kind, vma.kind);
}

struct memory_fs {
	const char *name;
	u64 magic;
	u64 ops;
};

static const struct memory_fs memory_fses[] = {
	{ "tmpfs", TMPFS_MAGIC, FAKE_SHMEM_OPS },
	{ "ramfs", RAMFS_MAGIC, FAKE_FILE_OPS },
};

KUNIT_ARRAY_PARAM_DESC(memory_fs, memory_fses, name);

/* One that isn't the root is memory: /dev/shm; one over the root is root. */
static void test_memory_mounts(struct kunit *test)
{
	const struct memory_fs *c = test->param_value;
	struct vma_test *t = test->priv;
	struct vigil_fake *f = t->f;
	u64 point = vigil_fake_dentry(f, f->root_dentry, "shm");
	u64 root = vigil_fake_dentry(f, 0, "/");
	u64 name = vigil_fake_dentry(f, root, "code");
	u64 super = vigil_fake_super(f, c->magic);
	u64 shm = vigil_fake_mount(f, root, f->root_mount, point);
	u64 over = vigil_fake_mount(f, root, f->root_mount, f->root_dentry);
	struct vigil_vma vma = {
		.start = START, .end = END, .mm = t->mm, .flags = R | X,
		.ops = c->ops,
	};

	vma.file = vigil_fake_file(f, name, shm, super, 1);
	set_vma(t, &vma);
	KUNIT_ASSERT_EQ(test, 0, find(t, START, &vma));
	KUNIT_EXPECT_EQ(test, VIGIL_VMA_KIND_SHMEM, vma.kind);

	vma.file = vigil_fake_file(f, name, over, super, 1);
	set_vma(t, &vma);
	KUNIT_ASSERT_EQ(test, 0, find(t, START, &vma));
	KUNIT_EXPECT_EQ(test, VIGIL_VMA_KIND_FILE, vma.kind);
}

/* So many over the root that nobody goes through them: none of them is root. */
static void test_stacked_mounts(struct kunit *test)
{
	struct vma_test *t = test->priv;
	struct vigil_fake *f = t->f;
	u64 mount = f->root_mount, root = f->root_dentry;
	u64 super = vigil_fake_super(f, TMPFS_MAGIC);
	struct vigil_vma vma = {
		.start = START, .end = END, .mm = t->mm, .flags = R | X,
		.ops = FAKE_SHMEM_OPS,
	};

	for (int i = 0; i < 16; i++) {
		u64 over = vigil_fake_dentry(f, 0, "/");

		mount = vigil_fake_mount(f, over, mount, root);
		root = over;
	}
	vma.file = vigil_fake_file(f, vigil_fake_dentry(f, root, "code"), mount,
				   super, 1);
	set_vma(t, &vma);
	KUNIT_ASSERT_EQ(test, 0, find(t, START, &vma));
	KUNIT_EXPECT_EQ(test, VIGIL_VMA_KIND_SHMEM, vma.kind);
	KUNIT_EXPECT_EQ(test, 0, f->lx.reread);
}

/* Operations that the guest's kernel was built without match nothing. */
static void test_optional_ops(struct kunit *test)
{
	struct vma_test *t = test->priv;
	struct vigil_vma vma;

	t->f->profile.field[F(SYM_HUGETLB_VM_OPS)] = 0;
	t->f->profile.field[F(SYM_SHM_VM_OPS)] = 0;
	vigil_fake_set64(t->f, t->vma, F(VMA_OPS), 0);
	KUNIT_ASSERT_EQ(test, 0, find(t, START, &vma));
	KUNIT_EXPECT_EQ(test, VIGIL_VMA_KIND_ANON, vma.kind);
}

static struct vma_test *racing;

/* The guest replaces the mapping between two reads of it. */
static void change_once(struct vigil_fake *f, u64 gpa)
{
	if (gpa != racing->file - FAKE_DIRECT + f->profile.field[F(FILE_INODE)])
		return;
	f->before_read = NULL;
	vigil_fake_set64(f, racing->vma, F(VMA_FLAGS), R | W | X);
}

static void test_changed_meanwhile(struct kunit *test)
{
	struct vma_test *t = test->priv;
	struct vigil_vma vma;

	racing = t;
	t->f->before_read = change_once;
	KUNIT_ASSERT_EQ(test, 0, find(t, START, &vma));
	KUNIT_EXPECT_NULL(test, t->f->before_read);
	KUNIT_EXPECT_EQ(test, R | W | X, vma.flags);
	KUNIT_EXPECT_EQ(test, 1, t->f->lx.reread);
}

/* A leaf that is written in place shows a gap for a moment. */
static void fill_gap(struct vigil_fake *f, u64 gpa)
{
	u64 tree = racing->mm + f->profile.field[F(MM_MT)] +
		   f->profile.field[F(MT_ROOT)];

	if (gpa != tree - FAKE_DIRECT || !f->lx.reread)
		return;
	f->before_read = NULL;
	vigil_fake_put64(f, (racing->leaf & ~255ULL) + 8 * 17, racing->vma);
}

static void test_gap_for_a_moment(struct kunit *test)
{
	struct vma_test *t = test->priv;
	struct vigil_vma vma;

	racing = t;
	vigil_fake_put64(t->f, (t->leaf & ~255ULL) + 8 * 17, 0);
	t->f->before_read = fill_gap;
	KUNIT_EXPECT_EQ(test, 0, find(t, START, &vma));
	KUNIT_EXPECT_EQ(test, START, vma.start);
}

static void test_layout(struct kunit *test)
{
	struct vma_test *t = test->priv;
	struct vigil_mm_layout layout;

	vigil_fake_set64(t->f, t->mm, F(MM_EXE_FILE), t->file);
	vigil_fake_set64(t->f, t->mm, F(MM_START_CODE), START);
	vigil_fake_set64(t->f, t->mm, F(MM_ARG_START), STACK + 0x2000);
	vigil_fake_set64(t->f, t->mm, F(MM_ARG_END), STACK + 0x2010);
	KUNIT_ASSERT_EQ(test, 0,
			vigil_linux_mm_layout(&t->f->lx, t->mm, &layout));
	KUNIT_EXPECT_EQ(test, BRK, layout.start_brk);
	KUNIT_EXPECT_EQ(test, BRK + SZ_64K, layout.brk);
	KUNIT_EXPECT_EQ(test, STACK + 0x1230, layout.start_stack);
	KUNIT_EXPECT_EQ(test, t->file, layout.exe_file);
	KUNIT_EXPECT_EQ(test, START, layout.start_code);
	KUNIT_EXPECT_EQ(test, STACK + 0x2000, layout.arg_start);
	KUNIT_EXPECT_EQ(test, STACK + 0x2010, layout.arg_end);

	vigil_fake_set64(t->f, t->mm, F(MM_EXE_FILE), 0x7f0000000000);
	KUNIT_EXPECT_EQ(test, -EUCLEAN,
			vigil_linux_mm_layout(&t->f->lx, t->mm, &layout));
}

static struct kunit_case vma_cases[] = {
	KUNIT_CASE(test_find),
	KUNIT_CASE(test_vsyscall),
	KUNIT_CASE(test_next),
	KUNIT_CASE(test_gaps_only),
	KUNIT_CASE_PARAM(test_implausible, bad_gen_params),
	KUNIT_CASE_PARAM(test_kind, kind_gen_params),
	KUNIT_CASE_PARAM(test_memory_mounts, memory_fs_gen_params),
	KUNIT_CASE(test_stacked_mounts),
	KUNIT_CASE(test_optional_ops),
	KUNIT_CASE(test_changed_meanwhile),
	KUNIT_CASE(test_gap_for_a_moment),
	KUNIT_CASE(test_layout),
	{}
};

static struct kunit_suite vma_suite = {
	.name = "vigil_vma",
	.init = vma_init,
	.test_cases = vma_cases,
};

kunit_test_suite(vma_suite);
