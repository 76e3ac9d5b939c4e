// SPDX-License-Identifier: GPL-2.0
/* Code on two pages that are the same, and that the kernel has merged into one. */
#define _GNU_SOURCE
#include "inject.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void set(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		give_up(path);
	close(fd);
}

/* How many pages of this process are merged. */
static int merged(void)
{
	char said[16] = "";
	int fd = open("/proc/self/ksm_merging_pages", O_RDONLY);

	if (fd < 0 || read(fd, said, sizeof(said) - 1) < 0)
		give_up("ksm_merging_pages");
	close(fd);
	return atoi(said);
}

int main(void)
{
	char *at = map_pages(PROT_READ | PROT_WRITE | PROT_EXEC,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1);

	plant(at, &say_injected);
	memcpy(at + PAGE, at, PAGE);
	if (madvise(at, 2 * PAGE, MADV_MERGEABLE))
		give_up("madvise");
	set("/sys/kernel/mm/ksm/sleep_millisecs", "1");
	set("/sys/kernel/mm/ksm/run", "1");
	for (int i = 0; i < 1000 && merged() < 2; i++)
		usleep(10000);
	set("/sys/kernel/mm/ksm/run", "0");
	dprintf(1, "attack: ksm has merged %d pages\n", merged());
	if (merged() < 2)
		return 3;
	return strike("ksm", at);
}
