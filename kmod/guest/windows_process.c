// SPDX-License-Identifier: GPL-2.0
/*
 * Processes of a Windows guest.
 */

#include <linux/errno.h>
#include <linux/export.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <kunit/visibility.h>

#include "core/cpu.h"
#include "guest/sane.h"
#include "guest/windows_read.h"

#define F(name)	VIGIL_WINDOWS_FIELD_##name

/* Which bit of EPROCESS.Flags means what, by the profile. */
static const struct {
	u32 field;
	u32 flag;
} flag_fields[] = {
	{ F(FLAG_PROCESS_EXITING), VIGIL_WIN_EXITING },
	{ F(FLAG_PROCESS_DELETE), VIGIL_WIN_DELETED },
	{ F(FLAG_VM_DELETED), VIGIL_WIN_VM_DELETED },
	{ F(FLAG_OUTSWAPPED), VIGIL_WIN_OUTSWAPPED },
	{ F(FLAG_HAS_ADDRESS_SPACE), VIGIL_WIN_HAS_ADDRESS_SPACE },
};

static u32 windows_normalise_flags(const struct vigil_windows *win, u32 raw)
{
	u32 flags = 0;

	for (size_t i = 0; i < ARRAY_SIZE(flag_fields); i++) {
		if (raw & vigil_windows_field(win, flag_fields[i].field))
			flags |= flag_fields[i].flag;
	}
	return flags;
}

static int windows_read_pid(struct vigil_windows *win, u64 eprocess, u32 field,
			    u32 *pid)
{
	u64 handle;
	int err = vigil_windows_u64(win, eprocess, field, &handle);

	*pid = handle;
	return err;
}

/*
 * The bytes are of the guest's code page, which isn't known here: they are handed
 * out as they are, and whoever prints them escapes what isn't UTF-8.
 */
static int windows_read_name(struct vigil_windows *win, u64 eprocess,
			     char *name)
{
	int err;

	err = vigil_windows_read(win, eprocess +
				 vigil_windows_field(win, F(EPROCESS_IMAGE_FILE_NAME)),
				 name, VIGIL_WIN_NAME_SIZE - 1);
	name[VIGIL_WIN_NAME_SIZE - 1] = '\0';
	return err;
}

/* Windows stores 1 for a process that runs without a table for user mode. */
static int windows_read_user_cr3(struct vigil_windows *win,
				 struct vigil_win_process *p)
{
	u64 value;
	int err;

	if (!vigil_windows_field(win, F(KVA_SHADOW)))
		return 0;
	err = vigil_windows_u64(win, p->eprocess,
				F(KPROCESS_USER_DIRECTORY_TABLE_BASE), &value);
	if (!err && value & VIGIL_CR3_ADDR &&
	    (value ^ p->cr3) & VIGIL_CR3_ADDR)
		p->user_cr3 = value;
	return err;
}

static int windows_read_cr3(struct vigil_windows *win,
			    struct vigil_win_process *p)
{
	int err;

	err = vigil_windows_u64(win, p->eprocess,
				F(KPROCESS_DIRECTORY_TABLE_BASE), &p->cr3);
	if (err)
		return err;
	return windows_read_user_cr3(win, p);
}

static int windows_read_fields(struct vigil_windows *win, u64 eprocess,
			       struct vigil_win_process *p)
{
	u32 flags;
	int err;

	*p = (struct vigil_win_process){ .eprocess = eprocess };
	err = windows_read_pid(win, eprocess, F(EPROCESS_UNIQUE_PROCESS_ID),
			       &p->pid);
	if (err)
		return err;
	err = windows_read_pid(win, eprocess,
			       F(EPROCESS_INHERITED_FROM_UNIQUE_PROCESS_ID),
			       &p->ppid);
	if (err)
		return err;
	err = vigil_windows_u64(win, eprocess, F(EPROCESS_CREATE_TIME),
				&p->create_time);
	if (err)
		return err;
	err = vigil_windows_u32(win, eprocess, F(EPROCESS_FLAGS), &flags);
	if (err)
		return err;
	p->flags = windows_normalise_flags(win, flags);
	err = windows_read_cr3(win, p);
	if (err)
		return err;
	return windows_read_name(win, eprocess, p->name);
}

/**
 * vigil_windows_read_process - Read a process
 * @win: The guest.
 * @eprocess: Address of its EPROCESS.
 * @process: Result, undefined after an error.
 *
 * Whether there still is a process at @eprocess is not known: the caller
 * compares what identifies it, its pid and its create_time.
 *
 * Return: 0 or an error.
 */
int vigil_windows_read_process(struct vigil_windows *win, u64 eprocess,
			       struct vigil_win_process *process)
{
	unsigned int try = 0;
	int err;

	do {
		err = windows_read_fields(win, eprocess, process);
	} while (vigil_windows_again(win, try++, err));
	return err;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_windows_read_process);

/**
 * vigil_windows_list_ends - Read both ends of the list of processes
 * @win: The guest.
 * @ends: The first process's links and the last one's, as addresses.
 *
 * Windows adds a new process at the end: one read tells whether there is one.
 *
 * Return: 0 or an error.
 */
int vigil_windows_list_ends(struct vigil_windows *win, u64 ends[2])
{
	return vigil_windows_links(win,
				   vigil_windows_field(win, F(PS_ACTIVE_PROCESS_HEAD)),
				   ends);
}
EXPORT_SYMBOL_IF_KUNIT(vigil_windows_list_ends);

