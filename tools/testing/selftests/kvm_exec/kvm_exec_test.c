// SPDX-License-Identifier: GPL-2.0
/*
 * Client of KVM's execute policy for tests.  Each open file of the device can be
 * attached to one VM, decides by simple rules, and remembers the questions.
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
#include <linux/wait.h>

#include <asm/kvm_exec.h>

#include "kvm_exec_test.h"

#define EVENTS	1024	/* kept; the tests look at few */
#define NO_GFN	(~0ull)

struct ket {
	struct kvm_exec_client client;
	struct mutex lock;	/* attach, detach, and readers of events */
	struct kvm *kvm;
	struct ket_attach rules;
	atomic_t asked;
	atomic_t notices[KVM_CLIENT_DIRTY_LOG_OFF + 1];

	u64 hold_gfn;		/* whose answer is kept back, or NO_GFN */
	bool held;
	wait_queue_head_t hold_wait;

	spinlock_t events_lock;	/* vCPUs write */
	DECLARE_KFIFO(events, struct ket_event, EVENTS);
};

/* Since the module was loaded, by all VMs. */
static atomic_t questions;
module_param_named(questions, questions.counter, int, 0444);

static bool ket_is_bad(u32 tag)
{
	return tag & 1;
}

static u32 ket_read_tag(struct kvm_vcpu *vcpu, gfn_t gfn)
{
	u32 tag = 0;

	kvm_vcpu_read_guest(vcpu, gfn_to_gpa(gfn) + KET_TAG_OFFSET, &tag, sizeof(tag));
	return tag;
}

static void ket_hold(struct ket *ket, gfn_t gfn)
{
	if (READ_ONCE(ket->hold_gfn) != gfn)
		return;

	WRITE_ONCE(ket->held, true);
	wake_up_all(&ket->hold_wait);
	wait_event_killable(ket->hold_wait, READ_ONCE(ket->hold_gfn) != gfn);
}

/* Grant the good ones of the next pages. */
static void ket_grant_around(struct ket *ket, struct kvm_vcpu *vcpu, gfn_t gfn)
{
	unsigned int nr = min(ket->rules.around, KVM_EXEC_MAX_AROUND), i, good = 0;
	gfn_t *gfns;

	gfns = kmalloc_array(nr, 2 * sizeof(*gfns), GFP_KERNEL);
	if (!gfns)
		return;

	for (i = 0; i < nr; i++)
		gfns[i] = gfn + 1 + i;

	if (kvm_exec_freeze(vcpu, gfns, nr) > 0) {
		if (ket->rules.delay_us)
			usleep_range(ket->rules.delay_us, ket->rules.delay_us + 50);
		for (i = 0; i < nr; i++)
			if (!ket_is_bad(ket_read_tag(vcpu, gfns[i])))
				gfns[nr + good++] = gfns[i];
		for (i = 0; i < nr; i++)
			ket_hold(ket, gfns[i]);
		kvm_exec_grant(vcpu, gfns + nr, good);
	}
	kvm_exec_thaw(vcpu, gfns, nr);
	kfree(gfns);
}

/* Firmware, a processor that starts, SMM, or a guest of the guest */
static bool ket_is_other(const struct kvm_exec_event *event)
{
	return (event->flags & (KVM_EXEC_F_NESTED | KVM_EXEC_F_SMM)) ||
	       event->mode != KVM_EXEC_MODE_LONG;
}

static enum kvm_exec_verdict ket_decide(struct ket *ket, u32 tag,
					const struct kvm_exec_event *event)
{
	u32 rules = ket->rules.rules;
	int asked = atomic_inc_return(&ket->asked);

	atomic_inc(&questions);
	if ((rules & KET_RETRY_ONCE) && (asked & 1))
		return KVM_EXEC_RETRY;
	if ((rules & KET_TRUST_OTHERS) && ket_is_other(event))
		return KVM_EXEC_GRANT;
	if ((rules & KET_REFUSE_BAD) && ket_is_bad(tag))
		return KVM_EXEC_REFUSE;
	if ((rules & KET_OPEN_SELF) && (event->flags & KVM_EXEC_F_SELF_WRITE))
		return KVM_EXEC_OPEN;
	if ((rules & KET_OPEN_STARVED) && (event->flags & KVM_EXEC_F_STARVED))
		return KVM_EXEC_OPEN;
	return KVM_EXEC_GRANT;
}

