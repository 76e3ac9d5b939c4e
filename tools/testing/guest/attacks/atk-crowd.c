// SPDX-License-Identifier: GPL-2.0
/*
 * Many processes that are attacked and, when the code is refused, live on: each has
 * a tracer that keeps it where the signal would be delivered. atk-crowd [PROCESSES]
 */
#include "inject.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#define CROWD_MAX	256

static _Noreturn void be_attacked(char *at)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
		give_up("ptrace");
	jump(at);
	_exit(0);
}

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 65, refused = 0, ran = 0, status;
	char *at = map_pages(PROT_READ | PROT_WRITE | PROT_EXEC,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1);
	pid_t crowd[CROWD_MAX];

	plant(at, &say_injected);
	announce("crowd", at);
	for (int i = 0; i < count && i < CROWD_MAX; i++) {
		crowd[i] = fork();
		if (!crowd[i])
			be_attacked(at);
		if (crowd[i] < 0 || waitpid(crowd[i], &status, 0) < 0)
			give_up("fork");
		if (WIFSTOPPED(status) && WSTOPSIG(status) == SIGILL)
			refused++;
		else
			ran += WIFEXITED(status);
	}
	dprintf(1, "crowd: refused %d ran %d of %d\n", refused, ran, count);
	/* who lived to the end of the crowd dies now */
	for (int i = 0; i < count && i < CROWD_MAX; i++)
		kill(crowd[i], SIGKILL);
	while (wait(NULL) > 0)
		;
	return 0;
}
