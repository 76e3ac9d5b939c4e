/* SPDX-License-Identifier: GPL-2.0 */
/* The client module of the execute policy's tests. */
#ifndef KVM_EXEC_CLIENT_H
#define KVM_EXEC_CLIENT_H

#include "kvm_exec_test.h"
#include "test.h"

/* States and flags of <asm/kvm_exec.h> */
enum { CLOSED, PENDING, GRANTED, OPENED };
enum { GRANT, OPEN, RETRY, REFUSE };
enum { F_SELF_WRITE = 1, F_EMULATOR = 2, F_NESTED = 4, F_SMM = 8 };

extern const struct test page_tests[], write_tests[], smp_tests[], memory_tests[];

int vm_attach(struct vm *vm, uint32_t rules);
int vm_attach_with(struct vm *vm, struct ket_attach attach);
struct ket_stats vm_stats(struct vm *vm);
bool vm_next_event(struct vm *vm, struct ket_event *event);
int vm_state(struct vm *vm, uint64_t gpa);

#endif
