// SPDX-License-Identifier: GPL-2.0
/*
 * The decision about a fetch as a table: what is known, and what follows.
 */
#include <kunit/test.h>
#include <linux/string.h>

#include "protect/exec/decide.h"

#define STACK	VIGIL_EXEC_RULE_STACK
#define WX	VIGIL_EXEC_RULE_WX
#define WTX	VIGIL_EXEC_RULE_W_THEN_X
#define ANY	VIGIL_EXEC_RULE_ANY
#define DEFAULT	(STACK | WX | WTX)

#define GFN	0x1234
#define RIP	0x401000
#define KERNEL	0xffffffff81000000ULL
#define NOW	(1000ULL * NSEC_PER_SEC)

static const struct vigil_vma anon_vma = {
	.start = 0x7f0000000000,
	.end = 0x7f0000010000,
	.flags = VIGIL_VM_READ | VIGIL_VM_EXEC,
	.kind = VIGIL_VMA_KIND_ANON,
};

struct decide_case {
	const char *name;
	struct vigil_exec_facts f;
	struct vigil_exec_decision d;
	/* The time for the guest to settle is over. */
	bool late;
};

/* Facts of a fetch in user mode, with a profile. */
#define FETCH	.gfn = GFN, .rip = RIP, .now = NOW, .cpl = 3,		\
		.mode = KVM_EXEC_MODE_LONG, .proved = true

#define KNOWN	FETCH, .process = VIGIL_EXEC_PROCESS_KNOWN

#define PROTECTED(_action, _rules)					\
		KNOWN, .protected = true, .rules = (_rules),		\
		.action = VIGIL_ACTION_##_action

#define PLACED(_place)							\
		.place = VIGIL_EXEC_PLACE_##_place, .user_page = true

