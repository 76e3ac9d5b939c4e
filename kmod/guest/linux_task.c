// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks of a Linux guest.
 */

#include <linux/align.h>
#include <linux/array_size.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <kunit/visibility.h>

#include "core/cpu.h"
#include "core/pte.h"
#include "guest/linux_read.h"

#define F(name)	VIGIL_PROFILE_FIELD_##name

/* Threads that are asked for the mm of a process whose leader has exited. */
#define MAX_THREADS	64

/* What is read of each task_struct. */
struct raw_task {
	u64 leader;
	u64 parent;
	u64 cred;
	u64 mm;
	u64 start_time;
	u32 self_exec_id;
	u32 tid;
	u32 pid;
	u32 flags;
	u32 exit_state;
	char comm[VIGIL_COMM_SIZE];
};

static int read_raw_task(struct vigil_linux *lx, u64 addr, struct raw_task *raw)
{
	const struct vigil_linux_part parts[] = {
		{ F(TASK_GROUP_LEADER), sizeof(raw->leader), &raw->leader },
		{ F(TASK_REAL_PARENT), sizeof(raw->parent), &raw->parent },
		{ F(TASK_CRED), sizeof(raw->cred), &raw->cred },
		{ F(TASK_MM), sizeof(raw->mm), &raw->mm },
		{ F(TASK_START_TIME), sizeof(raw->start_time), &raw->start_time },
		{ F(TASK_SELF_EXEC_ID), sizeof(raw->self_exec_id),
		  &raw->self_exec_id },
		{ F(TASK_PID), sizeof(raw->tid), &raw->tid },
		{ F(TASK_TGID), sizeof(raw->pid), &raw->pid },
		{ F(TASK_FLAGS), sizeof(raw->flags), &raw->flags },
		{ F(TASK_EXIT_STATE), sizeof(raw->exit_state), &raw->exit_state },
		{ F(TASK_COMM), sizeof(raw->comm), &raw->comm },
	};

	return vigil_linux_read_parts(lx, addr, parts, ARRAY_SIZE(parts));
}

static int read_cred(struct vigil_linux *lx, u64 cred, struct vigil_task *t)
{
	const struct vigil_linux_part parts[] = {
		{ F(CRED_UID), sizeof(t->uid), &t->uid },
		{ F(CRED_GID), sizeof(t->gid), &t->gid },
	};
	int err;

	err = vigil_linux_check_object(lx, cred);
	if (err)
		return err;
	return vigil_linux_read_parts(lx, cred, parts, ARRAY_SIZE(parts));
}

/* The mm of any thread: a leader that exits first leaves the others theirs. */
static int read_thread_mm(struct vigil_linux *lx, u64 leader, u64 *mm)
{
	const u64 link = vigil_linux_field(lx, F(TASK_THREAD_NODE));
	u64 signal, head, node;
	int err;

	err = vigil_linux_pointer(lx, leader, F(TASK_SIGNAL), &signal);
	if (err || !signal)
		return err;
	head = signal + vigil_linux_field(lx, F(SIGNAL_THREAD_HEAD));
	err = vigil_linux_object(lx, signal, F(SIGNAL_THREAD_HEAD), &node);

	for (unsigned int i = 0; !err && node != head && i < MAX_THREADS; i++) {
		err = vigil_linux_pointer(lx, node - link, F(TASK_MM), mm);
		if (err || *mm)
			return err;
		err = vigil_linux_object(lx, node - link, F(TASK_THREAD_NODE),
					 &node);
	}
	return err;
}

static int read_mm_root(struct vigil_linux *lx, u64 mm, u64 *root)
{
	u64 pgd;
	int err;

	err = vigil_linux_object(lx, mm, F(MM_PGD), &pgd);
	if (err)
		return err;
	if (vigil_translate(&lx->kernel, pgd, root))
		return -EFAULT;
	return IS_ALIGNED(*root, SZ_4K) ? 0 : -EUCLEAN;
}

static int read_task(struct vigil_linux *lx, u64 addr, struct vigil_task *t)
{
	struct raw_task own, leader;
	int err;

	err = read_raw_task(lx, addr, &own);
	if (err)
		return err;
	if (own.tid >= VIGIL_MAX_TASKS || own.pid >= VIGIL_MAX_TASKS)
		return -EUCLEAN;
	err = vigil_linux_check_object(lx, own.leader);
	if (err)
		return err;

	leader = own;
	if (own.leader != addr)
		err = read_raw_task(lx, own.leader, &leader);
	if (err)
		return err;
	/* While a thread of it calls exec the leader is being replaced. */
	if (leader.tid != own.pid)
		return -EAGAIN;

	*t = (struct vigil_task){
		.task = addr,
		.leader = own.leader,
		.mm = own.mm,
		.start_time = leader.start_time,
		.tid = own.tid,
		.pid = own.pid,
		.parent = leader.parent,
		.cred = own.cred,
		.self_exec_id = leader.self_exec_id,
		.leader_flags = leader.flags,
		.flags = own.flags,
		.exit_state = own.exit_state,
	};
	memcpy(t->comm, leader.comm, sizeof(t->comm));
	t->comm[VIGIL_COMM_SIZE - 1] = '\0';

	err = vigil_linux_check_object(lx, leader.parent);
	if (err)
		return err;
	err = vigil_linux_u32(lx, leader.parent, F(TASK_TGID), &t->ppid);
	if (err)
		return err;
	err = read_cred(lx, own.cred, t);
	if (err)
		return err;

	if (!t->mm && !(t->flags & VIGIL_PF_KTHREAD))
		err = read_thread_mm(lx, t->leader, &t->mm);
	if (err || !t->mm)
		return err;
	err = vigil_linux_check_object(lx, t->mm);
	if (err)
		return err;
	return read_mm_root(lx, t->mm, &t->root);
}

