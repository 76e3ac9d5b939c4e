// SPDX-License-Identifier: GPL-2.0
/* Other memory behind a page that was granted: it is closed, and asked about. */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
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
#define BAD	7
#define WINDOW	0x8000000

/* A page with the function as a file */
static int file_of(struct vm *vm, uint32_t tag)
{
	int fd = memfd_create("kvm_exec", MFD_CLOEXEC);

	vm_put_page(vm, B, tag);
	must(fd >= 0 && write(fd, vm->ram + B, PAGE) == (ssize_t)PAGE);
	return fd;
}

/* Map it where the host has the guest's page. */
static void map_file(struct vm *vm, uint64_t gpa, int fd)
{
	must(mmap(vm->ram + gpa, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		  fd, 0) == vm->ram + gpa);
}

static void granted(struct vm *vm, uint32_t tag)
{
	must(call_page(vm, A) == tag);
	must(vm_state(vm, A) == GRANTED);
}

/* The guest didn't do it, and yet the page is closed. */
static void closed_by_the_host(struct vm *vm)
{
	struct ket_stats stats = vm_stats(vm);

	must(vm_state(vm, A) == CLOSED);
	must(stats.unmapped >= 1 && stats.revoked == 0);
}

static void refused(struct vm *vm)
{
	must(RUN(vm, guest_call, .rdi = A, .rcx = 1) == RAN_UD);
	must(vm_state(vm, A) == CLOSED);
}

/* The host takes the page away, and the guest gets another one. */
static void host_remaps(struct vm *vm)
{
	vm_put_page(vm, A, 42);
	must(!vm_attach(vm, KET_REFUSE_BAD));
	granted(vm, 42);
	must(!madvise(vm->ram + A, PAGE, MADV_DONTNEED));
	closed_by_the_host(vm);
	must(vm_stats(vm).unmapped == 1);
	vm_put_page(vm, A, BAD);
	refused(vm);
	vm_put_page(vm, A, 44);
	granted(vm, 44);
	must(vm_stats(vm).fetches == 4);
	/* a write revokes as ever */
	must(store(vm, A + TAG_OFFSET, BAD) == RAN_DONE);
	must(vm_stats(vm).revoked == 1);
	refused(vm);
}

/* A window whose content the guest chooses, e.g. that of virtio-fs */
static void window_moves(struct vm *vm)
{
	int good = file_of(vm, 42), bad = file_of(vm, BAD), i;

	must(!vm_attach(vm, KET_REFUSE_BAD));
	for (i = 0; i < 3; i++) {
		map_file(vm, A, good);
		granted(vm, 42);
		map_file(vm, A, bad);
		closed_by_the_host(vm);
		refused(vm);
	}
	close(good);
	close(bad);
}

static void hole_is_punched(struct vm *vm)
{
	int fd = file_of(vm, 42);
	uint8_t bad[PAGE];

	map_file(vm, A, fd);
	must(!vm_attach(vm, KET_REFUSE_BAD));
	granted(vm, 42);
	must(!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PAGE));
	closed_by_the_host(vm);
	vm_put_page(vm, B, BAD);
	memcpy(bad, vm->ram + B, PAGE);
	must(pwrite(fd, bad, PAGE, 0) == (ssize_t)PAGE);
	refused(vm);
	close(fd);
}

/* A slot that moves takes no grants along, and leaves none behind. */
static void slot_moves(struct vm *vm)
{
	uint64_t there = WINDOW + 0x1000000;

	vm_put_page(vm, A, 42);
	vm_put_page(vm, B, 44);
	must(!vm_set_slot(vm, 1, 0, WINDOW, 2 * PAGE, vm->ram + A));
	must(!vm_attach(vm, KET_REFUSE_BAD));
	must(call_page(vm, WINDOW) == 42 && call_page(vm, WINDOW + PAGE) == 44);
	must(!vm_set_slot(vm, 1, 0, there, 2 * PAGE, vm->ram + A));
	must(vm_state(vm, WINDOW) == CLOSED && vm_state(vm, WINDOW + PAGE) == CLOSED);
	must(vm_state(vm, there) == CLOSED && vm_state(vm, there + PAGE) == CLOSED);
	vm_put_page(vm, A, BAD);
	must(RUN(vm, guest_call, .rdi = there, .rcx = 1) == RAN_UD);
	must(call_page(vm, there + PAGE) == 44);
	/* and back, to where it was granted before */
	must(!vm_set_slot(vm, 1, 0, WINDOW, 2 * PAGE, vm->ram + A));
	must(RUN(vm, guest_call, .rdi = WINDOW, .rcx = 1) == RAN_UD);
}

