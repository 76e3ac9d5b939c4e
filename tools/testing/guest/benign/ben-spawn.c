// SPDX-License-Identifier: GPL-2.0
/* ben-spawn COUNT PROGRAM [ARG]...: runs a program that often. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int run(char **argv)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		execv(argv[0], argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return status;
}

int main(int argc, char **argv)
{
	int count = argc > 2 ? atoi(argv[1]) : 0;

	for (int i = 0; i < count; i++) {
		if (run(argv + 2)) {
			printf("spawn: %d failed\n", i);
			return 1;
		}
	}
	printf("spawn: %d\n", count);
	return 0;
}
