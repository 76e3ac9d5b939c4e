/* SPDX-License-Identifier: GPL-2.0 */
/* The client module of the execute policy's tests. */
#ifndef KVM_EXEC_CLIENT_H
#define KVM_EXEC_CLIENT_H

#include "kvm_exec_test.h"
#include "test.h"

/* States and flags of <asm/kvm_exec.h> */
enum { CLOSED, PENDING, GRANTED, OPENED };
enum { GRANT, OPEN, RETRY, REFUSE };
enum { F_SELF_WRITE = 1, F_EMULATOR = 2, F_NESTED = 4, F_SMM = 8, F_STARVED = 16 };

extern const struct test page_tests[], write_tests[], smp_tests[], memory_tests[],
	context_tests[], remap_tests[], writer_tests[], kvm_tests[];

int vm_attach(struct vm *vm, uint32_t rules);
int vm_attach_with(struct vm *vm, struct ket_attach attach);
struct ket_stats vm_stats(struct vm *vm);
struct ket_notices vm_notices(struct vm *vm);
bool vm_next_event(struct vm *vm, struct ket_event *event);
int vm_state(struct vm *vm, uint64_t gpa);

/* The question about @gpa, older ones are dropped */
bool question_about(struct vm *vm, uint64_t gpa, struct ket_event *event);
void drop_events(struct vm *vm);

/* Turns it on, if this KVM has the prefix for it. */
bool can_force_emulation(void);

/* How long to look for what must not happen */
int race_seconds(void);

/* Keep back the answer about a page until vm_release(). */
void vm_hold(struct vm *vm, uint64_t gpa);
void vm_wait_held(struct vm *vm);
void vm_release(struct vm *vm);

#endif
