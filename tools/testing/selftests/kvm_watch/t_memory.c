// SPDX-License-Identifier: GPL-2.0
/* What becomes of a watch if memory, its mappings, or the client come and go. */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../kvm_exec/kvm_exec_test.h"
#include "client.h"

#define HUGE	(2ul << 20)

static uint64_t faults(struct vm *vm)
{
	return fd_stat(vm->vcpu[0].fd, "pf_taken");
}

static bool is_dropped(struct vm *vm, uint64_t gpa, uint64_t hva_offset)
{
	*at(vm, hva_offset) = 1;
	return WRUN(vm, w_mov8, .rdi = gpa, .rsi = 42) == RAN_DONE &&
	       *at(vm, hva_offset) == 1;
}

static void errors(struct vm *vm)
{
	uint64_t gfn = A / PAGE;
	struct vm *other;

	must(watch_add(vm, A) < 0 && errno == ENOENT);
	watch_attach(vm);
	must(ioctl(vm->client, KWT_ATTACH, &vm->fd) < 0 && errno == EBUSY);
	other = vm_new();
	must(ioctl(other->client, KWT_ATTACH, &vm->fd) < 0 && errno == EBUSY);
	vm_free(other);
	must(watch_remove(vm, A) < 0 && errno == ENOENT);
	must(!watch_add(vm, A) && !watch_add(vm, A));
	must(watch_stats(vm).pages == 1);
	must(!watch_remove(vm, A));
	must(watch_remove(vm, A) < 0 && errno == ENOENT);
	must(watch_add(vm, 1ul << 56) < 0 && errno == EINVAL);
	must(ioctl(vm->client, KWT_CAPS) & CAP_CR3);
	if (ioctl(vm->client, KWT_CAPS) & CAP_WRITE)
		must(!ioctl(vm->client, KWT_ADD, &gfn));
	else
		must(ioctl(vm->client, KWT_ADD, &gfn) < 0 && errno == EOPNOTSUPP);
}

/* Pages that aren't watched, or no more, cost nothing. */
static void native(struct vm *vm)
{
	uint64_t before;

	watch_attach(vm);
	watch_rules(vm, (struct kwt_rules){ .verdict = DROP });
	must(!watch_add(vm, A));
	must(is_dropped(vm, A, A));
	must(WRUN(vm, w_store_loop, .rdi = B, .rsi = 42, .rcx = 1) == RAN_DONE);
	before = faults(vm);
	must(WRUN(vm, w_store_loop, .rdi = B, .rsi = 42, .rcx = 1000) == RAN_DONE);
	must(faults(vm) == before && *at(vm, B) == 42);
	must(!watch_remove(vm, A));
	must(WRUN(vm, w_store_loop, .rdi = A, .rsi = 42, .rcx = 1) == RAN_DONE);
	before = faults(vm);
	must(WRUN(vm, w_store_loop, .rdi = A, .rsi = 43, .rcx = 1000) == RAN_DONE);
	must(faults(vm) == before && *at(vm, A) == 43);
	must(watch_stats(vm).asked == 1 && watch_stats(vm).pages == 0);
}

static void detached(struct vm *vm)
{
	uint64_t before;

	watch_attach(vm);
	watch_rules(vm, (struct kwt_rules){ .verdict = DROP });
	must(!watch_add(vm, A) && !watch_add(vm, B));
	must(is_dropped(vm, A, A) && is_dropped(vm, B, B));
	must(!ioctl(vm->client, KWT_DETACH));
	must(WRUN(vm, w_mov8, .rdi = A, .rsi = 42) == RAN_DONE && *at(vm, A) == 42);
	must(WRUN(vm, w_mov8, .rdi = B, .rsi = 42) == RAN_DONE && *at(vm, B) == 42);
	before = faults(vm);
	must(WRUN(vm, w_store_loop, .rdi = A, .rsi = 43, .rcx = 1000) == RAN_DONE);
	must(faults(vm) == before && *at(vm, A) == 43);
	/* and nothing is left for the next client */
	watch_attach(vm);
	must(WRUN(vm, w_mov8, .rdi = A, .rsi = 44) == RAN_DONE && *at(vm, A) == 44);
	must(watch_stats(vm).asked == 0);
}

