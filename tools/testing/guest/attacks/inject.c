// SPDX-License-Identifier: GPL-2.0
/* The injected code and how it is told. */

#define _GNU_SOURCE
#include "inject.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SETTLE_MS	300

void give_up(const char *name)
{
	perror(name);
	exit(2);
}

void *map_pages(int prot, int flags, int fd)
{
	void *at = mmap(NULL, 4 * PAGE, prot, flags, fd, 0);

	if (at == MAP_FAILED)
		give_up("mmap");
	return at;
}

void plant(void *where, const struct snippet *snippet)
{
	memcpy(where, snippet->code, snippet->size);
}

void announce(const char *name, const void *code)
{
	uintptr_t start = (uintptr_t)code;

	/* one write, past stdio: what follows may be the last instruction */
	dprintf(1, "attack: %s pid=%d tid=%d code=%lx-%lx\n", name, getpid(),
		gettid(), start, start + say_injected.size);
}

void jump(const void *code)
{
	((injected_fn)(uintptr_t)code)(NULL);
}

int strike(const char *name, const void *code)
{
	announce(name, code);
	jump(code);
	dprintf(1, "attack: %s returned\n", name);
	return 0;
}

void *map_injected(const struct snippet *snippet)
{
	void *at = map_pages(PROT_READ | PROT_WRITE | PROT_EXEC,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1);

	plant(at, snippet);
	return at;
}

/* --- who runs it ------------------------------------------------------------ */

void wait_at_gate(int pid)
{
	const char *gate = getenv("GATE");

	if (!gate)
		return;
	dprintf(1, "waiting: pid=%d\n", pid);
	while (access(gate, F_OK))
		usleep(20000);
}

void settle(void)
{
	const char *ms = getenv("SETTLE");

	if (getenv("GATE"))
		wait_at_gate(getpid());
	else
		usleep(1000 * (ms ? atoi(ms) : SETTLE_MS));
}

void take_innocent_name(void)
{
	if (prctl(PR_SET_NAME, "innocent"))
		give_up("PR_SET_NAME");
}

void copy_self(const char *path)
{
	static char data[1 << 16];
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), to;
	ssize_t size;

	unlink(path);
	to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	while ((size = read(from, data, sizeof(data))) > 0) {
		if (write(to, data, size) != size)
			give_up(path);
	}
	if (size || close(to))
		give_up(path);
	close(from);
}

pid_t fork_sibling(void)
{
	return syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
}

pid_t fork_orphan(void)
{
	pid_t pid = fork(), parent;

	if (pid) {
		if (pid > 0)
			waitpid(pid, NULL, 0);
		return pid;
	}
	parent = getpid();
	pid = fork();
	if (pid)
		_exit(0);
	while (getppid() == parent)
		usleep(1000);
	return 0;
}

/* Nobody here can wait for it: it tells by a pipe that it lived on. */
int strike_as_stranger(const char *name, pid_t (*make)(void), const void *code)
{
	int ends[2];
	char lives;

	if (pipe(ends))
		give_up("pipe");
	switch (make()) {
	case -1:
		give_up("fork");
	case 0:
		take_innocent_name();
		strike(name, code);
		_exit(write(ends[1], "x", 1) != 1);
	}
	close(ends[1]);
	return read(ends[0], &lives, 1) == 1 ? 0 : 128 + SIGILL;
}

int shell_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
				     WEXITSTATUS(status);
}

void set_next_pid(int pid)
{
	int fd = open("/proc/sys/kernel/ns_last_pid", O_WRONLY);

	if (fd < 0 || dprintf(fd, "%d", pid - 1) < 0)
		give_up("ns_last_pid");
	close(fd);
}

/* --- more tries than one ---------------------------------------------------- */

static atomic_int tries[MISSED + 1];
static __thread sigjmp_buf before_try;

static void leave_try(int sig)
{
	siglongjmp(before_try, sig);
}

void begin_tries(const char *name, const void *code)
{
	signal(SIGILL, leave_try);
	signal(SIGSEGV, leave_try);
	signal(SIGBUS, leave_try);
	announce(name, code);
}

enum outcome try_jump(const void *code)
{
	volatile enum outcome outcome = MISSED;
	volatile int counter = 0;

	switch (sigsetjmp(before_try, 1)) {
	case 0:
		((injected_fn)(uintptr_t)code)(&counter);
		break;
	case SIGILL:
		outcome = REFUSED;
		break;
	}
	/* told at once: the process may not live until its end */
	if (counter) {
		outcome = RAN;
		if (!tries[RAN])
			dprintf(1, "INJECTED\n");
	}
	tries[outcome]++;
	return outcome;
}

static atomic_int turns, turns_over;
static pthread_t changer;

static void end_turns(int sig)
{
	(void)sig;
	atomic_store(&turns_over, 1);
}

void begin_turns(const char *name, const void *code, int seconds,
		 void *(*change)(void *arg), void *arg)
{
	begin_tries(name, code);
	signal(SIGALRM, end_turns);
	alarm(seconds);
	if (pthread_create(&changer, NULL, change, arg))
		give_up("pthread_create");
}

int trying(void)
{
	return !atomic_load(&turns_over);
}

void next_turn(void)
{
	atomic_fetch_add(&turns, 1);
}

int await_turn(void)
{
	static int last;
	int now;

	do {
		now = atomic_load(&turns);
		if (!trying()) {
			pthread_join(changer, NULL);
			return 0;
		}
	} while (now == last);
	last = now;
	return 1;
}

int end_tries(const char *name)
{
	dprintf(1, "attack: %s ran=%d refused=%d missed=%d\n", name,
		tries[RAN], tries[REFUSED], tries[MISSED]);
	if (tries[RAN])
		return 0;
	if (!tries[REFUSED])
		return 3;
	signal(SIGILL, SIG_DFL);
	raise(SIGILL);
	return 1;
}
