// SPDX-License-Identifier: GPL-2.0
/*
 * What is known of a VM's guest.
 *
 * A profile is proved before it is used.  It goes stale when the guest boots
 * another kernel, which nobody tells: judgements that fail are doubts, and when
 * there are enough of them the profile has to be proved again.
 */
#include <linux/delay.h>
#include <linux/netlink.h>
#include <linux/slab.h>

#include "core/count.h"
#include "core/cpu.h"
#include "core/vm.h"
#include "protect/guest.h"

/*
 * Lists change while they are read.  The current task does so all the time on
 * a busy guest: a vCPU that has switched since it was asked proves nothing, and
 * a profile that fits must not fail for that.
 */
#define KERNEL_TRIES	5
#define CURRENT_TRIES	50
#define PROVE_PAUSE_MS	20
/* Who gives a profile waits for the guest to wake; a doubt may come again. */
#define PROVE_WAIT_MS	5000
#define REPROVE_WAIT_MS	200
#define REPROVE_PAUSE	HZ

/* Replaced as a whole; read under the VM's SRCU. */
struct known {
	struct vigil_profile profile;
	unsigned int levels;
	bool stale;
};

struct vigil_guest {
	struct vigil_vm *vm;
	struct known __rcu *known;
	/* Of @known: the same as long as it is the same guest for certain. */
	atomic_t generation;
	/* By system: what is said to a profile of another one; NULL: no claim. */
	const char *claims[VIGIL_PROFILE_OS_WINDOWS + 1];
	/* Walks of the guest's structures that had to start again. */
	u64 __percpu *reread;
	atomic_t doubts;
	struct delayed_work reprove;
	/* Not before this time, so that a guest can't keep it busy. */
	unsigned long next_proof;
};

static struct known *known_get(struct vigil_vm *vm)
{
	return srcu_dereference(vm->guest->known, &vm->srcu);
}

static struct known *known_proved(struct vigil_vm *vm)
{
	struct known *known = known_get(vm);

	return known && !READ_ONCE(known->stale) ? known : NULL;
}

/**
 * vigil_guest_profile - The profile of a guest, proved
 * @vm: the VM, its SRCU read-locked
 * @os: the system that its guest has to run
 *
 * Return: the profile, or NULL: there is none of such a guest.
 */
const struct vigil_profile *vigil_guest_profile(struct vigil_vm *vm,
						enum vigil_profile_os os)
{
	struct known *known = known_proved(vm);

	return known && known->profile.os == os ? &known->profile : NULL;
}

enum vigil_profile_state vigil_guest_state(struct vigil_vm *vm)
{
	enum vigil_profile_state state = VIGIL_PROFILE_STATE_NONE;
	struct known *known;
	int idx;

	idx = srcu_read_lock(&vm->srcu);
	known = known_get(vm);
	if (known)
		state = READ_ONCE(known->stale) ? VIGIL_PROFILE_STATE_STALE :
						  VIGIL_PROFILE_STATE_PROVED;
	srcu_read_unlock(&vm->srcu, idx);
	return state;
}

/**
 * vigil_guest_given - The profile that was given last, whatever its state
 * @vm: the VM, its SRCU read-locked
 *
 * Return: the profile, or NULL.
 */
const struct vigil_profile *vigil_guest_given(struct vigil_vm *vm)
{
	struct known *known = known_get(vm);

	return known ? &known->profile : NULL;
}

/**
 * vigil_guest_generation - Is it the guest that it was?
 * @vm: the VM
 *
 * Return: a number that is another one after each profile that is given, unless
 * that says what the one in use said, whose fit was not in doubt.
 */
unsigned int vigil_guest_generation(struct vigil_vm *vm)
{
	return atomic_read(&vm->guest->generation);
}

/* --- proof ---------------------------------------------------------------- */

enum proof {
	PROOF_KERNEL,
	PROOF_CURRENT,
	/* Of Windows only: it isn't another guest. */
	PROOF_SAME,
};

static int prove_linux(const struct known *known, struct vigil_gmem *gm,
		       enum proof proof, const struct vigil_cpu *cpu,
		       const char **why)
{
	struct vigil_linux lx;

	vigil_linux_init(&lx, &known->profile, gm, known->levels);
	return proof == PROOF_KERNEL ?
	       vigil_linux_prove_kernel(&lx, cpu, why) :
	       vigil_linux_prove_current(&lx, cpu, why);
}

