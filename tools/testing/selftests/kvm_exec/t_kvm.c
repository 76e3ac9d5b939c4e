// SPDX-License-Identifier: GPL-2.0
/* What KVM does for itself while there is a client: writes, sweeps, logs, counts. */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm_para.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "client.h"
#include "runner.h"
#include "uffd.h"

#define A	TEST_PAGES
#define B	(TEST_PAGES + PAGE)
#define PAGES	64
#define BAD	7
#define HUGE	(2ul << 20)
#define WINDOW	0x8000000

/*
 * A write of KVM for vCPU 1 waits for the host's page.  Others execute what is
 * new meanwhile, but not this page, which is executed as it is then.
 */
static void sleeping_write(struct vm *vm, uint32_t msr, uint64_t value)
{
	uint64_t page = B + PAGES * PAGE;
	struct runner writer, caller;
	uint8_t *hva = vm->ram + page;
	bool asked = false;
	struct ket_event e;
	uint32_t calls;
	int fd, i;

	for (i = 0; i < PAGES; i++)
		vm_put_page(vm, A + i * PAGE, 2);
	vm_put_page(vm, page, 42);
	vm_add_vcpus(vm, 1);
	must(!vm_attach(vm, 0));
	/* there is a page in the host that the guest has mapped */
	must(RUN(vm, guest_load, .rdi = page, .rcx = 1) == RAN_DONE);
	must(RUN(vm, guest_call_loop, .rdi = A, .rcx = 1, .rsi = 1) == RAN_DONE);
	fd = uffd_protect(hva);

	runner_start(&writer, vm, 1, GUEST(guest_wrmsr),
		     (struct args){ .rcx = msr, .rax = (page + 0x400) | value });
	uffd_wait(fd);
	must(RUN(vm, guest_call_loop, .rdi = B, .rcx = PAGES - 1, .rsi = 1) == RAN_DONE);
	must(vm->vcpu[0].regs.r9 == PAGES - 1);

	drop_events(vm);
	calls = vm_calls(vm);
	runner_start(&caller, vm, 2, GUEST(guest_call),
		     (struct args){ .rdi = page, .rcx = 1 });
	while (!vm_stats(vm).blocked)
		usleep(1000);
	while (vm_next_event(vm, &e))
		asked |= e.gpa == page;
	must(!asked && vm_calls(vm) == calls);

	uffd_unprotect(fd, hva);
	runner_join(&writer);
	runner_join(&caller);
	close(fd);
	must(writer.outcome == RAN_DONE && caller.outcome == RAN_DONE);
	must(caller.vcpu->regs.rax == 42 && vm_calls(vm) == calls + 1);
	must(question_about(vm, page, &e));
}

/* kvm_write_guest() */
static void sleeping_write_of_the_clock(struct vm *vm)
{
	sleeping_write(vm, MSR_KVM_WALL_CLOCK_NEW, 0);
}

/* A write that knows where the host has the page */
static void sleeping_write_of_steal_time(struct vm *vm)
{
	sleeping_write(vm, MSR_KVM_STEAL_TIME, 1);
}

#define CROSS	(B - 4)		/* an instruction in the pages A and B */

/* Linear address CROSS: a prefix, and movabs with 2 bytes of its value in A. */
static void put_crossing(struct vm *vm, uint16_t value)
{
	static const uint8_t mov[] = { 0x48, 0xb8 }, rest[] = { 0, 0, 0, 0, 0, 0, 0xc3 };

	memcpy(vm->ram + CROSS - (fep_code_end - fep_code), fep_code,
	       fep_code_end - fep_code);
	memcpy(vm->ram + CROSS, mov, sizeof(mov));
	memcpy(vm->ram + CROSS + 2, &value, sizeof(value));
	memcpy(vm->ram + B, rest, sizeof(rest));
}

/*
 * The emulator has read the first bytes of an instruction, and waits for the
 * others.  Meanwhile the page with the first ones is written and granted anew:
 * these bytes were never granted, or aren't any more.
 */
