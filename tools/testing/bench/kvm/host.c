// SPDX-License-Identifier: GPL-2.0
/*
 * What it costs that the host takes guest memory away, and that the guest runs on,
 * without and with a client of the execute policy: the pages have been executed,
 * or they are data.
 */
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"

#define ROUNDS	8
#define PAGES	256ul
#define SIZE	(PAGES * PAGE)
#define KSM	"/sys/kernel/mm/ksm/"

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT	21
#endif

static uint8_t *memory;

static void put_code(void)
{
	uint64_t i;

	for (i = 0; i < PAGES; i++)
		memcpy(memory + i * PAGE, page_code, page_code_end - page_code);
}

/* --- ways to lose memory --------------------------------------------------------- */

/* NUMA balancing does the same to page tables, without the system calls. */
static void lose_protection(void)
{
	die_unless(!mprotect(memory, SIZE, PROT_NONE));
	die_unless(!mprotect(memory, SIZE, PROT_READ | PROT_WRITE));
}

/* The guest has put its pages into the balloon, and gets others back. */
static void lose_content(void)
{
	die_unless(!madvise(memory, SIZE, MADV_DONTNEED));
	put_code();
}

/* As /proc/PID/pagemap has them */
static void get_entries(uint64_t *entries)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);

	die_unless(pread(fd, entries, PAGES * 8, (uintptr_t)memory / PAGE * 8) ==
		   PAGES * 8);
	close(fd);
}

static uint64_t swapped(void)
{
	uint64_t entries[PAGES], i, n = 0;

	get_entries(entries);
	for (i = 0; i < PAGES; i++)
		n += entries[i] >> 62 & 1;
	return n;
}

/* What was on its way to the processors' lists is not taken at the first time. */
static void swap_out(void)
{
	int i;

	for (i = 0; i < 10 && swapped() < PAGES; i++)
		die_unless(!madvise(memory, SIZE, MADV_PAGEOUT));
	if (swapped() < PAGES)
		errx(1, "%lu of %lu pages are swapped out", swapped(), PAGES);
}

static void write_to(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		err(1, "%s", path);
	close(fd);
}

/* Pages that are the same page of the host as the first */
static uint64_t merged(void)
{
	uint64_t entries[PAGES], i, n = 0;

	get_entries(entries);
	for (i = 1; i < PAGES; i++)
		n += (entries[i] ^ entries[0]) << 9 == 0;
	return n;
}

/* All pages have the same content, and are one page then. */
static void merge(void)
{
	int i;

	die_unless(!madvise(memory, SIZE, MADV_MERGEABLE));
	write_to(KSM "run", "1");
	for (i = 0; i < 1000 && merged() < PAGES - 1; i++)
		usleep(20000);
	write_to(KSM "run", "0");
	if (merged() < PAGES - 1)
		errx(1, "%lu of %lu pages are merged", merged(), PAGES);
}

static void unmerge(void)
{
	die_unless(!madvise(memory, SIZE, MADV_UNMERGEABLE));
}

static const struct way {
	const char *name;
	void (*lose)(void);
	void (*restore)(void);
	bool elsewhere;		/* another thread does it */
} ways[] = {
	{ .name = "protection", .lose = lose_protection },
	{ .name = "content", .lose = lose_content },
	{ .name = "swap", .lose = swap_out },
	{ .name = "ksm", .lose = merge, .restore = unmerge, .elsewhere = true },
};

/* --- the guest ------------------------------------------------------------------- */

static uint64_t use_pages(struct vm *vm, bool code)
{
	struct args args = { .rdi = BENCH_RAM, .rcx = PAGES, .rsi = 1 };

	return bench_run(vm, code ? GUEST(guest_call_loop) : GUEST(guest_load), args);
}

static uint64_t fetches(int client)
{
	struct ket_stats stats = { };

	if (client >= 0)
		xioctl(client, KET_STATS, &stats, "KET_STATS");
	return stats.fetches;
}

static void measure(struct vm *vm, const struct way *way, bool code, bool on)
{
	const char *where = on ? "on" : "off", *kind = code ? "code" : "data";
	uint64_t lost = -1, back = -1, asked = 0, start, cycles;
	int client = -1, i;

	put_code();
	if (on)
		client = bench_attach(vm);
	for (i = 0; i < ROUNDS; i++) {
		use_pages(vm, code);
		start = __rdtsc();
		way->lose();
		cycles = __rdtsc() - start;
		if (cycles < lost)
			lost = cycles;
		asked = fetches(client);
		cycles = use_pages(vm, code);
		if (cycles < back)
			back = cycles;
		asked = fetches(client) - asked;
		if (way->restore)
			way->restore();
	}
	if (on)
		printf("# %s, %s: %lu fetches of %lu pages were asked about\n", way->name,
		       kind, asked, PAGES);
	if (on)
		bench_detach(client);
	if (!way->elsewhere)
		bench_figure(where, lost / PAGES, "host-%s-%s-lost", way->name, kind);
	bench_figure(where, back / PAGES, "host-%s-%s-back", way->name, kind);
}

int main(void)
{
	struct vm *vm = bench_vm();
	unsigned int i, code, on;

	memory = bench_memory(SIZE, false);
	die_unless(!vm_set_slot(vm, 1, 0, BENCH_RAM, SIZE, memory));
	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		for (code = 0; code < 2; code++)
			for (on = 0; on < 2; on++)
				measure(vm, &ways[i], code, on);
	vm_free(vm);
	return 0;
}
