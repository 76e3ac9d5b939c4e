/* SPDX-License-Identifier: GPL-2.0 */
/* A VMM that is just enough for the tests. */
#ifndef KVM_EXEC_VMM_H
#define KVM_EXEC_VMM_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest.h"

#define PAGE	4096ul
#define VCPUS	2	/* of a new VM */
#define MAX_VCPUS 16

#define DB_VECTOR	1
#define UD_VECTOR	6
#define PF_VECTOR	14

struct vcpu {
	int fd;
	struct kvm_run *run;
	struct kvm_regs regs;	/* after the last run */
};

struct vm {
	int fd;
	int client;		/* vm_client_device */
	int watcher;		/* KWT_DEVICE, or -1 */
	uint8_t *ram;
	int nr_vcpus;
	struct vcpu vcpu[MAX_VCPUS];
};

/* What a run of a vCPU came to. */
enum outcome {
	RAN_DONE,	/* the routine is through */
	RAN_UD,		/* it took a #UD */
	RAN_MMIO,	/* it wrote to memory that isn't there or is read-only */
	RAN_SHUTDOWN,	/* it took an exception without a handler */
	RAN_ENDLESS,	/* it came back to KVM too often */
	RAN_OTHER,
};

/*
 * Interrupts are on, though few tests send one: in a guest that was entered with
 * interrupts off, Bochs never tells the host of its own.
 */
#define RFLAGS		0x202

/* Arguments of a routine, by register. */
struct args {
	uint64_t rdi, rsi, rcx, rdx, rax, rbx, r9;
	uint64_t rflags;	/* 0: RFLAGS */
};

extern char guest_code[], guest_code_end[];
extern char guest_call[], guest_store[], guest_load[], guest_store_call[];
extern char guest_touch[];
extern char guest_emulated_store[], guest_emulated_cmpxchg[], guest_wrmsr[];
extern char guest_tag_loop[], guest_good_tag_loop[], guest_call_loop[];
extern char guest_ud_stop[], guest_ud_skip[], guest_done[];
extern char page_code[], page_code_end[], self_code[], self_code_end[];
extern char guest_vmrun[], guest_vmlaunch[], guest_l2_call[];
extern char fep_code[], fep_code_end[], smi_code[], smi_code_end[];

/* Address of a routine in the guest */
#define GUEST(label)	(GUEST_CODE + (uint64_t)((label) - guest_code))

struct vm *vm_new(void);

/* The same, with something done to the VM before it has vCPUs */
struct vm *vm_new_with(void (*prepare)(struct vm *vm));
void vm_add_vcpus(struct vm *vm, int nr);
void vm_free(struct vm *vm);

/* Tables and code of the guest, into memory that is zero */
void vm_init_ram(struct vm *vm);

int vm_set_slot(struct vm *vm, unsigned int slot, uint32_t flags, uint64_t gpa,
		uint64_t size, void *hva);
void vm_set_handler(struct vm *vm, unsigned int vector, uint64_t rip);

/* The same for any CPL, on stack @ist of the TSS if it isn't 0 */
void vm_set_gate(struct vm *vm, unsigned int vector, uint64_t rip, unsigned int ist);
void vcpu_set_long_mode(struct vcpu *vcpu);
void vcpu_set_user_mode(struct vcpu *vcpu);
void vcpu_set_flat_mode(struct vcpu *vcpu, bool protected, uint64_t base);

enum outcome vcpu_start(struct vcpu *vcpu, uint64_t rip, uint64_t rsp,
			const struct args *args);
enum outcome vm_run(struct vm *vm, uint64_t rip, const struct args *args);

/* A function that returns @tag at @gpa */
void vm_put_page(struct vm *vm, uint64_t gpa, uint32_t tag);
void vm_put(struct vm *vm, uint64_t gpa, const char *from, const char *to);

/* A statistic of a VM or vCPU; of a running vCPU only if it was opened before. */
struct stat_reader {
	int fd;
	uint64_t offset;
};

uint64_t fd_stat(int fd, const char *name);
struct stat_reader stat_open(int fd, const char *name);
uint64_t stat_read(const struct stat_reader *stat);
void stat_close(const struct stat_reader *stat);
int xioctl(int fd, unsigned long request, void *arg, const char *what);

/* The device of the client module, one for each program of tests */
extern const char vm_client_device[];

#define RUN(vm, label, ...)	vm_run(vm, GUEST(label), &(struct args){ __VA_ARGS__ })

#endif
