// SPDX-License-Identifier: GPL-2.0
/*
 * Client of KVM's watched pages for tests.  Each open file of the device can be
 * attached to one VM, decides by one rule, and remembers what it was asked.
 */
#include <linux/delay.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kfifo.h>
#include <linux/kvm_host.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <asm/kvm_exec.h>
#include <asm/kvm_page_track.h>
#include <asm/kvm_watch.h>

#include "kvm_watch_test.h"

#define EVENTS	1024	/* kept; the tests look at few */

struct kwt {
	struct kvm_watch_client client;
	struct mutex lock;	/* attach, detach, and readers of events */
	struct kvm *kvm;
	struct kwt_rules rules;
	atomic_t asked;
	atomic_t notices[KVM_CLIENT_DIRTY_LOG_OFF + 1];
	spinlock_t events_lock;	/* vCPUs write */
	DECLARE_KFIFO(events, struct kwt_event, EVENTS);

	struct kvm *tracked_kvm;
	gfn_t tracked_gfn;
	struct kvm_page_track_notifier_node tracker;
};

static void kwt_remember(struct kwt *kwt, struct kwt_event *e)
{
	kfifo_in_spinlocked(&kwt->events, e, 1, &kwt->events_lock);
}

static enum kvm_watch_verdict kwt_decide(struct kwt *kwt,
					 const struct kvm_watch_write *write)
{
	unsigned int asked = atomic_inc_return(&kwt->asked);
	const u8 *new = write->new;

	if (kwt->rules.which == KWT_ODD && !(new[0] & 1))
		return KVM_WATCH_CONTINUE;
	if (kwt->rules.which == KWT_ONCE && !(asked & 1))
		return KVM_WATCH_CONTINUE;
	return kwt->rules.verdict;
}

static enum kvm_watch_verdict kwt_judge(struct kwt *kwt, struct kvm_vcpu *vcpu,
					struct kvm_watch_write *write)
{
	enum kvm_watch_verdict verdict = kwt_decide(kwt, write);
	struct kvm_exec_regs regs;
	struct kwt_event e;

	might_sleep();
	kvm_exec_get_regs(vcpu, &regs);
	e = (struct kwt_event){
		.kind = KWT_WRITE,
		.vcpu = vcpu->vcpu_id,
		.gpa = write->gpa,
		.gva = write->gva,
		.rip = regs.rip,
		.bytes = write->bytes,
		.flags = write->flags,
		.cpl = regs.cpl,
		.verdict = verdict,
	};
	memcpy(e.old, write->old, min_t(u32, write->bytes, sizeof(e.old)));
	memcpy(e.new, write->new, min_t(u32, write->bytes, sizeof(e.new)));
	kvm_vcpu_read_guest(vcpu, write->gpa, &e.memory,
			    min_t(u32, write->bytes, sizeof(e.memory)));
	kwt_remember(kwt, &e);

	if (kwt->rules.delay_us)
		usleep_range(kwt->rules.delay_us, kwt->rules.delay_us + 50);
	if (verdict == KVM_WATCH_REPLACE)
		memset(write->new, kwt->rules.fill, write->bytes);
	return verdict;
}

static enum kvm_watch_verdict kwt_write(struct kvm_watch_client *client,
					struct kvm_vcpu *vcpu,
					struct kvm_watch_write *write)
{
	struct kwt *kwt = container_of(client, struct kwt, client);

	if (kwt->rules.which == KWT_QUIET)
		return KVM_WATCH_CONTINUE;
	return kwt_judge(kwt, vcpu, write);
}

static void kwt_missed(struct kvm_watch_client *client, struct kvm_vcpu *vcpu,
		       gfn_t gfn, enum kvm_watch_missed why)
{
	struct kwt *kwt = container_of(client, struct kwt, client);
	struct kvm_exec_regs regs;
	struct kwt_event e;

	might_sleep();
	kvm_exec_get_regs(vcpu, &regs);
	e = (struct kwt_event){
		.kind = KWT_MISSED,
		.vcpu = vcpu->vcpu_id,
		.gpa = gfn_to_gpa(gfn),
		.gva = regs.gpr[VCPU_REGS_RSP],
		.rip = regs.rip,
		.rflags = regs.rflags,
		.cpl = regs.cpl,
		.why = why,
	};
	kvm_vcpu_read_guest(vcpu, e.gpa, &e.memory, sizeof(e.memory));
	/* Linear is physical in these guests. */
	kvm_vcpu_read_guest(vcpu, e.gva, e.new, sizeof(e.new));
	kwt_remember(kwt, &e);
}

static void kwt_notice(struct kvm_watch_client *client, struct kvm *kvm,
		       enum kvm_client_notice notice)
{
	struct kwt *kwt = container_of(client, struct kwt, client);

	might_sleep();
	atomic_inc(&kwt->notices[notice]);
}

