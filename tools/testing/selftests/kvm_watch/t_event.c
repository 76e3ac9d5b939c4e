// SPDX-License-Identifier: GPL-2.0
/*
 * Exceptions, interrupts and NMIs whose stack is in a watched page: they are
 * delivered, and the client looks at the page before the handler begins.
 */
#include <string.h>
#include <sys/ioctl.h>

#include "client.h"
#include "runner.h"

#define NOWHERE		(1ul << 40)	/* not mapped */
#define INT_VECTOR	0x40		/* of w_int */
#define IRQ_VECTOR	0x50
#define NMI_VECTOR	2
#define APIC_SVR	0xf0
#define APIC_ISR	0x100
#define IOPL_3		0x3000
#define USER_CS		0x1b
#define KERNEL_CS	0x08

/* Far more than any event takes, and far less than an endless loop. */
#define EXITS	20000

struct event {
	unsigned int vector;
	char *routine;
	unsigned int skipped;	/* the frame's RIP is so far behind it */
	bool error_code;
	uint64_t rdi;
};

static const struct event ud2 = { UD_VECTOR, w_ud2, 0, false, 0 };
static const struct event int3 = { 3, w_int3, 1, false, 0 };
static const struct event int_n = { INT_VECTOR, w_int, 2, false, 0 };
static const struct event page_fault = { PF_VECTOR, w_load, 0, true, NOWHERE };
static const struct event divide_error = { 0, w_divide, 2, false, 0 };
static const struct event interrupt = { IRQ_VECTOR, w_wait, 0, false, 0 };
static const struct event nmi = { NMI_VECTOR, w_wait, 0, false, 0 };

/* What comes from outside is there before the first instruction. */
static void send(struct vm *vm, unsigned int vector)
{
	struct kvm_msi msi = { .address_lo = 0xfee00000, .data = vector };
	struct kvm_lapic_state lapic;

	if (vector == NMI_VECTOR)
		xioctl(vm->vcpu[0].fd, KVM_NMI, NULL, "KVM_NMI");
	if (vector != IRQ_VECTOR)
		return;
	xioctl(vm->vcpu[0].fd, KVM_GET_LAPIC, &lapic, "KVM_GET_LAPIC");
	*(uint32_t *)(lapic.regs + APIC_SVR) |= 0x1ff;
	/* its handler doesn't tell the APIC that it has ended */
	memset(lapic.regs + APIC_ISR, 0, 0x80);
	xioctl(vm->vcpu[0].fd, KVM_SET_LAPIC, &lapic, "KVM_SET_LAPIC");
	must(ioctl(vm->fd, KVM_SIGNAL_MSI, &msi) == 1);
}

/* The client was called for the page when the handler was about to begin. */
static bool was_told(struct vm *vm, uint64_t page, uint64_t frame, bool error_code,
		     uint64_t rip)
{
	struct kwt_event e;
	bool told = false;

	while (watch_event(vm, KWT_MISSED, &e)) {
		if (e.why != MISSED_EVENT || e.gpa != page || e.rip != WATCH(w_event))
			continue;
		must(e.gva == frame && e.new[error_code] == rip && e.cpl == 0);
		told = true;
	}
	return told;
}

/* Deliver @event with the frame ending at @top, from the stack at @rsp */
static void deliver(struct vm *vm, const struct event *event, uint64_t rsp,
		    uint64_t top, bool user)
{
	uint64_t rip = WATCH(event->routine) + event->skipped, frame;
	const struct kvm_regs *regs = &vm->vcpu[0].regs;
	volatile uint64_t *pushed;
	struct args args = {
		.rdi = event->rdi, .rbx = STACK_TOP, .rflags = user ? RFLAGS | IOPL_3 : 0,
	};

	frame = (top & ~15ul) - 40 - (event->error_code ? 8 : 0);
	vm_set_handler(vm, event->vector, WATCH(w_event));
	send(vm, event->vector);
	must(run_bounded(vm, WATCH(event->routine), rsp, args, EXITS) == RAN_DONE);
	must(regs->r8 == 1 && regs->r10 == frame);
	pushed = at(vm, frame) + event->error_code;
	must(regs->r9 == *at(vm, frame));
	must(pushed[0] == rip && pushed[1] == (user ? USER_CS : KERNEL_CS));
	must(pushed[3] == rsp);
}

