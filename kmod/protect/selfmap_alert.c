// SPDX-License-Identifier: GPL-2.0
/*
 * Self-map protection: the alert about an entry.
 */
#include <linux/kvm_host.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "core/count.h"
#include "core/cpu.h"
#include "protect/selfmap_priv.h"

/* Page tables that user mode can write to are how a rootkit gets in. */
#define MITRE	"T1014"

/*
 * What is attacked again and again is told once: what the attacker chooses, as
 * the other bits of the entry, does not count.
 */
static struct vigil_alert_key
selfmap_make_key(const struct vigil_look *look,
		 const struct vigil_selfmap_entry *e, bool owned)
{
	return (struct vigil_alert_key){
		.process = owned ? look->table->process.create_time : 0,
		.mm = look->table->shape.root,
		.page = e->index,
		.content = VIGIL_ALERT_KIND_SELFMAP,
		.rules = e->found,
		.entry = look->check.block,
	};
}

static void selfmap_set_process(struct vigil_alert_process *to,
				const struct vigil_win_process *p)
{
	to->task = p->eprocess;
	to->root = vigil_selfmap_root(p->cr3);
	to->start_time = p->create_time;
	to->pid = p->pid;
	to->ppid = p->ppid;
	strscpy(to->comm, p->name, sizeof(to->comm));
}

static void selfmap_set_entry(struct vigil_alert *alert,
			      const struct vigil_look *look,
			      const struct vigil_selfmap_entry *e)
{
	alert->selfmap = (struct vigil_alert_selfmap){
		.table = look->table->kind,
		.root = look->table->shape.root,
		.slot = e->index,
		.finding = e->found,
		.old = e->old,
		.new = e->new,
		.value = e->value,
		.done = e->done,
		.by = look->by,
	};
}

/* Up to the end of its page; none if the guest can't be read there. */
static void selfmap_set_code(struct vigil_alert *alert, struct vigil_gmem *gm)
{
	size_t len = min_t(size_t, sizeof(alert->code),
			   PAGE_SIZE - offset_in_page(alert->rip));
	struct vigil_space space;

	vigil_space_init(&space, gm, alert->cpu.cr3,
			 vigil_cpu_levels(&alert->cpu));
	if (!vigil_virt_read(&space, alert->rip, alert->code, len))
		alert->code_len = len;
}

static void selfmap_set_module(struct vigil_alert *alert,
			       struct vigil_view *view)
{
	const char *module = vigil_windows_module_at(&view->win, alert->rip);

	if (module)
		strscpy(alert->module, module, sizeof(alert->module));
}

/* Who writes, on the thread of the vCPU that does. */
static void selfmap_set_originator(struct vigil_alert *alert,
				   struct vigil_look *look)
{
	struct vigil_win_process p;
	struct vigil_view view;

	alert->has_cpu = true;
	alert->vcpu = look->vcpu->vcpu_idx;
	vigil_cpu_read(look->vcpu, &alert->cpu);
	alert->rip = alert->cpu.rip;
	if (!vigil_view_open_as(&view, look->sm->vm,
				VIGIL_PROFILE_OS_WINDOWS)) {
		vigil_gmem_init_vcpu(&view.gmem, look->vcpu);
		selfmap_set_code(alert, &view.gmem.gm);
		selfmap_set_module(alert, &view);
		if (!vigil_windows_current(&view.win, &alert->cpu, &p))
			selfmap_set_process(&alert->process, &p);
	}
	vigil_view_close(&view);
}

static bool was_stopped(enum vigil_selfmap_done done)
{
	return done != VIGIL_SELFMAP_DONE_SEEN &&
	       done != VIGIL_SELFMAP_DONE_FAILED;
}

/* That System has another table is what is found then. */
static bool is_owned(struct vigil_look *look,
		     const struct vigil_selfmap_entry *e)
{
	if (e->found == VIGIL_SELFMAP_FINDING_PROCESS_CR3)
		return look->table->shape.owned;
	return vigil_look_owned(look);
}

static struct vigil_alert *
selfmap_new_alert(struct vigil_look *look, const struct vigil_selfmap_entry *e)
{
	bool owned = is_owned(look, e);
	struct vigil_alert_key key = selfmap_make_key(look, e, owned);
	struct vigil_alerts *alerts = &look->sm->vm->alerts;
	struct vigil_alert *alert;
	u32 folded;
	u64 seq;

	if (!vigil_alerts_admit(alerts, &key, ktime_get_ns(), &folded, &seq))
		return NULL;
	alert = kzalloc(sizeof(*alert), GFP_KERNEL_ACCOUNT);
	if (!alert)
		return NULL;
	alert->kind = VIGIL_ALERT_KIND_SELFMAP;
	alert->key = key;
	alert->folded = folded;
	alert->asked = look->check.block ? VIGIL_ACTION_BLOCK :
					   VIGIL_ACTION_OBSERVE;
	alert->outcome = was_stopped(e->done) ? VIGIL_OUTCOME_BLOCKED :
						VIGIL_OUTCOME_ALLOWED;
	alert->mitre = MITRE;
	selfmap_set_entry(alert, look, e);
	if (owned)
		selfmap_set_process(&alert->victim, &look->table->process);
	return alert;
}

static void selfmap_raise(struct vigil_look *look, struct vigil_alert *alert)
{
	vigil_count(look->sm->vm, VIGIL_COUNT_ALERTS);
	vigil_alert_raise(look->sm->vm, alert);
}

/* An entry was found wrong; who wrote it isn't known. */
void vigil_selfmap_alert(struct vigil_look *look,
			 const struct vigil_selfmap_entry *e)
{
	struct vigil_alert *alert = selfmap_new_alert(look, e);

	if (alert)
		selfmap_raise(look, alert);
}

/* A vCPU is about to write it, at @gpa. */
void vigil_selfmap_alert_write(struct vigil_look *look,
			       const struct vigil_selfmap_entry *e, u64 gpa)
{
	struct vigil_alert *alert = selfmap_new_alert(look, e);

	if (!alert)
		return;
	alert->gpa = gpa;
	selfmap_set_originator(alert, look);
	selfmap_raise(look, alert);
}
