// SPDX-License-Identifier: GPL-2.0
/*
 * Executes itself under another name, which runs the code: as a copy, a hard link or
 * a symbolic link. atk-exec copy|link|symlink. The copy by another thread than the
 * leader, whose place that takes, and long after, when all of it was executed before:
 * atk-exec thread
 */
#include "inject.h"

#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define INNOCENT	"/var/cache/innocent"

/* For those that are known to be looked at, several times. */
#define LONG_S		6

static void *execute(void *how)
{
	execl(INNOCENT, "innocent", how, NULL);
	give_up("exec");
}

/* It is executed once before, so that the next time nothing of it is new. */
static void warm_up(void)
{
	pid_t pid = fork();

	if (!pid)
		execute("nothing");
	if (pid < 0)
		give_up("fork");
	waitpid(pid, NULL, 0);
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "copy";
	char own[256] = "";
	pthread_t thread;

	if (!strcmp(how, "nothing"))
		return 0;
	if (!strcmp(how, "late"))
		sleep(LONG_S);
	if (!strcmp(how, "strike") || !strcmp(how, "late"))
		return strike("exec", map_injected(&say_injected));
	settle();
	unlink(INNOCENT);
	if (readlink("/proc/self/exe", own, sizeof(own) - 1) < 0)
		give_up("/proc/self/exe");
	if (!strcmp(how, "copy") || !strcmp(how, "thread"))
		copy_self(INNOCENT);
	else if (strcmp(how, "link") ? symlink(own, INNOCENT) :
				       link(own, INNOCENT))
		give_up(INNOCENT);
	if (!strcmp(how, "thread")) {
		warm_up();
		sleep(LONG_S);
		if (pthread_create(&thread, NULL, execute, "late"))
			give_up("thread");
		pthread_join(thread, NULL);
	}
	execute("strike");
}