/* First without being watched, then with @page watched */
static void delivered(struct vm *vm, const struct event *event, uint64_t rsp,
		      uint64_t top, bool user)
{
	uint64_t rip = WATCH(event->routine) + event->skipped, frame;

	frame = (top & ~15ul) - 40 - (event->error_code ? 8 : 0);
	deliver(vm, event, rsp, top, user);
	must(watch_stats(vm).missed == 0);
	if (user)
		vcpu_set_user_mode(&vm->vcpu[0]);
	memset(vm->ram + A, 0, PAGE);
	memset(vm->ram + B, 0, PAGE);
	must(!watch_add(vm, frame));
	if ((frame ^ (top - 1)) & ~(PAGE - 1))
		must(!watch_add(vm, top - 1));
	deliver(vm, event, rsp, top, user);
	if (!((frame ^ (top - 1)) & ~(PAGE - 1)))
		must(was_told(vm, frame & ~(PAGE - 1), frame, event->error_code, rip));
	must(watch_stats(vm).missed_event >= 1 && watch_stats(vm).asked == 0);
}

/* The kernel's stack is in the page. */
static void from_kernel(struct vm *vm, const struct event *event)
{
	watch_attach(vm);
	delivered(vm, event, A + 0x108, A + 0x108, false);
	must(watch_stats(vm).pages == 1 && is_watched(vm, A));
	must(is_watched(vm, A + 0xe0));
}

static void put_rsp0(struct vm *vm, uint64_t rsp)
{
	*(volatile uint64_t *)(vm->ram + TSS + 4) = rsp;
}

/* That of the TSS is. */
static void from_user(struct vm *vm, const struct event *event)
{
	watch_attach(vm);
	put_rsp0(vm, A + 0x100);
	vcpu_set_user_mode(&vm->vcpu[0]);
	delivered(vm, event, STACK_TOP - 0x100, A + 0x100, true);
	vcpu_set_long_mode(&vm->vcpu[0]);
	must(watch_stats(vm).pages == 1 && is_watched(vm, A));
}

static void kernel_ud2(struct vm *vm)
{
	from_kernel(vm, &ud2);
}

static void user_ud2(struct vm *vm)
{
	from_user(vm, &ud2);
}

static void kernel_int3(struct vm *vm)
{
	from_kernel(vm, &int3);
}

static void user_int3(struct vm *vm)
{
	from_user(vm, &int3);
}

static void kernel_int_n(struct vm *vm)
{
	from_kernel(vm, &int_n);
}

static void user_int_n(struct vm *vm)
{
	from_user(vm, &int_n);
}

static void kernel_page_fault(struct vm *vm)
{
	from_kernel(vm, &page_fault);
}

static void user_page_fault(struct vm *vm)
{
	from_user(vm, &page_fault);
}

static void kernel_divide_error(struct vm *vm)
{
	from_kernel(vm, &divide_error);
}

static void user_divide_error(struct vm *vm)
{
	from_user(vm, &divide_error);
}

static void kernel_interrupt(struct vm *vm)
{
	from_kernel(vm, &interrupt);
}

static void user_interrupt(struct vm *vm)
{
	from_user(vm, &interrupt);
}

static void kernel_nmi(struct vm *vm)
{
	from_kernel(vm, &nmi);
}

static void user_nmi(struct vm *vm)
{
	from_user(vm, &nmi);
}

/* The frame begins in one page and ends in another, both are watched. */
static void two_pages(struct vm *vm, const struct event *event)
{
	watch_attach(vm);
	delivered(vm, event, B + 0x10, B + 0x10, false);
	must(*at(vm, B + 8) == 0x10);	/* SS */
	must(watch_stats(vm).missed_event >= 2);
	must(is_watched(vm, A) && is_watched(vm, B));
}