/**
 * vigil_linux_read_task - Read a task
 * @lx: The guest.
 * @addr: Address of the task_struct.
 * @task: Result, undefined after an error.
 *
 * Whether there still is a task at @addr is not known: the caller compares
 * what identifies it, &vigil_task.pid and &vigil_task.start_time.
 *
 * Return: 0 or an error.
 */
int vigil_linux_read_task(struct vigil_linux *lx, u64 addr,
			  struct vigil_task *task)
{
	unsigned int try = 0;
	int err;

	if (!IS_ALIGNED(addr, sizeof(u64)))
		return -EUCLEAN;
	do {
		err = read_task(lx, addr, task);
	} while (vigil_linux_again(lx, try++, err));
	return err;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_linux_read_task);

/* In user mode the kernel's GS base waits for SWAPGS, and can't be forged. */
static u64 kernel_gs(const struct vigil_linux *lx, const struct vigil_cpu *cpu)
{
	if (cpu->cpl == 3 || !vigil_linux_is_kernel(lx, cpu->gs_base))
		return cpu->kernel_gs_base;
	return cpu->gs_base;
}

/**
 * vigil_linux_loads - Does a vCPU run on a top-level page table?
 * @cpu: The vCPU's registers.
 * @root: Guest-physical address of the table, &vigil_task.root.
 *
 * Either half of a PTI pair is the same address space.
 */
bool vigil_linux_loads(const struct vigil_cpu *cpu, u64 root)
{
	const u64 loaded = cpu->cr3 & VIGIL_CR3_ADDR;

	return loaded == root || (!(root & VIGIL_CR3_USER) &&
				  loaded == (root | VIGIL_CR3_USER));
}
EXPORT_SYMBOL_IF_KUNIT(vigil_linux_loads);

/**
 * vigil_linux_current - Read the task that a vCPU runs
 * @lx: The guest.
 * @cpu: The vCPU's registers.
 * @task: Result, undefined after an error.
 *
 * In user mode the task's address space must be the loaded one.  In kernel mode
 * it need not: a kernel thread borrows one.
 *
 * Return: 0 or an error.
 */
int vigil_linux_current(struct vigil_linux *lx, const struct vigil_cpu *cpu,
			struct vigil_task *task)
{
	const u64 gs = kernel_gs(lx, cpu);
	u64 addr;
	int err;

	err = vigil_linux_object(lx, gs, F(PERCPU_CURRENT), &addr);
	if (err)
		return err;
	err = vigil_linux_read_task(lx, addr, task);
	if (err)
		return err;
	if (cpu->cpl == 3 && (!task->mm || !vigil_linux_loads(cpu, task->root)))
		return -EUCLEAN;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_linux_current);

static int read_thread(struct vigil_linux *lx, u64 task, struct vigil_thread *t)
{
	const struct vigil_linux_part parts[] = {
		{ F(TASK_MM), sizeof(t->mm), &t->mm },
		{ F(TASK_CRED), sizeof(t->cred), &t->cred },
		{ F(TASK_START_TIME), sizeof(t->start_time), &t->start_time },
		{ F(TASK_SELF_EXEC_ID), sizeof(t->self_exec_id),
		  &t->self_exec_id },
		{ F(TASK_PID), sizeof(t->tid), &t->tid },
		{ F(TASK_TGID), sizeof(t->pid), &t->pid },
	};
	int err;

	t->task = task;
	err = vigil_linux_read_parts(lx, task, parts, ARRAY_SIZE(parts));
	if (err)
		return err;
	if (t->tid >= VIGIL_MAX_TASKS || t->pid >= VIGIL_MAX_TASKS)
		return -EUCLEAN;
	err = vigil_linux_check_object(lx, t->cred);
	if (err || !t->mm)
		return err;
	return vigil_linux_check_object(lx, t->mm);
}

/**
 * vigil_linux_current_thread - Read what tells a vCPU's task from all others
 * @lx: The guest.
 * @cpu: The vCPU's registers.
 * @thread: Result, undefined after an error.
 *
 * For a caller that has read the task before, with vigil_linux_current(), and
 * only has to know that it is the same.  Two reads of the guest; neither its
 * leader nor the loaded page table is looked at.
 *
 * Return: 0 or an error.
 */
int vigil_linux_current_thread(struct vigil_linux *lx,
			       const struct vigil_cpu *cpu,
			       struct vigil_thread *thread)
{
	const u64 gs = kernel_gs(lx, cpu);
	unsigned int try = 0;
	u64 task;
	int err;

