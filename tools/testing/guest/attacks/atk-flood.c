// SPDX-License-Identifier: GPL-2.0
/*
 * One process makes new code without end, each time another and in another mapping, at
 * times in a child; meanwhile so many others run injected code once: forked, or
 * executed anew. atk-flood VICTIMS
 */
#include "inject.h"

#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Every so many of the noise are made by a child. */
#define FORKS		32
#define AT_A_TIME	8

struct score {
	atomic_int over;
	atomic_uint tried;
	atomic_uint ran;
	atomic_uint children;
};

static sigjmp_buf refused;
static pid_t noise;

static void leave(int sig)
{
	siglongjmp(refused, sig);
}

/* mov $number, %eax; ret */
static void make_code(char *at, uint32_t number)
{
	at[0] = 0xb8;
	memcpy(at + 1, &number, sizeof(number));
	at[5] = 0xc3;
}

/* Is what it returned what it was made for? */
static int run_code(char *at, uint32_t number)
{
	volatile int ran = 0;

	if (!sigsetjmp(refused, 1))
		ran = ((uint32_t (*)(void))(uintptr_t)at)() == number;
	return ran;
}

static int make_event(uint32_t number)
{
	char *at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int ran;

	if (at == MAP_FAILED)
		give_up("mmap");
	make_code(at, number);
	ran = run_code(at, number);
	munmap(at, PAGE);
	return ran;
}

static void count_event(struct score *score, uint32_t number)
{
	atomic_fetch_add(&score->tried, 1);
	if (make_event(number))
		atomic_fetch_add(&score->ran, 1);
}

static _Noreturn void make_noise(struct score *score)
{
	uint32_t number = 1 << 24;
	pid_t pid;

	while (!atomic_load(&score->over)) {
		number++;
		if (number % FORKS) {
			count_event(score, number);
			continue;
		}
		pid = fork();
		if (!pid) {
			count_event(score, number);
			_exit(0);
		}
		if (pid < 0)
			give_up("fork");
		waitpid(pid, NULL, 0);
		atomic_fetch_add(&score->children, 1);
	}
	_exit(0);
}

/* Number @number: forked, or executed anew. */
static pid_t start_victim(int number)
{
	char text[16];
	pid_t pid = fork();

	if (pid < 0)
		give_up("fork");
	if (pid)
		return pid;
	if (number % 2)
		_exit(make_event(number));
	snprintf(text, sizeof(text), "%d", number);
	execl("/proc/self/exe", "atk-flood", "victim", text, NULL);
	give_up("exec");
}

/* A few at a time, or the noise would have half of the processor. */
static void attack(int count, int first)
{
	int status;
	pid_t pid;

	for (int i = 0; i < count; i++)
		start_victim(first + i);
	dprintf(1, "\nvictims:");
	for (int i = 0; i < count; i++) {
		do {
			pid = wait(&status);
		} while (pid == noise);
		if (!WIFEXITED(status) || WEXITSTATUS(status) > 1)
			dprintf(1, " %d=%x", pid, status);
		else
			dprintf(1, " %d%c", pid,
				WEXITSTATUS(status) ? '+' : '-');
	}
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ULL + t.tv_nsec / 1000000;
}

int main(int argc, char **argv)
{
	int victims = argc > 1 ? atoi(argv[1]) : 100;
	struct score *score;
	uint64_t begin;

	signal(SIGILL, leave);
	if (argc > 2)
		return make_event(atoi(argv[2]));
	settle();
	score = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (score == MAP_FAILED)
		give_up("mmap");
	begin = now_ms();
	noise = fork();
	if (!noise)
		make_noise(score);
	if (noise < 0)
		give_up("fork");
	for (int i = 0; i < victims; i += AT_A_TIME)
		attack(victims - i < AT_A_TIME ? victims - i : AT_A_TIME, i);
	atomic_store(&score->over, 1);
	waitpid(noise, NULL, 0);
	dprintf(1, "\nflood: noise=%d tried=%u ran=%u children=%u ms=%llu\n",
		noise, atomic_load(&score->tried), atomic_load(&score->ran),
		atomic_load(&score->children),
		(unsigned long long)(now_ms() - begin));
	return 0;
}