static void two_pages_ud2(struct vm *vm)
{
	two_pages(vm, &ud2);
}

static void two_pages_page_fault(struct vm *vm)
{
	two_pages(vm, &page_fault);
}

static void two_pages_interrupt(struct vm *vm)
{
	two_pages(vm, &interrupt);
}

/* Each of the two is told. */
static void two_pages_are_told(struct vm *vm)
{
	uint64_t top = B + 0x10, frame = top - 40;

	watch_attach(vm);
	must(!watch_add(vm, A) && !watch_add(vm, B));
	vm_set_handler(vm, UD_VECTOR, WATCH(w_event));
	must(run_bounded(vm, WATCH(w_ud2), top, (struct args){ .rbx = STACK_TOP },
			 EXITS) == RAN_DONE);
	must(was_told(vm, A, frame, false, WATCH(w_ud2)));
	watch_drain(vm);
	must(run_bounded(vm, WATCH(w_ud2), top, (struct args){ .rbx = STACK_TOP },
			 EXITS) == RAN_DONE);
	must(was_told(vm, B, frame, false, WATCH(w_ud2)));
}

/* The stack that the gate itself names */
static void interrupt_stack_table(struct vm *vm)
{
	uint64_t top = A + 0x200, frame = top - 40;

	watch_attach(vm);
	must(!watch_add(vm, A));
	*(volatile uint64_t *)(vm->ram + TSS + 0x24) = top;
	vm_set_gate(vm, UD_VECTOR, WATCH(w_event), 1);
	must(run_bounded(vm, WATCH(w_ud2), STACK_TOP,
			 (struct args){ .rbx = STACK_TOP - 0x100 }, EXITS) == RAN_DONE);
	must(vm->vcpu[0].regs.r8 == 1 && vm->vcpu[0].regs.r10 == frame);
	must(*at(vm, frame) == WATCH(w_ud2));
	must(was_told(vm, A, frame, false, WATCH(w_ud2)));
	must(is_watched(vm, A));
}

/* Again and again: no page stays open, none is forgotten. */
static void many_events(struct vm *vm)
{
	struct args args = { .rbx = STACK_TOP };
	int i;

	watch_attach(vm);
	must(!watch_add(vm, A));
	vm_set_handler(vm, UD_VECTOR, WATCH(w_event));
	vm_set_handler(vm, INT_VECTOR, WATCH(w_event));
	for (i = 0; i < 100; i++) {
		must(run_bounded(vm, WATCH(i & 1 ? w_int : w_ud2), A + 0x100, args,
				 EXITS) == RAN_DONE);
		must(vm->vcpu[0].regs.r8 == 1);
	}
	must(watch_stats(vm).missed_event >= 100);
	must(is_watched(vm, A));
}

/*
 * NMIs come last, and each of their handlers ends with IRET: see the order of the
 * groups.
 */
const struct test event_tests[] = {
	{ "event_ud2", kernel_ud2 },
	{ "event_ud2_from_user", user_ud2 },
	{ "event_int3", kernel_int3 },
	{ "event_int3_from_user", user_int3 },
	{ "event_int_n", kernel_int_n },
	{ "event_int_n_from_user", user_int_n },
	{ "event_page_fault", kernel_page_fault },
	{ "event_page_fault_from_user", user_page_fault },
	{ "event_divide_error", kernel_divide_error },
	{ "event_divide_error_from_user", user_divide_error },
	{ "event_interrupt", kernel_interrupt },
	{ "event_interrupt_from_user", user_interrupt },
	{ "event_two_pages_ud2", two_pages_ud2 },
	{ "event_two_pages_page_fault", two_pages_page_fault },
	{ "event_two_pages_interrupt", two_pages_interrupt },
	{ "event_two_pages_are_told", two_pages_are_told },
	{ "event_interrupt_stack_table", interrupt_stack_table },
	{ "many_events", many_events },
	{ }
};

const struct test nmi_tests[] = {
	{ "event_nmi", kernel_nmi },
	{ "event_nmi_from_user", user_nmi },
	{ }
};
