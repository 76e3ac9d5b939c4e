// SPDX-License-Identifier: GPL-2.0
/*
 * What a fault costs, on a machine whose TSC counts instructions: the cheapest
 * of some rounds over 256 pages, as a multiple of a fault that maps a page.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <x86intrin.h>

#include "client.h"

#define PAGES	256
#define ROUNDS	4
#define SLOT	0x8000000ul

void note(const char *format, ...)
{
	(void)format;
}

/* Cycles per page of a routine that goes over the pages */
static uint64_t measure(struct vm *vm, char *label)
{
	struct args args = { .rdi = SLOT, .rcx = PAGES, .rsi = 1 };
	uint64_t start = __rdtsc();

	if (vm_run(vm, GUEST(label), &args) != RAN_DONE)
		abort();
	return (__rdtsc() - start) / PAGES;
}

/* The guest has nothing mapped, the host has everything. */
static void new_slot(struct vm *vm)
{
	int i;

	vm_set_slot(vm, 1, 0, SLOT, 0, vm->ram + TEST_PAGES);
	if (vm_set_slot(vm, 1, 0, SLOT, PAGES * PAGE, vm->ram + TEST_PAGES))
		abort();
	for (i = 0; i < PAGES; i++)
		vm_put_page(vm, TEST_PAGES + i * PAGE, 2);
}

enum cost { COST_MAP, COST_GRANT_MAP, COST_GRANT, COST_REVOKE, COST_REGRANT, COST_CALL, COSTS };

static const char *const names[COSTS] = {
	[COST_MAP] = "map a page that is read, no policy",
	[COST_GRANT_MAP] = "grant and map an unmapped page",
	[COST_GRANT] = "grant a page that was written",
	[COST_REVOKE] = "write to a granted page",
	[COST_REGRANT] = "grant it again",
	[COST_CALL] = "call a granted page (no fault)",
};

static void keep(uint64_t *cost, uint64_t value)
{
	if (!*cost || value < *cost)
		*cost = value;
}

static void round_of(struct vm *vm, uint64_t *costs)
{
	new_slot(vm);
	keep(&costs[COST_MAP], measure(vm, guest_load));

	if (vm_attach(vm, KET_QUIET))
		abort();
	measure(vm, guest_call_loop);
	new_slot(vm);
	keep(&costs[COST_GRANT_MAP], measure(vm, guest_call_loop));
	keep(&costs[COST_CALL], measure(vm, guest_call_loop));
	new_slot(vm);
	measure(vm, guest_touch);
	keep(&costs[COST_GRANT], measure(vm, guest_call_loop));
	keep(&costs[COST_REVOKE], measure(vm, guest_touch));
	keep(&costs[COST_REGRANT], measure(vm, guest_call_loop));
	if (ioctl(vm->client, KET_DETACH))
		abort();
}

int main(void)
{
	uint64_t costs[COSTS] = { 0 };
	struct vm *vm = vm_new();
	int i;

	/* Small pages: what a huge page costs isn't the question. */
	madvise(vm->ram, RAM_SIZE, MADV_NOHUGEPAGE);
	madvise(vm->ram, RAM_SIZE, MADV_DONTNEED);
	vm_init_ram(vm);
	for (i = 0; i < ROUNDS; i++)
		round_of(vm, costs);
	for (i = 0; i < COSTS; i++)
		printf("# %-40s %8llu %6.2f\n", names[i],
		       (unsigned long long)costs[i], (double)costs[i] / costs[COST_MAP]);
	vm_free(vm);
	return 0;
}
