// SPDX-License-Identifier: GPL-2.0
/*
 * What a page is: file, copy, anonymous, part of a compound page, or none.
 */

#include <linux/sizes.h>

#include "guest/linux_read.h"
#include "tests/fake.h"

#define F(name)	VIGIL_PROFILE_FIELD_##name

#define ANON_VMA	(FAKE_DIRECT + 0x770000)
#define GPA		(0x300ULL * SZ_4K)

struct page_test {
	struct vigil_fake *f;
	/* A file on the root file system, which is no memory. */
	u64 file;
	u64 inode;
	u64 mapping;
	unsigned int reads;
};

static int page_init(struct kunit *test)
{
	struct page_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	if (!t)
		return -ENOMEM;
	t->f = vigil_fake_linux(test);
	t->file = vigil_fake_file(t->f, t->f->root_dentry, t->f->root_mount,
				  t->f->super, 1);
	vigil_linux_u64(&t->f->lx, t->file, F(FILE_MAPPING), &t->mapping);
	vigil_linux_u64(&t->f->lx, t->file, F(FILE_INODE), &t->inode);
	test->priv = t;
	return 0;
}

static u64 page_of(struct page_test *t, u64 gpa)
{
	return FAKE_VMEMMAP + gpa / SZ_4K * t->f->profile.field[F(PAGE_SIZE)];
}

static void set_page(struct page_test *t, u64 gpa, u64 mapping, u64 compound)
{
	vigil_fake_set64(t->f, page_of(t, gpa), F(PAGE_MAPPING), mapping);
	vigil_fake_set64(t->f, page_of(t, gpa), F(PAGE_COMPOUND_HEAD),
			 compound);
}

static enum vigil_page_kind kind_of(struct kunit *test, u64 gpa, int err)
{
	struct page_test *t = test->priv;
	struct vigil_page page;

	KUNIT_EXPECT_EQ(test, err, vigil_linux_page(&t->f->lx, gpa, &page));
	return page.kind;
}

static void test_kinds(struct kunit *test)
{
	struct page_test *t = test->priv;

	set_page(t, GPA, t->mapping, 0);
	KUNIT_EXPECT_EQ(test, VIGIL_PAGE_KIND_FILE,
			kind_of(test, GPA + 0x123, 0));
	/* The kernel's own: of no file. */
	set_page(t, GPA, 0, 0);
	KUNIT_EXPECT_EQ(test, VIGIL_PAGE_KIND_KERNEL, kind_of(test, GPA, 0));
	/* A movable one's mapping is a driver's. */
	set_page(t, GPA, t->mapping | 2, 0);
	KUNIT_EXPECT_EQ(test, VIGIL_PAGE_KIND_DEVICE, kind_of(test, GPA, 0));

	set_page(t, GPA, ANON_VMA | 1, 0);
	KUNIT_EXPECT_EQ(test, VIGIL_PAGE_KIND_ANON, kind_of(test, GPA, 0));
	/* Merged by KSM. */
	set_page(t, GPA, ANON_VMA | 3, 0);
	KUNIT_EXPECT_EQ(test, VIGIL_PAGE_KIND_ANON, kind_of(test, GPA, 0));
	/* KSM's flags alone: nothing that there is. */
	set_page(t, GPA, 3, 0);
	KUNIT_EXPECT_EQ(test, VIGIL_PAGE_KIND_ANON, kind_of(test, GPA, 0));
	/* Of a DAX file system, in several of its files. */
	set_page(t, GPA, 1, 0);
	KUNIT_EXPECT_EQ(test, VIGIL_PAGE_KIND_FILE, kind_of(test, GPA, 0));
}

struct page_super {
	const char *name;
	u64 magic;
	enum vigil_page_kind kind;
};

