// SPDX-License-Identifier: GPL-2.0
/*
 * A bug of the kernel makes it execute the page of the code first, in kernel mode,
 * where SMEP is off; then the process does.
 */
#include "inject.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

int main(void)
{
	char *at = map_pages(PROT_READ | PROT_WRITE | PROT_EXEC,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1);
	void *harmless_part = at + PAGE / 2;
	int fd = open("/dev/nosmep", O_WRONLY);

	plant(at, &say_injected);
	plant(harmless_part, &harmless);
	if (fd < 0 || write(fd, &harmless_part, sizeof(harmless_part)) < 0)
		give_up("/dev/nosmep");
	dprintf(1, "attack: smep the kernel came back\n");
	return strike("smep", at);
}
