// SPDX-License-Identifier: GPL-2.0
/* Code in shared anonymous memory. */
#include "inject.h"

#include <sys/mman.h>

int main(void)
{
	char *at = map_pages(PROT_READ | PROT_WRITE | PROT_EXEC,
			     MAP_SHARED | MAP_ANONYMOUS, -1);

	plant(at, &say_injected);
	return strike("shared", at);
}
