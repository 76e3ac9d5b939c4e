// SPDX-License-Identifier: GPL-2.0
/*
 * The rule of selfmap as tables.
 *
 * They hold the behaviour that HVMI made known, by the numbers of its published
 * test vectors (V1 to V20), and say where vigil decides otherwise.
 */
#include <kunit/test.h>
#include <linux/array_size.h>

#include "protect/selfmap_rule.h"

#define USER	VIGIL_SELFMAP_FINDING_USER
#define FRAME	VIGIL_SELFMAP_FINDING_FRAME
#define SECOND	VIGIL_SELFMAP_FINDING_SECOND

#define NX	BIT_ULL(63)
#define P	BIT_ULL(0)
#define W	BIT_ULL(1)
#define US	BIT_ULL(2)
#define PWT	BIT_ULL(3)
#define PCD	BIT_ULL(4)
#define A	BIT_ULL(5)
#define D	BIT_ULL(6)
#define SOFT	BIT_ULL(11)

/* The table itself, the process' other one, another process', and data. */
#define OWN	0x1aa000ULL
#define PAIR	0x2bb000ULL
#define OTHER	0x3cc000ULL
#define DATA	0x4dd000ULL

#define SLOT	0x1ed
/* What Windows writes. */
#define GOOD	(OWN | NX | D | A | W | P)

static bool is_root(const struct vigil_selfmap_shape *shape, u64 gpa)
{
	return gpa == OWN || gpa == PAIR || gpa == OTHER;
}

static const struct vigil_selfmap_shape kernel_table = {
	.root = OWN,
	.pair = PAIR,
	.slot = SLOT,
	.owned = true,
	.is_root = is_root,
};

static const struct vigil_selfmap_shape loaded_table = {
	.root = OWN,
	.slot = SLOT,
	.is_root = is_root,
};

struct entry_case {
	const char *name;
	u64 entry;
	u32 found;
	/* Not the self-map, but the entry with this index. */
	bool elsewhere;
	unsigned int index;
	bool loaded;
};

#define ELSEWHERE(n)	.elsewhere = true, .index = (n)

static const struct entry_case entry_cases[] = {
	/* V1 */
	{ "as Windows writes it", 0x80000000001aa063ULL, 0 },
	{ "user bit set", 0x80000000001aa067ULL, USER },
	{ "user, not present", 0x80000000001aa066ULL, 0 },
	{ "empty", 0, 0 },

	/* V2: of the flags only these two decide. */
	{ "present and user alone", OWN | P | US, USER },
	{ "read-only", OWN | P, 0 },
	{ "read-only and user", OWN | P | US | NX, USER },
	{ "writable", OWN | P | W, 0 },
	{ "all but user", OWN | P | W | PWT | PCD | A | D | SOFT | NX, 0 },
	{ "all", OWN | P | W | US | PWT | PCD | A | D | SOFT | NX, USER },
	{ "all but present", OWN | W | US | PWT | PCD | A | D | SOFT | NX, 0 },
	{ "executable", OWN | P | W | A | D, 0 },

	/* HVMI accepts any frame; vigil does not: user mode that owns the page
	 * it points to has made its own page tables.
	 */
	{ "frame of data", DATA | W | P, FRAME },
	{ "frame of data, user", DATA | W | P | US, USER | FRAME },
	{ "frame of another process' table", OTHER | W | P, FRAME },
	{ "frame of data, not present", DATA | W | US, 0 },
	/* KVA shadow: either table of the process. */
	{ "frame of the process' other table", PAIR | NX | A | D | W | P, 0 },
	{ "the same, user", PAIR | NX | A | D | W | P | US, USER },

	/* V19: a second self-map; HVMI looks at one entry only. */
	{ "a second, user", GOOD | US, SECOND, ELSEWHERE(0x1ec) },
	{ "a second, in user space", GOOD | US, SECOND, ELSEWHERE(0) },
	{ "a second, last", GOOD | US, SECOND, ELSEWHERE(511) },
	{ "a second, for the kernel", GOOD, 0, ELSEWHERE(0x1ec) },
	{ "a second, not present", (GOOD | US) & ~P, 0, ELSEWHERE(0x1ec) },
	{ "another process' table, user", OTHER | W | P | US, SECOND,
	  ELSEWHERE(1) },
	{ "another process' table, for the kernel", OTHER | W | P, 0,
	  ELSEWHERE(1) },
	{ "the process' other table, user", PAIR | W | P | US, SECOND,
	  ELSEWHERE(300) },
	{ "user space", DATA | W | P | US, 0, ELSEWHERE(0) },
	{ "the kernel's own", DATA | W | P, 0, ELSEWHERE(300) },
	{ "empty entry", 0, 0, ELSEWHERE(300) },

	/* Tables that were only seen in a CR3. */
	{ "loaded: right", GOOD, 0, .loaded = true },
	{ "loaded: user", GOOD | US, USER, .loaded = true },
	{ "loaded: no self-map there", DATA | W | P, 0, .loaded = true },
	{ "loaded: no self-map there, user", DATA | W | P | US, 0,
	  .loaded = true },
	{ "loaded: another's table, user", OTHER | W | P | US, SECOND,
	  .loaded = true },
	{ "loaded: a second", GOOD | US, SECOND, ELSEWHERE(7), .loaded = true },
};

