// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that a program which nobody protects has executed, and then this one does:
 * how long after the other's last execution it still can. In memory that is the same
 * (memfd, sysv) or that the kernel has merged (ksm). atk-sharer memfd|sysv|ksm
 */
#define _GNU_SOURCE
#include "inject.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define OTHER		"/var/cache/other"
#define TRIES		3
/* While the other goes on executing it. */
#define MEANWHILE	16
#define FRAMES_MAX	64

static const int delays_ms[] = { 0, 5, 20, 50, 100, 150, 200, 300, 500, 1000 };

#define DELAYS		((int)(sizeof(delays_ms) / sizeof(delays_ms[0])))
#define FRAMES		(DELAYS * TRIES + MEANWHILE)

_Static_assert(FRAMES <= FRAMES_MAX, "too few frames");

/* What both processes have. */
struct control {
	/** @wanted: Number of the frame that the other shall execute, from 1 on. */
	atomic_int wanted;
	atomic_int executed;
	/** @goes_on: ... without end. */
	atomic_int goes_on;
	atomic_int ready;
	/** @last: When it did so last. */
	_Atomic uint64_t last;
};

struct memory {
	struct control *control;
	/** @code: Executable; @data: The same, to be written. */
	char *code;
	char *data;
};

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000ULL + t.tv_nsec / 1000;
}

static void set(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		give_up(path);
	close(fd);
}

static int merged(void)
{
	char said[16] = "";
	int fd = open("/proc/self/ksm_merging_pages", O_RDONLY);

	if (fd < 0 || read(fd, said, sizeof(said) - 1) < 0)
		give_up("ksm_merging_pages");
	close(fd);
	return atoi(said);
}

static void *map_frames(int prot, int flags, int fd)
{
	void *at = mmap(NULL, FRAMES_MAX * PAGE, prot, flags, fd, 0);

	if (at == MAP_FAILED)
		give_up("mmap");
	return at;
}

/* No two frames are the same, nor are those of two runs. */
static void fill(char *data, int key)
{
	for (int i = 0; i < FRAMES; i++) {
		plant(data + i * PAGE, &count_up);
		memcpy(data + i * PAGE + SNIPPET_MAX, &key, sizeof(key));
		memcpy(data + i * PAGE + SNIPPET_MAX + sizeof(key), &i,
		       sizeof(i));
	}
}

/* @handle: of the memory, or what makes its contents. */
static void map_memory(struct memory *m, const char *kind, int control,
		       int handle)
{
	m->control = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
			  control, 0);
	if (m->control == MAP_FAILED)
		give_up("mmap");
	if (!strcmp(kind, "memfd")) {
		m->data = map_frames(PROT_READ | PROT_WRITE, MAP_SHARED,
				     handle);
		m->code = map_frames(PROT_READ | PROT_EXEC, MAP_SHARED, handle);
	} else if (!strcmp(kind, "sysv")) {
		m->data = shmat(handle, NULL, 0);
		m->code = shmat(handle, NULL, SHM_EXEC | SHM_RDONLY);
		if (m->data == (void *)-1 || m->code == (void *)-1)
			give_up("shmat");
	} else {
		m->code = map_frames(PROT_READ | PROT_WRITE | PROT_EXEC,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1);
		m->data = m->code;
		fill(m->data, handle);
		if (madvise(m->data, FRAMES * PAGE, MADV_MERGEABLE))
			give_up("madvise");
	}
}

static int make_handle(const char *kind)
{
	int handle = getpid();

	if (!strcmp(kind, "memfd"))
		handle = memfd_create("frames", 0);
	else if (!strcmp(kind, "sysv"))
		handle = shmget(IPC_PRIVATE, FRAMES_MAX * PAGE,
				IPC_CREAT | 0600);
	if (handle < 0 || (!strcmp(kind, "memfd") &&
			   ftruncate(handle, FRAMES_MAX * PAGE)))
		give_up(kind);
	return handle;
}

/* --- the other -------------------------------------------------------------- */

