// SPDX-License-Identifier: GPL-2.0
/*
 * What a fault costs, on a machine whose TSC counts instructions: the cheapest
 * of some rounds over 256 pages, as a multiple of a fault that maps a page.  So
 * does an exit that a thread of user space other than the vCPU's answers.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
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

enum cost {
	COST_MAP, COST_GRANT_MAP, COST_GRANT, COST_REVOKE, COST_REGRANT, COST_CALL,
	COST_ASK, COSTS
};

static const struct {
	const char *figure, *text;
} names[COSTS] = {
	[COST_MAP] = { "map", "map a page that is read, no policy" },
	[COST_GRANT_MAP] = { "grant-map", "grant and map an unmapped page" },
	[COST_GRANT] = { "grant", "grant a page that was written" },
	[COST_REVOKE] = { "revoke", "write to a granted page" },
	[COST_REGRANT] = { "regrant", "grant it again" },
	[COST_CALL] = { "call", "call a granted page (no fault)" },
	[COST_ASK] = { "ask", "an exit that another thread answers" },
};

static void keep(uint64_t *cost, uint64_t value)
{
	if (!*cost || value < *cost)
		*cost = value;
}

/* --- an answer from user space --------------------------------------------- */

struct asked {
	int question, answer;
};

/* Waits for a question and answers it, without a look at the guest. */
static void *answer_loop(void *data)
{
	struct asked *asked = data;
	eventfd_t value;

	for (int i = 0; i < PAGES; i++) {
		if (eventfd_read(asked->question, &value) ||
		    eventfd_write(asked->answer, 1))
			abort();
	}
	return NULL;
}

/* The guest does nothing but exit. */
static uint64_t measure_asking(struct vm *vm)
{
	/* 1: out %al, $PORT_DONE; jmp 1b */
	static const char loop[] = { '\xe6', PORT_DONE, '\xeb', '\xfc' };
	struct asked asked = { eventfd(0, 0), eventfd(0, 0) };
	struct args args = {};
	pthread_t thread;
	eventfd_t value;
	uint64_t start;

	vm_put(vm, TEST_PAGES, loop, loop + sizeof(loop));
	if (vm_run(vm, TEST_PAGES, &args) != RAN_DONE ||
	    pthread_create(&thread, NULL, answer_loop, &asked))
		abort();
	start = __rdtsc();
	for (int i = 0; i < PAGES; i++) {
		if (ioctl(vm->vcpu[0].fd, KVM_RUN, NULL) ||
		    vm->vcpu[0].run->io.port != PORT_DONE ||
		    eventfd_write(asked.question, 1) ||
		    eventfd_read(asked.answer, &value))
			abort();
	}
	start = __rdtsc() - start;
	pthread_join(thread, NULL);
	close(asked.question);
	close(asked.answer);
	return start / PAGES;
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
	keep(&costs[COST_ASK], measure_asking(vm));
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
	for (i = 0; i < COSTS; i++) {
		printf("# %-40s %8llu %6.2f\n", names[i].text,
		       (unsigned long long)costs[i], (double)costs[i] / costs[COST_MAP]);
		printf("# figure on fault-%s %llu\n", names[i].figure,
		       (unsigned long long)costs[i]);
	}
	vm_free(vm);
	return 0;
}
