/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the guest runs: kernel, attacker and user programs.  The kernel's part is
 * copied into the image, the user's part to USER_CODE, hence both are
 * position-independent.
 *
 * A routine of the kernel gets RDI, RSI, RDX, RCX, R8, R9, R10 as arguments and
 * its context in
 *	R11 the routine itself, R12 the CR3 to run it with,
 *	R13 KTHREAD, R14 kernel CR3 and R15 user CR3 of the process that it runs in.
 * RAX does not survive the way there.
 */
#include "guest.h"

#define U_S	4

	.section .rodata
	.globl guest_code, guest_code_end
	.balign 16
guest_code:

/* --- entries ------------------------------------------------------------------ */

/* LSTAR of a kernel without KVA shadow ... */
	.globl guest_syscall
guest_syscall:
	swapgs
	mov %rsp, %gs:PCR_USER_RSP
	mov %gs:PCR_RSP_BASE, %rsp
	jmp system_service

/* ... and with it */
	.balign 64
	.globl guest_syscall_shadow
guest_syscall_shadow:
	swapgs
	mov %rsp, %gs:PCR_SHADOW_USER_RSP
	mov %gs:PCR_KERNEL_CR3, %rsp
	btl $1, %gs:PCR_SHADOW_FLAGS
	jc 1f
	mov %rsp, %cr3
1:	mov %gs:PCR_KERNEL_RSP, %rsp

system_service:
	cmp $SYS_IDLE, %eax
	je idle_next
	cmp $SYS_RACE, %eax
	je race_read
	out %al, $PORT_DONE

/* A gate for each vector, 16 bytes apart */
	.balign 16
	.globl guest_gates
guest_gates:
	vector = 0
	.rept 32
	.balign 16
	.if !((1 << vector) & 0x60227d00)	/* no error code */
	push $0
	.endif
	push $vector
	jmp exception
	vector = vector + 1
	.endr

	.balign 16
exception:
	testb $3, 24(%rsp)
	jz 2f
	swapgs
	testb $PCR_NO_SHADOW, %gs:PCR_SHADOW_FLAGS
	jnz 1f
	push %rax
	mov %gs:PCR_KERNEL_CR3, %rax
	mov %rax, %cr3
	pop %rax
1:	cmpq $14, (%rsp)
	jne 2f
	cmp $RACE_MAGIC, %r10
	je race_fault
2:	pop %rax
	pop %rbx
	pop %rcx
	pop %rdx
	out %al, $PORT_FAULT

/* --- kernel ------------------------------------------------------------------- */

/* Make the process of R13, R14, R15 the current one and load R12. */
	.macro become
	mov %r13, %gs:PCR_THREAD
	mov %r14, %gs:PCR_KERNEL_CR3
	xor %eax, %eax
	cmp %r14, %r15
	sete %al
	add %eax, %eax
	mov %eax, %gs:PCR_SHADOW_FLAGS
	mov %r12, %cr3
	.endm

	.globl guest_call
guest_call:
	become
	jmp *%r11

/* Current process and nothing else */
	.globl guest_nothing
guest_nothing:
	out %al, $PORT_DONE

/*
 * The idle loop, RDI the ready queue: each process in turn gets its tables loaded
 * and is in user mode for one system call.
 */
	.globl guest_idle
guest_idle:
	xor %esi, %esi
	mov QUEUE_BATCH(%rdi), %r9
	xor %r10d, %r10d
1:	cmp QUEUE_COUNT(%rdi), %rsi
	jb 2f
	xor %esi, %esi
2:	inc %rsi
	mov %rsi, %rax
	shl $QUEUE_SHIFT, %rax
	mov (%rdi,%rax), %r13
	mov 8(%rdi,%rax), %r14
	mov 16(%rdi,%rax), %r15
	mov 24(%rdi,%rax), %r8
	mov %r14, %r12
	become
	test $1, %r8b			/* System has no user mode */
	jz idle_next
	movabs $(USER_CODE + user_idle - user_code), %rcx
	cmp %r14, %r15
	je to_user
	mov %r15, %cr3
	jmp to_user
idle_next:
	dec %r9
	jnz 1b
	out %al, $PORT_IDLE
	mov %gs:PCR_KERNEL_CR3, %rax	/* what a call has left may be a user table */
	mov %rax, %cr3
	mov QUEUE_BATCH(%rdi), %r9
	jmp 1b

to_user:
	mov $0x202, %r11d
	movabs $USER_STACK, %rsp
	swapgs
	sysretq

/* Run the user program at RCX with the tables that are loaded. */
	.globl guest_user, guest_user_warm
guest_user_warm:
	mov (%rdi), %rax
guest_user:
	jmp to_user

/*
 * RDX times: user mode reads at RDI. R8 counts reads, R9 faults.
 */
	.globl guest_race