static void slot_is_deleted(struct vm *vm)
{
	uint64_t gpa = 0x8000000;
	int i;

	watch_attach(vm);
	watch_rules(vm, (struct kwt_rules){ .verdict = DROP });
	must(!watch_add(vm, gpa));	/* before there is memory */
	for (i = 0; i < 3; i++) {
		must(!vm_set_slot(vm, 1, 0, gpa, 10 * PAGE, vm->ram + A));
		must(is_dropped(vm, gpa, A));
		must(WRUN(vm, w_mov8, .rdi = gpa + PAGE, .rsi = i) == RAN_DONE);
		must(*at(vm, B) == (uint64_t)i);
		must(!vm_set_slot(vm, 1, 0, gpa, 0, vm->ram + A));
		must(WRUN(vm, w_mov8, .rdi = gpa, .rsi = 42) == RAN_MMIO);
	}
	/* read-only memory is MMIO for writes */
	must(!vm_set_slot(vm, 1, KVM_MEM_READONLY, gpa, PAGE, vm->ram + A));
	must(WRUN(vm, w_mov8, .rdi = gpa, .rsi = 42) == RAN_MMIO);
	must(watch_stats(vm).asked == 3 && watch_stats(vm).pages == 1);
}

/* The host takes the page away and gives another. */
static void host_remaps(struct vm *vm)
{
	watch_attach(vm);
	watch_rules(vm, (struct kwt_rules){ .verdict = DROP });
	must(!watch_add(vm, A));
	must(is_dropped(vm, A, A));
	must(!madvise(vm->ram + A, PAGE, MADV_DONTNEED));
	must(is_dropped(vm, A, A));
	must(RUN(vm, guest_load, .rdi = A, .rcx = 1) == RAN_DONE);
	must(!madvise(vm->ram + A, PAGE, MADV_DONTNEED));
	must(is_dropped(vm, A, A));
	must(watch_stats(vm).dropped == 3);
}

static void huge_page(struct vm *vm)
{
	uint64_t before, huge, after;

	must(RUN(vm, guest_load, .rdi = A, .rcx = HUGE / PAGE) == RAN_DONE);
	before = fd_stat(vm->fd, "pages_2m");
	watch_attach(vm);
	must(RUN(vm, guest_load, .rdi = A, .rcx = HUGE / PAGE) == RAN_DONE);
	huge = fd_stat(vm->fd, "pages_2m");
	if (!huge)
		skip("the host has no huge pages");
	watch_rules(vm, (struct kwt_rules){ .verdict = DROP });
	must(!watch_add(vm, A + 7 * PAGE));
	/* there can be several roots */
	after = fd_stat(vm->fd, "pages_2m");
	must(after < huge);
	must(is_dropped(vm, A + 7 * PAGE, A + 7 * PAGE));
	must(RUN(vm, guest_touch, .rdi = A, .rcx = 7) == RAN_DONE);
	must(RUN(vm, guest_touch, .rdi = A + 8 * PAGE, .rcx = HUGE / PAGE - 8) == RAN_DONE);
	must(fd_stat(vm->fd, "pages_2m") == after);
	must(watch_stats(vm).asked == 1);
	must(!ioctl(vm->client, KWT_DETACH));
	must(RUN(vm, guest_load, .rdi = A, .rcx = HUGE / PAGE) == RAN_DONE);
	/* there is one root again */
	must(fd_stat(vm->fd, "pages_2m") >= before);
}

/* A page that isn't watched any more leaves no small pages behind. */
static void huge_page_after_remove(struct vm *vm)
{
	uint64_t page = A + 7 * PAGE, huge;
	int i;

	watch_attach(vm);
	must(RUN(vm, guest_touch, .rdi = A, .rcx = HUGE / PAGE) == RAN_DONE);
	huge = fd_stat(vm->fd, "pages_2m");
	if (!huge)
		skip("the host has no huge pages");
	for (i = 0; i < 20; i++) {
		must(!watch_add(vm, page) && !watch_add(vm, page + PAGE));
		must(is_watched(vm, page));
		must(fd_stat(vm->fd, "pages_2m") < huge);
		must(!watch_remove(vm, page + PAGE));
		/* one that is left keeps it split */
		must(RUN(vm, guest_load, .rdi = A, .rcx = HUGE / PAGE) == RAN_DONE);
		must(fd_stat(vm->fd, "pages_2m") < huge);
		must(is_watched(vm, page));
		must(!watch_remove(vm, page));
		must(RUN(vm, guest_load, .rdi = A, .rcx = HUGE / PAGE) == RAN_DONE);
		must(fd_stat(vm->fd, "pages_2m") >= huge);
	}
}

