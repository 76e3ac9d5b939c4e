// SPDX-License-Identifier: GPL-2.0
/*
 * Watched pages: the client's verdict about writes of the emulator, and of KVM
 * for itself.  See watch.c.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kvm_host.h>

#include "exec.h"
#include "kvm_cache_regs.h"
#include "kvm_emulate.h"
#include "mmu.h"
#include "mmu_internal.h"
#include "page_track.h"
#include "smm.h"
#include "watch.h"
#include "watch_trace.h"
#include "x86.h"

/* A question to the client, with what its buffers point to. */
struct watch_question {
	struct kvm_watch_write write;
	struct kvm_memory_slot *slot;
	unsigned long hva;
	u8 old[KVM_WATCH_MAX_BYTES];
	u8 new[KVM_WATCH_MAX_BYTES];
};

static void watch_count_verdict(struct kvm *kvm, enum kvm_watch_verdict verdict)
{
	kvm_watch_count(kvm, asked, 1);
	switch (verdict) {
	case KVM_WATCH_CONTINUE:
		kvm_watch_count(kvm, continued, 1);
		break;
	case KVM_WATCH_DROP:
		kvm_watch_count(kvm, dropped, 1);
		break;
	case KVM_WATCH_REPLACE:
		kvm_watch_count(kvm, replaced, 1);
		break;
	case KVM_WATCH_FAULT:
		kvm_watch_count(kvm, faulted, 1);
		break;
	case KVM_WATCH_RETRY:
		kvm_watch_count(kvm, retried, 1);
		break;
	}
}

/* The vCPU has usually just faulted on the page. */
bool __kvm_watch_writes_to_watched(struct kvm_vcpu *vcpu, gpa_t gpa)
{
	struct kvm_vcpu_watch *watch = &vcpu->arch.watch;

	return (watch->faulted && gpa_to_gfn(watch->fault_gpa) == gpa_to_gfn(gpa)) ||
	       kvm_gfn_record_load(vcpu->kvm, gpa_to_gfn(gpa)).watched;
}

static void watch_fill(struct kvm_vcpu *vcpu, struct watch_question *q)
{
	struct kvm_watch_write *write = &q->write;

	write->old = q->old;
	write->new = q->new;
	if (is_smm(vcpu))
		write->flags |= KVM_WATCH_F_SMM;
	if (is_guest_mode(vcpu))
		write->flags |= KVM_WATCH_F_NESTED;
}

/* Ask, unless the write changes nothing.  Anything to write is in @q->new. */
static enum kvm_watch_verdict watch_ask(struct kvm_vcpu *vcpu,
					struct watch_question *q)
{
	struct kvm_watch_client *client = READ_ONCE(vcpu->kvm->arch.watch.client);
	enum kvm_watch_verdict verdict;

	lockdep_assert_held(&vcpu->kvm->arch.watch.write_lock);

	if (!client)
		return KVM_WATCH_CONTINUE;

	if (!memcmp(q->old, q->new, q->write.bytes)) {
		kvm_watch_count(vcpu->kvm, same, 1);
		return KVM_WATCH_CONTINUE;
	}

	watch_fill(vcpu, q);
	verdict = client->ops->write(client, vcpu, &q->write);
	watch_count_verdict(vcpu->kvm, verdict);
	trace_kvm_watch_write(vcpu, &q->write, verdict);
	return verdict;
}

/*
 * One write at a time, so that the client can judge what becomes of an object
 * that several vCPUs write parts of.  KVM must not ask about the writes of the
 * client itself.
 */
static void watch_begin(struct kvm_vcpu *vcpu)
{
	mutex_lock(&vcpu->kvm->arch.watch.write_lock);
	vcpu->arch.watch.asked = true;
}

static void watch_end(struct kvm_vcpu *vcpu)
{
	vcpu->arch.watch.asked = false;
	mutex_unlock(&vcpu->kvm->arch.watch.write_lock);
}

/* The client's answer other than to write, to the emulator. */
static int watch_refuse(struct kvm_vcpu *vcpu, enum kvm_watch_verdict verdict,
			unsigned long gva, struct x86_exception *exception)
{
	if (verdict == KVM_WATCH_DROP)
		return X86EMUL_CONTINUE;

	if (verdict == KVM_WATCH_RETRY) {
		/* As if nothing had happened: registers are written back at the end. */
		vcpu->arch.emulate_ctxt->eflags = kvm_get_rflags(vcpu);
		vcpu->arch.emulate_ctxt->tf = false;
		return X86EMUL_RETRY_INSTR;
	}

	memset(exception, 0, sizeof(*exception));
	exception->vector = PF_VECTOR;
	exception->error_code_valid = true;
	exception->error_code = PFERR_PRESENT_MASK | PFERR_WRITE_MASK;
	if (kvm_x86_call(get_cpl)(vcpu) == 3)
		exception->error_code |= PFERR_USER_MASK;
	exception->address = gva;
	return X86EMUL_PROPAGATE_FAULT;
}

