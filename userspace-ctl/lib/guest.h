/* SPDX-License-Identifier: GPL-2.0 */
/* A guest to read: an attached VM (mem.c) or a test's fake. */
#ifndef VIGIL_GUEST_H
#define VIGIL_GUEST_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/vigil_ioctl.h>

#include "error.h"

struct vigil_guest;

/**
 * struct vigil_guest_ops - what can be asked of a guest
 * @read:	guest-physical memory; bytes read, fewer where memory ends, or
 *		-errno
 * @virt:	as VIGIL_VM_VIRT; 0 or -errno
 * @regs:	as VIGIL_VM_REGS; 0 or -errno
 */
struct vigil_guest_ops {
	ssize_t (*read)(struct vigil_guest *guest, uint64_t gpa, void *buf,
			size_t len);
	int (*virt)(struct vigil_guest *guest, struct vigil_virt *virt);
	int (*regs)(struct vigil_guest *guest, struct vigil_regs *regs);
};

struct vigil_guest {
	const struct vigil_guest_ops *ops;
};

/* All of @len or -EFAULT. */
int vigil_guest_read(struct vigil_guest *guest, uint64_t gpa, void *buf,
		     size_t len);

/**
 * struct vigil_space - an address space of a guest
 * @guest:	the guest
 * @root:	guest-physical address of the top-level page table
 * @levels:	4 or 5
 */
struct vigil_space {
	struct vigil_guest *guest;
	uint64_t root;
	unsigned int levels;
};

/* All of @len bytes at a guest-virtual address, or -EFAULT. */
int vigil_virt_read(const struct vigil_space *space, uint64_t addr, void *buf,
		    size_t len);

/**
 * struct vigil_vm_file - an attached VM as a guest
 * @guest:	the interface
 * @fd:		what VIGIL_OPEN_VM returned
 */
struct vigil_vm_file {
	struct vigil_guest guest;
	int fd;
};

int vigil_vm_open(struct vigil_vm_file *vm, uint32_t id, struct vigil_err *err);
void vigil_vm_close(struct vigil_vm_file *vm);

#endif /* VIGIL_GUEST_H */
