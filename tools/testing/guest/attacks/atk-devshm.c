// SPDX-License-Identifier: GPL-2.0
/* Code in a file of /dev/shm, which is memory with a name. */
#include "inject.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

int main(void)
{
	int fd = shm_open("/session", O_RDWR | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || ftruncate(fd, 4 * PAGE) ||
	    pwrite(fd, say_injected.code, say_injected.size, 0) < 0)
		give_up("shm_open");
	return strike("devshm", map_pages(PROT_READ | PROT_EXEC,
					  MAP_PRIVATE, fd));
}
