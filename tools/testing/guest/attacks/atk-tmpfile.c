// SPDX-License-Identifier: GPL-2.0
/* Code in a file of tmpfs that never had a name. */
#define _GNU_SOURCE
#include "inject.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

int main(void)
{
	int fd = open("/dev/shm", O_TMPFILE | O_RDWR, 0600);

	if (fd < 0 || ftruncate(fd, 4 * PAGE) ||
	    pwrite(fd, say_injected.code, say_injected.size, 0) < 0)
		give_up("O_TMPFILE");
	return strike("tmpfile", map_pages(PROT_READ | PROT_EXEC,
					   MAP_PRIVATE, fd));
}
