// SPDX-License-Identifier: GPL-2.0
/* How to get at a VM without its VMM's help: pidfd_getfd(). */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vmfd.h"

#define VM_LINK	"anon_inode:kvm-vm"

struct found {
	unsigned int count;
	int fd;
	char list[128];
};

static bool is_vm(int dir, const char *name)
{
	char link[sizeof(VM_LINK) + 1];
	ssize_t len = readlinkat(dir, name, link, sizeof(link));

	return len == sizeof(VM_LINK) - 1 && !memcmp(link, VM_LINK, len);
}

static void add_found(struct found *found, int fd)
{
	size_t used = strlen(found->list);

	found->fd = fd;
	snprintf(found->list + used, sizeof(found->list) - used, "%s%d",
		 found->count++ ? ", " : "", fd);
}

/* One VM that is open twice counts twice: the user has to choose. */
static int search(pid_t pid, struct found *found, struct vigil_err *err)
{
	char path[32];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	if (!dir && errno == ENOENT)
		return vigil_fail(err, ESRCH, "there is no process %d", pid);
	if (!dir)
		return vigil_fail_errno(err, errno, "%s", path);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] != '.' && is_vm(dirfd(dir), entry->d_name))
			add_found(found, atoi(entry->d_name));
	}
	closedir(dir);
	return 0;
}

static int choose(pid_t pid, struct vigil_err *err)
{
	struct found found = { 0 };
	int ret = search(pid, &found, err);

	if (ret)
		return ret;
	if (!found.count)
		return vigil_fail(err, ENOENT,
				  "process %d has no KVM virtual machine", pid);
	if (found.count > 1)
		return vigil_fail(err, ENOTUNIQ,
				  "process %d has several VMs, choose one with --fd: %s",
				  pid, found.list);
	return found.fd;
}

int vmfd_take(pid_t pid, int fd, struct vigil_err *err)
{
	int pidfd, copy;

	if (fd < 0)
		fd = choose(pid, err);
	if (fd < 0)
		return fd;
	pidfd = syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0)
		return vigil_fail_errno(err, errno, "process %d", pid);
	copy = syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	if (copy < 0)
		vigil_fail_errno(err, errno, "file descriptor %d of process %d",
				 fd, pid);
	close(pidfd);
	return copy < 0 ? -err->code : copy;
}
