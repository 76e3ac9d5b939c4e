// SPDX-License-Identifier: GPL-2.0
/* Who may execute what was granted to whom: L2, SMM, firmware, everybody else. */
#include <string.h>
#include <sys/ioctl.h>

#include "client.h"
#include "nested.h"

#define A	TEST_PAGES
#define B	(TEST_PAGES + PAGE)
#define BAD	7

/* Has the same meaning in all modes, and a bad tag. */
static const uint8_t bad_in_all_modes[] = {
	0x90, 0x90, 0x90, 0x90,
	0xb1, 0x01,			/* mov $1, %cl */
	0xe6, PORT_DONE,		/* out %al, $PORT_DONE */
};

/* An SMI handler with a bad tag */
static const uint8_t bad_smi_code[] = {
	0x90, 0x90, 0x90, 0x90,
	0x0f, 0xaa,			/* rsm */
};

/* Was there any question about a page since the last look? */
static bool was_asked(struct vm *vm, uint64_t gpa)
{
	struct ket_event e;

	return question_about(vm, gpa, &e);
}

/* L2 calls the function in a page, and gets its tag. */
static bool l2_calls(struct vm *vm, uint64_t gpa, uint32_t tag)
{
	uint64_t rax = 0;

	return vm_l2_run(vm, GUEST(guest_l2_call), &(struct args){ .rdi = gpa },
			 &rax) == RAN_DONE && (uint32_t)rax == tag;
}

static void nested_grant(struct vm *vm, bool nested_paging)
{
	struct ket_event e;
	int i;

	if (!vm_l2_prepare(vm, nested_paging))
		skip("no nested guests");
	vm_put_page(vm, A, BAD);
	must(!vm_attach(vm, KET_REFUSE_BAD | KET_TRUST_OTHERS));
	must(l2_calls(vm, A, BAD));
	must(question_about(vm, A, &e) && (e.flags & F_NESTED) && e.verdict == GRANT);
	must(vm_calls(vm) == 1);
	/* not for L1, however often */
	for (i = 0; i < 3; i++) {
		must(RUN(vm, guest_call, .rdi = A, .rcx = 1) == RAN_UD);
		must(question_about(vm, A, &e) && !(e.flags & F_NESTED));
		must(vm_calls(vm) == 1);
	}
	/* and what L1 was refused is asked about again by L2 */
	must(l2_calls(vm, A, BAD));
	must(vm_stats(vm).nested >= 1);
}

static void granted_in_l2(struct vm *vm)
{
	nested_grant(vm, false);
}

static void granted_in_l2_nested_paging(struct vm *vm)
{
	nested_grant(vm, true);
}

static void granted_for_l2_too(struct vm *vm, bool nested_paging)
{
	if (!vm_l2_prepare(vm, nested_paging))
		skip("no nested guests");
	vm_put_page(vm, A, 42);
	must(!vm_attach(vm, KET_REFUSE_BAD | KET_TRUST_OTHERS));
	must(call_page(vm, A) == 42);
	must(was_asked(vm, A));
	must(l2_calls(vm, A, 42));
	must(!was_asked(vm, A));
	/* a write takes it from both */
	must(store(vm, A + TAG_OFFSET, BAD) == RAN_DONE);
	must(RUN(vm, guest_call, .rdi = A, .rcx = 1) == RAN_UD);
	must(was_asked(vm, A));
	must(l2_calls(vm, A, BAD));
	must(was_asked(vm, A));
}

static void granted_in_l1(struct vm *vm)
{
	granted_for_l2_too(vm, false);
}

static void granted_in_l1_nested_paging(struct vm *vm)
{
	granted_for_l2_too(vm, true);
}

/* Told once, when there is an L2. */
static void nested_is_told(struct vm *vm)
{
	int i;

	if (!vm_l2_prepare(vm, false))
		skip("no nested guests");
	vm_put_page(vm, A, 42);
	vm_put_page(vm, B, 44);
	must(!vm_attach(vm, 0));
	must(call_page(vm, A) == 42);
	must(vm_notices(vm).nested == 0);
	for (i = 0; i < 3; i++) {
		must(l2_calls(vm, A, 42) && l2_calls(vm, B, 44));
		must(ioctl(vm->client, KET_SWEEP_NOW) > 0);
	}
	must(vm_notices(vm).nested == 1);
	must(vm_notices(vm).dirty_log_on == 0 && vm_notices(vm).dirty_log_off == 0);
}

static void use_smm(struct vm *vm)
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

static void put_bytes(struct vm *vm, uint64_t gpa, const void *bytes, size_t n)
{
	vm_put(vm, gpa, bytes, (const char *)bytes + n);
}

