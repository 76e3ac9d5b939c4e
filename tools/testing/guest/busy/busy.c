// SPDX-License-Identifier: GPL-2.0
/*
 * First and only process of a guest that shall be busy: a worker on each vCPU faults
 * pages in, checks a pattern, starts programs and runs code that it has just written.
 * The console gets a line a second, and one with the counts when somebody has typed a
 * line there.
 *
 * Arguments, from the kernel's command line: busy_end=reset for a guest that then
 * resets itself, others go on until their VMM ends; and busy_fail=reset, hang, crash
 * or wrong for one that is lost instead.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define MAX_WORKERS	8
#define PAGE		4096UL
/* rewritten and checked in each round */
#define KEPT		(2UL << 20)
/* mapped, faulted in and unmapped in each round */
#define FAULTED		(1UL << 20)

struct counts {
	unsigned long rounds, programs, pages, calls, bad;
};

/* between the processes */
static volatile struct counts *counts;

static uint64_t pattern(uint64_t *where, uint64_t round)
{
	return ((uintptr_t)where ^ round << 40) * 0x9e3779b97f4a7c15UL;
}

static void keep(volatile struct counts *mine, uint64_t *memory)
{
	for (uint64_t *p = memory; p < memory + KEPT / sizeof(*p); p++) {
		if (mine->rounds && *p != pattern(p, mine->rounds - 1))
			mine->bad++;
		*p = pattern(p, mine->rounds);
	}
}

static void fault(volatile struct counts *mine)
{
	char *memory = mmap(NULL, FAULTED, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED) {
		mine->bad++;
		return;
	}
	madvise(memory, FAULTED, MADV_NOHUGEPAGE);
	for (unsigned long at = 0; at < FAULTED; at += PAGE, mine->pages++) {
		if (memory[at])
			mine->bad++;
		memory[at] = at / PAGE + 1;
	}
	for (unsigned long at = 0; at < FAULTED; at += PAGE)
		if (memory[at] != (char)(at / PAGE + 1))
			mine->bad++;
	munmap(memory, FAULTED);
}

static void start(volatile struct counts *mine)
{
	int status, code = mine->programs++ % 100;
	char argument[8];
	pid_t child;

	snprintf(argument, sizeof(argument), "%d", code);
	child = fork();
	if (!child) {
		execl("/init", "init", "exit", argument, NULL);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) != child ||
	    !WIFEXITED(status) || WEXITSTATUS(status) != code)
		mine->bad++;
}

/* mov $number,%eax; ret */
static void run(volatile struct counts *mine, unsigned char *code)
{
	uint32_t number = ++mine->calls;

	code[0] = 0xb8;
	memcpy(code + 1, &number, sizeof(number));
	code[5] = 0xc3;
	if (((uint32_t (*)(void))code)() != number)
		mine->bad++;
}

static void work(int cpu)
{
	volatile struct counts *mine = counts + cpu;
	unsigned char *code;
	uint64_t *memory;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
	memory = mmap(NULL, KEPT, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	code = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED || code == MAP_FAILED) {
		mine->bad++;
		_exit(1);
	}
	for (;; mine->rounds++) {
		keep(mine, memory);
		fault(mine);
		start(mine);
		run(mine, code);
	}
}

static void tell(const char *what, int second, int workers)
{
	struct counts all = {};

	for (int cpu = 0; cpu < workers; cpu++) {
		all.programs += counts[cpu].programs;
		all.pages += counts[cpu].pages;
		all.calls += counts[cpu].calls;
		all.bad += counts[cpu].bad;
	}
	printf("busy: %s %d rounds", what, second);
	for (int cpu = 0; cpu < workers; cpu++)
		printf(" %lu", counts[cpu].rounds);
	printf(" programs %lu pages %lu calls %lu bad %lu.\n", all.programs,
	       all.pages, all.calls, all.bad);
}

static void request(const char *path, const char *word)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, word, strlen(word)) < 0)
		printf("busy: %s: %m\n", path);
}

static void fail(const char *how)
{
	if (!strcmp(how, "reset")) {
		reboot(RB_AUTOBOOT);
	} else if (!strcmp(how, "crash")) {
		mkdir("/proc", 0555);
		mount("proc", "/proc", "proc", 0, NULL);
		request("/proc/sysrq-trigger", "c");
	} else if (!strcmp(how, "wrong")) {
		counts[0].bad++;
	} else if (!strcmp(how, "hang")) {
		for (;;)
			pause();
	}
}

/* The kernel puts what it doesn't know of its command line there. */
static const char *word(const char *name, const char *otherwise)
{
	const char *said = getenv(name);

	return said ? said : otherwise;
}

int main(int argc, char **argv)
{
	struct pollfd typed = { .fd = STDIN_FILENO, .events = POLLIN };
	int second, workers;
	cpu_set_t set;

	if (argc == 3 && !strcmp(argv[1], "exit"))
		return atoi(argv[2]);
	setlinebuf(stdout);
	sched_getaffinity(0, sizeof(set), &set);
	workers = CPU_COUNT(&set);
	printf("vigil-guest: ready\n");
	counts = mmap(NULL, MAX_WORKERS * sizeof(*counts), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (counts == MAP_FAILED || workers > MAX_WORKERS) {
		printf("busy: %d vCPUs, counts at %p\n", workers, counts);
		return 1;
	}
	for (int cpu = 0; cpu < workers; cpu++)
		if (!fork())
			work(cpu);
	for (second = 1; !poll(&typed, 1, 1000); second++)
		tell("beat", second, workers);
	fail(word("busy_fail", ""));
	tell("done", second, workers);
	/* before the kernel has something to say */
	tcdrain(STDOUT_FILENO);
	if (!strcmp(word("busy_end", ""), "reset"))
		reboot(RB_AUTOBOOT);
	for (;;)
		pause();
}
