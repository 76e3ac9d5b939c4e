// SPDX-License-Identifier: GPL-2.0
/* Code that was written first and made executable, not writable, after that. */
#include "inject.h"

#include <sys/mman.h>

int main(void)
{
	char *at = map_pages(PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1);

	plant(at, &say_injected);
	if (mprotect(at, PAGE, PROT_READ | PROT_EXEC))
		give_up("mprotect");
	return strike("wthenx", at);
}
