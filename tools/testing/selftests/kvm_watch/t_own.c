// SPDX-License-Identifier: GPL-2.0
/* KVM's own writes to watched pages. */
#include <linux/kvm_para.h>
#include <string.h>
#include <sys/ioctl.h>

#include "client.h"

static enum outcome write_msr(struct vm *vm, uint32_t msr, uint64_t value)
{
	return RUN(vm, guest_wrmsr, .rcx = msr, .rax = (uint32_t)value);
}

/* KVM says what it writes, and is asked to let it be. */
static void asked(struct vm *vm)
{
	struct kwt_event e;

	watch_attach(vm);
	must(!watch_add(vm, A));
	watch_rules(vm, (struct kwt_rules){ .verdict = DROP });
	must(write_msr(vm, MSR_KVM_WALL_CLOCK_NEW, A + 0x40) == RAN_DONE);
	must(watch_event(vm, KWT_WRITE, &e) && (e.flags & F_KVM) && !e.gva);
	must(!*at(vm, A + 0x40) && !*at(vm, A + 0x48));
	must(watch_stats(vm).dropped && watch_stats(vm).denied == 0);
	watch_rules(vm, (struct kwt_rules){ .verdict = FAULT });
	must(write_msr(vm, MSR_KVM_WALL_CLOCK_NEW, A + 0x40) == RAN_DONE);
	must(!*at(vm, A + 0x40) && !*at(vm, A + 0x48));
	watch_rules(vm, (struct kwt_rules){ .verdict = CONTINUE });
	must(write_msr(vm, MSR_KVM_WALL_CLOCK_NEW, A + 0x40) == RAN_DONE);
	must(*at(vm, A + 0x40) && *at(vm, A + 0x40) != -1ull);
}

/* KVM can't say what it writes, and doesn't write. */
static void denied(struct vm *vm)
{
	struct kwt_event e;
	uint64_t before;

	watch_attach(vm);
	must(!watch_add(vm, A));
	must(write_msr(vm, MSR_KVM_SYSTEM_TIME_NEW, (A + 0x40) | 1) == RAN_DONE);
	must(WRUN(vm, w_done, 0) == RAN_DONE);
	must(watch_stats(vm).denied);
	before = watch_stats(vm).denied;
	must(write_msr(vm, MSR_KVM_STEAL_TIME, (A + 0x80) | 1) == RAN_DONE);
	must(WRUN(vm, w_done, 0) == RAN_DONE);
	must(watch_stats(vm).denied > before);
	must(!watch_event(vm, KWT_WRITE, &e));
	must(!*at(vm, A + 0x40) && !*at(vm, A + 0x48) && !*at(vm, A + 0x80));
	/* they are written again where the guest had them */
	must(!watch_remove(vm, A));
	must(write_msr(vm, MSR_KVM_SYSTEM_TIME_NEW, (A + 0x40) | 1) == RAN_DONE);
	must(WRUN(vm, w_done, 0) == RAN_DONE);
	must(*at(vm, A + 0x48));
}

/* A write that nobody can be asked about fails, and nobody takes it for done. */
static void without_a_vcpu(struct vm *vm)
{
	static uint64_t bitmap[RAM_SIZE / PAGE / 64];
	struct kvm_dirty_log log = { .slot = 0, .dirty_bitmap = bitmap };
	struct kwt_poke poke = { .gpa = A + 8, .value = 42 };
	struct kwt_event e;
	uint64_t denied;

	watch_attach(vm);
	must(!watch_add(vm, A));
	must(!vm_set_slot(vm, 0, KVM_MEM_LOG_DIRTY_PAGES, 0, RAM_SIZE, vm->ram));
	must(!ioctl(vm->fd, KVM_GET_DIRTY_LOG, &log));
	denied = watch_stats(vm).denied;
	must(ioctl(vm->client, KWT_POKE, &poke) < 0);
	must(*at(vm, A + 8) == 0 && watch_stats(vm).denied == denied + 1);
	must(!watch_event(vm, KWT_WRITE, &e));
	must(!ioctl(vm->fd, KVM_GET_DIRTY_LOG, &log));
	must(!(bitmap[A / PAGE / 64] & 1ul << (A / PAGE % 64)));
}

/* SMM has the same memory. */
static void use_smm(struct vm *vm)
{
	struct kvm_userspace_memory_region region = {
		.slot = 1 << 16,
		.memory_size = RAM_SIZE,
		.userspace_addr = (uintptr_t)vm->ram,
	};

	if (!ioctl(vm->fd, KVM_CHECK_EXTENSION, KVM_CAP_X86_SMM) ||
	    ioctl(vm->fd, KVM_CHECK_EXTENSION, KVM_CAP_MULTI_ADDRESS_SPACE) < 2)
		skip("no SMM");
	must(!ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &region));
	vm_put(vm, SMBASE + 0x8000, smi_code, smi_code_end);
}

/* 512 bytes are asked about in parts. */
static void smm_save_area(struct vm *vm)
{
	uint64_t save = SMBASE + 0xf000;
	struct kwt_event e;
	unsigned int bytes = 0;

	use_smm(vm);
	watch_attach(vm);
	memset(vm->ram + save, 0xee, PAGE);
	must(!watch_add(vm, save));
	must(!ioctl(vm->vcpu[0].fd, KVM_SMI, NULL));
	must(WRUN(vm, w_mov8, .rdi = B, .rsi = 42) == RAN_DONE);
	must(*at(vm, B) == 42);
	while (watch_event(vm, KWT_WRITE, &e)) {
		must((e.flags & F_KVM) && e.gpa >= save + 0xe00);
		must(e.bytes <= 64);
		must((e.gpa & ~63ul) == ((e.gpa + e.bytes - 1) & ~63ul));
		bytes += e.bytes;
	}
	must(bytes == 512);
	must(*at(vm, save + 0xdf8) == 0xeeeeeeeeeeeeeeeeull);
}

/* A page is watched in SMM's address space as well. */
static void smm_write(struct vm *vm)
{
	struct kwt_event e;

	use_smm(vm);
	watch_attach(vm);
	must(!watch_add(vm, A));
	watch_rules(vm, (struct kwt_rules){ .verdict = DROP });
	must(!ioctl(vm->vcpu[0].fd, KVM_SMI, NULL));
	/* the handler stores ESI to RDI, and so does the routine */
	must(WRUN(vm, w_mov4, .rdi = A, .rsi = 42) == RAN_DONE);
	must(watch_event(vm, KWT_WRITE, &e) && (e.flags & F_SMM) && e.gpa == A);
	must(watch_event(vm, KWT_WRITE, &e) && !(e.flags & F_SMM) && e.gpa == A);
	must(*at(vm, A) == 0);
}

const struct test own_tests[] = {
	{ "own_writes_asked", asked },
	{ "own_writes_denied", denied },
	{ "own_writes_without_a_vcpu", without_a_vcpu },
	{ "smm_save_area", smm_save_area },
	{ "smm_write", smm_write },
	{ }
};
