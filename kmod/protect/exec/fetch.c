// SPDX-License-Identifier: GPL-2.0
/*
 * Exec protection: instruction fetches that KVM asks about.
 *
 * On the vCPU's thread, which is the guest's time.  Reads the facts that the
 * decision asks for, and does what it says.  A lock that another vCPU may hold is
 * taken for who is new, for an alert, and for the note of a page that is not
 * granted for long; none of them is held while the guest is read.
 */
#include <linux/delay.h>
#include <linux/hash.h>
#include <linux/kvm_host.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "core/pte.h"
#include "protect/exec/alert.h"
#include "protect/exec/count.h"
#include "protect/exec/fetch.h"
#include "protect/guest.h"
#include "protect/notice.h"
#include "trace.h"

/* An x86 instruction is no longer than this. */
#define INSN_MAX	15

/*
 * A vCPU that waits for the guest's tables to settle tries at once for this long,
 * then it gives its processor away in between: who changes them may need it.
 */
#define SPIN_NS		(200 * NSEC_PER_USEC)
#define PAUSE_MIN_US	100
#define PAUSE_MAX_US	200

/* What holds for the whole VM is reported this often. */
#define WITHOUT_PROFILE_PERIOD	(60 * HZ)

/* --- pages that were refused ---------------------------------------------- */

static gfn_t *refused_slot(struct vigil_exec *exec, gfn_t gfn)
{
	return &exec->refused[hash_64(gfn, ilog2(VIGIL_EXEC_REFUSED))];
}

static bool refused_before(struct vigil_exec *exec, gfn_t gfn)
{
	return READ_ONCE(*refused_slot(exec, gfn)) == gfn + 1;
}

/* --- fetch contexts ------------------------------------------------------- */

/* The context of a vCPU, which only its own thread uses while KVM asks. */
static struct vigil_fetch *fetch_get(struct vigil_exec *exec,
				     struct kvm_vcpu *vcpu)
{
	struct vigil_fetch *fetch = xa_load(&exec->fetches, vcpu->vcpu_idx);

	if (fetch)
		return fetch;
	fetch = kvzalloc(sizeof(*fetch), GFP_KERNEL_ACCOUNT);
	if (!fetch)
		return NULL;
	fetch->vm = exec->vm;
	fetch->vcpu = vcpu;
	if (xa_err(xa_store(&exec->fetches, vcpu->vcpu_idx, fetch,
			    GFP_KERNEL_ACCOUNT))) {
		kvfree(fetch);
		return NULL;
	}
	return fetch;
}

/**
 * vigil_exec_fetch_prepare - Have a context for each vCPU that there is
 * @exec: the VM's exec protection, off
 *
 * A vCPU that comes later makes its own at its first fetch.
 *
 * Return: 0 or -ENOMEM.
 */
int vigil_exec_fetch_prepare(struct vigil_exec *exec)
{
	struct kvm_vcpu *vcpu;
	unsigned long i;

	kvm_for_each_vcpu(i, vcpu, exec->vm->kvm) {
		if (!fetch_get(exec, vcpu))
			return -ENOMEM;
	}
	return 0;
}

/* KVM asks no more. */
void vigil_exec_fetch_free(struct vigil_exec *exec)
{
	struct vigil_fetch *fetch;
	unsigned long index;

	xa_for_each(&exec->fetches, index, fetch)
		kvfree(fetch);
	xa_destroy(&exec->fetches);
}

/* The guest as this vCPU shows it now; NULL if there is no memory for that. */
static struct vigil_fetch *fetch_begin(struct vigil_exec *exec,
				       struct kvm_vcpu *vcpu,
				       const struct kvm_exec_event *event,
				       const struct vigil_profile *profile)
{
	struct vigil_fetch *fetch = fetch_get(exec, vcpu);
	unsigned int levels;

	if (!fetch)
		return NULL;
	fetch->event = event;
	fetch->addr = event->rip;
	vigil_cpu_read(vcpu, &fetch->cpu);
	levels = vigil_cpu_levels(&fetch->cpu);
	vigil_gmem_init_vcpu(&fetch->gmem, vcpu);
	vigil_linux_init(&fetch->lx, profile, &fetch->gmem.gm, levels);
	vigil_space_init(&fetch->user, &fetch->gmem.gm, fetch->cpu.cr3, levels);
	return fetch;
}

