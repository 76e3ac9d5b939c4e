// SPDX-License-Identifier: GPL-2.0
/*
 * The program's own text, overwritten: by mprotect() and a store, or, with an
 * argument, past the protection by /proc/self/mem. The mapping is one of a file
 * either way, but the page is no longer the file's.
 */
#include "inject.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* A page of its own: nothing else of the program is overwritten. */
asm(".section .text.victim, \"ax\"\n"
	".balign 4096\n"
	".globl victim\n"
	"victim: ret\n"
	".balign 4096\n"
	".previous\n");
extern char victim[];

static void by_protection(void)
{
	if (mprotect(victim, PAGE, PROT_READ | PROT_WRITE))
		give_up("mprotect");
	plant(victim, &say_injected);
	if (mprotect(victim, PAGE, PROT_READ | PROT_EXEC))
		give_up("mprotect");
}

static void by_proc_mem(void)
{
	int fd = open("/proc/self/mem", O_RDWR);

	if (fd < 0 || pwrite(fd, say_injected.code, say_injected.size,
			     (off_t)(uintptr_t)victim) < 0)
		give_up("/proc/self/mem");
}

int main(int argc, char **argv)
{
	(void)argv;
	jump(victim);
	if (argc > 1)
		by_proc_mem();
	else
		by_protection();
	return strike("cow", victim);
}
