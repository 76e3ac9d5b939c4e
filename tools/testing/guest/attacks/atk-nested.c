// SPDX-License-Identifier: GPL-2.0
/*
 * The page of the code is first executed by a guest of this process, in a virtual
 * machine of its own, and then by the process.
 */
#include "inject.h"

#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

/* Not at 0, where its interrupt table would be. */
#define GUEST_PAGE	PAGE
#define HLT		0xf4

static int give_memory(int vm, const void *page)
{
	struct kvm_userspace_memory_region region = {
		.guest_phys_addr = GUEST_PAGE, .memory_size = PAGE,
		.userspace_addr = (uintptr_t)page,
	};

	return ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region);
}

/* In real mode, as it comes out of a reset. */
static int start_at(int vcpu, uint64_t address)
{
	struct kvm_regs regs = { .rip = address, .rflags = 2 };
	struct kvm_sregs sregs;

	if (ioctl(vcpu, KVM_GET_SREGS, &sregs))
		return -1;
	sregs.cs.base = 0;
	sregs.cs.selector = 0;
	return ioctl(vcpu, KVM_SET_SREGS, &sregs) ||
	       ioctl(vcpu, KVM_SET_REGS, &regs);
}

/* Behind the code, on its page. */
static void run_in_a_guest(char *page)
{
	int kvm = open("/dev/kvm", O_RDWR), vm, vcpu;
	struct kvm_run *run;

	page[PAGE / 2] = HLT;
	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	if (kvm < 0 || vm < 0 || vcpu < 0 || give_memory(vm, page) ||
	    start_at(vcpu, GUEST_PAGE + PAGE / 2))
		give_up("kvm");
	run = mmap(NULL, ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0),
		   PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	if (run == MAP_FAILED || ioctl(vcpu, KVM_RUN, 0))
		give_up("KVM_RUN");
	dprintf(1, "attack: nested guest ended with %u\n", run->exit_reason);
}

int main(void)
{
	char *at = map_pages(PROT_READ | PROT_WRITE | PROT_EXEC,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1);

	plant(at, &say_injected);
	run_in_a_guest(at);
	return strike("nested", at);
}