/* --- facts ---------------------------------------------------------------- */

/* Another vCPU was put off its processor while it ran. */
static bool vcpu_waits(const struct kvm_vcpu *me)
{
	struct kvm_vcpu *vcpu;
	unsigned long i;

	kvm_for_each_vcpu(i, vcpu, me->kvm) {
		if (vcpu != me && READ_ONCE(vcpu->preempted))
			return true;
	}
	return false;
}

static struct vigil_fetch_seen *fetch_seen_slot(struct vigil_fetch *fetch,
						u64 task)
{
	return &fetch->seen[hash_64(task, ilog2(VIGIL_FETCH_SEEN))];
}

static bool fetch_is_same(const struct vigil_thread *a,
			  const struct vigil_thread *b)
{
	return a->task == b->task && a->mm == b->mm && a->cred == b->cred &&
	       a->start_time == b->start_time &&
	       a->self_exec_id == b->self_exec_id && a->tid == b->tid &&
	       a->pid == b->pid;
}

/* Is it known who that is?  In user mode its own page tables must be loaded. */
static bool fetch_has_seen(struct vigil_exec *exec, struct vigil_fetch *fetch,
			   const struct vigil_thread *thread)
{
	const struct vigil_fetch_seen *seen = fetch_seen_slot(fetch,
							      thread->task);

	if (!fetch_is_same(&seen->thread, thread) ||
	    seen->who.generation != vigil_policy_generation(&exec->policy) ||
	    seen->who.epoch != READ_ONCE(exec->identities.epoch) ||
	    (fetch->cpu.cpl == 3 &&
	     !vigil_linux_loads(&fetch->cpu, seen->task.root)))
		return false;
	fetch->task = seen->task;
	fetch->who = seen->who;
	return true;
}

/*
 * Who fetches is most of the time who fetched before, and that costs two reads of
 * the guest to know.
 */
static int fetch_identify(struct vigil_exec *exec, struct vigil_fetch *fetch)
{
	struct vigil_thread thread = {}, again = {};
	bool steady;
	int err;

	steady = !vigil_linux_current_thread(&fetch->lx, &fetch->cpu, &thread);
	if (steady && fetch_has_seen(exec, fetch, &thread))
		return 0;
	err = vigil_linux_current(&fetch->lx, &fetch->cpu, &fetch->task);
	if (err)
		return err;
	/* A thread of the guest's kernel runs on whatever tables are loaded. */
	if (!fetch->task.mm)
		return -EUCLEAN;
	err = vigil_identify(&exec->identities, &fetch->lx, &fetch->task,
			     &fetch->who);
	if (err)
		return err;
	/* Both are of the same task, and it is still the same process. */
	if (steady && fetch->task.mm == thread.mm &&
	    !vigil_linux_current_thread(&fetch->lx, &fetch->cpu, &again) &&
	    fetch_is_same(&thread, &again))
		*fetch_seen_slot(fetch, thread.task) =
			(struct vigil_fetch_seen){
				.thread = thread,
				.task = fetch->task,
				.who = fetch->who,
			};
	return 0;
}

static void fetch_read_process(struct vigil_exec *exec, struct vigil_fetch *fetch,
			       struct vigil_exec_facts *f)
{
	const struct vigil_protect *entry;
	int err;