/* The next link in the list, which must agree that @node is before it. */
static int windows_next_node(struct vigil_windows *win, u64 node, u64 *next)
{
	u64 links[2], back;
	int err;

	err = vigil_windows_links(win, node, links);
	if (err)
		return err;
	*next = links[0];
	err = vigil_windows_read(win, *next + sizeof(u64), &back, sizeof(back));
	if (err)
		return err;
	return back == node ? 0 : -EAGAIN;
}

/**
 * vigil_windows_next_process - Read the next process
 * @win: The guest.
 * @cursor: 0 to start with; the address of the EPROCESS after success.
 * @process: Result, undefined after an error.
 *
 * The caller bounds the number of calls at VIGIL_WIN_MAX_PROCESSES.  A process
 * that left the list while the cursor was on it is an error: start again.
 *
 * Return: 0; -ENOENT at the end; or an error.
 */
int vigil_windows_next_process(struct vigil_windows *win, u64 *cursor,
			       struct vigil_win_process *process)
{
	const u64 head = vigil_windows_field(win, F(PS_ACTIVE_PROCESS_HEAD));
	const u64 links = vigil_windows_field(win,
					      F(EPROCESS_ACTIVE_PROCESS_LINKS));
	unsigned int try = 0;
	u64 next;
	int err;

	do {
		err = windows_next_node(win, *cursor ? *cursor + links : head,
					&next);
	} while (vigil_windows_again(win, try++, err));
	if (err)
		return err;
	if (next == head)
		return -ENOENT;

	err = vigil_windows_read_process(win, next - links, process);
	if (!err)
		*cursor = next - links;
	return err;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_windows_next_process);

/* Windows counts 100 ns from 1601, everybody else from 1970. */
#define TICK_NS	100
#define EPOCH	116444736000000000ULL

/**
 * vigil_windows_time - Convert a time of Windows
 * @time: In 100 ns since 1601.
 *
 * Return: Nanoseconds since 1970; 0 for what is before that or doesn't fit.
 */
u64 vigil_windows_time(u64 time)
{
	if (time < EPOCH || time - EPOCH > U64_MAX / TICK_NS)
		return 0;
	return (time - EPOCH) * TICK_NS;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_windows_time);

/* In user mode the KPCR waits for SWAPGS, and can't be forged. */
static u64 kpcr_of(const struct vigil_windows *win, const struct vigil_cpu *cpu)
{
	if (cpu->cpl == 3 ||
	    !vigil_sane_address(cpu->gs_base, win->kernel.levels))
		return cpu->kernel_gs_base;
	return cpu->gs_base;
}

/**
 * vigil_windows_loads - Does a vCPU run on a process's page tables?
 * @cpu: The vCPU's registers.
 * @process: The process.
 *
 * Either table of a process with KVA shadow is the same address space.
 */
bool vigil_windows_loads(const struct vigil_cpu *cpu,
			 const struct vigil_win_process *process)
{
	return !((cpu->cr3 ^ process->cr3) & VIGIL_CR3_ADDR) ||
	       (process->user_cr3 &&
		!((cpu->cr3 ^ process->user_cr3) & VIGIL_CR3_ADDR));
}
EXPORT_SYMBOL_IF_KUNIT(vigil_windows_loads);

/**
 * vigil_windows_current - Read the process that a vCPU runs
 * @win: The guest.
 * @cpu: The vCPU's registers.
 * @process: Result, undefined after an error.
 *
 * That is the one to which the current thread is attached.  In user mode its
 * address space must be the loaded one.
 *
 * Return: 0 or an error.
 */
int vigil_windows_current(struct vigil_windows *win,
			  const struct vigil_cpu *cpu,
			  struct vigil_win_process *process)
{
	const u64 prcb = kpcr_of(win, cpu) +
			 vigil_windows_field(win, F(KPCR_PRCB));
	u64 thread, eprocess;
	int err;

	err = vigil_windows_object(win, prcb, F(KPRCB_CURRENT_THREAD), &thread);
	if (err)
		return err;
	err = vigil_windows_object(win, thread +
				   vigil_windows_field(win, F(KTHREAD_APC_STATE)),
				   F(KAPC_STATE_PROCESS), &eprocess);
	if (err)
		return err;
	err = vigil_windows_read_process(win, eprocess, process);
	if (err)
		return err;
	if (cpu->cpl == 3 && !vigil_windows_loads(cpu, process))
		return -EUCLEAN;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_windows_current);

/**
 * vigil_windows_self_map - Read the self-map entry of a top-level table
 * @win: The guest.
 * @cr3: The table, its low bits as in the register.
 * @entry: The entry, whatever it holds.
 *
 * Return: 0, or -EFAULT.
 */
int vigil_windows_self_map(struct vigil_windows *win, u64 cr3, u64 *entry)
{
	const u64 slot = vigil_windows_field(win, F(SELF_MAP_SLOT));

	return vigil_gpa_read(win->kernel.gm, (cr3 & VIGIL_CR3_ADDR) +
			      slot * sizeof(*entry), entry, sizeof(*entry));
}
EXPORT_SYMBOL_IF_KUNIT(vigil_windows_self_map);
