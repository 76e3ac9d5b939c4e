/* SPDX-License-Identifier: GPL-2.0 */
/* A guest that looks from outside as Windows on x64 does. */
#ifndef WINGUEST_H
#define WINGUEST_H

#include <linux/kvm.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define BIT(n)		(1ul << (n))

#define PAGE		4096ul
#define MAX_VCPUS	2
#define MAX_PROCESSES	1024

#define PTE_P		0x001ull
#define PTE_RW		0x002ull
#define PTE_US		0x004ull
#define PTE_A		0x020ull
#define PTE_D		0x040ull
#define PTE_PS		0x080ull
#define PTE_NX		BIT(63)
#define PTE_KERNEL	(PTE_P | PTE_RW | PTE_A | PTE_D)
#define PTE_USER	(PTE_KERNEL | PTE_US)
#define PTE_FRAME	0x000ffffffffff000ull
/* what the processor sets by itself */
#define PTE_STABLE	(~(PTE_A | PTE_D))

/* --- build.c: offsets --------------------------------------------------------- */

enum field {
	F_DTB, F_USER_DTB, F_PID, F_LINKS, F_PPID, F_NAME, F_FLAGS, F_CREATED,
	F_APC_STATE, F_APC_PROCESS, F_THREAD_PROCESS,
	F_PRCB, F_CURRENT_THREAD, F_IDLE_THREAD,
	F_EXITING, F_DELETE, F_VM_DELETED, F_OUTSWAPPED, F_HAS_SPACE,
	FIELDS
};

struct build {
	uint16_t version[4];	/* what was asked for; the offsets are its nearest's */
	uint32_t field[FIELDS];
};

int build_find(struct build *build, const char *name, const char *csv);

/* --- the machine -------------------------------------------------------------- */

enum outcome {
	CALL_DONE,
	CALL_FAULT,	/* exception: RAX vector, RBX error code, RCX RIP, RDX CS */
	CALL_BROKEN,	/* no answer; vcpu->why */
};

/* Interrupts on: none comes, but some emulators take those of the host only then. */
#define RFLAGS		0x202

/* A routine of the guest, run by a vCPU between two rounds of its idle loop */
struct call {
	struct kvm_regs regs;	/* in: arguments, out: results */
	enum outcome outcome;
	uint64_t cr2;
};

struct vcpu {
	struct machine *machine;
	unsigned int index;
	int fd;
	struct kvm_run *run;
	pthread_t thread;
	struct kvm_sregs sregs;	/* as it started */
	struct kvm_regs regs;	/* where it idles */
	uint64_t stack;		/* kernel's, its upper end */
	uint64_t scratch;	/* a page of its own, mapped in all tables */

	/* under machine->lock */
	struct call *call;
	bool held;
	bool broken;
	char why[64];
};

struct machine {
	int kvm, fd;
	uint8_t *ram;
	uint64_t ram_size, next_page;
	unsigned int vcpus;
	unsigned int rate;	/* batches a second, 0: vCPUs don't idle */
	unsigned int timeout;	/* seconds */
	struct vcpu vcpu[MAX_VCPUS];
	struct kvm_cpuid2 *cpuid;

	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool hold;		/* vCPUs stop before their next round */
};

void machine_new(struct machine *m, unsigned int vcpus, uint64_t ram_size);
const struct kvm_cpuid_entry2 *machine_cpuid(struct machine *m, uint32_t function);
void machine_set_msr(struct vcpu *vcpu, uint32_t msr, uint64_t value);
bool machine_has_avx(struct machine *m, bool avx512);
void machine_set_cpu(struct vcpu *vcpu);
void machine_start(struct machine *m);
uint64_t machine_page(struct machine *m, unsigned int count);

/* A call that is not answered in time breaks its vCPU. */
void machine_call(struct vcpu *vcpu, struct call *call);
void machine_post(struct vcpu *vcpu, struct call *call);
void machine_wait(struct vcpu *vcpu);
bool machine_hold(struct machine *m);
void machine_go_on(struct machine *m);

/* --- the guest ---------------------------------------------------------------- */

enum table { KERNEL_TABLE, USER_TABLE };

struct process {
	bool used;
	bool linked;		/* in the list of processes */
	bool ready;		/* gets CPU time */
	uint32_t pid, ppid;
	char name[16];
	uint64_t created;
	uint64_t eprocess, kthread;
	uint64_t table[2];	/* physical; of the user table 0 when there is none */
};

struct winguest {
	struct machine machine;
	struct build build;
	bool la57, shadow, vbs;
	unsigned int slot;
	uint64_t seed, random;

	uint64_t image, code;		/* virtual: ntoskrnl and guest_code in it */
	uint64_t image_gpa;
	uint64_t system_top;		/* the table that all kernel halves are copies of */
	uint64_t shadow_top;		/* ... and all halves of user tables */
	uint64_t pool, pool_gpa;	/* objects; frames run backwards */
	unsigned int pool_pages;
	uint64_t window;		/* all memory */
	uint64_t pcr[MAX_VCPUS];
	uint64_t user_half;		/* entry 0 of all processes */
	uint64_t frames;		/* sixteen pages that other entries point to */