	fetch->who = (struct vigil_who){};
	err = fetch_identify(exec, fetch);
	if (err) {
		if (err == -ENOMEM)
			f->process = VIGIL_EXEC_PROCESS_NO_MEMORY;
		else if (vigil_linux_maps_kernel(&fetch->lx, &fetch->cpu))
			f->process = VIGIL_EXEC_PROCESS_UNREADABLE;
		else
			f->process = VIGIL_EXEC_PROCESS_OTHER_KERNEL;
		return;
	}
	vigil_guest_trust(exec->vm);
	f->process = VIGIL_EXEC_PROCESS_KNOWN;
	f->condemned = vigil_exec_is_condemned(&exec->kill, &fetch->lx,
					       &fetch->task);
	f->kin_differ = fetch->who.kin_differ;
	entry = fetch->who.entry;
	if (entry) {
		f->protected = true;
		f->rules = entry->rules;
		f->action = entry->action;
	}
}

static bool fetch_is_at(struct vigil_fetch *fetch, u64 addr)
{
	return !vigil_walk(&fetch->user, addr, &fetch->walk) &&
	       gpa_to_gfn(fetch->walk.gpa) == gpa_to_gfn(fetch->event->gpa);
}

/*
 * Is the page still mapped by the entry that showed it?  If the table was moved
 * meanwhile it is at another address, and the same page.
 */
static bool fetch_is_still_mapped(struct vigil_fetch *fetch)
{
	const struct vigil_pte_walk *w = &fetch->walk;
	const u64 gpa = w->table_gpa +
			vigil_pte_index(fetch->addr, w->shift) * sizeof(u64);
	u64 pte;

	return !vigil_gpa_read(&fetch->gmem.gm, gpa, &pte, sizeof(pte)) &&
	       !((pte ^ w->pte) & (VIGIL_PTE_PRESENT | VIGIL_PTE_ADDR));
}

static void fetch_read_page(struct vigil_fetch *fetch, struct vigil_exec_facts *f)
{
	const u64 rip = fetch->event->rip;
	const u64 next = PAGE_ALIGN(rip + 1);

	f->place = VIGIL_EXEC_PLACE_NEITHER;
	fetch->addr = rip;
	if (fetch_is_at(fetch, rip)) {
		f->place = VIGIL_EXEC_PLACE_FIRST;
	} else if (next - rip < INSN_MAX && fetch_is_at(fetch, next)) {
		fetch->addr = next;
		f->place = VIGIL_EXEC_PLACE_SECOND;
	} else {
		return;
	}
	f->user_page = fetch->walk.user;
	if (!f->user_page)
		return;
	f->code.pte_writable = fetch->walk.writable;
	f->code.rsp = fetch->cpu.gpr[VIGIL_CPU_RSP];
	/* What can't be told is a page of unknown kind. */
	vigil_linux_page(&fetch->lx, fetch->walk.gpa, &f->code.page);
	/* A page that was freed meanwhile is another one. */
	if (!fetch_is_still_mapped(fetch))
		f->place = VIGIL_EXEC_PLACE_NEITHER;
}

/*
 * Nothing in a page without an address_space tells which mapping it belongs to:
 * the mapping must be there before and after the page was seen in it.
 */
static bool fetch_vma_is_same(struct vigil_fetch *fetch)
{
	struct vigil_vma vma;

	return !vigil_linux_find_vma(&fetch->lx, fetch->task.mm, fetch->addr,
				     &vma) &&
	       vma.start == fetch->vma.start && vma.ops == fetch->vma.ops &&
	       fetch_is_at(fetch, fetch->addr);
}

static void fetch_read_mapping(struct vigil_fetch *fetch, struct vigil_exec_facts *f)
{
	switch (vigil_linux_find_vma(&fetch->lx, fetch->task.mm, fetch->addr,
				     &fetch->vma)) {
	case 0:
		f->code.mapping = VIGIL_EXEC_MAPPING_FOUND;
		f->code.vma = &fetch->vma;
		f->code.vma_has_page = vigil_linux_vma_has_page(&fetch->lx,
								&fetch->vma,
								&f->code.page);
		break;
	case -ENOENT:
		f->code.mapping = VIGIL_EXEC_MAPPING_NONE;
		break;
	default:
		f->code.mapping = VIGIL_EXEC_MAPPING_UNREADABLE;
		break;
	}
	/* Another page may have come to the address before it was looked up. */
	if (!fetch_is_at(fetch, fetch->addr) ||
	    (f->code.page.kind == VIGIL_PAGE_KIND_KERNEL &&
	     f->code.mapping == VIGIL_EXEC_MAPPING_FOUND &&
	     !fetch_vma_is_same(fetch)))
		f->place = VIGIL_EXEC_PLACE_NEITHER;
}

