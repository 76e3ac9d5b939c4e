// SPDX-License-Identifier: GPL-2.0
/* Processes: objects, list, ready queue, top-level tables. */
#include <stdio.h>
#include <string.h>

#include "image.h"
#include "winguest.h"

/* Objects of the pool, many of which cross a page's border */
#define EPROCESS_SIZE	0xc40
#define KTHREAD_SIZE	0x680
#define POOL_PROCESSES	0x80
#define POOL_THREADS	(POOL_PROCESSES + MAX_PROCESSES * EPROCESS_SIZE)

#define FIRST_DAY	132223104000000000ull	/* 2020-01-01, since 1601 in 100 ns */

#define ENDLESS_NODES	131072u
#define NODE_SIZE	16u

static uint64_t field(struct winguest *g, struct process *p, enum field f)
{
	return p->eprocess + g->build.field[f];
}

uint64_t cr3_image(struct winguest *g, struct process *p, enum table table)
{
	/* the low bits as Windows has them where PCIDs are used */
	return p->table[table] | (g->shadow ? (table == KERNEL_TABLE ? 2 : 1) : 0);
}

/* What is loaded in user mode */
uint64_t user_cr3(struct winguest *g, struct process *p)
{
	return cr3_image(g, p, p->table[USER_TABLE] ? USER_TABLE : KERNEL_TABLE);
}

struct process *process_by_pid(struct winguest *g, uint32_t pid)
{
	unsigned int i;

	for (i = 0; i < MAX_PROCESSES; i++)
		if (g->process[i].used && g->process[i].pid == pid)
			return &g->process[i];
	return NULL;
}

struct process *process_add(struct winguest *g, uint32_t pid, const char *name)
{
	unsigned int i;
	struct process *p;

	for (i = 0; i < MAX_PROCESSES && g->process[i].used; i++)
		;
	if (i == MAX_PROCESSES)
		return NULL;
	p = &g->process[i];
	*p = (struct process){ .used = true, .pid = pid, .ppid = pid > 4 ? 4 : 0 };
	/* ImageFileName has fifteen bytes, of which Windows uses fourteen */
	snprintf(p->name, sizeof(p->name), "%.14s", name);
	p->created = FIRST_DAY + pid * 10000000ull;
	p->eprocess = g->pool + POOL_PROCESSES + i * EPROCESS_SIZE;
	p->kthread = g->pool + POOL_THREADS + i * KTHREAD_SIZE;
	return p;
}

/* DirectoryTableBase and UserDirectoryTableBase */
static void put_bases(struct winguest *g, struct process *p)
{
	kva_put64(g, field(g, p, F_DTB), cr3_image(g, p, KERNEL_TABLE));
	if (g->build.field[F_USER_DTB] && g->shadow)
		kva_put64(g, field(g, p, F_USER_DTB),
			  p->table[USER_TABLE] ? cr3_image(g, p, USER_TABLE) : 1);
}

void process_put(struct winguest *g, struct process *p)
{
	static const uint8_t zero[EPROCESS_SIZE - 0x80];
	uint64_t apc = p->kthread + g->build.field[F_APC_STATE];

	kva_write(g, p->eprocess, zero, sizeof(zero));
	kva_write(g, p->eprocess, "\3", 1);	/* dispatcher object: process */
	put_bases(g, p);
	kva_put64(g, field(g, p, F_PID), p->pid);
	kva_put64(g, field(g, p, F_PPID), p->ppid);
	kva_write(g, field(g, p, F_NAME), p->name, 15);
	kva_put64(g, field(g, p, F_CREATED), p->created);
	kva_put32(g, field(g, p, F_FLAGS), FLAG(g, F_HAS_SPACE));
	kva_put64(g, field(g, p, F_LINKS), field(g, p, F_LINKS));
	kva_put64(g, field(g, p, F_LINKS) + 8, field(g, p, F_LINKS));
	kva_write(g, p->kthread, "\6", 1);	/* thread */
	kva_put64(g, apc + g->build.field[F_APC_PROCESS], p->eprocess);
	kva_put64(g, p->kthread + g->build.field[F_THREAD_PROCESS], p->eprocess);
}

/* To the end of the list, as Windows does */
void process_link(struct winguest *g, struct process *p)
{
	uint64_t links = field(g, p, F_LINKS), last = kva_get64(g, g->head + 8);

	kva_put64(g, links, g->head);
	kva_put64(g, links + 8, last);
	kva_put64(g, last, links);
	kva_put64(g, g->head + 8, links);
	p->linked = true;
}

