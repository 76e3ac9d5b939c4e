// SPDX-License-Identifier: GPL-2.0
/*
 * A process that expects SIGILL and lives on after it. With an argument its
 * handler returns, on a stack of its own and without blocking the signal: Linux
 * ends it when the signal frames overflow that stack. With "endless" it has a
 * size at which the last frame that fits ends less than the red zone above the
 * bottom; Linux takes the stack for unused then, and begins at its top again.
 */
#define _GNU_SOURCE
#include "inject.h"

#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static sigjmp_buf safe;

static void leave(int sig)
{
	siglongjmp(safe, sig);
}

static void try_again(int sig)
{
	(void)sig;
}

static void expect_sigill(const char *how)
{
	struct sigaction act = { .sa_handler = how ? try_again : leave };
	stack_t stack = { .ss_size = 15 * PAGE };

	if (how) {
		if (!strcmp(how, "endless"))
			stack.ss_size += PAGE;
		act.sa_flags = SA_ONSTACK | SA_NODEFER;
		stack.ss_sp = aligned_alloc(PAGE, stack.ss_size);
		sigaltstack(&stack, NULL);
	}
	sigaction(SIGILL, &act, NULL);
}

int main(int argc, char **argv)
{
	char *at = map_pages(PROT_READ | PROT_WRITE | PROT_EXEC,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1);

	plant(at, &say_injected);
	expect_sigill(argc > 1 ? argv[1] : NULL);
	if (!sigsetjmp(safe, 1))
		return strike("survivor", at);
	for (int i = 0; i < 3; i++)
		usleep(100000);
	dprintf(1, "attack: survivor survived\n");
	return 0;
}
