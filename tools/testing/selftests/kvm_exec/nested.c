// SPDX-License-Identifier: GPL-2.0
/* SVM and VMX as the guest's hypervisor sees them: the least that runs an L2. */
#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "nested.h"

#define MSR_FEATURE_CONTROL	0x3a
#define MSR_VMX_BASIC		0x480
#define MSR_VMX_SECONDARY	0x48b
#define MSR_VMX_TRUE_PIN	0x48d
#define MSR_VMX_TRUE_PRIMARY	0x48e
#define MSR_VMX_TRUE_EXIT	0x48f
#define MSR_VMX_TRUE_ENTRY	0x490
#define MSR_EFER		0xc0000080
#define MSR_HSAVE_PA		0xc0010117

#define EFER_LONG	0x500
#define EFER_SVME	0x1000
#define CR4_VMXE	0x2000

#define SVM_EXIT_CPUID	0x72
#define VMX_EXIT_CPUID	10

/* Offsets in the VMCB */
#define VMCB_INTERCEPTS	0x0c
#define VMCB_MSRPM	0x48
#define VMCB_ASID	0x58
#define VMCB_NP_ENABLE	0x90
#define VMCB_NCR3	0xb0
#define VMCB_ES		0x400
#define VMCB_CS		0x410
#define VMCB_SS		0x420
#define VMCB_DS		0x430
#define VMCB_GDTR	0x460
#define VMCB_IDTR	0x480
#define VMCB_EFER	0x4d0
#define VMCB_CR4	0x548
#define VMCB_CR3	0x550
#define VMCB_CR0	0x558
#define VMCB_DR7	0x560
#define VMCB_DR6	0x568
#define VMCB_RFLAGS	0x570
#define VMCB_RIP	0x578
#define VMCB_RSP	0x5d8
#define VMCB_RAX	0x5f8
#define VMCB_PAT	0x668

#define PAT		0x0007040600070406ull
#define DR6		0xffff0ff0
#define DR7		0x400

static bool has_feature(uint32_t function, unsigned int bit)
{
	static const int nent = 256;
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), i;
	struct kvm_cpuid2 *cpuid;
	bool has = false;

	cpuid = calloc(1, sizeof(*cpuid) + nent * sizeof(cpuid->entries[0]));
	if (!cpuid || kvm < 0)
		err(1, "cpuid");
	cpuid->nent = nent;
	xioctl(kvm, KVM_GET_SUPPORTED_CPUID, cpuid, "KVM_GET_SUPPORTED_CPUID");
	for (i = 0; i < (int)cpuid->nent; i++)
		if (cpuid->entries[i].function == function)
			has |= cpuid->entries[i].ecx >> bit & 1;
	free(cpuid);
	close(kvm);
	return has;
}

struct one_msr {
	struct kvm_msrs head;
	struct kvm_msr_entry entry;
};

static uint64_t get_msr(struct vm *vm, uint32_t index)
{
	struct one_msr msr = { .head.nmsrs = 1, .entry.index = index };

	if (xioctl(vm->vcpu[0].fd, KVM_GET_MSRS, &msr, "KVM_GET_MSRS") != 1)
		errx(1, "MSR %#x can't be read", index);
	return msr.entry.data;
}

static void set_msr(struct vm *vm, uint32_t index, uint64_t value)
{
	struct one_msr msr = {
		.head.nmsrs = 1, .entry = { .index = index, .data = value },
	};

	if (xioctl(vm->vcpu[0].fd, KVM_SET_MSRS, &msr, "KVM_SET_MSRS") != 1)
		errx(1, "MSR %#x can't be written", index);
}

static void set_cr4_and_efer(struct vm *vm, uint64_t cr4, uint64_t efer)
{
	struct kvm_sregs sregs;

	xioctl(vm->vcpu[0].fd, KVM_GET_SREGS, &sregs, "KVM_GET_SREGS");
	sregs.cr4 |= cr4;
	sregs.efer |= efer;
	xioctl(vm->vcpu[0].fd, KVM_SET_SREGS, &sregs, "KVM_SET_SREGS");
}

/* Linear is physical, with all permissions. */
static void put_nested_tables(struct vm *vm, uint64_t table, uint64_t leaf)
{
	uint64_t *pml4 = (uint64_t *)(vm->ram + L2_TABLES);
	uint64_t *pdpt = pml4 + 512, *pd = pdpt + 512;
	int i;

	pml4[0] = (L2_TABLES + PAGE) | table;
	pdpt[0] = (L2_TABLES + 2 * PAGE) | table;
	for (i = 0; i < 512; i++)
		pd[i] = (uint64_t)i << 21 | leaf;
}

#define VMCB(vm, offset, type)	(*(type *)((vm)->ram + L2_CONTROL + (offset)))

static void put_segment(struct vm *vm, int offset, uint16_t selector, uint16_t attributes)
{
	VMCB(vm, offset, uint16_t) = selector;
	VMCB(vm, offset + 2, uint16_t) = attributes;
	VMCB(vm, offset + 4, uint32_t) = -1;
	VMCB(vm, offset + 8, uint64_t) = 0;
}

