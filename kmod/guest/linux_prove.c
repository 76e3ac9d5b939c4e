// SPDX-License-Identifier: GPL-2.0
/*
 * Proof that a profile fits the guest that runs.
 *
 * User space made the profile from the guest's memory some time ago, perhaps
 * before the guest rebooted, perhaps for another guest.  Each condition here
 * fails for a kernel at another address and for structures of another build;
 * together they use every structure that a judgement depends on.
 */

#include <linux/align.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/string.h>
#include <kunit/visibility.h>

#include "core/cpu.h"
#include "core/pte.h"
#include "guest/linux_read.h"

/* struct new_utsname: sysname, nodename, release, version, machine, domain. */
#define UTS_LEN		65
#define UTS_RELEASE	2
#define UTS_VERSION	3

/* How much of the list of processes is looked at, pid 1 is the first. */
#define SOME_TASKS	64
/*
 * Processes come and go at the list's end, on a small guest within what is looked
 * at.  The first ones stay: pid 1 and threads of the kernel.  That many, if they
 * were the same that many times, prove as much.
 */
#define FIRST_TASKS	8
#define FIRST_WALKS	3
#define TASK_WALKS	8

/* A condition returns why it does not hold, or NULL. */
typedef const char *(*condition)(struct vigil_linux *lx,
				 const struct vigil_cpu *cpu);

static u64 symbol(const struct vigil_linux *lx, u32 field)
{
	return vigil_linux_field(lx, field);
}

static const char *prove_mode(struct vigil_linux *lx,
			      const struct vigil_cpu *cpu)
{
	if (!(cpu->cr0 & X86_CR0_PG) || !(cpu->efer & VIGIL_EFER_LMA))
		return "the vCPU isn't in long mode yet";
	if (vigil_cpu_levels(cpu) != lx->kernel.levels)
		return "the vCPU uses another depth of page tables";
	return NULL;
}

static const char *prove_text(struct vigil_linux *lx,
			      const struct vigil_cpu *cpu)
{
	struct vigil_pte_walk walk;

	if (vigil_walk(&lx->kernel, symbol(lx, VIGIL_PROFILE_FIELD_SYM_STEXT),
		       &walk))
		return "kernel-root doesn't map sym-stext";
	if (walk.nx || walk.user)
		return "sym-stext isn't kernel text";
	return NULL;
}

static bool read_uts(struct vigil_linux *lx, unsigned int which, char *text)
{
	u64 uts = symbol(lx, VIGIL_PROFILE_FIELD_SYM_INIT_UTS_NS) +
		  vigil_linux_field(lx, VIGIL_PROFILE_FIELD_UTS_NAME);

	if (vigil_linux_read(lx, uts + which * UTS_LEN, text, UTS_LEN))
		return false;
	text[UTS_LEN - 1] = '\0';
	return *text;
}

static const char *prove_banner(struct vigil_linux *lx,
				const struct vigil_cpu *cpu)
{
	char text[UTS_LEN];

	if (!read_uts(lx, UTS_RELEASE, text))
		return "init_uts_ns has no release";
	if (!strstr(lx->profile->banner, text))
		return "the banner is of another release";
	if (!read_uts(lx, UTS_VERSION, text))
		return "init_uts_ns has no version";
	if (!strstr(lx->profile->banner, text))
		return "the banner is of another build";
	return NULL;
}

static bool is_data(const struct vigil_linux *lx, u64 addr)
{
	return addr >= symbol(lx, VIGIL_PROFILE_FIELD_SYM_SDATA) &&
	       addr <= symbol(lx, VIGIL_PROFILE_FIELD_SYM_EDATA);
}

static bool is_linked(struct vigil_linux *lx, u64 node)
{
	u64 link[2], back;

	return !vigil_linux_read(lx, node, link, sizeof(link)) &&
	       !vigil_linux_read(lx, link[0] + sizeof(u64), &back,
				 sizeof(back)) &&
	       back == node &&
	       !vigil_linux_read(lx, link[1], &back, sizeof(back)) &&
	       back == node;
}

static const char *prove_init_pgd(struct vigil_linux *lx,
				  const struct vigil_cpu *cpu)
{
	const u64 mm = symbol(lx, VIGIL_PROFILE_FIELD_SYM_INIT_MM);
	struct vigil_pte_walk walk;
	u64 pgd;

	if (vigil_linux_object(lx, mm, VIGIL_PROFILE_FIELD_MM_PGD, &pgd))
		return "init_mm can't be read";
	if (!is_data(lx, pgd))
		return "init_mm's pgd isn't in the kernel's data";
	if (vigil_walk(&lx->kernel, pgd, &walk) ||
	    walk.gpa != lx->kernel.root)
		return "init_mm's pgd isn't kernel-root";
	return NULL;
}

