// SPDX-License-Identifier: GPL-2.0
/*
 * Netlink: process-get.
 *
 * The list may change between two slices of the dump, and the process that the
 * last one ended with may be gone by then, or be another one: the walk starts
 * again.  New processes come at the end of the list, so that it is in the order
 * in which they started, and the walk skips those up to the last one that was
 * told.
 */
#include <linux/slab.h>

#include "api/netlink_dump.h"
#include "core/vm.h"
#include "guest/budget.h"
#include "protect/alert_process.h"
#include "protect/exec/exec.h"
#include "protect/guest.h"

#define RESTARTS_MAX	64

/* A process of either system. */
union process {
	struct vigil_task task;
	struct vigil_win_process win;
};

struct process_dump {
	struct vigil_nl_dump dump;
	/** @cursor: Where the walk is, 0 at its start. */
	u64 cursor;
	/** @cursor_time: When the process started that the cursor is on. */
	u64 cursor_time;
	/** @told_time: The same of the last one that was told. */
	u64 told_time;
	u32 cursor_pid;
	u32 told_pid;
};

static_assert(sizeof(struct process_dump) <=
	      sizeof_field(struct netlink_callback, ctx));

static int put_protection(struct sk_buff *msg, struct vigil_view *view,
			  const struct vigil_task *t)
{
	const struct vigil_protect *entry = NULL;

	if (t->mm)
		entry = vigil_exec_entry_of(view->vm, &view->lx, t);
	return entry ? nla_put_u32(msg, VIGIL_A_PROCESS_PROTECT_ID, entry->id) :
		       0;
}

static int put_task(struct sk_buff *msg, struct vigil_view *view,
		    const struct vigil_task *t,
		    struct vigil_alert_program *program)
{
	vigil_alert_program_read(program, &view->lx, t);
	if (nla_put_u32(msg, VIGIL_A_PROCESS_PID, t->pid) ||
	    nla_put_u32(msg, VIGIL_A_PROCESS_PPID, t->ppid) ||
	    nla_put_string(msg, VIGIL_A_PROCESS_COMM, t->comm) ||
	    vigil_alert_program_put(msg, program) ||
	    nla_put_u32(msg, VIGIL_A_PROCESS_UID, t->uid) ||
	    nla_put_u32(msg, VIGIL_A_PROCESS_GID, t->gid) ||
	    nla_put_uint(msg, VIGIL_A_PROCESS_START_TIME, t->start_time) ||
	    nla_put_uint(msg, VIGIL_A_PROCESS_TASK, t->task) ||
	    nla_put_uint(msg, VIGIL_A_PROCESS_MM, t->mm) ||
	    nla_put_uint(msg, VIGIL_A_PROCESS_ROOT, t->root) ||
	    put_protection(msg, view, t))
		return -EMSGSIZE;
	return 0;
}

static int put_self_map(struct sk_buff *msg, struct vigil_view *view,
			u32 attr, u64 cr3)
{
	u64 entry;

	if (vigil_windows_self_map(&view->win, cr3, &entry))
		return 0;
	return nla_put_uint(msg, attr, entry);
}

static int put_win_tables(struct sk_buff *msg, struct vigil_view *view,
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
			 vigil_windows_time(p->create_time)) ||
	    put_win_tables(msg, view, p))
		return -EMSGSIZE;
	return 0;
}

/* @program is where what a process of Linux runs is read to. */
static int put_process(struct sk_buff *msg, struct vigil_view *view,
		       const union process *p,
		       struct vigil_alert_program *program)
{
	if (nla_put_u32(msg, VIGIL_A_PROCESS_VM_ID, view->vm->id))
		return -EMSGSIZE;
	return view->os == VIGIL_PROFILE_OS_WINDOWS ?
	       put_windows(msg, view, &p->win) :
	       put_task(msg, view, &p->task, program);
}

static int next_process(struct vigil_view *view, u64 *cursor, union process *p)
{
	return view->os == VIGIL_PROFILE_OS_WINDOWS ?
	       vigil_windows_next_process(&view->win, cursor, &p->win) :
	       vigil_linux_next_task(&view->lx, cursor, &p->task);
}

