/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The answer to an instruction fetch.  Pure: facts in; verdict and report out.
 */
#ifndef _VIGIL_EXEC_DECIDE_H
#define _VIGIL_EXEC_DECIDE_H

#include <linux/time64.h>
#include <linux/types.h>

#include "core/flavour.h"
#include "protect/exec/judge.h"

/**
 * enum vigil_exec_step - What decides next
 * @VIGIL_EXEC_ANSWER: Nothing, the verdict is there.
 * @VIGIL_EXEC_READ_PROCESS: Whose fetch is it?  Sets &vigil_exec_facts.process
 *	and what follows it.
 * @VIGIL_EXEC_READ_PAGE: What is fetched?  Sets &vigil_exec_facts.place and
 *	@code but for the mapping.
 * @VIGIL_EXEC_READ_MAPPING: Sets the mapping in &vigil_exec_facts.code, and
 *	@place if that is not what it was.
 */
enum vigil_exec_step {
	VIGIL_EXEC_ANSWER,
	VIGIL_EXEC_READ_PROCESS,
	VIGIL_EXEC_READ_PAGE,
	VIGIL_EXEC_READ_MAPPING,
};

/**
 * enum vigil_exec_process - Whose fetch it is
 * @VIGIL_EXEC_PROCESS_NOT_READ: Nobody asked the guest yet.
 * @VIGIL_EXEC_PROCESS_KNOWN: The current task of the vCPU.
 * @VIGIL_EXEC_PROCESS_UNREADABLE: The current task makes no sense, or does not
 *	own the address space that is loaded.
 * @VIGIL_EXEC_PROCESS_NO_MEMORY: The host has none left to find out.
 * @VIGIL_EXEC_PROCESS_OTHER_KERNEL: Another kernel than the profile's runs.
 */
enum vigil_exec_process {
	VIGIL_EXEC_PROCESS_NOT_READ,
	VIGIL_EXEC_PROCESS_KNOWN,
	VIGIL_EXEC_PROCESS_UNREADABLE,
	VIGIL_EXEC_PROCESS_NO_MEMORY,
	VIGIL_EXEC_PROCESS_OTHER_KERNEL,
};

/**
 * enum vigil_exec_place - Which page of the instruction is fetched
 * @VIGIL_EXEC_PLACE_NOT_READ: Nobody asked the guest yet.
 * @VIGIL_EXEC_PLACE_FIRST: The one that RIP is in.
 * @VIGIL_EXEC_PLACE_SECOND: The next one, where the instruction goes on.
 * @VIGIL_EXEC_PLACE_NEITHER: The guest's page tables have another page at both
 *	addresses by now.
 */
enum vigil_exec_place {
	VIGIL_EXEC_PLACE_NOT_READ,
	VIGIL_EXEC_PLACE_FIRST,
	VIGIL_EXEC_PLACE_SECOND,
	VIGIL_EXEC_PLACE_NEITHER,
};

/**
 * struct vigil_exec_facts - What is known of a fetch
 */
struct vigil_exec_facts {
	/* The fetch; known from the start. */
	u64 gfn;
	/** @rip: Linear. */
	u64 rip;
	/** @now: A monotonic clock, in nanoseconds. */
	u64 now;
	u8 cpl;
	/** @mode: enum kvm_exec_mode */
	u8 mode;
	/** @nested: Of a guest's guest. */
	bool nested;
	bool smm;
	/** @self_write: The instruction wrote to the page it is on. */
	bool self_write;
	/**
	 * @starved: It comes again and again, because others write to the page as
	 * soon as it is granted.  KVM has them wait for the answer, and for the
	 * fetch if that is a grant: the answer is what it would be without them.
	 */
	bool starved;
	/** @was_refused: The last judgement of this page was a refusal. */
	bool was_refused;
	/** @vcpu_waits: Another vCPU wants to run, and the host doesn't let it. */
	bool vcpu_waits;
	/** @proved: There is a proved profile of a Linux guest. */
	bool proved;
	/** @without_profile: Strictest of the entries' answers without one. */
	enum vigil_action without_profile;
	/** @strictest: Strictest of the entries' actions. */
	enum vigil_action strictest;

