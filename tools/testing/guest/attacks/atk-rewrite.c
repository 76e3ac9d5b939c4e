// SPDX-License-Identifier: GPL-2.0
/*
 * A page that is harmless when it first runs, and is then rewritten. The second
 * time the stack pointer is in the same mapping, so that rules which let a JIT
 * compiler be stop only that one.
 */
#include "inject.h"

#include <sys/mman.h>

static void jump_with_stack(const void *code, void *top)
{
	asm volatile("mov	%%rsp, %%rbx\n"
		     "mov	%1, %%rsp\n"
		     "call	*%0\n"
		     "mov	%%rbx, %%rsp\n"
		     : : "r" (code), "r" (top)
		     : "rbx", "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9",
		       "r10", "r11", "memory", "cc");
}

int main(void)
{
	char *at = map_pages(PROT_READ | PROT_WRITE | PROT_EXEC,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1);

	plant(at, &harmless);
	strike("harmless", at);
	plant(at, &say_injected);
	announce("rewrite", at);
	jump_with_stack(at, at + 3 * PAGE);
	return 0;
}
