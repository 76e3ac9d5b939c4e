// SPDX-License-Identifier: GPL-2.0
/*
 * One vCPU executes a page, up to 15 others write to it: how often is it called?
 * For a machine that counts instructions, has a processor for each vCPU, and lets
 * them take turns after some thousand instructions, see kvm_bench.c.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bench.h"

#define PAGES_AT	TEST_PAGES
#define STACKS		0xb00000
#define CALLER		0	/* number of the vCPU, and of its processor */
#define SETTLE_US	100000	/* KVM waits for RCU if a vCPU has another thread */

static const unsigned int counts[] = { 0, 1, 3, 7, 15 };

struct thread {
	pthread_t thread;
	struct vm *vm;
	int vcpu;
	uint64_t rip;
	struct args args;
};

static void *thread_main(void *data)
{
	struct thread *t = data;
	struct vcpu *vcpu = &t->vm->vcpu[t->vcpu];
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(t->vcpu, &cpus);
	if (pthread_setaffinity_np(pthread_self(), sizeof(cpus), &cpus))
		errx(1, "there is no processor %d", t->vcpu);
	if (vcpu_start(vcpu, t->rip, STACKS - t->vcpu * PAGE, &t->args) != RAN_DONE)
		errx(1, "vCPU %d does not come to its end", t->vcpu);
	return NULL;
}

static void start(struct thread *t)
{
	if (pthread_create(&t->thread, NULL, thread_main, t))
		errx(1, "no thread");
}

static void set_stop(struct vm *vm, uint8_t value)
{
	*(volatile uint8_t *)(vm->ram + STOP) = value;
}

/* Counted by the page that is called */
static uint32_t calls_of(struct vm *vm)
{
	return *(volatile uint32_t *)(vm->ram + CALLS);
}

static struct ket_stats stats_of(int client)
{
	struct ket_stats stats;

	xioctl(client, KET_STATS, &stats, "KET_STATS");
	return stats;
}

/*
 * Calls while all processors together do @instructions: those that have nothing
 * to do take none, hence each that has something does its part of them.
 */
static void race(struct vm *vm, unsigned int pages, unsigned int writers,
		 uint64_t instructions)
{
	struct thread threads[MAX_VCPUS];
	struct ket_stats before, stats;
	uint64_t begin;
	uint32_t calls;
	unsigned int i;
	int client = bench_attach(vm);

	for (i = 0; i < pages; i++)
		vm_put_page(vm, PAGES_AT + i * PAGE, 2);
	set_stop(vm, 0);
	for (i = 0; i <= writers; i++) {
		threads[i] = (struct thread){
			.vm = vm, .vcpu = i,
			.rip = i == CALLER ? GUEST(guest_call_loop) : GUEST(guest_good_tag_loop),
			.args = { .rdi = PAGES_AT, .rcx = pages, .rsi = -1 },
		};
		start(&threads[i]);
	}
	usleep(SETTLE_US);
	before = stats_of(client);
	calls = calls_of(vm);
	begin = __rdtsc();
	while (__rdtsc() - begin < instructions * (1 + writers))
		usleep(1000);
	calls = calls_of(vm) - calls;
	instructions = (__rdtsc() - begin) / (1 + writers);
	stats = stats_of(client);
	set_stop(vm, 1);
	for (i = 0; i <= writers; i++)
		pthread_join(threads[i].thread, NULL);
	bench_detach(client);

	stats.fetches -= before.fetches;
	printf("# %u pages, %u writers: %u calls in %lu instructions, ", pages, writers,
	       calls, instructions);
	printf("%llu fetches, %llu lost, %llu revoked\n", stats.fetches,
	       stats.lost - before.lost, stats.revoked - before.revoked);
#ifdef KET_OPEN_STARVED
	printf("#     %llu questions of who starves\n", stats.starved - before.starved);
#endif
	/* of a processor's thousand million instructions */
	bench_figure("on", calls * 1000ul / (instructions / 1000000), "writers-%u-%u",
		     pages, writers);
	bench_figure("on", calls ? stats.fetches * 1000 / calls : 0,
		     "writers-%u-%u-asked", pages, writers);
}

int main(int argc, char **argv)
{
	uint64_t slice = argc > 1 ? strtoull(argv[1], NULL, 0) : 0;
	uint64_t instructions = argc > 2 ? strtoull(argv[2], NULL, 0) : 100000000;
	int bench = open(KB_DEVICE, O_RDWR | O_CLOEXEC);
	struct vm *vm = bench_vm();
	unsigned int i;

	vm_add_vcpus(vm, MAX_VCPUS - VCPUS);
	if (slice) {
		die_unless(bench >= 0);
		xioctl(bench, KB_SLICES, (void *)slice, "KB_SLICES");
	}
	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		race(vm, 1, counts[i], instructions);
	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		race(vm, 64, counts[i], instructions);
	if (slice)
		xioctl(bench, KB_SLICES, NULL, "KB_SLICES");
	vm_free(vm);
	return 0;
}
