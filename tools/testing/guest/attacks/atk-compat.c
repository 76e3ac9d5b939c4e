// SPDX-License-Identifier: GPL-2.0
/*
 * A far jump into 32-bit code. With "base" its segment, of the process's own table,
 * has a base: RIP is not where the code is.
 */
#define _GNU_SOURCE
#include "inject.h"

#include <asm/ldt.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define USER32_CS	0x23
/* The first entry of the local table, for user mode. */
#define LOCAL_CS	0x7
/* What the segment's base is less than the code's address. */
#define OFFSET		PAGE

struct far_pointer {
	uint32_t eip;
	uint16_t cs;
} __attribute__((packed));

/* All that the code gets, and returns to, has 32-bit addresses. */
static void call_far(const struct far_pointer *target, char *stack)
{
	static const char text[] = "INJECTED\n";

	memcpy(stack, text, sizeof(text));
	asm volatile("mov	%%rsp, %%r15\n"
		     "mov	%1, %%rsp\n"
		     "lcall	*(%0)\n"
		     "mov	%%r15, %%rsp\n"
		     : : "r" (target), "r" (stack + 4 * PAGE),
		     "c" (stack)
		     : "rax", "rbx", "rdx", "r15", "memory", "cc");
}

static void make_segment(uint32_t base)
{
	struct user_desc segment = {
		.base_addr = base, .limit = 0xfffff, .limit_in_pages = 1,
		.seg_32bit = 1, .contents = MODIFY_LDT_CONTENTS_CODE,
	};

	if (syscall(SYS_modify_ldt, 1, &segment, sizeof(segment)))
		give_up("modify_ldt");
}

int main(int argc, char **argv)
{
	char *at = map_pages(PROT_READ | PROT_WRITE | PROT_EXEC,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1);
	char *stack = map_pages(PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1);
	struct far_pointer target = { (uintptr_t)at, USER32_CS };

	(void)argv;
	plant(at, &say_injected32);
	if (argc > 1) {
		make_segment((uintptr_t)at - OFFSET);
		target = (struct far_pointer){ OFFSET, LOCAL_CS };
	}
	announce("compat", at);
	call_far(&target, stack);
	dprintf(1, "attack: compat returned\n");
	return 0;
}
