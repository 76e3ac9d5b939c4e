/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the benchmarks of KVM have in common.  Their VMM is that of the tests of
 * the execute policy.  Figures are printed as "# figure WHERE WHAT NUMBER".
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdint.h>
#include <x86intrin.h>

#include "kvm_bench.h"
#include "kvm_exec_test.h"
#include "vmm.h"

#define BENCH_CODE	0x18000
#define BENCH_EOI	0x7200	/* u32: PV EOI, see guest.S */
#define BENCH_RAM	0x8000000ul	/* guest memory of the benchmarks' own */

extern char bench_code[], bench_code_end[];
extern char bench_cpuid[], bench_rdmsr[], bench_wrmsr[], bench_emulate[];
extern char bench_ipi[], bench_eoi[], bench_exit[];

/* Address of such a routine in the guest */
#define BENCH(label)	(BENCH_CODE + (uint64_t)((label) - bench_code))

#define die_unless(x)	((x) ? (void)0 : bench_die(__FILE__, __LINE__, #x))
__attribute__((noreturn)) void bench_die(const char *file, int line, const char *what);

/* A VM of 4K pages in the host whose page tables cover some more gigabytes. */
struct vm *bench_vm(void);

/* Host memory of 4K or 2M pages, populated */
uint8_t *bench_memory(uint64_t size, bool huge);

/* Cycles of a routine */
uint64_t bench_run(struct vm *vm, uint64_t rip, struct args args);

/* The device of the execute policy's client */
int bench_attach(struct vm *vm);
void bench_detach(int client);

/* Of the VM's mmu_lock, from one to the other; wants kvm_bench.ko. */
void bench_holds_begin(struct vm *vm);
struct kb_holds bench_holds_end(void);

void bench_figure(const char *where, uint64_t value, const char *what, ...)
	__attribute__((format(printf, 3, 4)));

#endif
