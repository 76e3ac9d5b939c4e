// SPDX-License-Identifier: GPL-2.0
/*
 * Exec protection: the alerts.
 */
#include <linux/hash.h>
#include <linux/kvm_host.h>
#include <linux/once.h>
#include <linux/random.h>
#include <linux/sizes.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <net/netlink.h>

#include "protect/alert_process.h"
#include "protect/exec/alert.h"
#include "protect/exec/fetch.h"
#include "trace.h"

/* In a key, where rules are of an event that is about rules. */
#define KEY_UNREADABLE	BIT(31)

#define ALERT_CODE	128

struct exec_alert_vma {
	u64 start;
	u64 end;
	u64 flags;
	u64 pgoff;
	enum vigil_vma_kind kind;
	/* Empty if there is no file. */
	char path[VIGIL_PATH_SIZE];
};

/* Code that was fetched. */
struct vigil_exec_alert {
	struct vigil_alert header;
	/* Valid for the kind exec. */
	u32 rules;
	/* Valid for the kind unreadable. */
	enum vigil_unreadable_reason reason;
	/* And all of the following, of a fetch whose guest was read. */
	bool has_fetch;
	u8 code_len;
	u8 code[ALERT_CODE];
	u32 vcpu;
	u32 tid;
	u64 gpa;
	/* Linear. */
	u64 rip;
	struct vigil_cpu cpu;
	enum vigil_page_kind page;
	struct exec_alert_vma vma;
	struct vigil_alert_process process;
	struct vigil_alert_program program;
};

static_assert(sizeof(struct vigil_exec_alert) <= SZ_4K);
/* The message: the header, rules or reason, the process, the CPU, code and VMA. */
static_assert(VIGIL_ALERT_HEADER_MSG + VIGIL_ATTR_SIZE(sizeof(u32)) +
	      VIGIL_ALERT_PROCESS_MSG +
	      3 * VIGIL_ATTR_SIZE(sizeof(u32)) +
	      5 * VIGIL_ATTR_SIZE(sizeof(u64)) +
	      VIGIL_ATTR_SIZE(sizeof_field(struct vigil_cpu, gpr)) +
	      VIGIL_ATTR_SIZE(ALERT_CODE) +
	      VIGIL_ATTR_SIZE(0) + 5 * VIGIL_ATTR_SIZE(sizeof(u64)) +
	      VIGIL_ATTR_SIZE(VIGIL_PATH_SIZE) <= VIGIL_ALERT_MSG_SIZE);

/* --- messages ------------------------------------------------------------- */

