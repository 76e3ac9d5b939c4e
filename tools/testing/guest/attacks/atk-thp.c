// SPDX-License-Identifier: GPL-2.0
/* Code in the middle of a transparent huge page: struct page is a tail. */
#define _GNU_SOURCE
#include "inject.h"

#include <stdint.h>
#include <sys/mman.h>

#define HUGE	(2 << 20)

int main(void)
{
	char *at = mmap(NULL, 2 * HUGE, PROT_READ | PROT_WRITE | PROT_EXEC,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		give_up("mmap");
	at = (char *)(((uintptr_t)at + HUGE - 1) & -(uintptr_t)HUGE);
	if (madvise(at, HUGE, MADV_HUGEPAGE))
		give_up("madvise");
	*at = 0;
	plant(at + HUGE / 2, &say_injected);
	return strike("thp", at + HUGE / 2);
}
