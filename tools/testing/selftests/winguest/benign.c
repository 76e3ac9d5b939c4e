// SPDX-License-Identifier: GPL-2.0
/* What every kernel does to its top-level tables all the time. */
#include <string.h>
#include <x86intrin.h>

#include "winguest.h"

/* What a benign command works on */
struct work {
	struct process *p;
	enum table table;
	uint64_t page;		/* of the table */
	bool self;		/* through the self-map */
	uint64_t count;
};

/* Where the guest's kernel finds the table, and what it has loaded for that */
static uint64_t reach(struct winguest *g, struct work *w, struct call *call, const char *routine)
{
	call_prepare(g, call, w->p, w->self ? w->table : KERNEL_TABLE, routine);
	return w->self ? self_map_address(g, g->slot, 0) : g->window + w->page;
}

static void do_bits(struct command *c, struct work *w)
{
	struct vcpu *vcpu = &c->g->machine.vcpu[0];
	struct call call;
	uint64_t at = reach(c->g, w, &call, guest_bits);

	call.regs.rdi = at + c->g->slot * 8;
	call.regs.rdx = w->count;
	machine_call(vcpu, &call);
	if (call_good(c, vcpu, &call))
		answer(c, "ok seen=%#llx", call.regs.rax);
}

/* The offsets of all entries that nothing uses, for the guest; how many */
static unsigned int list_free(struct winguest *g, struct vcpu *vcpu, const uint64_t *table)
{
	uint64_t *list = kva_to_host(g, vcpu->scratch);
	unsigned int i, count = 0;

	for (i = 1; i < 512; i++)
		if (!table[i] && i != g->slot)
			list[count++] = i * 8;
	return count;
}

static void do_slots(struct command *c, struct work *w)
{
	struct vcpu *vcpu = &c->g->machine.vcpu[0];
	struct winguest *g = c->g;
	struct call call;
	uint64_t at = reach(g, w, &call, guest_slots);

	call.regs.rdi = at;
	call.regs.rsi = g->frames | PTE_USER;
	call.regs.rdx = w->count;
	call.regs.r8 = vcpu->scratch;
	call.regs.r9 = list_free(g, vcpu, gpa_to_host(g, w->page));
	machine_call(vcpu, &call);
	if (call_good(c, vcpu, &call))
		answer(c, "ok slots=%llu rounds=%llu", call.regs.r9,
		       (unsigned long long)w->count);
}

static bool write_all(struct command *c, struct call *call, uint64_t at, unsigned int entries,
		      uint64_t count)
{
	struct vcpu *vcpu = &c->g->machine.vcpu[0];

	call->regs.rdi = at;
	call->regs.rsi = c->g->seed;
	call->regs.rdx = count;
	call->regs.rcx = c->g->frames;
	call->regs.r8 = vcpu->scratch;
	call->regs.r9 = entries;
	machine_call(vcpu, call);
	return call_good(c, vcpu, call);
}

/* Of the entries that were written; frames count from the guest's own sixteen. */
static uint64_t sum_of(struct winguest *g, const uint64_t *table, const uint64_t *list,
		       unsigned int entries)
{
	uint64_t sum = 0xcbf29ce484222325;
	unsigned int i;

	for (i = 0; i < entries; i++) {
		sum ^= table[list[i] / 8] ? table[list[i] / 8] - g->frames : 0;
		sum = sum * 0x100000001b3 + i;
	}
	return sum;
}

