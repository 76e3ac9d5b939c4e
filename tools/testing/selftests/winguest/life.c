// SPDX-License-Identifier: GPL-2.0
/*
 * Processes come, go, are swapped out and in.  Their tables are written by the
 * guest's kernel through its mapping of all memory, their objects by the VMM.
 */
#include <string.h>

#include "winguest.h"

#define HALF		(PAGE / 2)
#define DATA_PATTERN	0xfedcba9876543267ull	/* P and U/S, if it were an entry */

static struct process *system_process(struct command *c)
{
	return process_by_pid(c->g, 4);
}

/* While the list and the queue change, no vCPU looks at them. */
static bool hold(struct command *c)
{
	if (c->answered)
		return false;
	if (!machine_hold(&c->g->machine))
		answer(c, "error timeout: a vcpu does not idle");
	return !c->answered;
}

static void go_on(struct command *c)
{
	process_queue(c->g);
	machine_go_on(&c->g->machine);
}

/* All vCPUs on System's tables: those of @p are about to go. */
static void leave_tables(struct command *c)
{
	struct winguest *g = c->g;
	unsigned int i;
	struct call call;

	for (i = 0; i < g->machine.vcpus && !c->answered; i++) {
		call_prepare(g, &call, system_process(c), KERNEL_TABLE, guest_nothing);
		machine_call(&g->machine.vcpu[i], &call);
		call_good(c, &g->machine.vcpu[i], &call);
	}
}

/* Stores of sixteen bytes */
static void copy(struct command *c, uint64_t to, uint64_t from)
{
	struct winguest *g = c->g;

	call_simple(c, guest_copy, system_process(c), g->window + to, g->window + from,
		    HALF / 16);
}

static void clear(struct command *c, uint64_t to)
{
	call_simple(c, guest_clear, system_process(c), c->g->window + to, 0, HALF / 16);
}

static void put_entry(struct command *c, uint64_t table, unsigned int slot, uint64_t value)
{
	call_simple(c, store_mov8, system_process(c), c->g->window + table + slot * 8,
		    value, 0);
}

/*
 * The lower half is cleared, the upper half is that of the table that is loaded, with
 * its self-map entry, and only then does the table refer to itself.
 */
static void make_table(struct command *c, struct process *p, enum table table, uint64_t flags)
{
	struct winguest *g = c->g;
	uint64_t to = p->table[table];

	clear(c, to);
	copy(c, to + HALF, (table == KERNEL_TABLE ? g->system_top : g->shadow_top) + HALF);
	put_entry(c, to, g->slot, self_entry(to) | flags);
	put_entry(c, to, 0, user_half(g, p, table));
}

static void make_tables(struct command *c, struct process *p, uint64_t flags)
{
	make_table(c, p, KERNEL_TABLE, flags);
	if (p->table[USER_TABLE])
		make_table(c, p, USER_TABLE, flags);
}

/* The page is something else now, and full of what would be open entries. */
static void reuse_page(struct command *c, uint64_t page)
{
	call_simple(c, guest_fill, system_process(c), c->g->window + page, DATA_PATTERN,
		    PAGE / 8);
}

/* From here on they are nobody's tables. */
static void reuse_tables(struct command *c, const uint64_t tables[2])
{
	reuse_page(c, tables[KERNEL_TABLE]);
	if (tables[USER_TABLE])
		reuse_page(c, tables[USER_TABLE]);
}

static void free_tables(struct command *c, const uint64_t tables[2])
{
	reuse_tables(c, tables);
	if (tables[USER_TABLE])
		table_free(c->g, tables[USER_TABLE]);
	table_free(c->g, tables[KERNEL_TABLE]);
}

/* --- new and exit ----------------------------------------------------------------- */

bool life_start(struct command *c, uint32_t pid, uint32_t ppid, const char *name, bool hostile)
{
	struct winguest *g = c->g;
	struct process *p = process_add(g, pid, name);

	if (!p) {
		answer(c, "error too many processes");
		return false;
	}
	p->ppid = ppid;
	p->table[KERNEL_TABLE] = table_new(g);
	p->table[USER_TABLE] = g->shadow ? table_new(g) : 0;
	make_tables(c, p, hostile ? PTE_US : 0);
	if (!hold(c))
		return false;
	process_put(g, p);
	process_link(g, p);
	p->ready = true;
	go_on(c);
	return true;
}

void life_new(struct command *c)
{
	uint32_t pid = command_number(c, "pid", 0);
	const char *name = command_word(c, "name");
	struct process *p;

	if (!pid || pid & 3 || process_by_pid(c->g, pid))
		answer(c, "error pid has to be a new multiple of four");
	if (c->answered ||
	    !life_start(c, pid, command_number(c, "ppid", 4), name ? name : "new.exe",
			command_number(c, "hostile", 0)))
		return;
	p = process_by_pid(c->g, pid);
	answer(c, "ok eprocess=%#llx cr3=%#llx user_cr3=%#llx",
	       (unsigned long long)p->eprocess,
	       (unsigned long long)cr3_image(c->g, p, KERNEL_TABLE),
	       (unsigned long long)(p->table[USER_TABLE] ?
				    cr3_image(c->g, p, USER_TABLE) : 0));
}

