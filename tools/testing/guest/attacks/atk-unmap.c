// SPDX-License-Identifier: GPL-2.0
/*
 * The first fetch of code comes while munmap() of its region is under way: Linux
 * has taken the region's VMAs out of the tree by then, and takes the pages out of
 * the page tables one after the other. atk-unmap [shared] [middle]: the region is
 * shared memory, and the code is its last page or lies in the middle.
 */
#define _GNU_SOURCE
#include "inject.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Until the moment was met so often, or missed too often. */
#define HITS	2
#define ROUNDS	8
/* What lies before the code: time, while it is taken out; twice as much after a miss. */
#define PRIVATE_HEAD	((size_t)16 << 20)
#define PRIVATE_MAX	(4 * PRIVATE_HEAD)
/*
 * A page of a file is taken out sooner, because it isn't freed. One file that is
 * mapped over and over makes many pages of little memory.
 */
#define SHARED_HEAD	((size_t)64 << 20)
#define SHARED_MAX	(8 * SHARED_HEAD)
#define PIECE		((size_t)4 << 20)
/* What lies behind it. */
#define TAIL		PIECE
/* Where nothing else of a process is. */
#define CODE		((char *)0x200000000000)

static int shared, middle;

static void map_anonymous(char *at, size_t size)
{
	madvise(at, size, MADV_NOHUGEPAGE);
	if (madvise(at, size, MADV_POPULATE_WRITE))
		give_up("madvise");
}

static void map_file(char *at, size_t size)
{
	int fd = memfd_create("heap", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, PIECE))
		give_up("memfd");
	for (size_t done = 0; done < size; done += PIECE)
		if (mmap(at + done, size - done < PIECE ? size - done : PIECE,
			 PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_FIXED | MAP_POPULATE, fd, 0) ==
		    MAP_FAILED)
			give_up("mmap");
	close(fd);
}

static void map_region(char *at, size_t size)
{
	if (mmap(at, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS |
		 MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0) != at)
		give_up("mmap");
	if (shared)
		map_file(at, size);
	else
		map_anonymous(at, size);
}

/* msync() waits for who changes mappings, and knows whether there is one. */
static void *call_without_vma(void *unused)
{
	(void)unused;
	while (!msync(CODE, PAGE, MS_ASYNC))
		;
	return (void *)(uintptr_t)try_jump(CODE);
}

static enum outcome try_once(size_t head)
{
	size_t size = head + PAGE + (middle ? TAIL : 0);
	pthread_t caller;
	void *outcome;

	map_region(CODE - head, size);
	plant(CODE, &count_up);
	if (mprotect(CODE, PAGE, PROT_READ | PROT_EXEC))
		give_up("mprotect");
	if (pthread_create(&caller, NULL, call_without_vma, NULL))
		give_up("pthread_create");
	if (munmap(CODE - head, size))
		give_up("munmap");
	pthread_join(caller, &outcome);
	return (uintptr_t)outcome;
}

int main(int argc, char **argv)
{
	size_t head, most;
	int hits = 0;

	for (int i = 1; i < argc; i++) {
		shared |= !strcmp(argv[i], "shared");
		middle |= !strcmp(argv[i], "middle");
	}
	head = shared ? SHARED_HEAD : PRIVATE_HEAD;
	most = shared ? SHARED_MAX : PRIVATE_MAX;
	begin_tries("unmap", CODE);
	for (int i = 0; i < ROUNDS && hits < HITS; i++) {
		if (try_once(head) != MISSED)
			hits++;
		else if (head < most)
			head *= 2;
	}
	return end_tries("unmap");
}
