// SPDX-License-Identifier: GPL-2.0
/*
 * What is done to a VM as a whole: a sweep of many granted pages, the begin and the
 * end of both protections on a guest that has much memory mapped.  Told are
 * instructions, and how long mmu_lock was held for write at most.  Nobody else
 * wants the processor meanwhile, i.e. nothing but KVM's own bounds ends a hold.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../selftests/kvm_watch/kvm_watch_test.h"
#include "bench.h"

#define ROUNDS		3
#define GRANTED		100000ul	/* pages */
#define MAPPED		(4ul << 30)
#define PART		(512ul << 20)	/* host memory, mapped again and again */
#define MAPPED_AT	(1ul << 30)

/* Instructions of something, and the holds of mmu_lock in it */
struct cost {
	uint64_t cycles;
	struct kb_holds holds;
};

static uint64_t begin(struct vm *vm)
{
	bench_holds_begin(vm);
	return __rdtsc();
}

static void end(struct cost *cost, uint64_t start)
{
	uint64_t cycles = __rdtsc() - start;
	struct kb_holds holds = bench_holds_end();

	/* the timer is in some rounds, not in all */
	if (!cost->cycles || cycles < cost->cycles)
		cost->cycles = cycles;
	if (!cost->holds.longest || holds.longest < cost->holds.longest)
		cost->holds = holds;
}

static void tell(const char *what, const char *size, const struct cost *cost)
{
	printf("# %s %s: mmu_lock held for write %llu times, %llu instructions in all\n",
	       what, size, cost->holds.count, cost->holds.total);
	bench_figure("on", cost->cycles, "%s-%s", what, size);
	bench_figure("on", cost->holds.longest, "%s-%s-hold", what, size);
}

/* --- a sweep --------------------------------------------------------------------- */

static uint64_t call_all(struct vm *vm)
{
	return bench_run(vm, GUEST(guest_call_loop),
			 (struct args){ .rdi = BENCH_RAM, .rcx = GRANTED, .rsi = 1 });
}

/* What of the memory is mapped with huge pages again, once the guest has read it */
static uint64_t huge_after_sweep(struct vm *vm)
{
	bench_run(vm, GUEST(guest_load),
		  (struct args){ .rdi = BENCH_RAM, .rcx = GRANTED });
	return fd_stat(vm->fd, "pages_2m");
}

static void sweeps(bool huge)
{
	const char *size = huge ? "2m" : "4k";
	uint8_t *memory = bench_memory(GRANTED * PAGE, huge);
	struct cost sweep = { }, revoke = { };
	uint64_t again = 0;
	struct vm *vm = bench_vm();
	uint64_t i, start;
	int client, swept;

	for (i = 0; i < GRANTED; i++)
		memcpy(memory + i * PAGE, page_code, page_code_end - page_code);
	die_unless(!vm_set_slot(vm, 1, 0, BENCH_RAM, GRANTED * PAGE, memory));
	client = bench_attach(vm);
	for (i = 0; i < ROUNDS; i++) {
		again = call_all(vm);
		start = begin(vm);
		swept = ioctl(client, KET_SWEEP_NOW);
		end(&sweep, start);
		if (swept < (int)GRANTED)
			errx(1, "%d pages swept", swept);
	}
	tell("sweep", size, &sweep);
	printf("# %s: %lu pages of 2M are mapped after a sweep\n", size,
	       huge_after_sweep(vm));
	bench_figure("on", again, "again-%s", size);

	/* the slot goes, and all grants in it */
	call_all(vm);
	start = begin(vm);
	die_unless(!vm_set_slot(vm, 1, 0, BENCH_RAM, 0, memory));
	end(&revoke, start);
	tell("slot", size, &revoke);
	bench_detach(client);
	vm_free(vm);
	munmap(memory, GRANTED * PAGE);
}

/* --- on and off ------------------------------------------------------------------ */

static void map_all(struct vm *vm, const char *size, const char *what)
{
	uint64_t cycles = bench_run(vm, GUEST(guest_load), (struct args){
		.rdi = MAPPED_AT, .rcx = MAPPED / PAGE });

	printf("# %s, %s: %lu pages of 4K and %lu of 2M are mapped, in %lu instructions\n",
	       size, what, fd_stat(vm->fd, "pages_4k"), fd_stat(vm->fd, "pages_2m"),
	       cycles);
}

static void watch(struct vm *vm, const char *size)
{
	struct cost on = { }, off = { };
	int client = open(KWT_DEVICE, O_RDWR | O_CLOEXEC);
	uint64_t start;

	die_unless(client >= 0);
	map_all(vm, size, "before watch");
	start = begin(vm);
	xioctl(client, KWT_ATTACH, &vm->fd, "KWT_ATTACH");
	end(&on, start);
	map_all(vm, size, "watched");
	start = begin(vm);
	xioctl(client, KWT_DETACH, NULL, "KWT_DETACH");
	end(&off, start);
	close(client);
	tell("watch-on", size, &on);
	tell("watch-off", size, &off);
}

static void exec(struct vm *vm, const char *size)
{
	struct ket_attach attach = { .vm_fd = vm->fd, .rules = KET_QUIET };
	struct cost on = { }, off = { };
	int client = open(KET_DEVICE, O_RDWR | O_CLOEXEC);
	uint64_t start;

	die_unless(client >= 0);
	map_all(vm, size, "before exec");
	start = begin(vm);
	xioctl(client, KET_ATTACH, &attach, "KET_ATTACH");
	end(&on, start);
	map_all(vm, size, "closed");
	start = begin(vm);
	xioctl(client, KET_DETACH, NULL, "KET_DETACH");
	end(&off, start);
	close(client);
	tell("exec-on", size, &on);
	tell("exec-off", size, &off);
}

static void on_and_off(bool huge)
{
	const char *size = huge ? "2m" : "4k";
	uint8_t *memory = bench_memory(PART, huge);
	struct vm *vm = bench_vm();
	unsigned int i;

	for (i = 0; i < MAPPED / PART; i++)
		die_unless(!vm_set_slot(vm, 1 + i, 0, MAPPED_AT + i * PART, PART, memory));
	watch(vm, size);
	exec(vm, size);
	vm_free(vm);
	munmap(memory, PART);
}

int main(void)
{
	sweeps(false);
	sweeps(true);
	on_and_off(false);
	on_and_off(true);
	return 0;
}
