/* SPDX-License-Identifier: GPL-2.0 */
/* What guest.S and the VMM have to agree on. */
#ifndef WINGUEST_GUEST_H
#define WINGUEST_GUEST_H

/* The guest tells the VMM by OUT what a run came to. */
#define PORT_IDLE	0xe0	/* a batch of switches between processes is done */
#define PORT_DONE	0xe1	/* a routine is through */
#define PORT_FAULT	0xe2	/* exception: RAX vector, RBX error code, RCX RIP, RDX CS */

/* System calls of the user programs, in EAX */
#define SYS_IDLE	0
#define SYS_DONE	1
#define SYS_RACE	2

#define RACE_MAGIC	0x52414345	/* in R10: page faults of user mode are counted */

/* KPCR, as Windows has it from 10.0.17134 on */
#define PCR_USER_RSP		0x10
#define PCR_SELF		0x18
#define PCR_CURRENT_PRCB	0x20
#define PCR_IDT			0x38
#define PCR_THREAD		0x188
#define PCR_RSP_BASE		0x1a8
#define PCR_KERNEL_CR3		0x9000
#define PCR_KERNEL_RSP		0x9008
#define PCR_SHADOW_USER_RSP	0x9010
#define PCR_SHADOW_FLAGS	0x9018
#define PCR_NO_SHADOW		2	/* this process has one table only */
#define PCR_PAGES		10

#define KERNEL_CS	0x10
#define USER_CS		0x33
#define USER_DS		0x2b
#define TSS_SELECTOR	0x40

#define USER_CODE	0x140001000
#define USER_STACK	0x140003000

/* The ready queue: a header and entries of this size */
#define QUEUE_COUNT	0
#define QUEUE_BATCH	8
#define QUEUE_SHIFT	5
#define QUEUE_ENTRY	32

#endif
