// SPDX-License-Identifier: GPL-2.0
/* The states of a page, one vCPU at a time. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "client.h"

#define A	TEST_PAGES
#define B	(TEST_PAGES + PAGE)

static void closed_by_default(struct vm *vm)
{
	struct ket_event e;

	vm_put_page(vm, A, 42);
	must(call_page(vm, A) == 42);	/* mapped executable before */
	must(!vm_attach(vm, 0));
	must(vm_state(vm, A) == CLOSED);
	must(call_page(vm, A) == 42);
	must(question_about(vm, A, &e));
	must(e.gpa == A && e.rip == A && e.tag == 42);
	must(e.cpl == 0 && e.mode == 2 && e.flags == 0 && e.flips == 0);
	must(vm_state(vm, A) == GRANTED);
	must(vm_stats(vm).fetches == 2);	/* the caller's page, A */
	must(vm_stats(vm).pages_granted == 2);
}

static void granted_once(struct vm *vm)
{
	uint64_t faults;

	vm_put_page(vm, A, 42);
	must(!vm_attach(vm, 0));
	must(call_page(vm, A) == 42);
	faults = fd_stat(vm->vcpu[0].fd, "pf_taken");
	must(RUN(vm, guest_call, .rdi = A, .rcx = 10000) == RAN_DONE);
	must(vm_calls(vm) == 10001);
	must(fd_stat(vm->vcpu[0].fd, "pf_taken") == faults);
	must(vm_stats(vm).fetches == 2);
}

static void other_modes(struct vm *vm)
{
	struct ket_event e;

	vm_put(vm, A, guest_done, guest_code_end);
	vm_put(vm, 0x20000, guest_done, guest_code_end);
	must(!vm_attach(vm, 0));
	vcpu_set_flat_mode(&vm->vcpu[0], true, 0);
	must(vm_run(vm, A, &(struct args){}) == RAN_DONE);
	must(question_about(vm, A, &e) && e.mode == 1 && e.rip == A);
	vcpu_set_flat_mode(&vm->vcpu[0], false, 0x20000);
	must(vm_run(vm, 0, &(struct args){}) == RAN_DONE);
	must(question_about(vm, 0x20000, &e) && e.mode == 0 && e.rip == 0x20000);
	must(!(e.flags & F_SELF_WRITE));
}

static void refused(struct vm *vm)
{
	int i;

	vm_put_page(vm, A, 7);
	must(!vm_attach(vm, KET_REFUSE_BAD));
	for (i = 0; i < 3; i++) {
		must(RUN(vm, guest_call, .rdi = A, .rcx = 1) == RAN_UD);
		must(vm_calls(vm) == 0);
		must(vm_state(vm, A) == CLOSED);
	}
	must(vm_stats(vm).refused == 3);
	/* made good by the guest, it runs */
	must(store(vm, A + TAG_OFFSET, 8) == RAN_DONE);
	must(call_page(vm, A) == 8);
	must(vm_calls(vm) == 1);
}

static void refused_again_when_bad(struct vm *vm)
{
	vm_put_page(vm, A, 8);
	must(!vm_attach(vm, KET_REFUSE_BAD));
	must(call_page(vm, A) == 8);
	must(store(vm, A + TAG_OFFSET, 9) == RAN_DONE);
	must(RUN(vm, guest_call, .rdi = A, .rcx = 1) == RAN_UD);
	must(vm_calls(vm) == 1);
}

static void retried(struct vm *vm)
{
	vm_put_page(vm, A, 42);
	must(!vm_attach(vm, KET_RETRY_ONCE));
	must(call_page(vm, A) == 42);
	must(vm_stats(vm).retried == 2);
	must(vm_stats(vm).granted == 2);
}

static void swept(struct vm *vm)
{
	struct ket_event e;

	vm_put_page(vm, A, 42);
	must(!vm_attach(vm, 0));
	must(call_page(vm, A) == 42);
	must(store(vm, A + TAG_OFFSET, 44) == RAN_DONE);
	must(call_page(vm, A) == 44);
	must(vm_state(vm, A) == GRANTED);
	must(ioctl(vm->client, KET_SWEEP_NOW) == 2);
	must(vm_state(vm, A) == CLOSED);
	must(vm_stats(vm).pages_granted == 0 && vm_stats(vm).swept == 2);
	drop_events(vm);
	must(call_page(vm, A) == 44);
	must(question_about(vm, A, &e) && e.flips == 0);
}

/* The answer that a sweep overtakes doesn't count. */
static void swept_by_the_client(struct vm *vm)
{
	vm_put_page(vm, A, 42);
	must(!vm_attach(vm, KET_SWEEP));
	must(call_page(vm, A) == 42);
	must(vm_stats(vm).lost >= 1);
}

