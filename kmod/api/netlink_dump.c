// SPDX-License-Identifier: GPL-2.0
/*
 * Dumps of what is in a guest.
 *
 * The guest decides how long its lists are and how much is mapped.  While they
 * are read the VM is in use and its SRCU is locked, and requests that detach it
 * or change its entries or its profile wait for that.  Hence a dump reads in
 * short slices, and between two of them it holds nothing: the guest runs, the
 * profile may be replaced, and the VM may go.
 *
 * A part of a dump, i.e. one call of dumpit, ends with the first slice that has
 * put a message.  A part without one would end the dump.
 */
#include <linux/delay.h>

#include "api/netlink_dump.h"
#include "core/vm.h"
#include "guest/budget.h"
#include "protect/guest.h"

#define SLICE_NS	(20 * NSEC_PER_MSEC)
/* The first part runs in the request, which holds up who adds a family. */
#define SLICES_MAX	50
/* The guest has to run for what was being changed to become whole. */
#define PAUSE_US	1000

static const struct vigil_profile *profile_of(const struct vigil_view *view)
{
	return view->os == VIGIL_PROFILE_OS_WINDOWS ? view->win.profile :
						      view->lx.profile;
}

/* Where the last slice ended says nothing about another boot of the guest. */
static int check_profile(struct vigil_nl_dump *dump,
			 const struct vigil_view *view)
{
	const struct vigil_profile *profile = profile_of(view);

	if (!dump->profile)
		dump->profile = profile;
	return dump->profile == profile ? 0 : -ESTALE;
}

static int read_slice(struct sk_buff *skb, struct netlink_callback *cb,
		      struct vigil_vm *vm, vigil_nl_read_t read)
{
	struct vigil_nl_dump *dump = (struct vigil_nl_dump *)cb->ctx;
	struct vigil_budget budget;
	struct vigil_view view;
	int err;

	err = vigil_view_open(&view, vm);
	vigil_budget_init(&budget, SLICE_NS, &vm->ending);
	if (!err)
		err = check_profile(dump, &view);
	if (!err)
		err = read(skb, cb, &view, &budget);
	vigil_view_close(&view);
	/* From elsewhere it means that the VM is gone. */
	dump->done = err == -ENOENT;
	return dump->done ? 0 : err;
}

static int dump_slice(struct sk_buff *skb, struct netlink_callback *cb,
		      u32 attr, vigil_nl_read_t read)
{
	struct vigil_vm *vm = vigil_nl_vm(genl_info_dump(cb), attr);
	int err;

	if (IS_ERR(vm))
		return PTR_ERR(vm);
	err = read_slice(skb, cb, vm, read);
	vigil_vm_leave(vm);
	return err;
}

static void explain_end(struct netlink_ext_ack *extack, int err)
{
	switch (err) {
	case -ENODATA:
		NL_SET_ERR_MSG(extack, "there is no proved profile of the guest");
		break;
	case -ESTALE:
		NL_SET_ERR_MSG(extack, "the guest got another profile meanwhile");
		break;
	case -ETIME:
		NL_SET_ERR_MSG(extack, "the guest can't be read: a list too long or never at rest");
		break;
	case -ESRCH:
		NL_SET_ERR_MSG(extack, "no such process, or another program by now");
		break;
	case -EOPNOTSUPP:
		NL_SET_ERR_MSG(extack, "mappings are of Linux guests, this one runs Windows");
		break;
	case -ENODEV:
		NL_SET_ERR_MSG(extack, "the VM is being detached");
		break;
	case -EFAULT:
	case -EUCLEAN:
	case -EAGAIN:
		NL_SET_ERR_MSG(extack, "the guest can't be read");
		break;
	}
}

/**
 * vigil_nl_dump_guest - Make one part of a dump
 * @skb: the part
 * @cb: the dump, whose context begins with a struct vigil_nl_dump
 * @attr: the attribute that holds the VM's id
 * @read: reads the guest, from where it was, until its budget is spent
 *
 * Return: as dumpit.
 */
int vigil_nl_dump_guest(struct sk_buff *skb, struct netlink_callback *cb,
			u32 attr, vigil_nl_read_t read)
{
	struct vigil_nl_dump *dump = (struct vigil_nl_dump *)cb->ctx;
	int err;

	if (dump->done)
		return 0;
	err = dump_slice(skb, cb, attr, read);
	for (int i = 1; err == -ETIME && !skb->len && i < SLICES_MAX; i++) {
		fsleep(PAUSE_US);
		err = dump_slice(skb, cb, attr, read);
	}
	if (!err || (skb->len && (err == -ETIME || err == -EMSGSIZE)))
		return skb->len;
	explain_end(cb->extack, err);
	return err == -ETIME ? -ETIMEDOUT : err;
}
