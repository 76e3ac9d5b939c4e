/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the benchmarks' guest runs.  Copied to BENCH_CODE, hence
 * position-independent.  RSI is how often, a routine ends with an OUT.
 */
#include "guest.h"

#define BENCH_EOI	0x7200
#define X2APIC_EOI	0x80b
#define X2APIC_SPIV	0x80f
#define X2APIC_SELF	0x83f

	.section .rodata
	.globl bench_code, bench_code_end
	.balign 16
bench_code:
	.globl bench_cpuid
bench_cpuid:
1:	xor %eax, %eax
	xor %ecx, %ecx
	cpuid
	dec %rsi
	jnz 1b
	out %al, $PORT_DONE

/* Read the MSR EDI. */
	.globl bench_rdmsr
bench_rdmsr:
	mov %edi, %ecx
1:	rdmsr
	dec %rsi
	jnz 1b
	out %al, $PORT_DONE

/* Write R9, of 32 bits, to the MSR EDI. */
	.globl bench_wrmsr
bench_wrmsr:
	mov %edi, %ecx
	mov %r9d, %eax
	xor %edx, %edx
1:	wrmsr
	dec %rsi
	jnz 1b
	out %al, $PORT_DONE

/* Have KVM emulate a store to RDI, of what isn't there yet. */
	.globl bench_emulate
bench_emulate:
1:	ud2
	.ascii "kvm"
	mov %esi, (%rdi)
	dec %rsi
	jnz 1b
	out %al, $PORT_DONE

/* Send vector EDI to itself, which bench_eoi handles. */
	.globl bench_ipi
bench_ipi:
	mov $X2APIC_SPIV, %ecx
	mov $0x1ff, %eax
	xor %edx, %edx
	wrmsr
	mov %edi, %eax
1:	mov $X2APIC_SELF, %ecx
	wrmsr
	dec %rsi
	jnz 1b
	out %al, $PORT_DONE

	.globl bench_eoi
bench_eoi:
	btrl $0, BENCH_EOI
	jc 1f
	push %rax
	mov $X2APIC_EOI, %ecx
	xor %eax, %eax
	wrmsr
	pop %rax
1:	iretq

/* Exit to user space, for ever. */
	.globl bench_exit
bench_exit:
1:	out %al, $PORT_DONE
	jmp 1b
bench_code_end:

	.section .note.GNU-stack, "", @progbits
