// SPDX-License-Identifier: GPL-2.0
/*
 * atk-ptrace PID: injects code into a running process from outside of it. The
 * process itself is made to map a page that is writable and executable, by a system
 * call instruction that it has; the code is written through /proc/PID/mem, and the
 * process goes on there. Its text isn't touched. The code creates the directory
 * /tmp/injected and ends the process with status 77.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

/* Within so many stops a process makes a system call. */
#define STOPS	64
#define SYSCALL	"\x0f\x05"

static pid_t pid;
static int memory;

static const unsigned char code[] = {
	0x48, 0x8d, 0x3d, 0x1b, 0x00, 0x00, 0x00,	/* lea path(%rip), %rdi */
	0xbe, 0xc0, 0x01, 0x00, 0x00,			/* mov $0700, %esi */
	0xb8, 0x53, 0x00, 0x00, 0x00,			/* mov $SYS_mkdir, %eax */
	0x0f, 0x05,					/* syscall */
	0xbf, 0x4d, 0x00, 0x00, 0x00,			/* mov $77, %edi */
	0xb8, 0xe7, 0x00, 0x00, 0x00,			/* mov $SYS_exit_group, %eax */
	0x0f, 0x05,					/* syscall */
	0x0f, 0x0b,					/* ud2 */
	'/', 't', 'm', 'p', '/', 'i', 'n', 'j', 'e', 'c', 't', 'e', 'd', 0
};

static _Noreturn void give_up(const char *what)
{
	perror(what);
	exit(2);
}

static void trace(long request, void *data)
{
	if (ptrace(request, pid, NULL, data))
		give_up("ptrace");
}

static void wait_for_stop(void)
{
	int status;

	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status)) {
		fprintf(stderr, "the process did not stop\n");
		exit(2);
	}
}

/* Until the instruction before RIP is a system call's. */
static void stop_behind_syscall(struct user_regs_struct *regs)
{
	char before[2];
	int i;

	for (i = 0; i < STOPS; i++) {
		trace(PTRACE_GETREGS, regs);
		if (pread(memory, before, 2, regs->rip - 2) == 2 &&
		    !memcmp(before, SYSCALL, 2))
			return;
		trace(PTRACE_SYSCALL, NULL);
		wait_for_stop();
	}
	fprintf(stderr, "no system call\n");
	exit(2);
}

static unsigned long map_page(struct user_regs_struct regs)
{
	regs.rip -= 2;
	regs.orig_rax = -1;
	regs.rax = SYS_mmap;
	regs.rdi = 0;
	regs.rsi = sizeof(code);
	regs.rdx = PROT_READ | PROT_WRITE | PROT_EXEC;
	regs.r10 = MAP_PRIVATE | MAP_ANONYMOUS;
	regs.r8 = -1;
	regs.r9 = 0;
	trace(PTRACE_SETREGS, &regs);
	trace(PTRACE_SINGLESTEP, NULL);
	wait_for_stop();
	trace(PTRACE_GETREGS, &regs);
	if (regs.rax > -4096UL) {
		errno = -regs.rax;
		give_up("mmap");
	}
	return regs.rax;
}

int main(int argc, char **argv)
{
	struct user_regs_struct regs;
	char path[32];

	pid = argc == 2 ? atoi(argv[1]) : 0;
	if (pid <= 1) {
		fprintf(stderr, "usage: atk-ptrace PID\n");
		return 2;
	}
	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	memory = open(path, O_RDWR);
	if (memory < 0)
		give_up(path);
	trace(PTRACE_ATTACH, NULL);
	wait_for_stop();
	stop_behind_syscall(&regs);
	regs.rip = map_page(regs);
	regs.orig_rax = -1;
	if (pwrite(memory, code, sizeof(code), regs.rip) != sizeof(code))
		give_up("write");
	trace(PTRACE_SETREGS, &regs);
	printf("attack: ptrace pid=%d code=%llx-%llx\n", pid, regs.rip,
	       regs.rip + sizeof(code));
	trace(PTRACE_DETACH, NULL);
	return 0;
}