static int prove_windows(const struct known *known, struct vigil_gmem *gm,
			 enum proof proof, const struct vigil_cpu *cpu,
			 const char **why)
{
	struct vigil_windows win;

	vigil_windows_init(&win, &known->profile, gm, known->levels);
	switch (proof) {
	case PROOF_KERNEL:
		return vigil_windows_prove_kernel(&win, cpu, why);
	case PROOF_CURRENT:
		return vigil_windows_prove_current(&win, cpu, why);
	case PROOF_SAME:
		return vigil_windows_prove_same(&win, cpu, why);
	}
	return -EINVAL;
}

static int prove_once(struct vigil_vm *vm, struct known *known,
		      enum proof proof, unsigned int wait_ms, const char **why)
{
	struct vigil_gmem_kvm gmem;
	struct vigil_cpu cpu;
	int err;

	if (atomic_read(&vm->ending))
		return -ENODEV;
	err = vigil_cpu_wait(vm->kvm, VIGIL_CPU_ANY, wait_ms, &cpu);
	if (err) {
		*why = "no vCPU of the guest runs";
		return err;
	}
	known->levels = vigil_cpu_levels(&cpu);
	vigil_gmem_init(&gmem, vm->kvm);
	return known->profile.os == VIGIL_PROFILE_OS_WINDOWS ?
	       prove_windows(known, &gmem.gm, proof, &cpu, why) :
	       prove_linux(known, &gmem.gm, proof, &cpu, why);
}

static int prove_by(struct vigil_vm *vm, struct known *known, enum proof proof,
		    unsigned int tries, unsigned int wait_ms, const char **why)
{
	int err = 0;

	for (unsigned int try = 0; try < tries; try++) {
		if (try && msleep_interruptible(PROVE_PAUSE_MS))
			return -EINTR;
		err = prove_once(vm, known, proof, wait_ms, why);
		if (err != -ENODATA)
			break;
	}
	return err;
}

/* Return: 0, -ENODATA: it doesn't fit, else it could not be found out. */
static int prove(struct vigil_vm *vm, struct known *known,
		 unsigned int wait_ms, const char **why)
{
	int err;

	err = prove_by(vm, known, PROOF_KERNEL, KERNEL_TRIES, wait_ms, why);
	if (err)
		return err;
	return prove_by(vm, known, PROOF_CURRENT, CURRENT_TRIES, wait_ms,
			why);
}

/*
 * The profile that is in use, given once more.  That must not make a guest's
 * processes new ones: they may call themselves something else by now.
 */
static bool is_given_again(const struct vigil_guest *guest,
			   const struct known *old, const struct known *new)
{
	return old && !old->stale &&
	       atomic_read(&guest->doubts) < VIGIL_DOUBT_LIMIT &&
	       old->levels == new->levels &&
	       vigil_profile_is_same(&old->profile, &new->profile);
}

static void replace(struct vigil_vm *vm, struct known *new)
{
	struct known *old;

	lockdep_assert_held(&vm->lock);
	old = rcu_replace_pointer(vm->guest->known, new,
				  lockdep_is_held(&vm->lock));
	if (!is_given_again(vm->guest, old, new))
		atomic_inc(&vm->guest->generation);
	atomic_set(&vm->guest->doubts, 0);
	synchronize_srcu(&vm->srcu);
	kfree(old);
}

/* What protects the VM must have a use for the new profile. */
static int check_protections(struct vigil_vm *vm, enum vigil_profile_os os,
			     struct netlink_ext_ack *extack)
{
	const char *const *claims = vm->guest->claims;

	lockdep_assert_held(&vm->lock);
	for (size_t i = 0; i < ARRAY_SIZE(vm->guest->claims); i++) {
		if (i == os || !claims[i])
			continue;
		NL_SET_ERR_MSG_FMT(extack, "%s", claims[i]);
		return -EOPNOTSUPP;
	}
	return 0;
}

/**
 * vigil_guest_claim - A protection is on that is for guests of one system
 * @vm: the VM, its lock held
 * @os: the system; one protection may claim it
 * @refusal: a constant string, of less than NETLINK_MAX_FMTMSG_LEN: why there
 *	can't be a profile of another one
 */
void vigil_guest_claim(struct vigil_vm *vm, enum vigil_profile_os os,
		       const char *refusal)
{
	lockdep_assert_held(&vm->lock);
	vm->guest->claims[os] = refusal;
}

/* Undo it, with the VM's lock or at its end. */
void vigil_guest_release(struct vigil_vm *vm, enum vigil_profile_os os)
{
	vm->guest->claims[os] = NULL;
}

