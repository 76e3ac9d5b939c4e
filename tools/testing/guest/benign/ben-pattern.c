// SPDX-License-Identifier: GPL-2.0
/*
 * ben-pattern MB: keeps a pattern in that much memory, and code in pages of its own.
 * Pages get another pattern all the time. For each line on standard input all that
 * should be there is compared, each function called, and a line printed.
 *
 * The host may do to the guest's memory what it likes meanwhile, and the guest must not
 * notice: nothing of that memory may get lost, come back as it was before, or be another
 * page's.
 */
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE		4096
#define WORDS		(PAGE / sizeof(uint64_t))
/* Every so many pages are the same, and stay so: KSM merges them. */
#define SAME		4
/* Changed before it is looked again whether there is a line. */
#define BATCH		16
#define FUNCTIONS	64
#define FUNCTIONS_TEXT	"64"

/* Function n returns three times its argument and n. */
static void __attribute__((used, naked)) code(void)
{
	asm(".set n, 0\n"
	    ".p2align 12\n"
	    "functions:\n"
	    ".rept " FUNCTIONS_TEXT "\n"
	    "	.p2align 12\n"
	    "	lea	n(%rdi, %rdi, 2), %rax\n"
	    "	ret\n"
	    "	.set	n, n + 1\n"
	    ".endr\n"
	    ".p2align 12\n");
}

extern const char functions[];

static uint64_t *memory;
static unsigned long pages;
/* What each page was changed to last. */
static uint32_t *versions;

/* xorshift64* */
static uint64_t next(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1d;
}

static uint64_t seed_of(unsigned long page)
{
	return page % SAME ? (uint64_t)versions[page] << 32 | page : 1ull << 63;
}

static void fill(unsigned long page)
{
	uint64_t state = seed_of(page);

	for (unsigned int i = 0; i < WORDS; i++)
		memory[page * WORDS + i] = next(&state);
}

static int is_right(unsigned long page)
{
	uint64_t state = seed_of(page);

	for (unsigned int i = 0; i < WORDS; i++) {
		if (memory[page * WORDS + i] != next(&state))
			return 0;
	}
	return 1;
}

static void change_some(void)
{
	static uint64_t state = 42;

	for (unsigned int i = 0; i < BATCH; i++) {
		unsigned long page = next(&state) % pages;

		if (!(page % SAME))
			continue;
		versions[page]++;
		fill(page);
	}
}

static unsigned long call(unsigned long n, unsigned long argument)
{
	return ((unsigned long (*)(unsigned long))(functions + n * PAGE))(argument);
}

static void tell(void)
{
	unsigned long bad = 0, wrong = 0;

	for (unsigned long page = 0; page < pages; page++)
		bad += !is_right(page);
	for (unsigned long n = 0; n < FUNCTIONS; n++)
		wrong += call(n, pages) != pages * 3 + n;
	printf("pattern: pages=%lu bad=%lu wrong=%lu\n", pages, bad, wrong);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct pollfd input = { .events = POLLIN };
	char line[64];

	pages = argc == 2 ? strtoul(argv[1], NULL, 0) << 20 >> 12 : 0;
	if (!pages)
		return 2;
	memory = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	versions = calloc(pages, sizeof(*versions));
	if (memory == MAP_FAILED || !versions)
		return 1;
	for (unsigned long page = 0; page < pages; page++)
		fill(page);

	for (;;) {
		change_some();
		if (poll(&input, 1, 1) <= 0)
			continue;
		if (!fgets(line, sizeof(line), stdin))
			return 0;
		tell();
	}
}
