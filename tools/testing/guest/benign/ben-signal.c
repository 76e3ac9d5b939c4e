// SPDX-License-Identifier: GPL-2.0
/* Takes a signal ROUNDS times, with and without an alternate stack. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static volatile int taken;

static void take(int sig)
{
	(void)sig;
	taken++;
}

static void raise_often(int flags, int rounds)
{
	struct sigaction act = { .sa_handler = take, .sa_flags = flags };

	sigaction(SIGUSR1, &act, NULL);
	for (int i = 0; i < rounds; i++)
		raise(SIGUSR1);
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 500;
	stack_t stack = { .ss_size = 65536 };

	stack.ss_sp = malloc(stack.ss_size);
	sigaltstack(&stack, NULL);
	raise_often(0, rounds);
	raise_often(SA_ONSTACK | SA_SIGINFO, rounds);
	printf("signal: %d\n", taken);
	return taken != 2 * rounds;
}
