// SPDX-License-Identifier: GPL-2.0
/*
 * Code behind the first 4K of a huge page of hugetlbfs, which is anonymous memory if
 * the mapping is private: atk-hugetlb [shared]
 */
#define _GNU_SOURCE
#include "inject.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#define HUGE	(2 << 20)

int main(int argc, char **argv)
{
	int fd = open("/proc/sys/vm/nr_hugepages", O_WRONLY);
	char *at;

	(void)argv;
	if (fd < 0 || write(fd, "1", 1) != 1)
		give_up("nr_hugepages");
	at = mmap(NULL, HUGE, PROT_READ | PROT_WRITE | PROT_EXEC,
		  MAP_ANONYMOUS | MAP_HUGETLB |
		  (argc > 1 ? MAP_SHARED : MAP_PRIVATE), -1, 0);
	if (at == MAP_FAILED)
		give_up("mmap");
	plant(at + 5 * PAGE, &say_injected);
	return strike("hugetlb", at + 5 * PAGE);
}
