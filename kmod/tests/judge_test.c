// SPDX-License-Identifier: GPL-2.0
/*
 * The exec judge as a table.
 */

#include <linux/sizes.h>

#include "protect/exec/judge.h"
#include "tests/fake.h"

#define STACK	VIGIL_EXEC_RULE_STACK
#define WX	VIGIL_EXEC_RULE_WX
#define WTX	VIGIL_EXEC_RULE_W_THEN_X
#define ANY	VIGIL_EXEC_RULE_ANY
#define ALL	(STACK | WX | WTX | ANY)

#define R	VIGIL_VM_READ
#define W	VIGIL_VM_WRITE
#define X	VIGIL_VM_EXEC
#define S	VIGIL_VM_SHARED
#define DOWN	VIGIL_VM_GROWSDOWN

#define START	0x7f0000000000ULL
#define END	0x7f0000010000ULL
#define INSIDE	(START + 0x8000)
#define OUTSIDE	0x7ffffffff000ULL

struct judge_case {
	const char *name;
	enum vigil_vma_kind kind;
	enum vigil_page_kind page;
	u64 flags;
	u32 rules;
	u32 unsure;
	/* 0 stands for OUTSIDE. */
	u64 rsp;
	bool page_writable;
	bool deleted;
	/* The file may be mapped shared and writable somewhere. */
	bool shared_writable;
	/* The page is another file's than the mapping's. */
	bool foreign;
	/* MAPPING_FOUND, if it isn't given. */
	enum vigil_exec_mapping mapping;
	bool wants_mapping;
};

