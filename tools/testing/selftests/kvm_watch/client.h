/* SPDX-License-Identifier: GPL-2.0 */
/* The client module of the tests of watched pages, and the guest's stores. */
#ifndef KVM_WATCH_CLIENT_H
#define KVM_WATCH_CLIENT_H

#include "kvm_watch_test.h"
#include "test.h"

/* Verdicts, flags and capabilities of <asm/kvm_watch.h> */
enum { CONTINUE, DROP, REPLACE, FAULT, RETRY };
enum { F_CMPXCHG = 1, F_KVM = 2, F_SMM = 4, F_NESTED = 8 };
enum { CAP_WRITE = 1, CAP_CR3 = 2 };
enum { MISSED_INSN, MISSED_EVENT, MISSED_DROPPED };

#define WATCH_CODE	0x18000
#define A		TEST_PAGES
#define B		(TEST_PAGES + PAGE)

extern const struct test write_tests[], own_tests[], missed_tests[],
	memory_tests[], smp_tests[], table_tests[], flag_tests[], event_tests[],
	nested_tests[], nmi_tests[];

extern char watch_code[], watch_code_end[];
extern char w_mov1[], w_mov2[], w_mov4[], w_mov8[], w_imm8[], w_movnti[];
extern char w_mov16[], w_movdqa[], w_or[], w_or1[], w_lock_or[], w_bts[], w_lock_bts[];
extern char w_xchg[], w_xadd[], w_cmpxchg[], w_lock_cmpxchg[], w_cmpxchg8b[];
extern char w_cmpxchg16b[], w_rep_movsb[], w_rep_movsq[], w_rep_stosq[];
extern char w_push[], w_call[], w_adc[], w_fxsave[], w_fst[], w_fst_loop[];
extern char w_count[], w_store_check[], w_store_loop[], w_cr3[], w_walk[];
extern char w_store_new[], w_page_fault[], w_done[];
extern char w_fst_flags[], w_movlps[], w_maskmov[], w_avx[], w_fst_tf[], w_fst_tf_end[];
extern char w_debug[], w_swap[], w_slot[], w_syscall[];
extern char w_jump[], w_cli[], w_cli_end[], w_syscall_insn[], w_syscall_insn_end[];
extern char w_syscall_end[], w_ud2[], w_int3[], w_int[], w_load[], w_divide[], w_wait[], w_event[];
extern char w_l2_fst[], w_l2_mov[];

/* Address of such a routine in the guest */
#define WATCH(label)	(WATCH_CODE + (uint64_t)((label) - watch_code))
#define WRUN(vm, label, ...)	vm_run(vm, WATCH(label), &(struct args){ __VA_ARGS__ })

/* Attach, with the guest's stores in place */
void watch_attach(struct vm *vm);
int watch_add(struct vm *vm, uint64_t gpa);
int watch_remove(struct vm *vm, uint64_t gpa);
void watch_rules(struct vm *vm, struct kwt_rules rules);
struct kwt_stats watch_stats(struct vm *vm);
struct kwt_notices watch_notices(struct vm *vm);

/* The oldest event of @kind, older ones are dropped */
bool watch_event(struct vm *vm, uint32_t kind, struct kwt_event *event);
void watch_drain(struct vm *vm);

/* Is the guest's write to the page asked about, with the rule DROP? */
bool is_watched(struct vm *vm, uint64_t gpa);

static inline volatile uint64_t *at(struct vm *vm, uint64_t gpa)
{
	return (volatile uint64_t *)(vm->ram + gpa);
}

#endif
