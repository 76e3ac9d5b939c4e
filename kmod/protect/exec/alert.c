// SPDX-License-Identifier: GPL-2.0
/*
 * Exec protection: the alerts.
 */
#include <linux/kvm_host.h>
#include <linux/once.h>
#include <linux/random.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "core/count.h"
#include "protect/exec/fetch.h"
#include "trace.h"

/* In a key, where rules are of an alert about rules. */
#define KEY_UNREADABLE	BIT(31)

/*
 * Code on a stack is where the exploitation of a client program begins.  All
 * other code that comes from nowhere is called injected, whoever put it there.
 */
static const char *mitre_id(u32 rules)
{
	return rules & VIGIL_EXEC_RULE_STACK ? "T1203" : "T1055";
}

/**
 * vigil_exec_alert_process - Describe the process of a fetch
 * @fetch: the fetch context, its task read
 * @p: the description
 */
void vigil_exec_alert_process(struct vigil_fetch *fetch,
			      struct vigil_alert_process *p)
{
	const struct vigil_task *t = &fetch->task;
	struct vigil_mm_layout layout;

	p->task = t->task;
	p->mm = t->mm;
	p->root = t->root;
	p->start_time = t->start_time;
	p->pid = t->pid;
	p->ppid = t->ppid;
	p->uid = t->uid;
	p->gid = t->gid;
	strscpy(p->comm, t->comm, sizeof(p->comm));
	if (vigil_linux_mm_layout(&fetch->lx, t->mm, &layout) ||
	    !layout.exe_file ||
	    vigil_linux_file_path(&fetch->lx, layout.exe_file, p->exe,
				  sizeof(p->exe)))
		p->exe[0] = '\0';
}

