// SPDX-License-Identifier: GPL-2.0
/* Commands: words, answers, and those that only look. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "winguest.h"

void answer(struct command *c, const char *format, ...)
{
	va_list args;

	if (c->answered)
		return;
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	c->answered = true;
}

/* KEY=VALUE among the words; without a key the word behind the command */
const char *command_word(struct command *c, const char *key)
{
	size_t length = key ? strlen(key) : 0;
	char **word;

	if (!key)
		return c->words[1] && !strchr(c->words[1], '=') ? c->words[1] : NULL;
	for (word = c->words + 1; *word; word++)
		if (!strncmp(*word, key, length) && (*word)[length] == '=')
			return *word + length + 1;
	return NULL;
}

uint64_t command_number(struct command *c, const char *key, uint64_t otherwise)
{
	const char *word = command_word(c, key);
	char *end;
	uint64_t n;

	if (!word)
		return otherwise;
	n = strtoull(word, &end, 0);
	if (!*word || *end) {
		answer(c, "error %s is not a number", key);
		return otherwise;
	}
	return n;
}

struct process *command_process(struct command *c)
{
	uint32_t pid = command_number(c, "pid", 4);
	struct process *p = process_by_pid(c->g, pid);

	if (!p)
		answer(c, "error no process %u", pid);
	return c->answered ? NULL : p;
}

struct vcpu *command_vcpu(struct command *c)
{
	uint64_t index = command_number(c, "vcpu", 0);

	if (index >= c->g->machine.vcpus)
		answer(c, "error no vcpu %llu", (unsigned long long)index);
	return c->answered ? NULL : &c->g->machine.vcpu[index];
}

/* The kernel table where nothing is said */
bool command_tables(struct command *c, struct process *p, unsigned int *mask)
{
	const char *word = command_word(c, "table");

	*mask = TABLE(KERNEL_TABLE);
	if (word && !strcmp(word, "user"))
		*mask = TABLE(USER_TABLE);
	else if (word && !strcmp(word, "both"))
		*mask |= TABLE(USER_TABLE);
	else if (word && strcmp(word, "kernel"))
		answer(c, "error no table %s", word);
	if (*mask & TABLE(USER_TABLE) && !p->table[USER_TABLE])
		answer(c, "error process %u has no user table", p->pid);
	return !c->answered;
}

/* --- calls ---------------------------------------------------------------------- */

void call_prepare(struct winguest *g, struct call *call, struct process *p, enum table which,
		  const char *routine)
{
	*call = (struct call){ };
	call->regs.rip = GUEST(g, guest_call);
	call->regs.r11 = GUEST(g, routine);
	call->regs.r12 = cr3_image(g, p, which);
	call->regs.r13 = p->kthread;
	call->regs.r14 = cr3_image(g, p, KERNEL_TABLE);
	call->regs.r15 = user_cr3(g, p);
}

/* Answers for a call that the guest could not make */
bool call_good(struct command *c, struct vcpu *vcpu, const struct call *call)
{
	if (call->outcome == CALL_FAULT)
		answer(c, "error fault vector=%llu error=%#llx rip=%#llx cr2=%#llx",
		       call->regs.rax, call->regs.rbx, call->regs.rcx,
		       (unsigned long long)call->cr2);
	else if (call->outcome == CALL_BROKEN)
		answer(c, "error %s: vcpu %u is out of order",
		       vcpu->broken ? vcpu->why : "timeout", vcpu->index);
	return !c->answered;
}

/* A routine with few arguments in @p, on vCPU 0 */
bool call_simple(struct command *c, const char *routine, struct process *p, uint64_t rdi,
		 uint64_t rsi, uint64_t rcx)
{
	struct vcpu *vcpu = &c->g->machine.vcpu[0];
	struct call call;

	if (c->answered)
		return false;
	call_prepare(c->g, &call, p, KERNEL_TABLE, routine);
	call.regs.rdi = rdi;
	call.regs.rsi = rsi;
	call.regs.rcx = rcx;
	machine_call(vcpu, &call);
	return call_good(c, vcpu, &call);
}

/* --- what can be asked ------------------------------------------------------------ */

