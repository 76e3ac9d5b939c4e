// SPDX-License-Identifier: GPL-2.0
/*
 * Code in a file of a ramfs that is not the root: memory with a name, as tmpfs. With
 * "detached" its mount is nowhere any more, and its own parent, as the root is.
 */
#include "inject.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int fd;

	(void)argv;
	if (mkdir("/run/ramfs", 0700) && errno != EEXIST)
		give_up("mkdir");
	if (mount("none", "/run/ramfs", "ramfs", 0, NULL))
		give_up("mount");
	fd = open("/run/ramfs/library", O_RDWR | O_CREAT, 0600);
	if (argc > 1 && umount2("/run/ramfs", MNT_DETACH))
		give_up("umount");
	if (fd < 0 || ftruncate(fd, 4 * PAGE) ||
	    pwrite(fd, say_injected.code, say_injected.size, 0) < 0)
		give_up("ramfs");
	return strike("ramfs", map_pages(PROT_READ | PROT_EXEC,
					 MAP_PRIVATE, fd));
}