static void alert_set_vma(struct vigil_alert_vma *v, struct vigil_fetch *fetch,
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

/* Owns @alert. */
static u64 alert_raise(struct vigil_fetch *fetch, struct vigil_alert *alert,
		       const struct vigil_exec_facts *facts,
		       const struct vigil_exec_decision *d,
		       const struct vigil_alert_key *key, u32 folded)
{
	const bool placed = facts->place == VIGIL_EXEC_PLACE_FIRST ||
			    facts->place == VIGIL_EXEC_PLACE_SECOND;
	const unsigned int offset =
		offset_in_page(placed ? fetch->addr : fetch->event->gpa);

	alert->kind = d->report == VIGIL_EXEC_REPORT_RULES ?
		      VIGIL_ALERT_KIND_EXEC : VIGIL_ALERT_KIND_UNREADABLE;
	alert->key = *key;
	alert->folded = folded;
	alert->protect_id = key->entry;
	alert->asked = d->action;
	alert->outcome = d->action == VIGIL_ACTION_OBSERVE ?
			 VIGIL_OUTCOME_ALLOWED : VIGIL_OUTCOME_BLOCKED;
	alert->reason = d->reason;
	if (d->report == VIGIL_EXEC_REPORT_RULES)
		alert->mitre = mitre_id(d->rules);

	alert->has_cpu = true;
	alert->has_fetch = true;
	alert->vcpu = fetch->vcpu->vcpu_idx;
	alert->gpa = fetch->event->gpa;
	alert->rip = fetch->event->rip;
	alert->cpu = fetch->cpu;
	alert->page = facts->code.page.kind;
	/* From the first byte that is on the page; none if it can't be read. */
	if (key->content) {
		alert->code_len = min_t(size_t, sizeof(alert->code),
					sizeof(fetch->page) - offset);
		memcpy(alert->code, (const u8 *)fetch->page + offset,
		       alert->code_len);
	}
	alert_set_vma(&alert->vma, fetch, facts);
	if (facts->process == VIGIL_EXEC_PROCESS_KNOWN) {
		alert->tid = fetch->task.tid;
		vigil_exec_alert_process(fetch, &alert->process);
	}
	vigil_count(fetch->vm, VIGIL_COUNT_ALERTS);
	return vigil_alert_raise(fetch->vm, alert);
}

/**
 * vigil_exec_alert - Report a decision, unless the same was reported just now
 * @fetch: the fetch context
 * @facts: what was known
 * @d: the decision, which has rules or a reason to report
 * @raised: set if there is a new alert
 *
 * May sleep.  Return: the sequence number of the alert, or of the last one like
 * it; 0 if there was none.
 */
u64 vigil_exec_alert(struct vigil_fetch *fetch,
		     const struct vigil_exec_facts *facts,
		     const struct vigil_exec_decision *d, bool *raised)
{
	const bool known = facts->process == VIGIL_EXEC_PROCESS_KNOWN;
	static siphash_key_t siphash_key __read_mostly;
	struct vigil_alert_key key = {
		.page = fetch->event->gpa & PAGE_MASK,
		.rules = d->report == VIGIL_EXEC_REPORT_RULES ?
			 d->rules : KEY_UNREADABLE | d->reason,
	};
	struct vigil_alert *alert;
	u32 folded;
	u64 seq;

	*raised = false;
	/* Before it counts as reported. */
	alert = kzalloc(sizeof(*alert), GFP_KERNEL_ACCOUNT);
	if (!alert)
		return 0;
	/* Keyed: no guest can make new code look like what was reported before. */
	get_random_once(&siphash_key, sizeof(siphash_key));
	/* The page is frozen. */
	if (!vigil_gpa_read(&fetch->gmem.gm, fetch->event->gpa & PAGE_MASK,
			    fetch->page, sizeof(fetch->page)))
		key.content = siphash(fetch->page, sizeof(fetch->page),
				      &siphash_key) ?: 1;
	if (known) {
		key.process = fetch->task.start_time;
		key.mm = fetch->task.mm;
		key.entry = fetch->entry->id;
	}
	*raised = vigil_alerts_admit(&fetch->vm->alerts, &key, ktime_get_ns(),
				     &folded, &seq);
	if (*raised)
		seq = alert_raise(fetch, alert, facts, d, &key, folded);
	else
		kfree(alert);
	trace_vigil_exec_judge(fetch->vm->id, known ? fetch->task.pid : 0,
			       known ? fetch->task.comm : "", fetch->addr,
			       key.rules, d->action, seq);
	return seq;
}

/**
 * vigil_exec_alert_vm - Report what is of the VM, and of no process that is known
 * @vm: the VM
 * @kind: the kind of alert
 * @reason: what could not be told, of the kind unreadable
 * @action: what was asked for
 *
 * May sleep.  The caller bounds how often it reports the other kinds.
 */
void vigil_exec_alert_vm(struct vigil_vm *vm, enum vigil_alert_kind kind,
			 enum vigil_unreadable_reason reason,
			 enum vigil_action action)
{
	const struct vigil_alert_key key = { .rules = KEY_UNREADABLE | reason };
	struct vigil_alert *alert;
	u32 folded = 0;
	u64 seq;

	alert = kzalloc(sizeof(*alert), GFP_KERNEL_ACCOUNT);
	if (!alert)
		return;
	if (kind == VIGIL_ALERT_KIND_UNREADABLE &&
	    !vigil_alerts_admit(&vm->alerts, &key, ktime_get_ns(), &folded,
				&seq)) {
		kfree(alert);
		return;
	}
	alert->kind = kind;
	if (kind == VIGIL_ALERT_KIND_UNREADABLE)
		alert->key = key;
	alert->folded = folded;
	alert->reason = reason;
	alert->asked = action;
	alert->outcome = action == VIGIL_ACTION_OBSERVE ?
			 VIGIL_OUTCOME_ALLOWED : VIGIL_OUTCOME_BLOCKED;
	vigil_count(vm, VIGIL_COUNT_ALERTS);
	vigil_alert_raise(vm, alert);
}