/* --- the answer ----------------------------------------------------------- */

/* Once a minute, when the answer is another one, and when the guest is. */
static void fetch_note_without_profile(struct vigil_exec *exec,
				       enum vigil_action action)
{
	const unsigned int generation = vigil_guest_generation(exec->vm);
	unsigned long last = READ_ONCE(exec->without_profile_reported);
	const unsigned long now = jiffies ?: 1;

	if (last && action == READ_ONCE(exec->without_profile_action) &&
	    generation == READ_ONCE(exec->without_profile_generation) &&
	    time_before(jiffies, last + WITHOUT_PROFILE_PERIOD))
		return;
	/* One of several vCPUs. */
	if (cmpxchg(&exec->without_profile_reported, last, now) != last)
		return;
	if (!vigil_exec_alert_without_profile(exec->vm, action)) {
		cmpxchg(&exec->without_profile_reported, now, last);
		return;
	}
	WRITE_ONCE(exec->without_profile_action, action);
	WRITE_ONCE(exec->without_profile_generation, generation);
}

/* Of a task that was seen before the name and the rights may be others by now. */
static void fetch_refresh_task(struct vigil_fetch *fetch)
{
	struct vigil_task now;

	if (!vigil_linux_read_task(&fetch->lx, fetch->task.task, &now) &&
	    now.tid == fetch->task.tid && now.pid == fetch->task.pid &&
	    now.start_time == fetch->task.start_time && now.mm)
		fetch->task = now;
}

static void fetch_report(struct vigil_exec *exec, struct vigil_fetch *fetch,
			 const struct vigil_exec_facts *f,
			 const struct vigil_exec_decision *d)
{
	bool raised;
	u64 seq;

	if (f->process == VIGIL_EXEC_PROCESS_KNOWN)
		fetch_refresh_task(fetch);
	if (fetch->who.entry && d->report == VIGIL_EXEC_REPORT_RULES)
		atomic64_inc(&fetch->who.entry->hits);
	seq = vigil_exec_alert(fetch, f, d, &raised);
	if (d->kill)
		vigil_exec_alert_condemn(exec, fetch, seq, raised);
}

/*
 * A handler that allows its own signal is called again and again, for a fault
 * at its first instruction, and the kernel ends the process when the handler's
 * stack is full.  But it doesn't see that if there are just less than 128 bytes
 * left: then it starts again at the top, and so it goes on for ever.  Other
 * distances lead elsewhere.  The process doesn't miss its stack pointer.
 */
static void fetch_upset_stack(struct vigil_fetch *fetch)
{
	u64 rsp = fetch->cpu.gpr[VIGIL_CPU_RSP];

	vigil_cpu_set_rsp(fetch->vcpu,
			  rsp - 16 * get_random_u32_inclusive(1, 64));
}

static void fetch_count(struct vigil_vm *vm,
			const struct vigil_exec_decision *d)
{
	static const enum vigil_exec_count counts[] = {
		[VIGIL_EXEC_SOURCE_KERNEL] = VIGIL_EXEC_COUNT_KERNEL,
		[VIGIL_EXEC_SOURCE_UNPROTECTED] = VIGIL_EXEC_COUNT_UNPROTECTED,
		[VIGIL_EXEC_SOURCE_PROTECTED] = VIGIL_EXEC_COUNT_JUDGED,
		[VIGIL_EXEC_SOURCE_WITHOUT_PROFILE] = VIGIL_EXEC_COUNT_NO_PROFILE,
	};

	if (d->source != VIGIL_EXEC_SOURCE_OTHER)
		vigil_exec_count(vm, counts[d->source]);
	if (d->report == VIGIL_EXEC_REPORT_UNREADABLE)
		vigil_exec_count(vm, VIGIL_EXEC_COUNT_UNREADABLE);
}