	enum vigil_exec_process process;
	/* Valid if @process is known. */
	/** @condemned: It runs no more. */
	bool condemned;
	/** @kin_differ: Who shares its memory by fork() or clone() has another entry. */
	bool kin_differ;
	/** @protected: An entry matches it; its @rules and @action follow. */
	bool protected;
	u32 rules;
	enum vigil_action action;

	enum vigil_exec_place place;
	/* Valid if @place is one of the two. */
	/** @user_page: User mode may access it. */
	bool user_page;
	struct vigil_exec_code code;
};

/* Is it known at which address the page is fetched? */
static inline bool vigil_exec_is_placed(const struct vigil_exec_facts *f)
{
	return f->place == VIGIL_EXEC_PLACE_FIRST ||
	       f->place == VIGIL_EXEC_PLACE_SECOND;
}

/**
 * struct vigil_exec_wait - How long a vCPU has been fetching what can't be told
 */
struct vigil_exec_wait {
	/** @gfn: Of the fetch; another one, or another @rip, begins anew. */
	u64 gfn;
	u64 rip;
	/** @begin: Of the first attempt, in nanoseconds; 0: there was none. */
	u64 begin;
	/** @last: Of the last one. */
	u64 last;
	/** @waited: Time that counts, because no vCPU was held up meanwhile. */
	u64 waited;
};

/* How long the guest may take to make up its mind, in nanoseconds. */
#define VIGIL_EXEC_WAIT		(10ULL * NSEC_PER_MSEC)
/* The same with vCPUs that don't get to run for lack of the host's processors. */
#define VIGIL_EXEC_WAIT_MAX	(100ULL * NSEC_PER_MSEC)
/* After this time without an attempt it is another one. */
#define VIGIL_EXEC_WAIT_STALE	(1ULL * NSEC_PER_SEC)

/**
 * enum vigil_exec_report - What is reported beside the answer
 * @VIGIL_EXEC_REPORT_NOTHING: nothing
 * @VIGIL_EXEC_REPORT_RULES: Rules of the process' entry match.
 * @VIGIL_EXEC_REPORT_UNREADABLE: The action was the answer, because no better one
 *	could be found; @reason says why.
 * @VIGIL_EXEC_REPORT_NESTED: The guest runs guests of its own.
 * @VIGIL_EXEC_REPORT_WITHOUT_PROFILE: User code, and no proved profile.
 */
enum vigil_exec_report {
	VIGIL_EXEC_REPORT_NOTHING,
	VIGIL_EXEC_REPORT_RULES,
	VIGIL_EXEC_REPORT_UNREADABLE,
	VIGIL_EXEC_REPORT_NESTED,
	VIGIL_EXEC_REPORT_WITHOUT_PROFILE,
};

/**
 * enum vigil_exec_source - Which of the counters the answer belongs to
 */
enum vigil_exec_source {
	VIGIL_EXEC_SOURCE_OTHER,
	VIGIL_EXEC_SOURCE_KERNEL,
	VIGIL_EXEC_SOURCE_UNPROTECTED,
	VIGIL_EXEC_SOURCE_PROTECTED,
	VIGIL_EXEC_SOURCE_WITHOUT_PROFILE,
};

/**
 * struct vigil_exec_decision - What to do
 */
struct vigil_exec_decision {
	enum vigil_exec_step step;
	/* All of the following is valid with %VIGIL_EXEC_ANSWER. */
	enum kvm_exec_verdict verdict;
	enum vigil_exec_source source;
	enum vigil_exec_report report;
	/** @rules: Those that match and that the entry has. */
	u32 rules;
	enum vigil_unreadable_reason reason;
	/** @action: What was asked for, if there is something to report. */
	enum vigil_action action;
	/** @kill: The process runs no more from now on. */
	bool kill;
	/** @upset_stack: It should have ended: move its stack pointer. */
	bool upset_stack;
	/** @doubt: Perhaps the guest is no longer the profile's. */
	bool doubt;
	/** @brief: The grant ends soon, because it holds for others as well. */
	bool brief;
	/** @grant_around: The answer holds for the file's pages nearby. */
	bool grant_around;
};

struct vigil_exec_decision
vigil_exec_decide(const struct vigil_exec_facts *f, struct vigil_exec_wait *w);

#endif /* _VIGIL_EXEC_DECIDE_H */
