// SPDX-License-Identifier: GPL-2.0
/*
 * Code in the control page of a performance event: it has the mapping of a file,
 * which is on no file system that anybody could mount.
 */
#include "inject.h"

#include <linux/perf_event.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE, .size = sizeof(attr),
		.config = PERF_COUNT_SW_DUMMY,
	};
	int fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
	char *at;

	if (fd < 0)
		give_up("perf_event_open");
	/* with two of data, which can't be written at first */
	at = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
		  MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		give_up("mmap");
	/* its head has something in it, and so has its second KiB */
	plant(at + PAGE / 2, &say_injected);
	return strike("perf", at + PAGE / 2);
}
