// SPDX-License-Identifier: GPL-2.0
/*
 * Proof that a profile fits the Windows guest that runs, see linux_prove.c.
 */

#include <linux/errno.h>
#include <linux/export.h>
#include <linux/string.h>
#include <kunit/visibility.h>

#include "core/cpu.h"
#include "core/pte.h"
#include "guest/windows_read.h"

#define F(name)	VIGIL_WINDOWS_FIELD_##name

/* KPROCESS begins with a DISPATCHER_HEADER, which begins with its type. */
#define TYPE_PROCESS	3

/* How much of the list of processes is looked at, System is the first. */
#define SOME_PROCESSES	64

/* A condition returns why it does not hold, or NULL. */
typedef const char *(*condition)(struct vigil_windows *win,
				 const struct vigil_cpu *cpu);

static const char *windows_prove_mode(struct vigil_windows *win,
				      const struct vigil_cpu *cpu)
{
	if (!(cpu->cr0 & X86_CR0_PG) || !(cpu->efer & VIGIL_EFER_LMA))
		return "the vCPU isn't in long mode yet";
	if (vigil_cpu_levels(cpu) != win->kernel.levels)
		return "the vCPU uses another depth of page tables";
	return NULL;
}

/* The banner ends with what identifies the build. */
static bool windows_is_of_build(const char *banner, const char *pdb_id)
{
	const size_t banner_len = strlen(banner), len = strlen(pdb_id);

	return banner_len > len && banner[banner_len - len - 1] == ' ' &&
	       !strcmp(banner + banner_len - len, pdb_id);
}

static const char *windows_prove_image(struct vigil_windows *win,
				       const struct vigil_cpu *cpu)
{
	const u64 base = vigil_windows_field(win, F(KERNEL_BASE));
	struct vigil_win_image image;
	struct vigil_pte_walk walk;

	if (vigil_walk(&win->kernel, base, &walk))
		return "kernel-root doesn't map kernel-base";
	if (walk.user)
		return "kernel-base isn't the kernel's";
	if (vigil_windows_read_image(win, base, &image))
		return "kernel-base is no image";
	if (image.size != vigil_windows_field(win, F(KERNEL_SIZE)))
		return "the image isn't of kernel-size";
	if (!windows_is_of_build(win->profile->banner, image.pdb_id))
		return "the banner is of another build";
	return NULL;
}

static const char *windows_prove_system(struct vigil_windows *win,
					const struct vigil_cpu *cpu)
{
	const u64 root = vigil_windows_field(win, F(KERNEL_ROOT));
	struct vigil_win_process process;
	u64 cursor = 0;
	u8 type;

	if (vigil_windows_next_process(win, &cursor, &process))
		return "the list of processes can't be read";
	if (process.pid != VIGIL_WIN_SYSTEM_PID ||
	    strcmp(process.name, "System"))
		return "the first process isn't System with pid 4";
	if (vigil_windows_read(win, process.eprocess, &type, sizeof(type)) ||
	    type != TYPE_PROCESS)
		return "System isn't a process";
	if ((process.cr3 & VIGIL_CR3_ADDR) != root)
		return "System's page table isn't kernel-root";
	return NULL;
}

/*
 * System's only: one that an attack has changed in another process is to be
 * found, not to make the profile unfit to find it.
 */
static const char *windows_prove_slot(struct vigil_windows *win,
				      const struct vigil_cpu *cpu)
{
	const u64 root = vigil_windows_field(win, F(KERNEL_ROOT));
	u64 entry;

	if (vigil_windows_self_map(win, root, &entry))
		return "kernel-root isn't in the guest's memory";
	if (!(entry & VIGIL_PTE_PRESENT) || (entry & VIGIL_PTE_ADDR) != root)
		return "System's self-map-slot doesn't point to its own table";
	return NULL;
}

