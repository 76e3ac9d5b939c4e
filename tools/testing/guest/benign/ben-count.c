// SPDX-License-Identifier: GPL-2.0
/*
 * ben-count RUNS PROGRAM [ARG]...: the cost of each run in TSC cycles, which
 * are instructions in an emulator that counts them. Output of PROGRAM is lost.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <x86intrin.h>

static unsigned long long cost_of(char **argv)
{
	unsigned long long start = __rdtsc();
	int status, null;
	pid_t pid = fork();

	if (!pid) {
		null = open("/dev/null", O_WRONLY);
		dup2(null, 1);
		execvp(argv[0], argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		return 0;
	return __rdtsc() - start;
}

int main(int argc, char **argv)
{
	int runs = argc > 2 ? atoi(argv[1]) : 0;

	for (int i = 0; i < runs; i++)
		printf("count: %llu\n", cost_of(argv + 2));
	return !runs;
}
