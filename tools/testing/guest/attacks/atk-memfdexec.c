// SPDX-License-Identifier: GPL-2.0
/*
 * A program that executes itself from a sealed memfd, as container runtimes do: all of
 * its code is then in memory that was written. atk-memfdexec [TIMES]
 */
#define _GNU_SOURCE
#include "inject.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static int seal_copy(void)
{
	static char data[1 << 16];
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int to = memfd_create("clone", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	ssize_t size;

	while ((size = read(from, data, sizeof(data))) > 0) {
		if (write(to, data, size) != size)
			give_up("memfd");
	}
	if (size || fcntl(to, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK |
			  F_SEAL_GROW | F_SEAL_WRITE))
		give_up("memfd");
	return to;
}

int main(int argc, char **argv, char **envp)
{
	char *const args[] = { "atk-memfdexec", "second", NULL };
	int times = argc > 1 ? atoi(argv[1]) : 1, status;
	pid_t pid;

	if (argc > 1 && !strcmp(argv[1], "second")) {
		printf("memfdexec: pid=%d\n", getpid());
		return 0;
	}
	for (int i = 0; i < times; i++) {
		pid = fork();
		if (pid < 0)
			give_up("fork");
		if (!pid) {
			fexecve(seal_copy(), args, envp);
			give_up("fexecve");
		}
		waitpid(pid, &status, 0);
	}
	return 0;
}
