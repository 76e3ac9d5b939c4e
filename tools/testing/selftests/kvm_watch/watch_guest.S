/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Stores of all kinds to RDI.  Copied to WATCH_CODE, hence position-independent.
 * A routine ends with an OUT, which brings the VMM back.
 */
#include "guest.h"

#define DONE	out %al, $PORT_DONE

	.section .rodata
	.globl watch_code, watch_code_end
	.balign 16
watch_code:

	.globl w_mov1, w_mov2, w_mov4, w_mov8, w_imm8, w_movnti
w_mov1:	mov %sil, (%rdi)
	DONE
w_mov2:	mov %si, (%rdi)
	DONE
w_mov4:	mov %esi, (%rdi)
	DONE
w_mov8:	mov %rsi, (%rdi)
	DONE
w_imm8:	movq $0x12345678, (%rdi)
	DONE
w_movnti:
	movnti %rsi, (%rdi)
	DONE

	.globl w_mov16, w_movdqa, w_or, w_or1, w_lock_or, w_bts, w_lock_bts
w_mov16:
	movq %rsi, %xmm0
	punpcklqdq %xmm0, %xmm0
	movups %xmm0, (%rdi)
	DONE
w_movdqa:
	movq %rsi, %xmm0
	punpcklqdq %xmm0, %xmm0
	movdqa %xmm0, (%rdi)
	DONE
w_or:	or %rsi, (%rdi)
	DONE
w_or1:	or %sil, (%rdi)
	DONE
w_lock_or:
	lock or %rsi, (%rdi)
	DONE
w_bts:	bts %rcx, (%rdi)
	DONE
w_lock_bts:
	lock bts %rcx, (%rdi)
	DONE

	.globl w_xchg, w_xadd, w_cmpxchg, w_lock_cmpxchg, w_cmpxchg8b, w_cmpxchg16b
w_xchg:	xchg %rsi, (%rdi)
	DONE
w_xadd:	lock xadd %rsi, (%rdi)
	DONE
w_cmpxchg:
	cmpxchg %rsi, (%rdi)
	DONE
w_lock_cmpxchg:
	lock cmpxchg %rsi, (%rdi)
	DONE
w_cmpxchg8b:
	lock cmpxchg8b (%rdi)
	DONE
w_cmpxchg16b:
	lock cmpxchg16b (%rdi)
	DONE

/* RCX times */
	.globl w_rep_movsb, w_rep_movsq, w_rep_stosq
w_rep_movsb:
	rep movsb
	DONE
w_rep_movsq:
	rep movsq
	DONE
w_rep_stosq:
	rep stosq
	DONE

/* RDI is the stack. */
	.globl w_push, w_call
w_push:	xchg %rdi, %rsp
	push %rsi
	xchg %rdi, %rsp
	DONE
w_call:	xchg %rdi, %rsp
	call 1f
1:	DONE

/* CF is set: adc adds 1 more, and only once. */
	.globl w_adc
w_adc:	stc
	adc %rsi, (%rdi)
	DONE

/* 512 bytes at once */
	.globl w_fxsave
w_fxsave:
	fninit
	fxsave (%rdi)
	DONE

/* What KVM can't emulate: 2.0 as 8 bytes, then RSI at RDX. */
	.globl w_fst, w_fst_loop
w_fst:	fninit
	fld1
	fadd %st(0), %st
	fstpl (%rdi)
	mov %rsi, (%rdx)
	DONE

/* The same RCX times. */
w_fst_loop:
	fninit
1:	fld1
	fstpl (%rdi)
	dec %rcx
	jnz 1b
	DONE

/* RCX times: count at RDI up, atomically. */
	.globl w_count, w_count_native
w_count:
1:	lock incq (%rdi)
	dec %rcx
	jnz 1b
	DONE

/* Until STOP: store RAX, RAX + 1 and so on to RDI and compare. R8: differences. */
	.globl w_store_check
w_store_check:
	xor %r8, %r8
	xor %eax, %eax
1:	inc %rax
	mov %rax, (%rdi)
	mov (%rdi), %rbx
	cmp %rbx, %rax
	setne %bl
	movzbl %bl, %ebx
	add %rbx, %r8
	cmpb $0, STOP
	je 1b
	DONE

/* RCX times: store RSI to RDI. */
	.globl w_store_loop
w_store_loop:
1:	mov %rsi, (%rdi)
	dec %rcx
	jnz 1b
	DONE

/* RCX times: store another value to RDI. */
	.globl w_store_new
w_store_new:
1:	mov %rcx, (%rdi)
	dec %rcx
	jnz 1b
	DONE

/* RCX times: load CR3 from RSI, and from RDX. */
	.globl w_cr3
