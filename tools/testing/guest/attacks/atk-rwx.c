// SPDX-License-Identifier: GPL-2.0
/* Code in an anonymous mapping that is writable and executable. */
#include "inject.h"

#include <sys/mman.h>

int main(void)
{
	char *at = map_pages(PROT_READ | PROT_WRITE | PROT_EXEC,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1);

	plant(at, &say_injected);
	return strike("rwx", at);
}
