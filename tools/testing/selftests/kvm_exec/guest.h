/* SPDX-License-Identifier: GPL-2.0 */
/* Layout of the guest's memory, also for guest.S. */
#ifndef KVM_EXEC_GUEST_H
#define KVM_EXEC_GUEST_H

#define PORT_DONE	0x10
#define PORT_UD		0x06

#define TAG_OFFSET	4	/* KET_TAG_OFFSET */

#define PAGE_TABLES	0x1000	/* three pages */
#define IDT		0x4000
#define GDT		0x5000
#define CALLS		0x7000	/* u32: calls of page_code */
#define STOP		0x7100	/* u8: ends the loops */
#define TSS		0x8000
#define GUEST_CODE	0x10000
#define SMBASE		0x30000
#define STACK_TOP	0x60000	/* and a page lower for each vCPU */
#define TEST_PAGES	0x200000
#define TEST_PAGES_2	0x400000

#define RAM_SIZE	0x1000000

#endif