static int read_any_process(struct vigil_view *view, u64 at, union process *p)
{
	return view->os == VIGIL_PROFILE_OS_WINDOWS ?
	       vigil_windows_read_process(&view->win, at, &p->win) :
	       vigil_linux_read_task(&view->lx, at, &p->task);
}

static u64 started(const struct vigil_view *view, const union process *p)
{
	return view->os == VIGIL_PROFILE_OS_WINDOWS ? p->win.create_time :
						      p->task.start_time;
}

static u32 number(const struct vigil_view *view, const union process *p)
{
	return view->os == VIGIL_PROFILE_OS_WINDOWS ? p->win.pid : p->task.pid;
}

static u32 processes_max(const struct vigil_view *view)
{
	return view->os == VIGIL_PROFILE_OS_WINDOWS ? VIGIL_WIN_MAX_PROCESSES :
						      VIGIL_MAX_TASKS;
}

static int dump_process(struct sk_buff *skb, struct netlink_callback *cb,
			struct vigil_view *view, const union process *p,
			struct vigil_alert_program *program)
{
	void *hdr;
	int err;

	hdr = vigil_nl_dump_put(skb, cb);
	if (!hdr)
		return -EMSGSIZE;
	err = put_process(skb, view, p, program);
	if (err)
		genlmsg_cancel(skb, hdr);
	else
		genlmsg_end(skb, hdr);
	return err;
}

/* Is the process that the cursor is on the one that was there? */
static bool is_at_cursor(const struct process_dump *dump,
			 struct vigil_view *view)
{
	union process p;

	return !read_any_process(view, dump->cursor, &p) &&
	       started(view, &p) == dump->cursor_time &&
	       number(view, &p) == dump->cursor_pid;
}

/* Only ever false in a walk that was started again. */
static bool is_untold(const struct process_dump *dump,
		      const struct vigil_view *view, const union process *p)
{
	u64 time = started(view, p);

	if (!dump->dump.told || !dump->dump.restarts)
		return true;
	return time > dump->told_time ||
	       (time == dump->told_time && number(view, p) > dump->told_pid);
}

/* The next one in the list, told unless it was. */
static int dump_next(struct sk_buff *skb, struct netlink_callback *cb,
		     struct vigil_view *view,
		     struct vigil_alert_program *program)
{
	struct process_dump *dump = (struct process_dump *)cb->ctx;
	u64 cursor = dump->cursor;
	union process p;
	int err;

	err = next_process(view, &cursor, &p);
	if (err == -ENOENT)
		return err;
	if (err) {
		/* The process at the cursor has left the list, perhaps. */
		dump->cursor = 0;
		return dump->dump.restarts++ < RESTARTS_MAX ? -ETIME : err;
	}
	if (is_untold(dump, view, &p)) {
		if (dump->dump.told == processes_max(view))
			return -EUCLEAN;
		err = dump_process(skb, cb, view, &p, program);
		if (err)
			return err;
		dump->dump.told++;
		dump->told_time = started(view, &p);
		dump->told_pid = number(view, &p);
	}
	dump->cursor = cursor;
	dump->cursor_time = started(view, &p);
	dump->cursor_pid = number(view, &p);
	return 0;
}

static int read_processes(struct sk_buff *skb, struct netlink_callback *cb,
			  struct vigil_view *view,
			  const struct vigil_budget *budget)
{
	struct process_dump *dump = (struct process_dump *)cb->ctx;
	struct vigil_alert_program *program;
	int err;

	if (dump->cursor && !is_at_cursor(dump, view)) {
		dump->cursor = 0;
		if (dump->dump.restarts++ == RESTARTS_MAX)
			return -EAGAIN;
	}
	program = kmalloc(sizeof(*program), GFP_KERNEL);
	if (!program)
		return -ENOMEM;
	do {
		err = dump_next(skb, cb, view, program);
		cond_resched();
		if (!err)
			err = vigil_budget_check(budget);
	} while (!err);
	kfree(program);
	return err;
}

int vigil_nl_process_get_dumpit(struct sk_buff *skb,
				struct netlink_callback *cb)
{
	return vigil_nl_dump_guest(skb, cb, VIGIL_A_PROCESS_VM_ID,
				   read_processes);
}
