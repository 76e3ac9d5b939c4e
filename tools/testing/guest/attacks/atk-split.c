// SPDX-License-Identifier: GPL-2.0
/*
 * One thread splits and merges the VMA of the code without end, another jumps
 * there. On one processor, or with both vCPUs on one of the host's, each jump comes
 * while the first thread stands still somewhere in mprotect(), in the middle of a
 * change of the tree now and then. atk-split [SECONDS]
 */
#include "inject.h"

#include <stdlib.h>
#include <sys/mman.h>

static void *split_and_merge(void *region)
{
	char *end = (char *)region + 2 * PAGE;

	while (trying()) {
		if (mprotect(region, PAGE, PROT_READ) ||
		    mprotect(end, PAGE, PROT_READ) ||
		    mprotect(region, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC) ||
		    mprotect(end, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC))
			give_up("mprotect");
		next_turn();
	}
	return NULL;
}

int main(int argc, char **argv)
{
	char *region = map_pages(PROT_READ | PROT_WRITE | PROT_EXEC,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1);
	volatile char *code = region + PAGE;

	plant(region + PAGE, &count_up);
	begin_turns("split", region + PAGE, argc > 1 ? atoi(argv[1]) : 3,
		    split_and_merge, region);
	while (await_turn()) {
		/* what was granted or refused is asked about again */
		*code = *code;
		try_jump(region + PAGE);
	}
	return end_tries("split");
}