/* Code of which nothing but the page is known, and how far that goes. */
#define CODE(_page, _mapping)						\
	.code = { .page = { .kind = VIGIL_PAGE_KIND_##_page },		\
		  .mapping = VIGIL_EXEC_MAPPING_##_mapping,		\
		  .vma = &anon_vma }

#define STEP(_step)	{ .step = VIGIL_EXEC_##_step }
#define ANSWER(_verdict, _source, ...)					\
	{ .verdict = KVM_EXEC_##_verdict,				\
	  .source = VIGIL_EXEC_SOURCE_##_source, ##__VA_ARGS__ }

#define RULES(_action, _rules)						\
	.report = VIGIL_EXEC_REPORT_RULES, .rules = (_rules),		\
	.action = VIGIL_ACTION_##_action
#define UNREADABLE(_action, _reason)					\
	.report = VIGIL_EXEC_REPORT_UNREADABLE,				\
	.reason = VIGIL_UNREADABLE_REASON_##_reason,			\
	.action = VIGIL_ACTION_##_action
#define WITHOUT_PROFILE(_action)					\
	.report = VIGIL_EXEC_REPORT_WITHOUT_PROFILE,			\
	.action = VIGIL_ACTION_##_action

static const struct decide_case decide_cases[] = {
	/* Whose mode it is. */
	{ "a guest's guest", { FETCH, .nested = true },
	  ANSWER(GRANT, OTHER, .report = VIGIL_EXEC_REPORT_NESTED) },
	{ "a guest's guest, writing to its page",
	  { FETCH, .nested = true, .self_write = true },
	  ANSWER(OPEN, OTHER, .report = VIGIL_EXEC_REPORT_NESTED) },
	{ "a guest's guest, others write to its page",
	  { FETCH, .nested = true, .starved = true },
	  ANSWER(GRANT, OTHER, .report = VIGIL_EXEC_REPORT_NESTED) },
	{ "SMM", { FETCH, .cpl = 0, .smm = true }, ANSWER(GRANT, OTHER) },
	{ "the kernel", { FETCH, .cpl = 0, .rip = KERNEL },
	  ANSWER(GRANT, KERNEL) },
	{ "the kernel, writing to its page",
	  { FETCH, .cpl = 0, .rip = KERNEL, .self_write = true },
	  ANSWER(OPEN, KERNEL) },
	{ "real mode", { FETCH, .cpl = 0, .mode = KVM_EXEC_MODE_REAL },
	  ANSWER(GRANT, KERNEL, .doubt = true) },
	{ "real mode without a profile",
	  { FETCH, .cpl = 0, .mode = KVM_EXEC_MODE_REAL, .proved = false },
	  ANSWER(GRANT, KERNEL) },
	{ "protected mode", { FETCH, .cpl = 0, .mode = KVM_EXEC_MODE_PROT },
	  ANSWER(GRANT, KERNEL) },
	{ "user mode", { FETCH }, STEP(READ_PROCESS) },

	/* Without a profile. */
	{ "no profile: kernel", { FETCH, .cpl = 0, .proved = false },
	  ANSWER(GRANT, KERNEL) },
	{ "no profile: observe", { FETCH, .proved = false },
	  ANSWER(GRANT, WITHOUT_PROFILE, WITHOUT_PROFILE(OBSERVE)) },
	{ "no profile: observe, writing to its page",
	  { FETCH, .proved = false, .self_write = true },
	  ANSWER(OPEN, WITHOUT_PROFILE, WITHOUT_PROFILE(OBSERVE)) },
	{ "no profile: block",
	  { FETCH, .proved = false, .without_profile = VIGIL_ACTION_BLOCK },
	  ANSWER(REFUSE, WITHOUT_PROFILE, WITHOUT_PROFILE(BLOCK)) },
	{ "no profile: block, 32 bits",
	  { FETCH, .proved = false, .without_profile = VIGIL_ACTION_BLOCK,
	    .mode = KVM_EXEC_MODE_PROT },
	  ANSWER(REFUSE, WITHOUT_PROFILE, WITHOUT_PROFILE(BLOCK)) },
	{ "no profile: the actions say nothing",
	  { FETCH, .proved = false, .strictest = VIGIL_ACTION_KILL },
	  ANSWER(GRANT, WITHOUT_PROFILE, WITHOUT_PROFILE(OBSERVE)) },
	{ "user mode that Linux doesn't have",
	  { FETCH, .mode = KVM_EXEC_MODE_PROT,
	    .without_profile = VIGIL_ACTION_BLOCK },
	  ANSWER(REFUSE, WITHOUT_PROFILE, WITHOUT_PROFILE(BLOCK),
		 .doubt = true) },
	{ "another kernel",
	  { FETCH, .process = VIGIL_EXEC_PROCESS_OTHER_KERNEL,
	    .strictest = VIGIL_ACTION_BLOCK },
	  ANSWER(GRANT, WITHOUT_PROFILE, WITHOUT_PROFILE(OBSERVE),
		 .doubt = true) },
	{ "another kernel: block",
	  { FETCH, .process = VIGIL_EXEC_PROCESS_OTHER_KERNEL,
	    .without_profile = VIGIL_ACTION_BLOCK },
	  ANSWER(REFUSE, WITHOUT_PROFILE, WITHOUT_PROFILE(BLOCK),
		 .doubt = true) },

	/* Whose fetch it is. */
	{ "process unreadable, at first",
	  { FETCH, .process = VIGIL_EXEC_PROCESS_UNREADABLE,
	    .strictest = VIGIL_ACTION_BLOCK },
	  ANSWER(RETRY, OTHER) },
	{ "process unreadable: observe",
	  { FETCH, .process = VIGIL_EXEC_PROCESS_UNREADABLE },
	  ANSWER(GRANT, OTHER, UNREADABLE(OBSERVE, PROCESS), .doubt = true),
	  .late = true },
	{ "process unreadable: block",
	  { FETCH, .process = VIGIL_EXEC_PROCESS_UNREADABLE,
	    .strictest = VIGIL_ACTION_BLOCK },
	  ANSWER(REFUSE, OTHER, UNREADABLE(BLOCK, PROCESS), .doubt = true),
	  .late = true },
	{ "process unreadable: nobody to kill",
	  { FETCH, .process = VIGIL_EXEC_PROCESS_UNREADABLE,
	    .strictest = VIGIL_ACTION_KILL },
	  ANSWER(REFUSE, OTHER, UNREADABLE(KILL, PROCESS), .doubt = true),
	  .late = true },
	{ "no memory, at first",
	  { FETCH, .process = VIGIL_EXEC_PROCESS_NO_MEMORY,
	    .strictest = VIGIL_ACTION_BLOCK },
	  ANSWER(RETRY, OTHER) },
	{ "no memory",
	  { FETCH, .process = VIGIL_EXEC_PROCESS_NO_MEMORY,
	    .strictest = VIGIL_ACTION_BLOCK },
	  ANSWER(REFUSE, OTHER, UNREADABLE(BLOCK, MEMORY), .doubt = true),
	  .late = true },
	{ "nobody protects it", { KNOWN }, STEP(READ_PAGE) },
	{ "nobody protects it: a file's text",
	  { KNOWN, PLACED(FIRST), CODE(FILE, NOT_READ) },
	  ANSWER(GRANT, UNPROTECTED) },
	{ "nobody protects it: memory of its own",
	  { KNOWN, PLACED(SECOND), CODE(ANON, NOT_READ) },
	  ANSWER(GRANT, UNPROTECTED) },
	{ "nobody protects it: memory that it shares with one that is protected",
	  { KNOWN, PLACED(FIRST), .kin_differ = true, CODE(ANON, NOT_READ) },
	  ANSWER(GRANT, UNPROTECTED, .brief = true) },
	{ "nobody protects it: a file that somebody may write to",
	  { KNOWN, PLACED(FIRST),
	    .code.page = { .kind = VIGIL_PAGE_KIND_FILE,
			   .shared_writable = true } },
	  ANSWER(GRANT, UNPROTECTED, .brief = true) },
	{ "nobody protects it: a page merged by KSM",
	  { KNOWN, PLACED(FIRST),
	    .code.page = { .kind = VIGIL_PAGE_KIND_ANON, .merged = true } },
	  ANSWER(GRANT, UNPROTECTED, .brief = true) },
	{ "nobody protects it: a memfd",
	  { KNOWN, PLACED(FIRST), CODE(SHMEM, NOT_READ) },
	  ANSWER(GRANT, UNPROTECTED, .brief = true) },
	{ "nobody protects it: a huge page of a file",
	  { KNOWN, PLACED(FIRST), CODE(HUGETLB, NOT_READ) },
	  ANSWER(GRANT, UNPROTECTED, .brief = true) },
	{ "nobody protects it: a device",
	  { KNOWN, PLACED(FIRST), CODE(DEVICE, NOT_READ) },
	  ANSWER(GRANT, UNPROTECTED, .brief = true) },
	{ "nobody protects it: a page of the kernel's",
	  { KNOWN, PLACED(FIRST), CODE(KERNEL, NOT_READ) },
	  ANSWER(GRANT, UNPROTECTED, .brief = true) },
	{ "nobody protects it: what can't be told",
	  { KNOWN, PLACED(FIRST), CODE(UNKNOWN, NOT_READ) },
	  ANSWER(GRANT, UNPROTECTED, .brief = true) },
	{ "nobody protects it: a page that moved",
	  { KNOWN, .place = VIGIL_EXEC_PLACE_NEITHER },
	  ANSWER(GRANT, UNPROTECTED, .brief = true) },
	{ "nobody protects it, writing to its page",
	  { KNOWN, PLACED(FIRST), CODE(ANON, NOT_READ), .self_write = true },
	  ANSWER(OPEN, UNPROTECTED) },
	{ "nobody protects it, writing to a page that was refused",
	  { KNOWN, PLACED(FIRST), CODE(ANON, NOT_READ), .self_write = true,
	    .was_refused = true },
	  ANSWER(GRANT, UNPROTECTED) },
	{ "nobody protects it, others write to its page",
	  { KNOWN, PLACED(FIRST), CODE(ANON, NOT_READ), .starved = true },
	  ANSWER(GRANT, UNPROTECTED) },
	{ "condemned", { KNOWN, .condemned = true },
	  ANSWER(REFUSE, PROTECTED, .upset_stack = true) },
	{ "condemned, whatever protects it now",
	  { PROTECTED(OBSERVE, ANY), .condemned = true },
	  ANSWER(REFUSE, PROTECTED, .upset_stack = true) },
	{ "condemned, in the kernel",
	  { KNOWN, .condemned = true, .cpl = 0, PLACED(FIRST) },
	  ANSWER(REFUSE, PROTECTED) },
	{ "protected", { PROTECTED(BLOCK, DEFAULT) }, STEP(READ_PAGE) },

	/* What the code is. */
	{ "text of a file",
	  { PROTECTED(BLOCK, DEFAULT), PLACED(FIRST), CODE(FILE, NOT_READ) },
	  ANSWER(GRANT, PROTECTED, .grant_around = true) },
	{ "text of a file, others write to its page",
	  { PROTECTED(BLOCK, DEFAULT), PLACED(FIRST), CODE(FILE, NOT_READ),
	    .starved = true },
	  ANSWER(GRANT, PROTECTED) },
	{ "text of a file, second page",
	  { PROTECTED(BLOCK, DEFAULT), PLACED(SECOND), CODE(FILE, NOT_READ) },
	  ANSWER(GRANT, PROTECTED, .grant_around = true) },
	{ "text of a file, writing to its page",
	  { PROTECTED(BLOCK, DEFAULT), PLACED(FIRST), CODE(FILE, NOT_READ),
	    .self_write = true },
	  ANSWER(OPEN, PROTECTED) },
	{ "text of a file that somebody may write to",
	  { PROTECTED(BLOCK, DEFAULT), PLACED(FIRST),
	    .code = { .page = { .kind = VIGIL_PAGE_KIND_FILE,
				.shared_writable = true },
		      .mapping = VIGIL_EXEC_MAPPING_FOUND,
		      .vma = &anon_vma } },
	  ANSWER(GRANT, PROTECTED) },
	{ "text of a deleted file",
	  { PROTECTED(BLOCK, DEFAULT), PLACED(FIRST),
	    .code = { .page = { .kind = VIGIL_PAGE_KIND_FILE,
				.deleted = true } } },
	  ANSWER(GRANT, PROTECTED) },
	{ "memory with a name: rules that don't match",
	  { PROTECTED(BLOCK, STACK), PLACED(FIRST), CODE(SHMEM, FOUND) },
	  ANSWER(GRANT, PROTECTED, .brief = true) },
	{ "memory with a name: observed, and nothing does more",
	  { PROTECTED(OBSERVE, DEFAULT), PLACED(FIRST), CODE(SHMEM, FOUND) },
	  ANSWER(GRANT, PROTECTED, RULES(OBSERVE, WTX)) },
	{ "memory with a name: observed, and another entry does more",
	  { PROTECTED(OBSERVE, DEFAULT), PLACED(FIRST), CODE(SHMEM, FOUND),
	    .strictest = VIGIL_ACTION_BLOCK },
	  ANSWER(GRANT, PROTECTED, RULES(OBSERVE, WTX), .brief = true) },
	{ "anonymous: mapping wanted",
	  { PROTECTED(BLOCK, DEFAULT), PLACED(FIRST), CODE(ANON, NOT_READ) },
	  STEP(READ_MAPPING) },
	{ "anonymous: observe",
	  { PROTECTED(OBSERVE, DEFAULT), PLACED(FIRST), CODE(ANON, FOUND) },
	  ANSWER(GRANT, PROTECTED, RULES(OBSERVE, WTX)) },
	{ "anonymous: observe, writing to its page",
	  { PROTECTED(OBSERVE, DEFAULT), PLACED(FIRST), CODE(ANON, FOUND),
	    .self_write = true },
	  ANSWER(OPEN, PROTECTED, RULES(OBSERVE, WTX)) },
	{ "anonymous: observe, writing to a page that was refused",
	  { PROTECTED(OBSERVE, DEFAULT), PLACED(FIRST), CODE(ANON, FOUND),
	    .self_write = true, .was_refused = true },
	  ANSWER(GRANT, PROTECTED, RULES(OBSERVE, WTX)) },
	{ "anonymous: block",
	  { PROTECTED(BLOCK, DEFAULT), PLACED(FIRST), CODE(ANON, FOUND) },
	  ANSWER(REFUSE, PROTECTED, RULES(BLOCK, WTX)) },
	{ "anonymous: block, writing to its page",
	  { PROTECTED(BLOCK, DEFAULT), PLACED(FIRST), CODE(ANON, FOUND),
	    .self_write = true },
	  ANSWER(REFUSE, PROTECTED, RULES(BLOCK, WTX)) },
	{ "anonymous: kill",
	  { PROTECTED(KILL, DEFAULT), PLACED(FIRST), CODE(ANON, FOUND) },
	  ANSWER(REFUSE, PROTECTED, RULES(KILL, WTX), .kill = true) },
	{ "anonymous: observe, others write to its page",
	  { PROTECTED(OBSERVE, DEFAULT), PLACED(FIRST), CODE(ANON, FOUND),
	    .starved = true },
	  ANSWER(GRANT, PROTECTED, RULES(OBSERVE, WTX)) },
	{ "anonymous: block, others write to its page",
	  { PROTECTED(BLOCK, DEFAULT), PLACED(FIRST), CODE(ANON, FOUND),
	    .starved = true },
	  ANSWER(REFUSE, PROTECTED, RULES(BLOCK, WTX)) },
	{ "anonymous: all rules",
	  { PROTECTED(BLOCK, DEFAULT | ANY), PLACED(SECOND),
	    CODE(ANON, FOUND) },
	  ANSWER(REFUSE, PROTECTED, RULES(BLOCK, WTX | ANY)) },
	{ "anonymous: rules that don't match",
	  { PROTECTED(BLOCK, STACK | WX), PLACED(FIRST), CODE(ANON, FOUND) },
	  ANSWER(GRANT, PROTECTED) },
	{ "device",
	  { PROTECTED(BLOCK, DEFAULT), PLACED(FIRST), CODE(DEVICE, FOUND) },
	  ANSWER(REFUSE, PROTECTED, RULES(BLOCK, WTX)) },

	/* munmap() is under way. */
	{ "no VMA: text of a file",
	  { PROTECTED(BLOCK, DEFAULT), PLACED(FIRST), CODE(FILE, NONE) },
	  ANSWER(GRANT, PROTECTED) },
	{ "no VMA: anonymous",
	  { PROTECTED(BLOCK, DEFAULT), PLACED(FIRST), CODE(ANON, NONE) },
	  ANSWER(REFUSE, PROTECTED, RULES(BLOCK, WTX)) },
	{ "no VMA: anonymous, and only stacks matter",
	  { PROTECTED(BLOCK, STACK), PLACED(FIRST), CODE(ANON, NONE) },
	  ANSWER(REFUSE, PROTECTED, UNREADABLE(BLOCK, MAPPING)),
	  .late = true },

	/* What can't be told. */
	{ "neither page, at first",
	  { PROTECTED(BLOCK, DEFAULT), .place = VIGIL_EXEC_PLACE_NEITHER },
	  ANSWER(RETRY, OTHER) },
	{ "neither page: observe",
	  { PROTECTED(OBSERVE, DEFAULT), .place = VIGIL_EXEC_PLACE_NEITHER },
	  ANSWER(GRANT, PROTECTED, UNREADABLE(OBSERVE, ADDRESS)),
	  .late = true },
	{ "neither page: block",
	  { PROTECTED(BLOCK, DEFAULT), .place = VIGIL_EXEC_PLACE_NEITHER },
	  ANSWER(REFUSE, PROTECTED, UNREADABLE(BLOCK, ADDRESS)),
	  .late = true },
	{ "neither page: kill",
	  { PROTECTED(KILL, DEFAULT), .place = VIGIL_EXEC_PLACE_NEITHER },
	  ANSWER(REFUSE, PROTECTED, UNREADABLE(KILL, ADDRESS), .kill = true),
	  .late = true },
	{ "another entry's action doesn't count",
	  { PROTECTED(OBSERVE, DEFAULT), .place = VIGIL_EXEC_PLACE_NEITHER,
	    .strictest = VIGIL_ACTION_KILL },
	  ANSWER(GRANT, PROTECTED, UNREADABLE(OBSERVE, ADDRESS),
		 .brief = true),
	  .late = true },
	{ "page of the kernel alone",
	  { PROTECTED(BLOCK, DEFAULT), .place = VIGIL_EXEC_PLACE_FIRST },
	  ANSWER(REFUSE, PROTECTED, UNREADABLE(BLOCK, ADDRESS)),
	  .late = true },
	{ "page unreadable, at first",
	  { PROTECTED(BLOCK, DEFAULT), PLACED(FIRST), CODE(UNKNOWN, NONE) },
	  ANSWER(RETRY, OTHER) },
	{ "page unreadable: block",
	  { PROTECTED(BLOCK, DEFAULT), PLACED(FIRST), CODE(UNKNOWN, NONE) },
	  ANSWER(REFUSE, PROTECTED, UNREADABLE(BLOCK, PAGE)),
	  .late = true },
	{ "VMA unreadable, at first",
	  { PROTECTED(BLOCK, DEFAULT), PLACED(FIRST),
	    CODE(ANON, UNREADABLE) },
	  ANSWER(RETRY, OTHER) },
	{ "VMA unreadable: block",
	  { PROTECTED(BLOCK, DEFAULT), PLACED(FIRST),
	    CODE(ANON, UNREADABLE) },
	  ANSWER(REFUSE, PROTECTED, UNREADABLE(BLOCK, MAPPING)),
	  .late = true },
	{ "VMA unreadable: what the page alone matches is enough",
	  { PROTECTED(BLOCK, ANY), PLACED(FIRST), CODE(ANON, UNREADABLE) },
	  ANSWER(REFUSE, PROTECTED, RULES(BLOCK, ANY)) },
	{ "VMA unreadable: kernel's page",
	  { PROTECTED(KILL, DEFAULT), PLACED(FIRST),
	    CODE(KERNEL, UNREADABLE) },
	  ANSWER(REFUSE, PROTECTED, UNREADABLE(KILL, MAPPING), .kill = true),
	  .late = true },

	/* The kernel runs what user mode may. */
	{ "the kernel at a user's address", { FETCH, .cpl = 0 },
	  STEP(READ_PAGE) },
	{ "the kernel at its own page below",
	  { FETCH, .cpl = 0, .place = VIGIL_EXEC_PLACE_FIRST },
	  ANSWER(GRANT, KERNEL) },
	{ "the kernel at its own page below, second page",
	  { FETCH, .cpl = 0, .place = VIGIL_EXEC_PLACE_SECOND },
	  ANSWER(GRANT, KERNEL) },
	{ "the kernel at a user's page", { FETCH, .cpl = 0, PLACED(FIRST) },
	  STEP(READ_PROCESS) },
	{ "the kernel at a page that moved",
	  { FETCH, .cpl = 0, .place = VIGIL_EXEC_PLACE_NEITHER },
	  STEP(READ_PROCESS) },
	{ "the kernel at a page that moved, in a protected process",
	  { PROTECTED(BLOCK, DEFAULT), .cpl = 0,
	    .place = VIGIL_EXEC_PLACE_NEITHER },
	  ANSWER(REFUSE, PROTECTED, UNREADABLE(BLOCK, ADDRESS)),
	  .late = true },
	{ "the kernel at an unprotected user's page",
	  { KNOWN, .cpl = 0, PLACED(FIRST), CODE(ANON, NOT_READ) },
	  ANSWER(GRANT, UNPROTECTED) },
	{ "the kernel at a protected user's code",
	  { PROTECTED(BLOCK, DEFAULT), .cpl = 0, PLACED(FIRST),
	    CODE(ANON, FOUND) },
	  ANSWER(REFUSE, PROTECTED, RULES(BLOCK, WTX)) },
	{ "the kernel at a protected user's text",
	  { PROTECTED(BLOCK, DEFAULT), .cpl = 0, PLACED(FIRST),
	    CODE(FILE, NOT_READ) },
	  ANSWER(GRANT, PROTECTED, .grant_around = true) },
	{ "the kernel at a user's address, no memory",
	  { FETCH, .cpl = 0, .place = VIGIL_EXEC_PLACE_NEITHER,
	    .process = VIGIL_EXEC_PROCESS_NO_MEMORY,
	    .strictest = VIGIL_ACTION_BLOCK },
	  ANSWER(REFUSE, OTHER, UNREADABLE(BLOCK, MEMORY), .doubt = true),
	  .late = true },
};

KUNIT_ARRAY_PARAM_DESC(decide, decide_cases, name);

static void expect_decision(struct kunit *test,
			    const struct vigil_exec_decision *want,
			    const struct vigil_exec_decision *d)
{
	KUNIT_EXPECT_EQ(test, want->step, d->step);
	KUNIT_EXPECT_EQ(test, want->verdict, d->verdict);
	KUNIT_EXPECT_EQ(test, want->source, d->source);
	KUNIT_EXPECT_EQ(test, want->report, d->report);
	KUNIT_EXPECT_EQ(test, want->rules, d->rules);
	KUNIT_EXPECT_EQ(test, want->reason, d->reason);
	KUNIT_EXPECT_EQ(test, want->action, d->action);
	KUNIT_EXPECT_EQ(test, want->kill, d->kill);
	KUNIT_EXPECT_EQ(test, want->upset_stack, d->upset_stack);
	KUNIT_EXPECT_EQ(test, want->doubt, d->doubt);
	KUNIT_EXPECT_EQ(test, want->brief, d->brief);
	KUNIT_EXPECT_EQ(test, want->grant_around, d->grant_around);
}

static void test_decide(struct kunit *test)
{
	const struct decide_case *c = test->param_value;
	struct vigil_exec_wait w = {};
	struct vigil_exec_decision d;

	if (c->late)
		w = (struct vigil_exec_wait){
			.gfn = c->f.gfn,
			.rip = c->f.rip,
			.begin = NOW - VIGIL_EXEC_WAIT,
			.last = NOW - VIGIL_EXEC_WAIT,
		};
	d = vigil_exec_decide(&c->f, &w);
	expect_decision(test, &c->d, &d);
	/* Whoever is refused silently was condemned, and that was reported. */
	if (d.step == VIGIL_EXEC_ANSWER && d.verdict == KVM_EXEC_REFUSE)
		KUNIT_EXPECT_TRUE(test, d.report || c->f.condemned);
}

/* --- how long is waited --------------------------------------------------- */

#define MS	NSEC_PER_MSEC

static const struct vigil_exec_facts unreadable = {
	PROTECTED(BLOCK, DEFAULT), PLACED(FIRST), CODE(ANON, UNREADABLE),
};

static enum kvm_exec_verdict answer_at(struct vigil_exec_facts f,
				       struct vigil_exec_wait *w, u64 ms)
{
	f.now = NOW + ms * MS;
	return vigil_exec_decide(&f, w).verdict;
}

static void test_time(struct kunit *test)
{
	struct vigil_exec_wait w = {};

	/* However often it is tried. */
	for (u64 ms = 0; ms < 10; ms++) {
		for (int i = 0; i < 100; i++)
			KUNIT_EXPECT_EQ(test, KVM_EXEC_RETRY,
					answer_at(unreadable, &w, ms));
	}
	KUNIT_EXPECT_EQ(test, KVM_EXEC_REFUSE, answer_at(unreadable, &w, 10));
	/* What was answered begins anew. */
	KUNIT_EXPECT_EQ(test, KVM_EXEC_RETRY, answer_at(unreadable, &w, 11));
}

/* Time in which another vCPU can't run isn't the guest's fault, up to a limit. */
static void test_held_up(struct kunit *test)
{
	struct vigil_exec_facts f = unreadable;
	struct vigil_exec_wait w = {};

	f.vcpu_waits = true;
	for (u64 ms = 0; ms < 100; ms += 5)
		KUNIT_EXPECT_EQ(test, KVM_EXEC_RETRY, answer_at(f, &w, ms));
	KUNIT_EXPECT_EQ(test, KVM_EXEC_REFUSE, answer_at(f, &w, 100));

	for (u64 ms = 200; ms < 250; ms += 5)
		KUNIT_EXPECT_EQ(test, KVM_EXEC_RETRY, answer_at(f, &w, ms));
	f.vcpu_waits = false;
	KUNIT_EXPECT_EQ(test, KVM_EXEC_RETRY, answer_at(f, &w, 254));
	KUNIT_EXPECT_EQ(test, KVM_EXEC_REFUSE, answer_at(f, &w, 260));
}

/* Each page and each RIP has its time; what another one used up doesn't count. */
static void test_each_its_time(struct kunit *test)
{
	struct vigil_exec_facts other = unreadable;
	struct vigil_exec_wait w = {};

	KUNIT_EXPECT_EQ(test, KVM_EXEC_RETRY, answer_at(unreadable, &w, 0));
	KUNIT_EXPECT_EQ(test, KVM_EXEC_RETRY, answer_at(unreadable, &w, 9));
	other.rip++;
	KUNIT_EXPECT_EQ(test, KVM_EXEC_RETRY, answer_at(other, &w, 11));
	other.gfn++;
	KUNIT_EXPECT_EQ(test, KVM_EXEC_RETRY, answer_at(other, &w, 22));
	KUNIT_EXPECT_EQ(test, KVM_EXEC_RETRY, answer_at(other, &w, 31));
	KUNIT_EXPECT_EQ(test, KVM_EXEC_REFUSE, answer_at(other, &w, 32));
}

/* An attempt of long ago is another one's. */
static void test_stale(struct kunit *test)
{
	struct vigil_exec_wait w = {};

	KUNIT_EXPECT_EQ(test, KVM_EXEC_RETRY, answer_at(unreadable, &w, 0));
	KUNIT_EXPECT_EQ(test, KVM_EXEC_RETRY, answer_at(unreadable, &w, 2000));
	KUNIT_EXPECT_EQ(test, KVM_EXEC_RETRY, answer_at(unreadable, &w, 2009));
	KUNIT_EXPECT_EQ(test, KVM_EXEC_REFUSE, answer_at(unreadable, &w, 2010));
}

/* The guest made up its mind: the next time begins anew. */
static void test_settled(struct kunit *test)
{
	struct vigil_exec_facts settled = unreadable;
	struct vigil_exec_wait w = {};

	settled.code.mapping = VIGIL_EXEC_MAPPING_FOUND;
	settled.rules = STACK;
	KUNIT_EXPECT_EQ(test, KVM_EXEC_RETRY, answer_at(unreadable, &w, 0));
	KUNIT_EXPECT_EQ(test, KVM_EXEC_GRANT, answer_at(settled, &w, 5));
	KUNIT_EXPECT_EQ(test, KVM_EXEC_RETRY, answer_at(unreadable, &w, 11));
	KUNIT_EXPECT_EQ(test, KVM_EXEC_RETRY, answer_at(unreadable, &w, 20));
}

/* There is no memory for the time either. */
static void test_no_time(struct kunit *test)
{
	struct vigil_exec_facts f = {
		FETCH, .process = VIGIL_EXEC_PROCESS_NO_MEMORY,
		.strictest = VIGIL_ACTION_BLOCK,
	};

	KUNIT_EXPECT_EQ(test, KVM_EXEC_REFUSE, answer_at(f, NULL, 0));
	KUNIT_EXPECT_EQ(test, KVM_EXEC_REFUSE, answer_at(unreadable, NULL, 0));
	f.strictest = VIGIL_ACTION_OBSERVE;
	KUNIT_EXPECT_EQ(test, KVM_EXEC_GRANT, answer_at(f, NULL, 0));
}

/* No facts make it ask for one that is there, or for more than there are. */
static void test_ends(struct kunit *test)
{
	for (unsigned int i = 0; i < 4 * 3 * 2 * 5 * 4 * 7 * 4; i++) {
		struct vigil_exec_facts f = {
			.gfn = GFN,
			.rip = i % 2 ? RIP : KERNEL,
			.now = NOW,
			.cpl = i / 2 % 2 ? 3 : 0,
			.mode = i / 4 % 3,
			.proved = i / 12 % 2,
			.process = i / 24 % 5,
			.protected = true,
			.rules = DEFAULT | ANY,
			.action = VIGIL_ACTION_BLOCK,
			.place = i / 120 % 4,
			.user_page = true,
			.code = {
				.page.kind = i / 480 % 7,
				.mapping = i / 3360 % 4,
				.vma = &anon_vma,
			},
		};
		struct vigil_exec_wait w = {};

		switch (vigil_exec_decide(&f, &w).step) {
		case VIGIL_EXEC_READ_PROCESS:
			KUNIT_EXPECT_EQ(test, f.process,
					VIGIL_EXEC_PROCESS_NOT_READ);
			break;
		case VIGIL_EXEC_READ_PAGE:
			KUNIT_EXPECT_EQ(test, f.place,
					VIGIL_EXEC_PLACE_NOT_READ);
			break;
		case VIGIL_EXEC_READ_MAPPING:
			KUNIT_EXPECT_EQ(test, f.code.mapping,
					VIGIL_EXEC_MAPPING_NOT_READ);
			break;
		case VIGIL_EXEC_ANSWER:
			break;
		}
	}
}

static struct kunit_case decide_test_cases[] = {
	KUNIT_CASE_PARAM(test_decide, decide_gen_params),
	KUNIT_CASE(test_time),
	KUNIT_CASE(test_held_up),
	KUNIT_CASE(test_each_its_time),
	KUNIT_CASE(test_stale),
	KUNIT_CASE(test_settled),
	KUNIT_CASE(test_no_time),
	KUNIT_CASE(test_ends),
	{}
};

static struct kunit_suite decide_suite = {
	.name = "vigil_exec_decide",
	.test_cases = decide_test_cases,
};

kunit_test_suite(decide_suite);