/* One page of memory at two places: the host takes both. */
static void two_slots(struct vm *vm)
{
	vm_put_page(vm, A, 42);
	must(!vm_set_slot(vm, 1, 0, WINDOW, PAGE, vm->ram + A));
	must(!vm_attach(vm, KET_REFUSE_BAD));
	granted(vm, 42);
	must(call_page(vm, WINDOW) == 42);
	must(!madvise(vm->ram + A, PAGE, MADV_DONTNEED));
	must(vm_state(vm, A) == CLOSED && vm_state(vm, WINDOW) == CLOSED);
	must(vm_stats(vm).unmapped == 2);
	vm_put_page(vm, A, BAD);
	refused(vm);
	must(RUN(vm, guest_call, .rdi = WINDOW, .rcx = 1) == RAN_UD);
}

/* What is open is closed like what is granted. */
static void open_page_is_remapped(struct vm *vm)
{
	vm_put(vm, A, self_code, self_code_end);
	must(!vm_attach(vm, KET_OPEN_SELF | KET_REFUSE_BAD));
	must(RUN(vm, guest_call, .rdi = A, .rcx = 1, .rsi = 3) == RAN_DONE);
	must(vm_state(vm, A) == OPENED);
	must(!madvise(vm->ram + A, PAGE, MADV_DONTNEED));
	must(vm_state(vm, A) == CLOSED && vm_stats(vm).pages_open == 0);
	vm_put_page(vm, A, BAD);
	refused(vm);
}

static void set_ksm(const char *what)
{
	int fd = open("/sys/kernel/mm/ksm/run", O_WRONLY);

	if (fd < 0 || write(fd, what, 1) != 1)
		skip("no KSM");
	close(fd);
}

static unsigned long ksm_sharing(void)
{
	FILE *file = fopen("/sys/kernel/mm/ksm/pages_sharing", "r");
	unsigned long n = 0;

	if (!file || fscanf(file, "%lu", &n) != 1)
		err(1, "KSM");
	fclose(file);
	return n;
}

/* The same content in another page: the client can't know, and is asked. */
static void ksm(struct vm *vm)
{
	set_ksm("0");
	vm_put_page(vm, A, 42);
	vm_put_page(vm, B, 42);
	must(!vm_attach(vm, KET_REFUSE_BAD));
	granted(vm, 42);
	must(!madvise(vm->ram + A, 2 * PAGE, MADV_NOHUGEPAGE));
	must(!madvise(vm->ram + A, 2 * PAGE, MADV_MERGEABLE));
	set_ksm("1");
	while (!ksm_sharing())
		usleep(1000);
	set_ksm("2");		/* no longer, and undo it */
	set_ksm("0");
	closed_by_the_host(vm);
	granted(vm, 42);
}

static const struct args call_a = { .rdi = A, .rcx = 1 };

/* The client has looked at the page, then the host replaces it. */
static void replaced_meanwhile(struct vm *vm)
{
	struct runner caller;

	vm_put_page(vm, A, 42);
	must(!vm_attach(vm, KET_REFUSE_BAD));
	must(RUN(vm, guest_load, .rdi = A, .rcx = 1) == RAN_DONE);
	vm_hold(vm, A);
	runner_start(&caller, vm, 0, GUEST(guest_call), call_a);
	vm_wait_held(vm);
	madvise(vm->ram + A, PAGE, MADV_DONTNEED);
	vm_put_page(vm, A, BAD);
	vm_release(vm);
	runner_join(&caller);
	must(caller.outcome == RAN_UD && vm_calls(vm) == 0);
	must(vm_stats(vm).lost >= 1);
	must(vm_state(vm, A) == CLOSED);
}

