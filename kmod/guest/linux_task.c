// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks of a Linux guest.
 */

#include <linux/align.h>
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <kunit/visibility.h>

#include "core/cpu.h"
#include "guest/linux_read.h"
#include "guest/sane.h"

/* Threads that are asked for the mm of a process whose leader has exited. */
#define MAX_THREADS	64

/* Bits of CR3 that are an address; bit 12 tells the halves of a PTI pair. */
#define CR3_ADDR	GENMASK_ULL(51, 12)
#define CR3_USER	BIT_ULL(12)

static int read_ids(struct vigil_linux *lx, struct vigil_task *t, u64 *leader)
{
	int err;

	err = vigil_linux_u32(lx, t->task, VIGIL_PROFILE_FIELD_TASK_PID,
			      &t->tid);
	if (err)
		return err;
	err = vigil_linux_u32(lx, t->task, VIGIL_PROFILE_FIELD_TASK_TGID,
			      &t->pid);
	if (err)
		return err;
	if (t->tid >= VIGIL_MAX_TASKS || t->pid >= VIGIL_MAX_TASKS)
		return -EUCLEAN;
	err = vigil_linux_u32(lx, t->task, VIGIL_PROFILE_FIELD_TASK_FLAGS,
			      &t->flags);
	if (err)
		return err;
	err = vigil_linux_u32(lx, t->task, VIGIL_PROFILE_FIELD_TASK_EXIT_STATE,
			      &t->exit_state);
	if (err)
		return err;
	return vigil_linux_object(lx, t->task,
				  VIGIL_PROFILE_FIELD_TASK_GROUP_LEADER,
				  leader);
}

static int read_parent(struct vigil_linux *lx, u64 leader, u32 *ppid)
{
	u64 parent;
	int err;

	err = vigil_linux_object(lx, leader,
				 VIGIL_PROFILE_FIELD_TASK_REAL_PARENT, &parent);
	if (err)
		return err;
	return vigil_linux_u32(lx, parent, VIGIL_PROFILE_FIELD_TASK_TGID, ppid);
}

static int read_comm(struct vigil_linux *lx, u64 leader, char *comm)
{
	int err;

	err = vigil_linux_read(lx, leader +
			       vigil_linux_field(lx, VIGIL_PROFILE_FIELD_TASK_COMM),
			       comm, VIGIL_COMM_SIZE);
	comm[VIGIL_COMM_SIZE - 1] = '\0';
	vigil_sane_text(comm, VIGIL_COMM_SIZE);
	return err;
}

static int read_leader(struct vigil_linux *lx, struct vigil_task *t, u64 leader)
{
	u32 tid;
	int err;

	err = vigil_linux_u32(lx, leader, VIGIL_PROFILE_FIELD_TASK_PID, &tid);
	if (err)
		return err;
	/* While a thread of it calls exec the leader is being replaced. */
	if (tid != t->pid)
		return -EAGAIN;
	err = vigil_linux_u64(lx, leader, VIGIL_PROFILE_FIELD_TASK_START_TIME,
			      &t->start_time);
	if (err)
		return err;
	err = read_parent(lx, leader, &t->ppid);
	if (err)
		return err;
	return read_comm(lx, leader, t->comm);
}

static int read_cred(struct vigil_linux *lx, struct vigil_task *t)
{
	u64 cred;
	int err;

	err = vigil_linux_object(lx, t->task, VIGIL_PROFILE_FIELD_TASK_CRED,
				 &cred);
	if (err)
		return err;
	err = vigil_linux_u32(lx, cred, VIGIL_PROFILE_FIELD_CRED_UID, &t->uid);
	if (err)
		return err;
	return vigil_linux_u32(lx, cred, VIGIL_PROFILE_FIELD_CRED_GID, &t->gid);
}

/* The mm of any thread: a leader that exits first leaves the others theirs. */
static int read_thread_mm(struct vigil_linux *lx, u64 leader, u64 *mm)
{
	const u64 link = vigil_linux_field(lx,
					   VIGIL_PROFILE_FIELD_TASK_THREAD_NODE);
	u64 signal, head, node;
	int err;

	err = vigil_linux_pointer(lx, leader, VIGIL_PROFILE_FIELD_TASK_SIGNAL,
				  &signal);
	if (err || !signal)
		return err;
	head = signal + vigil_linux_field(lx,
					  VIGIL_PROFILE_FIELD_SIGNAL_THREAD_HEAD);
	err = vigil_linux_object(lx, signal,
				 VIGIL_PROFILE_FIELD_SIGNAL_THREAD_HEAD, &node);

	for (unsigned int i = 0; !err && node != head && i < MAX_THREADS; i++) {
		err = vigil_linux_pointer(lx, node - link,
					  VIGIL_PROFILE_FIELD_TASK_MM, mm);
		if (err || *mm)
			return err;
		err = vigil_linux_object(lx, node - link,
					 VIGIL_PROFILE_FIELD_TASK_THREAD_NODE,
					 &node);
	}
	return err;
}

static int read_root(struct vigil_linux *lx, u64 mm, u64 *root)
{
	u64 pgd;
	int err;

	err = vigil_linux_object(lx, mm, VIGIL_PROFILE_FIELD_MM_PGD, &pgd);
	if (err)
		return err;
	if (vigil_translate(&lx->kernel, pgd, root))
		return -EFAULT;
	return IS_ALIGNED(*root, SZ_4K) ? 0 : -EUCLEAN;
}

static int read_mm(struct vigil_linux *lx, struct vigil_task *t, u64 leader)
{
	int err;

	err = vigil_linux_pointer(lx, t->task, VIGIL_PROFILE_FIELD_TASK_MM,
				  &t->mm);
	if (!err && !t->mm && !(t->flags & VIGIL_PF_KTHREAD))
		err = read_thread_mm(lx, leader, &t->mm);
	if (err || !t->mm)
		return err;
	return read_root(lx, t->mm, &t->root);
}

static int read_task(struct vigil_linux *lx, u64 addr, struct vigil_task *t)
{
	u64 leader;
	int err;

	*t = (struct vigil_task){ .task = addr };
	err = read_ids(lx, t, &leader);
	if (err)
		return err;
	err = read_leader(lx, t, leader);
	if (err)
		return err;
	err = read_cred(lx, t);
	if (err)
		return err;
	return read_mm(lx, t, leader);
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
	const u64 loaded = cpu->cr3 & CR3_ADDR;

	return loaded == root ||
	       (!(root & CR3_USER) && loaded == (root | CR3_USER));
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

	err = vigil_linux_object(lx, gs, VIGIL_PROFILE_FIELD_PERCPU_CURRENT,
				 &addr);
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

/* The next process in the list, which must agree that this one is before it. */
static int next_leader(struct vigil_linux *lx, u64 task, u64 *next)
{
	const u64 tasks = vigil_linux_field(lx, VIGIL_PROFILE_FIELD_TASK_TASKS);
	u64 link[2];
	int err;

	err = vigil_linux_object(lx, task, VIGIL_PROFILE_FIELD_TASK_TASKS,
				 next);
	if (err)
		return err;
	err = vigil_linux_read(lx, *next, link, sizeof(link));
	if (err)
		return err;
	*next -= tasks;
	return link[1] == task + tasks ? 0 : -EAGAIN;
}

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
	const u64 init = vigil_linux_field(lx, VIGIL_PROFILE_FIELD_SYM_INIT_TASK);
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

	err = vigil_linux_read_task(lx, next, task);
	if (!err)
		*cursor = next;
	return err;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_linux_next_task);
