// SPDX-License-Identifier: GPL-2.0
/*
 * What alerts say of a process.
 */
#include <linux/export.h>
#include <linux/string.h>
#include <net/netlink.h>
#include <kunit/visibility.h>

#include <uapi/linux/vigil.h>

#include "guest/linux.h"
#include "protect/alert_process.h"

/**
 * vigil_alert_program_read - Find out what a process runs, and where
 * @program: the result; what can't be told stays empty
 * @lx: the guest
 * @t: a task of the process
 */
void vigil_alert_program_read(struct vigil_alert_program *program,
			      struct vigil_linux *lx,
			      const struct vigil_task *t)
{
	struct vigil_mm_layout layout;
	size_t len = sizeof(program->cmdline);

	memset(program, 0, sizeof(*program));
	if (vigil_linux_ns_pid(lx, t->leader, &program->ns_pid))
		program->ns_pid = 0;
	if (vigil_linux_cgroup(lx, t->leader, program->cgroup,
			       sizeof(program->cgroup)))
		program->cgroup[0] = '\0';
	if (!t->mm || vigil_linux_mm_layout(lx, t->mm, &layout))
		return;
	if (!vigil_linux_cmdline(lx, t->root, &layout, program->cmdline, &len))
		program->cmdline_len = len;
	if (!layout.exe_file)
		return;
	if (vigil_linux_file_path(lx, layout.exe_file, program->exe,
				  sizeof(program->exe)))
		program->exe[0] = '\0';
	program->exe_deleted = vigil_linux_file_is_deleted(lx, layout.exe_file);
}

/**
 * vigil_alert_program_put - Put what a process runs among its attributes
 * @msg: the message
 * @program: what it runs
 *
 * Return: 0 or -EMSGSIZE.
 */
int vigil_alert_program_put(struct sk_buff *msg,
			    const struct vigil_alert_program *program)
{
	if (program->exe[0] &&
	    (nla_put_string(msg, VIGIL_A_PROCESS_EXE, program->exe) ||
	     (program->exe_deleted &&
	      nla_put_flag(msg, VIGIL_A_PROCESS_EXE_DELETED))))
		return -EMSGSIZE;
	if (program->ns_pid &&
	    nla_put_u32(msg, VIGIL_A_PROCESS_NS_PID, program->ns_pid))
		return -EMSGSIZE;
	if (program->cgroup[0] &&
	    nla_put_string(msg, VIGIL_A_PROCESS_CGROUP, program->cgroup))
		return -EMSGSIZE;
	if (program->cmdline_len &&
	    nla_put(msg, VIGIL_A_PROCESS_CMDLINE, program->cmdline_len,
		    program->cmdline))
		return -EMSGSIZE;
	return 0;
}

/**
 * vigil_alert_process_put - Put a process in the message of an alert
 * @msg: the message
 * @attr: the attribute that it becomes
 * @p: the process
 * @program: what it runs, or NULL
 *
 * Return: 0, also if there is no process; or -EMSGSIZE.
 */
int vigil_alert_process_put(struct sk_buff *msg, u16 attr,
			    const struct vigil_alert_process *p,
			    const struct vigil_alert_program *program)
{
	struct nlattr *nest;

	if (!p->task)
		return 0;
	nest = nla_nest_start(msg, attr);
	if (!nest ||
	    nla_put_u32(msg, VIGIL_A_PROCESS_PID, p->pid) ||
	    nla_put_u32(msg, VIGIL_A_PROCESS_PPID, p->ppid) ||
	    nla_put_string(msg, VIGIL_A_PROCESS_COMM, p->comm) ||
	    nla_put_uint(msg, VIGIL_A_PROCESS_START_TIME, p->start_time) ||
	    nla_put_uint(msg, VIGIL_A_PROCESS_TASK, p->task) ||
	    nla_put_uint(msg, VIGIL_A_PROCESS_ROOT, p->root))
		return -EMSGSIZE;
	/* A process of Windows is not root's. */
	if (p->mm &&
	    (nla_put_u32(msg, VIGIL_A_PROCESS_UID, p->uid) ||
	     nla_put_u32(msg, VIGIL_A_PROCESS_GID, p->gid) ||
	     nla_put_uint(msg, VIGIL_A_PROCESS_MM, p->mm)))
		return -EMSGSIZE;
	if (program && vigil_alert_program_put(msg, program))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_alert_process_put);
