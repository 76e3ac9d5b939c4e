// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../kvm_watch/kvm_watch_test.h"
#include "vmm.h"

#define HUGE_PAGE	(2ul << 20)
#define CPUID_ENTRIES	256
#define TABLES		3	/* of PAGE_TABLES */

#define KERNEL_CS	0x08
#define KERNEL_DS	0x10
#define USER_CS		0x1b
#define USER_DS		0x23
#define TSS_SELECTOR	0x28	/* loaded by the VMM, there is no descriptor */

int xioctl(int fd, unsigned long request, void *arg, const char *what)
{
	int r = ioctl(fd, request, arg);

	if (r < 0)
		err(1, "%s", what);
	return r;
}

/* Memory that the host can map with huge pages */
static uint8_t *alloc_ram(void)
{
	uint8_t *p = mmap(NULL, RAM_SIZE + HUGE_PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uintptr_t start;

	if (p == MAP_FAILED)
		err(1, "guest memory");
	start = ((uintptr_t)p + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
	if (start != (uintptr_t)p)
		munmap(p, start - (uintptr_t)p);
	munmap((void *)(start + RAM_SIZE), (uintptr_t)p + HUGE_PAGE - start);
	p = (uint8_t *)start;
	madvise(p, RAM_SIZE, MADV_HUGEPAGE);
	memset(p, 0, RAM_SIZE);
	return p;
}

int vm_set_slot(struct vm *vm, unsigned int slot, uint32_t flags, uint64_t gpa,
		uint64_t size, void *hva)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.flags = flags,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uintptr_t)hva,
	};

	return ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &region);
}

void vm_set_gate(struct vm *vm, unsigned int vector, uint64_t rip, unsigned int ist)
{
	uint16_t *gate = (uint16_t *)(vm->ram + IDT + vector * 16);

	gate[0] = rip;
	gate[1] = KERNEL_CS;
	gate[2] = 0xee00 | ist;	/* present interrupt gate */
	gate[3] = rip >> 16;
}

void vm_set_handler(struct vm *vm, unsigned int vector, uint64_t rip)
{
	vm_set_gate(vm, vector, rip, 0);
}

/* Linear is physical; the guest's tables don't restrict anything. */
static void put_tables(struct vm *vm)
{
	uint64_t *pml4 = (uint64_t *)(vm->ram + PAGE_TABLES);
	uint64_t *pdpt = pml4 + 512, *pd = pdpt + 512;
	uint64_t *gdt = (uint64_t *)(vm->ram + GDT);
	int i;

	pml4[0] = (PAGE_TABLES + PAGE) | 7;
	pdpt[0] = (PAGE_TABLES + 2 * PAGE) | 7;
	for (i = 0; i < 512; i++)
		pd[i] = (uint64_t)i << 21 | 0x87;

	gdt[KERNEL_CS / 8] = 0x00af9b000000ffff;	/* code, 64 bit */
	gdt[KERNEL_DS / 8] = 0x00cf93000000ffff;
	gdt[USER_CS / 8] = 0x00affb000000ffff;
	gdt[USER_DS / 8] = 0x00cff3000000ffff;
}

static void set_cpuid(struct vcpu *vcpu, int kvm)
{
	struct kvm_cpuid2 *cpuid;

	cpuid = calloc(1, sizeof(*cpuid) + CPUID_ENTRIES * sizeof(cpuid->entries[0]));
	if (!cpuid)
		err(1, "cpuid");
	cpuid->nent = CPUID_ENTRIES;
	xioctl(kvm, KVM_GET_SUPPORTED_CPUID, cpuid, "KVM_GET_SUPPORTED_CPUID");
	xioctl(vcpu->fd, KVM_SET_CPUID2, cpuid, "KVM_SET_CPUID2");
	free(cpuid);
}

static struct kvm_segment flat(uint16_t selector, uint8_t type, bool db, bool l)
{
	return (struct kvm_segment){
		.limit = 0xffffffff, .selector = selector, .type = type,
		.present = 1, .s = 1, .g = 1, .db = db, .l = l,
	};
}

static void set_segments(struct kvm_sregs *sregs, struct kvm_segment code)
{
	struct kvm_segment data = flat(KERNEL_DS, 3, true, false);

	if (code.dpl) {
		data.selector = USER_DS;
		data.dpl = code.dpl;
	}
	sregs->cs = code;
	sregs->ds = data;
	sregs->es = data;
	sregs->fs = data;
	sregs->gs = data;
	sregs->ss = data;
}

void vcpu_set_long_mode(struct vcpu *vcpu)
{
	struct kvm_sregs sregs;

	xioctl(vcpu->fd, KVM_GET_SREGS, &sregs, "KVM_GET_SREGS");
	set_segments(&sregs, flat(KERNEL_CS, 11, false, true));
	sregs.cr3 = PAGE_TABLES;
	sregs.cr4 = 1 << 9 | 1 << 5;	/* OSFXSR, PAE */
	sregs.cr0 = 0x80010031;		/* PG, WP, NE, ET, PE */
	sregs.efer = 0x500;		/* LMA, LME */
	sregs.gdt.base = GDT;
	sregs.gdt.limit = 0x27;
	sregs.idt.base = IDT;
	sregs.idt.limit = 0xfff;
	sregs.tr = (struct kvm_segment){
		.base = TSS, .limit = 0x67, .selector = TSS_SELECTOR, .type = 11,
		.present = 1,
	};
	xioctl(vcpu->fd, KVM_SET_SREGS, &sregs, "KVM_SET_SREGS");
}

