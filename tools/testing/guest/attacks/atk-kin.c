// SPDX-License-Identifier: GPL-2.0
/*
 * Another process of the same program takes another name and runs the code first,
 * then the process itself does. "orphan" and "sibling" are no child of it, and
 * alone. atk-kin vfork|vm|cow|orphan|sibling
 */
#define _GNU_SOURCE
#include "inject.h"

#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static _Alignas(16) char stack[16 * PAGE];

static int be_innocent(void *at)
{
	take_innocent_name();
	_exit(strike("kin", at));
}

/* With the memory itself, not a copy of it. */
static pid_t share(int flags, void *at)
{
	return clone(be_innocent, stack + sizeof(stack),
		     CLONE_VM | SIGCHLD | flags, at);
}

static pid_t fork_innocent(void *at)
{
	pid_t pid = fork();

	if (!pid)
		be_innocent(at);
	return pid;
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "cow";
	void *at = map_injected(&say_injected);
	pid_t pid;

	settle();
	if (!strcmp(how, "orphan"))
		return strike_as_stranger("kin", fork_orphan, at);
	if (!strcmp(how, "sibling"))
		return strike_as_stranger("kin", fork_sibling, at);
	if (!strcmp(how, "vfork"))
		pid = share(CLONE_VFORK, at);
	else if (!strcmp(how, "vm"))
		pid = share(0, at);
	else
		pid = fork_innocent(at);
	if (pid < 0)
		give_up("clone");
	waitpid(pid, NULL, 0);
	return strike("kin", at);
}
