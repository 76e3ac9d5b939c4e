// SPDX-License-Identifier: GPL-2.0
/* /dev/vigil */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "guest.h"

#define DEVICE	"/dev/vigil"

static ssize_t vm_read(struct vigil_guest *guest, uint64_t gpa, void *buf,
		       size_t len)
{
	struct vigil_vm_file *vm = (struct vigil_vm_file *)guest;
	ssize_t got = pread(vm->fd, buf, len, gpa);

	return got < 0 ? -errno : got;
}

static int vm_virt(struct vigil_guest *guest, struct vigil_virt *virt)
{
	struct vigil_vm_file *vm = (struct vigil_vm_file *)guest;

	return ioctl(vm->fd, VIGIL_VM_VIRT, virt) < 0 ? -errno : 0;
}

static int vm_regs(struct vigil_guest *guest, struct vigil_regs *regs)
{
	struct vigil_vm_file *vm = (struct vigil_vm_file *)guest;

	return ioctl(vm->fd, VIGIL_VM_REGS, regs) < 0 ? -errno : 0;
}

static const struct vigil_guest_ops vm_ops = {
	.read = vm_read,
	.virt = vm_virt,
	.regs = vm_regs,
};

int vigil_vm_open(struct vigil_vm_file *vm, uint32_t id, struct vigil_err *err)
{
	int dev = open(DEVICE, O_RDONLY | O_CLOEXEC);

	if (dev < 0)
		return vigil_fail_errno(err, errno, DEVICE);
	vm->guest.ops = &vm_ops;
	vm->fd = ioctl(dev, VIGIL_OPEN_VM, (unsigned long)id);
	if (vm->fd < 0)
		vigil_fail_errno(err, errno, DEVICE ": vm %u", id);
	close(dev);
	return vm->fd < 0 ? -err->code : 0;
}

void vigil_vm_close(struct vigil_vm_file *vm)
{
	close(vm->fd);
}

int vigil_guest_read(struct vigil_guest *guest, uint64_t gpa, void *buf,
		     size_t len)
{
	ssize_t got;

	while (len) {
		got = guest->ops->read(guest, gpa, buf, len);
		if (got == -EINTR)
			continue;
		if (got <= 0)
			return -EFAULT;
		gpa += got;
		buf = (char *)buf + got;
		len -= got;
	}
	return 0;
}

int vigil_virt_read(const struct vigil_space *space, uint64_t addr, void *buf,
		    size_t len)
{
	struct vigil_virt virt = {
		.root = space->root,
		.addr = addr,
		.buf = (uintptr_t)buf,
		.len = len,
		.levels = space->levels,
	};

	if (space->guest->ops->virt(space->guest, &virt) || virt.len != len)
		return -EFAULT;
	return 0;
}
