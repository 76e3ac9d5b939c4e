// SPDX-License-Identifier: GPL-2.0
/*
 * A server that forks its workers: in each round one that is attacked, and then 36
 * that call a function nobody called before. Linux gives the next worker what the
 * last one left, as its mm_struct. atk-workers [ROUNDS]
 */
#include "inject.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKERS	36
#define LIBRARY	"/var/cache/worker"

static void be_attacked(void)
{
	char *at = map_pages(PROT_READ | PROT_WRITE | PROT_EXEC,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1);

	plant(at, &say_injected);
	jump(at);
	_exit(0);
}

static void make_library(void)
{
	int fd = open(LIBRARY, O_RDWR | O_CREAT | O_TRUNC, 0700);

	if (fd < 0 || ftruncate(fd, 4 * PAGE) ||
	    pwrite(fd, harmless.code, harmless.size, 0) < 0)
		give_up(LIBRARY);
	close(fd);
}

static void call_library(void)
{
	jump(map_pages(PROT_READ | PROT_EXEC, MAP_PRIVATE,
		       open(LIBRARY, O_RDONLY)));
	_exit(0);
}

/* Did it end by itself? */
static int work(void (*job)(void))
{
	int status;

	switch (fork()) {
	case -1:
		give_up("fork");
	case 0:
		job();
	}
	wait(&status);
	return !status;
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 3, attacked = 0, good = 0;

	for (int i = 0; i < rounds; i++) {
		attacked += work(be_attacked);
		for (int k = 0; k < WORKERS; k++) {
			make_library();
			good += work(call_library);
			unlink(LIBRARY);
		}
	}
	dprintf(1, "workers: attacked %d of %d, good %d of %d\n", attacked,
		rounds, good, rounds * WORKERS);
	return 0;
}
