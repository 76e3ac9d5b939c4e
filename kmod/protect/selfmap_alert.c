// SPDX-License-Identifier: GPL-2.0
/*
 * Self-map protection: the alert about an entry.
 */
#include <linux/kvm_host.h>
#include <linux/slab.h>
#include <net/netlink.h>

#include "core/cpu.h"
#include "protect/alert_process.h"
#include "protect/selfmap_priv.h"

/* Page tables that user mode can write to are how a rootkit gets in. */
#define MITRE	"T1014"

#define SELFMAP_CODE	128
#define SELFMAP_MODULE	32

/* In a key, so that no other event is of the same source. */
#define KEY_SELFMAP	BIT(30)
#define KEY_BLOCK	BIT(29)

/* An entry of a top-level table. */
struct vigil_selfmap_alert {
	struct vigil_alert header;
	enum vigil_selfmap_table table;
	/* Guest-physical address of the table. */
	u64 root;
	/* With what was found, and what was left. */
	struct vigil_selfmap_entry entry;
	enum vigil_selfmap_by by;
	/* Whose table it is; its task is 0 if that is not known. */
	struct vigil_alert_process victim;
	/* The write was seen, and all of the following is valid. */
	bool has_cpu;
	u8 code_len;
	u8 code[SELFMAP_CODE];
	u32 vcpu;
	u64 gpa;
	struct vigil_cpu cpu;
	/* The image that made it; empty if it can't be told. */
	char module[SELFMAP_MODULE];
	/* ... and for which process. */
	struct vigil_alert_process process;
};

/* The message: the header, the entry, both processes, the CPU, code and module. */
static_assert(VIGIL_ALERT_HEADER_MSG +
	      VIGIL_ATTR_SIZE(0) + 9 * VIGIL_ATTR_SIZE(sizeof(u64)) +
	      2 * VIGIL_ALERT_PROCESS_MSG +
	      6 * VIGIL_ATTR_SIZE(sizeof(u64)) +
	      VIGIL_ATTR_SIZE(sizeof_field(struct vigil_cpu, gpr)) +
	      VIGIL_ATTR_SIZE(SELFMAP_CODE) +
	      VIGIL_ATTR_SIZE(SELFMAP_MODULE) <= VIGIL_ALERT_MSG_SIZE);

/* --- messages ------------------------------------------------------------- */

