// SPDX-License-Identifier: GPL-2.0
/*
 * Netlink: process-get.
 *
 * The list may change between two parts of the dump, and the process that the
 * last part ended with may be gone by then: the walk starts again and skips as
 * many as were told already.
 */
#include "api/netlink.h"
#include "core/vm.h"
#include "protect/guest.h"

#define RESTARTS_MAX	8

/* Windows counts 100 ns from 1601, everybody else from 1970. */
#define WINDOWS_TICK_NS	100
#define WINDOWS_EPOCH	116444736000000000ULL

/* A process of either system. */
union process {
	struct vigil_task task;
	struct vigil_win_process win;
};

struct process_dump {
	u64 cursor;
	u32 told;
	u32 restarts;
	bool done;
};

static_assert(sizeof(struct process_dump) <=
	      sizeof_field(struct netlink_callback, ctx));

static int put_exe(struct sk_buff *msg, struct vigil_view *view, u64 mm)
{
	struct vigil_mm_layout layout;
	char path[VIGIL_PATH_SIZE];

	if (!mm || vigil_linux_mm_layout(&view->lx, mm, &layout) ||
	    !layout.exe_file ||
	    vigil_linux_file_path(&view->lx, layout.exe_file, path,
				  sizeof(path)))
		return 0;
	return nla_put_string(msg, VIGIL_A_PROCESS_EXE, path);
}

static int put_protection(struct sk_buff *msg, struct vigil_vm *vm,
			  const struct vigil_task *t)
{
	const struct vigil_protect *entry = NULL;

	if (t->mm)
		entry = vigil_policy_match(&vm->policy, &vm->srcu, t->pid,
					   t->comm);
	return entry ? nla_put_u32(msg, VIGIL_A_PROCESS_PROTECT_ID, entry->id) :
		       0;
}

static int put_task(struct sk_buff *msg, struct vigil_view *view,
		    const struct vigil_task *t)
{
	if (nla_put_u32(msg, VIGIL_A_PROCESS_PID, t->pid) ||
	    nla_put_u32(msg, VIGIL_A_PROCESS_PPID, t->ppid) ||
	    nla_put_string(msg, VIGIL_A_PROCESS_COMM, t->comm) ||
	    put_exe(msg, view, t->mm) ||
	    nla_put_u32(msg, VIGIL_A_PROCESS_UID, t->uid) ||
	    nla_put_u32(msg, VIGIL_A_PROCESS_GID, t->gid) ||
	    nla_put_uint(msg, VIGIL_A_PROCESS_START_TIME, t->start_time) ||
	    nla_put_uint(msg, VIGIL_A_PROCESS_TASK, t->task) ||
	    nla_put_uint(msg, VIGIL_A_PROCESS_MM, t->mm) ||
	    nla_put_uint(msg, VIGIL_A_PROCESS_ROOT, t->root) ||
	    put_protection(msg, view->vm, t))
		return -EMSGSIZE;
	return 0;
}

/* What is no time after 1970 that fits is 0. */
static u64 windows_time(u64 time)
{
	if (time < WINDOWS_EPOCH ||
	    time - WINDOWS_EPOCH > U64_MAX / WINDOWS_TICK_NS)
		return 0;
	return (time - WINDOWS_EPOCH) * WINDOWS_TICK_NS;
}

static int put_self_map(struct sk_buff *msg, struct vigil_view *view,
			u32 attr, u64 cr3)
{
	u64 entry;

	if (vigil_windows_self_map(&view->win, cr3, &entry))
		return 0;
	return nla_put_uint(msg, attr, entry);
}

static int put_tables(struct sk_buff *msg, struct vigil_view *view,
		      const struct vigil_win_process *p)
{
	const bool readable = vigil_windows_has_tables(p);

	if (nla_put_uint(msg, VIGIL_A_PROCESS_ROOT,
			 p->cr3 & VIGIL_WIN_CR3_ADDR) ||
	    (readable && put_self_map(msg, view, VIGIL_A_PROCESS_SELF_MAP,
				      p->cr3)))
		return -EMSGSIZE;
	if (!p->user_cr3)
		return 0;
	if (nla_put_uint(msg, VIGIL_A_PROCESS_USER_ROOT,
			 p->user_cr3 & VIGIL_WIN_CR3_ADDR) ||
	    (readable && put_self_map(msg, view, VIGIL_A_PROCESS_USER_SELF_MAP,
				      p->user_cr3)))
		return -EMSGSIZE;
	return 0;
}