static void entry_name(const struct entry_case *c, char *name)
{
	strscpy(name, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(entry, entry_cases, entry_name);

static void test_entry(struct kunit *test)
{
	const struct entry_case *c = test->param_value;

	KUNIT_EXPECT_EQ(test, c->found,
			vigil_selfmap_judge(c->loaded ? &loaded_table :
							&kernel_table,
					    c->elsewhere ? c->index : SLOT,
					    c->entry));
}

/* V3, V4: CR3 is a register's image; 1 is no table. */
static void test_cr3(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, OWN, vigil_selfmap_root(OWN));
	KUNIT_EXPECT_EQ(test, OWN, vigil_selfmap_root(OWN | 0x003));
	KUNIT_EXPECT_EQ(test, OWN, vigil_selfmap_root(OWN | 0xfff));
	KUNIT_EXPECT_EQ(test, OWN, vigil_selfmap_root(OWN | NX));
	KUNIT_EXPECT_EQ(test, 0, vigil_selfmap_root(1));
}

struct repair_case {
	const char *name;
	u64 entry;
	u32 found;
	u64 good;
	u64 want;
};

static const struct repair_case repair_cases[] = {
	/* V8: all other bits as they were written. */
	{ "user", GOOD | US, USER, GOOD, GOOD },
	{ "user and others", OWN | P | US | SOFT | PCD, USER, GOOD,
	  OWN | P | SOFT | PCD },
	{ "frame", DATA | P | W, FRAME, GOOD, OWN | P | W },
	{ "frame and user", DATA | P | W | US | NX, FRAME | USER, GOOD,
	  OWN | P | W | NX },
	{ "frame, was the other table", DATA | P | W, FRAME, PAIR | P | W,
	  PAIR | P | W },
	{ "frame, never seen right", DATA | P | W, FRAME, 0, OWN | P | W },
	{ "second", OTHER | P | W | US, SECOND, GOOD, OTHER | P | W },
};

static void repair_name(const struct repair_case *c, char *name)
{
	strscpy(name, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(repair, repair_cases, repair_name);

static void test_repair(struct kunit *test)
{
	const struct repair_case *c = test->param_value;
	u64 is = vigil_selfmap_repair(&kernel_table, c->entry, c->found,
				      c->good);

	KUNIT_EXPECT_EQ(test, c->want, is);
	KUNIT_EXPECT_EQ(test, 0,
			vigil_selfmap_judge(&kernel_table,
					    c->found & SECOND ? 0 : SLOT, is));
}

/* --- writes ----------------------------------------------------------------- */

#define AT(index)	((index) * sizeof(u64))

struct write_case {
	const char *name;
	/* The self-map before, and the one after it. */
	u64 before;
	u64 before_next;
	u16 offset;
	u16 bytes;
	/* What is written: these two, from @offset of them on. */
	u64 new;
	u64 new_next;
	u32 found;
	/* What the two are afterwards. */
	u64 after;
	u64 after_next;
};

static const struct write_case write_cases[] = {
	/* The truth table, and V15: by stores of all widths. */
	{ "US 0->1, 8 bytes", .before = GOOD, .offset = AT(SLOT), .bytes = 8,
	  .new = GOOD | US, .found = USER, .after = GOOD },
	{ "US 0->1, 4 bytes", .before = GOOD, .offset = AT(SLOT), .bytes = 4,
	  .new = GOOD | US, .found = USER, .after = GOOD },
	{ "US 0->1, 2 bytes", .before = GOOD, .offset = AT(SLOT), .bytes = 2,
	  .new = GOOD | US, .found = USER, .after = GOOD },
	{ "US 0->1, 1 byte", .before = GOOD, .offset = AT(SLOT), .bytes = 1,
	  .new = GOOD | US, .found = USER, .after = GOOD },
	{ "US 0->1, 16 bytes", .before = GOOD, .before_next = DATA | P,
	  .offset = AT(SLOT), .bytes = 16, .new = GOOD | US,
	  .new_next = DATA | P | W, .found = USER, .after = GOOD,
	  .after_next = DATA | P | W },
	{ "US 0->1, across entries", .before = GOOD, .before_next = DATA,
	  .offset = AT(SLOT) + 4, .bytes = 8, .new = GOOD,
	  .new_next = OTHER | P | US, .found = SECOND, .after = GOOD,
	  .after_next = OTHER | P },
	{ "US 0->1 along with others", .before = GOOD, .offset = AT(SLOT),
	  .bytes = 8, .new = (GOOD | US | SOFT) & ~NX, .found = USER,
	  .after = (GOOD | SOFT) & ~NX },
	{ "P 1->0", .before = GOOD, .offset = AT(SLOT),
	  .bytes = 8, .new = 0,
	  .after = 0 },
	{ "P 1->0, 1 byte", .before = GOOD, .offset = AT(SLOT),
	  .bytes = 1, .new = GOOD & ~P,
	  .after = GOOD & ~P },
	/* V13: HVMI ends its watch there; V14: and lets 0 -> P|US pass. */
	{ "0 -> P|US", .before = 0, .offset = AT(SLOT), .bytes = 8,
	  .new = GOOD | US, .found = USER, .after = GOOD },
	{ "not present -> P|US by a byte", .before = GOOD & ~P,
	  .offset = AT(SLOT), .bytes = 1, .new = GOOD | US, .found = USER,
	  .after = GOOD },
	{ "0 -> right", .before = 0, .offset = AT(SLOT),
	  .bytes = 8, .new = GOOD,
	  .after = GOOD },
	{ "0 -> user, not present", .before = 0, .offset = AT(SLOT),
	  .bytes = 8, .new = (GOOD | US) & ~P,
	  .after = (GOOD | US) & ~P },
	{ "A and D", .before = GOOD & ~(A | D), .offset = AT(SLOT),
	  .bytes = 8, .new = GOOD,
	  .after = GOOD },
	{ "NX", .before = GOOD, .offset = AT(SLOT),
	  .bytes = 8, .new = GOOD & ~NX,
	  .after = GOOD & ~NX },
	{ "NX by the last byte", .before = GOOD, .offset = AT(SLOT) + 7,
	  .bytes = 1, .new = GOOD & ~NX,
	  .after = GOOD & ~NX },
	{ "RW", .before = GOOD, .offset = AT(SLOT),
	  .bytes = 8, .new = GOOD & ~W,
	  .after = GOOD & ~W },
	{ "software bit", .before = GOOD, .offset = AT(SLOT) + 1,
	  .bytes = 1, .new = GOOD | SOFT,
	  .after = GOOD | SOFT },
	{ "nothing", .before = GOOD, .offset = AT(SLOT),
	  .bytes = 8, .new = GOOD,
	  .after = GOOD },
	/* HVMI accepts silently that the frame changes. */
	{ "PFN", .before = GOOD, .offset = AT(SLOT), .bytes = 8,
	  .new = DATA | P | W, .found = FRAME, .after = GOOD },
	{ "PFN by a byte", .before = GOOD, .offset = AT(SLOT) + 2, .bytes = 1,
	  .new = GOOD ^ 0x10000, .found = FRAME, .after = GOOD },
	{ "PFN and user", .before = GOOD, .offset = AT(SLOT), .bytes = 8,
	  .new = DATA | P | W | US, .found = FRAME | USER, .after = GOOD },
	{ "PFN into an empty one", .before = 0, .offset = AT(SLOT), .bytes = 8,
	  .new = DATA | P | W, .found = FRAME, .after = 0 },
	/* A store that can't reach the user bit leaves what was there. */
	{ "was open, another byte", .before = GOOD | US,
	  .offset = AT(SLOT) + 7, .bytes = 1, .new = (GOOD | US) & ~NX,
	  .found = USER, .after = GOOD | US },
	{ "was open, no change", .before = GOOD | US, .offset = AT(SLOT),
	  .bytes = 8, .new = GOOD | US, .after = GOOD | US },
	{ "was open, is closed", .before = GOOD | US, .offset = AT(SLOT),
	  .bytes = 8, .new = GOOD,
	  .after = GOOD },
};

static void write_name(const struct write_case *c, char *name)
{
	strscpy(name, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(write, write_cases, write_name);

static void test_write(struct kunit *test)
{
	const struct write_case *c = test->param_value;
	u64 memory[2] = { c->before, c->before_next };
	u64 new[2] = { c->new, c->new_next };
	struct vigil_selfmap_write w = {
		.offset = c->offset,
		.bytes = c->bytes,
		.before = { c->before, c->before_next },
	};
	unsigned int from = c->offset - AT(SLOT);
	u8 fixed[VIGIL_SELFMAP_WRITE_MAX];
	u32 found;

	found = vigil_selfmap_judge_write(&kernel_table, &w, (u8 *)new + from,
					  fixed);
	memcpy((u8 *)memory + from, fixed, c->bytes);
	KUNIT_EXPECT_EQ(test, c->found, found);
	KUNIT_EXPECT_EQ(test, c->after, memory[0]);
	KUNIT_EXPECT_EQ(test, c->after_next, memory[1]);
	if (!found)
		return;
	KUNIT_EXPECT_EQ(test, found, w.found);
	KUNIT_EXPECT_EQ(test, found == SECOND ? SLOT + 1 : SLOT, w.index);
}

/* A whole line that is not aligned: nine entries, and only two are wrong. */
static void test_write_line(struct kunit *test)
{
	u8 new[VIGIL_SELFMAP_WRITE_MAX], fixed[VIGIL_SELFMAP_WRITE_MAX];
	u64 after[VIGIL_SELFMAP_TOUCHED];
	struct vigil_selfmap_write w = {
		.offset = AT(SLOT - 2) + 4,
		.bytes = sizeof(new),
	};
	u64 line[VIGIL_SELFMAP_TOUCHED];

	for (unsigned int i = 0; i < ARRAY_SIZE(line); i++)
		line[i] = DATA | i << 12 | P | US;
	line[2] = GOOD | US;
	line[4] = OTHER | P | US;
	memcpy(new, (u8 *)line + 4, sizeof(new));
	w.before[2] = GOOD;

	KUNIT_EXPECT_EQ(test, 9, vigil_selfmap_touched(&w));
	KUNIT_EXPECT_EQ(test, USER | SECOND,
			vigil_selfmap_judge_write(&kernel_table, &w, new,
						  fixed));
	KUNIT_EXPECT_EQ(test, USER, w.found);
	KUNIT_EXPECT_EQ(test, SLOT, w.index);
	KUNIT_EXPECT_TRUE(test, w.evident);
	memcpy(after, w.before, sizeof(after));
	memcpy((u8 *)after + 4, fixed, sizeof(fixed));
	KUNIT_EXPECT_EQ(test, GOOD, after[2]);
	KUNIT_EXPECT_EQ(test, OTHER | P, after[4]);
	KUNIT_EXPECT_EQ(test, line[1], after[1]);
	KUNIT_EXPECT_EQ(test, line[7], after[7]);
	KUNIT_EXPECT_EQ(test, line[8] & U32_MAX, after[8]);
	KUNIT_EXPECT_EQ(test, line[0] >> 32, after[0] >> 32);
}

/* What is evident need not be what comes first, nor the self-map. */
static void test_evident(struct kunit *test)
{
	struct vigil_selfmap_write w = {
		.offset = AT(SLOT - 2),
		.bytes = VIGIL_SELFMAP_WRITE_MAX,
	};
	u8 new[VIGIL_SELFMAP_WRITE_MAX], fixed[VIGIL_SELFMAP_WRITE_MAX];
	u64 line[sizeof(new) / sizeof(u64)] = {
		[1] = OTHER | P | US,
		[6] = GOOD | US,
	};

	memcpy(new, line, sizeof(new));
	KUNIT_EXPECT_EQ(test, SECOND,
			vigil_selfmap_judge_write(&kernel_table, &w, new,
						  fixed));
	KUNIT_EXPECT_EQ(test, SLOT - 1, w.index);
	KUNIT_EXPECT_TRUE(test, w.evident);

	line[6] = DATA;
	memcpy(new, line, sizeof(new));
	KUNIT_EXPECT_EQ(test, SECOND,
			vigil_selfmap_judge_write(&kernel_table, &w, new,
						  fixed));
	KUNIT_EXPECT_FALSE(test, w.evident);
}

/* Of every width and at every place: what is left can't be open. */
static void test_write_places(struct kunit *test)
{
	u8 ones[VIGIL_SELFMAP_WRITE_MAX], fixed[VIGIL_SELFMAP_WRITE_MAX];
	struct vigil_selfmap_write w;
	u64 after[VIGIL_SELFMAP_TOUCHED];
	unsigned int at;

	memset(ones, 0xff, sizeof(ones));
	for (unsigned int i = 0; i < 4096; i++) {
		w = (struct vigil_selfmap_write){
			.offset = AT(SLOT) - 64 + i / 64,
			.bytes = i % 64 + 1,
		};
		at = SLOT - vigil_selfmap_first(&w);
		if (at >= vigil_selfmap_touched(&w))
			continue;
		w.before[at] = GOOD;
		vigil_selfmap_judge_write(&kernel_table, &w, ones, fixed);
		memcpy(after, w.before, sizeof(after));
		memcpy((u8 *)after + w.offset % 8, fixed, w.bytes);
		KUNIT_EXPECT_EQ_MSG(test, 0,
				    vigil_selfmap_judge(&kernel_table, SLOT,
							after[at]),
				    "%u bytes at %u", w.bytes, w.offset);
	}
}

static struct kunit_case selfmap_rule_cases[] = {
	KUNIT_CASE_PARAM(test_entry, entry_gen_params),
	KUNIT_CASE(test_cr3),
	KUNIT_CASE_PARAM(test_repair, repair_gen_params),
	KUNIT_CASE_PARAM(test_write, write_gen_params),
	KUNIT_CASE(test_write_line),
	KUNIT_CASE(test_evident),
	KUNIT_CASE(test_write_places),
	{}
};

static struct kunit_suite selfmap_rule_suite = {
	.name = "vigil_selfmap_rule",
	.test_cases = selfmap_rule_cases,
};

kunit_test_suite(selfmap_rule_suite);