/* The same writes to the table and to a page that is none */
static void do_writes(struct command *c, struct work *w)
{
	struct winguest *g = c->g;
	struct vcpu *vcpu = &g->machine.vcpu[0];
	uint64_t *table = gpa_to_host(g, w->page), *list = kva_to_host(g, vcpu->scratch);
	uint64_t *plain = gpa_to_host(g, g->fake), at, sum;
	unsigned int entries = list_free(g, vcpu, table), i;
	struct call call;
	bool match = true;

	memset(plain, 0, PAGE);
	at = reach(g, w, &call, guest_writes);
	if (!write_all(c, &call, at, entries, w->count))
		return;
	call_prepare(g, &call, w->p, KERNEL_TABLE, guest_writes);
	if (!write_all(c, &call, g->window + g->fake, entries, w->count))
		return;
	for (i = 0; i < entries; i++)
		match &= table[list[i] / 8] == plain[list[i] / 8];
	sum = sum_of(g, table, list, entries);
	/* and away again */
	call_prepare(g, &call, w->p, KERNEL_TABLE, guest_slots);
	call.regs.rdi = g->window + w->page;
	call.regs.rdx = 1;
	call.regs.r8 = vcpu->scratch;
	call.regs.r9 = entries;
	machine_call(vcpu, &call);
	if (!call_good(c, vcpu, &call))
		return;
	answer(c, "ok writes=%llu entries=%u match=%u sum=%#llx",
	       (unsigned long long)w->count, entries, match, (unsigned long long)sum);
}

static void do_processes(struct command *c, struct work *w)
{
	uint32_t pid = 0x10000;
	uint64_t i;

	for (i = 0; i < w->count && !c->answered; i++)
		if (life_start(c, pid, 4, "short.exe", false))
			life_end(c, process_by_pid(c->g, pid), false);
	answer(c, "ok processes=%llu", (unsigned long long)w->count);
}

static void do_swap(struct command *c, struct work *w)
{
	uint64_t i;

	if (w->p->pid == 4 || !w->p->ready)
		answer(c, "error process %u cannot be swapped out", w->p->pid);
	for (i = 0; i < w->count && !c->answered; i++)
		if (life_swap_out(c, w->p))
			life_swap_in(c, w->p, i & 1);
	answer(c, "ok swaps=%llu", (unsigned long long)w->count);
}

/* In the kernel, which is the same in both: the loads and nothing else */
static void do_switches(struct command *c, struct work *w)
{
	struct vcpu *vcpu = &c->g->machine.vcpu[0];
	struct process *system = process_by_pid(c->g, 4);
	uint64_t rounds = (w->count + 1) / 2, cycles;
	struct call call;

	if (w->p == system) {
		answer(c, "error System and which process?");
		return;
	}
	call_prepare(c->g, &call, system, KERNEL_TABLE, guest_switches);
	call.regs.rdi = cr3_image(c->g, w->p, KERNEL_TABLE);
	call.regs.rsi = cr3_image(c->g, system, KERNEL_TABLE);
	call.regs.rdx = rounds;
	cycles = __rdtsc();
	machine_call(vcpu, &call);
	cycles = __rdtsc() - cycles;
	if (call_good(c, vcpu, &call))
		answer(c, "ok switches=%llu cycles=%llu", (unsigned long long)(2 * rounds),
		       (unsigned long long)cycles);
}

static const struct {
	const char *name;
	void (*run)(struct command *c, struct work *w);
	unsigned int count;
} works[] = {
	{ "bits", do_bits, 100 },
	{ "slots", do_slots, 10 },
	{ "writes", do_writes, 100000 },
	{ "processes", do_processes, 10 },
	{ "swap", do_swap, 10 },
	{ "switches", do_switches, 1000 },
};

static bool parse_work(struct command *c, struct work *w)
{
	const char *via = command_word(c, "via");
	unsigned int tables;

	w->p = command_process(c);
	if (!w->p || !command_tables(c, w->p, &tables))
		return false;
	w->table = tables & TABLE(KERNEL_TABLE) ? KERNEL_TABLE : USER_TABLE;
	w->page = w->p->table[w->table];
	w->self = via && !strcmp(via, "self");
	if (via && !w->self && strcmp(via, "map"))
		answer(c, "error via %s?", via);
	return !c->answered;
}

void command_benign(struct command *c)
{
	const char *name = command_word(c, NULL);
	struct work w = { };
	unsigned int i;

	if (!parse_work(c, &w))
		return;
	for (i = 0; i < ARRAY_SIZE(works); i++) {
		if (!name || strcmp(works[i].name, name))
			continue;
		w.count = command_number(c, "count", works[i].count);
		if (!w.count)
			answer(c, "error count is zero");
		if (!c->answered)
			works[i].run(c, &w);
	}
	answer(c, "error nothing benign is called %s", name ? name : "nothing");
}