w_cr3:
1:	mov %rsi, %cr3
	mov %rdx, %cr3
	dec %rcx
	jnz 1b
	mov %cr3, %rax
	DONE

/* RCX times: forget translations, then load from and store to RDI. */
	.globl w_walk
w_walk:
1:	mov %cr3, %rax
	mov %rax, %cr3
	mov (%rdi), %rbx
	incq (%rdi)
	dec %rcx
	jnz 1b
	DONE

/* #PF: the error code to R8, go on at R9. */
	.globl w_page_fault
w_page_fault:
	pop %r8
	mov %r9, (%rsp)
	mov %cr2, %r10
	iretq

	.globl w_done
w_done:	DONE

/* What KVM can't emulate, 1.0 or RSI to RDI; R10: RFLAGS afterwards. */
	.globl w_fst_flags, w_movlps, w_maskmov, w_avx
w_fst_flags:
	fninit
	fld1
	fstpl (%rdi)
	jmp w_flags
w_movlps:
	movq %rsi, %xmm0
	movlps %xmm0, (%rdi)
	jmp w_flags
w_maskmov:
	pcmpeqd %xmm1, %xmm1
	movq %rsi, %xmm0
	maskmovdqu %xmm1, %xmm0
	jmp w_flags
w_avx:	mov %cr4, %rax
	or $0x40000, %eax	/* OSXSAVE */
	mov %rax, %cr4
	xor %ecx, %ecx
	xor %edx, %edx
	mov $7, %eax
	xsetbv
	vmovq %rsi, %xmm0
	vmovdqu %ymm0, (%rdi)
	jmp w_flags
w_flags:
	pushfq
	pop %r10
	DONE

/* The same with TF behind the first instructions. */
	.globl w_fst_tf, w_fst_tf_end
w_fst_tf:
	fninit
	fld1
	pushfq
	orq $0x100, (%rsp)
	popfq
	fstpl (%rdi)
w_fst_tf_end:
	jmp w_flags

/* #DB: R8 counts, R9 is where the last one was, go on without TF. */
	.globl w_debug
w_debug:
	inc %r8
	mov (%rsp), %r9
	andq $~0x100, 16(%rsp)
	iretq

/*
 * With RFLAGS from RSI, and RDX on the stack, store ECX to RDI, unless there is
 * another instruction at w_slot by then.  If R9 isn't 0, then with IF that was just
 * set: the vCPU is not halted for the host's page, as no interrupt could end that.  RAX: RFLAGS afterwards, R11: what is on
 * the stack.
 */
	.globl w_swap, w_slot
w_swap:	fninit
	push %rcx
	fildl (%rsp)
	push %rdx
	push %rsi
	popfq
	test %r9, %r9
	jz w_slot
	sti
w_slot:	fistpl (%rdi)
	pushfq
	pop %rax
2:	mov (%rsp), %r11
	movq $0x202, (%rsp)
	popfq
	DONE

/* SYSCALL comes here: what it did to RFLAGS is on the stack. */
	.globl w_syscall
w_syscall:
	pushfq
	pop %rax
	mov %r11, (%rsp)
	jmp 2b

/* Call RDI, for code that isn't at WATCH_CODE; R10 is its RFLAGS. */
	.globl w_jump, w_cli, w_cli_end, w_syscall_insn, w_syscall_insn_end
w_jump:	jmp *%rdi
w_cli:	cli
	pushfq
	pop %r10
	sti
	DONE
w_cli_end:
w_syscall_insn:
	syscall
w_syscall_insn_end:

/* SYSCALL comes here as well: R10 is RFLAGS. */
	.globl w_syscall_end
w_syscall_end:
	jmp w_flags

/* Events: exceptions, and what comes from outside to w_wait. */
	.globl w_ud2, w_int3, w_int, w_load, w_divide, w_wait
w_ud2:	ud2
	DONE
w_int3:	int3
	DONE
w_int:	int $0x40
	DONE
w_load:	mov (%rdi), %rax
	DONE
w_divide:
	xor %ecx, %ecx
	div %ecx
	DONE
w_wait:	nop
	DONE

/* Their handler: count in R8, R9 is on top of the stack at R10; end at RBX. */
	.globl w_event
w_event:
	inc %r8
	mov %rsp, %r10
	mov (%rsp), %r9
	mov %rbx, %rsp
	push $0x10
	push %rbx
	pushfq
	push $8
	lea w_done(%rip), %rax
	push %rax
	iretq

/* In L2: what KVM can't emulate, and what it can; leave. */
	.globl w_l2_fst, w_l2_mov
w_l2_fst:
	fninit
	fld1
	fstpl (%rdi)
	cpuid
w_l2_mov:
	mov %rsi, (%rdi)
	cpuid
watch_code_end:

	.section .note.GNU-stack, "", @progbits
