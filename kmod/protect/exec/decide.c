// SPDX-License-Identifier: GPL-2.0
/*
 * The answer to an instruction fetch.
 *
 * Facts cost reads of the guest, most fetches are decided by a few of them, and
 * so the decision asks for one after the other: the caller reads what a step
 * names and comes again, four times at most.
 *
 * What can't be told is tried again for a bounded time, because most of it is a
 * change under way in the guest, or a moment without memory in the host: the vCPU
 * fetches again, takes its interrupts (another one may wait for that), and the
 * guest goes on meanwhile.  If that doesn't help the action of the process' entry
 * is the answer, and it is reported: nobody is let through silently.
 */
#include <linux/export.h>
#include <linux/time64.h>
#include <kunit/visibility.h>

#include "protect/exec/decide.h"

/* User addresses are those whose upper half is clear, with 4 levels and with 5. */
static bool is_user_address(u64 addr)
{
	return (s64)addr >= 0;
}

/*
 * Code that writes to its own page would go on for ever between the write and
 * the fetch, so its page is opened, unless its last judgement was a refusal.
 */
static enum kvm_exec_verdict grant_or_open(const struct vigil_exec_facts *f)
{
	return f->self_write && !f->was_refused ? KVM_EXEC_OPEN :
						  KVM_EXEC_GRANT;
}

static struct vigil_exec_decision read_next(enum vigil_exec_step step)
{
	return (struct vigil_exec_decision){ .step = step };
}

static struct vigil_exec_decision decide_grant(const struct vigil_exec_facts *f,
					       enum vigil_exec_source source)
{
	return (struct vigil_exec_decision){
		.verdict = grant_or_open(f),
		.source = source,
	};
}

/*
 * Can a process with another entry, or without one, map the same page?  What a file
 * holds that is not memory would be granted to anybody.
 */
static bool is_shareable(const struct vigil_exec_facts *f)
{
	const struct vigil_page *page = &f->code.page;

	if (!vigil_exec_is_placed(f) || !f->user_page)
		return true;
	switch (page->kind) {
	case VIGIL_PAGE_KIND_FILE:
		return page->shared_writable;
	case VIGIL_PAGE_KIND_ANON:
		return page->merged || f->kin_differ;
	default:
		return true;
	}
}

static struct vigil_exec_decision decide_action(const struct vigil_exec_facts *f,
						enum vigil_exec_source source,
						enum vigil_exec_report report,
						enum vigil_action action)
{
	struct vigil_exec_decision d = {
		.verdict = KVM_EXEC_REFUSE,
		.source = source,
		.report = report,
		.action = action,
	};

	if (action == VIGIL_ACTION_OBSERVE) {
		d.verdict = grant_or_open(f);
		/* What only observes must not let through who is stopped. */
		d.brief = f->strictest != VIGIL_ACTION_OBSERVE &&
			  is_shareable(f);
	}
	return d;
}

/* Is there time left for the guest to make up its mind, or for the host? */
static bool may_wait(const struct vigil_exec_facts *f,
		     struct vigil_exec_wait *w)
{
	/* Without a record of the first attempt each one would be the first. */
	if (!w)
		return false;
	if (!w->begin || w->gfn != f->gfn || w->rip != f->rip ||
	    f->now - w->last > VIGIL_EXEC_WAIT_STALE) {
		*w = (struct vigil_exec_wait){
			.gfn = f->gfn,
			.rip = f->rip,
			.begin = f->now,
			.last = f->now,
		};
		return true;
	}
	if (!f->vcpu_waits)
		w->waited += f->now - w->last;
	w->last = f->now;
	return w->waited < VIGIL_EXEC_WAIT &&
	       f->now - w->begin < VIGIL_EXEC_WAIT_MAX;
}

static struct vigil_exec_decision
decide_unreadable(const struct vigil_exec_facts *f, struct vigil_exec_wait *w,
		  enum vigil_unreadable_reason reason)
{
	const bool known = f->process == VIGIL_EXEC_PROCESS_KNOWN;
	struct vigil_exec_decision d;

	if (may_wait(f, w))
		return (struct vigil_exec_decision){
			.verdict = KVM_EXEC_RETRY,
		};
	d = decide_action(f, known ? VIGIL_EXEC_SOURCE_PROTECTED :
				     VIGIL_EXEC_SOURCE_OTHER,
			  VIGIL_EXEC_REPORT_UNREADABLE,
			  known ? f->action : f->strictest);
	d.reason = reason;
	d.kill = known && d.action == VIGIL_ACTION_KILL;
	d.doubt = !known;
	return d;
}

static struct vigil_exec_decision
decide_without_profile(const struct vigil_exec_facts *f)
{
	struct vigil_exec_decision d;

	d = decide_action(f, VIGIL_EXEC_SOURCE_WITHOUT_PROFILE,
			  VIGIL_EXEC_REPORT_WITHOUT_PROFILE,
			  f->without_profile);
	/* A profile that comes has all pages asked about again. */
	d.brief = false;
	return d;
}

/*
 * A process that nothing protects fetches from a page.  Nobody judges its code,
 * so that the grant must not last where a protected one could run it, too.
 */
static struct vigil_exec_decision
decide_unprotected(const struct vigil_exec_facts *f)
{
	struct vigil_exec_decision d;

	if (f->place == VIGIL_EXEC_PLACE_NOT_READ)
		return read_next(VIGIL_EXEC_READ_PAGE);
	d = decide_grant(f, VIGIL_EXEC_SOURCE_UNPROTECTED);
	d.brief = is_shareable(f);
	return d;
}

/* A protected process fetches from a page. */
static struct vigil_exec_decision decide_code(const struct vigil_exec_facts *f,
					      struct vigil_exec_wait *w)
{
	struct vigil_exec_judgement j;
	struct vigil_exec_decision d;

