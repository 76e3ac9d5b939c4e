// SPDX-License-Identifier: GPL-2.0
/*
 * RFLAGS after an instruction that KVM can't emulate and lets the CPU execute by
 * itself, which some CPUs can be told to do only by a flag.
 */
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "client.h"
#include "runner.h"
#include "uffd.h"

#define ONE	0x3ff0000000000000ull	/* 1.0 */
#define IF	0x200
#define TF	0x100
#define VALUE	0x1122334455667788ull

#define MSR_STAR	0xc0000081
#define MSR_LSTAR	0xc0000082
#define MSR_SFMASK	0xc0000084

#define TABLE	0x600000
#define GVA	(256ul << 21)

/* By which instruction, with which flags */
static void native_store(struct vm *vm, char *label, uint64_t flags, uint64_t value)
{
	const struct kvm_regs *regs = &vm->vcpu[0].regs;

	*at(vm, A) = 0;
	must(WRUN(vm, label, .rdi = A, .rsi = VALUE, .rflags = flags) == RAN_DONE);
	must(*at(vm, A) == value);
	must((regs->r10 & (IF | TF)) == (flags & (IF | TF)));
	must((regs->rflags & (IF | TF)) == (flags & (IF | TF)));
}

static void flags_after(struct vm *vm, char *label, uint64_t value)
{
	int i;

	watch_attach(vm);
	must(!watch_add(vm, A));
	for (i = 0; i < 10; i++) {
		native_store(vm, label, 2, value);
		native_store(vm, label, 2 | IF, value);
	}
	must(watch_stats(vm).missed >= 20 && watch_stats(vm).asked == 0);
	must(is_watched(vm, A));
}

static void flags_x87(struct vm *vm)
{
	flags_after(vm, w_fst_flags, ONE);
}

static void flags_sse(struct vm *vm)
{
	watch_attach(vm);
	must(!watch_add(vm, A));
	must(WRUN(vm, w_movlps, .rdi = A, .rsi = VALUE) == RAN_DONE);
	if (!watch_stats(vm).missed)
		skip("KVM emulates it");
	must(!ioctl(vm->client, KWT_DETACH));
	flags_after(vm, w_movlps, VALUE);
}

static void flags_maskmov(struct vm *vm)
{
	flags_after(vm, w_maskmov, VALUE);
}

static void flags_avx(struct vm *vm)
{
	if (!__builtin_cpu_supports("avx"))
		skip("no AVX");
	watch_attach(vm);
	must(!watch_add(vm, A));
	must(WRUN(vm, w_avx, .rdi = A, .rsi = VALUE) == RAN_DONE);
	if (!watch_stats(vm).missed)
		skip("KVM emulates it");
	must(!ioctl(vm->client, KWT_DETACH));
	flags_after(vm, w_avx, VALUE);
}

/* The guest traces itself: it gets its own trap, once, and behind the store. */
static void trap_flag(struct vm *vm, uint64_t flags)
{
	const struct kvm_regs *regs = &vm->vcpu[0].regs;
	int i;

	watch_attach(vm);
	vm_set_handler(vm, DB_VECTOR, WATCH(w_debug));
	/* unwatched, this is what it does, but on Bochs 2.7 */
	must(WRUN(vm, w_fst_tf, .rdi = A, .rflags = flags) == RAN_DONE);
	if (regs->r8 != 1 || regs->r9 != WATCH(w_fst_tf_end))
		skip("this processor doesn't trace a guest");
	must(!watch_add(vm, A));
	for (i = 0; i < 10; i++) {
		*at(vm, A) = 0;
		must(WRUN(vm, w_fst_tf, .rdi = A, .rflags = flags) == RAN_DONE);
		must(*at(vm, A) == ONE);
		must(regs->r8 == 1 && regs->r9 == WATCH(w_fst_tf_end));
		must((regs->r10 & (IF | TF)) == (flags & IF));
	}
	must(watch_stats(vm).missed >= 10);
}

static void guest_traces_itself(struct vm *vm)
{
	trap_flag(vm, 2 | IF);
}

static void guest_traces_itself_without_interrupts(struct vm *vm)
{
	trap_flag(vm, 2);
}

