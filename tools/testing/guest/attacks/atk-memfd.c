// SPDX-License-Identifier: GPL-2.0
/* Code in a memfd: a file that no directory knows, written with write(). */
#define _GNU_SOURCE
#include "inject.h"

#include <sys/mman.h>
#include <unistd.h>

int main(void)
{
	int fd = memfd_create("cache", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, 4 * PAGE) ||
	    pwrite(fd, say_injected.code, say_injected.size, 0) < 0)
		give_up("memfd");
	return strike("memfd", map_pages(PROT_READ | PROT_EXEC,
					 MAP_SHARED, fd));
}