guest_race:
	xor %r8d, %r8d
	xor %r9d, %r9d
1:	movabs $(USER_CODE + user_race - user_code), %rcx
	cmp %r14, %r15
	je to_user
	mov %r15, %cr3
	jmp to_user
race_read:
	inc %r8
	jmp 2f
race_fault:
	inc %r9
2:	dec %rdx
	jnz 1b
	out %al, $PORT_DONE

/* --- attacks: RSI is stored to the entry at RDI; RAX is what can be read then -- */

	.globl store_mov1, store_mov2, store_mov4, store_mov8
store_mov1:
	mov %sil, (%rdi)
	jmp look
store_mov2:
	mov %si, (%rdi)
	jmp look
store_mov4:
	mov %esi, (%rdi)
	jmp look
store_mov8:
	mov %rsi, (%rdi)
look:	mov (%rdi), %rax
	out %al, $PORT_DONE

/* Entries beside it are stored as they are. */
	.macro wide load, reg, size
	mov %rdi, %rbx
	and $-\size, %rbx
	mov %edi, %ecx
	and $(\size - 8), %ecx
	sub $64, %rsp
	\load (%rbx), \reg
	\load \reg, (%rsp)
	mov %rsi, (%rsp,%rcx)
	\load (%rsp), \reg
	\load \reg, (%rbx)
	add $64, %rsp
	.endm

	.globl store_movups, store_movdqu, store_avx, store_avx512
store_movups:
	wide movups, %xmm0, 16
	jmp look
store_movdqu:
	wide movdqu, %xmm0, 16
	jmp look
store_avx:
	wide vmovdqu, %ymm0, 32
	jmp look
store_avx512:
	wide vmovdqu64, %zmm0, 64
	jmp look

	.globl store_or1, store_or4, store_or8, store_lock_or
	.globl store_bts, store_lock_bts
store_or1:
	orb $U_S, (%rdi)
	jmp look
store_or4:
	orl $U_S, (%rdi)
	jmp look
store_or8:
	orq $U_S, (%rdi)
	jmp look
store_lock_or:
	lock orq $U_S, (%rdi)
	jmp look
store_bts:
	btsq $2, (%rdi)
	jmp look
store_lock_bts:
	lock btsq $2, (%rdi)
	jmp look

	.globl store_xchg, store_cmpxchg, store_cmpxchg16b
store_xchg:
	mov %rsi, %rax
	xchg %rax, (%rdi)
	jmp look
store_cmpxchg:
	mov (%rdi), %rax
	lock cmpxchg %rsi, (%rdi)
	jmp look
store_cmpxchg16b:
	mov %rdi, %rbp
	and $-16, %rbp
	mov (%rbp), %rax
	mov 8(%rbp), %rdx
	mov %rax, %rbx
	mov %rdx, %rcx
	test $8, %dil
	cmovz %rsi, %rbx
	cmovnz %rsi, %rcx
	lock cmpxchg16b (%rbp)
	jmp look

/* The whole table from the page at R8 */
	.macro whole insn, count
	mov %rsi, %rax
	mov %rdi, %rbx
	mov %rdi, %rsi
	and $-4096, %rsi
	mov %r8, %rdi
	mov $512, %ecx
	rep movsq
	mov %ebx, %edx
	and $4095, %edx
	mov %rax, (%r8,%rdx)
	mov %r8, %rsi
	mov %rbx, %rdi
	and $-4096, %rdi
	mov $\count, %ecx
	rep \insn
	mov %rbx, %rdi
	.endm

	.globl store_rep_movsb, store_rep_movsq
store_rep_movsb:
	whole movsb, 4096
	jmp look
store_rep_movsq:
	whole movsq, 512
	jmp look

	.globl store_zero_set, store_clear_set, store_flood
store_zero_set:
	movq $0, (%rdi)
	mov %rsi, (%rdi)
	jmp look
store_clear_set:
	andq $~1, (%rdi)
	mov %rsi, (%rdi)
	jmp look
store_flood:				/* RDX times */
	mov %rsi, (%rdi)
	pause
	dec %rdx
	jnz store_flood
	jmp look

/* --- what every kernel does --------------------------------------------------- */

/* RDX times: accessed, dirty, software and NX bits of the entry at RDI */
	.globl guest_bits
guest_bits:
	.irp bit, 5, 6, 9, 10, 52, 58
	btcq $\bit, (%rdi)
	lock btcq $\bit, (%rdi)
	.endr
	btrq $63, (%rdi)
	btsq $63, (%rdi)
	lock andq $~0x60, (%rdi)
	orb $0x60, (%rdi)
	dec %rdx
	jnz guest_bits
	jmp look

/* RDX times: map and unmap RSI in the R9 entries whose offsets are at R8. */
	.globl guest_slots
