// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/vigil: memory and registers of an attached VM.
 */
#include <linux/anon_inodes.h>
#include <linux/build_bug.h>
#include <linux/capability.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <uapi/linux/vigil_ioctl.h>

#include "api/chardev.h"
#include "core/cpu.h"
#include "core/gmem_kvm.h"
#include "core/pgwalk.h"
#include "core/vm.h"

#define REGS_TIMEOUT_MAX	60000

/* No guest-physical address has more bits. */
#define GPA_END			BIT_ULL(52)

/* --- the file of a VM ----------------------------------------------------- */

/* Keeps the memory of the structure, not the attachment. */
static int vm_release(struct inode *inode, struct file *file)
{
	vigil_vm_put(file->private_data);
	return 0;
}

/* A source of bytes, read page by page. */
struct source {
	struct vigil_vm *vm;
	int (*read)(struct source *src, u64 addr, void *buf, size_t len);
	struct vigil_gmem_kvm gmem;
	struct vigil_space space;
};

/* What is read from is the VM's, but only while it is entered. */
static int open_source(struct source *src)
{
	if (!vigil_vm_enter(src->vm))
		return -ENODEV;
	vigil_gmem_init(&src->gmem, src->vm->kvm);
	vigil_vm_leave(src->vm);
	return 0;
}

static int read_phys(struct source *src, u64 addr, void *buf, size_t len)
{
	return vigil_gpa_read(&src->gmem.gm, addr, buf, len);
}

static int read_virt(struct source *src, u64 addr, void *buf, size_t len)
{
	return vigil_virt_read(&src->space, addr, buf, len);
}

static int read_page(struct source *src, u64 addr, void *buf, size_t len)
{
	int err;

	if (!vigil_vm_enter(src->vm))
		return -ENODEV;
	err = src->read(src, addr, buf, len);
	vigil_vm_leave(src->vm);
	return err;
}

/*
 * The VM is not entered while the caller's buffer is written to: who provides
 * its pages may take for ever, and the VM couldn't end.
 *
 * Return: bytes copied, less than @len where memory or the caller's buffer ends;
 * -EFAULT if there are none; or -ENOMEM.
 */
static ssize_t copy_out(struct source *src, u64 addr, char __user *to,
			size_t len)
{
	void *page = (void *)__get_free_page(GFP_KERNEL);
	size_t done = 0;

	if (!page)
		return -ENOMEM;
	while (done < len) {
		size_t n = min(len - done, PAGE_SIZE - offset_in_page(addr));

		if (read_page(src, addr, page, n) ||
		    copy_to_user(to + done, page, n) ||
		    fatal_signal_pending(current))
			break;
		done += n;
		addr += n;
		cond_resched();
	}
	free_page((unsigned long)page);
	return done ?: -EFAULT;
}

static ssize_t vm_read(struct file *file, char __user *to, size_t len,
		       loff_t *pos)
{
	struct source src = { .vm = file->private_data, .read = read_phys };
	ssize_t done;
	int err;

	if (*pos < 0 || *pos >= GPA_END)
		return -EFAULT;
	if (!len)
		return 0;
	len = min_t(u64, len, min_t(u64, MAX_RW_COUNT, GPA_END - *pos));
	err = open_source(&src);
	if (err)
		return err;
	done = copy_out(&src, *pos, to, len);
	if (done > 0)
		*pos += done;
	return done;
}

/* --- ioctls of the file --------------------------------------------------- */

static int wait_regs(struct vigil_vm *vm, struct vigil_regs *regs)
{
	struct vigil_cpu cpu;
	int err;

	if (!regs->timeout_ms || regs->timeout_ms > REGS_TIMEOUT_MAX ||
	    regs->pad)
		return -EINVAL;
	if (regs->vcpu >= vigil_vm_vcpus(vm))
		return -ENOENT;
	err = vigil_cpu_wait(vm->kvm, regs->vcpu, regs->timeout_ms, &cpu);
	if (err)
		return err;

	BUILD_BUG_ON(offsetof(struct vigil_regs, cpl) -
		     offsetof(struct vigil_regs, gpr) !=
		     offsetof(struct vigil_cpu, cpl));
	memcpy((void *)regs + offsetof(struct vigil_regs, gpr), &cpu,
	       offsetof(struct vigil_cpu, cpl));
	regs->cpl = cpu.cpl;
	return 0;
}