static void decoded_before_the_grant(struct vm *vm)
{
	uint64_t start = CROSS - (fep_code_end - fep_code);
	struct runner caller;
	uint8_t content[PAGE];
	int fd;

	if (!can_force_emulation())
		skip("no force_emulation_prefix");
	vm_put_page(vm, A, 2);
	put_crossing(vm, 0x1111);
	must(!vm_attach(vm, KET_REFUSE_BAD));
	must(RUN(vm, guest_call, .rdi = start, .rcx = 1) == RAN_DONE);
	must(vm->vcpu[0].regs.rax == 0x1111);
	memcpy(content, vm->ram + B, PAGE);

	fd = uffd_missing(vm->ram + B);
	runner_start(&caller, vm, 0, GUEST(guest_call),
		     (struct args){ .rdi = start, .rcx = 1 });
	uffd_wait(fd);
	uffd_copy(fd, vm->ram + B, content, 0);
	/* both pages are granted when the emulator goes on */
	must(vcpu_start(&vm->vcpu[1], GUEST(guest_store), STACK_TOP - PAGE,
			&(struct args){ .rdi = CROSS, .rsi = 0x2222b848, .rcx = 1 }) ==
	     RAN_DONE);
	must(vcpu_start(&vm->vcpu[1], GUEST(guest_call), STACK_TOP - PAGE,
			&(struct args){ .rdi = A, .rcx = 1 }) == RAN_DONE);
	must(vcpu_start(&vm->vcpu[1], GUEST(guest_call), STACK_TOP - PAGE,
			&(struct args){ .rdi = B + 6, .rcx = 1 }) == RAN_DONE);
	must(vm_state(vm, A) == GRANTED && vm_state(vm, B) == GRANTED);
	uffd_wake(fd, vm->ram + B);
	runner_join(&caller);
	close(fd);
	must(caller.outcome == RAN_DONE);
	must(vm->vcpu[0].regs.rax == 0x2222);
}

/* Code comes and goes in memory that is huge in the host: so it is in the guest. */
static void huge_page_after_sweep(struct vm *vm)
{
	uint64_t huge;
	int i;

	vm_put_page(vm, A, 2);
	must(RUN(vm, guest_load, .rdi = A, .rcx = HUGE / PAGE) == RAN_DONE);
	must(!vm_attach(vm, 0));
	must(RUN(vm, guest_load, .rdi = 0, .rcx = RAM_SIZE / PAGE) == RAN_DONE);
	ioctl(vm->client, KET_SWEEP_NOW);
	must(RUN(vm, guest_touch, .rdi = A, .rcx = HUGE / PAGE) == RAN_DONE);
	huge = fd_stat(vm->fd, "pages_2m");
	if (!huge)
		skip("the host has no huge pages");
	for (i = 0; i < 20; i++) {
		must(call_page(vm, A) == 2);
		must(fd_stat(vm->fd, "pages_2m") < huge);
		must(store(vm, A + TAG_OFFSET, 2) == RAN_DONE);
		must(ioctl(vm->client, KET_SWEEP_NOW) >= 1);
		must(RUN(vm, guest_touch, .rdi = A, .rcx = HUGE / PAGE) == RAN_DONE);
		must(fd_stat(vm->fd, "pages_2m") >= huge);
	}
	/* from a page that is granted when it is swept */
	must(call_page(vm, A) == 2);
	must(ioctl(vm->client, KET_SWEEP_NOW) >= 1);
	must(RUN(vm, guest_load, .rdi = A, .rcx = HUGE / PAGE) == RAN_DONE);
	must(fd_stat(vm->fd, "pages_2m") >= huge);
	/* and it still knows how to split */
	vm_put_page(vm, A, BAD);
	must(!vm_attach(vm, 0) || errno == EBUSY);
	must(call_page(vm, A) == BAD);
}

