// SPDX-License-Identifier: GPL-2.0
/*
 * Two containers, i.e. PID and user namespaces: in one the first process runs the
 * code, in the other its child. Both have the innocent name, and pids that there are
 * outside as well.
 */
#define _GNU_SOURCE
#include "inject.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* /proc was mounted outside, and names processes as they are called there. */
static void announce_outside(const void *code)
{
	char said[64] = "";
	int pid, tid;

	if (readlink("/proc/thread-self", said, sizeof(said) - 1) < 0 ||
	    sscanf(said, "%d/task/%d", &pid, &tid) != 2)
		give_up("/proc/thread-self");
	dprintf(1, "attack: ns pid=%d tid=%d code=%lx-%lx\n", pid, tid,
		(long)code, (long)code + say_injected.size);
	dprintf(1, "inside: pid=%d ns_pid=%d\n", pid, getpid());
}

/* Each has memory of its own: the same page is asked about once. */
static _Noreturn void strike_inside(void)
{
	void *at = map_injected(&say_injected);

	take_innocent_name();
	announce_outside(at);
	jump(at);
	_exit(0);
}

static pid_t fork_inside(void)
{
	pid_t pid = syscall(SYS_clone, CLONE_NEWPID | CLONE_NEWUSER | SIGCHLD,
			    0, 0, 0, 0);

	if (pid < 0)
		pid = syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0);
	if (pid < 0)
		give_up("clone");
	return pid;
}

int main(void)
{
	int status, second;
	pid_t pid;

	settle();
	pid = fork_inside();
	if (!pid)
		strike_inside();
	waitpid(pid, &status, 0);
	pid = fork_inside();
	if (!pid) {
		pid = fork();
		if (!pid)
			strike_inside();
		waitpid(pid, &second, 0);
		_exit(shell_status(second));
	}
	waitpid(pid, &second, 0);
	return shell_status(second) == shell_status(status) ?
	       shell_status(second) : 1;
}
