// SPDX-License-Identifier: GPL-2.0
/* What the tests of the execute policy ask their client module. */
#include <sys/ioctl.h>

#include "client.h"

const char vm_client_device[] = KET_DEVICE;

int vm_attach_with(struct vm *vm, struct ket_attach attach)
{
	attach.vm_fd = vm->fd;
	return ioctl(vm->client, KET_ATTACH, &attach);
}

int vm_attach(struct vm *vm, uint32_t rules)
{
	return vm_attach_with(vm, (struct ket_attach){ .rules = rules });
}

struct ket_stats vm_stats(struct vm *vm)
{
	struct ket_stats stats;

	xioctl(vm->client, KET_STATS, &stats, "KET_STATS");
	return stats;
}

struct ket_notices vm_notices(struct vm *vm)
{
	struct ket_notices notices;

	xioctl(vm->client, KET_NOTICES, &notices, "KET_NOTICES");
	return notices;
}

bool vm_next_event(struct vm *vm, struct ket_event *event)
{
	return !ioctl(vm->client, KET_EVENT, event);
}

int vm_state(struct vm *vm, uint64_t gpa)
{
	uint64_t gfn = gpa / PAGE;

	return ioctl(vm->client, KET_STATE, &gfn);
}

bool question_about(struct vm *vm, uint64_t gpa, struct ket_event *event)
{
	while (vm_next_event(vm, event))
		if ((event->gpa & ~(PAGE - 1)) == gpa)
			return true;
	return false;
}

void drop_events(struct vm *vm)
{
	struct ket_event event;

	while (vm_next_event(vm, &event))
		;
}

void vm_hold(struct vm *vm, uint64_t gpa)
{
	uint64_t gfn = gpa / PAGE;

	xioctl(vm->client, KET_HOLD, &gfn, "KET_HOLD");
}

void vm_wait_held(struct vm *vm)
{
	xioctl(vm->client, KET_WAIT_HELD, NULL, "KET_WAIT_HELD");
}

void vm_release(struct vm *vm)
{
	xioctl(vm->client, KET_RELEASE, NULL, "KET_RELEASE");
}
