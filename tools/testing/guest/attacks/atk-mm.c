// SPDX-License-Identifier: GPL-2.0
/*
 * A process of root that changes what the kernel keeps of its program, then runs the
 * code. atk-mm exe: the file, which is a copy under another name; atk-mm sibling: and
 * one with another parent runs it; atk-mm layout: where code, stack and arguments
 * begin.
 */
#define _GNU_SOURCE
#include "inject.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

/* The copy instead of the file; what was written to stays as it is. */
static void replace_mapping(char *start, size_t size, int prot, off_t offset,
			    int fd)
{
	char *copy;

	if (prot & PROT_EXEC) {
		copy = mmap(start, size, prot, MAP_PRIVATE | MAP_FIXED, fd,
			    offset);
		if (copy != start)
			give_up("mmap");
		return;
	}
	copy = mmap(NULL, size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (copy == MAP_FAILED)
		give_up("mmap");
	memcpy(copy, start, size);
	if (mprotect(copy, size, prot) ||
	    mremap(copy, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, start) !=
	    start)
		give_up("mremap");
}

/* The kernel wants no mapping of the old file. */
static void replace_exe(const char *innocent)
{
	static char maps[1 << 16], own[256];
	unsigned long start, end, offset;
	int fd, in = open("/proc/self/maps", O_RDONLY);
	size_t have = 0;
	ssize_t size;
	char *line, perm[8], path[256];

	copy_self(innocent);
	fd = open(innocent, O_RDONLY);
	if (fd < 0 || readlink("/proc/self/exe", own, sizeof(own) - 1) < 0)
		give_up(innocent);
	while ((size = read(in, maps + have, sizeof(maps) - 1 - have)) > 0)
		have += size;
	for (line = strtok(maps, "\n"); line; line = strtok(NULL, "\n")) {
		if (sscanf(line, "%lx-%lx %7s %lx %*s %*s %255s", &start, &end,
			   perm, &offset, path) == 5 && !strcmp(path, own))
			replace_mapping((char *)start, end - start,
					(perm[0] == 'r' ? PROT_READ : 0) |
					(perm[1] == 'w' ? PROT_WRITE : 0) |
					(perm[2] == 'x' ? PROT_EXEC : 0),
					offset, fd);
	}
	if (prctl(PR_SET_MM, PR_SET_MM_EXE_FILE, fd, 0, 0))
		give_up("PR_SET_MM_EXE_FILE");
	if (readlink("/proc/self/exe", own, sizeof(own) - 1) < 0)
		give_up("/proc/self/exe");
	dprintf(1, "exe: %s\n", own);
}

/* Field @index of /proc/self/stat, counted as in proc(5). */
static unsigned long stat_field(int index)
{
	char said[2048] = "", *field;
	int fd = open("/proc/self/stat", O_RDONLY);

	if (fd < 0 || read(fd, said, sizeof(said) - 1) < 0)
		give_up("/proc/self/stat");
	close(fd);
	field = strrchr(said, ')');
	for (int i = 2; field && i < index; i++)
		field = strchr(field + 1, ' ');
	if (!field)
		give_up("stat");
	return strtoul(field + 1, NULL, 10);
}

static void move_layout(void)
{
	if (prctl(PR_SET_MM, PR_SET_MM_START_CODE, stat_field(26) + 16, 0, 0) ||
	    prctl(PR_SET_MM, PR_SET_MM_START_STACK, stat_field(28) - 64, 0,
		  0) ||
	    prctl(PR_SET_MM, PR_SET_MM_ARG_START, stat_field(48) + 1, 0, 0))
		give_up("PR_SET_MM");
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "exe";
	void *at = map_injected(&say_injected);

	settle();
	if (!strcmp(how, "sibling")) {
		replace_exe("/var/cache/innocent-sibling");
		return strike_as_stranger("mm", fork_sibling, at);
	}
	if (!strcmp(how, "layout"))
		move_layout();
	else
		replace_exe("/var/cache/innocent-exe");
	take_innocent_name();
	return strike("mm", at);
}
