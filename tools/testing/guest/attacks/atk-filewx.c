// SPDX-License-Identifier: GPL-2.0
/*
 * Code in a shared mapping of a file that is writable and executable: memory which
 * the process writes, though it has a name. atk-filewx [DIRECTORY]
 */
#include "inject.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char path[128];
	char *at;
	int fd;

	snprintf(path, sizeof(path), "%s/XXXXXX",
		 argc > 1 ? argv[1] : "/var/cache");
	fd = mkstemp(path);
	if (fd < 0 || ftruncate(fd, 4 * PAGE))
		give_up("mkstemp");
	at = map_pages(PROT_READ | PROT_WRITE | PROT_EXEC, MAP_SHARED, fd);
	plant(at, &say_injected);
	return strike("filewx", at);
}
