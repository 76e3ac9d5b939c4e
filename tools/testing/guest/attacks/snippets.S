/* SPDX-License-Identifier: GPL-2.0 */
/* Injected code: position-independent, kept as data until somebody copies it. */

	.macro snippet name
	.section .data.rel.ro, "aw"
	.balign 8
	.globl	\name
	.type	\name, @object
\name:	.quad	\name\()_start, \name\()_end - \name\()_start
	.size	\name, . - \name
	.section .rodata
\name\()_start:
	.endm

	snippet	say_injected
	mov	$1, %eax			/* write(1, text, 9) */
	mov	$1, %edi
	lea	1f(%rip), %rsi
	mov	$9, %edx
	syscall
	ret
1:	.ascii	"INJECTED\n"
say_injected_end:

	/* for a far call: nothing of it depends on where its segment begins */
	snippet	say_injected32
	.code32
	mov	$4, %eax			/* write(1, %ecx, 9) */
	mov	$1, %ebx
	mov	$9, %edx
	int	$0x80
	lret
	.code64
say_injected32_end:

	snippet	count_up
	lock incl (%rdi)
	ret
count_up_end:

	snippet	harmless
	ret
harmless_end:

	.section .note.GNU-stack, "", @progbits
