// SPDX-License-Identifier: GPL-2.0
/* Writes to executable pages: by the guest, by KVM, and where they are refused. */
#include <err.h>
#include <fcntl.h>
#include <linux/kvm_para.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "client.h"

#define A	TEST_PAGES
#define B	(TEST_PAGES + PAGE)

static uint64_t emulated(struct vm *vm)
{
	return fd_stat(vm->vcpu[0].fd, "insn_emulation");
}

static void write_revokes(struct vm *vm)
{
	struct kvm_regs *regs = &vm->vcpu[0].regs;
	int i;

	vm_put_page(vm, A, 42);
	must(!vm_attach(vm, 0));
	must(call_page(vm, A) == 42);
	for (i = 1; i <= 10; i++) {
		must(store(vm, A + TAG_OFFSET, 42 + i) == RAN_DONE);
		must(vm_state(vm, A) == CLOSED);
		must(call_page(vm, A) == 42u + i && regs->rax == 42u + i);
		must(vm_state(vm, A) == GRANTED);
	}
	must(vm_stats(vm).revoked == 10 && vm_stats(vm).fetches == 12);
}

/* The write makes one fault, isn't emulated, and the next one makes none. */
static void write_is_native(struct vm *vm)
{
	int vcpu = vm->vcpu[0].fd;
	uint64_t faults, emulations;

	vm_put_page(vm, A, 42);
	must(!vm_attach(vm, 0));
	must(store(vm, A + 64, 1) == RAN_DONE);
	must(call_page(vm, A) == 42);
	must(store(vm, B, 1) == RAN_DONE);
	faults = fd_stat(vcpu, "pf_taken");
	emulations = emulated(vm);
	must(store(vm, A + 64, 2) == RAN_DONE);
	must(fd_stat(vcpu, "pf_taken") == faults + 1);
	must(store(vm, A + 64, 3) == RAN_DONE);
	must(fd_stat(vcpu, "pf_taken") == faults + 1);
	must(fd_stat(vcpu, "pf_emulate") == 0);
	/* the emulator is only used for the OUT that ends a routine, if at all */
	must(emulated(vm) - emulations <= 2);
}

/* Put a private mapping of a file at the page: the host must copy it. */
static void write_to_a_shared_host_page(struct vm *vm)
{
	char name[] = "/tmp/kvm_exec.XXXXXX";
	uint32_t tag = 0;
	int fd = mkstemp(name);

	vm_put_page(vm, A, 42);
	must(fd >= 0 && !unlink(name));
	must(write(fd, vm->ram + A, PAGE) == (ssize_t)PAGE);
	must(mmap(vm->ram + A, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED,
		  fd, 0) == vm->ram + A);
	must(!vm_attach(vm, KET_REFUSE_BAD));
	must(call_page(vm, A) == 42);
	must(store(vm, A + TAG_OFFSET, 44) == RAN_DONE);
	must(call_page(vm, A) == 44);
	must(store(vm, A + TAG_OFFSET, 45) == RAN_DONE);
	must(RUN(vm, guest_call, .rdi = A, .rcx = 1) == RAN_UD);
	must(pread(fd, &tag, sizeof(tag), TAG_OFFSET) == sizeof(tag) && tag == 42);
	close(fd);
}

static void self_write(struct vm *vm)
{
	struct ket_stats stats;

	vm_put(vm, A, self_code, self_code_end);
	must(!vm_attach(vm, KET_OPEN_SELF));
	must(RUN(vm, guest_call, .rdi = A, .rcx = 1, .rsi = 3) == RAN_DONE);
	must(vm_state(vm, A) == OPENED);
	stats = vm_stats(vm);
	must(stats.opened == 1 && stats.self_writes == 1 && stats.pages_open == 1);
	must(ioctl(vm->client, KET_SWEEP_NOW) == 2);
	must(vm_state(vm, A) == CLOSED);
	must(vm_stats(vm).pages_open == 0);
}

/* Another instruction's write to the page isn't a self-write. */
static void other_write_is_no_self_write(struct vm *vm)
{
	vm_put_page(vm, A, 42);
	must(!vm_attach(vm, KET_OPEN_SELF));
	must(RUN(vm, guest_store_call, .rdi = A + TAG_OFFSET, .rsi = 44, .rdx = A,
		 .rcx = 20) == RAN_DONE);
	must(vm_stats(vm).self_writes == 0 && vm_stats(vm).opened == 0);
	must(vm_stats(vm).revoked == 19);
}

/* Code in a page of the guest's own page tables: the walk counts as a write. */
static void code_in_a_page_table(struct vm *vm)
{
	uint64_t code = PAGE_TABLES + PAGE + 0x800;
	struct ket_stats stats;

	vm_put_page(vm, code, 42);
	must(!vm_attach(vm, KET_OPEN_SELF));
	must(call_page(vm, code) == 42);
	stats = vm_stats(vm);
	note("%llu by walks, %llu opened", (unsigned long long)stats.revoked_by_walk,
	     (unsigned long long)stats.opened);
	must(stats.fetches < 10);
}

bool can_force_emulation(void)
{
	int fd = open("/sys/module/kvm/parameters/force_emulation_prefix", O_WRONLY);
	bool ok = fd >= 0 && write(fd, "1", 1) == 1;

	close(fd);
	return ok;
}