static void kwt_cr3(struct kvm_watch_client *client, struct kvm_vcpu *vcpu,
		    u64 old, u64 new)
{
	struct kwt *kwt = container_of(client, struct kwt, client);
	struct kvm_exec_regs regs;
	struct kwt_event e;

	if (kwt->rules.which == KWT_QUIET)
		return;
	might_sleep();
	kvm_exec_get_regs(vcpu, &regs);
	e = (struct kwt_event){
		.kind = KWT_CR3,
		.vcpu = vcpu->vcpu_id,
		.gpa = old,
		.gva = new,
		.rip = regs.rip,
		.memory = regs.cr3,
	};
	kwt_remember(kwt, &e);
}

static const struct kvm_watch_ops kwt_ops = {
	.write = kwt_write,
	.missed = kwt_missed,
	.cr3 = kwt_cr3,
	.notice = kwt_notice,
};

static struct kvm *kwt_get_kvm(int fd)
{
	struct kvm *kvm = NULL;
	struct file *file;

	file = fget(fd);
	if (!file)
		return NULL;
	if (file_is_kvm(file) && kvm_get_kvm_safe(file->private_data))
		kvm = file->private_data;
	fput(file);
	return kvm;
}

static int kwt_attach(struct kwt *kwt, int fd)
{
	struct kvm *kvm;
	int r;

	if (kwt->kvm)
		return -EBUSY;

	kvm = kwt_get_kvm(fd);
	if (!kvm)
		return -EINVAL;

	memset(kwt->notices, 0, sizeof(kwt->notices));
	kfifo_reset(&kwt->events);
	r = kvm_watch_enable(kvm, &kwt->client);
	if (!r)
		kwt->kvm = kvm;
	/* The client has a reference of its own. */
	kvm_put_kvm(kvm);
	return r;
}

static int kwt_detach(struct kwt *kwt)
{
	if (!kwt->kvm)
		return -ENOENT;

	kvm_watch_disable(kwt->kvm);
	kwt->kvm = NULL;
	return 0;
}

#ifdef CONFIG_KVM_EXTERNAL_WRITE_TRACKING
static void kwt_tracked_write(gpa_t gpa, const u8 *new, int bytes,
			      struct kvm_page_track_notifier_node *node)
{
}

/* The notifier holds the VM. */
static int kwt_track_in(struct kwt *kwt, struct kvm *kvm, gfn_t gfn)
{
	int r;

	kwt->tracker.track_write = kwt_tracked_write;
	r = kvm_page_track_register_notifier(kvm, &kwt->tracker);
	if (r)
		return r;

	r = kvm_write_track_add_gfn(kvm, gfn);
	if (r) {
		kvm_page_track_unregister_notifier(kvm, &kwt->tracker);
		return r;
	}
	kwt->tracked_kvm = kvm;
	kwt->tracked_gfn = gfn;
	return 0;
}

static int kwt_untrack(struct kwt *kwt)
{
	if (!kwt->tracked_kvm)
		return -ENOENT;

	kvm_write_track_remove_gfn(kwt->tracked_kvm, kwt->tracked_gfn);
	kvm_page_track_unregister_notifier(kwt->tracked_kvm, &kwt->tracker);
	kwt->tracked_kvm = NULL;
	return 0;
}
#else
static int kwt_track_in(struct kwt *kwt, struct kvm *kvm, gfn_t gfn)
{
	return -EOPNOTSUPP;
}

static int kwt_untrack(struct kwt *kwt)
{
	return -ENOENT;
}
#endif

static int kwt_track(struct kwt *kwt, void __user *arg)
{
	struct kwt_track track;
	struct kvm *kvm;
	int r;

	if (copy_from_user(&track, arg, sizeof(track)))
		return -EFAULT;
	if (kwt->tracked_kvm)
		return -EBUSY;

	kvm = kwt_get_kvm(track.vm);
	if (!kvm)
		return -EINVAL;
	r = kwt_track_in(kwt, kvm, track.gfn);
	kvm_put_kvm(kvm);
	return r;
}

static int kwt_get_stats(struct kwt *kwt, void __user *arg)
{
	struct kvm_watch_stats stats;

	BUILD_BUG_ON(sizeof(stats) != sizeof(struct kwt_stats));
	kvm_watch_get_stats(kwt->kvm, &stats);
	return copy_to_user(arg, &stats, sizeof(stats)) ? -EFAULT : 0;
}

static int kwt_get_notices(struct kwt *kwt, void __user *arg)
{
	struct kwt_notices notices = {
		.nested = atomic_read(&kwt->notices[KVM_CLIENT_NESTED]),
		.dirty_log_on = atomic_read(&kwt->notices[KVM_CLIENT_DIRTY_LOG_ON]),
		.dirty_log_off = atomic_read(&kwt->notices[KVM_CLIENT_DIRTY_LOG_OFF]),
	};

	return copy_to_user(arg, &notices, sizeof(notices)) ? -EFAULT : 0;
}

