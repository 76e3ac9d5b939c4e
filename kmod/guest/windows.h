/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Windows guests, read from outside while they run.
 *
 * As with Linux guests (linux.h) nothing that is read is trusted, and readers
 * return 0 or
 *
 *   -ENOENT	what was asked for does not exist,
 *   -EFAULT	the guest has no memory there,
 *   -EUCLEAN	the structures make no sense,
 *   -EAGAIN	they did not hold still long enough.
 */
#ifndef _VIGIL_WINDOWS_H
#define _VIGIL_WINDOWS_H

#include <linux/types.h>

#include <uapi/linux/vigil.h>

#include "core/pgwalk.h"
#include "core/pte.h"
#include "guest/profile.h"

struct vigil_cpu;

/* The kernel's own process, first on the list, has this id in all builds. */
#define VIGIL_WIN_SYSTEM_PID	4

/* A list of more processes is no list: no process id is larger than this. */
#define VIGIL_WIN_MAX_PROCESSES	65535

/* Flags of a process, whatever their place in the build's EPROCESS. */
#define VIGIL_WIN_EXITING		VIGIL_PROCESS_FLAG_EXITING
#define VIGIL_WIN_DELETED		VIGIL_PROCESS_FLAG_DELETED
#define VIGIL_WIN_VM_DELETED		VIGIL_PROCESS_FLAG_VM_DELETED
#define VIGIL_WIN_OUTSWAPPED		VIGIL_PROCESS_FLAG_OUTSWAPPED
#define VIGIL_WIN_HAS_ADDRESS_SPACE	VIGIL_PROCESS_FLAG_HAS_ADDRESS_SPACE

#define VIGIL_WIN_CR3_ADDR	VIGIL_CR3_ADDR

/* ImageFileName has 15 bytes, and no end if the name is as long. */
#define VIGIL_WIN_NAME_SIZE	16

/**
 * struct vigil_windows - One use of a Windows guest
 */
struct vigil_windows {
	const struct vigil_profile *profile;
	/** @kernel: The address space of System. */
	struct vigil_space kernel;
	/** @reread: Walks that had to start again, for the owner to add up. */
	u64 reread;
};

/**
 * struct vigil_win_process - A process
 */
struct vigil_win_process {
	u64 eprocess;
	u32 pid;
	u32 ppid;
	/** @name: First 15 bytes of its image's, any bytes; terminated. */
	char name[VIGIL_WIN_NAME_SIZE];
	/** @create_time: In 100 ns since 1601. */
	u64 create_time;
	/** @cr3: What the kernel loads for it, PCID included. */
	u64 cr3;
	/** @user_cr3: The same for user mode; 0 where there is no other table. */
	u64 user_cr3;
	/** @flags: VIGIL_WIN_*. */
	u32 flags;
};

static inline u64 vigil_windows_field(const struct vigil_windows *win,
				      u32 field)
{
	return win->profile->field[field];
}

/* Can its tables be looked at?  They are freed, or on the way to a disk. */
static inline bool vigil_windows_has_tables(const struct vigil_win_process *p)
{
	return !(p->flags & (VIGIL_WIN_VM_DELETED | VIGIL_WIN_OUTSWAPPED)) &&
	       p->cr3 & VIGIL_CR3_ADDR;
}

void vigil_windows_init(struct vigil_windows *win,
			const struct vigil_profile *p, struct vigil_gmem *gm,
			unsigned int levels);

/* windows_prove.c */
int vigil_windows_prove_kernel(struct vigil_windows *win,
			       const struct vigil_cpu *cpu, const char **why);
int vigil_windows_prove_same(struct vigil_windows *win,
			     const struct vigil_cpu *cpu, const char **why);
int vigil_windows_prove_current(struct vigil_windows *win,
				const struct vigil_cpu *cpu, const char **why);

/* windows_process.c */
int vigil_windows_list_ends(struct vigil_windows *win, u64 ends[2]);
int vigil_windows_next_process(struct vigil_windows *win, u64 *cursor,
			       struct vigil_win_process *process);
int vigil_windows_read_process(struct vigil_windows *win, u64 eprocess,
			       struct vigil_win_process *process);
int vigil_windows_current(struct vigil_windows *win,
			  const struct vigil_cpu *cpu,
			  struct vigil_win_process *process);
bool vigil_windows_loads(const struct vigil_cpu *cpu,
			 const struct vigil_win_process *process);
u64 vigil_windows_time(u64 time);
int vigil_windows_self_map(struct vigil_windows *win, u64 cr3, u64 *entry);

/* windows_image.c */
const char *vigil_windows_module_at(const struct vigil_windows *win, u64 rip);

#endif /* _VIGIL_WINDOWS_H */
