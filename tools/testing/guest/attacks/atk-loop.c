// SPDX-License-Identifier: GPL-2.0
/*
 * Runs code on a writable page over and over until /run/loop-stop exists, and
 * tells whenever that begins or ceases to work.
 */
#include "inject.h"

#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static sigjmp_buf safe;

static void leave(int sig)
{
	siglongjmp(safe, sig);
}

static int runs(const void *code)
{
	volatile int counter = 0;

	if (!sigsetjmp(safe, 1))
		((injected_fn)code)(&counter);
	return counter;
}

int main(void)
{
	char *at = map_pages(PROT_READ | PROT_WRITE | PROT_EXEC,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1);
	int before = -1, now;

	signal(SIGILL, leave);
	plant(at, &count_up);
	announce("loop", at);
	while (access("/run/loop-stop", F_OK)) {
		now = runs(at);
		if (now != before)
			dprintf(1, "loop: %s\n", now ? "runs" : "stopped");
		before = now;
		usleep(20000);
	}
	dprintf(1, "loop: ended\n");
	return 0;
}