/* @fetch is NULL where nothing of the guest was read. */
static void fetch_carry_out(struct vigil_exec *exec, struct vigil_fetch *fetch,
			    const struct vigil_exec_facts *f,
			    const struct vigil_exec_decision *d)
{
	fetch_count(exec->vm, d);
	if (d->doubt)
		vigil_guest_doubt(exec->vm, VIGIL_DOUBT_LIMIT);
	switch (d->report) {
	case VIGIL_EXEC_REPORT_RULES:
	case VIGIL_EXEC_REPORT_UNREADABLE:
		if (fetch)
			fetch_report(exec, fetch, f, d);
		else
			vigil_exec_alert_unreadable(exec->vm, d->reason,
						    d->action);
		break;
	case VIGIL_EXEC_REPORT_NESTED:
		vigil_notice_nested(exec->vm);
		break;
	case VIGIL_EXEC_REPORT_WITHOUT_PROFILE:
		fetch_note_without_profile(exec, d->action);
		break;
	case VIGIL_EXEC_REPORT_NOTHING:
		break;
	}
	if (d->upset_stack)
		fetch_upset_stack(fetch);

	switch (d->verdict) {
	case KVM_EXEC_REFUSE:
		WRITE_ONCE(*refused_slot(exec, f->gfn), f->gfn + 1);
		break;
	case KVM_EXEC_GRANT:
		if (f->was_refused)
			WRITE_ONCE(*refused_slot(exec, f->gfn), 0);
		if (!d->brief)
			break;
		vigil_exec_brief_note(&exec->brief, f->gfn);
		if (d->source == VIGIL_EXEC_SOURCE_UNPROTECTED)
			vigil_exec_count(exec->vm, VIGIL_EXEC_COUNT_SHARED);
		break;
	case KVM_EXEC_OPEN:
		vigil_exec_open_note(&exec->open, f->gfn);
		break;
	case KVM_EXEC_RETRY:
		if (f->now - fetch->wait.begin > SPIN_NS)
			usleep_range(PAUSE_MIN_US, PAUSE_MAX_US);
		break;
	}
}

/* The kernel's text goes in large pieces, because all of it is used. */
static void grant_kernel_text(struct vigil_exec *exec, struct kvm_vcpu *vcpu,
			      const struct kvm_exec_event *event,
			      const struct vigil_profile *profile)
{
	const u64 start = profile->field[VIGIL_PROFILE_FIELD_SYM_STEXT];
	const u64 end = profile->field[VIGIL_PROFILE_FIELD_SYM_ETEXT];
	struct vigil_fetch *fetch;

	/* Text that was patched comes back alone. */
	if (event->rip < start || event->rip >= end || event->flips)
		return;
	fetch = fetch_begin(exec, vcpu, event, profile);
	if (fetch)
		vigil_exec_around_kernel(fetch, start, end);
}

