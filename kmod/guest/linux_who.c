// SPDX-License-Identifier: GPL-2.0
/*
 * What people call a process of a Linux guest: its number in its container, its
 * control group, its command line.  For alerts only: a process chooses its
 * command line, and what is read here may change meanwhile.
 */

#include <linux/array_size.h>
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/minmax.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <kunit/visibility.h>

#include "guest/linux_path.h"
#include "guest/linux_read.h"

#define F(name)	VIGIL_PROFILE_FIELD_##name

/* MAX_PID_NS_LEVEL */
#define MAX_PID_LEVEL		32
/* Directories of control groups in each other; the guest's limit may be higher. */
#define MAX_CGROUP_DEPTH	64
/* Most names end in the first piece. */
#define NAME_PIECE		64

static bool who_has_pids(const struct vigil_linux *lx)
{
	/* upid-nr may be 0 where there is one. */
	return vigil_linux_field(lx, F(TASK_THREAD_PID)) &&
	       vigil_linux_field(lx, F(PID_LEVEL)) &&
	       vigil_linux_field(lx, F(PID_NUMBERS)) &&
	       vigil_linux_field(lx, F(UPID_SIZE));
}

static int who_read_ns_pid(struct vigil_linux *lx, u64 leader, u32 *number)
{
	u64 pid, after;
	u32 level;
	int err;

	err = vigil_linux_pointer(lx, leader, F(TASK_THREAD_PID), &pid);
	if (err)
		return err;
	/* A dead process has given its numbers back. */
	if (!pid)
		return -ENOENT;
	err = vigil_linux_u32(lx, pid, F(PID_LEVEL), &level);
	if (err)
		return err;
	if (level > MAX_PID_LEVEL)
		return -EUCLEAN;
	if (!level)
		return -ENOENT;
	err = vigil_linux_u32(lx, pid + vigil_linux_field(lx, F(PID_NUMBERS)) +
			      level * vigil_linux_field(lx, F(UPID_SIZE)),
			      F(UPID_NR), number);
	if (err)
		return err;
	if (*number >= VIGIL_MAX_TASKS)
		return -EUCLEAN;
	/* exec by a thread gives the leader's to that one. */
	err = vigil_linux_pointer(lx, leader, F(TASK_THREAD_PID), &after);
	if (err)
		return err;
	return after == pid ? 0 : -EAGAIN;
}

/**
 * vigil_linux_ns_pid - Find the number that a process has in its own namespace
 * @lx: The guest.
 * @leader: Address of the leader's task_struct.
 * @pid: Result, undefined after an error: its id in the innermost PID namespace.
 *
 * Return: 0; -ENOENT if that is the initial namespace, if the process is gone,
 * or if the guest's kernel or its profile doesn't have namespaces; or an error.
 */
int vigil_linux_ns_pid(struct vigil_linux *lx, u64 leader, u32 *pid)
{
	unsigned int try = 0;
	int err;

	if (!who_has_pids(lx))
		return -ENOENT;
	do {
		err = who_read_ns_pid(lx, leader, pid);
	} while (vigil_linux_again(lx, try++, err));
	return err;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_linux_ns_pid);

static bool who_has_cgroups(const struct vigil_linux *lx)
{
	return vigil_linux_field(lx, F(TASK_CGROUPS)) &&
	       vigil_linux_field(lx, F(CSS_SET_DFL_CGRP)) &&
	       vigil_linux_field(lx, F(CGROUP_KN)) &&
	       vigil_linux_field(lx, F(KERNFS_NAME)) &&
	       vigil_linux_field(lx, F(KERNFS_PARENT));
}

/* A string of unknown length; its last piece ends where a page does. */
static int who_read_name(struct vigil_linux *lx, u64 addr, char *name,
			 size_t *len)
{
	size_t done = 0, piece;
	int err;

	while (done <= VIGIL_NAME_MAX) {
		piece = min_t(size_t, NAME_PIECE, VIGIL_NAME_MAX + 1 - done);
		piece = min_t(size_t, piece, SZ_4K - (addr + done) % SZ_4K);
		err = vigil_linux_read(lx, addr + done, name + done, piece);
		if (err)
			return err;
		*len = done + strnlen(name + done, piece);
		done += piece;
		if (*len < done)
			return 0;
	}
	return -EUCLEAN;
}

/* One directory up.  0: it was the root; 1: go on; -ENAMETOOLONG: no room. */
static int who_cgroup_step(struct vigil_linux *lx, u64 *node,
			   struct vigil_path_writer *w)
{
	u64 parent, text;
	const struct vigil_linux_part parts[] = {
		{ F(KERNFS_PARENT), sizeof(parent), &parent },
		{ F(KERNFS_NAME), sizeof(text), &text },
	};
	char name[VIGIL_NAME_MAX + 1];
	size_t len;
	int err;