static void emulated_writes(struct vm *vm)
{
	uint64_t n;

	if (!can_force_emulation())
		skip("no force_emulation_prefix");
	vm_put_page(vm, A, 42);
	must(!vm_attach(vm, 0));
	must(call_page(vm, A) == 42);
	n = emulated(vm);
	must(RUN(vm, guest_emulated_store, .rdi = A + TAG_OFFSET, .rsi = 44) == RAN_DONE);
	must(emulated(vm) > n);
	must(vm_state(vm, A) == CLOSED && call_page(vm, A) == 44);
	must(RUN(vm, guest_emulated_cmpxchg, .rdi = A + TAG_OFFSET, .rsi = 46) == RAN_DONE);
	must(vm_state(vm, A) == CLOSED && call_page(vm, A) == 46);
	must(vm_stats(vm).revoked_by_kvm == 2);
}

/* The prefix is at the end of one page, the instruction in the next. */
static void emulated_fetch(struct vm *vm)
{
	struct ket_event e;
	bool asked = false;
	uint64_t prefix = B - (fep_code_end - fep_code);

	if (!can_force_emulation())
		skip("no force_emulation_prefix");
	vm_put(vm, prefix, fep_code, fep_code_end);
	vm_put_page(vm, B, 42);
	must(!vm_attach(vm, KET_REFUSE_BAD));
	must(RUN(vm, guest_call, .rdi = prefix, .rcx = 1) == RAN_DONE);
	must(vm->vcpu[0].regs.rax == 42);
	while (vm_next_event(vm, &e))
		asked |= e.gpa == B && (e.flags & F_EMULATOR) && e.verdict == GRANT;
	must(asked);
	must(vm_stats(vm).emulated_fetches == 1);
	must(store(vm, B + TAG_OFFSET, 45) == RAN_DONE);
	must(RUN(vm, guest_call, .rdi = prefix, .rcx = 1) == RAN_UD);
	must(vm->vcpu[0].regs.rip != B + 1 && vm_calls(vm) == 1);
}

static void write_by_msr(struct vm *vm, uint32_t msr, uint64_t value)
{
	struct ket_stats before = vm_stats(vm);

	must(vm_state(vm, A) == GRANTED);
	must(RUN(vm, guest_wrmsr, .rcx = msr, .rax = (uint32_t)value) == RAN_DONE);
	must(vm_stats(vm).revoked_by_kvm > before.revoked_by_kvm);
	must(call_page(vm, A) == 42);
	/* off again, else it's written for ever */
	must(RUN(vm, guest_wrmsr, .rcx = msr, .rax = 0) == RAN_DONE);
	must(call_page(vm, A) == 42);
}

/* Structures that KVM writes, in the page of a function */
static void written_by_kvm(struct vm *vm)
{
	vm_put_page(vm, A, 42);
	must(!vm_attach(vm, 0));
	must(call_page(vm, A) == 42);
	write_by_msr(vm, MSR_KVM_WALL_CLOCK_NEW, A + 0x400);
	write_by_msr(vm, MSR_KVM_SYSTEM_TIME_NEW, (A + 0x400) | 1);
	write_by_msr(vm, MSR_KVM_STEAL_TIME, (A + 0x400) | 1);
}

static void dirty_log(struct vm *vm)
{
	static uint64_t bitmap[RAM_SIZE / PAGE / 64];
	struct kvm_dirty_log log = { .slot = 0, .dirty_bitmap = bitmap };
	int i;

	vm_put_page(vm, A, 42);
	must(!vm_attach(vm, KET_REFUSE_BAD));
	must(call_page(vm, A) == 42);
	must(!vm_set_slot(vm, 0, KVM_MEM_LOG_DIRTY_PAGES, 0, RAM_SIZE, vm->ram));
	must(call_page(vm, A) == 42);
	for (i = 0; i < 3; i++) {
		must(!ioctl(vm->fd, KVM_GET_DIRTY_LOG, &log));
		must(call_page(vm, A) == 42 + 2u * i);
		must(store(vm, A + TAG_OFFSET, 44 + 2 * i) == RAN_DONE);
		must(!ioctl(vm->fd, KVM_GET_DIRTY_LOG, &log));
		must(bitmap[A / PAGE / 64] & 1ul << (A / PAGE % 64));
	}
	must(call_page(vm, A) == 48);
	must(!ioctl(vm->fd, KVM_GET_DIRTY_LOG, &log));
	must(!(bitmap[A / PAGE / 64] & 1ul << (A / PAGE % 64)));
	must(!vm_set_slot(vm, 0, 0, 0, RAM_SIZE, vm->ram));
	must(store(vm, A + TAG_OFFSET, 51) == RAN_DONE);
	must(RUN(vm, guest_call, .rdi = A, .rcx = 1) == RAN_UD);
}

static void read_only_memory(struct vm *vm)
{
	uint64_t rom = 0x8000000;

	vm_put_page(vm, A, 42);
	must(!vm_set_slot(vm, 1, KVM_MEM_READONLY, rom, PAGE, vm->ram + A));
	must(!vm_attach(vm, 0));
	must(call_page(vm, rom) == 42);
	must(store(vm, rom + TAG_OFFSET, 44) == RAN_MMIO);
	must(vm_state(vm, rom) == GRANTED);
	must(call_page(vm, rom) == 42);
	must(vm_stats(vm).revoked == 0);
}

const struct test write_tests[] = {
	{ "write_revokes", write_revokes },
	{ "write_is_native", write_is_native },
	{ "write_to_a_shared_host_page", write_to_a_shared_host_page },
	{ "self_write", self_write },
	{ "other_write_is_no_self_write", other_write_is_no_self_write },
	{ "code_in_a_page_table", code_in_a_page_table },
	{ "emulated_writes", emulated_writes },
	{ "emulated_fetch", emulated_fetch },
	{ "written_by_kvm", written_by_kvm },
	{ "dirty_log", dirty_log },
	{ "read_only_memory", read_only_memory },
	{ }
};