static int exec_alert_put_vma(struct sk_buff *msg,
			      const struct exec_alert_vma *v)
{
	struct nlattr *nest;

	nest = nla_nest_start(msg, VIGIL_A_ALERT_VMA);
	if (!nest ||
	    nla_put_uint(msg, VIGIL_A_VMA_START, v->start) ||
	    nla_put_uint(msg, VIGIL_A_VMA_END, v->end) ||
	    nla_put_uint(msg, VIGIL_A_VMA_FLAGS, v->flags) ||
	    nla_put_uint(msg, VIGIL_A_VMA_PGOFF, v->pgoff) ||
	    nla_put_u32(msg, VIGIL_A_VMA_KIND, v->kind))
		return -EMSGSIZE;
	if (v->path[0] && nla_put_string(msg, VIGIL_A_VMA_PATH, v->path))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int exec_alert_put_fetch(struct sk_buff *msg,
				const struct vigil_exec_alert *a)
{
	const struct vigil_cpu *cpu = &a->cpu;

	if (vigil_alert_process_put(msg, VIGIL_A_ALERT_PROCESS, &a->process,
				    &a->program) ||
	    nla_put_u32(msg, VIGIL_A_ALERT_TID, a->tid) ||
	    nla_put_u32(msg, VIGIL_A_ALERT_VCPU, a->vcpu) ||
	    nla_put_uint(msg, VIGIL_A_ALERT_RIP, a->rip) ||
	    nla_put_uint(msg, VIGIL_A_ALERT_RSP, cpu->gpr[VIGIL_CPU_RSP]) ||
	    nla_put_uint(msg, VIGIL_A_ALERT_RFLAGS, cpu->rflags) ||
	    nla_put_uint(msg, VIGIL_A_ALERT_CR3, cpu->cr3) ||
	    nla_put_uint(msg, VIGIL_A_ALERT_GPA, a->gpa) ||
	    nla_put(msg, VIGIL_A_ALERT_REGISTERS, sizeof(cpu->gpr),
		    cpu->gpr) ||
	    nla_put_u32(msg, VIGIL_A_ALERT_PAGE, a->page))
		return -EMSGSIZE;
	if (a->code_len &&
	    nla_put(msg, VIGIL_A_ALERT_CODE, a->code_len, a->code))
		return -EMSGSIZE;
	return exec_alert_put_vma(msg, &a->vma);
}

static int exec_alert_put(struct sk_buff *msg, const struct vigil_alert *alert)
{
	const struct vigil_exec_alert *a =
		container_of(alert, struct vigil_exec_alert, header);

	if (alert->kind == VIGIL_ALERT_KIND_EXEC ?
	    nla_put_u32(msg, VIGIL_A_ALERT_RULE, a->rules) :
	    nla_put_u32(msg, VIGIL_A_ALERT_REASON, a->reason))
		return -EMSGSIZE;
	return a->has_fetch ? exec_alert_put_fetch(msg, a) : 0;
}

static void exec_alert_free(struct vigil_alert *alert)
{
	kfree(container_of(alert, struct vigil_exec_alert, header));
}

static const struct vigil_alert_ops exec_alert_ops = {
	.put = exec_alert_put,
	.free = exec_alert_free,
};

/* --- what is said of a fetch ---------------------------------------------- */

/*
 * Code on a stack is where the exploitation of a client program begins.  All
 * other code that comes from nowhere is called injected, whoever put it there.
 */
static const char *mitre_id(u32 rules)
{
	return rules & VIGIL_EXEC_RULE_STACK ? "T1203" : "T1055";
}

static void alert_set_process(struct vigil_alert_process *p,
			      const struct vigil_task *t)
{
	p->task = t->task;
	p->mm = t->mm;
	p->root = t->root;
	p->start_time = t->start_time;
	p->pid = t->pid;
	p->ppid = t->ppid;
	p->uid = t->uid;
	p->gid = t->gid;
	strscpy(p->comm, t->comm, sizeof(p->comm));
}

static void alert_set_vma(struct exec_alert_vma *v, struct vigil_fetch *fetch,
			  const struct vigil_exec_facts *facts)
{
	const struct vigil_vma *vma = &fetch->vma;

	v->kind = VIGIL_VMA_KIND_UNKNOWN;
	if (facts->code.mapping != VIGIL_EXEC_MAPPING_FOUND)
		return;
	v->start = vma->start;
	v->end = vma->end;
	v->flags = vma->flags;
	v->pgoff = vma->pgoff;
	v->kind = vma->kind;
	if (!vma->file ||
	    vigil_linux_file_path(&fetch->lx, vma->file, v->path,
				  sizeof(v->path)))
		v->path[0] = '\0';
}

/*
 * From the first byte that is on the page, which is frozen; none if it can't be
 * read.
 */
static void alert_set_code(struct vigil_exec_alert *a,
			   struct vigil_fetch *fetch,
			   const struct vigil_exec_facts *facts)
{
	const u64 at = vigil_exec_is_placed(facts) ? fetch->addr :
						     fetch->event->gpa;
	const unsigned int offset = offset_in_page(at);
	const size_t len = min_t(size_t, sizeof(a->code), PAGE_SIZE - offset);

	if (!vigil_gpa_read(&fetch->gmem.gm,
			    (fetch->event->gpa & PAGE_MASK) + offset, a->code,
			    len))
		a->code_len = len;
}

static void alert_set_fetch(struct vigil_exec_alert *a,
			    struct vigil_fetch *fetch,
			    const struct vigil_exec_facts *facts)
{
	a->has_fetch = true;
	a->vcpu = fetch->vcpu->vcpu_idx;
	a->gpa = fetch->event->gpa;
	a->rip = fetch->event->rip;
	a->cpu = fetch->cpu;
	a->page = facts->code.page.kind;
	alert_set_code(a, fetch, facts);
	alert_set_vma(&a->vma, fetch, facts);
	if (facts->process != VIGIL_EXEC_PROCESS_KNOWN)
		return;
	a->tid = fetch->task.tid;
	alert_set_process(&a->process, &fetch->task);
	vigil_alert_program_read(&a->program, &fetch->lx, &fetch->task);
}

/* --- events --------------------------------------------------------------- */

/* Keyed, so that no guest can make two of what it hashes look like one. */
static const siphash_key_t *alert_hash(void)
{
	static siphash_key_t hash __read_mostly;

	get_random_once(&hash, sizeof(hash));
	return &hash;
}

/*
 * Was this page executed by this process before, when it was an event as well?
 * What a frame was to a process that had it earlier doesn't matter.  A newer page
 * may have taken the place.
 */
static bool alert_is_rewritten(struct vigil_fetch *fetch)
{
	const u64 gfn = gpa_to_gfn(fetch->event->gpa);
	u64 *slot = &fetch->vm->exec->alerted[hash_64(gfn,
						      ilog2(VIGIL_EXEC_ALERTED))];
	const u64 id = siphash_3u64(gfn, fetch->task.mm, fetch->task.start_time,
				    alert_hash());
	const bool before = READ_ONCE(*slot) == id;

	WRITE_ONCE(*slot, id);
	return before && fetch->event->flips;
}

/*
 * Code that came in one piece: a mapping; where it is taken away, what of it is
 * of one file; or the neighbourhood.  What was written to a page that ran before
 * is a piece of its own.
 */
static u64 alert_piece(struct vigil_fetch *fetch,
		       const struct vigil_exec_facts *facts)
{
	const siphash_key_t *hash = alert_hash();

	/* The page is frozen. */
	if (facts->process == VIGIL_EXEC_PROCESS_KNOWN &&
	    alert_is_rewritten(fetch) &&
	    !vigil_gpa_read(&fetch->gmem.gm, fetch->event->gpa & PAGE_MASK,
			    fetch->page, sizeof(fetch->page)))
		return siphash(fetch->page, sizeof(fetch->page), hash);
	if (facts->code.mapping == VIGIL_EXEC_MAPPING_FOUND)
		return siphash_3u64(0, fetch->task.mm, fetch->vma.start,
				    hash);
	if (vigil_exec_is_placed(facts) && facts->code.page.mapping)
		return siphash_2u64(1, facts->code.page.mapping, hash);
	return siphash_2u64(2, fetch->event->rip & ~(SZ_2M - 1ULL), hash);
}

/*
 * Who a process can't help to be alike with: a process without privileges gets
 * away neither from its user nor from its control group by exec() or fork().
 */
static u64 alert_group(struct vigil_fetch *fetch)
{
	const struct vigil_task *t = &fetch->task;

	return siphash_2u64(t->uid, vigil_linux_cgroup_id(&fetch->lx, t->leader),
			    alert_hash());
}

static struct vigil_alert_key alert_key(struct vigil_fetch *fetch,
					const struct vigil_exec_facts *facts,
					const struct vigil_exec_decision *d)
{
	struct vigil_alert_key key = {
		.piece = alert_piece(fetch, facts),
		.what = d->report == VIGIL_EXEC_REPORT_RULES ?
			d->rules : KEY_UNREADABLE | d->reason,
	};

	if (facts->process == VIGIL_EXEC_PROCESS_KNOWN) {
		key.identity = fetch->who.identity;
		key.group = alert_group(fetch);
		key.process = siphash_2u64(fetch->task.pid,
					   fetch->task.start_time,
					   alert_hash());
		key.entry = fetch->who.entry ? fetch->who.entry->id : 0;
	}
	return key;
}

/* Return: NULL: there is no memory; the event is counted. */
static struct vigil_exec_alert *
alert_new(struct vigil_vm *vm, const struct vigil_alert_key *key,
	  struct vigil_alert_admission *adm, enum vigil_action action)
{
	struct vigil_exec_alert *a;

	a = kzalloc(sizeof(*a), GFP_KERNEL_ACCOUNT);
	if (!a) {
		vigil_alert_withdraw(vm, key, adm);
		return NULL;
	}
	a->header.ops = &exec_alert_ops;
	a->header.key = *key;
	a->header.class = adm->class;
	a->header.folded = adm->folded;
	a->header.entry = key->entry;
	a->header.has_verdict = true;
	a->header.asked = action;
	a->header.outcome = action == VIGIL_ACTION_OBSERVE ?
			    VIGIL_OUTCOME_ALLOWED : VIGIL_OUTCOME_BLOCKED;
	return a;
}

/**
 * vigil_exec_alert - Report a decision, unless its source has had its share
 * @fetch: the fetch context
 * @facts: what was known
 * @d: the decision, which has rules or a reason to report
 * @raised: set if there is a new alert
 *
 * May sleep.  Return: the sequence number of the alert, or of the last one about
 * the process; 0 if none is known.
 */
u64 vigil_exec_alert(struct vigil_fetch *fetch,
		     const struct vigil_exec_facts *facts,
		     const struct vigil_exec_decision *d, bool *raised)
{
	const bool known = facts->process == VIGIL_EXEC_PROCESS_KNOWN;
	const struct vigil_alert_key key = alert_key(fetch, facts, d);
	struct vigil_alert_admission adm;
	struct vigil_exec_alert *a = NULL;
	u64 seq;

	if (vigil_alert_admit(fetch->vm, &key, &adm))
		a = alert_new(fetch->vm, &key, &adm, d->action);
	seq = adm.seq;
	*raised = a;
	if (a) {
		if (d->report == VIGIL_EXEC_REPORT_RULES) {
			a->header.kind = VIGIL_ALERT_KIND_EXEC;
			a->header.mitre = mitre_id(d->rules);
			a->rules = d->rules;
		} else {
			a->header.kind = VIGIL_ALERT_KIND_UNREADABLE;
			a->reason = d->reason;
		}
		alert_set_fetch(a, fetch, facts);
		seq = vigil_alert_raise(fetch->vm, &a->header);
	}
	trace_vigil_exec_judge(fetch->vm->id, known ? fetch->task.pid : 0,
			       known ? fetch->task.comm : "", fetch->addr,
			       key.what, d->action, seq);
	return seq;
}

/**
 * vigil_exec_alert_condemn - The process of a fetch runs no more
 * @exec: the VM's exec protection
 * @fetch: the fetch context, its process known and protected
 * @seq: the alert about the process, or 0: it was only counted
 * @raised: that is a new one
 *
 * May sleep.
 */
void vigil_exec_alert_condemn(struct vigil_exec *exec,
			      struct vigil_fetch *fetch, u64 seq, bool raised)
{
	struct vigil_kill_alert *outcome;
	int err;

	/* Now, because what is known later has to be told. */
	outcome = vigil_exec_kill_alert(fetch->who.entry->id);
	if (!outcome)
		return;
	alert_set_process(&outcome->process, &fetch->task);
	vigil_alert_program_read(&outcome->program, &fetch->lx, &fetch->task);
	err = vigil_exec_condemn(&exec->kill, &fetch->task, outcome, seq);
	if (!err || (err == -EEXIST && raised))
		vigil_exec_kill_begin(&exec->kill);
	if (!err)
		return;
	if (err != -EEXIST && raised)
		/* This fetch is refused, and the process goes on. */
		vigil_exec_kill_tell(exec->vm, outcome, seq,
				     VIGIL_OUTCOME_ALIVE);
	else
		vigil_alert_put(&outcome->header);
}

/**
 * vigil_exec_alert_unreadable - Nothing of the guest could be read for a fetch
 * @vm: the VM
 * @reason: what could not be told
 * @action: what was asked for
 *
 * May sleep.
 */
void vigil_exec_alert_unreadable(struct vigil_vm *vm,
				 enum vigil_unreadable_reason reason,
				 enum vigil_action action)
{
	const struct vigil_alert_key key = { .what = KEY_UNREADABLE | reason };
	struct vigil_alert_admission adm;
	struct vigil_exec_alert *a;

	if (!vigil_alert_admit(vm, &key, &adm))
		return;
	a = alert_new(vm, &key, &adm, action);
	if (!a)
		return;
	a->header.kind = VIGIL_ALERT_KIND_UNREADABLE;
	a->reason = reason;
	vigil_alert_raise(vm, &a->header);
}

/**
 * vigil_exec_alert_without_profile - User code runs, or not, without a profile
 * @vm: the VM
 * @action: what was asked for
 *
 * May sleep.  The caller bounds how often it reports.
 *
 * Return: false: there is no memory for it.
 */
bool vigil_exec_alert_without_profile(struct vigil_vm *vm,
				      enum vigil_action action)
{
	struct vigil_alert *alert = kzalloc(sizeof(*alert), GFP_KERNEL_ACCOUNT);

	if (!alert)
		return false;
	alert->kind = VIGIL_ALERT_KIND_WITHOUT_PROFILE;
	alert->class = vigil_alerts_class_of(&vm->alerts, alert->kind);
	alert->has_verdict = true;
	alert->asked = action;
	alert->outcome = action == VIGIL_ACTION_OBSERVE ?
			 VIGIL_OUTCOME_ALLOWED : VIGIL_OUTCOME_BLOCKED;
	vigil_alert_raise(vm, alert);
	return true;
}
