/* SPDX-License-Identifier: GPL-2.0 */
#if !defined(_TRACE_KVM_EXEC_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_KVM_EXEC_H

#include <linux/tracepoint.h>

#include <asm/kvm_exec.h>

#undef TRACE_SYSTEM
#define TRACE_SYSTEM kvm_exec

#define KVM_EXEC_TRACE_VERDICTS				\
	{ KVM_EXEC_GRANT,	"grant" },		\
	{ KVM_EXEC_OPEN,	"open" },		\
	{ KVM_EXEC_RETRY,	"retry" },		\
	{ KVM_EXEC_REFUSE,	"refuse" }

#define KVM_EXEC_TRACE_FLAGS				\
	{ KVM_EXEC_F_SELF_WRITE, "self-write" },	\
	{ KVM_EXEC_F_EMULATOR,	"emulator" },		\
	{ KVM_EXEC_F_NESTED,	"nested" },		\
	{ KVM_EXEC_F_SMM,	"smm" },		\
	{ KVM_EXEC_F_STARVED,	"starved" }

/* The answer to a question, and whether it came too late. */
TRACE_EVENT(
	kvm_exec_fetch,
	TP_PROTO(struct kvm_vcpu *vcpu, const struct kvm_exec_event *event,
		 int verdict, bool lost),
	TP_ARGS(vcpu, event, verdict, lost),

	TP_STRUCT__entry(
		__field(u64, gpa)
		__field(unsigned long, rip)
		__field(u32, vcpu_id)
		__field(u32, flips)
		__field(u16, flags)
		__field(u8, cpl)
		__field(u8, verdict)
		__field(bool, lost)
	),

	TP_fast_assign(
		__entry->gpa = event->gpa;
		__entry->rip = event->rip;
		__entry->vcpu_id = vcpu->vcpu_id;
		__entry->flips = event->flips;
		__entry->flags = event->flags;
		__entry->cpl = event->cpl;
		__entry->verdict = verdict;
		__entry->lost = lost;
	),

	TP_printk("vcpu %u gpa %llx rip %lx cpl %u flips %u flags (%s) %s%s",
		  __entry->vcpu_id, __entry->gpa, __entry->rip, __entry->cpl,
		  __entry->flips,
		  __print_flags(__entry->flags, "|", KVM_EXEC_TRACE_FLAGS),
		  __print_symbolic(__entry->verdict, KVM_EXEC_TRACE_VERDICTS),
		  __entry->lost ? " (lost)" : "")
);

/* A write took away a grant or, if @pending, dropped the question. */
TRACE_EVENT(
	kvm_exec_revoke,
	TP_PROTO(u64 gfn, u64 error_code, bool by_kvm, bool pending),
	TP_ARGS(gfn, error_code, by_kvm, pending),

	TP_STRUCT__entry(
		__field(u64, gfn)
		__field(u64, error_code)
		__field(bool, by_kvm)
		__field(bool, pending)
	),

	TP_fast_assign(
		__entry->gfn = gfn;
		__entry->error_code = error_code;
		__entry->by_kvm = by_kvm;
		__entry->pending = pending;
	),

	TP_printk("gfn %llx error_code %llx%s%s", __entry->gfn,
		  __entry->error_code, __entry->by_kvm ? " by KVM" : "",
		  __entry->pending ? " pending" : "")
);

TRACE_EVENT(
	kvm_exec_sweep,
	TP_PROTO(int nr),
	TP_ARGS(nr),

	TP_STRUCT__entry(
		__field(int, nr)
	),

	TP_fast_assign(
		__entry->nr = nr;
	),

	TP_printk("%d pages", __entry->nr)
);

#endif /* _TRACE_KVM_EXEC_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH mmu
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE exec_trace

/* This part must be outside protection */
#include <trace/define_trace.h>
