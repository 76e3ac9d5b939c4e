// SPDX-License-Identifier: GPL-2.0
/*
 * What the benchmarks of KVM can't see from user space: how long a VM's mmu_lock
 * is held for write.  Takes nothing from kvm.ko, hence fits any.
 *
 * It also sets a timer that nobody waits for.  An emulator that counts
 * instructions and has one thread for all processors shares those up to the next
 * timer among them, so that this one makes them take turns as finely as is asked for.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/kprobes.h>
#include <linux/kvm_host.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include "kvm_bench.h"

/* IA-PC HPET specification; its third comparator is used by nobody. */
#define HPET_ADDRESS	0xfed00000
#define HPET_COUNTER	0xf0
#define HPET_CONFIG	0x140
#define HPET_COMPARATOR	0x148
#define HPET_PERIODIC	BIT(3)
#define HPET_SET_VALUE	BIT(6)
/* Of the emulator's */
#define HPET_TICK_NS	10

/* One benchmark at a time. */
static void *watched;
static u64 since;
static struct kb_holds holds;
static void __iomem *hpet;

static unsigned long first_argument(struct pt_regs *regs)
{
	return regs_get_kernel_argument(regs, 0);
}

/* Called before the lock is taken; waiting for it is part of the figure. */
static int kb_locks(struct kprobe *probe, struct pt_regs *regs)
{
	if ((void *)first_argument(regs) == READ_ONCE(watched))
		since = rdtsc();
	return 0;
}

static int kb_unlocks(struct kprobe *probe, struct pt_regs *regs)
{
	u64 now = rdtsc();

	if ((void *)first_argument(regs) != READ_ONCE(watched) || !since)
		return 0;

	now -= since;
	holds.count++;
	holds.total += now;
	holds.longest = max(holds.longest, now);
	return 0;
}

static struct kprobe probes[] = {
	{ .symbol_name = "_raw_write_lock", .pre_handler = kb_locks },
	{ .symbol_name = "_raw_write_unlock", .pre_handler = kb_unlocks },
};

static long kb_watch(int fd)
{
	struct file *file = NULL;

	/* The same in each KVM, whatever else its struct kvm has. */
	BUILD_BUG_ON(offsetof(struct kvm, mmu_lock) != 0);

	WRITE_ONCE(watched, NULL);
	since = 0;
	memset(&holds, 0, sizeof(holds));
	if (fd < 0)
		return 0;

	file = fget(fd);
	if (!file)
		return -EBADF;
	WRITE_ONCE(watched, file->private_data);
	fput(file);
	return 0;
}

static long kb_slices(unsigned long ns)
{
	u32 config, ticks = ns / HPET_TICK_NS;

	if (!hpet)
		return -ENODEV;

	/* A comparator is armed by a write to it, with its interrupt disabled, too. */
	config = readl(hpet + HPET_CONFIG) & ~(HPET_PERIODIC | HPET_SET_VALUE);
	if (!ticks) {
		writel(config, hpet + HPET_CONFIG);
		writel(readl(hpet + HPET_COUNTER), hpet + HPET_COMPARATOR);
		return 0;
	}
	writel(config | HPET_PERIODIC | HPET_SET_VALUE, hpet + HPET_CONFIG);
	writel(readl(hpet + HPET_COUNTER) + ticks, hpet + HPET_COMPARATOR);
	writel(ticks, hpet + HPET_COMPARATOR);
	return 0;
}

static long kb_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case KB_WATCH:
		return kb_watch(arg);
	case KB_HOLDS:
		return copy_to_user((void __user *)arg, &holds, sizeof(holds)) ?
			-EFAULT : 0;
	case KB_SLICES:
		return kb_slices(arg);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations kb_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = kb_ioctl,
};

static struct miscdevice kb_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "kvm_bench",
	.fops = &kb_fops,
};

static int __init kb_init(void)
{
	int i, r;

	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		r = register_kprobe(&probes[i]);
		if (r)
			goto err_probes;
	}

	r = misc_register(&kb_device);
	if (r)
		goto err_probes;

	hpet = ioremap(HPET_ADDRESS, PAGE_SIZE);
	return 0;

err_probes:
	while (i--)
		unregister_kprobe(&probes[i]);
	return r;
}

static void __exit kb_exit(void)
{
	int i;

	misc_deregister(&kb_device);
	if (hpet) {
		kb_slices(0);
		iounmap(hpet);
	}
	for (i = 0; i < ARRAY_SIZE(probes); i++)
		unregister_kprobe(&probes[i]);
}

module_init(kb_init);
module_exit(kb_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Benchmarks of KVM: how long mmu_lock is held");