#define SWEPT		100000
#define SLOT_PAGES	((RAM_SIZE - A) / PAGE)
#define SLOTS		((SWEPT + SLOT_PAGES - 1) / SLOT_PAGES)

/* The same memory again and again, as code that is granted */
static void grant_many(struct vm *vm)
{
	uint64_t gpa = WINDOW, i, j;

	for (i = 0; i < SLOT_PAGES; i++)
		vm_put_page(vm, A + i * PAGE, 2);
	for (i = 0; i < SLOTS; i++) {
		must(!vm_set_slot(vm, i + 1, 0, gpa, RAM_SIZE - A, vm->ram + A));
		for (j = 0; j < SLOT_PAGES; j += 512, gpa += 512 * PAGE)
			must(call_page(vm, gpa) == 2);
	}
}

/* A thread that the scheduler never takes the processor from for another's sake. */
static void set_urgent(bool urgent)
{
	struct sched_param param = { .sched_priority = urgent ? 50 : 0 };

	must(!sched_setscheduler(0, urgent ? SCHED_FIFO : SCHED_OTHER, &param));
}

/*
 * Another vCPU executes the pages that are swept, one by one: it can ask about
 * each without waiting for the end of the sweep.
 */
static void faults_in_a_sweep(struct vm *vm)
{
	struct ket_attach around = { .around = 511 }, alone = {};
	struct runner caller;
	int asked;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		skip("there is one processor");
	must(!vm_attach_with(vm, around));
	grant_many(vm);
	must(vm_stats(vm).pages_granted >= SWEPT);
	xioctl(vm->client, KET_RULES, &alone, "KET_RULES");
	set_stop(vm, 0);
	runner_start(&caller, vm, 1, GUEST(guest_call_loop),
		     (struct args){ .rdi = WINDOW, .rcx = SWEPT, .rsi = -1 });
	while (vm_calls(vm) < 2 * SLOTS * SLOT_PAGES / 512)
		usleep(100);
	set_urgent(true);
	asked = ioctl(vm->client, KET_SWEEP_ASKED);
	set_urgent(false);
	set_stop(vm, 1);
	ioctl(vm->client, KET_DETACH);
	runner_join(&caller);
	note("%d asked meanwhile", asked);
	must(caller.outcome == RAN_DONE);
	must(asked >= 16);
}

static void revoke_range(struct vm *vm)
{
	struct ket_range range = { A / PAGE + 1, A / PAGE + 2 };
	int i;

	for (i = 0; i < 4; i++)
		vm_put_page(vm, A + i * PAGE, 2);
	must(!vm_attach(vm, 0));
	for (i = 0; i < 4; i++)
		must(call_page(vm, A + i * PAGE) == 2);
	must(ioctl(vm->client, KET_REVOKE_RANGE, &range) == 2);
	for (i = 0; i < 4; i++)
		must(vm_state(vm, A + i * PAGE) == (i == 1 || i == 2 ? CLOSED : GRANTED));
	must(ioctl(vm->client, KET_REVOKE_RANGE, &range) == 0);
	range = (struct ket_range){ 0, -1 };
	must(ioctl(vm->client, KET_REVOKE_RANGE, &range) == 3);
	must(vm_stats(vm).pages_granted == 0);
	must(call_page(vm, A) == 2);
}

/* The question is open when the range is revoked: its answer is dropped. */
static void revoke_range_drops_answers(struct vm *vm)
{
	struct ket_range range = { 0, -1 };
	struct runner caller;
	struct ket_event e;

	vm_put_page(vm, A, 2);
	must(!vm_attach(vm, KET_REFUSE_BAD));
	vm_hold(vm, A);
	runner_start(&caller, vm, 0, GUEST(guest_call), (struct args){ .rdi = A, .rcx = 1 });
	vm_wait_held(vm);
	must(ioctl(vm->client, KET_REVOKE_RANGE, &range) >= 1);
	vm_release(vm);
	runner_join(&caller);
	must(caller.outcome == RAN_DONE && vm_calls(vm) == 1);
	must(vm_stats(vm).lost >= 1);
	must(question_about(vm, A, &e) && question_about(vm, A, &e));
}

