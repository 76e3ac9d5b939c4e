/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KVM_EXEC_TEST_CASES_H
#define KVM_EXEC_TEST_CASES_H

#include "vmm.h"

struct test {
	const char *name;
	void (*run)(struct vm *vm);
};

/* End the running test, as failed if @x isn't true, or as skipped. */
#define must(x)		((x) ? (void)0 : fail(__FILE__, __LINE__, #x))
__attribute__((noreturn)) void fail(const char *file, int line, const char *what);
__attribute__((noreturn)) void skip(const char *why);

/* All tests of the program, in groups that end with an empty one. */
extern const struct test *const test_groups[];

/* Say something about the running test. */
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

static inline uint32_t vm_calls(struct vm *vm)
{
	return *(volatile uint32_t *)(vm->ram + CALLS);
}

/* Call the page's function once, return its tag. */
static inline uint32_t call_page(struct vm *vm, uint64_t gpa)
{
	enum outcome outcome = RUN(vm, guest_call, .rdi = gpa, .rcx = 1);

	return outcome == RAN_DONE ? vm->vcpu[0].regs.rax : -1u;
}

static inline enum outcome store(struct vm *vm, uint64_t gpa, uint32_t value)
{
	return RUN(vm, guest_store, .rdi = gpa, .rsi = value, .rcx = 1);
}

#endif