static void revoked_by_the_client(struct vm *vm)
{
	uint64_t gfn = A / PAGE;

	vm_put_page(vm, A, 42);
	must(!vm_attach(vm, 0));
	must(ioctl(vm->client, KET_REVOKE, &gfn) == 0);
	must(call_page(vm, A) == 42);
	must(ioctl(vm->client, KET_REVOKE, &gfn) == 1);
	must(vm_state(vm, A) == CLOSED);
	must(call_page(vm, A) == 42);
	must(vm_stats(vm).fetches == 3);
}

static void one_client(struct vm *vm)
{
	struct ket_attach attach = { .vm_fd = vm->fd };
	struct vm *other = vm_new();
	int r, error;

	must(!vm_attach(vm, 0));
	r = ioctl(other->client, KET_ATTACH, &attach);
	error = errno;
	must(r == -1 && error == EBUSY);
	must(!vm_attach(other, 0));	/* another VM at the same time */
	vm_put_page(other, A, 42);
	must(call_page(other, A) == 42);
	must(vm_stats(other).fetches == 2 && vm_stats(vm).fetches == 0);
	vm_free(other);
}

static void registers(struct vm *vm)
{
	struct ket_event e;

	vm_put_page(vm, A, 42);
	must(!vm_attach(vm, 0));
	must(RUN(vm, guest_call, .rdi = A, .rcx = 1, .rbx = 0x1234567890) == RAN_DONE);
	must(question_about(vm, A, &e));
	must(e.gpr_rbx == 0x1234567890 && e.cr3 == PAGE_TABLES);
	must(e.idt_base == IDT && e.lstar == 0);
}

static void around(struct vm *vm)
{
	struct ket_attach rules = { .rules = KET_REFUSE_BAD, .around = 16 };
	int i;

	for (i = 0; i < 18; i++)
		vm_put_page(vm, A + i * PAGE, i == 5 ? 7 : 42);
	must(!vm_attach_with(vm, rules));
	must(call_page(vm, A) == 42);
	must(vm_state(vm, A) == GRANTED);
	for (i = 1; i < 17; i++)
		must(vm_state(vm, A + i * PAGE) == (i == 5 ? CLOSED : GRANTED));
	must(vm_state(vm, A + 17 * PAGE) == CLOSED);
	for (i = 1; i < 17; i++)
		must(i == 5 || call_page(vm, A + i * PAGE) == 42);
	must(vm_stats(vm).fetches == 2);
	must(RUN(vm, guest_call, .rdi = A + 5 * PAGE, .rcx = 1) == RAN_UD);
}

/* The last page of memory: what is behind it isn't frozen. */
static void around_the_end(struct vm *vm)
{
	struct ket_attach rules = { .around = 512 };

	vm_put_page(vm, RAM_SIZE - PAGE, 42);
	must(!vm_attach_with(vm, rules));
	must(call_page(vm, RAM_SIZE - PAGE) == 42);
	must(vm_state(vm, RAM_SIZE) == CLOSED);
}

static void detached(struct vm *vm)
{
	uint64_t faults;

	vm_put_page(vm, A, 7);
	vm_put_page(vm, B, 42);
	must(!vm_attach(vm, KET_REFUSE_BAD));
	must(call_page(vm, B) == 42);
	must(RUN(vm, guest_call, .rdi = A, .rcx = 1) == RAN_UD);
	must(!ioctl(vm->client, KET_DETACH));
	must(call_page(vm, A) == 7);
	must(store(vm, B + TAG_OFFSET, 9) == RAN_DONE);
	must(call_page(vm, B) == 9);
	/* all permissions are there, no fault asks for one */
	faults = fd_stat(vm->vcpu[0].fd, "pf_taken");
	must(RUN(vm, guest_store_call, .rdi = B + TAG_OFFSET, .rsi = 11,
		 .rdx = B, .rcx = 100) == RAN_DONE);
	must(fd_stat(vm->vcpu[0].fd, "pf_taken") == faults);
}

const struct test page_tests[] = {
	{ "closed_by_default", closed_by_default },
	{ "granted_once", granted_once },
	{ "other_modes", other_modes },
	{ "refused", refused },
	{ "refused_again_when_bad", refused_again_when_bad },
	{ "retried", retried },
	{ "swept", swept },
	{ "swept_by_the_client", swept_by_the_client },
	{ "revoked_by_the_client", revoked_by_the_client },
	{ "one_client", one_client },
	{ "registers", registers },
	{ "around", around },
	{ "around_the_end", around_the_end },
	{ "detached", detached },
	{ }
};
