// SPDX-License-Identifier: GPL-2.0
/* What the tests of watched pages ask their client module. */
#include <err.h>
#include <stddef.h>
#include <sys/ioctl.h>

#include "client.h"

const char vm_client_device[] = KWT_DEVICE;

const struct test *const test_groups[] = {
	write_tests, missed_tests, flag_tests, event_tests, memory_tests, smp_tests,
	table_tests, nested_tests, nmi_tests, own_tests, NULL
};

void watch_attach(struct vm *vm)
{
	vm_put(vm, WATCH_CODE, watch_code, watch_code_end);
	xioctl(vm->client, KWT_ATTACH, &vm->fd, "KWT_ATTACH");
}

static int on_gfn(struct vm *vm, unsigned long request, uint64_t gpa)
{
	uint64_t gfn = gpa / PAGE;

	return ioctl(vm->client, request, &gfn);
}

int watch_add(struct vm *vm, uint64_t gpa)
{
	return on_gfn(vm, KWT_ADD_DATA, gpa);
}

int watch_remove(struct vm *vm, uint64_t gpa)
{
	return on_gfn(vm, KWT_REMOVE, gpa);
}

void watch_rules(struct vm *vm, struct kwt_rules rules)
{
	xioctl(vm->client, KWT_RULES, &rules, "KWT_RULES");
}

struct kwt_stats watch_stats(struct vm *vm)
{
	struct kwt_stats stats;

	xioctl(vm->client, KWT_STATS, &stats, "KWT_STATS");
	return stats;
}

struct kwt_notices watch_notices(struct vm *vm)
{
	struct kwt_notices notices;

	xioctl(vm->client, KWT_NOTICES, &notices, "KWT_NOTICES");
	return notices;
}

bool watch_event(struct vm *vm, uint32_t kind, struct kwt_event *event)
{
	while (!ioctl(vm->client, KWT_EVENT, event))
		if (event->kind == kind)
			return true;
	return false;
}

void watch_drain(struct vm *vm)
{
	struct kwt_event event;

	while (!ioctl(vm->client, KWT_EVENT, &event))
		;
}

bool is_watched(struct vm *vm, uint64_t gpa)
{
	uint64_t asked = watch_stats(vm).asked;

	watch_rules(vm, (struct kwt_rules){ .verdict = DROP });
	*at(vm, gpa) = 1;
	return WRUN(vm, w_mov8, .rdi = gpa, .rsi = 42) == RAN_DONE &&
	       *at(vm, gpa) == 1 && watch_stats(vm).asked == asked + 1;
}