/* Processes come and go meanwhile. */
static const char *windows_prove_list(struct vigil_windows *win,
				      const struct vigil_cpu *cpu)
{
	struct vigil_win_process process;
	u64 cursor = 0;
	int err;

	for (unsigned int i = 0; i < SOME_PROCESSES; i++) {
		err = vigil_windows_next_process(win, &cursor, &process);
		if (err == -ENOENT)
			return NULL;
		if (err)
			return "the list of processes can't be walked";
	}
	return NULL;
}

/* Does this CR3 map the kernel's image as System does? */
static bool windows_maps_kernel(struct vigil_windows *win, u64 cr3)
{
	const u64 base = vigil_windows_field(win, F(KERNEL_BASE));
	struct vigil_pte_walk ours, theirs;
	struct vigil_space space;

	vigil_space_init(&space, win->kernel.gm, cr3, win->kernel.levels);
	return !vigil_walk(&win->kernel, base, &ours) &&
	       !vigil_walk(&space, base, &theirs) && theirs.gpa == ours.gpa;
}

/*
 * In user mode the current process's address space is the loaded one, always.
 * In the kernel it may be the next or the last process's, and on the way in and
 * out it is the table of user mode, which maps no more than that way.
 */
static const char *windows_prove_current(struct vigil_windows *win,
					 const struct vigil_cpu *cpu)
{
	struct vigil_win_process process;

	if (vigil_windows_current(win, cpu, &process))
		return cpu->cpl == 3 ?
		       "the current process's page table isn't the loaded one" :
		       "the current process can't be read";
	if (cpu->cpl != 3 && !vigil_windows_loads(cpu, &process) &&
	    !windows_maps_kernel(win, cpu->cr3))
		return "the loaded page tables don't map this kernel";
	return NULL;
}

static const condition kernel_conditions[] = {
	windows_prove_mode, windows_prove_image, windows_prove_system,
	windows_prove_slot, windows_prove_list, NULL,
};

static const condition same_conditions[] = {
	windows_prove_mode, windows_prove_image, windows_prove_slot, NULL,
};

static int windows_prove_all(const condition *conditions,
			     struct vigil_windows *win,
			     const struct vigil_cpu *cpu, const char **why)
{
	for (; *conditions; conditions++) {
		*why = (*conditions)(win, cpu);
		if (*why)
			return -ENODATA;
	}
	return 0;
}

/**
 * vigil_windows_prove_kernel - Prove that the profile fits the guest's kernel
 * @win: The guest.
 * @cpu: Registers of one of its vCPUs, taken at any moment.
 * @why: The condition that failed, as a sentence without its end; else NULL.
 *
 * Return: 0, or -ENODATA.
 */
int vigil_windows_prove_kernel(struct vigil_windows *win,
			       const struct vigil_cpu *cpu, const char **why)
{
	return windows_prove_all(kernel_conditions, win, cpu, why);
}
EXPORT_SYMBOL_IF_KUNIT(vigil_windows_prove_kernel);

/**
 * vigil_windows_prove_same - Prove that it still is the guest that was proved
 * @win: The guest.
 * @cpu: Registers of one of its vCPUs, taken at any moment.
 * @why: The condition that failed, as a sentence without its end; else NULL.
 *
 * Its kernel is where it was.  What an attack can break without being seen, as
 * the list of processes, must not end the protection against it.
 *
 * Return: 0, or -ENODATA.
 */
int vigil_windows_prove_same(struct vigil_windows *win,
			     const struct vigil_cpu *cpu, const char **why)
{
	return windows_prove_all(same_conditions, win, cpu, why);
}
EXPORT_SYMBOL_IF_KUNIT(vigil_windows_prove_same);

/**
 * vigil_windows_prove_current - Prove that the current process is found
 * @win: The guest, its kernel proved.
 * @cpu: Registers of one of its vCPUs.
 * @why: The condition that failed, as a sentence without its end; else NULL.
 *
 * The vCPU runs on, see vigil_linux_prove_current().
 *
 * Return: 0, or -ENODATA.
 */
int vigil_windows_prove_current(struct vigil_windows *win,
				const struct vigil_cpu *cpu, const char **why)
{
	*why = windows_prove_current(win, cpu);
	return *why ? -ENODATA : 0;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_windows_prove_current);
