// SPDX-License-Identifier: GPL-2.0
/*
 * A process or a thread that takes another name before its code runs.
 * atk-rename prctl|comm|thread|leader|early
 */
#include "inject.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *at;

static void write_comm(void)
{
	int fd = open("/proc/self/comm", O_WRONLY);

	if (fd < 0 || write(fd, "innocent", 8) != 8)
		give_up("/proc/self/comm");
	close(fd);
}

/* Of the process only this thread has the name. */
static void *innocent_thread(void *unused)
{
	take_innocent_name();
	strike("rename", at);
	return unused;
}

/* The process has no other thread any more, and no memory in its leader's task. */
static void *last_thread(void *unused)
{
	(void)unused;
	usleep(200000);
	take_innocent_name();
	exit(strike("rename", at));
}

static int start(void *(*thread)(void *unused))
{
	pthread_t id;

	if (pthread_create(&id, NULL, thread, NULL))
		give_up("pthread_create");
	if (thread != last_thread)
		return pthread_join(id, NULL);
	take_innocent_name();
	pthread_exit(NULL);
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "prctl";

	at = map_injected(&say_injected);
	/* before the gate, and its code is run by a thread that nobody has seen */
	if (!strcmp(how, "early")) {
		sleep(2);
		take_innocent_name();
	}
	settle();
	if (!strcmp(how, "thread") || !strcmp(how, "early"))
		return start(innocent_thread);
	if (!strcmp(how, "leader"))
		return start(last_thread);
	if (!strcmp(how, "comm"))
		write_comm();
	else
		take_innocent_name();
	return strike("rename", at);
}
