// SPDX-License-Identifier: GPL-2.0
/*
 * Memory and page tables of a guest that a test made up.
 */

#include <linux/errno.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "tests/fake.h"

/* Page tables and objects are taken from these guest-physical addresses. */
#define TABLES	(64 * SZ_1M)
#define OBJECTS	(128 * SZ_1M)

static struct vigil_fake_page *find_page(struct vigil_fake *f, u64 frame)
{
	for (unsigned int i = 0; i < f->nr_pages; i++) {
		if (f->pages[i].frame == frame)
			return &f->pages[i];
	}
	return NULL;
}

static u8 *make_page(struct vigil_fake *f, u64 frame)
{
	struct vigil_fake_page *page = find_page(f, frame);

	if (page)
		return page->bytes;
	KUNIT_ASSERT_LT(f->test, f->nr_pages, FAKE_PAGES);
	page = &f->pages[f->nr_pages++];
	page->frame = frame;
	page->bytes = kunit_kzalloc(f->test, SZ_4K, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(f->test, page->bytes);
	return page->bytes;
}

static int read_fake(struct vigil_gmem *gm, u64 gpa, void *buf, size_t len)
{
	struct vigil_fake *f = container_of(gm, struct vigil_fake, gm);
	struct vigil_fake_page *page;

	f->reads++;
	if (f->before_read)
		f->before_read(f, gpa);
	KUNIT_EXPECT_LE(f->test, gpa % SZ_4K + len, SZ_4K);
	page = find_page(f, gpa / SZ_4K);
	if (!page)
		return -EFAULT;
	memcpy(buf, page->bytes + gpa % SZ_4K, len);
	return 0;
}

static int cmpxchg_fake(struct vigil_gmem *gm, u64 gpa, u64 *old, u64 new)
{
	struct vigil_fake *f = container_of(gm, struct vigil_fake, gm);
	struct vigil_fake_page *page;
	u64 *at;

	if (f->before_cmpxchg)
		f->before_cmpxchg(f, gpa);
	page = find_page(f, gpa / SZ_4K);
	if (!page)
		return -EFAULT;
	at = (u64 *)(page->bytes + gpa % SZ_4K);
	if (*at != *old) {
		*old = *at;
		return -EAGAIN;
	}
	*at = new;
	return 0;
}

static const struct vigil_gmem_ops fake_ops = {
	.read = read_fake,
	.cmpxchg = cmpxchg_fake,
};

/* A guest without memory; a page is there once something is written to it. */
struct vigil_fake *vigil_fake_new(struct kunit *test)
{
	struct vigil_fake *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	f->gm.ops = &fake_ops;
	f->test = test;
	f->next_table = TABLES;
	f->next_object = OBJECTS;
	return f;
}

void vigil_fake_write(struct vigil_fake *f, u64 gpa, const void *buf,
		      size_t len)
{
	while (len) {
		size_t piece = min_t(size_t, len, SZ_4K - gpa % SZ_4K);

		memcpy(make_page(f, gpa / SZ_4K) + gpa % SZ_4K, buf, piece);
		gpa += piece;
		buf += piece;
		len -= piece;
	}
}

/* An empty page table. */
u64 vigil_fake_table(struct vigil_fake *f)
{
	u64 gpa = f->next_table;

	f->next_table += SZ_4K;
	make_page(f, gpa / SZ_4K);
	return gpa;
}

/* Guest-physical address of the entry for @gva at the level of @shift. */
u64 vigil_fake_entry(struct vigil_fake *f, u64 root, unsigned int levels,
		     u64 gva, unsigned int shift)
{
	unsigned int at = 12 + 9 * (levels - 1);
	u64 table = root;

	for (;;) {
		u64 index = (gva >> at) & 511;
		u64 *entry = (u64 *)make_page(f, table / SZ_4K) + index;

		if (at == shift)
			return table + index * sizeof(*entry);
		if (!*entry)
			*entry = vigil_fake_table(f) | FAKE_PTE_P | FAKE_PTE_W |
				 FAKE_PTE_U;
		table = *entry & GENMASK_ULL(51, 12);
		at -= 9;
	}
}

/* Map one page of 1 << @shift bytes; upper levels allow everything. */
void vigil_fake_map(struct vigil_fake *f, u64 root, unsigned int levels,
		    u64 gva, u64 gpa, unsigned int shift, u64 flags)
{
	u64 pte = gpa | flags | FAKE_PTE_P;

	if (shift > 12)
		pte |= FAKE_PTE_HUGE;
	vigil_fake_write(f, vigil_fake_entry(f, root, levels, gva, shift), &pte,
			 sizeof(pte));
}

MODULE_DESCRIPTION("KUnit suites of vigil");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);
