// SPDX-License-Identifier: GPL-2.0
/*
 * ben-mappings SMALL LARGE: has SMALL mappings of a page each and LARGE ones of
 * 1 GiB, says so, and stays.
 *
 * A large one has one page in every table of pages, so that it costs 2 MiB of
 * tables and next to no memory else, and whoever counts its pages step by step
 * makes 262144 steps.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE	4096UL
#define TABLE	(512 * PAGE)
#define GIB	(512 * TABLE)

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static char *map(unsigned long size, int prot)
{
	char *at = mmap(NULL, size, prot,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED)
		fail("mmap");
	/* A huge page would have no table. */
	if (madvise(at, size, MADV_NOHUGEPAGE))
		fail("madvise");
	return at;
}

/* Every second page is different, so that no two are one mapping. */
static void make_small(unsigned long count)
{
	char *at = map(count * PAGE, PROT_READ | PROT_WRITE);

	for (unsigned long i = 0; i < count; i += 2) {
		if (mprotect(at + i * PAGE, PAGE, PROT_READ))
			fail("mprotect");
	}
}

/* With a page that can't be read on both sides, so that two don't become one. */
static void make_large(void)
{
	volatile char *at = map(GIB + 2 * PAGE, PROT_NONE) + PAGE;

	if (mprotect((void *)at, GIB, PROT_READ))
		fail("mprotect");
	for (unsigned long i = 0; i < GIB; i += TABLE)
		(void)at[i];
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fputs("usage: ben-mappings SMALL LARGE\n", stderr);
		return 2;
	}
	if (atol(argv[1]))
		make_small(strtoul(argv[1], NULL, 0));
	for (long i = 0; i < atol(argv[2]); i++)
		make_large();
	printf("ben-mappings: pid %d has them.\n", getpid());
	fflush(stdout);
	pause();
	return 1;
}