static int selfmap_put_entry(struct sk_buff *msg,
			     const struct vigil_selfmap_alert *a)
{
	const struct vigil_selfmap_entry *e = &a->entry;
	struct nlattr *nest;

	nest = nla_nest_start(msg, VIGIL_A_ALERT_SELFMAP);
	if (!nest ||
	    nla_put_u32(msg, VIGIL_A_ALERT_SELFMAP_TABLE, a->table) ||
	    nla_put_uint(msg, VIGIL_A_ALERT_SELFMAP_ROOT, a->root) ||
	    nla_put_u32(msg, VIGIL_A_ALERT_SELFMAP_SLOT, e->index) ||
	    nla_put_u32(msg, VIGIL_A_ALERT_SELFMAP_FINDING, e->found) ||
	    nla_put_uint(msg, VIGIL_A_ALERT_SELFMAP_OLD, e->old) ||
	    nla_put_uint(msg, VIGIL_A_ALERT_SELFMAP_NEW, e->new) ||
	    nla_put_uint(msg, VIGIL_A_ALERT_SELFMAP_VALUE, e->value) ||
	    nla_put_u32(msg, VIGIL_A_ALERT_SELFMAP_DONE, e->done) ||
	    nla_put_u32(msg, VIGIL_A_ALERT_SELFMAP_BY, a->by))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int selfmap_put_originator(struct sk_buff *msg,
				  const struct vigil_selfmap_alert *a)
{
	const struct vigil_cpu *cpu = &a->cpu;

	if (vigil_alert_process_put(msg, VIGIL_A_ALERT_PROCESS, &a->process,
				    NULL) ||
	    nla_put_u32(msg, VIGIL_A_ALERT_VCPU, a->vcpu) ||
	    nla_put_uint(msg, VIGIL_A_ALERT_RIP, cpu->rip) ||
	    nla_put_uint(msg, VIGIL_A_ALERT_RSP, cpu->gpr[VIGIL_CPU_RSP]) ||
	    nla_put_uint(msg, VIGIL_A_ALERT_RFLAGS, cpu->rflags) ||
	    nla_put_uint(msg, VIGIL_A_ALERT_CR3, cpu->cr3) ||
	    nla_put_uint(msg, VIGIL_A_ALERT_GPA, a->gpa) ||
	    nla_put(msg, VIGIL_A_ALERT_REGISTERS, sizeof(cpu->gpr), cpu->gpr))
		return -EMSGSIZE;
	if (a->code_len &&
	    nla_put(msg, VIGIL_A_ALERT_CODE, a->code_len, a->code))
		return -EMSGSIZE;
	return a->module[0] ?
	       nla_put_string(msg, VIGIL_A_ALERT_MODULE, a->module) : 0;
}

static int selfmap_put(struct sk_buff *msg, const struct vigil_alert *alert)
{
	const struct vigil_selfmap_alert *a =
		container_of(alert, struct vigil_selfmap_alert, header);

	if (selfmap_put_entry(msg, a) ||
	    vigil_alert_process_put(msg, VIGIL_A_ALERT_VICTIM, &a->victim,
				    NULL))
		return -EMSGSIZE;
	return a->has_cpu ? selfmap_put_originator(msg, a) : 0;
}

static void selfmap_free(struct vigil_alert *alert)
{
	kfree(container_of(alert, struct vigil_selfmap_alert, header));
}

static const struct vigil_alert_ops selfmap_alert_ops = {
	.put = selfmap_put,
	.free = selfmap_free,
};

/* --- what is said --------------------------------------------------------- */

/*
 * What is attacked again and again is told once: what the attacker chooses, as
 * the other bits of the entry, does not count.
 */
static struct vigil_alert_key
selfmap_make_key(const struct vigil_look *look,
		 const struct vigil_selfmap_entry *e, bool owned)
{
	return (struct vigil_alert_key){
		.identity = look->table->shape.root,
		.process = owned ? look->table->process.create_time : 0,
		.piece = e->index,
		.what = KEY_SELFMAP | (look->check.block ? KEY_BLOCK : 0) |
			e->found,
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

/* Up to the end of its page; none if the guest can't be read there. */
static void selfmap_set_code(struct vigil_selfmap_alert *a,
			     struct vigil_gmem *gm)
{
	size_t len = min_t(size_t, sizeof(a->code),
			   PAGE_SIZE - offset_in_page(a->cpu.rip));
	struct vigil_space space;

	vigil_space_init(&space, gm, a->cpu.cr3, vigil_cpu_levels(&a->cpu));
	if (!vigil_virt_read(&space, a->cpu.rip, a->code, len))
		a->code_len = len;
}

static void selfmap_set_module(struct vigil_selfmap_alert *a,
			       struct vigil_view *view)
{
	const char *module = vigil_windows_module_at(&view->win, a->cpu.rip);

	if (module)
		strscpy(a->module, module, sizeof(a->module));
}

/* Who writes, on the thread of the vCPU that does. */
static void selfmap_set_originator(struct vigil_selfmap_alert *a,
				   struct vigil_look *look)
{
	struct vigil_win_process p;
	struct vigil_view view;

	a->has_cpu = true;
	a->vcpu = look->vcpu->vcpu_idx;
	vigil_cpu_read(look->vcpu, &a->cpu);
	if (!vigil_view_open_as(&view, look->sm->vm,
				VIGIL_PROFILE_OS_WINDOWS)) {
		vigil_gmem_init_vcpu(&view.gmem, look->vcpu);
		selfmap_set_code(a, &view.gmem.gm);
		selfmap_set_module(a, &view);
		if (!vigil_windows_current(&view.win, &a->cpu, &p))
			selfmap_set_process(&a->process, &p);
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

/* --- events --------------------------------------------------------------- */

/* Return: NULL: the event is counted, as it comes too often or without memory. */
static struct vigil_selfmap_alert *
selfmap_new_alert(struct vigil_look *look, const struct vigil_selfmap_entry *e)
{
	bool owned = is_owned(look, e);
	struct vigil_alert_key key = selfmap_make_key(look, e, owned);
	struct vigil_vm *vm = look->sm->vm;
	struct vigil_alert_admission adm;
	struct vigil_selfmap_alert *a;

	if (!vigil_alert_admit(vm, &key, &adm))
		return NULL;
	a = kzalloc(sizeof(*a), GFP_KERNEL_ACCOUNT);
	if (!a) {
		vigil_alert_withdraw(vm, &key, &adm);
		return NULL;
	}
	a->header.ops = &selfmap_alert_ops;
	a->header.kind = VIGIL_ALERT_KIND_SELFMAP;
	a->header.key = key;
	a->header.class = adm.class;
	a->header.folded = adm.folded;
	a->header.has_verdict = true;
	a->header.asked = look->check.block ? VIGIL_ACTION_BLOCK :
					      VIGIL_ACTION_OBSERVE;
	a->header.outcome = was_stopped(e->done) ? VIGIL_OUTCOME_BLOCKED :
						   VIGIL_OUTCOME_ALLOWED;
	a->header.mitre = MITRE;
	a->table = look->table->kind;
	a->root = look->table->shape.root;
	a->entry = *e;
	a->by = look->by;
	if (owned)
		selfmap_set_process(&a->victim, &look->table->process);
	return a;
}

/* An entry was found wrong; who wrote it isn't known. */
void vigil_selfmap_alert(struct vigil_look *look,
			 const struct vigil_selfmap_entry *e)
{
	struct vigil_selfmap_alert *a = selfmap_new_alert(look, e);

	if (a)
		vigil_alert_raise(look->sm->vm, &a->header);
}

/* KVM doesn't ask about writes to the table any more. */
void vigil_selfmap_alert_unwatched(struct vigil_look *look)
{
	const struct vigil_selfmap_entry e = {
		.index = look->shape.slot,
		.found = VIGIL_SELFMAP_FINDING_UNWATCHED,
		.done = VIGIL_SELFMAP_DONE_SEEN,
	};

	vigil_selfmap_alert(look, &e);
}

/* A vCPU is about to write it, at @gpa. */
void vigil_selfmap_alert_write(struct vigil_look *look,
			       const struct vigil_selfmap_entry *e, u64 gpa)
{
	struct vigil_selfmap_alert *a = selfmap_new_alert(look, e);

	if (!a)
		return;
	a->gpa = gpa;
	selfmap_set_originator(a, look);
	vigil_alert_raise(look->sm->vm, &a->header);
}