static const struct page_super page_supers[] = {
	{ "ext4", 0xef53, VIGIL_PAGE_KIND_FILE },
	{ "xfs", 0x58465342, VIGIL_PAGE_KIND_FILE },
	{ "overlayfs", 0x794c7630, VIGIL_PAGE_KIND_FILE },
	{ "fuse", 0x65735546, VIGIL_PAGE_KIND_FILE },
	{ "tmpfs", 0x01021994, VIGIL_PAGE_KIND_SHMEM },
	{ "ramfs", 0x858458f6, VIGIL_PAGE_KIND_SHMEM },
	{ "secretmem", 0x5345434d, VIGIL_PAGE_KIND_SHMEM },
	{ "anonymous inodes", 0x09041934, VIGIL_PAGE_KIND_SHMEM },
	{ "hugetlbfs", 0x958458f6, VIGIL_PAGE_KIND_HUGETLB },
	{ "block devices", 0x62646576, VIGIL_PAGE_KIND_DEVICE },
	{ "/dev/dax", 0x64646178, VIGIL_PAGE_KIND_DEVICE },
	{ "/dev/mem", 0x454d444d, VIGIL_PAGE_KIND_DEVICE },
	{ "dma-buf", 0x444d4142, VIGIL_PAGE_KIND_DEVICE },
};

KUNIT_ARRAY_PARAM_DESC(super, page_supers, name);

/* Whose page cache it is decides, without any mapping of a process. */
static void test_supers(struct kunit *test)
{
	const struct page_super *c = test->param_value;
	struct page_test *t = test->priv;

	vigil_fake_set64(t->f, t->inode, F(INODE_SB),
			 vigil_fake_super(t->f, c->magic));
	set_page(t, GPA, t->mapping, 0);
	KUNIT_EXPECT_EQ(test, c->kind, kind_of(test, GPA, 0));
}

static void test_facts(struct kunit *test)
{
	struct page_test *t = test->priv;
	struct vigil_page page;

	set_page(t, GPA, t->mapping, 0);
	KUNIT_ASSERT_EQ(test, 0, vigil_linux_page(&t->f->lx, GPA, &page));
	KUNIT_EXPECT_EQ(test, t->mapping, page.mapping);
	KUNIT_EXPECT_FALSE(test, page.deleted);
	KUNIT_EXPECT_FALSE(test, page.shared_writable);

	vigil_fake_set32(t->f, t->inode, F(INODE_NLINK), 0);
	vigil_fake_set32(t->f, t->mapping, F(MAPPING_WRITABLE), 2);
	KUNIT_ASSERT_EQ(test, 0, vigil_linux_page(&t->f->lx, GPA, &page));
	KUNIT_EXPECT_TRUE(test, page.deleted);
	KUNIT_EXPECT_TRUE(test, page.shared_writable);

	/* Sealed. */
	vigil_fake_set32(t->f, t->mapping, F(MAPPING_WRITABLE), -1);
	KUNIT_ASSERT_EQ(test, 0, vigil_linux_page(&t->f->lx, GPA, &page));
	KUNIT_EXPECT_FALSE(test, page.shared_writable);

	/* Which file of several it is can't be told: any may be mapped so. */
	set_page(t, GPA, 1, 0);
	KUNIT_ASSERT_EQ(test, 0, vigil_linux_page(&t->f->lx, GPA, &page));
	KUNIT_EXPECT_TRUE(test, page.shared_writable);
}

static void test_belongs(struct kunit *test)
{
	struct page_test *t = test->priv;

	set_page(t, GPA, t->mapping, 0);
	KUNIT_EXPECT_TRUE(test, vigil_linux_page_belongs(&t->f->lx, GPA,
							 t->mapping));
	KUNIT_EXPECT_FALSE(test, vigil_linux_page_belongs(&t->f->lx, GPA,
							  t->mapping + 0x200));
	KUNIT_EXPECT_FALSE(test, vigil_linux_page_belongs(&t->f->lx, 0xfee00000,
							  t->mapping));
}