static bool watch_is_refusal(enum kvm_watch_verdict verdict)
{
	return verdict != KVM_WATCH_CONTINUE && verdict != KVM_WATCH_REPLACE;
}

/* How much of a write to ask about at once. */
static unsigned int watch_part(gpa_t gpa, unsigned int bytes)
{
	return min_t(unsigned int, bytes,
		     KVM_WATCH_MAX_BYTES - (gpa & (KVM_WATCH_MAX_BYTES - 1)));
}

/*
 * Ask, and write what the client lets pass.  Its verdict, or -EFAULT if memory
 * can't be accessed.
 */
static int watch_write_part(struct kvm_vcpu *vcpu, struct watch_question *q,
			    const void *val)
{
	struct kvm_watch_write *write = &q->write;
	void __user *hva = (void __user *)q->hva;
	gfn_t gfn = gpa_to_gfn(write->gpa);
	enum kvm_watch_verdict verdict;

	if (__copy_from_user(q->old, hva, write->bytes))
		return -EFAULT;

	memcpy(q->new, val, write->bytes);
	verdict = watch_ask(vcpu, q);
	if (watch_is_refusal(verdict))
		return verdict;

	if (kvm_exec_copy_to_guest(vcpu->kvm, write->gpa, q->hva, q->new, write->bytes))
		return -EFAULT;

	mark_page_dirty_in_slot(vcpu->kvm, q->slot, gfn);
	kvm_page_track_write(vcpu, write->gpa, q->new, write->bytes);
	return verdict;
}

/* Up to the first part that isn't done. */
static int watch_write_parts(struct kvm_vcpu *vcpu, struct watch_question *q,
			     const void *val, unsigned int bytes)
{
	struct kvm_watch_write *write = &q->write;
	int verdict;

	while (1) {
		write->bytes = watch_part(write->gpa, bytes);
		verdict = watch_write_part(vcpu, q, val);
		bytes -= write->bytes;
		if (!bytes || verdict < 0 || verdict == KVM_WATCH_FAULT ||
		    verdict == KVM_WATCH_RETRY)
			return verdict;

		val += write->bytes;
		q->hva += write->bytes;
		write->gpa += write->bytes;
		if (write->gva)
			write->gva += write->bytes;
	}
}

/*
 * The emulator writes to a watched page.  X86EMUL_IO_NEEDED if it isn't memory,
 * or isn't writable.
 */
int kvm_watch_emulated_write(struct kvm_vcpu *vcpu, gpa_t gpa, unsigned long gva,
			     const void *val, unsigned int bytes,
			     struct x86_exception *exception)
{
	struct watch_question q;
	int r;

	q.slot = kvm_vcpu_gfn_to_memslot(vcpu, gpa_to_gfn(gpa));
	q.hva = gfn_to_hva_memslot(q.slot, gpa_to_gfn(gpa));
	if (kvm_is_error_hva(q.hva))
		return X86EMUL_IO_NEEDED;

	q.hva += offset_in_page(gpa);
	q.write = (struct kvm_watch_write){ .gpa = gpa, .gva = gva };

	watch_begin(vcpu);
	r = watch_write_parts(vcpu, &q, val, bytes);
	watch_end(vcpu);

	if (r < 0)
		return X86EMUL_IO_NEEDED;

	return watch_is_refusal(r) ? watch_refuse(vcpu, r, q.write.gva, exception) :
				     X86EMUL_CONTINUE;
}

int __kvm_watch_cmpxchg_begin(struct kvm_vcpu *vcpu, gpa_t gpa, unsigned long gva,
			      const void *old, const void **new, unsigned int bytes,
			      struct x86_exception *exception)
{
	struct watch_question q = {
		.write = {
			.gpa = gpa, .gva = gva, .bytes = bytes,
			.flags = KVM_WATCH_F_CMPXCHG,
		},
	};
	void *answer = vcpu->arch.watch.new;
	enum kvm_watch_verdict verdict;
	int r = X86EMUL_CONTINUE;

	watch_begin(vcpu);

	if (kvm_vcpu_read_guest(vcpu, gpa, q.old, bytes)) {
		r = X86EMUL_UNHANDLEABLE;
		goto end;
	}

	if (memcmp(q.old, old, bytes)) {
		r = X86EMUL_CMPXCHG_FAILED;
		goto end;
	}