	do {
		err = vigil_linux_object(lx, gs, F(PERCPU_CURRENT), &task) ?:
		      read_thread(lx, task, thread);
	} while (vigil_linux_again(lx, try++, err));
	if (!err && cpu->cpl == 3 && !thread->mm)
		return -EUCLEAN;
	return err;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_linux_current_thread);

/**
 * vigil_linux_read_thread - Read what tells a task from all others
 * @lx: The guest.
 * @addr: Address of its task_struct.
 * @thread: Result, undefined after an error.
 *
 * Whether there still is a task at @addr is not known, as with
 * vigil_linux_read_task().  One or two reads of the guest.
 *
 * Return: 0 or an error.
 */
int vigil_linux_read_thread(struct vigil_linux *lx, u64 addr,
			    struct vigil_thread *thread)
{
	unsigned int try = 0;
	int err;

	if (!IS_ALIGNED(addr, sizeof(u64)))
		return -EUCLEAN;
	do {
		err = read_thread(lx, addr, thread);
	} while (vigil_linux_again(lx, try++, err));
	return err;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_linux_read_thread);

/* The next process in the list, which must agree that this one is before it. */
static int next_leader(struct vigil_linux *lx, u64 task, u64 *next)
{
	const u64 tasks = vigil_linux_field(lx, F(TASK_TASKS));
	u64 link[2];
	int err;

	err = vigil_linux_object(lx, task, F(TASK_TASKS), next);
	if (err)
		return err;
	err = vigil_linux_read(lx, *next, link, sizeof(link));
	if (err)
		return err;
	*next -= tasks;
	return link[1] == task + tasks ? 0 : -EAGAIN;
}

/**
 * vigil_linux_next_process - Find the process after another one
 * @lx: The guest.
 * @cursor: 0 to start with the oldest process; the address of its leader's
 *	task_struct after success, unchanged after an error.
 *
 * As vigil_linux_prev_process(), the other way.
 *
 * Return: 0; -ENOENT if there is none; or an error.
 */
int vigil_linux_next_process(struct vigil_linux *lx, u64 *cursor)
{
	const u64 init = vigil_linux_field(lx, F(SYM_INIT_TASK));
	unsigned int try = 0;
	u64 next;
	int err;

	do {
		err = next_leader(lx, *cursor ?: init, &next);
	} while (vigil_linux_again(lx, try++, err));
	if (err)
		return err;
	if (next == init)
		return -ENOENT;
	*cursor = next;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_linux_next_process);

/**
 * vigil_linux_next_task - Read the next process
 * @lx: The guest.
 * @cursor: 0 to start with; the address of the task after success.
 * @task: Result, undefined after an error.
 *
 * The caller bounds the number of calls at VIGIL_MAX_TASKS.  A process that
 * left the list while the cursor was on it is an error: start again.
 *
 * Return: 0; -ENOENT at the end; or an error.
 */
int vigil_linux_next_task(struct vigil_linux *lx, u64 *cursor,
			  struct vigil_task *task)
{
	u64 next = *cursor;
	int err;

	err = vigil_linux_next_process(lx, &next);
	if (err)
		return err;
	err = vigil_linux_read_task(lx, next, task);
	if (!err)
		*cursor = next;
	return err;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_linux_next_task);

/* The process before it in the list, which must agree. */
static int prev_leader(struct vigil_linux *lx, u64 task, u64 *prev)
{
	const u64 node = task + vigil_linux_field(lx, F(TASK_TASKS));
	u64 before, link;
	int err;

	/* The second pointer of a list_head leads back. */
	err = vigil_linux_object(lx, task + sizeof(u64), F(TASK_TASKS), &before);
	if (err)
		return err;
	err = vigil_linux_read(lx, before, &link, sizeof(link));
	if (err)
		return err;
	*prev = before - (node - task);
	return link == node ? 0 : -EAGAIN;
}

/**
 * vigil_linux_prev_process - Find the process before another one
 * @lx: The guest.
 * @cursor: 0 to start with the newest process; the address of its leader's
 *	task_struct after success, unchanged after an error.
 *
 * New processes are put at the end of the list, so that what comes before one
 * that is known is known as well.  Two reads of the guest; the task itself is
 * not read.  The caller bounds the number of calls at VIGIL_MAX_TASKS.  A
 * process that left the list while the cursor was on it is an error: start again.
 *
 * Return: 0; -ENOENT if there is none; or an error.
 */
int vigil_linux_prev_process(struct vigil_linux *lx, u64 *cursor)
{
	const u64 init = vigil_linux_field(lx, F(SYM_INIT_TASK));
	unsigned int try = 0;
	u64 prev;
	int err;

	if (!IS_ALIGNED(*cursor, sizeof(u64)))
		return -EUCLEAN;
	do {
		err = prev_leader(lx, *cursor ?: init, &prev);
	} while (vigil_linux_again(lx, try++, err));
	if (err)
		return err;
	if (prev == init)
		return -ENOENT;
	*cursor = prev;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_linux_prev_process);
