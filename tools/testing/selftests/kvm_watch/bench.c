// SPDX-License-Identifier: GPL-2.0
/*
 * What a watched page costs, on a machine whose TSC counts instructions: the
 * cheapest of some rounds, against the same without a client. Prints
 * "# figure on|off WHAT NUMBER".
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <x86intrin.h>

#include "client.h"

#define ROUNDS	8
#define STORES	256
#define SWITCHES 2048
#define WALKS	256

#define TABLE	0x600000
#define TABLES	3
#define OTHER_ROOT 0x700000
#define GVA	(256ul << 21)	/* mapped by TABLE */

const char vm_client_device[] = KWT_DEVICE;

static const struct kwt_rules quiet = { .verdict = CONTINUE, .which = KWT_QUIET };

static void run(struct vm *vm, char *label, struct args args)
{
	if (vm_run(vm, WATCH(label), &args) != RAN_DONE)
		errx(1, "the guest does not come to its end");
}

static uint64_t cycles(struct vm *vm, char *label, struct args args)
{
	uint64_t start = __rdtsc();

	run(vm, label, args);
	return __rdtsc() - start;
}

static uint64_t exits(struct vm *vm, char *label, struct args args)
{
	uint64_t before = fd_stat(vm->vcpu[0].fd, "exits");

	run(vm, label, args);
	return fd_stat(vm->vcpu[0].fd, "exits") - before;
}

/* The host's timer is in some rounds, not in all. */
static uint64_t cheapest(uint64_t (*measure)(struct vm *vm, char *label, struct args args),
			 struct vm *vm, char *label, struct args args)
{
	uint64_t least = -1, value;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		value = measure(vm, label, args);
		if (value < least)
			least = value;
	}
	return least;
}

/* Of one turn of a loop of @count: entering the guest and leaving it is not its. */
static double per_turn(struct vm *vm, char *label, struct args args, uint64_t count)
{
	uint64_t one, all;

	args.rcx = 1;
	one = cheapest(cycles, vm, label, args);
	args.rcx = count;
	all = cheapest(cycles, vm, label, args);
	return (double)(all - one) / (count - 1);
}

static struct vm *new_vm(void)
{
	struct vm *vm = vm_new();

	/* Small pages: what a huge page costs isn't the question. */
	madvise(vm->ram, RAM_SIZE, MADV_NOHUGEPAGE);
	madvise(vm->ram, RAM_SIZE, MADV_DONTNEED);
	vm_init_ram(vm);
	vm_put(vm, WATCH_CODE, watch_code, watch_code_end);
	return vm;
}

static void attach(struct vm *vm)
{
	xioctl(vm->client, KWT_ATTACH, &vm->fd, "KWT_ATTACH");
	xioctl(vm->client, KWT_RULES, (void *)&quiet, "KWT_RULES");
}

/* --- writes --------------------------------------------------------------------- */

static double store_cost(struct vm *vm)
{
	return per_turn(vm, w_store_new, (struct args){ .rdi = A }, STORES);
}

/* KVM's own write tracking, with a callback that does nothing */
static void tracked_store(void)
{
	struct vm *vm = new_vm();
	struct kwt_track track = { .vm = vm->fd, .gfn = A / PAGE };

	if (!ioctl(vm->client, KWT_TRACK, &track))
		printf("# figure off write %.0f\n", store_cost(vm));
	else if (errno == EOPNOTSUPP)
		puts("# this kernel's KVM tracks no pages for others");
	else
		err(1, "KWT_TRACK");
	vm_free(vm);
}

static void watched_store(void)
{
	struct vm *vm = new_vm();
	uint64_t gfn = A / PAGE;

	attach(vm);
	xioctl(vm->client, KWT_ADD_DATA, &gfn, "KWT_ADD_DATA");
	printf("# figure on write %.0f\n", store_cost(vm));
	vm_free(vm);
}

/* --- loads of CR3 --------------------------------------------------------------- */

/* A turn has two. */
static double cr3_cost(struct vm *vm)
{
	struct args args = { .rsi = OTHER_ROOT, .rdx = PAGE_TABLES };

	return per_turn(vm, w_cr3, args, SWITCHES / 2) / 2;
}

static void cr3_loads(void)
{
	struct vm *vm = new_vm();

	/* another top level table with the same content */
	memcpy(vm->ram + OTHER_ROOT, vm->ram + PAGE_TABLES, PAGE);
	printf("# figure off cr3 %.0f\n", cr3_cost(vm));
	attach(vm);
	xioctl(vm->client, KWT_CR3_ON, NULL, "KWT_CR3_ON");
	printf("# figure on cr3 %.0f\n", cr3_cost(vm));
	vm_free(vm);
}

/* --- walks ---------------------------------------------------------------------- */

static uint64_t walk_exits(struct vm *vm)
{
	return cheapest(exits, vm, w_walk, (struct args){ .rdi = GVA, .rcx = WALKS });
}

static void watch_tables(struct vm *vm)
{
	uint64_t gfn = TABLE / PAGE;
	int i;

	xioctl(vm->client, KWT_ADD, &gfn, "KWT_ADD");
	gfn = PAGE_TABLES / PAGE;
	for (i = 0; i < TABLES; i++, gfn++)
		xioctl(vm->client, KWT_ADD, &gfn, "KWT_ADD");
}

/* All tables that the walks are of are watched, or none. */
static void watched_walks(void)
{
	struct vm *vm = new_vm();
	uint64_t *pd = (uint64_t *)(vm->ram + PAGE_TABLES) + 1024;
	uint64_t native;

	pd[GVA >> 21] = TABLE | 3;
	*at(vm, TABLE) = A | 3;
	native = walk_exits(vm);
	attach(vm);
	if (ioctl(vm->client, KWT_CAPS) & CAP_WRITE) {
		watch_tables(vm);
		printf("# figure off exits %llu\n# figure on exits %llu\n",
		       (unsigned long long)native, (unsigned long long)walk_exits(vm));
	} else {
		puts("# exits of walks: page tables cannot be watched on this host");
	}
	vm_free(vm);
}

int main(void)
{
	tracked_store();
	watched_store();
	cr3_loads();
	watched_walks();
	return 0;
}