	memcpy(q.new, *new, bytes);
	*new = answer;
	verdict = watch_ask(vcpu, &q);
	if (verdict == KVM_WATCH_DROP)
		memcpy(answer, old, bytes);
	else if (watch_is_refusal(verdict))
		r = watch_refuse(vcpu, verdict, gva, exception);
	else
		memcpy(answer, q.new, bytes);

end:
	if (r != X86EMUL_CONTINUE)
		watch_end(vcpu);
	return r;
}

void __kvm_watch_cmpxchg_end(struct kvm_vcpu *vcpu)
{
	watch_end(vcpu);
}

/* As __try_cmpxchg_user(): 0 if exchanged, 1 if not, -EFAULT. */
static int watch_try_cmpxchg16_user(unsigned long hva, const u64 *old, const u64 *new)
{
	u64 __user *ptr = (u64 __user *)hva;
	u64 low = old[0], high = old[1];
	bool success = false;
	int r = 0;

	if (!boot_cpu_has(X86_FEATURE_CX16) || !user_access_begin(ptr, 16))
		return -EFAULT;

	asm volatile("1: " LOCK_PREFIX "cmpxchg16b %[ptr]\n"
		     CC_SET(z)
		     "2:\n"
		     _ASM_EXTABLE_TYPE_REG(1b, 2b, EX_TYPE_EFAULT_REG, %[r])
		     : [r] "+r" (r), CC_OUT(z) (success),
		       [ptr] "+m" (*(struct { u64 val[2]; } __user *)ptr),
		       "+a" (low), "+d" (high)
		     : "b" (new[0]), "c" (new[1])
		     : "memory");
	user_access_end();

	return r ? r : !success;
}

/*
 * The emulator's CMPXCHG16B, which KVM has no other way to emulate: to a watched
 * page, aligned.  X86EMUL_CMPXCHG_FAILED if memory doesn't hold @old.
 */
int kvm_watch_cmpxchg16(struct kvm_vcpu *vcpu, unsigned long gva, const u64 *old,
			const u64 *new, struct x86_exception *exception)
{
	gpa_t gpa = kvm_mmu_gva_to_gpa_write(vcpu, gva, exception);
	const void *write = new;
	unsigned long hva;
	int r;

	if (gpa == INVALID_GPA)
		return X86EMUL_PROPAGATE_FAULT;

	hva = kvm_vcpu_gfn_to_hva(vcpu, gpa_to_gfn(gpa));
	if (!kvm_watch_writes_to_watched(vcpu, gpa) || kvm_is_error_hva(hva))
		return X86EMUL_UNHANDLEABLE;

	r = __kvm_watch_cmpxchg_begin(vcpu, gpa, gva, old, &write, 16, exception);
	if (r != X86EMUL_CONTINUE)
		return r;

	kvm_exec_write(vcpu->kvm, gpa_to_gfn(gpa),
		       r = watch_try_cmpxchg16_user(hva + offset_in_page(gpa), old, write));
	watch_end(vcpu);

	if (r < 0)
		return X86EMUL_UNHANDLEABLE;

	kvm_vcpu_mark_page_dirty(vcpu, gpa_to_gfn(gpa));
	if (r)
		return X86EMUL_CMPXCHG_FAILED;

	kvm_page_track_write(vcpu, gpa, write, 16);
	return X86EMUL_CONTINUE;
}

/*
 * KVM writes to a watched page for itself.  Nothing depends on it but the guest,
 * who put it there, hence a write that the client drops is left out silently.
 * One that it can't be asked about, as no vCPU does it, fails.
 */
int kvm_watch_copy_to_guest(struct kvm *kvm, gpa_t gpa, unsigned long hva,
			    const void *data, unsigned int len)
{
	struct kvm_vcpu *vcpu = kvm_get_running_vcpu();
	struct watch_question q = {
		.write = { .gpa = gpa, .flags = KVM_WATCH_F_KVM },
		.slot = NULL,	/* its caller marks it dirty */
		.hva = hva,
	};
	int r;

	if (!vcpu || vcpu->kvm != kvm) {
		kvm_watch_count(kvm, denied, 1);
		return -EFAULT;
	}

	/* Its own writes are the client's business. */
	if (vcpu->arch.watch.asked)
		return kvm_exec_copy_to_guest(kvm, gpa, hva, data, len);

	/* Not all that write hold it, it keeps the client. */
	guard(srcu)(&kvm->srcu);

	watch_begin(vcpu);
	r = watch_write_parts(vcpu, &q, data, len);
	watch_end(vcpu);

	return r < 0 ? r : 0;
}