void process_unlink(struct winguest *g, struct process *p)
{
	uint64_t links = field(g, p, F_LINKS);
	uint64_t next = kva_get64(g, links), last = kva_get64(g, links + 8);

	if (!p->linked)
		return;
	kva_put64(g, last, next);
	kva_put64(g, next + 8, last);
	kva_put64(g, links, links);
	kva_put64(g, links + 8, links);
	p->linked = false;
}

void process_set_flags(struct winguest *g, struct process *p, uint32_t set, uint32_t clear)
{
	uint64_t at = field(g, p, F_FLAGS);

	kva_put32(g, at, (kva_get32(g, at) | set) & ~clear);
	put_bases(g, p);
}

uint32_t process_flags(struct winguest *g, struct process *p)
{
	return kva_get32(g, field(g, p, F_FLAGS));
}

/* While the vCPUs are held: what they switch between */
void process_queue(struct winguest *g)
{
	uint64_t count = 0, at;
	unsigned int i;
	struct process *p;

	for (i = 0; i < MAX_PROCESSES; i++) {
		p = &g->process[i];
		if (!p->used || !p->ready)
			continue;
		at = g->queue + ++count * QUEUE_ENTRY;
		kva_put64(g, at, p->kthread);
		kva_put64(g, at + 8, cr3_image(g, p, KERNEL_TABLE));
		kva_put64(g, at + 16, user_cr3(g, p));
		kva_put64(g, at + 24, p->pid != 4);
	}
	kva_put64(g, g->queue + QUEUE_COUNT, count);
}

/* --- tables ------------------------------------------------------------------- */

/* What Windows has in the self-map slot */
uint64_t self_entry(uint64_t table)
{
	return table | PTE_KERNEL | PTE_NX;
}

/* One that was freed last is taken first. */
uint64_t table_new(struct winguest *g)
{
	return g->spares ? g->spare[--g->spares] : machine_page(&g->machine, 1);
}

void table_free(struct winguest *g, uint64_t table)
{
	if (g->spares < ARRAY_SIZE(g->spare))
		g->spare[g->spares++] = table;
}

/* With KVA shadow user code cannot run on the kernel's table. */
uint64_t user_half(struct winguest *g, struct process *p, enum table table)
{
	if (p->pid == 4)
		return 0;
	return g->user_half | (table == KERNEL_TABLE && p->table[USER_TABLE] ? PTE_NX : 0);
}

void table_init(struct winguest *g, struct process *p, enum table table)
{
	uint64_t from = table == KERNEL_TABLE ? g->system_top : g->shadow_top;
	uint64_t *to = gpa_to_host(g, p->table[table]);

	memcpy(to + 256, (uint64_t *)gpa_to_host(g, from) + 256, PAGE / 2);
	to[0] = user_half(g, p, table);
	to[g->slot] = self_entry(p->table[table]);
}

/* --- a list that leads astray --------------------------------------------------- */

static struct process *first_process(struct winguest *g)
{
	return process_by_pid(g, 4);
}

/* A long way to go that never comes back to the head */
static uint64_t endless_list(struct winguest *g)
{
	uint64_t *node, i, pages = ENDLESS_NODES * NODE_SIZE / PAGE;
	uint64_t base = g->window + g->endless;

	if (!g->endless) {
		g->endless = machine_page(&g->machine, pages);
		base = g->window + g->endless;
	}
	node = gpa_to_host(g, g->endless);
	for (i = 0; i < ENDLESS_NODES; i++) {
		node[2 * i] = base + (i + 1) % ENDLESS_NODES * NODE_SIZE;
		node[2 * i + 1] = base + (i + ENDLESS_NODES - 1) % ENDLESS_NODES * NODE_SIZE;
	}
	return base;
}

/*
 * What the list entry of System leads to; "restore" puts back what was there.
 * NULL: there is no such kind.
 */
const char *process_corrupt(struct winguest *g, const char *kind)
{
	uint64_t links = field(g, first_process(g), F_LINKS), next = g->good_next;

	if (!next) {
		next = kva_get64(g, links);
		g->good_next = next;
	}
	if (!strcmp(kind, "restore"))
		g->good_next = 0;
	else if (!strcmp(kind, "cyclic"))
		next = links;
	else if (!strcmp(kind, "misaligned"))
		next += 3;
	else if (!strcmp(kind, "unmapped"))
		next = g->image + 0x160000;
	else if (!strcmp(kind, "outside"))
		next = g->outside + 0x100;
	else if (!strcmp(kind, "user"))
		next = USER_CODE;
	else if (!strcmp(kind, "noncanonical"))
		next = 0x8000000000001000;
	else if (!strcmp(kind, "endless"))
		next = endless_list(g);
	else
		return NULL;
	kva_put64(g, links, next);
	return kind;
}
