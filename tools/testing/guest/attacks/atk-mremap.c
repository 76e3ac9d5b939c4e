// SPDX-License-Identifier: GPL-2.0
/*
 * One thread moves the code to another address and back without end, another jumps
 * to where it is now and then. atk-mremap [SECONDS]
 */
#define _GNU_SOURCE
#include "inject.h"

#include <stdlib.h>
#include <sys/mman.h>

#define SIZE	(4 * PAGE)

static char *elsewhere;

static void move(void *from, void *to)
{
	if (mremap(from, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, to) != to)
		give_up("mremap");
}

static void *move_about(void *region)
{
	volatile char *code = (char *)region + PAGE;

	while (trying()) {
		/* what was granted or refused is asked about again */
		*code = *code;
		next_turn();
		move(region, elsewhere);
		move(elsewhere, region);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	char *region = map_pages(PROT_READ | PROT_WRITE | PROT_EXEC,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1);

	elsewhere = map_pages(PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	plant(region + PAGE, &count_up);
	begin_turns("mremap", region + PAGE, argc > 1 ? atoi(argv[1]) : 3,
		    move_about, region);
	while (await_turn())
		try_jump(region + PAGE);
	return end_tries("mremap");
}
