// SPDX-License-Identifier: GPL-2.0
/*
 * Where the vDSO is now, a memfd is the next moment: one thread moves the one over
 * the other and back without end, another jumps there. The jump goes to a "ret" of
 * the vDSO, and the memfd has the code in the same place. atk-special [SECONDS]
 */
#define _GNU_SOURCE
#include "inject.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

static char *vdso, *place, *alias;
static size_t size, offset;
static int fd;

static size_t size_of_vdso(void)
{
	uintptr_t start, end;
	char line[256];
	FILE *maps = fopen("/proc/self/maps", "r");

	while (maps && fgets(line, sizeof(line), maps)) {
		if (strstr(line, "[vdso]") &&
		    sscanf(line, "%lx-%lx", &start, &end) == 2) {
			fclose(maps);
			return end - start;
		}
	}
	give_up("/proc/self/maps");
}

/* Not at the end: the code must fit in behind it. */
static size_t find_ret(void)
{
	const char *ret = memchr(vdso + PAGE / 2,
				 *(const char *)harmless.code, PAGE / 4);

	if (!ret)
		give_up("no ret in the vDSO");
	return ret - vdso;
}

static void map_memfd(void)
{
	if (mmap(place, size, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED,
		 fd, 0) != place)
		give_up("mmap");
}

static void move_vdso(char *from, char *to)
{
	if (mremap(from, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, to) != to)
		give_up("mremap");
}

static void *change_places(void *unused)
{
	while (trying()) {
		move_vdso(vdso, place);
		move_vdso(place, vdso);
		/* what was granted or refused is asked about again */
		plant(alias + offset, &count_up);
		map_memfd();
		next_turn();
	}
	return unused;
}

int main(int argc, char **argv)
{
	vdso = (char *)getauxval(AT_SYSINFO_EHDR);
	size = size_of_vdso();
	offset = find_ret();
	fd = memfd_create("cache", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, size))
		give_up("memfd");
	alias = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	place = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (alias == MAP_FAILED || place == MAP_FAILED)
		give_up("mmap");
	plant(alias + offset, &count_up);
	map_memfd();
	begin_turns("special", place + offset, argc > 1 ? atoi(argv[1]) : 3,
		    change_places, NULL);
	while (await_turn())
		try_jump(place + offset);
	return end_tries("special");
}