/* Long mode, at CPL 3 */
void vcpu_set_user_mode(struct vcpu *vcpu)
{
	struct kvm_segment code = flat(USER_CS, 11, false, true);
	struct kvm_sregs sregs;

	xioctl(vcpu->fd, KVM_GET_SREGS, &sregs, "KVM_GET_SREGS");
	code.dpl = 3;
	set_segments(&sregs, code);
	xioctl(vcpu->fd, KVM_SET_SREGS, &sregs, "KVM_SET_SREGS");
}

/* Without paging: 32-bit code, or real mode with CS at @base */
void vcpu_set_flat_mode(struct vcpu *vcpu, bool protected, uint64_t base)
{
	struct kvm_segment code = flat(KERNEL_CS, 11, protected, false);
	struct kvm_sregs sregs;

	xioctl(vcpu->fd, KVM_GET_SREGS, &sregs, "KVM_GET_SREGS");
	if (!protected) {
		code.base = base;
		code.selector = base >> 4;
		code.limit = 0xffff;
		code.g = 0;
	}
	set_segments(&sregs, code);
	sregs.cr4 = 0;
	sregs.cr0 = protected ? 0x31 : 0x30;
	sregs.efer = 0;
	xioctl(vcpu->fd, KVM_SET_SREGS, &sregs, "KVM_SET_SREGS");
}

void vm_init_ram(struct vm *vm)
{
	put_tables(vm);
	vm_put(vm, GUEST_CODE, guest_code, guest_code_end);
	vm_set_handler(vm, UD_VECTOR, GUEST(guest_ud_stop));
}

static void add_vcpu(struct vm *vm, int kvm)
{
	int i = vm->nr_vcpus++;
	int size = xioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, NULL, "KVM_GET_VCPU_MMAP_SIZE");
	struct vcpu *vcpu = &vm->vcpu[i];
	struct kvm_mp_state state = { .mp_state = KVM_MP_STATE_RUNNABLE };

	vcpu->fd = xioctl(vm->fd, KVM_CREATE_VCPU, (void *)(long)i, "KVM_CREATE_VCPU");
	vcpu->run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
	if (vcpu->run == MAP_FAILED)
		err(1, "vcpu");
	set_cpuid(vcpu, kvm);
	xioctl(vcpu->fd, KVM_SET_MP_STATE, &state, "KVM_SET_MP_STATE");
	vcpu_set_long_mode(vcpu);
}

void vm_add_vcpus(struct vm *vm, int nr)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	if (kvm < 0)
		err(1, "/dev/kvm");
	while (nr-- > 0)
		add_vcpu(vm, kvm);
	close(kvm);
}

/*
 * With VMM_WATCHES=1 the guest's own page tables are watched pages as well, and
 * whatever is tested must not change by that.
 */
static void watch_tables(struct vm *vm)
{
	uint64_t gfn = PAGE_TABLES / PAGE;
	int i;

	vm->watcher = -1;
	if (!getenv("VMM_WATCHES"))
		return;
	vm->watcher = open(KWT_DEVICE, O_RDWR | O_CLOEXEC);
	xioctl(vm->watcher, KWT_ATTACH, &vm->fd, KWT_DEVICE);
	for (i = 0; i < TABLES; i++, gfn++)
		xioctl(vm->watcher, KWT_ADD, &gfn, "KWT_ADD");
}

/* They have been watched all the time. */
static void unwatch_tables(struct vm *vm)
{
	struct kwt_stats stats;

	if (vm->watcher < 0)
		return;
	xioctl(vm->watcher, KWT_STATS, &stats, "KWT_STATS");
	if (stats.pages != TABLES)
		errx(1, "%llu tables are watched", (unsigned long long)stats.pages);
	close(vm->watcher);
}

struct vm *vm_new(void)
{
	return vm_new_with(NULL);
}

struct vm *vm_new_with(void (*prepare)(struct vm *vm))
{
	struct vm *vm = calloc(1, sizeof(*vm));
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	if (!vm || kvm < 0)
		err(1, "/dev/kvm");
	vm->fd = xioctl(kvm, KVM_CREATE_VM, NULL, "KVM_CREATE_VM");
	/* Intel wants a place for real mode's TSS. */
	xioctl(vm->fd, KVM_SET_TSS_ADDR, (void *)0xfffbd000, "KVM_SET_TSS_ADDR");
	xioctl(vm->fd, KVM_CREATE_IRQCHIP, NULL, "KVM_CREATE_IRQCHIP");
	vm->client = open(vm_client_device, O_RDWR | O_CLOEXEC);
	if (vm->client < 0)
		err(1, "%s", vm_client_device);