static int put_windows(struct sk_buff *msg, struct vigil_view *view,
		       const struct vigil_win_process *p)
{
	if (nla_put_u32(msg, VIGIL_A_PROCESS_PID, p->pid) ||
	    nla_put_u32(msg, VIGIL_A_PROCESS_PPID, p->ppid) ||
	    nla_put_string(msg, VIGIL_A_PROCESS_COMM, p->name) ||
	    nla_put_uint(msg, VIGIL_A_PROCESS_TASK, p->eprocess) ||
	    nla_put_u32(msg, VIGIL_A_PROCESS_FLAGS, p->flags) ||
	    nla_put_uint(msg, VIGIL_A_PROCESS_CREATE_TIME,
			 windows_time(p->create_time)) ||
	    put_tables(msg, view, p))
		return -EMSGSIZE;
	return 0;
}

static int put_process(struct sk_buff *msg, struct vigil_view *view,
		       const union process *p)
{
	if (nla_put_u32(msg, VIGIL_A_PROCESS_VM_ID, view->vm->id))
		return -EMSGSIZE;
	return view->os == VIGIL_PROFILE_OS_WINDOWS ?
	       put_windows(msg, view, &p->win) : put_task(msg, view, &p->task);
}

static int next_process(struct vigil_view *view, u64 *cursor, union process *p)
{
	return view->os == VIGIL_PROFILE_OS_WINDOWS ?
	       vigil_windows_next_process(&view->win, cursor, &p->win) :
	       vigil_linux_next_task(&view->lx, cursor, &p->task);
}

static u32 processes_max(const struct vigil_view *view)
{
	return view->os == VIGIL_PROFILE_OS_WINDOWS ? VIGIL_WIN_MAX_PROCESSES :
						      VIGIL_MAX_TASKS;
}

static int dump_one(struct sk_buff *skb, struct netlink_callback *cb,
		    struct vigil_view *view, const union process *p)
{
	void *hdr;
	int err;

	hdr = vigil_nl_dump_put(skb, cb);
	if (!hdr)
		return -EMSGSIZE;
	err = put_process(skb, view, p);
	if (err)
		genlmsg_cancel(skb, hdr);
	else
		genlmsg_end(skb, hdr);
	return err;
}

/* Moves on to the first process that wasn't told yet. */
static int restart(struct process_dump *dump, struct vigil_view *view)
{
	union process p;
	int err = 0;

	if (dump->restarts++ == RESTARTS_MAX)
		return -EAGAIN;
	dump->cursor = 0;
	for (u32 i = 0; !err && i < dump->told; i++) {
		err = next_process(view, &dump->cursor, &p);
		cond_resched();
	}
	return err;
}

/* Return: -ENOENT: that was all, -EMSGSIZE: the buffer is full, or an error. */
static int dump_processes(struct sk_buff *skb, struct netlink_callback *cb,
			  struct vigil_view *view)
{
	struct process_dump *dump = (struct process_dump *)cb->ctx;
	union process p;
	u64 cursor;
	int err;

	while (dump->told < processes_max(view)) {
		cursor = dump->cursor;
		err = next_process(view, &cursor, &p);
		if (err == -ENOENT)
			return err;
		if (err) {
			err = restart(dump, view);
			if (err)
				return err;
			continue;
		}
		err = dump_one(skb, cb, view, &p);
		if (err)
			return err;
		dump->cursor = cursor;
		dump->told++;
		cond_resched();
	}
	return -EUCLEAN;
}

static int dump_some(struct sk_buff *skb, struct netlink_callback *cb,
		     struct vigil_view *view)
{
	int err = dump_processes(skb, cb, view);

	if (err != -ENOENT && err != -EMSGSIZE)
		NL_SET_ERR_MSG(cb->extack, "the guest can't be read");
	return err;
}

int vigil_nl_process_get_dumpit(struct sk_buff *skb,
				struct netlink_callback *cb)
{
	struct process_dump *dump = (struct process_dump *)cb->ctx;
	const struct genl_info *info = genl_info_dump(cb);
	struct vigil_view view;
	struct vigil_vm *vm;
	int err;

	if (dump->done)
		return 0;
	vm = vigil_nl_vm(info, VIGIL_A_PROCESS_VM_ID);
	if (IS_ERR(vm))
		return PTR_ERR(vm);
	err = vigil_view_open(&view, vm);
	if (err)
		NL_SET_ERR_MSG(info->extack, "there is no proved profile of the guest");
	else
		err = dump_some(skb, cb, &view);
	vigil_view_close(&view);
	vigil_vm_leave(vm);
	dump->done = err == -ENOENT;
	return err == -ENOENT || err == -EMSGSIZE ? skb->len : err;
}