static void ket_remember(struct ket *ket, struct kvm_vcpu *vcpu,
			 const struct kvm_exec_event *event, u32 tag,
			 enum kvm_exec_verdict verdict)
{
	struct ket_event e = {
		.gpa = event->gpa,
		.rip = event->rip,
		.error_code = event->error_code,
		.vcpu_thread = vcpu->vcpu_id,
		.flips = event->flips,
		.tag = tag,
		.flags = event->flags,
		.cpl = event->cpl,
		.mode = event->mode,
		.verdict = verdict,
	};
	struct kvm_exec_regs regs;

	kvm_exec_get_regs(vcpu, &regs);
	e.cr3 = regs.cr3;
	e.gpr_rbx = regs.gpr[VCPU_REGS_RBX];
	e.lstar = regs.lstar;
	e.idt_base = regs.idt_base;

	kfifo_in_spinlocked(&ket->events, &e, 1, &ket->events_lock);
}

static void ket_release_held(struct ket *ket)
{
	WRITE_ONCE(ket->held, false);
	WRITE_ONCE(ket->hold_gfn, NO_GFN);
	wake_up_all(&ket->hold_wait);
}

static enum kvm_exec_verdict ket_fetch(struct kvm_exec_client *client,
				       struct kvm_vcpu *vcpu,
				       const struct kvm_exec_event *event)
{
	struct ket *ket = container_of(client, struct ket, client);
	gfn_t gfn = gpa_to_gfn(event->gpa);
	enum kvm_exec_verdict verdict;
	u32 tag;

	if (ket->rules.rules & KET_QUIET)
		return KVM_EXEC_GRANT;

	tag = ket_read_tag(vcpu, gfn);
	verdict = ket_decide(ket, tag, event);
	ket_remember(ket, vcpu, event, tag, verdict);
	ket_hold(ket, gfn);

	if (ket->rules.around)
		ket_grant_around(ket, vcpu, gfn);
	else if (ket->rules.delay_us)
		usleep_range(ket->rules.delay_us, ket->rules.delay_us + 50);
	if ((ket->rules.rules & KET_SWEEP) && (atomic_read(&ket->asked) & 1))
		kvm_exec_sweep(vcpu->kvm);

	return verdict;
}

static void ket_notice(struct kvm_exec_client *client, struct kvm *kvm,
		       enum kvm_client_notice notice)
{
	struct ket *ket = container_of(client, struct ket, client);

	might_sleep();
	atomic_inc(&ket->notices[notice]);
}

static const struct kvm_exec_ops ket_ops = {
	.fetch = ket_fetch,
	.notice = ket_notice,
};

static int ket_attach(struct ket *ket, const struct ket_attach *attach)
{
	struct kvm *kvm = NULL;
	struct file *file;
	int r;

	if (ket->kvm)
		return -EBUSY;

	file = fget(attach->vm_fd);
	if (!file)
		return -EBADF;
	if (file_is_kvm(file) && kvm_get_kvm_safe(file->private_data))
		kvm = file->private_data;
	fput(file);
	if (!kvm)
		return -EINVAL;

	ket->rules = *attach;
	memset(ket->notices, 0, sizeof(ket->notices));
	kfifo_reset(&ket->events);
	r = kvm_exec_enable(kvm, &ket->client);
	if (!r)
		ket->kvm = kvm;
	/* The client has a reference of its own. */
	kvm_put_kvm(kvm);
	return r;
}

static int ket_detach(struct ket *ket)
{
	if (!ket->kvm)
		return -ENOENT;

	ket_release_held(ket);
	kvm_exec_disable(ket->kvm);
	ket->kvm = NULL;
	return 0;
}

static int ket_set_rules(struct ket *ket, void __user *arg)
{
	return copy_from_user(&ket->rules, arg, sizeof(ket->rules)) ? -EFAULT : 0;
}

static int ket_get_stats(struct ket *ket, void __user *arg)
{
	struct kvm_exec_stats stats;

	BUILD_BUG_ON(sizeof(stats) != sizeof(struct ket_stats));
	kvm_exec_get_stats(ket->kvm, &stats);
	return copy_to_user(arg, &stats, sizeof(stats)) ? -EFAULT : 0;
}

static int ket_get_notices(struct ket *ket, void __user *arg)
{
	struct ket_notices notices = {
		.nested = atomic_read(&ket->notices[KVM_CLIENT_NESTED]),
		.dirty_log_on = atomic_read(&ket->notices[KVM_CLIENT_DIRTY_LOG_ON]),
		.dirty_log_off = atomic_read(&ket->notices[KVM_CLIENT_DIRTY_LOG_OFF]),
	};

	return copy_to_user(arg, &notices, sizeof(notices)) ? -EFAULT : 0;
}

