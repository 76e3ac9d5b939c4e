// SPDX-License-Identifier: GPL-2.0
/*
 * ben-processes fork COUNT: have this many processes that do nothing, until it is
 * told to end by a line on its input.
 * ben-processes exec COUNT: have one after the other that executes this program
 * and sleeps for half a second, 20 at a time.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int have_forks(int count)
{
	for (int i = 0; i < count; i++) {
		switch (fork()) {
		case -1:
			perror("fork");
			return 1;
		case 0:
			pause();
			_exit(0);
		}
	}
	printf("processes: %d\n", count);
	fflush(stdout);
	return 0;
}

static int have_execs(int count)
{
	int failed = 0, status;

	for (int i = 0; i < count; i++) {
		if (i >= 20 && (wait(&status) < 0 || status))
			failed++;
		if (!fork()) {
			execl("/proc/self/exe", "ben-processes", "sleep", NULL);
			_exit(127);
		}
	}
	while (wait(&status) > 0)
		failed += !!status;
	printf("failed: %d\n", failed);
	return failed;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "sleep"))
		return usleep(500000);
	if (argc != 3)
		return 2;
	return strcmp(argv[1], "fork") ? have_execs(atoi(argv[2])) :
					 have_forks(atoi(argv[2]));
}
