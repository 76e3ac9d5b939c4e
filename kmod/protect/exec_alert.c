// SPDX-License-Identifier: GPL-2.0
/*
 * Exec protection: the alert about a fetch.
 */
#include <linux/kvm_host.h>
#include <linux/once.h>
#include <linux/random.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "core/count.h"
#include "protect/exec_priv.h"
#include "trace.h"

/*
 * Code on a stack is where the exploitation of a client program begins.  All
 * other code that comes from nowhere is called injected, whoever put it there.
 */
static const char *mitre_id(u32 rules)
{
	return rules & VIGIL_EXEC_RULE_STACK ? "T1203" : "T1055";
}

/* Keyed, so that no guest can make new code look like what was told before. */
static u64 hash_page(const struct vigil_desk *desk)
{
	static siphash_key_t key __read_mostly;

	get_random_once(&key, sizeof(key));
	return siphash(desk->page, sizeof(desk->page), &key);
}

static struct vigil_alert_key make_key(const struct vigil_desk *desk,
				       const struct vigil_protect *entry,
				       u32 rules)
{
	return (struct vigil_alert_key){
		.process = desk->task.start_time,
		.mm = desk->task.mm,
		.page = desk->event->gpa & PAGE_MASK,
		.content = hash_page(desk),
		.rules = rules,
		.entry = entry->id,
	};
}

/* Describes the process at the desk. */
void vigil_exec_process(struct vigil_desk *desk,
			struct vigil_alert_process *p)
{
	const struct vigil_task *t = &desk->task;
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
	if (vigil_linux_mm_layout(&desk->lx, t->mm, &layout) ||
	    !layout.exe_file ||
	    vigil_linux_file_path(&desk->lx, layout.exe_file, p->exe,
				  sizeof(p->exe)))
		p->exe[0] = '\0';
}

static void set_vma(struct vigil_alert_vma *v, struct vigil_desk *desk)
{
	const struct vigil_vma *vma = &desk->vma;

	v->start = vma->start;
	v->end = vma->end;
	v->flags = vma->flags;
	v->pgoff = vma->pgoff;
	v->kind = vma->kind;
	if (!vma->file || vigil_linux_file_path(&desk->lx, vma->file, v->path,
						sizeof(v->path)))
		v->path[0] = '\0';
}

/* From the first byte that is on the page. */
static void set_code(struct vigil_alert *alert, const struct vigil_desk *desk)
{
	unsigned int offset = offset_in_page(desk->addr);

	alert->code_len = min_t(size_t, sizeof(alert->code),
				sizeof(desk->page) - offset);
	memcpy(alert->code, (const u8 *)desk->page + offset, alert->code_len);
}

static void set_fetch(struct vigil_alert *alert, struct vigil_desk *desk)
{
	alert->has_cpu = true;
	alert->has_fetch = true;
	alert->tid = desk->task.tid;
	alert->vcpu = desk->vcpu->vcpu_idx;
	alert->gpa = desk->event->gpa;
	alert->rip = desk->event->rip;
	alert->cpu = desk->cpu;
	set_code(alert, desk);
	set_vma(&alert->vma, desk);
}

static u64 raise(struct vigil_desk *desk, const struct vigil_protect *entry,
		 const struct vigil_alert_key *key, u32 folded)
{
	struct vigil_alert *alert = kzalloc(sizeof(*alert), GFP_KERNEL_ACCOUNT);

	if (!alert)
		return 0;
	alert->kind = VIGIL_ALERT_KIND_EXEC;
	alert->key = *key;
	alert->folded = folded;
	alert->protect_id = entry->id;
	alert->asked = entry->action;
	alert->outcome = entry->action == VIGIL_ACTION_OBSERVE ?
			 VIGIL_OUTCOME_ALLOWED : VIGIL_OUTCOME_BLOCKED;
	alert->mitre = mitre_id(key->rules);
	set_fetch(alert, desk);
	vigil_exec_process(desk, &alert->process);
	vigil_count(desk->vm, VIGIL_COUNT_ALERTS);
	return vigil_alert_raise(desk->vm, alert);
}

/**
 * vigil_exec_alert - Tell that a rule matched, unless that was told just now
 * @desk: the fetch
 * @entry: what protects the process
 * @rules: the rules
 *
 * Return: the sequence number of the alert, or of the last one like it; 0 if
 * there was none.
 */
u64 vigil_exec_alert(struct vigil_desk *desk,
		     const struct vigil_protect *entry, u32 rules)
{
	struct vigil_alert_key key;
	u32 folded;
	u64 seq;

	/* The page is frozen; what can't be read is told without its code. */
	if (vigil_gpa_read(&desk->gmem.gm, desk->event->gpa & PAGE_MASK,
			   desk->page, sizeof(desk->page)))
		memset(desk->page, 0, sizeof(desk->page));
	key = make_key(desk, entry, rules);
	if (vigil_alerts_admit(&desk->vm->alerts, &key, ktime_get_ns(),
			       &folded, &seq))
		seq = raise(desk, entry, &key, folded);
	trace_vigil_exec_judge(desk->vm->id, desk->task.pid, desk->task.comm,
			       desk->addr, rules, entry->action, seq);
	return seq;
}