static int ket_get_event(struct ket *ket, void __user *arg)
{
	struct ket_event event;

	if (!kfifo_get(&ket->events, &event))
		return -ENOENT;
	return copy_to_user(arg, &event, sizeof(event)) ? -EFAULT : 0;
}

static long ket_on_gfn(struct ket *ket, unsigned int cmd, void __user *arg)
{
	u64 gfn;

	if (copy_from_user(&gfn, arg, sizeof(gfn)))
		return -EFAULT;
	return cmd == KET_REVOKE ? kvm_exec_revoke_gfn(ket->kvm, gfn) :
				   kvm_exec_gfn_state(ket->kvm, gfn);
}

static long ket_revoke_range(struct ket *ket, void __user *arg)
{
	struct ket_range range;

	if (copy_from_user(&range, arg, sizeof(range)))
		return -EFAULT;
	return kvm_exec_revoke_range(ket->kvm, range.first, range.last);
}

static long ket_set_hold(struct ket *ket, void __user *arg)
{
	u64 gfn;

	if (copy_from_user(&gfn, arg, sizeof(gfn)))
		return -EFAULT;
	WRITE_ONCE(ket->hold_gfn, gfn);
	return 0;
}

static long ket_sweep_asked(struct ket *ket)
{
	int before = atomic_read(&ket->asked);
	int r = kvm_exec_sweep(ket->kvm);
	int after = atomic_read(&ket->asked);

	return r < 0 ? r : after - before;
}

static long ket_attached_ioctl(struct ket *ket, unsigned int cmd, void __user *arg)
{
	if (!ket->kvm)
		return -ENOENT;

	switch (cmd) {
	case KET_SWEEP_NOW:
		return kvm_exec_sweep(ket->kvm);
	case KET_REVOKE:
	case KET_STATE:
		return ket_on_gfn(ket, cmd, arg);
	case KET_STATS:
		return ket_get_stats(ket, arg);
	case KET_EVENT:
		return ket_get_event(ket, arg);
	case KET_RULES:
		return ket_set_rules(ket, arg);
	case KET_REVOKE_RANGE:
		return ket_revoke_range(ket, arg);
	case KET_NOTICES:
		return ket_get_notices(ket, arg);
	case KET_HOLD:
		return ket_set_hold(ket, arg);
	case KET_WAIT_HELD:
		return wait_event_interruptible(ket->hold_wait, READ_ONCE(ket->held));
	case KET_RELEASE:
		ket_release_held(ket);
		return 0;
	case KET_SWEEP_ASKED:
		return ket_sweep_asked(ket);
	default:
		return -ENOTTY;
	}
}

static long ket_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct ket *ket = file->private_data;
	struct ket_attach attach;

	guard(mutex)(&ket->lock);

	switch (cmd) {
	case KET_ATTACH:
		if (copy_from_user(&attach, (void __user *)arg, sizeof(attach)))
			return -EFAULT;
		return ket_attach(ket, &attach);
	case KET_DETACH:
		return ket_detach(ket);
	default:
		return ket_attached_ioctl(ket, cmd, (void __user *)arg);
	}
}

static int ket_open(struct inode *inode, struct file *file)
{
	struct ket *ket = kvzalloc(sizeof(*ket), GFP_KERNEL);

	if (!ket)
		return -ENOMEM;

	ket->client.ops = &ket_ops;
	mutex_init(&ket->lock);
	ket->hold_gfn = NO_GFN;
	init_waitqueue_head(&ket->hold_wait);
	spin_lock_init(&ket->events_lock);
	INIT_KFIFO(ket->events);
	file->private_data = ket;
	return 0;
}

static int ket_release(struct inode *inode, struct file *file)
{
	struct ket *ket = file->private_data;

	ket_detach(ket);
	kvfree(ket);
	return 0;
}

static const struct file_operations ket_fops = {
	.owner = THIS_MODULE,
	.open = ket_open,
	.release = ket_release,
	.unlocked_ioctl = ket_ioctl,
};

static struct miscdevice ket_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "kvm_exec_test",
	.fops = &ket_fops,
};

static int __init ket_init(void)
{
	const struct kvm_exec_abi *abi = kvm_exec_abi();

	if (abi->version != KVM_EXEC_ABI_VERSION ||
	    abi->kvm_size != sizeof(struct kvm) ||
	    abi->vcpu_size != sizeof(struct kvm_vcpu))
		return -ENOEXEC;

	return misc_register(&ket_device);
}

static void __exit ket_exit(void)
{
	misc_deregister(&ket_device);
}

module_init(ket_init);
module_exit(ket_exit);
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(KVM_EXEC);
MODULE_DESCRIPTION("Test client of KVM's execute policy");
