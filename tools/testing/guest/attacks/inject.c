// SPDX-License-Identifier: GPL-2.0
/* The injected code and how it is told. */

#define _GNU_SOURCE
#include "inject.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void give_up(const char *name)
{
	perror(name);
	exit(2);
}

void *map_pages(int prot, int flags, int fd)
{
	void *at = mmap(NULL, 4 * PAGE, prot, flags, fd, 0);

	if (at == MAP_FAILED)
		give_up("mmap");
	return at;
}

void plant(void *where, const struct snippet *snippet)
{
	memcpy(where, snippet->code, snippet->size);
}

void announce(const char *name, const void *code)
{
	uintptr_t start = (uintptr_t)code;

	/* one write, past stdio: what follows may be the last instruction */
	dprintf(1, "attack: %s pid=%d tid=%d code=%lx-%lx\n", name, getpid(),
		gettid(), start, start + say_injected.size);
}

void jump(const void *code)
{
	((injected_fn)(uintptr_t)code)(NULL);
}

int strike(const char *name, const void *code)
{
	announce(name, code);
	jump(code);
	dprintf(1, "attack: %s returned\n", name);
	return 0;
}

/* --- more tries than one ---------------------------------------------------- */

static atomic_int tries[MISSED + 1];
static __thread sigjmp_buf before_try;

static void leave_try(int sig)
{
	siglongjmp(before_try, sig);
}

void begin_tries(const char *name, const void *code)
{
	signal(SIGILL, leave_try);
	signal(SIGSEGV, leave_try);
	signal(SIGBUS, leave_try);
	announce(name, code);
}

enum outcome try_jump(const void *code)
{
	volatile enum outcome outcome = MISSED;
	volatile int counter = 0;

	switch (sigsetjmp(before_try, 1)) {
	case 0:
		((injected_fn)(uintptr_t)code)(&counter);
		break;
	case SIGILL:
		outcome = REFUSED;
		break;
	}
	/* told at once: the process may not live until its end */
	if (counter) {
		outcome = RAN;
		if (!tries[RAN])
			dprintf(1, "INJECTED\n");
	}
	tries[outcome]++;
	return outcome;
}

static atomic_int turns, turns_over;
static pthread_t changer;

static void end_turns(int sig)
{
	(void)sig;
	atomic_store(&turns_over, 1);
}

void begin_turns(const char *name, const void *code, int seconds,
		 void *(*change)(void *arg), void *arg)
{
	begin_tries(name, code);
	signal(SIGALRM, end_turns);
	alarm(seconds);
	if (pthread_create(&changer, NULL, change, arg))
		give_up("pthread_create");
}

int trying(void)
{
	return !atomic_load(&turns_over);
}

void next_turn(void)
{
	atomic_fetch_add(&turns, 1);
}

int await_turn(void)
{
	static int last;
	int now;

	do {
		now = atomic_load(&turns);
		if (!trying()) {
			pthread_join(changer, NULL);
			return 0;
		}
	} while (now == last);
	last = now;
	return 1;
}

int end_tries(const char *name)
{
	dprintf(1, "attack: %s ran=%d refused=%d missed=%d\n", name,
		tries[RAN], tries[REFUSED], tries[MISSED]);
	if (tries[RAN])
		return 0;
	if (!tries[REFUSED])
		return 3;
	signal(SIGILL, SIG_DFL);
	raise(SIGILL);
	return 1;
}