	if (f->place == VIGIL_EXEC_PLACE_NOT_READ)
		return read_next(VIGIL_EXEC_READ_PAGE);
	/* User mode can't have fetched from a page that is the kernel's alone. */
	if (f->place == VIGIL_EXEC_PLACE_NEITHER || !f->user_page)
		return decide_unreadable(f, w, VIGIL_UNREADABLE_REASON_ADDRESS);

	j = vigil_exec_judge(&f->code);
	if (j.wants_mapping)
		return read_next(VIGIL_EXEC_READ_MAPPING);
	if (j.rules & f->rules) {
		d = decide_action(f, VIGIL_EXEC_SOURCE_PROTECTED,
				  VIGIL_EXEC_REPORT_RULES, f->action);
		d.rules = j.rules & f->rules;
		d.kill = d.action == VIGIL_ACTION_KILL;
		return d;
	}
	if (j.unsure & f->rules)
		return decide_unreadable(f, w,
					 f->code.page.kind == VIGIL_PAGE_KIND_UNKNOWN ?
					 VIGIL_UNREADABLE_REASON_PAGE :
					 VIGIL_UNREADABLE_REASON_MAPPING);
	d = decide_grant(f, VIGIL_EXEC_SOURCE_PROTECTED);
	/* Another entry may have the rule. */
	d.brief = (j.rules || j.unsure) && is_shareable(f);
	/*
	 * What the file decided holds for its other pages.  Where a rule matches
	 * that the entry doesn't have the mapping may have decided.  Who waits to
	 * write to the page doesn't wait for others' sake.
	 */
	d.grant_around = d.verdict == KVM_EXEC_GRANT && !j.rules && !j.unsure &&
			 !f->starved &&
			 (f->code.page.kind == VIGIL_PAGE_KIND_FILE ||
			  f->code.page.kind == VIGIL_PAGE_KIND_SHMEM) &&
			 !f->code.page.shared_writable;
	return d;
}

/* The guest's kernel, but for what is user mode's and runs with its rights. */
static bool is_kernel_code(const struct vigil_exec_facts *f)
{
	return f->cpl < 3 &&
	       (!f->proved || f->mode != KVM_EXEC_MODE_LONG ||
		!is_user_address(f->rip) ||
		(vigil_exec_is_placed(f) && !f->user_page));
}

static struct vigil_exec_decision decide_fetch(const struct vigil_exec_facts *f,
					       struct vigil_exec_wait *w)
{
	struct vigil_exec_decision d;

	/* For the guest's own processes the page stays closed. */
	if (f->nested) {
		d = decide_grant(f, VIGIL_EXEC_SOURCE_OTHER);
		d.report = VIGIL_EXEC_REPORT_NESTED;
		return d;
	}
	if (f->smm)
		return decide_grant(f, VIGIL_EXEC_SOURCE_OTHER);
	if (is_kernel_code(f)) {
		d = decide_grant(f, VIGIL_EXEC_SOURCE_KERNEL);
		/* The guest reboots, or a CPU of it starts. */
		d.doubt = f->proved && f->mode == KVM_EXEC_MODE_REAL;
		return d;
	}
	if (!f->proved)
		return decide_without_profile(f);
	/* Linux on x86-64 has no user mode outside of long mode. */
	if (f->mode != KVM_EXEC_MODE_LONG) {
		d = decide_without_profile(f);
		d.doubt = true;
		return d;
	}
	if (f->cpl < 3 && f->place == VIGIL_EXEC_PLACE_NOT_READ)
		return read_next(VIGIL_EXEC_READ_PAGE);

	switch (f->process) {
	case VIGIL_EXEC_PROCESS_NOT_READ:
		return read_next(VIGIL_EXEC_READ_PROCESS);
	case VIGIL_EXEC_PROCESS_UNREADABLE:
		return decide_unreadable(f, w, VIGIL_UNREADABLE_REASON_PROCESS);
	case VIGIL_EXEC_PROCESS_NO_MEMORY:
		return decide_unreadable(f, w, VIGIL_UNREADABLE_REASON_MEMORY);
	case VIGIL_EXEC_PROCESS_OTHER_KERNEL:
		d = decide_without_profile(f);
		d.doubt = true;
		return d;
	case VIGIL_EXEC_PROCESS_KNOWN:
		break;
	}
	if (f->condemned)
		return (struct vigil_exec_decision){
			.verdict = KVM_EXEC_REFUSE,
			.source = VIGIL_EXEC_SOURCE_PROTECTED,
			.upset_stack = f->cpl == 3,
		};
	if (!f->protected)
		return decide_unprotected(f);
	return decide_code(f, w);
}

/**
 * vigil_exec_decide - Decide about a fetch, or ask for what decides
 * @f: What is known.
 * @w: The vCPU's, kept from one fetch to the next; zeroed at first.  NULL if there
 *	is no memory for one: then nothing is tried again.
 *
 * A fetch of the guest's kernel from a page of user mode, which it can do where
 * SMEP is off, is one of the process that is current: what runs there once could
 * run in user mode after it.
 *
 * Return: A step, or the answer.
 */
struct vigil_exec_decision
vigil_exec_decide(const struct vigil_exec_facts *f, struct vigil_exec_wait *w)
{
	struct vigil_exec_decision d;

	d = decide_fetch(f, w);
	/* What was answered begins anew when it comes again. */
	if (w && d.step == VIGIL_EXEC_ANSWER && d.verdict != KVM_EXEC_RETRY &&
	    w->gfn == f->gfn && w->rip == f->rip)
		w->begin = 0;
	return d;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_exec_decide);