static const char *prove_init_mm(struct vigil_linux *lx,
				 const struct vigil_cpu *cpu)
{
	const u64 mm = symbol(lx, VIGIL_PROFILE_FIELD_SYM_INIT_MM);
	u64 code[2], data[2];

	if (!is_linked(lx, mm + vigil_linux_field(lx,
						  VIGIL_PROFILE_FIELD_MM_MMLIST)))
		return "init_mm's mmlist is no list";
	if (vigil_linux_u64(lx, mm, VIGIL_PROFILE_FIELD_MM_START_CODE, code) ||
	    vigil_linux_u64(lx, mm, VIGIL_PROFILE_FIELD_MM_END_CODE, code + 1) ||
	    vigil_linux_u64(lx, mm, VIGIL_PROFILE_FIELD_MM_START_DATA, data) ||
	    vigil_linux_u64(lx, mm, VIGIL_PROFILE_FIELD_MM_END_DATA, data + 1))
		return "init_mm can't be read";
	if (code[0] != symbol(lx, VIGIL_PROFILE_FIELD_SYM_STEXT))
		return "init_mm's start_code isn't sym-stext";
	if (code[1] != symbol(lx, VIGIL_PROFILE_FIELD_SYM_ETEXT))
		return "init_mm's end_code isn't sym-etext";
	if (data[0] && data[0] != symbol(lx, VIGIL_PROFILE_FIELD_SYM_SDATA))
		return "init_mm's start_data isn't sym-sdata";
	if (data[1] && !is_data(lx, data[1]))
		return "init_mm's end_data isn't in the kernel's data";
	return NULL;
}

static const char *prove_init_task(struct vigil_linux *lx,
				   const struct vigil_cpu *cpu)
{
	struct vigil_task task;

	if (vigil_linux_read_task(lx,
				  symbol(lx, VIGIL_PROFILE_FIELD_SYM_INIT_TASK),
				  &task))
		return "init_task can't be read";
	if (task.tid || task.pid || task.ppid)
		return "init_task's pid isn't 0";
	/* "swapper" without SMP. */
	if (!strstarts(task.comm, "swapper"))
		return "init_task isn't named swapper";
	if (task.mm || !(task.flags & VIGIL_PF_KTHREAD))
		return "init_task isn't a kernel thread";
	if (task.self_exec_id)
		return "init_task called exec";
	return NULL;
}

/* A process that runs has its program mapped where its mm says. */
static const char *prove_mm(struct vigil_linux *lx,
			    const struct vigil_task *task)
{
	struct vigil_vma vma;
	u64 code;

	if (vigil_linux_u64(lx, task->mm, VIGIL_PROFILE_FIELD_MM_START_CODE,
			    &code))
		return "a process's mm can't be read";
	/* In the middle of exec there is none yet. */
	if (code && vigil_linux_find_vma(lx, task->mm, code, &vma))
		return "a process's program isn't found in its mappings";
	/* start_code comes after exec was counted. */
	if (code && !task->self_exec_id)
		return "a process's program was executed by nobody";
	return NULL;
}

/* The beginning of the list of processes, as one walk has seen it. */
struct first_tasks {
	struct {
		u64 task;
		u64 start_time;
		u32 pid;
	} task[FIRST_TASKS];
	unsigned int nr;
};

static bool is_same_list(const struct first_tasks *a,
			 const struct first_tasks *b)
{
	if (a->nr < FIRST_TASKS || b->nr < FIRST_TASKS)
		return false;
	for (unsigned int i = 0; i < FIRST_TASKS; i++) {
		if (a->task[i].task != b->task[i].task ||
		    a->task[i].start_time != b->task[i].start_time ||
		    a->task[i].pid != b->task[i].pid)
			return false;
	}
	return true;
}

static void note_task(struct first_tasks *first, const struct vigil_task *task)
{
	if (first->nr == FIRST_TASKS)
		return;
	first->task[first->nr].task = task->task;
	first->task[first->nr].start_time = task->start_time;
	first->task[first->nr].pid = task->pid;
	first->nr++;
}

/*
 * Return: 0: all that is looked at could be read; -EAGAIN: not all; -ENODATA:
 * @why it is no list of processes.
 */
static int walk_tasks(struct vigil_linux *lx, struct first_tasks *first,
		      const char **why)
{
	struct vigil_task task;
	u64 cursor = 0;
	int err;

	first->nr = 0;
	for (unsigned int i = 0; i < SOME_TASKS; i++) {
		err = vigil_linux_next_task(lx, &cursor, &task);
		if (err == -ENOENT && i)
			return 0;
		if (err)
			return -EAGAIN;
		if (!i && task.pid != 1) {
			*why = "the first process isn't pid 1";
			return -ENODATA;
		}
		if (!i && task.mm) {
			*why = prove_mm(lx, &task);
			if (*why)
				return -ENODATA;
		}
		note_task(first, &task);
	}
	return 0;
}