static void put_table_register(struct vm *vm, int offset, uint32_t limit, uint64_t base)
{
	VMCB(vm, offset + 4, uint32_t) = limit;
	VMCB(vm, offset + 8, uint64_t) = base;
}

static void svm_put_vmcb(struct vm *vm, bool nested_paging, const struct kvm_sregs *sregs)
{
	/* CPUID, MSRs by the map, VMRUN */
	VMCB(vm, VMCB_INTERCEPTS, uint64_t) = 1 << 18 | 1 << 28 | 1ull << 32;
	VMCB(vm, VMCB_MSRPM, uint64_t) = L2_MSR_BITMAP;
	VMCB(vm, VMCB_ASID, uint32_t) = 1;
	VMCB(vm, VMCB_NP_ENABLE, uint64_t) = nested_paging;
	VMCB(vm, VMCB_NCR3, uint64_t) = nested_paging ? L2_TABLES : 0;
	put_segment(vm, VMCB_CS, sregs->cs.selector, 0xa9b);
	put_segment(vm, VMCB_ES, sregs->ds.selector, 0xc93);
	put_segment(vm, VMCB_SS, sregs->ds.selector, 0xc93);
	put_segment(vm, VMCB_DS, sregs->ds.selector, 0xc93);
	put_table_register(vm, VMCB_GDTR, sregs->gdt.limit, sregs->gdt.base);
	put_table_register(vm, VMCB_IDTR, sregs->idt.limit, sregs->idt.base);
	VMCB(vm, VMCB_EFER, uint64_t) = sregs->efer;
	VMCB(vm, VMCB_CR4, uint64_t) = sregs->cr4;
	VMCB(vm, VMCB_CR3, uint64_t) = sregs->cr3;
	VMCB(vm, VMCB_CR0, uint64_t) = sregs->cr0;
	VMCB(vm, VMCB_DR7, uint64_t) = DR7;
	VMCB(vm, VMCB_DR6, uint64_t) = DR6;
	VMCB(vm, VMCB_PAT, uint64_t) = PAT;
	VMCB(vm, VMCB_RSP, uint64_t) = L2_STACK_TOP;
}

static void svm_prepare(struct vm *vm, bool nested_paging)
{
	struct kvm_sregs sregs;

	set_cr4_and_efer(vm, 0, EFER_SVME);
	set_msr(vm, MSR_HSAVE_PA, L2_PAGES);
	if (nested_paging)
		put_nested_tables(vm, 7, 0x87);
	xioctl(vm->vcpu[0].fd, KVM_GET_SREGS, &sregs, "KVM_GET_SREGS");
	svm_put_vmcb(vm, nested_paging, &sregs);
}

static enum outcome svm_run(struct vm *vm, uint64_t rip, const struct args *args)
{
	struct args l1 = *args;

	VMCB(vm, VMCB_RIP, uint64_t) = rip;
	VMCB(vm, VMCB_RFLAGS, uint64_t) = args->rflags ?: RFLAGS;
	VMCB(vm, VMCB_RAX, uint64_t) = args->rax;
	l1.rbx = L2_CONTROL;
	return vm_run(vm, GUEST(guest_vmrun), &l1);
}

/* What guest_vmlaunch writes to the VMCS; host RIP and RSP are its own. */
struct vmx_control {
	uint64_t vmxon, vmcs;	/* addresses */
	uint64_t nr;
	struct {
		uint64_t field, value;
	} writes[100];
};

static void vmcs_put(struct vmx_control *c, uint64_t field, uint64_t value)
{
	c->writes[c->nr].field = field;
	c->writes[c->nr].value = value;
	c->nr++;
}

/* What has to be on, and @more */
static void vmcs_put_controls(struct vm *vm, struct vmx_control *c, uint64_t field,
			      uint32_t capability, uint32_t more)
{
	vmcs_put(c, field, (uint32_t)get_msr(vm, capability) | more);
}

#define VMCS_RIP		0x681e
#define VMCS_RFLAGS		0x6820

static void vmcs_put_segment(struct vmx_control *c, int number, uint16_t selector,
			     uint32_t limit, uint32_t rights, uint64_t base)
{
	vmcs_put(c, 0x800 + 2 * number, selector);
	vmcs_put(c, 0x4800 + 2 * number, limit);
	vmcs_put(c, 0x4814 + 2 * number, rights);
	vmcs_put(c, 0x6806 + 2 * number, base);
}

static void vmcs_put_guest(struct vmx_control *c, const struct kvm_sregs *sregs)
{
	int i;

	vmcs_put_segment(c, 0, sregs->ds.selector, -1, 0xc093, 0);	/* ES */
	vmcs_put_segment(c, 1, sregs->cs.selector, -1, 0xa09b, 0);
	for (i = 2; i < 6; i++)
		vmcs_put_segment(c, i, sregs->ds.selector, -1, 0xc093, 0);
	vmcs_put_segment(c, 6, 0, 0, 0x10000, 0);			/* no LDT */
	vmcs_put_segment(c, 7, sregs->tr.selector, 0x67, 0x8b, sregs->tr.base);
	vmcs_put(c, 0x4810, sregs->gdt.limit);
	vmcs_put(c, 0x4812, sregs->idt.limit);
	vmcs_put(c, 0x6816, sregs->gdt.base);
	vmcs_put(c, 0x6818, sregs->idt.base);
	vmcs_put(c, 0x2800, -1);		/* no link */
	vmcs_put(c, 0x2806, EFER_LONG);
	vmcs_put(c, 0x6800, sregs->cr0);
	vmcs_put(c, 0x6802, sregs->cr3);
	vmcs_put(c, 0x6804, sregs->cr4);
	vmcs_put(c, 0x681a, DR7);
	vmcs_put(c, 0x681c, L2_STACK_TOP);
}

