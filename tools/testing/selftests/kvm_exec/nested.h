/* SPDX-License-Identifier: GPL-2.0 */
/* A guest of the guest: it has the guest's memory, and its page tables. */
#ifndef KVM_EXEC_NESTED_H
#define KVM_EXEC_NESTED_H

#include "vmm.h"

/* Pages of the guest that the below take */
#define L2_CONTROL	0x70000		/* VMCB, or what to write to the VMCS */
#define L2_PAGES	0x71000		/* host save area, or VMXON region and VMCS */
#define L2_MSR_BITMAP	0x73000		/* two pages, no MSR is intercepted */
#define L2_TABLES	0x75000		/* nested page tables, three pages */
#define L2_STACK_TOP	0x7a000

/* False if vCPU 0 can't have one. */
bool vm_l2_prepare(struct vm *vm, bool nested_paging);

/*
 * Have vCPU 0 enter L2 at @rip.  RAN_DONE if it has left by the CPUID at the end of
 * a routine; L2's RAX is in *@rax unless that is NULL.
 */
enum outcome vm_l2_run(struct vm *vm, uint64_t rip, const struct args *args,
		       uint64_t *rax);

#endif