guest_slots:
1:	xor %ecx, %ecx
2:	mov (%r8,%rcx,8), %rbx
	mov %rsi, (%rdi,%rbx)
	inc %rcx
	cmp %r9, %rcx
	jb 2b
	xor %ecx, %ecx
3:	mov (%r8,%rcx,8), %rbx
	movq $0, (%rdi,%rbx)
	inc %rcx
	cmp %r9, %rcx
	jb 3b
	dec %rdx
	jnz 1b
	out %al, $PORT_DONE

/*
 * RDX random writes to the table at RDI, of all kinds: in the R9 entries whose
 * offsets are at R8, of the sixteen frames from RCX on, seed RSI.
 */
	.globl guest_writes
guest_writes:
	mov %rsi, %rax
	shl $13, %rax
	xor %rax, %rsi
	mov %rsi, %rax
	shr $7, %rax
	xor %rax, %rsi
	mov %rsi, %rax
	shl $17, %rax
	xor %rax, %rsi

	mov %esi, %ebx			/* which entry */
	shr $8, %ebx
	movzwl %bx, %ebx
	imul %r9, %rbx
	shr $16, %rbx
	mov (%r8,%rbx,8), %rbx
	add %rdi, %rbx

	mov %rsi, %rax			/* what */
	shr $32, %rax
	and $0xf, %eax
	shl $12, %rax
	add %rcx, %rax
	mov %rsi, %rbp
	shr $40, %rbp
	and $0xfff, %ebp
	or %rbp, %rax
	test %rsi, %rsi
	jns 1f
	bts $63, %rax

1:	mov %esi, %ebp			/* how */
	and $7, %ebp
	jz 10f
	dec %ebp
	jz 11f
	dec %ebp
	jz 12f
	dec %ebp
	jz 13f
	dec %ebp
	jz 14f
	dec %ebp
	jz 15f
	dec %ebp
	jz 16f

	mov %rbx, %rbp			/* sixteen bytes, one entry of them as it is */
	and $-16, %rbp
	and $8, %ebx
	sub $16, %rsp
	movdqu (%rbp), %xmm0
	movdqu %xmm0, (%rsp)
	mov %rax, (%rsp,%rbx)
	movdqu (%rsp), %xmm0
	movups %xmm0, (%rbp)
	add $16, %rsp
	jmp 20f
10:	mov %rax, (%rbx)
	jmp 20f
11:	mov %eax, (%rbx)
	jmp 20f
12:	mov %al, (%rbx)
	jmp 20f
13:	xchg %rax, (%rbx)
	jmp 20f
14:	mov %rax, %rbp
	mov (%rbx), %rax
	lock cmpxchg %rbp, (%rbx)
	jmp 20f
15:	and $0xe00, %eax
	or %rax, (%rbx)
	jmp 20f
16:	movq $0, (%rbx)
20:	dec %rdx
	jnz guest_writes
	out %al, $PORT_DONE

/* RDX times: load CR3 from RDI, and from RSI. */
	.globl guest_switches
guest_switches:
	mov %rdi, %cr3
	mov %rsi, %cr3
	dec %rdx
	jnz guest_switches
	out %al, $PORT_DONE

/* RCX times sixteen bytes: from RSI to RDI, or zeroes to RDI */
	.globl guest_copy, guest_clear, guest_fill
guest_copy:
	movdqu (%rsi), %xmm0
	movdqu %xmm0, (%rdi)
	add $16, %rsi
	add $16, %rdi
	dec %rcx
	jnz guest_copy
	out %al, $PORT_DONE
guest_clear:
	pxor %xmm0, %xmm0
1:	movdqu %xmm0, (%rdi)
	add $16, %rdi
	dec %rcx
	jnz 1b
	out %al, $PORT_DONE

/* RCX times RSI to RDI */
guest_fill:
	mov %rsi, %rax
	rep stosq
	out %al, $PORT_DONE
guest_code_end:

/* --- user programs ------------------------------------------------------------ */

	.globl user_code, user_code_end, user_read
user_code:
user_idle:
	xor %eax, %eax
	cpuid				/* brings KVM in from user mode */
	mov $SYS_IDLE, %eax
	syscall

/* Read at RDI, RDX times. RBX is the last value, R8 counts. */
user_read:
	xor %r8d, %r8d
1:	mov (%rdi), %rbx
	inc %r8
	dec %rdx
	jnz 1b
	mov $SYS_DONE, %eax
	syscall

user_race:
	mov (%rdi), %rbx
	mov $SYS_RACE, %eax
	syscall
user_code_end:

/* --- offsets by build --------------------------------------------------------- */

	.globl builds_csv, builds_csv_end
builds_csv:
	.incbin "windows-x64-offsets.csv"
builds_csv_end:
	.byte 0

	.section .note.GNU-stack, "", @progbits
