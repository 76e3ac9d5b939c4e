/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the guest runs.  Copied to GUEST_CODE, hence position-independent.  A
 * routine ends with an OUT, which brings the VMM back.
 */
#include "guest.h"

	.section .rodata
	.globl guest_code, guest_code_end
	.balign 16
guest_code:
	.quad 0			/* a good tag */

/* Call the function at RDI RCX times. */
	.globl guest_call
guest_call:
1:	call *%rdi
	dec %rcx
	jnz 1b
	out %al, $PORT_DONE

/* Store ESI to RDI, RCX times. */
	.globl guest_store
guest_store:
1:	mov %esi, (%rdi)
	dec %rcx
	jnz 1b
	out %al, $PORT_DONE

/* Load EAX from each page from RDI on, RCX pages. */
	.globl guest_load
guest_load:
1:	mov (%rdi), %eax
	add $4096, %rdi
	dec %rcx
	jnz 1b
	out %al, $PORT_DONE

/* Store to each page from RDI on, RCX pages. */
	.globl guest_touch
guest_touch:
1:	incb 0x800(%rdi)
	add $4096, %rdi
	dec %rcx
	jnz 1b
	out %al, $PORT_DONE

/* RCX times: store ESI to RDI and call the function at RDX. */
	.globl guest_store_call
guest_store_call:
1:	mov %esi, (%rdi)
	call *%rdx
	dec %rcx
	jnz 1b
	out %al, $PORT_DONE

/* Have KVM emulate a store and a compare-and-exchange of ESI to RDI. */
	.globl guest_emulated_store
guest_emulated_store:
	ud2
	.ascii "kvm"
	mov %esi, (%rdi)
	out %al, $PORT_DONE

	.globl guest_emulated_cmpxchg
guest_emulated_cmpxchg:
	mov (%rdi), %eax
	ud2
	.ascii "kvm"
	lock cmpxchg %esi, (%rdi)
	out %al, $PORT_DONE

	.globl guest_wrmsr
guest_wrmsr:
	wrmsr
	out %al, $PORT_DONE

/* Until STOP: write the next tag to each of RCX pages from RDI on. */
	.globl guest_tag_loop
guest_tag_loop:
	mov $2, %eax
1:	mov %rdi, %rbx
	mov %rcx, %rdx
2:	inc %eax
	mov %eax, TAG_OFFSET(%rbx)
	add $4096, %rbx
	dec %rdx
	jnz 2b
	cmpb $0, STOP
	je 1b
	out %al, $PORT_DONE

/* The same with only good tags. */
	.globl guest_good_tag_loop
guest_good_tag_loop:
	mov $2, %eax
1:	mov %rdi, %rbx
	mov %rcx, %rdx
2:	mov %eax, TAG_OFFSET(%rbx)
	add $4096, %rbx
	dec %rdx
	jnz 2b
	add $2, %eax
	cmpb $0, STOP
	je 1b
	out %al, $PORT_DONE

/*
 * RSI rounds or until STOP: call the function in each of RCX pages from RDI on.
 * R9 counts calls, R8 those that returned a bad tag, R10 the #UDs.
 */
	.globl guest_call_loop
guest_call_loop:
	xor %r8, %r8
	xor %r9, %r9
	xor %r10, %r10
1:	mov %rdi, %rbx
	mov %rcx, %rdx
2:	call *%rbx
	inc %r9
	and $1, %eax
	add %rax, %r8
	add $4096, %rbx
	dec %rdx
	jnz 2b
	cmpb $0, STOP
	jne 3f
	dec %rsi
	jnz 1b
3:	out %al, $PORT_DONE

/* Have SVM run the guest that the VMCB at RBX describes. */
	.globl guest_vmrun
guest_vmrun:
	mov %rbx, %rax
	vmrun %rax
	stgi
	mov 0x5f8(%rax), %r14	/* RAX */
	mov 0x70(%rax), %rax	/* exit code */
	out %al, $PORT_DONE

/* The same with VMX, and what struct vmx_control at RBX tells to write. */
	.globl guest_vmlaunch
guest_vmlaunch:
	vmxon (%rbx)
	vmclear 8(%rbx)
	vmptrld 8(%rbx)
	mov 16(%rbx), %r10
	lea 24(%rbx), %r11
1:	mov (%r11), %r12
	vmwrite 8(%r11), %r12
	add $16, %r11
	dec %r10
	jnz 1b
	mov $0x6c14, %r12d	/* host RSP */
	vmwrite %rsp, %r12
	mov $0x6c16, %r12d	/* host RIP */
	lea 2f(%rip), %r13
	vmwrite %r13, %r12
	vmlaunch
	mov $0x4400, %r12d	/* error */
	jmp 3f
2:	mov %rax, %r14
	mov $0x4402, %r12d	/* exit reason */
3:	vmread %r12, %rax
	vmxoff
	out %al, $PORT_DONE

/* In such a guest: call the function at RDI, and leave by what L1 intercepts. */
	.globl guest_l2_call
guest_l2_call:
	call *%rdi
	cpuid

/* #UD: stop, or go on behind the call with the tag 0. */
	.globl guest_ud_stop
guest_ud_stop:
	out %al, $PORT_UD

	.globl guest_ud_skip
guest_ud_skip:
	inc %r10
	mov 24(%rsp), %r11
	mov (%r11), %rax
	mov %rax, (%rsp)
	addq $8, 24(%rsp)
	xor %eax, %eax
	iretq

/* For other modes than 64 bit: the same bytes do in all. */
	.globl guest_done
guest_done:
	out %al, $PORT_DONE
guest_code_end:

/* Copied to the start of a page: a function that returns its tag. */
	.globl page_code, page_code_end
page_code:
	nopl (%rax)
	mov $0, %eax		/* the operand is at TAG_OFFSET */
	incl CALLS
	ret
page_code_end:

/* Copied to the start of a page: writes to its own page ESI times. */
	.globl self_code, self_code_end
self_code:
	incl (self_code + 0x800)(%rip)
	dec %esi
	jnz self_code
	ret
self_code_end:

/* Copied to the end of a page: the next instruction is emulated. */
	.globl fep_code, fep_code_end
fep_code:
	ud2
	.ascii "kvm"
fep_code_end:

/* SMI handler: store ESI to RDI and resume. */
	.code16
	.globl smi_code, smi_code_end
smi_code:
	mov $0, %ax
	mov %ax, %ds
	addr32 mov %esi, %ds:(%edi)
	rsm
smi_code_end:
	.code64

	.section .note.GNU-stack, "", @progbits
