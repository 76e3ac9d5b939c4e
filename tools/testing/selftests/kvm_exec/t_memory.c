// SPDX-License-Identifier: GPL-2.0
/* Memory that comes and goes: huge pages, slots, the host's mappings, SMM. */
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "client.h"

#define A	TEST_PAGES
#define B	(TEST_PAGES + 7 * PAGE)
#define HUGE	(2ul << 20)

/* One fetch splits the huge page, and nothing puts it together and splits again. */
static void huge_page(struct vm *vm)
{
	int i;

	vm_put_page(vm, A, 42);
	vm_put_page(vm, B, 44);
	must(RUN(vm, guest_load, .rdi = A, .rcx = HUGE / PAGE) == RAN_DONE);
	if (!fd_stat(vm->fd, "pages_2m"))
		skip("the host has no huge pages");
	must(!vm_attach(vm, 0));
	must(fd_stat(vm->fd, "pages_2m") > 0);
	must(vm_stats(vm).splits == 0);
	must(call_page(vm, A) == 42);
	must(vm_stats(vm).splits >= 1 && vm_stats(vm).splits <= 2);
	for (i = 0; i < 50; i++) {
		must(store(vm, A + TAG_OFFSET, 42) == RAN_DONE);
		must(call_page(vm, A) == 42);
		must(call_page(vm, B) == 44);
		must(store(vm, B + TAG_OFFSET, 44) == RAN_DONE);
	}
	must(vm_stats(vm).splits <= 2);
}

/* Detaching lets the guest have its huge pages again. */
static void huge_page_after_detach(struct vm *vm)
{
	uint64_t huge;

	vm_put_page(vm, A, 42);
	must(RUN(vm, guest_load, .rdi = A, .rcx = HUGE / PAGE) == RAN_DONE);
	huge = fd_stat(vm->fd, "pages_2m");
	if (!huge)
		skip("the host has no huge pages");
	must(!vm_attach(vm, 0));
	must(call_page(vm, A) == 42);
	must(fd_stat(vm->fd, "pages_2m") < huge);
	must(!ioctl(vm->client, KET_DETACH));
	must(RUN(vm, guest_load, .rdi = A, .rcx = HUGE / PAGE) == RAN_DONE);
	must(fd_stat(vm->fd, "pages_2m") >= huge);
}

static void slot_is_deleted(struct vm *vm)
{
	uint64_t gpa = 0x8000000;
	int i;

	for (i = 0; i < 10; i++)
		vm_put_page(vm, A + i * PAGE, 42);
	must(!vm_attach(vm, KET_REFUSE_BAD));
	for (i = 0; i < 3; i++) {
		must(!vm_set_slot(vm, 1, 0, gpa, 10 * PAGE, vm->ram + A));
		must(call_page(vm, gpa) == 42 && call_page(vm, gpa + 9 * PAGE) == 42);
		must(!vm_set_slot(vm, 1, 0, gpa, 0, vm->ram + A));
		must(vm_state(vm, gpa) == CLOSED);
	}
	must(vm_stats(vm).slot_dropped == 6);
	/* other memory at the same place is asked about */
	vm_put_page(vm, B, 7);
	must(!vm_set_slot(vm, 1, 0, gpa, PAGE, vm->ram + B));
	must(RUN(vm, guest_call, .rdi = gpa, .rcx = 1) == RAN_UD);
}

static void same_memory_in_smm(struct vm *vm)
{
	struct kvm_userspace_memory_region region = {
		.slot = 1 << 16,
		.memory_size = RAM_SIZE,
		.userspace_addr = (uintptr_t)vm->ram,
	};

	if (ioctl(vm->fd, KVM_CHECK_EXTENSION, KVM_CAP_MULTI_ADDRESS_SPACE) < 2 ||
	    !ioctl(vm->fd, KVM_CHECK_EXTENSION, KVM_CAP_X86_SMM))
		skip("no SMM");
	must(!ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &region));
}

/* SMM code is asked about, and its writes take grants away outside of SMM. */
static void smm(struct vm *vm)
{
	struct ket_event e;
	bool asked = false;

	same_memory_in_smm(vm);
	vm_put(vm, SMBASE + 0x8000, smi_code, smi_code_end);
	vm_put_page(vm, A, 42);
	must(!vm_attach(vm, KET_REFUSE_BAD));
	must(call_page(vm, A) == 42);
	must(!ioctl(vm->vcpu[0].fd, KVM_SMI, NULL));
	/* the SMI comes before the routine's first instruction */
	must(RUN(vm, guest_call, .rdi = A, .rcx = 1) == RAN_DONE);
	while (vm_next_event(vm, &e))
		asked |= (e.flags & F_SMM) && e.gpa == SMBASE + 0x8000;
	must(asked);
}

static void smm_write_revokes(struct vm *vm)
{
	same_memory_in_smm(vm);
	vm_put(vm, SMBASE + 0x8000, smi_code, smi_code_end);
	vm_put_page(vm, A, 42);
	must(!vm_attach(vm, KET_REFUSE_BAD));
	must(call_page(vm, A) == 42);
	must(!ioctl(vm->vcpu[0].fd, KVM_SMI, NULL));
	/* the handler stores ESI to RDI; then RDI is what is called */
	must(RUN(vm, guest_store_call, .rdi = A + TAG_OFFSET, .rsi = 45, .rdx = A,
		 .rcx = 1) == RAN_UD);
	must(vm_stats(vm).revoked == 1);
}

/* The VM's file descriptors and memory go first, then the client. */
static void vm_dies_attached(struct vm *vm)
{
	struct vm *other = vm_new();
	int client = other->client;

	(void)vm;
	vm_put_page(other, A, 42);
	must(!vm_attach(other, 0));
	must(call_page(other, A) == 42);
	other->client = -1;
	vm_free(other);
	must(ioctl(client, KET_SWEEP_NOW) == 0);
	must(!ioctl(client, KET_DETACH));
	close(client);
}

const struct test memory_tests[] = {
	{ "huge_page", huge_page },
	{ "huge_page_after_detach", huge_page_after_detach },
	{ "slot_is_deleted", slot_is_deleted },
	{ "smm", smm },
	{ "smm_write_revokes", smm_write_revokes },
	{ "vm_dies_attached", vm_dies_attached },
	{ }
};