static void print_process(struct winguest *g, struct process *p)
{
	printf(" %u,%u,%s,%#llx,%#llx,%#x,%llu,%#llx,%s", p->pid, p->ppid, p->name,
	       (unsigned long long)cr3_image(g, p, KERNEL_TABLE),
	       (unsigned long long)(p->table[USER_TABLE] ? cr3_image(g, p, USER_TABLE) : 0),
	       process_flags(g, p), (unsigned long long)p->created,
	       (unsigned long long)p->eprocess,
	       p->linked ? p->ready ? "ready" : "listed" : "hidden");
}

static void do_ps(struct command *c)
{
	struct winguest *g = c->g;
	unsigned int i, count = 0;

	for (i = 0; i < MAX_PROCESSES; i++)
		count += g->process[i].used;
	printf("ok count=%u", count);
	for (i = 0; i < MAX_PROCESSES; i++)
		if (g->process[i].used)
			print_process(g, &g->process[i]);
	answer(c, "%s", "");
}

static void do_entry(struct command *c)
{
	struct process *p = command_process(c);
	uint64_t slot = command_number(c, "slot", c->g->slot), gpa, value;
	enum table table;
	unsigned int tables;

	if (slot > 511)
		answer(c, "error slot is not below 512");
	if (!p || !command_tables(c, p, &tables))
		return;
	table = tables & TABLE(KERNEL_TABLE) ? KERNEL_TABLE : USER_TABLE;
	gpa = p->table[table] + slot * 8;
	value = *(volatile uint64_t *)gpa_to_host(c->g, gpa);
	answer(c, "ok value=%#llx gpa=%#llx user=%u own=%u", (unsigned long long)value,
	       (unsigned long long)gpa, (value & (PTE_P | PTE_US)) == (PTE_P | PTE_US),
	       (value & PTE_FRAME) == p->table[table]);
}

/*
 * A user program of the process reads the self-map entry through slot= of the table
 * that it has loaded.
 */
static void do_read_user(struct command *c)
{
	struct process *p = command_process(c);
	struct vcpu *vcpu = command_vcpu(c);
	uint64_t slot = command_number(c, "slot", c->g->slot);
	bool warm = command_number(c, "warm", 0);
	struct call call;

	if (slot > 511)
		answer(c, "error slot is not below 512");
	if (p && p->pid == 4)
		answer(c, "error System has no user mode");
	if (!p || !vcpu || c->answered)
		return;
	call_prepare(c->g, &call, p, p->table[USER_TABLE] ? USER_TABLE : KERNEL_TABLE,
		     warm ? guest_user_warm : guest_user);
	call.regs.rdi = self_map_address(c->g, slot, c->g->slot);
	call.regs.rcx = USER(user_read);
	call.regs.rdx = command_number(c, "count", 1);
	machine_call(vcpu, &call);
	if (call.outcome == CALL_DONE)
		answer(c, "ok read %#llx reads=%llu", call.regs.rbx, call.regs.r8);
	else if (call.outcome == CALL_FAULT && call.regs.rax == 14 && call.regs.rdx == USER_CS)
		answer(c, "ok fault reads=%llu error=%#llx cr2=%#llx", call.regs.r8,
		       call.regs.rbx, (unsigned long long)call.cr2);
	else
		call_good(c, vcpu, &call);
}

static void do_hide(struct command *c)
{
	struct process *p = command_process(c);

	if (!p)
		return;
	machine_hold(&c->g->machine);
	process_unlink(c->g, p);
	machine_go_on(&c->g->machine);
	answer(c, "ok");
}

static void do_corrupt(struct command *c)
{
	const char *kind = command_word(c, NULL);

	if (!kind || !process_corrupt(c->g, kind))
		answer(c, "error corrupt what?");
	answer(c, "ok");
}

static void do_rename(struct command *c)
{
	image_rename(c->g);
	answer(c, "ok");
}

/* --- the table ---------------------------------------------------------------------- */