/*
 * Processes come and go meanwhile.  What the guest's list can't be is one in
 * which the first neighbours disagree for long, one that never begins the same
 * twice, or one whose first process isn't pid 1.
 */
static const char *prove_tasks(struct vigil_linux *lx,
			       const struct vigil_cpu *cpu)
{
	struct first_tasks walks[2];
	unsigned int same = 0;
	const char *why;
	int err;

	walks[1].nr = 0;
	for (unsigned int i = 0; i < TASK_WALKS; i++) {
		struct first_tasks *now = &walks[i % 2];

		err = walk_tasks(lx, now, &why);
		if (err != -EAGAIN)
			return err ? why : NULL;
		same = is_same_list(now, &walks[(i + 1) % 2]) ? same + 1 : 1;
		if (now->nr == FIRST_TASKS && same == FIRST_WALKS)
			return NULL;
	}
	return "the list of processes can't be walked";
}

/* Does this CR3, either half of a PTI pair, map the kernel's text as ours? */
static bool cr3_maps_kernel(struct vigil_linux *lx, u64 cr3)
{
	const u64 stext = symbol(lx, VIGIL_PROFILE_FIELD_SYM_STEXT);
	struct vigil_pte_walk ours, theirs;
	struct vigil_space space;

	if (vigil_walk(&lx->kernel, stext, &ours))
		return false;
	vigil_space_init(&space, lx->kernel.gm, cr3, lx->kernel.levels);
	if (!vigil_walk(&space, stext, &theirs) && theirs.gpa == ours.gpa)
		return true;
	vigil_space_init(&space, lx->kernel.gm, cr3 & ~VIGIL_CR3_USER,
			 lx->kernel.levels);
	return !vigil_walk(&space, stext, &theirs) && theirs.gpa == ours.gpa;
}

/*
 * In user mode the current task's address space is the loaded one, always.  In
 * the kernel it may be a borrowed one, a temporary one, or the next task's.
 */
static const char *prove_current(struct vigil_linux *lx,
				 const struct vigil_cpu *cpu)
{
	struct vigil_task task;

	if (!cr3_maps_kernel(lx, cpu->cr3))
		return "the loaded page tables don't map this kernel";
	if (vigil_linux_current(lx, cpu, &task))
		return cpu->cpl == 3 ?
		       "the current task's mm isn't the loaded one" :
		       "the current task can't be read";
	return NULL;
}

static const condition kernel_conditions[] = {
	prove_mode,	prove_text,	 prove_banner,	prove_init_pgd,
	prove_init_mm,	prove_init_task, prove_tasks,
};

/**
 * vigil_linux_prove_kernel - Prove that the profile fits the guest's kernel
 * @lx: The guest.
 * @cpu: Registers of one of its vCPUs, taken at any moment.
 * @why: The condition that failed, as a sentence without its end; else NULL.
 *
 * Return: 0, or -ENODATA.
 */
int vigil_linux_prove_kernel(struct vigil_linux *lx,
			     const struct vigil_cpu *cpu, const char **why)
{
	for (size_t i = 0; i < ARRAY_SIZE(kernel_conditions); i++) {
		*why = kernel_conditions[i](lx, cpu);
		if (*why)
			return -ENODATA;
	}
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_linux_prove_kernel);

/**
 * vigil_linux_prove_current - Prove that the current task is found
 * @lx: The guest, its kernel proved.
 * @cpu: Registers of one of its vCPUs.
 * @why: The condition that failed, as a sentence without its end; else NULL.
 *
 * The vCPU runs on: if it has switched to another task since @cpu was taken,
 * a profile that fits fails as well.
 *
 * Return: 0, or -ENODATA.
 */
int vigil_linux_prove_current(struct vigil_linux *lx,
			      const struct vigil_cpu *cpu, const char **why)
{
	*why = prove_current(lx, cpu);
	return *why ? -ENODATA : 0;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_linux_prove_current);

/**
 * vigil_linux_maps_kernel - Does a vCPU run on the kernel of the profile?
 * @lx: The guest.
 * @cpu: Registers of the vCPU, which must not run meanwhile.
 *
 * Tells a task that can't be read from another kernel, which runs after kexec
 * or a reboot.  Costs a dozen reads of the guest; what @lx remembers may be of
 * the kernel before, and is dropped.
 *
 * Return: true if the loaded tables map this kernel's text to the frames where
 * its own table has it, and the release there is the profile's.
 */
bool vigil_linux_maps_kernel(struct vigil_linux *lx,
			     const struct vigil_cpu *cpu)
{
	vigil_space_flush(&lx->kernel);
	return !prove_mode(lx, cpu) && !prove_text(lx, cpu) &&
	       cr3_maps_kernel(lx, cpu->cr3) && !prove_banner(lx, cpu);
}
EXPORT_SYMBOL_IF_KUNIT(vigil_linux_maps_kernel);
