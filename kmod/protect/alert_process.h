/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What alerts say of a process.
 */
#ifndef _VIGIL_ALERT_PROCESS_H
#define _VIGIL_ALERT_PROCESS_H

#include <linux/stddef.h>
#include <linux/types.h>

#include <uapi/linux/netlink.h>

struct sk_buff;
struct vigil_linux;
struct vigil_task;

/* What an attribute takes in a message, at most. */
#define VIGIL_ATTR_SIZE(len)	(NLA_HDRLEN + NLA_ALIGN(len))

/* Of a buffer for the path of a file. */
#define VIGIL_PATH_SIZE		1024

/**
 * struct vigil_alert_process - A process of any guest
 */
struct vigil_alert_process {
	/** @task: Address of what the guest's kernel has for it; 0: none. */
	u64 task;
	/** @mm: Of Linux, as @uid and @gid. */
	u64 mm;
	u64 root;
	u64 start_time;
	u32 pid;
	u32 ppid;
	u32 uid;
	u32 gid;
	char comm[16];
};

#define VIGIL_ALERT_CGROUP	256
#define VIGIL_ALERT_CMDLINE	256

/**
 * struct vigil_alert_program - What a process of Linux runs, and where
 *
 * All text is bytes as the guest has them.
 */
struct vigil_alert_program {
	/** @exe: Empty if it can't be told, as @cgroup. */
	char exe[VIGIL_PATH_SIZE];
	char cgroup[VIGIL_ALERT_CGROUP];
	/** @cmdline: Of @cmdline_len bytes, 0 if it can't be told. */
	char cmdline[VIGIL_ALERT_CMDLINE];
	u16 cmdline_len;
	/** @exe_deleted: The file has no name any more. */
	bool exe_deleted;
	/** @ns_pid: 0 if its PID namespace is the initial one, or not known. */
	u32 ns_pid;
};

/* In a message, with all there can be of it. */
#define VIGIL_ALERT_PROCESS_MSG						\
	(VIGIL_ATTR_SIZE(0) +						\
	 5 * VIGIL_ATTR_SIZE(sizeof(u32)) +				\
	 4 * VIGIL_ATTR_SIZE(sizeof(u64)) +				\
	 VIGIL_ATTR_SIZE(sizeof_field(struct vigil_alert_process, comm)) + \
	 VIGIL_ATTR_SIZE(VIGIL_PATH_SIZE) + VIGIL_ATTR_SIZE(0) +	\
	 VIGIL_ATTR_SIZE(VIGIL_ALERT_CGROUP) +				\
	 VIGIL_ATTR_SIZE(VIGIL_ALERT_CMDLINE))

void vigil_alert_program_read(struct vigil_alert_program *program,
			      struct vigil_linux *lx,
			      const struct vigil_task *t);
int vigil_alert_program_put(struct sk_buff *msg,
			    const struct vigil_alert_program *program);
int vigil_alert_process_put(struct sk_buff *msg, u16 attr,
			    const struct vigil_alert_process *p,
			    const struct vigil_alert_program *program);

#endif /* _VIGIL_ALERT_PROCESS_H */
