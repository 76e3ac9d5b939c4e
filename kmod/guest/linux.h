/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Linux guests, read from outside while they run.
 *
 * Nothing that is read is trusted: pointers are checked and translated, loops
 * are bounded, and what does not fit together is read again a bounded number
 * of times.  Readers return 0 or
 *
 *   -ENOENT	what was asked for does not exist,
 *   -EFAULT	the guest has no memory there,
 *   -EUCLEAN	the structures make no sense,
 *   -EAGAIN	they did not hold still long enough.
 *
 * All but the first mean that the guest could not be read.
 */
#ifndef _VIGIL_LINUX_H
#define _VIGIL_LINUX_H

#include <linux/types.h>

#include <uapi/linux/vigil.h>

#include "core/pgwalk.h"
#include "guest/profile.h"

struct vigil_budget;
struct vigil_cpu;

/* PID_MAX_LIMIT: a list of more processes is no list. */
#define VIGIL_MAX_TASKS		(4 * 1024 * 1024)

/* The guest's vm_flags that matter here, the same in 5.4 to 7.3. */
#define VIGIL_VM_READ		0x1ULL
#define VIGIL_VM_WRITE		0x2ULL
#define VIGIL_VM_EXEC		0x4ULL
#define VIGIL_VM_SHARED		0x8ULL
#define VIGIL_VM_GROWSDOWN	0x100ULL

/* The x86-64 vsyscall page; it has no VMA. */
#define VIGIL_VSYSCALL		0xffffffffff600000ULL

/* The guest's task flags. */
#define VIGIL_PF_EXITING	0x4U
#define VIGIL_PF_FORKNOEXEC	0x40U
#define VIGIL_PF_KTHREAD	0x200000U

/**
 * struct vigil_linux - One use of a Linux guest
 */
struct vigil_linux {
	const struct vigil_profile *profile;
	/** @kernel: The kernel's own address space. */
	struct vigil_space kernel;
	/** @reread: Walks that had to start again, for the owner to add up. */
	u64 reread;
};

#define VIGIL_COMM_SIZE	16

/**
 * struct vigil_task - A task
 *
 * What identifies and names the process is that of the thread group leader, so
 * that a thread which renames itself stays a thread of its process.
 */
struct vigil_task {
	/** @task: Address of the task's own task_struct. */
	u64 task;
	/** @leader: Address of the thread group leader's, which may be @task. */
	u64 leader;
	/**
	 * @mm: Address of its mm_struct; for an exited leader that of a thread
	 * that lives on; 0 for a kernel thread and for a process that is gone.
	 */
	u64 mm;
	/** @root: Guest-physical address of the mm's top-level table, or 0. */
	u64 root;
	/** @start_time: When the process started. */
	u64 start_time;
	/** @tid: The task. */
	u32 tid;
	/** @pid: The process. */
	u32 pid;
	u32 ppid;
	u32 uid;
	u32 gid;
	/** @parent: Address of the task_struct of the task that forked it. */
	u64 parent;
	/** @cred: Address of the task's own credentials. */
	u64 cred;
	/** @self_exec_id: Of the leader: grows with each exec, fork copies it. */
	u32 self_exec_id;
	/** @leader_flags: VIGIL_PF_* and others of the leader. */
	u32 leader_flags;
	/** @flags: VIGIL_PF_* and others of the task itself. */
	u32 flags;
	/** @exit_state: Not 0 once the task itself is a zombie or dead. */
	u32 exit_state;
	/** @comm: Name of the process as it has it, terminated: any bytes. */
	char comm[VIGIL_COMM_SIZE];
};

/**
 * struct vigil_thread - What tells the task that a vCPU runs from all others
 *
 * In few reads.  While none of it changes &vigil_task has the same process, and
 * the same &vigil_task.root, too.
 */
struct vigil_thread {
	/** @task: Address of its task_struct. */
	u64 task;
	u64 mm;
	u64 cred;
	/** @start_time: When the thread started. */
	u64 start_time;
	u32 self_exec_id;
	u32 tid;
	u32 pid;
};

/**
 * struct vigil_vma - A mapping
 */
struct vigil_vma {
	u64 start;
	u64 end;
	u64 mm;
	u64 flags;
	u64 ops;
	/** @pgoff: In pages. */
	u64 pgoff;
	/** @file: Address of the struct file, or 0. */
	u64 file;
	enum vigil_vma_kind kind;
};

/**
 * struct vigil_page - A page that is mapped for user mode
 */
