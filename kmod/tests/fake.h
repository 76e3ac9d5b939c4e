/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A guest that a test made up: memory, page tables, and a Linux kernel that
 * consists of the structures which the test put there.
 */
#ifndef _VIGIL_TESTS_FAKE_H
#define _VIGIL_TESTS_FAKE_H

#include <linux/bits.h>
#include <linux/types.h>
#include <kunit/test.h>

#include "core/cpu.h"
#include "core/gmem.h"
#include "core/pgwalk.h"
#include "guest/linux.h"
#include "guest/profile.h"

#define FAKE_PTE_P	BIT_ULL(0)
#define FAKE_PTE_W	BIT_ULL(1)
#define FAKE_PTE_U	BIT_ULL(2)
#define FAKE_PTE_HUGE	BIT_ULL(7)
#define FAKE_PTE_NX	BIT_ULL(63)

/* Where the fake kernel has what, as Linux does without KASLR. */
#define FAKE_DIRECT	0xffff888000000000ULL
#define FAKE_VMEMMAP	0xffffea0000000000ULL
#define FAKE_TEXT	0xffffffff81000000ULL
#define FAKE_DATA	0xffffffff82000000ULL

/* Operations that mappings of the fake kernel have. */
#define FAKE_FILE_OPS		(FAKE_DATA + 0x1000)
#define FAKE_SPECIAL_OPS	(FAKE_DATA + 0x1100)
#define FAKE_SHMEM_OPS		(FAKE_DATA + 0x1200)
#define FAKE_SHMEM_ANON_OPS	(FAKE_DATA + 0x1300)
#define FAKE_SHM_OPS		(FAKE_DATA + 0x1400)
#define FAKE_HUGETLB_OPS	(FAKE_DATA + 0x1500)

#define FAKE_PAGES	256

struct vigil_fake_page {
	u64 frame;
	u8 *bytes;
};

/**
 * struct vigil_fake - The guest
 */
struct vigil_fake {
	struct vigil_gmem gm;
	struct kunit *test;
	struct vigil_fake_page pages[FAKE_PAGES];
	unsigned int nr_pages;
	/** @next_table: Where page tables are taken from. */
	u64 next_table;
	/** @next_object: Where objects of the kernel are taken from. */
	u64 next_object;
	/** @reads: Calls of the read operation. */
	unsigned int reads;
	/**
	 * @before_read: If set, called before each read, so that a test can be
	 * the guest that runs meanwhile.
	 */
	void (*before_read)(struct vigil_fake *f, u64 gpa);
	/** @before_cmpxchg: The same before each write. */
	void (*before_cmpxchg)(struct vigil_fake *f, u64 gpa);
	struct vigil_profile profile;
	struct vigil_linux lx;
	struct vigil_cpu cpu;
	/** @super: Superblock of the root file system. */
	u64 super;
	/** @root_mount: Its mount. */
	u64 root_mount;
	/** @root_dentry: Its root. */
	u64 root_dentry;
};

/* fake.c: memory and page tables */
struct vigil_fake *vigil_fake_new(struct kunit *test);
void vigil_fake_write(struct vigil_fake *f, u64 gpa, const void *buf,
		      size_t len);
u64 vigil_fake_table(struct vigil_fake *f);
void vigil_fake_map(struct vigil_fake *f, u64 root, unsigned int levels,
		    u64 gva, u64 gpa, unsigned int shift, u64 flags);
u64 vigil_fake_entry(struct vigil_fake *f, u64 root, unsigned int levels,
		     u64 gva, unsigned int shift);

/* fake_linux.c: a kernel in it */
struct vigil_fake *vigil_fake_linux(struct kunit *test);
u64 vigil_fake_alloc(struct vigil_fake *f, size_t size);
void vigil_fake_put(struct vigil_fake *f, u64 addr, const void *buf,
		    size_t len);
void vigil_fake_put64(struct vigil_fake *f, u64 addr, u64 value);
void vigil_fake_set64(struct vigil_fake *f, u64 base, u32 field, u64 value);
void vigil_fake_set32(struct vigil_fake *f, u64 base, u32 field, u32 value);
u64 vigil_fake_mm(struct vigil_fake *f);
u64 vigil_fake_task(struct vigil_fake *f, u32 pid, const char *comm, u64 mm);
u64 vigil_fake_pid(struct vigil_fake *f, u32 level, u32 number);
u64 vigil_fake_kernfs(struct vigil_fake *f, u64 parent, const char *name);
void vigil_fake_cgroup(struct vigil_fake *f, u64 task, u64 node);
void vigil_fake_link(struct vigil_fake *f, const u64 *tasks, unsigned int nr);
u64 vigil_fake_super(struct vigil_fake *f, u64 magic);
u64 vigil_fake_dentry(struct vigil_fake *f, u64 parent, const char *name);
u64 vigil_fake_mount(struct vigil_fake *f, u64 root, u64 parent, u64 point);
u64 vigil_fake_file(struct vigil_fake *f, u64 dentry, u64 mount, u64 super,
		    u32 nlink);
u64 vigil_fake_vma(struct vigil_fake *f, const struct vigil_vma *vma);

#endif /* _VIGIL_TESTS_FAKE_H */