/**
 * vigil_guest_set_profile - Prove a profile and use it from now on
 * @vm: the VM
 * @profile: the profile, checked
 * @extack: says why not
 *
 * Return: 0, or an error: then the old one stays.
 */
int vigil_guest_set_profile(struct vigil_vm *vm,
			    const struct vigil_profile *profile,
			    struct netlink_ext_ack *extack)
{
	const char *why = "the guest does not fit";
	struct known *known;
	int err;

	known = kzalloc(sizeof(*known), GFP_KERNEL_ACCOUNT);
	if (!known)
		return -ENOMEM;
	known->profile = *profile;
	err = prove(vm, known, PROVE_WAIT_MS, &why);
	if (err) {
		NL_SET_ERR_MSG_FMT(extack, "not proved: %s", why);
		kfree(known);
		return err == -ETIMEDOUT ? -ENODATA : err;
	}
	mutex_lock(&vm->lock);
	err = check_protections(vm, profile->os, extack);
	if (!err)
		replace(vm, known);
	mutex_unlock(&vm->lock);
	if (err)
		kfree(known);
	return err;
}

static const char *const os_names[] = {
	[VIGIL_PROFILE_OS_LINUX] = "Linux",
	[VIGIL_PROFILE_OS_WINDOWS] = "Windows",
};

/**
 * vigil_guest_expect - May what is for guests of one system be used?
 * @vm: the VM, its lock held
 * @os: the system
 * @extack: says why not
 *
 * Without a profile it may: the guest gets one once it has booted.
 *
 * Return: 0, or -EOPNOTSUPP: the guest runs another one.
 */
int vigil_guest_expect(struct vigil_vm *vm, enum vigil_profile_os os,
		       struct netlink_ext_ack *extack)
{
	struct known *known;

	known = rcu_dereference_protected(vm->guest->known,
					  lockdep_is_held(&vm->lock));
	if (!known || known->profile.os == os)
		return 0;
	NL_SET_ERR_MSG_FMT(extack, "this is for %s guests, and by its profile this one runs %s",
			   os_names[os], os_names[known->profile.os]);
	return -EOPNOTSUPP;
}

/* --- doubts --------------------------------------------------------------- */

/**
 * vigil_guest_doubt - Something didn't fit the profile
 * @vm: the VM
 * @weight: how much, of VIGIL_DOUBT_LIMIT
 *
 * On a vCPU's thread, but only where something went wrong.
 */
void vigil_guest_doubt(struct vigil_vm *vm, unsigned int weight)
{
	struct vigil_guest *guest = vm->guest;
	unsigned long wait = 0;

	if (atomic_add_return(weight, &guest->doubts) < VIGIL_DOUBT_LIMIT)
		return;
	if (time_before(jiffies, READ_ONCE(guest->next_proof)))
		wait = REPROVE_PAUSE;
	queue_delayed_work(vigil_wq, &guest->reprove, wait);
}

/* A judgement found all in order. */
void vigil_guest_trust(struct vigil_vm *vm)
{
	/* A shared line that is dirtied only after a doubt. */
	if (atomic_read(&vm->guest->doubts))
		atomic_set(&vm->guest->doubts, 0);
}

static void alert_stale(struct vigil_vm *vm, struct vigil_alert *alert)
{
	alert->kind = VIGIL_ALERT_KIND_PROFILE_STALE;
	alert->class = vigil_alerts_class_of(&vm->alerts, alert->kind);
	vigil_alert_raise(vm, alert);
}

static struct known *copy_known(struct vigil_vm *vm, struct known **original)
{
	struct known *copy = NULL;
	int idx;

	idx = srcu_read_lock(&vm->srcu);
	*original = known_get(vm);
	if (*original && !(*original)->stale)
		copy = kmemdup(*original, sizeof(*copy), GFP_KERNEL);
	srcu_read_unlock(&vm->srcu, idx);
	return copy;
}

/* Unless another profile was given meanwhile. */
static bool set_stale(struct vigil_vm *vm, const struct known *original)
{
	struct known *known;
	bool same;

	mutex_lock(&vm->lock);
	known = rcu_dereference_protected(vm->guest->known,
					  lockdep_is_held(&vm->lock));
	same = known == original;
	if (same)
		WRITE_ONCE(known->stale, true);
	mutex_unlock(&vm->lock);
	return same;
}