	uint64_t head;			/* PsActiveProcessHead */
	uint64_t idle_process, idle_thread;
	uint64_t queue;
	struct process process[MAX_PROCESSES];
	unsigned int processes;		/* made at the start */
	unsigned int batch;		/* switches before the VMM is asked */
	uint64_t endless;		/* the nodes of corrupt endless */
	uint64_t good_next;		/* what corrupt has replaced */
	uint64_t outside;		/* a mapping of what is not memory */
	uint64_t fake;			/* an attacker's top-level table */
	uint64_t spare[64];		/* tables that are free again */
	unsigned int spares;
	char guid[40];
};

/* main.c, layout.c, image.c, memory.c */
uint64_t next_random(struct winguest *g);
void layout(struct winguest *g);
void image_put(struct winguest *g);
void image_rename(struct winguest *g);
uint32_t image_size(void);

void *gpa_to_host(struct winguest *g, uint64_t gpa);
void *kva_to_host(struct winguest *g, uint64_t va);
void kva_write(struct winguest *g, uint64_t va, const void *from, size_t size);
void kva_put64(struct winguest *g, uint64_t va, uint64_t value);
uint64_t kva_get64(struct winguest *g, uint64_t va);
void kva_put32(struct winguest *g, uint64_t va, uint32_t value);
uint32_t kva_get32(struct winguest *g, uint64_t va);
void map_page(struct winguest *g, uint64_t top, uint64_t va, uint64_t pte);
void map_large(struct winguest *g, uint64_t top, uint64_t va, uint64_t pte);
unsigned int top_slot(struct winguest *g, uint64_t va);
uint64_t slot_base(struct winguest *g, unsigned int slot);
uint64_t self_map_address(struct winguest *g, unsigned int slot, unsigned int entry);

/* process.c */
#define FLAG(g, f)	BIT((g)->build.field[f])

uint64_t cr3_image(struct winguest *g, struct process *p, enum table table);
uint64_t user_cr3(struct winguest *g, struct process *p);
struct process *process_by_pid(struct winguest *g, uint32_t pid);
struct process *process_add(struct winguest *g, uint32_t pid, const char *name);
void process_put(struct winguest *g, struct process *p);
void process_link(struct winguest *g, struct process *p);
void process_unlink(struct winguest *g, struct process *p);
void process_set_flags(struct winguest *g, struct process *p, uint32_t set, uint32_t clear);
uint32_t process_flags(struct winguest *g, struct process *p);
uint64_t user_half(struct winguest *g, struct process *p, enum table table);
void process_queue(struct winguest *g);
uint64_t self_entry(uint64_t table);
uint64_t table_new(struct winguest *g);
void table_free(struct winguest *g, uint64_t table);
/* A table as the kernel makes it, without the guest's help: for the start */
void table_init(struct winguest *g, struct process *p, enum table table);
const char *process_corrupt(struct winguest *g, const char *kind);

/* --- commands: one answer line each ------------------------------------------- */

struct command {
	char *words[16];
	struct winguest *g;
	bool answered;
};

const char *command_word(struct command *c, const char *key);
uint64_t command_number(struct command *c, const char *key, uint64_t otherwise);
struct process *command_process(struct command *c);	/* answers itself if NULL */
struct vcpu *command_vcpu(struct command *c);		/* the same */
/* As a mask of TABLE(); false: answered */
bool command_tables(struct command *c, struct process *p, unsigned int *mask);
void answer(struct command *c, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
bool command_run(struct winguest *g, char *line);
void command_help(void);

#define TABLE(t)	BIT(t)

void call_prepare(struct winguest *g, struct call *call, struct process *p, enum table which,
		  const char *routine);
bool call_good(struct command *c, struct vcpu *vcpu, const struct call *call);
bool call_simple(struct command *c, const char *routine, struct process *p, uint64_t rdi,
		 uint64_t rsi, uint64_t rcx);

void command_attack(struct command *c);
void command_redirect(struct command *c);
void command_restore(struct command *c);
void attack_list(void (*each)(const char *name));
void command_benign(struct command *c);
bool life_start(struct command *c, uint32_t pid, uint32_t ppid, const char *name, bool hostile);
bool life_end(struct command *c, struct process *p, bool zombie);
bool life_swap_out(struct command *c, struct process *p);
bool life_swap_in(struct command *c, struct process *p, bool same_frame);
void life_new(struct command *c);
void life_exit(struct command *c);
void life_outswap(struct command *c);
void life_lie(struct command *c);
void life_inswap(struct command *c);
void life_drop_user(struct command *c);

extern char guest_code[], guest_code_end[], guest_gates[];
extern char guest_syscall[], guest_syscall_shadow[];
extern char guest_call[], guest_idle[], guest_user[], guest_user_warm[], guest_race[];
extern char guest_nothing[], guest_bits[], guest_slots[], guest_writes[];
extern char guest_switches[], guest_copy[], guest_clear[], guest_fill[];
extern char store_mov1[], store_mov2[], store_mov4[], store_mov8[];
extern char store_movups[], store_movdqu[], store_avx[], store_avx512[];
extern char store_or1[], store_or4[], store_or8[], store_lock_or[];
extern char store_bts[], store_lock_bts[];
extern char store_xchg[], store_cmpxchg[], store_cmpxchg16b[];
extern char store_rep_movsb[], store_rep_movsq[];
extern char store_zero_set[], store_clear_set[], store_flood[];
extern char user_code[], user_code_end[], user_read[];
extern char builds_csv[], builds_csv_end[];

#define GUEST(g, label)	((g)->code + (uint64_t)((label) - guest_code))
#define USER(label)	(USER_CODE + (uint64_t)((label) - user_code))

#endif
