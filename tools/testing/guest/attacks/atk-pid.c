// SPDX-License-Identifier: GPL-2.0
/*
 * A process that has the pid of another one, which waited at the gate and has ended.
 */
#include "inject.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* Nobody uses the pid, but the kernel may not have it back yet. */
#define TRIES	200

static int strike_as(int wanted)
{
	int status;
	pid_t pid;

	for (int i = 0; i < TRIES; i++) {
		set_next_pid(wanted);
		pid = fork();
		if (pid < 0)
			give_up("fork");
		if (!pid && getpid() != wanted)
			_exit(0);
		if (!pid) {
			/* until vigil has seen it, as settle() does at no gate */
			usleep(300000);
			exit(strike("pid", map_injected(&say_injected)));
		}
		waitpid(pid, &status, 0);
		if (pid == wanted)
			return shell_status(status);
		usleep(10000);
	}
	return 3;
}

int main(void)
{
	pid_t pid = fork();

	if (pid < 0)
		give_up("fork");
	if (!pid) {
		pause();
		_exit(0);
	}
	wait_at_gate(pid);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return strike_as(pid);
}
