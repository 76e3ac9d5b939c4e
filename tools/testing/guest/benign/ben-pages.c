// SPDX-License-Identifier: GPL-2.0
/*
 * Pages with code, far from each other: nobody can grant one along with another.
 *
 * ben-pages make FILE COUNT: write them; between them the file has holes.
 * ben-pages file FILE COUNT: map the file, and call each.
 * ben-pages anon COUNT: make them in anonymous memory, and call each.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Linux maps this much of a file around a fault. */
#define STRIDE	0x10000ul

static const unsigned char code[] = { 0xc3 };	/* ret */

static int make(const char *path, unsigned long count)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);

	if (fd < 0 || ftruncate(fd, count * STRIDE))
		return 1;
	for (unsigned long i = 0; i < count; i++) {
		if (pwrite(fd, code, sizeof(code), i * STRIDE) != sizeof(code))
			return 1;
	}
	return close(fd) != 0;
}

static void *map_file(const char *path, unsigned long count)
{
	int fd = open(path, O_RDONLY);
	char *map = mmap(NULL, count * STRIDE, PROT_READ | PROT_EXEC,
			 MAP_PRIVATE, fd, 0);

	/* No reading ahead into the holes. */
	return fd < 0 || map == MAP_FAILED ||
	       madvise(map, count * STRIDE, MADV_RANDOM) ? NULL : map;
}

static void *make_anon(unsigned long count)
{
	char *map = mmap(NULL, count * STRIDE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED ||
	    madvise(map, count * STRIDE, MADV_NOHUGEPAGE))
		return NULL;
	for (unsigned long i = 0; i < count; i++)
		memcpy(map + i * STRIDE, code, sizeof(code));
	return mprotect(map, count * STRIDE, PROT_READ | PROT_EXEC) ? NULL : map;
}

static int call(char *map, unsigned long count)
{
	if (!map)
		return 1;
	for (unsigned long i = 0; i < count; i++)
		((void (*)(void))(map + i * STRIDE))();
	return 0;
}

int main(int argc, char **argv)
{
	unsigned long count = argc > 2 ? strtoul(argv[argc - 1], NULL, 0) : 0;

	if (!count)
		return 2;
	if (argc == 4 && !strcmp(argv[1], "make"))
		return make(argv[2], count);
	if (argc == 4 && !strcmp(argv[1], "file"))
		return call(map_file(argv[2], count), count);
	if (argc == 3 && !strcmp(argv[1], "anon"))
		return call(make_anon(count), count);
	return 2;
}
