// SPDX-License-Identifier: GPL-2.0
/* The injected code and how it is told. */

#define _GNU_SOURCE
#include "inject.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void give_up(const char *name)
{
	perror(name);
	exit(2);
}

void *map_pages(int prot, int flags, int fd)
{
	void *at = mmap(NULL, 4 * PAGE, prot, flags, fd, 0);

	if (at == MAP_FAILED)
		give_up("mmap");
	return at;
}

void plant(void *where, const struct snippet *snippet)
{
	memcpy(where, snippet->code, snippet->size);
}

void announce(const char *name, const void *code)
{
	uintptr_t start = (uintptr_t)code;

	/* one write, past stdio: what follows may be the last instruction */
	dprintf(1, "attack: %s pid=%d tid=%d code=%lx-%lx\n", name, getpid(),
		gettid(), start, start + say_injected.size);
}

void jump(const void *code)
{
	((injected_fn)(uintptr_t)code)(NULL);
}

int strike(const char *name, const void *code)
{
	announce(name, code);
	jump(code);
	dprintf(1, "attack: %s returned\n", name);
	return 0;
}