/* Most of the memory has a dirty log, or no longer. */
static void dirty_log_is_told(struct vm *vm)
{
	uint64_t gpa = 0x8000000;
	uint32_t i;

	must(!vm_set_slot(vm, 1, KVM_MEM_LOG_DIRTY_PAGES, gpa, HUGE, vm->ram + A));
	watch_attach(vm);
	for (i = 1; i < 4; i++) {
		must(watch_notices(vm).dirty_log_on == i - 1);
		must(!vm_set_slot(vm, 0, KVM_MEM_LOG_DIRTY_PAGES, 0, RAM_SIZE, vm->ram));
		must(watch_notices(vm).dirty_log_on == i);
		must(watch_notices(vm).dirty_log_off == i - 1);
		must(!vm_set_slot(vm, 0, 0, 0, RAM_SIZE, vm->ram));
		must(watch_notices(vm).dirty_log_off == i);
	}
	must(watch_notices(vm).nested == 0);
}

/* Pages of a log that is cleared page by page, as QEMU does it */
static void clear_dirty_log(struct vm *vm)
{
	static uint64_t bitmap[RAM_SIZE / PAGE / 64];
	struct kvm_dirty_log get = { .slot = 0, .dirty_bitmap = bitmap };
	struct kvm_clear_dirty_log clear = {
		.slot = 0, .num_pages = RAM_SIZE / PAGE, .dirty_bitmap = bitmap,
	};
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2,
		.args[0] = KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE,
	};
	uint64_t bits = 3ul << (A / PAGE % 64);
	int i;

	must(!ioctl(vm->fd, KVM_ENABLE_CAP, &cap));
	watch_attach(vm);
	must(!watch_add(vm, A));
	must(!vm_set_slot(vm, 0, KVM_MEM_LOG_DIRTY_PAGES, 0, RAM_SIZE, vm->ram));
	for (i = 0; i < 8; i++) {
		must(!ioctl(vm->fd, KVM_GET_DIRTY_LOG, &get));
		must(!ioctl(vm->fd, KVM_CLEAR_DIRTY_LOG, &clear));
		/* A is watched, B isn't; natively every other time */
		if (i & 1)
			must(WRUN(vm, w_fst, .rdi = A + 16, .rdx = B, .rsi = i) == RAN_DONE);
		else
			must(WRUN(vm, w_mov8, .rdi = A, .rsi = i + 1) == RAN_DONE &&
			     WRUN(vm, w_mov8, .rdi = B, .rsi = i) == RAN_DONE);
		must(!ioctl(vm->fd, KVM_GET_DIRTY_LOG, &get));
		must((bitmap[A / PAGE / 64] & bits) == bits);
		must(!ioctl(vm->fd, KVM_CLEAR_DIRTY_LOG, &clear));
		must(!ioctl(vm->fd, KVM_GET_DIRTY_LOG, &get));
		must(!(bitmap[A / PAGE / 64] & bits));
	}
}

static bool is_dirty(struct vm *vm, uint64_t gpa)
{
	static uint64_t bitmap[RAM_SIZE / PAGE / 64];
	struct kvm_dirty_log log = { .slot = 0, .dirty_bitmap = bitmap };

	must(!ioctl(vm->fd, KVM_GET_DIRTY_LOG, &log));
	return bitmap[gpa / PAGE / 64] & 1ul << (gpa / PAGE % 64);
}

