// SPDX-License-Identifier: GPL-2.0
/* Code in memory of brk() that was made executable. */
#define _DEFAULT_SOURCE
#include "inject.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

int main(void)
{
	char *at = sbrk(4 * PAGE);

	if (at == (void *)-1)
		give_up("sbrk");
	at = (char *)(((uintptr_t)at + PAGE) & ~(uintptr_t)(PAGE - 1));
	if (mprotect(at, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC))
		give_up("mprotect");
	plant(at, &say_injected);
	return strike("heap", at);
}