#define CASE(_name, _kind, _page, _flags, _rules, ...)			\
	{ .name = (_name), .kind = VIGIL_VMA_KIND_##_kind,		\
	  .page = VIGIL_PAGE_KIND_##_page, .flags = (_flags),		\
	  .rules = (_rules), .mapping = VIGIL_EXEC_MAPPING_FOUND,	\
	  ##__VA_ARGS__ }

/* The mapping can't be told, or nobody asked. */
#define PAGE(_name, _page, _mapping, _rules, _unsure, ...)		\
	{ .name = (_name), .kind = VIGIL_VMA_KIND_UNKNOWN,		\
	  .page = VIGIL_PAGE_KIND_##_page, .rules = (_rules),		\
	  .unsure = (_unsure),						\
	  .mapping = VIGIL_EXEC_MAPPING_##_mapping, ##__VA_ARGS__ }

static const struct judge_case judge_cases[] = {
	/* What is trusted. */
	CASE("file text", FILE, FILE, R | X, 0),
	CASE("file text, shared", FILE, FILE, R | X | S, 0),
	CASE("file text, private and writable, not written",
	     FILE, FILE, R | W | X, 0),
	CASE("file text, RSP pivoted into it", FILE, FILE, R | X, 0,
	     .rsp = INSIDE),
	CASE("vDSO", SPECIAL, KERNEL, R | X, 0),
	CASE("special mapping, writable", SPECIAL, KERNEL, R | W | X, 0),

	/* Files that aren't what they seem. */
	CASE("text overwritten", FILE, ANON, R | X, WTX | ANY),
	CASE("text overwritten, writable", FILE, ANON, R | W | X, WX | ANY),
	CASE("file, shared and writable", FILE, FILE, R | W | X | S, WX | ANY),
	CASE("file, guest's pte writable", FILE, FILE, R | X, WX | ANY,
	     .page_writable = true),
	CASE("driver's page", FILE, KERNEL, R | X | S, WTX | ANY),
	CASE("driver's page, writable", FILE, KERNEL, R | W | X | S, WX | ANY),
	CASE("file without VM_EXEC", FILE, FILE, R, ANY),
	CASE("file, page not known", FILE, UNKNOWN, R | X, 0, .unsure = ALL),
	CASE("file, page not known, writable", FILE, UNKNOWN, R | W | X, 0,
	     .unsure = ALL),
	CASE("deleted file", DELETED, FILE, R | X, ANY, .deleted = true),
	CASE("deleted file, shared and writable", DELETED, FILE,
	     R | W | X | S, WX | ANY, .deleted = true),
	CASE("deleted file, overwritten", DELETED, ANON, R | X, WTX | ANY),
	CASE("deleted file, page not known", DELETED, UNKNOWN, R | X, 0,
	     .unsure = ALL),
	CASE("vDSO overwritten", SPECIAL, ANON, R | X, WTX | ANY),

	/* What a process made. */
	CASE("mmap RWX", ANON, ANON, R | W | X, WX | ANY),
	CASE("mmap RW, mprotect RX", ANON, ANON, R | X, WTX | ANY),
	CASE("mmap RX, pte still writable", ANON, ANON, R | X, WX | ANY,
	     .page_writable = true),
	CASE("anonymous, page not known", ANON, UNKNOWN, R | X, WTX | ANY),
	CASE("anonymous, zero page", ANON, KERNEL, R | X, WTX | ANY),
	CASE("heap", HEAP, ANON, R | W | X, WX | ANY),
	CASE("heap, made RX", HEAP, ANON, R | X, WTX | ANY),
	CASE("memfd", SHMEM, SHMEM, R | X, WTX | ANY),
	CASE("memfd, shared and writable", SHMEM, SHMEM, R | W | X | S,
	     WX | ANY),
	CASE("memfd, private copy", SHMEM, ANON, R | X, WTX | ANY),
	CASE("huge pages", HUGETLB, HUGETLB, R | W | X | S, WX | ANY),
	CASE("huge pages, made RX", HUGETLB, HUGETLB, R | X | S, WTX | ANY),

	/* Stacks. */
	CASE("main stack", STACK, ANON, R | W | X | DOWN, STACK | WX | ANY),
	CASE("main stack, pivoted away", STACK, ANON, R | W | X | DOWN,
	     STACK | WX | ANY, .rsp = START - SZ_1M),
	CASE("main stack, made RX", STACK, ANON, R | X | DOWN,
	     STACK | WTX | ANY),
	CASE("thread stack", ANON, ANON, R | W | X, STACK | WX | ANY,
	     .rsp = INSIDE),
	CASE("thread stack, first byte", ANON, ANON, R | W | X,
	     STACK | WX | ANY, .rsp = START),
	CASE("thread stack, last slot", ANON, ANON, R | W | X,
	     STACK | WX | ANY, .rsp = END - 8),
	CASE("RSP below the mapping", ANON, ANON, R | W | X, WX | ANY,
	     .rsp = START - 8),
	CASE("RSP above the mapping", ANON, ANON, R | W | X, WX | ANY,
	     .rsp = END),
	CASE("stack in a memfd", SHMEM, SHMEM, R | W | X | S,
	     STACK | WX | ANY, .rsp = INSIDE),
	CASE("stack in a file's private copy", FILE, ANON, R | W | X,
	     STACK | WX | ANY, .rsp = INSIDE),
	CASE("grows down, not the main stack", ANON, ANON, R | W | X | DOWN,
	     STACK | WX | ANY),

	CASE("mapping not known", UNKNOWN, UNKNOWN, R | X, 0, .unsure = ALL),

	/* The page decides, whatever the mapping says. */
	CASE("file's page in an anonymous mapping", ANON, FILE, R | X, 0),
	CASE("file's page in a special mapping", SPECIAL, FILE, R | X, 0),
	CASE("memfd's page in a special mapping", SPECIAL, SHMEM, R | X,
	     WTX | ANY),
	CASE("memfd's page in a file's mapping", FILE, SHMEM, R | X, WTX | ANY,
	     .foreign = true),
	CASE("anonymous page in a special mapping", SPECIAL, ANON, R | W | X,
	     WX | ANY),
	CASE("huge page in a special mapping", SPECIAL, HUGETLB, R | X,
	     WTX | ANY),
	CASE("device in a special mapping", SPECIAL, DEVICE, R | X, WTX | ANY),
	CASE("special mapping, page not known", SPECIAL, UNKNOWN, R | X, 0,
	     .unsure = ALL),
	CASE("device's BAR through sysfs", FILE, DEVICE, R | W | X | S,
	     WX | ANY),
	CASE("device's BAR, made RX", FILE, DEVICE, R | X | S, WTX | ANY),
	CASE("kernel's page on the heap", HEAP, KERNEL, R | X, WTX | ANY),
	CASE("memory of the root file system", FILE, SHMEM, R | X, 0),
	CASE("memory of the root file system, overwritten", FILE, ANON, R | X,
	     WTX | ANY),
	CASE("memory of the root file system, shared and writable", FILE,
	     SHMEM, R | W | X | S, WX | ANY),
	CASE("memory of the root file system, deleted", DELETED, SHMEM, R | X,
	     ANY, .deleted = true),

	/* munmap() is under way: the page is mapped, and in no VMA. */
	PAGE("no VMA: anonymous", ANON, NONE, WTX | ANY, STACK),
	PAGE("no VMA: anonymous, writable", ANON, NONE, WX | ANY, STACK,
	     .page_writable = true),
	PAGE("no VMA: memfd", SHMEM, NONE, WTX | ANY, STACK),
	PAGE("no VMA: huge page", HUGETLB, NONE, WTX | ANY, STACK),
	PAGE("no VMA: device", DEVICE, NONE, WTX | ANY, STACK),
	PAGE("no VMA: kernel's page", KERNEL, NONE, WTX | ANY, STACK),
	PAGE("no VMA: file", FILE, NONE, ANY, 0),
	PAGE("no VMA: file, written through it", FILE, NONE, WX | ANY, STACK,
	     .page_writable = true),
	PAGE("no VMA: page not known", UNKNOWN, NONE, 0, ALL),

	/* A VMA is being split. */
	PAGE("VMA unreadable: anonymous", ANON, UNREADABLE, ANY,
	     STACK | WX | WTX),
	PAGE("VMA unreadable: anonymous, writable", ANON, UNREADABLE, WX | ANY,
	     STACK, .page_writable = true),
	PAGE("VMA unreadable: device", DEVICE, UNREADABLE, ANY,
	     STACK | WX | WTX),
	PAGE("VMA unreadable: huge page", HUGETLB, UNREADABLE, ANY,
	     STACK | WX | WTX),
	PAGE("VMA unreadable: memory with a name", SHMEM, UNREADABLE, 0, ALL),
	PAGE("VMA unreadable: kernel's page", KERNEL, UNREADABLE, 0, ALL),
	PAGE("VMA unreadable: file", FILE, UNREADABLE, 0, 0),
	PAGE("VMA unreadable: file that somebody may write to", FILE,
	     UNREADABLE, 0, STACK | WX | ANY, .shared_writable = true),
	PAGE("VMA unreadable: deleted file that somebody may write to", FILE,
	     UNREADABLE, ANY, STACK | WX, .shared_writable = true,
	     .deleted = true),
	PAGE("VMA unreadable: page not known", UNKNOWN, UNREADABLE, 0, ALL),

	/* Text of a file needs no mapping, all else does. */
	PAGE("VMA not read: file", FILE, NOT_READ, 0, 0),
	PAGE("VMA not read: deleted file", FILE, NOT_READ, ANY, 0,
	     .deleted = true),
	PAGE("VMA not read: file that somebody may write to", FILE, NOT_READ,
	     0, 0, .shared_writable = true, .wants_mapping = true),
	PAGE("VMA not read: file, writable", FILE, NOT_READ, 0, 0,
	     .page_writable = true, .wants_mapping = true),
	PAGE("VMA not read: memory with a name", SHMEM, NOT_READ, 0, 0,
	     .wants_mapping = true),
	PAGE("VMA not read: anonymous", ANON, NOT_READ, 0, 0,
	     .wants_mapping = true),
	PAGE("VMA not read: huge page", HUGETLB, NOT_READ, 0, 0,
	     .wants_mapping = true),
	PAGE("VMA not read: kernel's page", KERNEL, NOT_READ, 0, 0,
	     .wants_mapping = true),
	PAGE("VMA not read: device", DEVICE, NOT_READ, 0, 0,
	     .wants_mapping = true),
	PAGE("VMA not read: page not known", UNKNOWN, NOT_READ, 0, 0,
	     .wants_mapping = true),
};

KUNIT_ARRAY_PARAM_DESC(judge, judge_cases, name);

static void test_judge(struct kunit *test)
{
	const struct judge_case *c = test->param_value;
	const struct vigil_vma vma = {
		.start = START,
		.end = END,
		.flags = c->flags,
		.kind = c->kind,
	};
	const struct vigil_exec_code code = {
		.page = {
			.kind = c->page,
			.deleted = c->deleted,
			.shared_writable = c->shared_writable,
		},
		.pte_writable = c->page_writable,
		.rsp = c->rsp ?: OUTSIDE,
		.mapping = c->mapping,
		.vma = c->mapping == VIGIL_EXEC_MAPPING_FOUND ? &vma : NULL,
		.vma_has_page = !c->foreign,
	};
	struct vigil_exec_judgement j = vigil_exec_judge(&code);

	KUNIT_EXPECT_EQ(test, c->rules, j.rules);
	KUNIT_EXPECT_EQ(test, c->unsure, j.unsure);
	KUNIT_EXPECT_EQ(test, c->wants_mapping, j.wants_mapping);
}

#define KINDS		(VIGIL_VMA_KIND_UNKNOWN + 1)
#define PAGE_KINDS	(VIGIL_PAGE_KIND_DEVICE + 1)
#define MAPPINGS	(VIGIL_EXEC_MAPPING_UNREADABLE + 1)

/*
 * Whatever the facts: suspicious code matches "any", is either writable now or
 * was written before, no rule is both sure and unsure, and what is no page of a
 * file or of the kernel is never trusted.
 */
static void test_consistent(struct kunit *test)
{
	for (unsigned int i = 0;
	     i < KINDS * PAGE_KINDS * MAPPINGS * 16 * 32; i++) {
		const unsigned int bits = i / (KINDS * PAGE_KINDS * MAPPINGS);
		const struct vigil_vma vma = {
			.start = START,
			.end = END,
			.flags = (bits % 16) | VIGIL_VM_READ,
			.kind = i % KINDS,
		};
		const struct vigil_exec_code code = {
			.page = {
				.kind = i / KINDS % PAGE_KINDS,
				.deleted = bits & 16,
				.shared_writable = bits & 32,
			},
			.pte_writable = bits & 64,
			.rsp = bits & 128 ? INSIDE : OUTSIDE,
			.mapping = i / KINDS / PAGE_KINDS % MAPPINGS,
			.vma = &vma,
			.vma_has_page = bits & 256,
		};
		struct vigil_exec_judgement j = vigil_exec_judge(&code);

		if (j.rules) {
			KUNIT_EXPECT_TRUE(test, j.rules & ANY);
			KUNIT_EXPECT_NE(test, WX | WTX,
					j.rules & (WX | WTX));
		}
		KUNIT_EXPECT_FALSE(test, (j.rules | j.unsure) & ~ALL);
		KUNIT_EXPECT_FALSE(test, j.rules & j.unsure);
		if (code.page.kind != VIGIL_PAGE_KIND_FILE &&
		    code.page.kind != VIGIL_PAGE_KIND_SHMEM &&
		    code.page.kind != VIGIL_PAGE_KIND_KERNEL)
			KUNIT_EXPECT_TRUE(test,
					  j.rules || j.unsure || j.wants_mapping);
		if (code.mapping != VIGIL_EXEC_MAPPING_NOT_READ)
			KUNIT_EXPECT_FALSE(test, j.wants_mapping);
	}
}

static struct kunit_case judge_test_cases[] = {
	KUNIT_CASE_PARAM(test_judge, judge_gen_params),
	KUNIT_CASE(test_consistent),
	{}
};

static struct kunit_suite judge_suite = {
	.name = "vigil_exec_judge",
	.test_cases = judge_test_cases,
};

kunit_test_suite(judge_suite);