/* More than half of the memory has a dirty log; a frame buffer alone doesn't count. */
static void dirty_log_is_told(struct vm *vm)
{
	struct ket_notices told;
	uint32_t i;

	must(!vm_set_slot(vm, 1, 0, WINDOW, HUGE, vm->ram + A));
	must(!vm_attach(vm, 0));
	for (i = 1; i < 4; i++) {
		must(!vm_set_slot(vm, 1, KVM_MEM_LOG_DIRTY_PAGES, WINDOW, HUGE, vm->ram + A));
		must(vm_notices(vm).dirty_log_on == i - 1);
		must(!vm_set_slot(vm, 0, KVM_MEM_LOG_DIRTY_PAGES, 0, RAM_SIZE, vm->ram));
		must(vm_notices(vm).dirty_log_on == i);
		must(!vm_set_slot(vm, 1, 0, WINDOW, HUGE, vm->ram + A));
		told = vm_notices(vm);
		must(told.dirty_log_on == i && told.dirty_log_off == i - 1);
		must(!vm_set_slot(vm, 0, 0, 0, RAM_SIZE, vm->ram));
		must(vm_notices(vm).dirty_log_off == i);
	}
	must(vm_notices(vm).nested == 0);
	/* it is on when the client comes */
	must(!ioctl(vm->client, KET_DETACH));
	must(!vm_set_slot(vm, 0, KVM_MEM_LOG_DIRTY_PAGES, 0, RAM_SIZE, vm->ram));
	must(!vm_attach(vm, 0));
	must(vm_notices(vm).dirty_log_on == 1);
	/* and its slot goes */
	must(!vm_set_slot(vm, 0, 0, 0, 0, vm->ram));
	told = vm_notices(vm);
	must(told.dirty_log_on == 1 && told.dirty_log_off == 1);
}

static uint64_t dirty_bitmap[RAM_SIZE / PAGE / 64];

static bool is_dirty(uint64_t gpa)
{
	return dirty_bitmap[gpa / PAGE / 64] & 1ul << (gpa / PAGE % 64);
}

/* Read the log, and have the writes of the next round seen. */
static void next_round(struct vm *vm)
{
	struct kvm_dirty_log get = { .slot = 0, .dirty_bitmap = dirty_bitmap };
	struct kvm_clear_dirty_log clear = {
		.slot = 0, .num_pages = RAM_SIZE / PAGE, .dirty_bitmap = dirty_bitmap,
	};

	must(!ioctl(vm->fd, KVM_GET_DIRTY_LOG, &get));
	must(!ioctl(vm->fd, KVM_CLEAR_DIRTY_LOG, &clear));
}

/* A page is granted, written natively, by KVM, and granted again. */
static void clear_dirty_log(struct vm *vm)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2,
		.args[0] = KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE,
	};
	int i;

	must(!ioctl(vm->fd, KVM_ENABLE_CAP, &cap));
	vm_put_page(vm, A, 42);
	must(!vm_attach(vm, KET_REFUSE_BAD));
	must(call_page(vm, A) == 42);
	must(!vm_set_slot(vm, 0, KVM_MEM_LOG_DIRTY_PAGES, 0, RAM_SIZE, vm->ram));
	next_round(vm);
	for (i = 0; i < 4; i++) {
		must(call_page(vm, A) != -1u);
		next_round(vm);
		must(store(vm, A + TAG_OFFSET, 44 + 2 * i) == RAN_DONE);
		next_round(vm);
		must(is_dirty(A) && vm_state(vm, A) == CLOSED);
		must(call_page(vm, A) == 44 + 2u * i);
		next_round(vm);
		must(!is_dirty(A));
		must(RUN(vm, guest_wrmsr, .rcx = MSR_KVM_WALL_CLOCK_NEW,
			 .rax = A + 0x400) == RAN_DONE);
		next_round(vm);
		must(is_dirty(A) && vm_state(vm, A) == CLOSED);
		/* closed as it is, each round's write is seen */
		must(store(vm, A + TAG_OFFSET, 48) == RAN_DONE);
		next_round(vm);
		must(is_dirty(A));
	}
}

