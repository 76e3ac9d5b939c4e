/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * /dev/vigil: reading the memory and the registers of an attached VM.
 *
 * Opening the device and every ioctl need CAP_SYS_ADMIN in the initial user
 * namespace.  The file that VIGIL_OPEN_VM returns keeps no VM alive: once the
 * VM is detached its reads and ioctls fail with ENODEV.
 */
#ifndef _UAPI_LINUX_VIGIL_IOCTL_H
#define _UAPI_LINUX_VIGIL_IOCTL_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define VIGIL_IOC_MAGIC	0xB7

/**
 * VIGIL_OPEN_VM - on /dev/vigil: a read-only file for an attached VM
 *
 * The argument is the VM's id, by value.  Returns a file descriptor
 * (O_CLOEXEC), or ENOENT: no such VM.
 *
 * pread() on it reads guest-physical memory: the offset is the address.  A
 * read stops short at memory that the VM does not have; EFAULT if there is
 * none at the offset.  It may fault pages of the VMM in.
 */
#define VIGIL_OPEN_VM	_IO(VIGIL_IOC_MAGIC, 0x00)

/**
 * struct vigil_regs - registers of a vCPU
 * @vcpu:	in: number of the vCPU
 * @timeout_ms:	in: how long to wait, 1 to 60000
 * @gpr:	rax rcx rdx rbx rsp rbp rsi rdi r8 to r15
 * @rip:	offset in the code segment
 * @rflags:	flags
 * @cr0:	control registers; cr3 with its low bits
 * @cr3:	see @cr0
 * @cr4:	see @cr0
 * @efer:	MSR C0000080H
 * @gs_base:	base of GS
 * @kernel_gs_base: MSR C0000102H
 * @lstar:	MSR C0000082H
 * @idt_base:	linear address of the IDT, 0 where this KVM cannot tell
 * @cpl:	privilege level
 * @pad:	0
 *
 * VIGIL_VM_REGS waits until the vCPU enters the guest the next time and takes
 * a snapshot there; one that is in the guest is made to leave it for that.
 * ENOENT: no such vCPU; EINVAL: @timeout_ms or @pad;
 * ETIMEDOUT: the vCPU did not run in this time (idle, or paused);
 * EINTR: a signal came.
 */
struct vigil_regs {
	__u32 vcpu;
	__u32 timeout_ms;
	__u64 gpr[16];
	__u64 rip;
	__u64 rflags;
	__u64 cr0;
	__u64 cr3;
	__u64 cr4;
	__u64 efer;
	__u64 gs_base;
	__u64 kernel_gs_base;
	__u64 lstar;
	__u64 idt_base;
	__u32 cpl;
	__u32 pad;
};

#define VIGIL_VM_REGS	_IOWR(VIGIL_IOC_MAGIC, 0x01, struct vigil_regs)

/**
 * struct vigil_virt - a read of guest-virtual memory
 * @root:	guest-physical address of the top-level page table; low bits
 *		as in CR3 are ignored
 * @addr:	guest-virtual address
 * @buf:	where to, a pointer of the caller
 * @len:	bytes, 1 to VIGIL_VIRT_MAX; out: bytes read
 * @levels:	4 or 5
 *
 * VIGIL_VM_VIRT stops short at an address that isn't mapped or has no memory;
 * EFAULT: there is none at @addr, or @buf is bad; EINVAL: @len or @levels, or
 * @addr is not canonical.
 */
struct vigil_virt {
	__u64 root;
	__u64 addr;
	__u64 buf;
	__u32 len;
	__u32 levels;
};

#define VIGIL_VIRT_MAX	0x100000
#define VIGIL_VM_VIRT	_IOWR(VIGIL_IOC_MAGIC, 0x02, struct vigil_virt)

#endif /* _UAPI_LINUX_VIGIL_IOCTL_H */
