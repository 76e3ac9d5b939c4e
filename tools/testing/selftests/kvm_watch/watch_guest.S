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
watch_code_end:

	.section .note.GNU-stack, "", @progbits