static enum kvm_exec_verdict fetch_answer(struct vigil_exec *exec,
					  struct kvm_vcpu *vcpu,
					  const struct kvm_exec_event *event,
					  const struct vigil_profile *profile)
{
	struct vigil_exec_facts f = {
		.gfn = gpa_to_gfn(event->gpa),
		.rip = event->rip,
		.now = ktime_get_ns(),
		.cpl = event->cpl,
		.mode = event->mode,
		.nested = event->flags & KVM_EXEC_F_NESTED,
		.smm = event->flags & KVM_EXEC_F_SMM,
		.self_write = event->flags & KVM_EXEC_F_SELF_WRITE,
		.starved = event->flags & KVM_EXEC_F_STARVED,
		.was_refused = refused_before(exec, gpa_to_gfn(event->gpa)),
		.proved = profile,
		.without_profile = READ_ONCE(exec->policy.without_profile),
		.strictest = READ_ONCE(exec->policy.strictest),
		.code.page.kind = VIGIL_PAGE_KIND_UNKNOWN,
	};
	struct vigil_fetch *fetch = NULL;
	struct vigil_exec_decision d;

	for (;;) {
		d = vigil_exec_decide(&f, fetch ? &fetch->wait : NULL);
		if (d.step == VIGIL_EXEC_ANSWER)
			break;
		if (!fetch) {
			fetch = fetch_begin(exec, vcpu, event, profile);
			/* Of no interest at the first attempt. */
			f.vcpu_waits = fetch && fetch->wait.begin &&
				       vcpu_waits(vcpu);
		}
		if (!fetch) {
			f.place = VIGIL_EXEC_PLACE_NEITHER;
			f.process = VIGIL_EXEC_PROCESS_NO_MEMORY;
			continue;
		}
		switch (d.step) {
		case VIGIL_EXEC_READ_PROCESS:
			fetch_read_process(exec, fetch, &f);
			break;
		case VIGIL_EXEC_READ_PAGE:
			fetch_read_page(fetch, &f);
			break;
		case VIGIL_EXEC_READ_MAPPING:
			fetch_read_mapping(fetch, &f);
			break;
		case VIGIL_EXEC_ANSWER:
			break;
		}
	}
	fetch_carry_out(exec, fetch, &f, &d);
	if (d.grant_around)
		vigil_exec_around_file(fetch, f.code.page.mapping);
	else if (d.source == VIGIL_EXEC_SOURCE_KERNEL && profile &&
		 event->mode == KVM_EXEC_MODE_LONG)
		grant_kernel_text(exec, vcpu, event, profile);
	if (fetch)
		vigil_guest_add_reread(exec->vm, fetch->lx.reread);
	vigil_exec_count_add(exec->vm, VIGIL_EXEC_COUNT_FETCH_TIME,
			     ktime_get_ns() - f.now);
	return d.verdict;
}

static void fetch_count_answer(struct vigil_vm *vm,
			       const struct kvm_exec_event *event,
			       enum kvm_exec_verdict verdict)
{
	static const enum vigil_exec_count counts[] = {
		[KVM_EXEC_GRANT] = VIGIL_EXEC_COUNT_GRANTED,
		[KVM_EXEC_OPEN] = VIGIL_EXEC_COUNT_OPENED,
		[KVM_EXEC_RETRY] = VIGIL_EXEC_COUNT_RETRIED,
		[KVM_EXEC_REFUSE] = VIGIL_EXEC_COUNT_REFUSED,
	};

	vigil_exec_count(vm, VIGIL_EXEC_COUNT_FETCHES);
	vigil_exec_count(vm, counts[verdict]);
	if (event->flags & KVM_EXEC_F_SELF_WRITE)
		vigil_exec_count(vm, VIGIL_EXEC_COUNT_SELF_WRITES);
	if (event->flags & KVM_EXEC_F_STARVED)
		vigil_exec_count(vm, VIGIL_EXEC_COUNT_STARVED);
	if (event->flags & KVM_EXEC_F_EMULATOR)
		vigil_exec_count(vm, VIGIL_EXEC_COUNT_EMULATED_FETCHES);
	if (event->flags & KVM_EXEC_F_NESTED)
		vigil_exec_count(vm, VIGIL_EXEC_COUNT_NESTED);
}

/* The callback of KVM. */
enum kvm_exec_verdict vigil_exec_fetch(struct kvm_exec_client *client,
				       struct kvm_vcpu *vcpu,
				       const struct kvm_exec_event *event)
{
	struct vigil_exec *exec = container_of(client, struct vigil_exec,
					       client);
	enum kvm_exec_verdict verdict;
	int idx;

	idx = srcu_read_lock(&exec->vm->srcu);
	verdict = fetch_answer(exec, vcpu, event,
			       vigil_guest_profile(exec->vm,
						   VIGIL_PROFILE_OS_LINUX));
	srcu_read_unlock(&exec->vm->srcu, idx);
	fetch_count_answer(exec->vm, event, verdict);
	trace_vigil_exec_fetch(exec->vm->id, vcpu->vcpu_idx, event, verdict);
	return verdict;
}