static void reprove_work(struct work_struct *work)
{
	struct vigil_guest *guest = container_of(to_delayed_work(work),
						 struct vigil_guest, reprove);
	struct known *original, *copy = NULL;
	struct vigil_alert *alert;
	const char *why;
	int err;

	/* Without memory the next doubt tries again. */
	alert = kzalloc(sizeof(*alert), GFP_KERNEL_ACCOUNT);
	/* On a copy, because it takes its time. */
	if (alert)
		copy = copy_known(guest->vm, &original);
	if (!copy) {
		kfree(alert);
		return;
	}
	err = prove(guest->vm, copy, REPROVE_WAIT_MS, &why);
	if (err == -ENODATA && copy->profile.os == VIGIL_PROFILE_OS_WINDOWS)
		err = prove_by(guest->vm, copy, PROOF_SAME, KERNEL_TRIES,
			       REPROVE_WAIT_MS, &why);
	kfree(copy);
	if (err == -ENODATA && set_stale(guest->vm, original))
		alert_stale(guest->vm, alert);
	else
		kfree(alert);
	WRITE_ONCE(guest->next_proof, jiffies + REPROVE_PAUSE);
	atomic_set(&guest->doubts, 0);
}

/* --- views ---------------------------------------------------------------- */

/**
 * vigil_view_open - Look at a guest
 * @view: the view
 * @vm: the VM, entered
 *
 * To be closed in any case, and soon: it holds off changes.
 *
 * Return: 0, or -ENODATA: there is no proved profile.
 */
int vigil_view_open(struct vigil_view *view, struct vigil_vm *vm)
	__acquires(&vm->srcu)
{
	struct known *known;

	view->vm = vm;
	view->srcu_idx = srcu_read_lock(&vm->srcu);
	view->os = VIGIL_PROFILE_OS_LINUX;
	view->lx.reread = 0;
	known = known_proved(vm);
	if (!known)
		return -ENODATA;
	view->os = known->profile.os;
	vigil_gmem_init(&view->gmem, vm->kvm);
	if (view->os == VIGIL_PROFILE_OS_WINDOWS)
		vigil_windows_init(&view->win, &known->profile, &view->gmem.gm,
				   known->levels);
	else
		vigil_linux_init(&view->lx, &known->profile, &view->gmem.gm,
				 known->levels);
	return 0;
}

/**
 * vigil_view_open_as - Look at a guest that runs one system
 * @view: the view
 * @vm: the VM, entered
 * @os: the system
 *
 * To be closed in any case, as vigil_view_open().
 *
 * Return: 0, -ENODATA: there is no proved profile, or -EOPNOTSUPP: the guest
 * runs another system.
 */
int vigil_view_open_as(struct vigil_view *view, struct vigil_vm *vm,
		       enum vigil_profile_os os)
	__acquires(&vm->srcu)
{
	int err = vigil_view_open(view, vm);

	if (!err && view->os != os)
		return -EOPNOTSUPP;
	return err;
}

void vigil_view_close(struct vigil_view *view)
	__releases(&view->vm->srcu)
{
	vigil_guest_add_reread(view->vm,
			       view->os == VIGIL_PROFILE_OS_WINDOWS ?
			       view->win.reread : view->lx.reread);
	srcu_read_unlock(&view->vm->srcu, view->srcu_idx);
}

/* --- counter -------------------------------------------------------------- */

void vigil_guest_add_reread(struct vigil_vm *vm, u64 n)
{
	if (n)
		this_cpu_add(*vm->guest->reread, n);
}

u64 vigil_guest_reread(const struct vigil_vm *vm)
{
	return vigil_count_sum(vm->guest->reread);
}

/* --- life ----------------------------------------------------------------- */

int vigil_guest_setup(struct vigil_vm *vm)
{
	struct vigil_guest *guest;

	guest = kzalloc(sizeof(*guest), GFP_KERNEL_ACCOUNT);
	if (!guest)
		return -ENOMEM;
	guest->reread = alloc_percpu(u64);
	if (!guest->reread) {
		kfree(guest);
		return -ENOMEM;
	}
	guest->vm = vm;
	INIT_DELAYED_WORK(&guest->reprove, reprove_work);
	guest->next_proof = jiffies;
	vm->guest = guest;
	return 0;
}

/* Nobody uses the VM any more. */
void vigil_guest_teardown(struct vigil_vm *vm)
{
	cancel_delayed_work_sync(&vm->guest->reprove);
	kfree(rcu_access_pointer(vm->guest->known));
	free_percpu(vm->guest->reread);
	kfree(vm->guest);
	vm->guest = NULL;
}