/* The file of a mapping, and the page that the mapping shows. */
static void test_vma(struct kunit *test)
{
	struct page_test *t = test->priv;
	struct vigil_vma vma = { .file = t->file };
	struct vigil_page page = { .mapping = t->mapping };

	KUNIT_EXPECT_TRUE(test, vigil_linux_vma_has_page(&t->f->lx, &vma,
							 &page));
	page.mapping = t->mapping + 0x200;
	KUNIT_EXPECT_FALSE(test, vigil_linux_vma_has_page(&t->f->lx, &vma,
							  &page));
	page.mapping = 0;
	KUNIT_EXPECT_FALSE(test, vigil_linux_vma_has_page(&t->f->lx, &vma,
							  &page));
	vma.file = 0;
	KUNIT_EXPECT_FALSE(test, vigil_linux_vma_has_page(&t->f->lx, &vma,
							  &page));
}

struct bad_file {
	const char *name;
	u32 field;
	u64 value;
	int err;
	enum vigil_page_kind kind;
};

static const struct bad_file bad_files[] = {
	{ "no host", F(MAPPING_HOST), 0, 0, VIGIL_PAGE_KIND_DEVICE },
	{ "host in user space", F(MAPPING_HOST), 0x7f0000000000, -EUCLEAN,
	  VIGIL_PAGE_KIND_UNKNOWN },
	{ "host between two words", F(MAPPING_HOST), FAKE_DIRECT + 4, -EUCLEAN,
	  VIGIL_PAGE_KIND_UNKNOWN },
	{ "host nowhere", F(MAPPING_HOST), FAKE_DIRECT - SZ_1G, -EFAULT,
	  VIGIL_PAGE_KIND_UNKNOWN },
	{ "no superblock", F(INODE_SB), 0, -EUCLEAN, VIGIL_PAGE_KIND_UNKNOWN },
	{ "superblock in user space", F(INODE_SB), 0x1000, -EUCLEAN,
	  VIGIL_PAGE_KIND_UNKNOWN },
};

KUNIT_ARRAY_PARAM_DESC(file, bad_files, name);

static void test_bad_file(struct kunit *test)
{
	const struct bad_file *c = test->param_value;
	struct page_test *t = test->priv;

	vigil_fake_set64(t->f, c->field == F(INODE_SB) ? t->inode : t->mapping,
			 c->field, c->value);
	set_page(t, GPA, t->mapping, 0);
	KUNIT_EXPECT_EQ(test, c->kind, kind_of(test, GPA, c->err));
}

/* In a tail page the mapping is poison: its head's counts. */
static void test_compound(struct kunit *test)
{
	struct page_test *t = test->priv;
	const u64 head = 0x200ULL * SZ_4K;

	set_page(t, head, t->mapping, 0);
	for (u64 i = 1; i < 512; i++)
		set_page(t, head + i * SZ_4K, 0xdead000000000400,
			 page_of(t, head) | 1);
	KUNIT_EXPECT_EQ(test, VIGIL_PAGE_KIND_FILE, kind_of(test, head, 0));
	KUNIT_EXPECT_EQ(test, VIGIL_PAGE_KIND_FILE, kind_of(test, head + SZ_4K, 0));
	KUNIT_EXPECT_EQ(test, VIGIL_PAGE_KIND_FILE,
			kind_of(test, head + SZ_2M - 1, 0));
	set_page(t, head, ANON_VMA | 1, 0);
	KUNIT_EXPECT_EQ(test, VIGIL_PAGE_KIND_ANON,
			kind_of(test, head + 7 * SZ_4K, 0));
}

/* The guest splits a huge page while it is looked at, and frees its head. */
static void split_page(struct vigil_fake *f, u64 gpa)
{
	struct kunit *test = f->test;
	struct page_test *t = test->priv;
	const u64 head = 0x200ULL * SZ_4K;

	/* The second read is of the head. */
	if (++t->reads != 2)
		return;
	f->before_read = NULL;
	set_page(t, head, t->mapping, 0);
	set_page(t, head + SZ_4K, ANON_VMA | 1, 0);
}

