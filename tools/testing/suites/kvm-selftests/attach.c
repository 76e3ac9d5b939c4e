// SPDX-License-Identifier: GPL-2.0
/*
 * Linked into KVM's selftests with --wrap=ioctl: if KVM_EXEC_CLIENT is set, each
 * VM gets the test client, i.e. an execute policy, before it has memory.
 */
#include <err.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "../../selftests/kvm_exec/kvm_exec_test.h"

int __real_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);

static void attach(int vm)
{
	struct ket_attach client = { .vm_fd = vm, .rules = KET_OPEN_SELF };
	/* closed when the test ends */
	int fd = open(KET_DEVICE, O_RDWR | O_CLOEXEC);

	if (fd < 0 || __real_ioctl(fd, KET_ATTACH, &client))
		err(1, "no client for the VM");
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *arg;
	int r;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);

	r = __real_ioctl(fd, request, arg);
	if (r >= 0 && request == KVM_CREATE_VM && getenv("KVM_EXEC_CLIENT"))
		attach(r);
	return r;
}