#define RING	(64 * 1024)

static void use_dirty_ring(struct vm *vm)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_DIRTY_LOG_RING, .args[0] = RING,
	};

	if (ioctl(vm->fd, KVM_CHECK_EXTENSION, KVM_CAP_DIRTY_LOG_RING) < RING ||
	    ioctl(vm->fd, KVM_ENABLE_CAP, &cap))
		skip("no dirty ring");
}

static const unsigned int ring_entries = RING / sizeof(struct kvm_dirty_gfn);

/* Take what is in the ring; was the page among it? */
static bool ring_has(struct vm *vm, struct kvm_dirty_gfn *ring, unsigned int *next,
		     uint64_t gpa)
{
	bool has = false;

	while (ring[*next % ring_entries].flags & KVM_DIRTY_GFN_F_DIRTY) {
		has |= !ring[*next % ring_entries].slot &&
		       ring[*next % ring_entries].offset == gpa / PAGE;
		ring[*next % ring_entries].flags = KVM_DIRTY_GFN_F_RESET;
		++*next;
	}
	must(ioctl(vm->fd, KVM_RESET_DIRTY_RINGS) >= 0);
	return has;
}

static void dirty_ring(struct vm *unused)
{
	struct vm *vm = vm_new_with(use_dirty_ring);
	struct kvm_dirty_gfn *ring;
	unsigned int next = 0;
	int i;

	(void)unused;
	ring = mmap(NULL, RING, PROT_READ | PROT_WRITE, MAP_SHARED, vm->vcpu[0].fd,
		    KVM_DIRTY_LOG_PAGE_OFFSET * PAGE);
	must(ring != MAP_FAILED);
	vm_put_page(vm, A, 42);
	must(!vm_attach(vm, KET_REFUSE_BAD));
	must(call_page(vm, A) == 42);
	must(!vm_set_slot(vm, 0, KVM_MEM_LOG_DIRTY_PAGES, 0, RAM_SIZE, vm->ram));
	must(vm_notices(vm).dirty_log_on == 1);
	for (i = 0; i < 4; i++) {
		must(call_page(vm, A) != -1u);
		ring_has(vm, ring, &next, A);
		must(store(vm, A + TAG_OFFSET, 44 + 2 * i) == RAN_DONE);
		must(vm_state(vm, A) == CLOSED);
		must(ring_has(vm, ring, &next, A));
		must(call_page(vm, A) == 44 + 2u * i);
		must(!ring_has(vm, ring, &next, A));
		must(RUN(vm, guest_wrmsr, .rcx = MSR_KVM_WALL_CLOCK_NEW,
			 .rax = A + 0x400) == RAN_DONE);
		must(ring_has(vm, ring, &next, A));
		must(store(vm, A + TAG_OFFSET, 48) == RAN_DONE);
		must(ring_has(vm, ring, &next, A));
	}
	munmap(ring, RING);
	vm_free(vm);
}

/* A Xen guest has no client, a guest with a client doesn't become one. */
static void xen(struct vm *vm)
{
	struct kvm_xen_hvm_config config = { .msr = 0x40000000 };
	struct vm *other;
	int r, error;

	if (!ioctl(vm->fd, KVM_CHECK_EXTENSION, KVM_CAP_XEN_HVM))
		skip("no Xen guests");
	config.flags = KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL;
	must(!vm_attach(vm, 0));
	must(ioctl(vm->fd, KVM_XEN_HVM_CONFIG, &config) < 0 && errno == EBUSY);
	must(!ioctl(vm->client, KET_DETACH));
	must(!ioctl(vm->fd, KVM_XEN_HVM_CONFIG, &config));
	must(vm_attach(vm, 0) < 0 && errno == EOPNOTSUPP);
	/* each of them for itself */
	other = vm_new();
	r = vm_attach(other, 0);
	error = r ? errno : 0;
	vm_free(other);
	must(!error);
}