static const struct {
	const char *name;
	void (*run)(struct command *c);
	const char *help;
} commands[] = {
	{ "ps", do_ps,
	  "ps: \"ok count=N\" and for each process\n"
	  "    PID,PPID,NAME,CR3,USER_CR3,FLAGS,CREATED,EPROCESS,ready|listed|hidden" },
	{ "entry", do_entry,
	  "entry [pid=P] [table=kernel|user] [slot=N]: what memory holds now\n"
	  "    \"ok value=V gpa=A user=0|1 own=0|1\"" },
	{ "attack", command_attack,
	  "attack NAME [pid=P] [table=kernel|user|both] [vcpu=N] [via=self|map] [from=P]\n"
	  "       [slot=N] [to=P] [count=N]: kernel code opens the self-map entry to user mode\n"
	  "    via: by the self-map's own address, or by another mapping\n"
	  "    from: in this process' address space (via=map)\n"
	  "    to: with other, whose table an unused entry lets in\n"
	  "    \"ok table=T gpa=A old=V new=V seen=V now=V\" for each table; seen is what the\n"
	  "    next instruction of the guest reads, now what memory holds afterwards;\n"
	  "    fault=VECTOR instead of seen= where the store took an exception" },
	{ "redirect", command_redirect,
	  "redirect [pid=P]: its EPROCESS names a table of the attacker's\n"
	  "    \"ok old=CR3 new=CR3\"; ps tells what the kernel means" },
	{ "restore", command_restore,
	  "restore [pid=P] [slot=N]: the kernel puts back what attacks have changed" },
	{ "read-user", do_read_user,
	  "read-user pid=P [vcpu=N] [slot=N] [warm=1] [count=N]: user mode reads the entry\n"
	  "    warm: the kernel has read it right before; count: reads in a row, to a fault\n"
	  "    \"ok read V reads=N\" or \"ok fault reads=N error=E cr2=A\"" },
	{ "benign", command_benign,
	  "benign bits|slots|writes [pid=P] [table=kernel|user] [via=self|map] [count=N]\n"
	  "benign processes|swap [pid=P] [count=N]: what every kernel does to its tables\n"
	  "    writes: \"ok writes=N match=0|1 sum=V\"; match: the same writes to a page that is\n"
	  "    no table gave the same; sum depends on --seed only\n"
	  "benign switches pid=P [count=N]: to the process' tables and to System's, in turn\n"
	  "    \"ok switches=N cycles=T\"" },
	{ "new", life_new,
	  "new pid=P [ppid=P] [name=NAME] [hostile=1]: hostile: open to user mode from the start" },
	{ "exit", life_exit,
	  "exit pid=P [zombie=1]: zombie: only flags, it stays in the list with its tables" },
	{ "outswap", life_outswap,
	  "outswap pid=P: its tables become data pages" },
	{ "inswap", life_inswap,
	  "inswap pid=P [frame=new|same]: by stores of sixteen bytes" },
	{ "lie", life_lie,
	  "lie pid=P flag=exiting|outswapped: its EPROCESS says so, and it goes on" },
	{ "drop-user", life_drop_user,
	  "drop-user pid=P: no KVA shadow any more for this process" },
	{ "hide", do_hide,
	  "hide pid=P: out of the list, but still running" },
	{ "corrupt", do_corrupt,
	  "corrupt cyclic|misaligned|unmapped|outside|user|noncanonical|endless|restore: the\n"
	  "    list of processes behind System" },
	{ "rename", do_rename,
	  "rename: the kernel's image has another GUID, as one that was booted has; the second\n"
	  "    time it has its own again" },
};

static void print_attack(const char *name)
{
	printf(" %s", name);
}

void command_help(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		printf("  %s\n", commands[i].help);
	printf("\nattacks:");
	attack_list(print_attack);
	putchar('\n');
}

static void split(struct command *c, char *line)
{
	unsigned int count = 0;
	char *word, *rest;

	for (word = strtok_r(line, " \t\r\n", &rest); word && count < 15;
	     word = strtok_r(NULL, " \t\r\n", &rest))
		c->words[count++] = word;
}

/* false: the end */
bool command_run(struct winguest *g, char *line)
{
	struct command c = { .g = g };
	unsigned int i;

	split(&c, line);
	if (!c.words[0])
		return true;
	if (!strcmp(c.words[0], "quit")) {
		answer(&c, "ok");
		return false;
	}
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i].name, c.words[0]))
			commands[i].run(&c);
	answer(&c, "error no command %s", c.words[0]);
	return true;
}
