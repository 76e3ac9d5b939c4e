// SPDX-License-Identifier: GPL-2.0
/* Code in a file of the root filesystem that has lost its name. */
#include "inject.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int main(void)
{
	char path[] = "/var/cache/XXXXXX";
	int fd = mkstemp(path);

	if (fd < 0 || ftruncate(fd, 4 * PAGE) ||
	    pwrite(fd, say_injected.code, say_injected.size, 0) < 0 ||
	    unlink(path))
		give_up("mkstemp");
	return strike("deleted", map_pages(PROT_READ | PROT_EXEC,
					   MAP_PRIVATE, fd));
}
