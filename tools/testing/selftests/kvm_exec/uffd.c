// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "test.h"
#include "uffd.h"

static int uffd_register(void *page, uint64_t mode, uint64_t features)
{
	struct uffdio_api api = { .api = UFFD_API, .features = features };
	struct uffdio_register range = {
		.range = { .start = (uintptr_t)page, .len = PAGE }, .mode = mode,
	};
	int fd = syscall(__NR_userfaultfd, O_CLOEXEC);

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api))
		skip("no userfaultfd");
	must(!ioctl(fd, UFFDIO_REGISTER, &range));
	return fd;
}

int uffd_missing(void *page)
{
	int fd = uffd_register(page, UFFDIO_REGISTER_MODE_MISSING, 0);

	must(!madvise(page, PAGE, MADV_DONTNEED));
	return fd;
}

static int protect(int fd, void *page, uint64_t mode)
{
	struct uffdio_writeprotect range = {
		.range = { .start = (uintptr_t)page, .len = PAGE }, .mode = mode,
	};

	return ioctl(fd, UFFDIO_WRITEPROTECT, &range);
}

int uffd_protect(void *page)
{
	int fd = uffd_register(page, UFFDIO_REGISTER_MODE_WP,
			       UFFD_FEATURE_PAGEFAULT_FLAG_WP);

	must(!protect(fd, page, UFFDIO_WRITEPROTECT_MODE_WP));
	return fd;
}

void uffd_unprotect(int fd, void *page)
{
	must(!protect(fd, page, 0));
}

void uffd_wait(int fd)
{
	struct uffd_msg message;

	must(read(fd, &message, sizeof(message)) == sizeof(message));
	must(message.event == UFFD_EVENT_PAGEFAULT);
}

void uffd_copy(int fd, void *page, const void *content, int wake)
{
	struct uffdio_copy copy = {
		.dst = (uintptr_t)page, .src = (uintptr_t)content, .len = PAGE,
		.mode = wake ? 0 : UFFDIO_COPY_MODE_DONTWAKE,
	};

	must(!ioctl(fd, UFFDIO_COPY, &copy));
}

void uffd_wake(int fd, void *page)
{
	struct uffdio_range range = { .start = (uintptr_t)page, .len = PAGE };

	must(!ioctl(fd, UFFDIO_WAKE, &range));
}
