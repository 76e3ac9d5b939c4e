/* SPDX-License-Identifier: GPL-2.0 */
#if !defined(_TRACE_KVM_WATCH_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_KVM_WATCH_H

#include <linux/tracepoint.h>

#include <asm/kvm_watch.h>

#undef TRACE_SYSTEM
#define TRACE_SYSTEM kvm_watch

#define KVM_WATCH_TRACE_VERDICTS			\
	{ KVM_WATCH_CONTINUE,	"continue" },		\
	{ KVM_WATCH_DROP,	"drop" },		\
	{ KVM_WATCH_REPLACE,	"replace" },		\
	{ KVM_WATCH_FAULT,	"fault" },		\
	{ KVM_WATCH_RETRY,	"retry" }

#define KVM_WATCH_TRACE_FLAGS				\
	{ KVM_WATCH_F_CMPXCHG,	"cmpxchg" },		\
	{ KVM_WATCH_F_KVM,	"kvm" },		\
	{ KVM_WATCH_F_SMM,	"smm" },		\
	{ KVM_WATCH_F_NESTED,	"nested" }

/* The answer about a write; old and new are the first eight bytes. */
TRACE_EVENT(
	kvm_watch_write,
	TP_PROTO(struct kvm_vcpu *vcpu, const struct kvm_watch_write *write,
		 int verdict),
	TP_ARGS(vcpu, write, verdict),

	TP_STRUCT__entry(
		__field(u64, gpa)
		__field(u64, old)
		__field(u64, new)
		__field(unsigned long, gva)
		__field(unsigned long, rip)
		__field(u32, vcpu_id)
		__field(u32, bytes)
		__field(u16, flags)
		__field(u8, cpl)
		__field(u8, verdict)
	),

	TP_fast_assign(
		__entry->gpa = write->gpa;
		__entry->old = 0;
		__entry->new = 0;
		memcpy(&__entry->old, write->old, min(write->bytes, 8u));
		memcpy(&__entry->new, write->new, min(write->bytes, 8u));
		__entry->gva = write->gva;
		__entry->rip = kvm_get_linear_rip(vcpu);
		__entry->vcpu_id = vcpu->vcpu_id;
		__entry->bytes = write->bytes;
		__entry->flags = write->flags;
		__entry->cpl = kvm_x86_call(get_cpl)(vcpu);
		__entry->verdict = verdict;
	),

	TP_printk("vcpu %u gpa %llx gva %lx rip %lx cpl %u bytes %u old %llx new %llx flags (%s) %s",
		  __entry->vcpu_id, __entry->gpa, __entry->gva, __entry->rip,
		  __entry->cpl, __entry->bytes, __entry->old, __entry->new,
		  __print_flags(__entry->flags, "|", KVM_WATCH_TRACE_FLAGS),
		  __print_symbolic(__entry->verdict, KVM_WATCH_TRACE_VERDICTS))
);

/* A/D bit set for the CPU's page walk. */
TRACE_EVENT(
	kvm_watch_walk,
	TP_PROTO(struct kvm_vcpu *vcpu, u64 gpa, u64 gpte, u64 bit),
	TP_ARGS(vcpu, gpa, gpte, bit),

	TP_STRUCT__entry(
		__field(u64, gpa)
		__field(u64, gpte)
		__field(u64, bit)
		__field(u32, vcpu_id)
	),

	TP_fast_assign(
		__entry->gpa = gpa;
		__entry->gpte = gpte;
		__entry->bit = bit;
		__entry->vcpu_id = vcpu->vcpu_id;
	),

	TP_printk("vcpu %u gpa %llx gpte %llx bit %llx", __entry->vcpu_id,
		  __entry->gpa, __entry->gpte, __entry->bit)
);

#define KVM_WATCH_TRACE_MISSED				\
	{ KVM_WATCH_MISSED_INSN, "instruction" },	\
	{ KVM_WATCH_MISSED_EVENT, "event" },		\
	{ KVM_WATCH_MISSED_DROPPED, "dropped" }

/* A page was open for an instruction or an event, or is watched no more. */
TRACE_EVENT(
	kvm_watch_missed,
	TP_PROTO(struct kvm_vcpu *vcpu, u64 gfn, int why),
	TP_ARGS(vcpu, gfn, why),

	TP_STRUCT__entry(
		__field(u64, gfn)
		__field(u32, vcpu_id)
		__field(u8, why)
	),

	TP_fast_assign(
		__entry->gfn = gfn;
		__entry->vcpu_id = vcpu->vcpu_id;
		__entry->why = why;
	),

	TP_printk("vcpu %u gfn %llx %s", __entry->vcpu_id, __entry->gfn,
		  __print_symbolic(__entry->why, KVM_WATCH_TRACE_MISSED))
);

TRACE_EVENT(
	kvm_watch_cr3,
	TP_PROTO(struct kvm_vcpu *vcpu, u64 old, u64 new),
	TP_ARGS(vcpu, old, new),

	TP_STRUCT__entry(
		__field(u64, old)
		__field(u64, new)
		__field(u32, vcpu_id)
	),

	TP_fast_assign(
		__entry->old = old;
		__entry->new = new;
		__entry->vcpu_id = vcpu->vcpu_id;
	),

	TP_printk("vcpu %u old %llx new %llx", __entry->vcpu_id,
		  __entry->old, __entry->new)
);

#endif /* _TRACE_KVM_WATCH_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH mmu
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE watch_trace

/* This part must be outside protection */
#include <trace/define_trace.h>