/* The same for a page that the client grants along with the one in question. */
static void replaced_meanwhile_around(struct vm *vm)
{
	struct runner caller;

	vm_put_page(vm, A, 42);
	vm_put_page(vm, B, 44);
	must(!vm_attach_with(vm, (struct ket_attach){
				.rules = KET_REFUSE_BAD, .around = 1 }));
	vm_hold(vm, B);		/* when it is frozen */
	runner_start(&caller, vm, 0, GUEST(guest_call), call_a);
	vm_wait_held(vm);
	madvise(vm->ram + B, PAGE, MADV_DONTNEED);
	vm_put_page(vm, B, BAD);
	vm_release(vm);
	runner_join(&caller);
	must(caller.outcome == RAN_DONE);
	must(vm_state(vm, B) == CLOSED);
	must(RUN(vm, guest_call, .rdi = B, .rcx = 1) == RAN_UD);
}

/* The content of a page that is replaced all the time */
struct replacer {
	pthread_t thread;
	struct vm *vm;
	int uffd;
	volatile bool stop;
	unsigned long rounds;
	uint8_t good[PAGE], bad[PAGE];
};

static void *replace(void *arg)
{
	struct replacer *r = arg;
	uint8_t *page = r->vm->ram + A;

	/* Whoever comes in between waits, and sees all of either page. */
	do {
		madvise(page, PAGE, MADV_DONTNEED);
		uffd_copy(r->uffd, page, r->rounds & 1 ? r->good : r->bad, 1);
		r->rounds++;
	} while (!r->stop);
	return NULL;
}

static void replacer_start(struct replacer *r, struct vm *vm)
{
	vm_put_page(vm, B, BAD);
	memcpy(r->bad, vm->ram + B, PAGE);
	vm_put_page(vm, B, 42);
	memcpy(r->good, vm->ram + B, PAGE);
	r->vm = vm;
	r->uffd = uffd_missing(vm->ram + A);
	must(!pthread_create(&r->thread, NULL, replace, r));
}

static void replacer_end(struct replacer *r)
{
	r->stop = true;
	pthread_join(r->thread, NULL);
	close(r->uffd);
}

static void never_runs(struct vm *vm, struct ket_attach rules)
{
	struct replacer replacer = {};
	struct runner caller;
	const struct kvm_regs *regs;
	struct ket_stats stats;

	rules.rules = KET_REFUSE_BAD;
	vm_set_handler(vm, UD_VECTOR, GUEST(guest_ud_skip));
	must(!vm_attach_with(vm, rules));
	set_stop(vm, 0);
	replacer_start(&replacer, vm);
	runner_start(&caller, vm, 0, GUEST(guest_call_loop),
		     (struct args){ .rdi = A, .rcx = 1, .rsi = -1 });
	sleep(race_seconds());
	set_stop(vm, 1);
	regs = runner_join(&caller);
	replacer_end(&replacer);
	stats = vm_stats(vm);
	note("%llu calls, %llu bad, %llu #UD, %lu replaced, %llu asked, %llu unmapped",
	     regs->r9, regs->r8, regs->r10, replacer.rounds, stats.fetches,
	     stats.unmapped);
	must(caller.outcome == RAN_DONE && regs->r8 == 0 && regs->r9 > 0);
	must(stats.unmapped + stats.lost > 0 && stats.revoked == 0);
}

static void replaced_page_never_runs(struct vm *vm)
{
	never_runs(vm, (struct ket_attach){ });
}

static void replaced_page_never_runs_slow_client(struct vm *vm)
{
	never_runs(vm, (struct ket_attach){ .delay_us = 300 });
}

const struct test remap_tests[] = {
	{ "host_remaps", host_remaps },
	{ "window_moves", window_moves },
	{ "hole_is_punched", hole_is_punched },
	{ "slot_moves", slot_moves },
	{ "two_slots", two_slots },
	{ "open_page_is_remapped", open_page_is_remapped },
	{ "ksm", ksm },
	{ "replaced_meanwhile", replaced_meanwhile },
	{ "replaced_meanwhile_around", replaced_meanwhile_around },
	{ "replaced_page_never_runs", replaced_page_never_runs },
	{ "replaced_page_never_runs_slow_client", replaced_page_never_runs_slow_client },
	{ }
};