static int kwt_poke(struct kwt *kwt, void __user *arg)
{
	struct kwt_poke poke;

	if (copy_from_user(&poke, arg, sizeof(poke)))
		return -EFAULT;

	guard(srcu)(&kwt->kvm->srcu);
	return kvm_write_guest(kwt->kvm, poke.gpa, &poke.value, sizeof(poke.value));
}

static int kwt_get_event(struct kwt *kwt, void __user *arg)
{
	struct kwt_event event;

	if (!kfifo_get(&kwt->events, &event))
		return -ENOENT;
	return copy_to_user(arg, &event, sizeof(event)) ? -EFAULT : 0;
}

static int kwt_set_rules(struct kwt *kwt, void __user *arg)
{
	atomic_set(&kwt->asked, 0);
	return copy_from_user(&kwt->rules, arg, sizeof(kwt->rules)) ? -EFAULT : 0;
}

static long kwt_on_gfn(struct kwt *kwt, unsigned int cmd, void __user *arg)
{
	u64 gfn;

	if (copy_from_user(&gfn, arg, sizeof(gfn)))
		return -EFAULT;

	switch (cmd) {
	case KWT_ADD:
		return kvm_watch_add_gfn(kwt->kvm, gfn);
	case KWT_ADD_DATA:
		return kvm_watch_add_data_gfn(kwt->kvm, gfn);
	default:
		return kvm_watch_remove_gfn(kwt->kvm, gfn);
	}
}

static long kwt_attached_ioctl(struct kwt *kwt, unsigned int cmd, void __user *arg)
{
	if (!kwt->kvm)
		return -ENOENT;

	switch (cmd) {
	case KWT_ADD:
	case KWT_ADD_DATA:
	case KWT_REMOVE:
		return kwt_on_gfn(kwt, cmd, arg);
	case KWT_STATS:
		return kwt_get_stats(kwt, arg);
	case KWT_NOTICES:
		return kwt_get_notices(kwt, arg);
	case KWT_POKE:
		return kwt_poke(kwt, arg);
	case KWT_CR3_ON:
	case KWT_CR3_OFF:
		return kvm_watch_cr3(kwt->kvm, cmd == KWT_CR3_ON);
	case KWT_CAPS:
		return kvm_watch_caps(kwt->kvm);
	default:
		return -ENOTTY;
	}
}

static long kwt_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct kwt *kwt = file->private_data;
	__s32 fd;

	guard(mutex)(&kwt->lock);

	switch (cmd) {
	case KWT_ATTACH:
		if (copy_from_user(&fd, (void __user *)arg, sizeof(fd)))
			return -EFAULT;
		return kwt_attach(kwt, fd);
	case KWT_DETACH:
		return kwt_detach(kwt);
	case KWT_RULES:
		return kwt_set_rules(kwt, (void __user *)arg);
	case KWT_EVENT:
		return kwt_get_event(kwt, (void __user *)arg);
	case KWT_TRACK:
		return kwt_track(kwt, (void __user *)arg);
	case KWT_UNTRACK:
		return kwt_untrack(kwt);
	default:
		return kwt_attached_ioctl(kwt, cmd, (void __user *)arg);
	}
}

static int kwt_open(struct inode *inode, struct file *file)
{
	struct kwt *kwt = kvzalloc(sizeof(*kwt), GFP_KERNEL);

	if (!kwt)
		return -ENOMEM;

	kwt->client.ops = &kwt_ops;
	mutex_init(&kwt->lock);
	spin_lock_init(&kwt->events_lock);
	INIT_KFIFO(kwt->events);
	file->private_data = kwt;
	return 0;
}

static int kwt_release(struct inode *inode, struct file *file)
{
	struct kwt *kwt = file->private_data;

	kwt_untrack(kwt);
	kwt_detach(kwt);
	kvfree(kwt);
	return 0;
}

static const struct file_operations kwt_fops = {
	.owner = THIS_MODULE,
	.open = kwt_open,
	.release = kwt_release,
	.unlocked_ioctl = kwt_ioctl,
};

static struct miscdevice kwt_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "kvm_watch_test",
	.fops = &kwt_fops,
};

static int __init kwt_init(void)
{
	const struct kvm_exec_abi *abi = kvm_exec_abi();

	if (abi->version != KVM_EXEC_ABI_VERSION ||
	    abi->kvm_size != sizeof(struct kvm) ||
	    abi->vcpu_size != sizeof(struct kvm_vcpu))
		return -ENOEXEC;

	return misc_register(&kwt_device);
}

static void __exit kwt_exit(void)
{
	misc_deregister(&kwt_device);
}

module_init(kwt_init);
module_exit(kwt_exit);
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(KVM_EXEC);
MODULE_DESCRIPTION("Test client of KVM's watched pages");
