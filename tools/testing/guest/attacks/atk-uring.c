// SPDX-License-Identifier: GPL-2.0
/* Code in the submission entries of io_uring, which processes write. */
#include "inject.h"

#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	struct io_uring_params params = { 0 };
	int fd = syscall(SYS_io_uring_setup, 64, &params);
	char *at;

	if (fd < 0)
		give_up("io_uring_setup");
	at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
		  MAP_SHARED, fd, IORING_OFF_SQES);
	if (at == MAP_FAILED)
		give_up("mmap");
	plant(at, &say_injected);
	return strike("uring", at);
}
