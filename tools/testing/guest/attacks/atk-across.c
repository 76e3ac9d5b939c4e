// SPDX-License-Identifier: GPL-2.0
/*
 * The last byte of the program's text begins an instruction that ends on the
 * next page, and that page is injected: RIP is in a file, the code is not.
 */
#include "inject.h"

#include <sys/mman.h>

/* The page behind the text is the program's as well, and mapped over. */
asm(".section .text.victim, \"ax\"\n"
	".balign 4096\n"
	".fill 4095, 1, 0xcc\n"
	".globl edge\n"
	"edge: .byte 0xb8\n"		/* mov $imm32, %eax */
	".fill 4096, 1, 0xcc\n"
	".previous\n");
extern char edge[];

int main(void)
{
	char *beyond = edge + 1;

	if (mmap(beyond, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != beyond)
		give_up("mmap");
	plant(beyond + sizeof(int), &say_injected);
	return strike("across", edge);
}
