// SPDX-License-Identifier: GPL-2.0
/*
 * The bug of a guest's kernel that a process exploits: /dev/nosmep calls the address
 * that is written to it, in kernel mode and without SMEP. A call that is refused
 * returns, so that the process can go on.
 */
#include <linux/irqflags.h>
#include <linux/kdebug.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/uaccess.h>
#include <asm/processor-flags.h>
#include <asm/special_insns.h>
#include <asm/trapnr.h>

static unsigned long called;

static int on_die(struct notifier_block *block, unsigned long what, void *data)
{
	struct die_args *args = data;
	struct pt_regs *regs = args->regs;

	if (what != DIE_TRAP || args->trapnr != X86_TRAP_UD ||
	    regs->ip != called)
		return NOTIFY_DONE;
	regs->ip = *(unsigned long *)regs->sp;
	regs->sp += sizeof(unsigned long);
	return NOTIFY_STOP;
}

static struct notifier_block nosmep_die = {
	.notifier_call = on_die,
};

/* native_write_cr4() would set SMEP again. */
static void write_cr4(unsigned long cr4)
{
	asm volatile("mov %0, %%cr4" : : "r" (cr4) : "memory");
}

static ssize_t call_address(struct file *file, const char __user *data,
			    size_t size, loff_t *pos)
{
	unsigned long cr4, flags;
	void (*code)(void);

	if (size != sizeof(code) || copy_from_user(&code, data, size))
		return -EINVAL;
	called = (unsigned long)code;
	local_irq_save(flags);
	cr4 = __read_cr4();
	write_cr4(cr4 & ~X86_CR4_SMEP);
	code();
	write_cr4(cr4);
	local_irq_restore(flags);
	return size;
}

static const struct file_operations nosmep_fops = {
	.owner = THIS_MODULE,
	.write = call_address,
};

static struct miscdevice nosmep = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "nosmep",
	.fops = &nosmep_fops,
};

static int __init nosmep_init(void)
{
	int err = register_die_notifier(&nosmep_die);

	if (err)
		return err;
	err = misc_register(&nosmep);
	if (err)
		unregister_die_notifier(&nosmep_die);
	return err;
}

static void __exit nosmep_exit(void)
{
	misc_deregister(&nosmep);
	unregister_die_notifier(&nosmep_die);
}

module_init(nosmep_init);
module_exit(nosmep_exit);

MODULE_DESCRIPTION("A kernel bug for the tests of vigil");
MODULE_LICENSE("GPL");