	vm->ram = alloc_ram();
	if (vm_set_slot(vm, 0, 0, 0, RAM_SIZE, vm->ram))
		err(1, "memory slot");
	vm_init_ram(vm);
	if (prepare)
		prepare(vm);
	vm_add_vcpus(vm, VCPUS);
	watch_tables(vm);
	close(kvm);
	return vm;
}

void vm_free(struct vm *vm)
{
	int i;

	unwatch_tables(vm);
	if (vm->client >= 0)
		close(vm->client);
	for (i = 0; i < vm->nr_vcpus; i++) {
		munmap(vm->vcpu[i].run, PAGE);
		close(vm->vcpu[i].fd);
	}
	close(vm->fd);
	munmap(vm->ram, RAM_SIZE);
	free(vm);
}

static enum outcome outcome_of(struct kvm_run *run)
{
	if (run->exit_reason == KVM_EXIT_MMIO)
		return RAN_MMIO;
	if (run->exit_reason == KVM_EXIT_SHUTDOWN)
		return RAN_SHUTDOWN;
	if (run->exit_reason != KVM_EXIT_IO)
		return RAN_OTHER;
	switch (run->io.port) {
	case PORT_DONE:
		return RAN_DONE;
	case PORT_UD:
		return RAN_UD;
	default:
		return RAN_OTHER;
	}
}

/* An exit that no test asks for */
static enum outcome unexpected(struct vcpu *vcpu, int r)
{
	struct kvm_run *run = vcpu->run;

	fprintf(stderr, "KVM_RUN: %d, exit %u, %#llx, rip %#llx\n", r, run->exit_reason,
		(unsigned long long)(run->exit_reason == KVM_EXIT_INTERNAL_ERROR ?
				     run->internal.suberror :
				     run->fail_entry.hardware_entry_failure_reason),
		(unsigned long long)vcpu->regs.rip);
	return RAN_OTHER;
}

enum outcome vcpu_start(struct vcpu *vcpu, uint64_t rip, uint64_t rsp,
			const struct args *args)
{
	struct kvm_regs regs = {
		.rip = rip, .rsp = rsp, .rflags = args->rflags ?: RFLAGS,
		.rdi = args->rdi, .rsi = args->rsi, .rcx = args->rcx,
		.rdx = args->rdx, .rax = args->rax, .rbx = args->rbx,
		.r9 = args->r9,
	};
	enum outcome outcome;
	int r;

	xioctl(vcpu->fd, KVM_SET_REGS, &regs, "KVM_SET_REGS");
	do {
		r = ioctl(vcpu->fd, KVM_RUN, NULL);
	} while (r < 0 && errno == EINTR && !vcpu->run->immediate_exit);
	xioctl(vcpu->fd, KVM_GET_REGS, &vcpu->regs, "KVM_GET_REGS");
	outcome = r < 0 ? RAN_OTHER : outcome_of(vcpu->run);
	return outcome == RAN_OTHER ? unexpected(vcpu, r) : outcome;
}

enum outcome vm_run(struct vm *vm, uint64_t rip, const struct args *args)
{
	return vcpu_start(&vm->vcpu[0], rip, STACK_TOP, args);
}

void vm_put(struct vm *vm, uint64_t gpa, const char *from, const char *to)
{
	memcpy(vm->ram + gpa, from, to - from);
}

void vm_put_page(struct vm *vm, uint64_t gpa, uint32_t tag)
{
	vm_put(vm, gpa, page_code, page_code_end);
	memcpy(vm->ram + gpa + TAG_OFFSET, &tag, sizeof(tag));
}

struct stat_reader stat_open(int fd, const char *name)
{
	struct stat_reader stat = { .offset = -1 };
	struct kvm_stats_header header;
	struct kvm_stats_desc *desc;
	size_t size;
	uint32_t i;

	stat.fd = xioctl(fd, KVM_GET_STATS_FD, NULL, "KVM_GET_STATS_FD");
	if (pread(stat.fd, &header, sizeof(header), 0) != sizeof(header))
		err(1, "statistics");
	size = sizeof(*desc) + header.name_size;
	desc = malloc(size);
	if (!desc)
		err(1, "statistics");
	for (i = 0; i < header.num_desc; i++) {
		if (pread(stat.fd, desc, size, header.desc_offset + i * size) != (ssize_t)size)
			err(1, "statistics");
		if (!strcmp(desc->name, name))
			stat.offset = header.data_offset + desc->offset;
	}
	free(desc);
	return stat;
}

uint64_t stat_read(const struct stat_reader *stat)
{
	uint64_t value = -1;

	if (stat->offset != -1ull && pread(stat->fd, &value, 8, stat->offset) != 8)
		err(1, "statistics");
	return value;
}

void stat_close(const struct stat_reader *stat)
{
	close(stat->fd);
}

uint64_t fd_stat(int fd, const char *name)
{
	struct stat_reader stat = stat_open(fd, name);
	uint64_t value = stat_read(&stat);

	stat_close(&stat);
	return value;
}