static void vmcs_put_host(struct vmx_control *c, const struct kvm_sregs *sregs)
{
	uint64_t field;

	for (field = 0xc00; field <= 0xc0a; field += 2)		/* ES to GS */
		vmcs_put(c, field, sregs->ds.selector);
	vmcs_put(c, 0xc02, sregs->cs.selector);
	vmcs_put(c, 0xc0c, sregs->tr.selector);
	vmcs_put(c, 0x2c02, EFER_LONG);
	vmcs_put(c, 0x6c00, sregs->cr0);
	vmcs_put(c, 0x6c02, sregs->cr3);
	vmcs_put(c, 0x6c04, sregs->cr4);
	vmcs_put(c, 0x6c06, 0);					/* FS */
	vmcs_put(c, 0x6c08, 0);					/* GS */
	vmcs_put(c, 0x6c0a, sregs->tr.base);
	vmcs_put(c, 0x6c0c, sregs->gdt.base);
	vmcs_put(c, 0x6c0e, sregs->idt.base);
}

static void vmx_prepare(struct vm *vm, bool nested_paging)
{
	struct vmx_control *c = (struct vmx_control *)(vm->ram + L2_CONTROL);
	uint32_t revision = get_msr(vm, MSR_VMX_BASIC) & 0x7fffffff;
	struct kvm_sregs sregs;

	set_msr(vm, MSR_FEATURE_CONTROL, 5);	/* locked, VMX is on */
	set_cr4_and_efer(vm, CR4_VMXE, 0);
	xioctl(vm->vcpu[0].fd, KVM_GET_SREGS, &sregs, "KVM_GET_SREGS");

	*c = (struct vmx_control){ .vmxon = L2_PAGES, .vmcs = L2_PAGES + PAGE };
	*(uint32_t *)(vm->ram + c->vmxon) = revision;
	*(uint32_t *)(vm->ram + c->vmcs) = revision;

	vmcs_put_controls(vm, c, 0x4000, MSR_VMX_TRUE_PIN, 0);
	vmcs_put_controls(vm, c, 0x4002, MSR_VMX_TRUE_PRIMARY,
			  1u << 28 | (uint32_t)nested_paging << 31); /* MSR bitmap */
	vmcs_put_controls(vm, c, 0x400c, MSR_VMX_TRUE_EXIT, 1 << 9 | 1 << 21);
	vmcs_put_controls(vm, c, 0x4012, MSR_VMX_TRUE_ENTRY, 1 << 9 | 1 << 15);
	vmcs_put(c, 0x2004, L2_MSR_BITMAP);
	if (nested_paging) {
		put_nested_tables(vm, 7, 0xb7);
		vmcs_put_controls(vm, c, 0x401e, MSR_VMX_SECONDARY, 1 << 1);
		vmcs_put(c, 0x201a, L2_TABLES | 0x1e);
	}
	vmcs_put_guest(c, &sregs);
	vmcs_put_host(c, &sregs);
}

static enum outcome vmx_run(struct vm *vm, uint64_t rip, const struct args *args)
{
	struct vmx_control *c = (struct vmx_control *)(vm->ram + L2_CONTROL);
	uint64_t nr = c->nr;
	struct args l1 = *args;
	enum outcome outcome;

	vmcs_put(c, VMCS_RIP, rip);
	vmcs_put(c, VMCS_RFLAGS, args->rflags ?: RFLAGS);
	l1.rbx = L2_CONTROL;
	outcome = vm_run(vm, GUEST(guest_vmlaunch), &l1);
	c->nr = nr;
	return outcome;
}

static bool has_svm(void)
{
	return has_feature(0x80000001, 2);
}

bool vm_l2_prepare(struct vm *vm, bool nested_paging)
{
	if (has_svm())
		svm_prepare(vm, nested_paging);
	else if (has_feature(1, 5))
		vmx_prepare(vm, nested_paging);
	else
		return false;
	return true;
}

enum outcome vm_l2_run(struct vm *vm, uint64_t rip, const struct args *args,
		       uint64_t *rax)
{
	enum outcome outcome = has_svm() ? svm_run(vm, rip, args) : vmx_run(vm, rip, args);
	uint64_t code = vm->vcpu[0].regs.rax;

	if (outcome != RAN_DONE)
		return outcome;
	if (rax)
		*rax = vm->vcpu[0].regs.r14;
	return code == (has_svm() ? SVM_EXIT_CPUID : VMX_EXIT_CPUID) ?
	       RAN_DONE : RAN_OTHER;
}