static void set_syscall(struct vm *vm, uint64_t entry)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entries[3];
	} msrs = {
		.head.nmsrs = 3,
		.entries = {
			{ .index = MSR_STAR, .data = 8ull << 32 },
			{ .index = MSR_LSTAR, .data = entry },
			{ .index = MSR_SFMASK, .data = IF | TF },
		},
	};
	struct kvm_sregs sregs;

	must(ioctl(vm->vcpu[0].fd, KVM_SET_MSRS, &msrs) == 3);
	xioctl(vm->vcpu[0].fd, KVM_GET_SREGS, &sregs, "KVM_GET_SREGS");
	sregs.efer |= 1;	/* SCE */
	xioctl(vm->vcpu[0].fd, KVM_SET_SREGS, &sregs, "KVM_SET_SREGS");
}

/* What takes the place of the store, and does something to the flags. */
struct other {
	uint8_t bytes[2];
	uint64_t before, after;	/* RFLAGS */
	uint64_t on_stack;	/* for POPF */
	unsigned int traps;
	uint64_t pushed;	/* RFLAGS that it pushes or keeps, if any */
};

/*
 * KVM has looked at the instruction, and has the CPU execute it.  The host's page is
 * yet to become writable, and meanwhile another processor changes the instruction:
 * its flags are what counts.
 */
static void swap(struct vm *vm, const struct other *other)
{
	const struct kvm_regs *regs = &vm->vcpu[0].regs;
	uint8_t *slot = vm->ram + WATCH(w_slot), store[2];
	struct runner r;
	int fd;

	memcpy(store, slot, 2);
	*at(vm, A) = 0;
	fd = uffd_protect(vm->ram + A);
	/* the guest has it mapped, else KVM gets it before it looks */
	must(RUN(vm, guest_load, .rdi = A, .rcx = 1) == RAN_DONE);
	runner_start(&r, vm, 0, WATCH(w_swap),
		     (struct args){ .rdi = A, .rcx = 1, .rsi = 2, .rdx = other->on_stack,
				    .r9 = other->before & IF, .rflags = 2 });
	uffd_wait(fd);
	memcpy(slot, other->bytes, 2);
	uffd_unprotect(fd, vm->ram + A);
	runner_join(&r);
	close(fd);
	memcpy(slot, store, 2);

	must(r.outcome == RAN_DONE && *at(vm, A) == 0);
	must((regs->rax & (IF | TF)) == (other->after & (IF | TF)));
	must(regs->r8 == other->traps && !(regs->rflags & TF));
	must(!other->pushed || (regs->r11 & (IF | TF)) == (other->pushed & (IF | TF)));
}

static void swapped(struct vm *vm, struct other other)
{
	int i;

	watch_attach(vm);
	vm_set_handler(vm, DB_VECTOR, WATCH(w_debug));
	set_syscall(vm, WATCH(w_syscall));
	must(!watch_add(vm, A));
	/* as it is, it stores */
	must(WRUN(vm, w_swap, .rdi = A, .rcx = 1, .rsi = other.before) == RAN_DONE);
	must(*at(vm, A) == 1);
	runner_without_rseq = true;
	for (i = 0; i < 5; i++)
		swap(vm, &other);
	runner_without_rseq = false;
	must(is_watched(vm, A));
}

static void swapped_for_cli(struct vm *vm)
{
	swapped(vm, (struct other){
			.bytes = { 0xfa, 0x90 }, .before = 2 | IF, .after = 2,
		});
}

static void swapped_for_sti(struct vm *vm)
{
	swapped(vm, (struct other){
			.bytes = { 0xfb, 0x90 }, .before = 2, .after = 2 | IF,
		});
}

static void swapped_for_popf(struct vm *vm)
{
	swapped(vm, (struct other){
			.bytes = { 0x9d, 0x90 }, .before = 2 | IF, .after = 2,
			.on_stack = 2,
		});
}

/* The trap comes behind the NOP. */
static void swapped_for_popf_with_tf(struct vm *vm)
{
	swapped(vm, (struct other){
			.bytes = { 0x9d, 0x90 }, .before = 2, .after = 2 | IF,
			.on_stack = 2 | IF | TF, .traps = 1,
		});
}

static void swapped_for_pushf(struct vm *vm)
{
	swapped(vm, (struct other){
			.bytes = { 0x9c, 0x90 }, .before = 2 | IF, .after = 2 | IF,
			.pushed = 2 | IF,
		});
}