/* A VM whose memory the host can't read; it has no vCPU when it becomes one. */
static void sev(struct vm *vm)
{
	struct kvm_sev_cmd command = { .id = KVM_SEV_INIT };
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), encrypted, attached, r, error;
	int sev_fd = open("/dev/sev", O_RDWR | O_CLOEXEC);
	struct ket_attach attach = {};

	if (sev_fd < 0)
		skip("no SEV");
	command.sev_fd = sev_fd;
	encrypted = xioctl(kvm, KVM_CREATE_VM, NULL, "KVM_CREATE_VM");
	if (ioctl(encrypted, KVM_MEMORY_ENCRYPT_OP, &command))
		skip("SEV can't be used");
	attach.vm_fd = encrypted;
	must(ioctl(vm->client, KET_ATTACH, &attach) < 0 && errno == EOPNOTSUPP);
	/* the other way round */
	attached = xioctl(kvm, KVM_CREATE_VM, NULL, "KVM_CREATE_VM");
	attach.vm_fd = attached;
	must(!ioctl(vm->client, KET_ATTACH, &attach));
	r = ioctl(attached, KVM_MEMORY_ENCRYPT_OP, &command);
	error = errno;
	must(r < 0 && error == EBUSY);
	close(attached);
	close(encrypted);
	close(sev_fd);
	close(kvm);
}

#define MANY	1500

/* Nothing is counted twice or not at all, though all vCPUs count at once. */
static void exact_statistics(struct vm *vm)
{
	struct runner callers[2];
	struct ket_stats before, stats;
	int i, round;

	for (i = 0; i < 2 * MANY; i++)
		vm_put_page(vm, A + i * PAGE, 2);
	must(!vm_attach(vm, KET_REFUSE_BAD));
	must(RUN(vm, guest_call_loop, .rdi = A, .rcx = 1, .rsi = 1) == RAN_DONE);
	set_stop(vm, 0);
	for (round = 0; round < 4; round++) {
		struct ket_range range = { A / PAGE, A / PAGE + 2 * MANY - 1 };

		must(ioctl(vm->client, KET_REVOKE_RANGE, &range) >= 0);
		before = vm_stats(vm);
		for (i = 0; i < 2; i++)
			runner_start(&callers[i], vm, i, GUEST(guest_call_loop),
				     (struct args){ .rdi = A + i * MANY * PAGE,
						    .rcx = MANY, .rsi = 1 });
		for (i = 0; i < 2; i++)
			must(runner_join(&callers[i])->r9 == MANY);
		stats = vm_stats(vm);
		must(stats.fetches - before.fetches == 2 * MANY);
		must(stats.granted - before.granted == 2 * MANY);
		must(stats.lost == before.lost && stats.refused == 0);
		must(stats.pages_granted == 2 * MANY + 1);
	}
}

const struct test kvm_tests[] = {
	{ "sleeping_write_of_the_clock", sleeping_write_of_the_clock },
	{ "sleeping_write_of_steal_time", sleeping_write_of_steal_time },
	{ "decoded_before_the_grant", decoded_before_the_grant },
	{ "huge_page_after_sweep", huge_page_after_sweep },
	{ "faults_in_a_sweep", faults_in_a_sweep },
	{ "revoke_range", revoke_range },
	{ "revoke_range_drops_answers", revoke_range_drops_answers },
	{ "dirty_log_is_told", dirty_log_is_told },
	{ "clear_dirty_log", clear_dirty_log },
	{ "dirty_ring", dirty_ring },
	{ "xen", xen },
	{ "sev", sev },
	{ "exact_statistics", exact_statistics },
	{ }
};