/* A process that can be without its tables */
static struct process *mortal(struct command *c)
{
	struct process *p = command_process(c);

	if (p && p->pid == 4)
		answer(c, "error not System");
	return c->answered ? NULL : p;
}

bool life_end(struct command *c, struct process *p, bool zombie)
{
	struct winguest *g = c->g;

	if (!hold(c))
		return false;
	process_set_flags(g, p, FLAG(g, F_EXITING) | FLAG(g, F_DELETE) |
			  FLAG(g, F_VM_DELETED), 0);
	p->ready = false;
	if (!zombie)
		process_unlink(g, p);
	go_on(c);
	leave_tables(c);
	if (zombie)
		return !c->answered;
	free_tables(c, p->table);
	p->used = false;
	return !c->answered;
}

void life_exit(struct command *c)
{
	struct process *p = mortal(c);

	if (p && life_end(c, p, command_number(c, "zombie", 0)))
		answer(c, "ok");
}

/* --- outswap and inswap ------------------------------------------------------------- */

bool life_swap_out(struct command *c, struct process *p)
{
	struct winguest *g = c->g;

	if (!hold(c))
		return false;
	process_set_flags(g, p, FLAG(g, F_OUTSWAPPED), 0);
	p->ready = false;
	go_on(c);
	leave_tables(c);
	reuse_tables(c, p->table);
	return !c->answered;
}

bool life_swap_in(struct command *c, struct process *p, bool same_frame)
{
	struct winguest *g = c->g;
	uint64_t old[2] = { p->table[KERNEL_TABLE], p->table[USER_TABLE] };

	if (!same_frame) {
		p->table[KERNEL_TABLE] = table_new(g);
		p->table[USER_TABLE] = old[USER_TABLE] ? table_new(g) : 0;
	}
	make_tables(c, p, 0);
	if (!hold(c))
		return false;
	process_set_flags(g, p, 0, FLAG(g, F_OUTSWAPPED));
	p->ready = true;
	go_on(c);
	if (!same_frame)
		free_tables(c, old);
	return !c->answered;
}

/* What an attacker does who wants to look dead. */
void life_lie(struct command *c)
{
	struct process *p = mortal(c);
	const char *flag = command_word(c, "flag");

	if (!flag || (strcmp(flag, "exiting") && strcmp(flag, "outswapped")))
		answer(c, "error which flag?");
	if (c->answered || !hold(c))
		return;
	process_set_flags(c->g, p, *flag == 'e' ? FLAG(c->g, F_EXITING) :
			  FLAG(c->g, F_OUTSWAPPED), 0);
	go_on(c);
	answer(c, "ok");
}

static bool is_out(struct winguest *g, struct process *p)
{
	return process_flags(g, p) & FLAG(g, F_OUTSWAPPED);
}

void life_outswap(struct command *c)
{
	struct process *p = mortal(c);

	if (p && (!p->ready || is_out(c->g, p)))
		answer(c, "error process %u does not run", p->pid);
	if (!c->answered && life_swap_out(c, p))
		answer(c, "ok");
}

void life_inswap(struct command *c)
{
	struct process *p = mortal(c);
	const char *frame = command_word(c, "frame");

	if (p && !is_out(c->g, p))
		answer(c, "error process %u is not swapped out", p->pid);
	if (frame && strcmp(frame, "same") && strcmp(frame, "new"))
		answer(c, "error frame %s?", frame);
	if (c->answered || !life_swap_in(c, p, frame && !strcmp(frame, "same")))
		return;
	answer(c, "ok cr3=%#llx user_cr3=%#llx",
	       (unsigned long long)cr3_image(c->g, p, KERNEL_TABLE),
	       (unsigned long long)(p->table[USER_TABLE] ?
				    cr3_image(c->g, p, USER_TABLE) : 0));
}

/* --- KVA shadow given up -------------------------------------------------------------- */

/*
 * As Windows does for privileged processes soon after their start: from now on user
 * mode runs on the kernel's table; the user table is torn down and becomes data.
 */
void life_drop_user(struct command *c)
{
	struct winguest *g = c->g;
	struct process *p = mortal(c);
	uint64_t table;

	if (p && !p->table[USER_TABLE])
		answer(c, "error process %u has no user table", p->pid);
	if (!p || c->answered)
		return;
	/* before user mode runs on it */
	put_entry(c, p->table[KERNEL_TABLE], 0, g->user_half);
	if (!hold(c))
		return;
	table = p->table[USER_TABLE];
	p->table[USER_TABLE] = 0;
	process_set_flags(g, p, 0, 0);
	go_on(c);
	leave_tables(c);
	put_entry(c, table, g->slot, self_entry(table) & ~PTE_P);
	reuse_page(c, table);
	table_free(g, table);
	answer(c, "ok");
}