static void test_split(struct kunit *test)
{
	struct page_test *t = test->priv;
	const u64 head = 0x200ULL * SZ_4K;
	struct vigil_page page;

	set_page(t, head, ANON_VMA | 1, 0);
	set_page(t, head + SZ_4K, 0xdead000000000400, page_of(t, head) | 1);
	/* Translations are remembered: what is left are the pages themselves. */
	KUNIT_EXPECT_EQ(test, VIGIL_PAGE_KIND_ANON,
			kind_of(test, head + SZ_4K, 0));
	t->f->before_read = split_page;
	KUNIT_EXPECT_EQ(test, 0,
			vigil_linux_page(&t->f->lx, head + SZ_4K, &page));
	KUNIT_EXPECT_EQ(test, VIGIL_PAGE_KIND_ANON, page.kind);
	KUNIT_EXPECT_EQ(test, 1, t->f->lx.reread);
}

struct bad_head {
	const char *name;
	u64 compound;
	int err;
};

#define PAGE_ADDR(gpa)	(FAKE_VMEMMAP + (gpa) / SZ_4K * 64)

static const struct bad_head bad_heads[] = {
	{ "itself", PAGE_ADDR(GPA) | 1, -EUCLEAN },
	{ "after it", PAGE_ADDR(GPA + SZ_4K) | 1, -EUCLEAN },
	{ "between two", (PAGE_ADDR(GPA) - 32) | 1, -EUCLEAN },
	{ "in user space", 0x7f0000000001, -EUCLEAN },
	{ "nothing", 1, -EUCLEAN },
	{ "too far", (PAGE_ADDR(GPA) - (64ULL << 18)) | 1, -EUCLEAN },
	{ "not mapped", (FAKE_VMEMMAP - 64) | 1, -EFAULT },
	{ "another tail", PAGE_ADDR(GPA - SZ_4K) | 1, -EAGAIN },
};

KUNIT_ARRAY_PARAM_DESC(bad, bad_heads, name);

static void test_bad_head(struct kunit *test)
{
	const struct bad_head *c = test->param_value;
	struct page_test *t = test->priv;

	set_page(t, GPA - SZ_4K, 0, PAGE_ADDR(GPA) | 1);
	set_page(t, GPA, t->mapping, c->compound);
	KUNIT_EXPECT_EQ(test, VIGIL_PAGE_KIND_UNKNOWN, kind_of(test, GPA, c->err));
	KUNIT_EXPECT_EQ(test, VIGIL_LINUX_TRIES - 1, t->f->lx.reread);
}

/* The page of a device has no struct page; an address of no guest is none. */
static void test_no_struct_page(struct kunit *test)
{
	struct page_test *t = test->priv;

	KUNIT_EXPECT_EQ(test, VIGIL_PAGE_KIND_DEVICE,
			kind_of(test, 0xfee00000, 0));
	t->f->gm.phys_bits = 36;
	KUNIT_EXPECT_EQ(test, VIGIL_PAGE_KIND_UNKNOWN,
			kind_of(test, BIT_ULL(36), -EFAULT));
	KUNIT_EXPECT_EQ(test, VIGIL_PAGE_KIND_UNKNOWN,
			kind_of(test, U64_MAX, -EFAULT));
}

static struct kunit_case page_cases[] = {
	KUNIT_CASE(test_kinds),
	KUNIT_CASE_PARAM(test_supers, super_gen_params),
	KUNIT_CASE(test_facts),
	KUNIT_CASE(test_belongs),
	KUNIT_CASE(test_vma),
	KUNIT_CASE_PARAM(test_bad_file, file_gen_params),
	KUNIT_CASE(test_compound),
	KUNIT_CASE(test_split),
	KUNIT_CASE_PARAM(test_bad_head, bad_gen_params),
	KUNIT_CASE(test_no_struct_page),
	{}
};

static struct kunit_suite page_suite = {
	.name = "vigil_page",
	.init = page_init,
	.test_cases = page_cases,
};

kunit_test_suite(page_suite);