struct vigil_page {
	enum vigil_page_kind kind;
	/**
	 * @mapping: Its struct page's, with the flags that it has: an address_space
	 * of a file, an anon_vma, or 0.
	 */
	u64 mapping;
	/** @merged: KSM may have given it to several processes. */
	bool merged;
	/** @deleted: The file has no name any more. */
	bool deleted;
	/**
	 * @shared_writable: Somebody maps the file shared, and may write to it
	 * through that mapping.
	 */
	bool shared_writable;
};

/**
 * struct vigil_mm_layout - Fixed points of an address space
 */
struct vigil_mm_layout {
	u64 start_code;
	u64 start_brk;
	u64 brk;
	u64 start_stack;
	/** @arg_start: The command line's first byte, as the process has it. */
	u64 arg_start;
	/** @arg_end: ... and the end. */
	u64 arg_end;
	/**
	 * @mmap_base: Chosen at random by exec() and copied by fork(); the process
	 * can't change it.  0: exec() isn't through yet.
	 */
	u64 mmap_base;
	/** @exe_file: Address of the executable's struct file, or 0. */
	u64 exe_file;
};

void vigil_linux_init(struct vigil_linux *lx, const struct vigil_profile *p,
		      struct vigil_gmem *gm, unsigned int levels);

/* linux_prove.c */
int vigil_linux_prove_kernel(struct vigil_linux *lx,
			     const struct vigil_cpu *cpu, const char **why);
int vigil_linux_prove_current(struct vigil_linux *lx,
			      const struct vigil_cpu *cpu, const char **why);

bool vigil_linux_maps_kernel(struct vigil_linux *lx,
			     const struct vigil_cpu *cpu);

/* linux_task.c */
int vigil_linux_current(struct vigil_linux *lx, const struct vigil_cpu *cpu,
			struct vigil_task *task);
int vigil_linux_current_thread(struct vigil_linux *lx,
			       const struct vigil_cpu *cpu,
			       struct vigil_thread *thread);
int vigil_linux_read_thread(struct vigil_linux *lx, u64 addr,
			    struct vigil_thread *thread);
int vigil_linux_read_task(struct vigil_linux *lx, u64 addr,
			  struct vigil_task *task);
int vigil_linux_next_task(struct vigil_linux *lx, u64 *cursor,
			  struct vigil_task *task);
int vigil_linux_next_process(struct vigil_linux *lx, u64 *cursor);
int vigil_linux_prev_process(struct vigil_linux *lx, u64 *cursor);
bool vigil_linux_loads(const struct vigil_cpu *cpu, u64 root);

/* linux_vma.c */
int vigil_linux_find_vma(struct vigil_linux *lx, u64 mm, u64 addr,
			 struct vigil_vma *vma);
int vigil_linux_next_vma(struct vigil_linux *lx, u64 mm, u64 addr,
			 struct vigil_vma *vma);
int vigil_linux_mm_layout(struct vigil_linux *lx, u64 mm,
			  struct vigil_mm_layout *layout);

/* linux_count.c */
/* @pages pages from @gpa on are mapped one after another. */
typedef void (*vigil_leaf_fn)(void *data, u64 gpa, unsigned int pages);

int vigil_linux_each_leaf(struct vigil_linux *lx, u64 root, u64 *addr, u64 end,
			  const struct vigil_budget *budget, vigil_leaf_fn fn,
			  void *data);

/* linux_page.c */
int vigil_linux_page(struct vigil_linux *lx, u64 gpa, struct vigil_page *page);
bool vigil_linux_page_belongs(struct vigil_linux *lx, u64 gpa, u64 mapping);
bool vigil_linux_vma_has_page(struct vigil_linux *lx,
			      const struct vigil_vma *vma,
			      const struct vigil_page *page);

/* linux_path.c */
int vigil_linux_file_path(struct vigil_linux *lx, u64 file, char *buf,
			  size_t size);
bool vigil_linux_file_is_deleted(struct vigil_linux *lx, u64 file);

/* linux_who.c */
int vigil_linux_ns_pid(struct vigil_linux *lx, u64 leader, u32 *pid);
int vigil_linux_cgroup(struct vigil_linux *lx, u64 leader, char *buf,
		       size_t size);
u64 vigil_linux_cgroup_id(struct vigil_linux *lx, u64 leader);
int vigil_linux_cmdline(struct vigil_linux *lx, u64 root,
			const struct vigil_mm_layout *layout, char *buf,
			size_t *len);

#endif /* _VIGIL_LINUX_H */