/* With any client, dirty logging works for all pages. */
static void dirty_log(struct vm *vm)
{
	int i;

	watch_attach(vm);
	must(!watch_add(vm, A));
	must(RUN(vm, guest_touch, .rdi = A, .rcx = 64) == RAN_DONE);
	must(!vm_set_slot(vm, 0, KVM_MEM_LOG_DIRTY_PAGES, 0, RAM_SIZE, vm->ram));
	is_dirty(vm, A);
	for (i = 0; i < 3; i++) {
		watch_rules(vm, (struct kwt_rules){ .verdict = CONTINUE });
		must(WRUN(vm, w_mov8, .rdi = A, .rsi = i + 1) == RAN_DONE);
		must(WRUN(vm, w_mov8, .rdi = B, .rsi = i + 1) == RAN_DONE);
		must(is_dirty(vm, A));
		must(!is_dirty(vm, A));
		must(WRUN(vm, w_mov8, .rdi = B, .rsi = i + 11) == RAN_DONE);
		must(is_dirty(vm, B));
		must(!is_dirty(vm, B));
		must(WRUN(vm, w_fst, .rdi = A + 8, .rdx = B, .rsi = i) == RAN_DONE);
		must(is_dirty(vm, A));
		*at(vm, A + 8) = 0;
		must(WRUN(vm, w_fst, .rdi = A + 8, .rdx = B, .rsi = i) == RAN_DONE);
		must(is_dirty(vm, A));
		watch_rules(vm, (struct kwt_rules){ .verdict = DROP });
		must(is_dropped(vm, A, A));
		is_dirty(vm, A);
	}
	/* without the client, too */
	must(!ioctl(vm->client, KWT_DETACH));
	must(WRUN(vm, w_mov8, .rdi = A, .rsi = 99) == RAN_DONE);
	must(is_dirty(vm, A) && !is_dirty(vm, A));
	must(WRUN(vm, w_mov8, .rdi = A, .rsi = 100) == RAN_DONE);
	must(is_dirty(vm, A));
}

/* The execute policy's client is another one; both have their say. */
static void with_execute_policy(struct vm *vm)
{
	struct ket_attach attach = { .vm_fd = vm->fd };
	int ket = open(KET_DEVICE, O_RDWR | O_CLOEXEC);
	uint64_t gfn = A / PAGE;

	must(ket >= 0);
	vm_put_page(vm, A, 42);
	watch_attach(vm);
	must(!ioctl(ket, KET_ATTACH, &attach));
	must(!watch_add(vm, A));
	must(call_page(vm, A) == 42);		/* granted, not writable */
	watch_rules(vm, (struct kwt_rules){ .verdict = DROP });
	must(WRUN(vm, w_mov4, .rdi = A + TAG_OFFSET, .rsi = 44) == RAN_DONE);
	must(call_page(vm, A) == 42);
	watch_rules(vm, (struct kwt_rules){ .verdict = CONTINUE });
	must(WRUN(vm, w_mov4, .rdi = A + TAG_OFFSET, .rsi = 44) == RAN_DONE);
	must(ioctl(ket, KET_STATE, &gfn) == 0);	/* closed by the write */
	must(watch_stats(vm).asked == 2);
	must(call_page(vm, A) == 44);
	must(WRUN(vm, w_fst, .rdi = A + 0x100, .rdx = B) == RAN_DONE);
	/* an interrupt can come first */
	must(ioctl(ket, KET_STATE, &gfn) == 0 && watch_stats(vm).missed >= 1);
	must(WRUN(vm, w_mov4, .rdi = A + TAG_OFFSET, .rsi = 46) == RAN_DONE);
	must(watch_stats(vm).asked == 3 && call_page(vm, A) == 46);
	must(!watch_remove(vm, A));
	must(WRUN(vm, w_mov4, .rdi = A + TAG_OFFSET, .rsi = 48) == RAN_DONE);
	must(watch_stats(vm).asked == 3 && call_page(vm, A) == 48);
	must(!watch_add(vm, A));
	close(ket);
	must(WRUN(vm, w_mov4, .rdi = A + TAG_OFFSET, .rsi = 50) == RAN_DONE);
	must(watch_stats(vm).asked == 4 && call_page(vm, A) == 50);
}

/* The VM's file descriptors go first, then the client. */
static void vm_dies_attached(struct vm *vm)
{
	struct vm *other = vm_new();
	int client = other->client;

	(void)vm;
	watch_attach(other);
	must(!watch_add(other, A));
	must(WRUN(other, w_mov8, .rdi = A, .rsi = 42) == RAN_DONE);
	other->client = -1;
	vm_free(other);
	must(!ioctl(client, KWT_DETACH));
	close(client);
}

const struct test memory_tests[] = {
	{ "errors", errors },
	{ "native", native },
	{ "detached", detached },
	{ "slot_is_deleted", slot_is_deleted },
	{ "host_remaps", host_remaps },
	{ "huge_page", huge_page },
	{ "huge_page_after_remove", huge_page_after_remove },
	{ "dirty_log", dirty_log },
	{ "dirty_log_is_told", dirty_log_is_told },
	{ "clear_dirty_log", clear_dirty_log },
	{ "with_execute_policy", with_execute_policy },
	{ "vm_dies_attached", vm_dies_attached },
	{ }
};