static void granted_in_smm(struct vm *vm)
{
	uint64_t handler = SMBASE + 0x8000, function = handler + 0x100;
	struct ket_event e;
	int i;

	use_smm(vm);
	vm_put_page(vm, A, 42);
	vm_put_page(vm, function, 42);
	put_bytes(vm, handler, bad_smi_code, sizeof(bad_smi_code));
	must(!vm_attach(vm, KET_REFUSE_BAD | KET_TRUST_OTHERS));
	for (i = 0; i < 3; i++) {
		must(!ioctl(vm->vcpu[0].fd, KVM_SMI, NULL));
		must(call_page(vm, A) == 42);
		must(RUN(vm, guest_call, .rdi = function, .rcx = 1) == RAN_UD);
	}
	while (question_about(vm, handler, &e))
		must(e.verdict == (e.flags & F_SMM ? GRANT : REFUSE));
	must(vm_stats(vm).refused == 3 && vm_calls(vm) == 3);
}

/* What is granted to all is granted in SMM, i.e. not asked about again. */
static void granted_for_smm_too(struct vm *vm)
{
	uint64_t handler = SMBASE + 0x8000, function = handler + 0x100;
	struct ket_event e;

	use_smm(vm);
	vm_put(vm, handler, smi_code, smi_code_end);
	vm_put_page(vm, function, 42);
	must(!vm_attach(vm, KET_REFUSE_BAD));
	must(call_page(vm, function) == 42);
	drop_events(vm);
	must(!ioctl(vm->vcpu[0].fd, KVM_SMI, NULL));
	must(store(vm, A, 1) == RAN_DONE);
	while (vm_next_event(vm, &e))
		must(!(e.flags & F_SMM));
}

/* What firmware or a processor that starts may execute */
static void granted_outside_of_long_mode(struct vm *vm, bool protected)
{
	uint64_t gpa = 0x20000;
	struct ket_event e;
	int i;

	put_bytes(vm, gpa, bad_in_all_modes, sizeof(bad_in_all_modes));
	must(!vm_attach(vm, KET_REFUSE_BAD | KET_TRUST_OTHERS));
	for (i = 0; i < 3; i++) {
		vcpu_set_flat_mode(&vm->vcpu[0], protected, gpa);
		must(vm_run(vm, protected ? gpa : 0, &(struct args){}) == RAN_DONE);
		vcpu_set_long_mode(&vm->vcpu[0]);
		must(vm_run(vm, gpa, &(struct args){}) == RAN_UD);
	}
	while (question_about(vm, gpa, &e))
		must(e.verdict == (e.mode == 2 ? REFUSE : GRANT));
	must(vm_stats(vm).refused == 3);
}

static void granted_in_real_mode(struct vm *vm)
{
	granted_outside_of_long_mode(vm, false);
}

static void granted_in_protected_mode(struct vm *vm)
{
	granted_outside_of_long_mode(vm, true);
}

static void granted_for_other_modes_too(struct vm *vm)
{
	/* It must not begin where the last one ended: KVM skips a finished OUT. */
	static const uint8_t good[] = { 0x90, 0x90, 0x90, 0x90, 0x90, 0xe6, PORT_DONE };
	uint64_t gpa = 0x20000;

	put_bytes(vm, gpa, good, sizeof(good));
	must(!vm_attach(vm, KET_REFUSE_BAD));
	must(vm_run(vm, gpa, &(struct args){}) == RAN_DONE);
	must(was_asked(vm, gpa));
	vcpu_set_flat_mode(&vm->vcpu[0], true, 0);
	must(vm_run(vm, gpa, &(struct args){}) == RAN_DONE);
	vcpu_set_flat_mode(&vm->vcpu[0], false, gpa);
	must(vm_run(vm, 0, &(struct args){}) == RAN_DONE);
	must(!was_asked(vm, gpa));
	must(vm_state(vm, gpa) == GRANTED);
}

const struct test context_tests[] = {
	{ "granted_in_l2", granted_in_l2 },
	{ "granted_in_l2_nested_paging", granted_in_l2_nested_paging },
	{ "granted_in_l1", granted_in_l1 },
	{ "granted_in_l1_nested_paging", granted_in_l1_nested_paging },
	{ "nested_is_told", nested_is_told },
	{ "granted_in_smm", granted_in_smm },
	{ "granted_for_smm_too", granted_for_smm_too },
	{ "granted_in_real_mode", granted_in_real_mode },
	{ "granted_in_protected_mode", granted_in_protected_mode },
	{ "granted_for_other_modes_too", granted_for_other_modes_too },
	{ }
};