	err = vigil_linux_read_parts(lx, *node, parts, ARRAY_SIZE(parts));
	if (err || !parent)
		return err;
	err = vigil_linux_check_object(lx, parent);
	if (err)
		return err;
	err = who_read_name(lx, text, name, &len);
	if (err)
		return err;
	if (!len || memchr(name, '/', len))
		return -EUCLEAN;
	if (!vigil_path_prepend(w, name, len))
		return -ENAMETOOLONG;
	*node = parent;
	return 1;
}

static int who_read_cgroup(struct vigil_linux *lx, u64 leader,
			   struct vigil_path_writer *w)
{
	u64 set, cgroup, node;
	int err;

	err = vigil_linux_object(lx, leader, F(TASK_CGROUPS), &set) ?:
	      vigil_linux_object(lx, set, F(CSS_SET_DFL_CGRP), &cgroup) ?:
	      vigil_linux_object(lx, cgroup, F(CGROUP_KN), &node);
	if (err)
		return err;
	for (unsigned int depth = 0; depth < MAX_CGROUP_DEPTH; depth++) {
		err = who_cgroup_step(lx, &node, w);
		if (err <= 0)
			return err;
	}
	return -EUCLEAN;
}

/**
 * vigil_linux_cgroup - Name the control group of a process
 * @lx: The guest.
 * @leader: Address of the leader's task_struct.
 * @buf: Its path in the unified hierarchy, "/" for the root; as that of
 *	vigil_linux_file_path().
 * @size: Of @buf, at least 16.
 *
 * Return: 0; -ENOENT if the guest's kernel or its profile doesn't have control
 * groups; or an error.
 */
int vigil_linux_cgroup(struct vigil_linux *lx, u64 leader, char *buf,
		       size_t size)
{
	struct vigil_path_writer w;
	unsigned int try = 0;
	int err;

	*buf = '\0';
	if (!who_has_cgroups(lx))
		return -ENOENT;
	do {
		vigil_path_begin(&w, buf, size);
		err = who_read_cgroup(lx, leader, &w);
	} while (err != -ENAMETOOLONG && vigil_linux_again(lx, try++, err));

	vigil_path_finish(&w, err);
	return err == -ENAMETOOLONG ? 0 : err;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_linux_cgroup);

/**
 * vigil_linux_cgroup_id - Tell the control group of a process from others
 * @lx: The guest.
 * @leader: Address of the leader's task_struct.
 *
 * Return: the address of its control group in the unified hierarchy; 0 if that
 * can't be told.
 */
u64 vigil_linux_cgroup_id(struct vigil_linux *lx, u64 leader)
{
	u64 set, cgroup;

	if (!vigil_linux_field(lx, F(TASK_CGROUPS)) ||
	    !vigil_linux_field(lx, F(CSS_SET_DFL_CGRP)) ||
	    vigil_linux_object(lx, leader, F(TASK_CGROUPS), &set) ||
	    vigil_linux_object(lx, set, F(CSS_SET_DFL_CGRP), &cgroup))
		return 0;
	return cgroup;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_linux_cgroup_id);

/**
 * vigil_linux_cmdline - Read the command line of a process
 * @lx: The guest.
 * @root: Top-level table of its address space, &vigil_task.root.
 * @layout: Its fixed points.
 * @buf: Result: the bytes that the process has there, each argument ended by a 0
 *	unless it changed that.
 * @len: Size of @buf; after success the bytes in it, the first ones up to what
 *	isn't mapped; 0 after an error.
 *
 * Return: 0; -ENOENT if there is none, or if nothing of it is mapped now; or
 * -EUCLEAN.
 */
int vigil_linux_cmdline(struct vigil_linux *lx, u64 root,
			const struct vigil_mm_layout *layout, char *buf,
			size_t *len)
{
	const u64 end = lx->kernel.levels == 5 ? BIT_ULL(56) : BIT_ULL(47);
	const size_t size = *len;
	struct vigil_space user;
	u64 left;
	size_t piece;

	*len = 0;
	if (!root || layout->arg_start > layout->arg_end ||
	    layout->arg_end > end)
		return -EUCLEAN;
	left = min_t(u64, size, layout->arg_end - layout->arg_start);

	/* Walked anew: user mode changes its mappings all the time. */
	vigil_space_init(&user, lx->kernel.gm, root, lx->kernel.levels);
	while (left) {
		const u64 addr = layout->arg_start + *len;

		piece = min_t(u64, left, SZ_4K - addr % SZ_4K);
		if (vigil_virt_read(&user, addr, buf + *len, piece))
			break;
		*len += piece;
		left -= piece;
	}
	return *len ? 0 : -ENOENT;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_linux_cmdline);
