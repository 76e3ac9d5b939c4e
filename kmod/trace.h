/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM vigil

#if !defined(_VIGIL_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _VIGIL_TRACE_H

#include <linux/tracepoint.h>

#include "core/flavour.h"
#include "guest/sane.h"

#define vigil_verdicts				\
	{ KVM_EXEC_GRANT, "grant" },		\
	{ KVM_EXEC_OPEN, "open" },		\
	{ KVM_EXEC_RETRY, "retry" },		\
	{ KVM_EXEC_REFUSE, "refuse" }

#define vigil_event_flags				\
	{ KVM_EXEC_F_SELF_WRITE, "self-write" },	\
	{ KVM_EXEC_F_EMULATOR, "emulator" },		\
	{ KVM_EXEC_F_NESTED, "nested" },		\
	{ KVM_EXEC_F_SMM, "smm" },			\
	{ KVM_EXEC_F_STARVED, "starved" }

/* Every answer to KVM. */
TRACE_EVENT(vigil_exec_fetch,
	TP_PROTO(u32 vm, int vcpu, const struct kvm_exec_event *event,
		 int verdict),
	TP_ARGS(vm, vcpu, event, verdict),

	TP_STRUCT__entry(
		__field(u32, vm)
		__field(int, vcpu)
		__field(u64, rip)
		__field(u64, gpa)
		__field(u32, flips)
		__field(u16, flags)
		__field(u8, cpl)
		__field(u8, mode)
		__field(int, verdict)
	),

	TP_fast_assign(
		__entry->vm = vm;
		__entry->vcpu = vcpu;
		__entry->rip = event->rip;
		__entry->gpa = event->gpa;
		__entry->flips = event->flips;
		__entry->flags = event->flags;
		__entry->cpl = event->cpl;
		__entry->mode = event->mode;
		__entry->verdict = verdict;
	),

	TP_printk("vm %u vcpu %d cpl %u rip 0x%llx gpa 0x%llx flips %u flags %s: %s",
		  __entry->vm, __entry->vcpu, __entry->cpl, __entry->rip,
		  __entry->gpa, __entry->flips,
		  __print_flags(__entry->flags, "|", vigil_event_flags),
		  __print_symbolic(__entry->verdict, vigil_verdicts))
);

/* Code in a protected process that a rule matched. */
TRACE_EVENT(vigil_exec_judge,
	TP_PROTO(u32 vm, u32 pid, const char *comm, u64 addr, u32 rules,
		 u32 action, u64 seq),
	TP_ARGS(vm, pid, comm, addr, rules, action, seq),

	TP_STRUCT__entry(
		__field(u32, vm)
		__field(u32, pid)
		__string(comm, comm)
		__field(u64, addr)
		__field(u32, rules)
		__field(u32, action)
		__field(u64, seq)
	),

	TP_fast_assign(
		__entry->vm = vm;
		__entry->pid = pid;
		__assign_str(comm);
		vigil_sane_text(__get_str(comm), strlen(__get_str(comm)));
		__entry->addr = addr;
		__entry->rules = rules;
		__entry->action = action;
		__entry->seq = seq;
	),

	TP_printk("vm %u pid %u comm %s addr 0x%llx rules 0x%x action %u alert %llu",
		  __entry->vm, __entry->pid, __get_str(comm), __entry->addr,
		  __entry->rules, __entry->action, __entry->seq)
);

#endif /* _VIGIL_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
