// SPDX-License-Identifier: GPL-2.0
/* Code in a private mapping of /dev/zero: anonymous memory that names a file. */
#include "inject.h"

#include <fcntl.h>
#include <sys/mman.h>

int main(void)
{
	int fd = open("/dev/zero", O_RDWR);
	char *at;

	if (fd < 0)
		give_up("/dev/zero");
	at = map_pages(PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE, fd);
	plant(at, &say_injected);
	return strike("devzero", at);
}
