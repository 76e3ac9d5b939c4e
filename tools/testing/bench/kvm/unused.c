// SPDX-License-Identifier: GPL-2.0
/*
 * unused WHERE [client]: what a VM without a client costs on this KVM, on a machine
 * whose TSC counts instructions.  With "client" another VM of the host has one.
 * The same on stock and on patched KVM is to be the same number.
 */
#include <err.h>
#include <fcntl.h>
#include <linux/kvm_para.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bench.h"

#define ROUNDS	16
#define FAULT_ROUNDS	64	/* in some, allocations of KVM come together */
#define TURNS	256
#define PAGES	256

#define CLOCK		0x200000	/* what KVM writes for the guest, a page each */
#define STEAL_TIME	0x201000
#define WALL_CLOCK	0x202000
#define STORED		0x203000
#define VECTOR		0x40
#define X2APIC		0xc00		/* of the APIC's base */
#define APIC_BASE_MSR	0x1b
#define FORCE_EMULATION	"/sys/module/kvm/parameters/force_emulation_prefix"

static const char *where;

static uint64_t keep_least(uint64_t least, uint64_t value)
{
	return value < least ? value : least;
}

/* Of one turn; entering the guest from user space and leaving it is not its. */
static void turns(struct vm *vm, const char *what, char *label, struct args args)
{
	uint64_t one = -1, all = -1;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		args.rsi = 1;
		one = keep_least(one, bench_run(vm, BENCH(label), args));
		args.rsi = TURNS + 1;
		all = keep_least(all, bench_run(vm, BENCH(label), args));
	}
	/* 100ths, as the ends of a loop are no multiple of its turns */
	bench_figure(where, (all - one) * 100 / TURNS, "unused-%s", what);
}

static void exits(struct vm *vm)
{
	turns(vm, "cpuid", bench_cpuid, (struct args){ });
	turns(vm, "rdmsr", bench_rdmsr, (struct args){ .rdi = APIC_BASE_MSR });
}

/* Exits to user space and back, for each of which KVM writes the steal time or not */
static void user_exits(struct vm *vm, const char *what)
{
	uint64_t least = -1, start;
	int i, j;

	if (vm_run(vm, BENCH(bench_exit), &(struct args){ }) != RAN_DONE)
		errx(1, "no exit");
	for (i = 0; i < ROUNDS; i++) {
		start = __rdtsc();
		for (j = 0; j < TURNS; j++)
			if (ioctl(vm->vcpu[0].fd, KVM_RUN, NULL))
				err(1, "KVM_RUN");
		least = keep_least(least, __rdtsc() - start);
	}
	bench_figure(where, least * 100 / TURNS, "unused-%s", what);
}

static void write_msr(struct vm *vm, uint32_t msr, uint32_t value)
{
	bench_run(vm, BENCH(bench_wrmsr),
		  (struct args){ .rdi = msr, .r9 = value, .rsi = 1 });
}

static void writes_of_kvm(struct vm *vm)
{
	turns(vm, "wall-clock", bench_wrmsr,
	      (struct args){ .rdi = MSR_KVM_WALL_CLOCK_NEW, .r9 = WALL_CLOCK });
	turns(vm, "clock", bench_wrmsr,
	      (struct args){ .rdi = MSR_KVM_SYSTEM_TIME_NEW, .r9 = CLOCK | 1 });
	write_msr(vm, MSR_KVM_SYSTEM_TIME_NEW, 0);
	user_exits(vm, "user");
	write_msr(vm, MSR_KVM_STEAL_TIME, STEAL_TIME | 1);
	user_exits(vm, "steal-time");
	write_msr(vm, MSR_KVM_STEAL_TIME, 0);
}

/* Two writes of KVM each: the guest needn't tell the end of the interrupt, and has. */
static void interrupts(struct vm *vm)
{
	struct kvm_sregs sregs;

	xioctl(vm->vcpu[0].fd, KVM_GET_SREGS, &sregs, "KVM_GET_SREGS");
	sregs.apic_base |= X2APIC;
	xioctl(vm->vcpu[0].fd, KVM_SET_SREGS, &sregs, "KVM_SET_SREGS");
	vm_set_handler(vm, VECTOR, BENCH(bench_eoi));
	turns(vm, "interrupt", bench_ipi, (struct args){ .rdi = VECTOR });
	write_msr(vm, MSR_KVM_PV_EOI_EN, BENCH_EOI | 1);
	turns(vm, "pv-eoi", bench_ipi, (struct args){ .rdi = VECTOR });
	write_msr(vm, MSR_KVM_PV_EOI_EN, 0);
}

static void emulated_stores(struct vm *vm)
{
	int fd = open(FORCE_EMULATION, O_WRONLY);

	if (fd < 0 || write(fd, "1", 1) != 1)
		err(1, FORCE_EMULATION);
	turns(vm, "emulated", bench_emulate, (struct args){ .rdi = STORED });
	if (write(fd, "0", 1) != 1)
		err(1, FORCE_EMULATION);
	close(fd);
}

/* --- faults ---------------------------------------------------------------------- */

static void faults_of(struct vm *vm, uint64_t *least, char *label)
{
	uint64_t cycles = bench_run(vm, GUEST(label), (struct args){
		.rdi = BENCH_RAM, .rcx = PAGES });

	*least = keep_least(*least, cycles);
}

static void new_slot(struct vm *vm, uint8_t *memory, uint32_t flags)
{
	vm_set_slot(vm, 1, 0, BENCH_RAM, 0, memory);
	if (vm_set_slot(vm, 1, flags, BENCH_RAM, PAGES * PAGE, memory))
		err(1, "memory slot");
}

static void get_dirty_log(struct vm *vm)
{
	uint64_t bitmap[PAGES / 64];
	struct kvm_dirty_log log = { .slot = 1, .dirty_bitmap = bitmap };

	xioctl(vm->fd, KVM_GET_DIRTY_LOG, &log, "KVM_GET_DIRTY_LOG");
}

static void faults(struct vm *vm)
{
	uint64_t map = -1, map_written = -1, logged = -1;
	uint8_t *memory = bench_memory(PAGES * PAGE, false);
	int i;

	for (i = 0; i < FAULT_ROUNDS; i++) {
		new_slot(vm, memory, 0);
		faults_of(vm, &map, guest_load);
		new_slot(vm, memory, 0);
		faults_of(vm, &map_written, guest_touch);
		new_slot(vm, memory, KVM_MEM_LOG_DIRTY_PAGES);
		bench_run(vm, GUEST(guest_touch), (struct args){
			.rdi = BENCH_RAM, .rcx = PAGES });
		get_dirty_log(vm);
		faults_of(vm, &logged, guest_touch);
	}
	bench_figure(where, map * 100 / PAGES, "unused-map");
	bench_figure(where, map_written * 100 / PAGES, "unused-map-written");
	bench_figure(where, logged * 100 / PAGES, "unused-dirty-log");
}

int main(int argc, char **argv)
{
	struct vm *vm, *other = NULL;
	int client = -1;

	if (argc < 2)
		errx(1, "usage: unused WHERE [client]");
	where = argv[1];
	if (argc > 2) {
		other = bench_vm();
		client = bench_attach(other);
	}
	vm = bench_vm();
	exits(vm);
	writes_of_kvm(vm);
	emulated_stores(vm);
	faults(vm);
	/* its APIC stays in another mode */
	interrupts(vm);
	vm_free(vm);
	if (other) {
		bench_detach(client);
		vm_free(other);
	}
	return 0;
}