static void swapped_for_syscall(struct vm *vm)
{
	swapped(vm, (struct other){
			.bytes = { 0x0f, 0x05 }, .before = 2 | IF, .after = 2,
			.pushed = 2 | IF,
		});
}

/* GVA is in A, by a table of its own that is watched as if it were none. */
static void watch_as_data(struct vm *vm, const char *code, const char *end)
{
	uint64_t *pd = (uint64_t *)(vm->ram + PAGE_TABLES) + 1024;

	pd[256] = TABLE | 7;
	*at(vm, TABLE) = A | 7;
	vm_put(vm, A, code, end);
	watch_attach(vm);
	must(!watch_add(vm, TABLE));
}

/* Where walks are writes, it can't be watched any longer, and the client knows. */
static void dropped_or_watched(struct vm *vm)
{
	struct kwt_stats stats = watch_stats(vm);
	struct kwt_event e;

	must(stats.missed_event == 0 && stats.asked == 0);
	if (ioctl(vm->client, KWT_CAPS) & CAP_WRITE) {
		must(stats.pages == 1 && stats.dropped_pages == 0);
		return;
	}
	must(stats.pages == 0 && stats.dropped_pages == 1 && stats.missed == 1);
	must(watch_event(vm, KWT_MISSED, &e));
	must(e.why == MISSED_DROPPED && e.gpa == TABLE);
	must(!watch_event(vm, KWT_MISSED, &e));
}

/* The walk for an instruction that changes flags */
static void walk_for_cli(struct vm *vm)
{
	watch_as_data(vm, w_cli, w_cli_end);
	must(WRUN(vm, w_jump, .rdi = GVA) == RAN_DONE);
	must(!(vm->vcpu[0].regs.r10 & (IF | TF)));
	must((vm->vcpu[0].regs.rflags & (IF | TF)) == IF);
	dropped_or_watched(vm);
}

static void walk_for_syscall(struct vm *vm)
{
	const struct kvm_regs *regs = &vm->vcpu[0].regs;

	set_syscall(vm, WATCH(w_syscall_end));
	watch_as_data(vm, w_syscall_insn, w_syscall_insn_end);
	must(WRUN(vm, w_jump, .rdi = GVA) == RAN_DONE);
	must(!(regs->r10 & (IF | TF)) && (regs->r11 & (IF | TF)) == IF);
	must(regs->rcx == GVA + 2);
	dropped_or_watched(vm);
}

/* Data behind the table, and a page that was watched before it was a table */
static void walk_for_data(struct vm *vm)
{
	const struct kvm_regs *regs = &vm->vcpu[0].regs;

	watch_as_data(vm, w_done, w_done);
	must(WRUN(vm, w_walk, .rdi = GVA, .rcx = 20) == RAN_DONE);
	must(*at(vm, A) == 20 && (*at(vm, TABLE) & 0xfff) == 0x67);
	must((regs->rflags & (IF | TF)) == IF);
	dropped_or_watched(vm);
	/* and what it maps can be watched */
	must(!watch_add(vm, A));
	watch_rules(vm, (struct kwt_rules){ .verdict = DROP });
	must(WRUN(vm, w_walk, .rdi = GVA, .rcx = 20) == RAN_DONE);
	must(*at(vm, A) == 20 && watch_stats(vm).dropped == 20);
}

const struct test flag_tests[] = {
	{ "flags_x87", flags_x87 },
	{ "flags_sse", flags_sse },
	{ "flags_maskmov", flags_maskmov },
	{ "flags_avx", flags_avx },
	{ "guest_traces_itself", guest_traces_itself },
	{ "guest_traces_itself_without_interrupts", guest_traces_itself_without_interrupts },
	{ "swapped_for_cli", swapped_for_cli },
	{ "swapped_for_sti", swapped_for_sti },
	{ "swapped_for_popf", swapped_for_popf },
	{ "swapped_for_popf_with_tf", swapped_for_popf_with_tf },
	{ "swapped_for_pushf", swapped_for_pushf },
	{ "swapped_for_syscall", swapped_for_syscall },
	{ "walk_for_cli", walk_for_cli },
	{ "walk_for_syscall", walk_for_syscall },
	{ "walk_for_data", walk_for_data },
	{ }
};