static long ioctl_regs(struct vigil_vm *vm, void __user *arg)
{
	struct vigil_regs regs;
	int err;

	if (copy_from_user(&regs, arg, sizeof(regs)))
		return -EFAULT;
	if (!vigil_vm_enter(vm))
		return -ENODEV;
	err = wait_regs(vm, &regs);
	vigil_vm_leave(vm);
	if (err)
		return err;
	return copy_to_user(arg, &regs, sizeof(regs)) ? -EFAULT : 0;
}

static bool is_canonical(u64 addr, unsigned int levels)
{
	unsigned int unused = levels == 5 ? 64 - 57 : 64 - 48;

	return (u64)((s64)(addr << unused) >> unused) == addr;
}

static long ioctl_virt(struct vigil_vm *vm, struct vigil_virt __user *arg)
{
	struct source src = { .vm = vm, .read = read_virt };
	struct vigil_virt virt;
	ssize_t done;
	int err;

	if (copy_from_user(&virt, arg, sizeof(virt)))
		return -EFAULT;
	if (!virt.len || virt.len > VIGIL_VIRT_MAX ||
	    (virt.levels != 4 && virt.levels != 5) ||
	    !is_canonical(virt.addr, virt.levels))
		return -EINVAL;
	/* Not over the top of the address space. */
	if (virt.addr + virt.len < virt.addr)
		virt.len = -virt.addr;
	err = open_source(&src);
	if (err)
		return err;
	vigil_space_init(&src.space, &src.gmem.gm, virt.root, virt.levels);
	done = copy_out(&src, virt.addr, u64_to_user_ptr(virt.buf), virt.len);
	if (done < 0)
		return done;
	return put_user((u32)done, &arg->len);
}

static long vm_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct vigil_vm *vm = file->private_data;
	void __user *uarg = (void __user *)arg;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	switch (cmd) {
	case VIGIL_VM_REGS:
		return ioctl_regs(vm, uarg);
	case VIGIL_VM_VIRT:
		return ioctl_virt(vm, uarg);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations vm_fops = {
	.owner = THIS_MODULE,
	.release = vm_release,
	.read = vm_read,
	.unlocked_ioctl = vm_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

/* --- the device ----------------------------------------------------------- */

static int open_vm(u32 id)
{
	struct vigil_vm *vm;
	struct file *file;
	int fd;

	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	vm = vigil_vm_find(id);
	if (!vm) {
		put_unused_fd(fd);
		return -ENOENT;
	}
	vigil_vm_get(vm);
	vigil_vm_leave(vm);
	file = anon_inode_getfile_fmode("[vigil-vm]", &vm_fops, vm, O_RDONLY,
					FMODE_PREAD);
	if (IS_ERR(file)) {
		vigil_vm_put(vm);
		put_unused_fd(fd);
		return PTR_ERR(file);
	}
	fd_install(fd, file);
	return fd;
}

static long dev_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (cmd != VIGIL_OPEN_VM)
		return -ENOTTY;
	return arg > U32_MAX ? -ENOENT : open_vm(arg);
}

/* Set when the module's init can't fail any more. */
static bool admitted;

/*
 * The module goes with its init when that fails, whoever has a reference to it.
 * misc_deregister() waits for who is in here.
 */
static int dev_open(struct inode *inode, struct file *file)
{
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	return READ_ONCE(admitted) ? 0 : -ENODEV;
}

static const struct file_operations dev_fops = {
	.owner = THIS_MODULE,
	.open = dev_open,
	.unlocked_ioctl = dev_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = KBUILD_MODNAME,
	.fops = &dev_fops,
	.mode = 0600,
};

int __init vigil_chardev_init(void)
{
	return misc_register(&device);
}

/* Let the device be opened. */
void __init vigil_chardev_admit(void)
{
	WRITE_ONCE(admitted, true);
}

void vigil_chardev_exit(void)
{
	misc_deregister(&device);
}
