// SPDX-License-Identifier: GPL-2.0
/*
 * The exec judge as a table.
 */

#include <linux/sizes.h>

#include "protect/exec_judge.h"
#include "tests/fake.h"

#define STACK	VIGIL_EXEC_RULE_STACK
#define WX	VIGIL_EXEC_RULE_WX
#define WTX	VIGIL_EXEC_RULE_W_THEN_X
#define ANY	VIGIL_EXEC_RULE_ANY
#define UNSURE	VIGIL_EXEC_UNSURE

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
	/* 0 stands for OUTSIDE. */
	u64 rsp;
	bool page_writable;
};

#define CASE(_name, _kind, _page, _flags, _rules, ...)			\
	{ .name = (_name), .kind = VIGIL_VMA_KIND_##_kind,		\
	  .page = VIGIL_PAGE_##_page, .flags = (_flags),		\
	  .rules = (_rules), ##__VA_ARGS__ }

static const struct judge_case judge_cases[] = {
	/* What is trusted. */
	CASE("file text", FILE, CACHE, R | X, 0),
	CASE("file text, shared", FILE, CACHE, R | X | S, 0),
	CASE("file text, private and writable, not written",
	     FILE, CACHE, R | W | X, 0),
	CASE("file text, RSP pivoted into it", FILE, CACHE, R | X, 0,
	     .rsp = INSIDE),
	CASE("vDSO", SPECIAL, OTHER, R | X, 0),
	CASE("special mapping, page not known", SPECIAL, UNKNOWN, R | X, 0),
	CASE("special mapping, writable", SPECIAL, OTHER, R | W | X, 0),

	/* Files that aren't what they seem. */
	CASE("text overwritten", FILE, COW, R | X, WTX | ANY),
	CASE("text overwritten, writable", FILE, COW, R | W | X, WX | ANY),
	CASE("file, shared and writable", FILE, CACHE, R | W | X | S, WX | ANY),
	CASE("file, guest's pte writable", FILE, CACHE, R | X, WX | ANY,
	     .page_writable = true),
	CASE("driver's page", FILE, OTHER, R | X | S, WTX | ANY),
	CASE("driver's page, writable", FILE, OTHER, R | W | X | S, WX | ANY),
	CASE("file without VM_EXEC", FILE, CACHE, R, ANY),
	CASE("file, page not known", FILE, UNKNOWN, R | X, UNSURE),
	CASE("file, page not known, writable", FILE, UNKNOWN, R | W | X, UNSURE),
	CASE("deleted file", DELETED, CACHE, R | X, ANY),
	CASE("deleted file, shared and writable", DELETED, CACHE,
	     R | W | X | S, WX | ANY),
	CASE("deleted file, overwritten", DELETED, COW, R | X, WTX | ANY),
	CASE("deleted file, page not known", DELETED, UNKNOWN, R | X, UNSURE),
	CASE("vDSO overwritten", SPECIAL, COW, R | X, WTX | ANY),

	/* What a process made. */
	CASE("mmap RWX", ANON, ANON, R | W | X, WX | ANY),
	CASE("mmap RW, mprotect RX", ANON, ANON, R | X, WTX | ANY),
	CASE("mmap RX, pte still writable", ANON, ANON, R | X, WX | ANY,
	     .page_writable = true),
	CASE("anonymous, page not known", ANON, UNKNOWN, R | X, WTX | ANY),
	CASE("anonymous, zero page", ANON, OTHER, R | X, WTX | ANY),
	CASE("heap", HEAP, ANON, R | W | X, WX | ANY),
	CASE("heap, made RX", HEAP, ANON, R | X, WTX | ANY),
	CASE("memfd", SHMEM, CACHE, R | X, WTX | ANY),
	CASE("memfd, shared and writable", SHMEM, CACHE, R | W | X | S,
	     WX | ANY),
	CASE("memfd, private copy", SHMEM, COW, R | X, WTX | ANY),
	CASE("huge pages", HUGETLB, CACHE, R | W | X | S, WX | ANY),
	CASE("huge pages, made RX", HUGETLB, CACHE, R | X | S, WTX | ANY),

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
	CASE("stack in a memfd", SHMEM, CACHE, R | W | X | S,
	     STACK | WX | ANY, .rsp = INSIDE),
	CASE("stack in a file's private copy", FILE, COW, R | W | X,
	     STACK | WX | ANY, .rsp = INSIDE),
	CASE("grows down, not the main stack", ANON, ANON, R | W | X | DOWN,
	     STACK | WX | ANY),

	CASE("mapping not known", UNKNOWN, UNKNOWN, R | X, UNSURE),
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
	const struct vigil_exec_facts facts = {
		.rip = START + 0x1000,
		.rsp = c->rsp ?: OUTSIDE,
		.vma = &vma,
		.page = c->page,
		.page_writable = c->page_writable,
	};

	KUNIT_EXPECT_EQ(test, c->rules, vigil_exec_judge(&facts));
}

/*
 * Whatever the facts: suspicious code matches "any", is either writable now or
 * was written before, and no answer is both sure and unsure.
 */
static void test_consistent(struct kunit *test)
{
	for (unsigned int i = 0; i < 9 * 5 * 16 * 2 * 2; i++) {
		const struct vigil_vma vma = {
			.start = START,
			.end = END,
			.flags = (i / 45 % 16) | VIGIL_VM_READ,
			.kind = i % 9,
		};
		const struct vigil_exec_facts facts = {
			.rip = START,
			.rsp = i / 720 % 2 ? INSIDE : OUTSIDE,
			.vma = &vma,
			.page = i / 9 % 5,
			.page_writable = i / 1440,
		};
		u32 rules = vigil_exec_judge(&facts);

		if (!rules || rules == UNSURE)
			continue;
		KUNIT_EXPECT_TRUE(test, rules & ANY);
		KUNIT_EXPECT_FALSE(test, (rules & WX) && (rules & WTX));
		KUNIT_EXPECT_FALSE(test, rules & ~(STACK | WX | WTX | ANY));
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