static int be_the_other(const char *kind, int control, int handle)
{
	volatile int counter = 0;
	struct memory m;
	injected_fn run;
	int frame;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	map_memory(&m, kind, control, handle);
	atomic_store(&m.control->ready, 1);
	for (;;) {
		frame = atomic_load(&m.control->wanted);
		if (frame < 0)
			return 0;
		if (!frame || (frame == atomic_load(&m.control->executed) &&
			       !atomic_load(&m.control->goes_on))) {
			usleep(500);
			continue;
		}
		run = (injected_fn)(uintptr_t)(m.code + (frame - 1) * PAGE);
		run(&counter);
		atomic_store(&m.control->last, now_us());
		atomic_store(&m.control->executed, frame);
	}
}

static pid_t start_the_other(const char *kind, int control, int handle)
{
	char arg[2][16];
	pid_t pid;

	copy_self(OTHER);
	snprintf(arg[0], sizeof(arg[0]), "%d", control);
	snprintf(arg[1], sizeof(arg[1]), "%d", handle);
	pid = fork();
	if (!pid) {
		execl(OTHER, "other", kind, arg[0], arg[1], NULL);
		give_up(OTHER);
	}
	if (pid < 0)
		give_up("fork");
	return pid;
}

/* --- the protected one ------------------------------------------------------ */

static void await_merge(void)
{
	set("/sys/kernel/mm/ksm/sleep_millisecs", "1");
	set("/sys/kernel/mm/ksm/pages_to_scan", "1000");
	set("/sys/kernel/mm/ksm/run", "1");
	for (int i = 0; i < 1000 && merged() < FRAMES; i++)
		usleep(10000);
	set("/sys/kernel/mm/ksm/run", "0");
	dprintf(1, "sharer: merged %d of %d\n", merged(), FRAMES);
	if (merged() < FRAMES)
		exit(3);
}

static enum outcome try_after(struct memory *m, int frame, int delay_ms)
{
	uint64_t end;

	atomic_store(&m->control->wanted, frame);
	while (atomic_load(&m->control->executed) != frame)
		sched_yield();
	end = atomic_load(&m->control->last) + delay_ms * 1000;
	while (now_us() + 2000 < end)
		usleep(1000);
	while (now_us() < end)
		;
	return try_jump(m->code + (frame - 1) * PAGE);
}

static void measure(struct memory *m, const char *kind)
{
	int frame = 0, ran, last = -1;

	for (int i = 0; i < DELAYS; i++) {
		ran = 0;
		for (int k = 0; k < TRIES; k++)
			ran += try_after(m, ++frame, delays_ms[i]) == RAN;
		dprintf(1, "sharer: %s after %d ms: ran %d of %d\n", kind,
			delays_ms[i], ran, TRIES);
		if (ran)
			last = delays_ms[i];
	}
	ran = 0;
	atomic_store(&m->control->goes_on, 1);
	for (int k = 0; k < MEANWHILE; k++)
		ran += try_after(m, ++frame, 50) == RAN;
	dprintf(1, "sharer: %s meanwhile: ran %d of %d\n", kind, ran,
		MEANWHILE);
	dprintf(1, "sharer: %s window=%d\n", kind, last);
}

int main(int argc, char **argv)
{
	const char *kind = argc > 1 ? argv[1] : "memfd";
	int control, handle;
	struct memory m;
	pid_t pid;

	if (argc > 3)
		return be_the_other(kind, atoi(argv[2]), atoi(argv[3]));
	settle();
	control = memfd_create("control", 0);
	handle = make_handle(kind);
	if (control < 0 || ftruncate(control, PAGE))
		give_up("memfd");
	pid = start_the_other(kind, control, handle);
	map_memory(&m, kind, control, handle);
	if (!strcmp(kind, "ksm"))
		await_merge();
	else
		fill(m.data, 0);
	while (!atomic_load(&m.control->ready))
		usleep(1000);
	begin_tries("sharer", m.code);
	measure(&m, kind);
	atomic_store(&m.control->wanted, -1);
	waitpid(pid, NULL, 0);
	if (!strcmp(kind, "sysv"))
		shmctl(handle, IPC_RMID, NULL);
	return 0;
}
