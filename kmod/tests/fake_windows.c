// SPDX-License-Identifier: GPL-2.0
/*
 * A Windows kernel that consists of the structures that a test put there.
 */

#include <linux/pe.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "tests/fake_windows.h"

#define F(name)	VIGIL_WINDOWS_FIELD_##name

#define IMAGE_GPA	(16 * SZ_1M)
#define PCR_GPA		(48 * SZ_1M)
#define PE_AT		0xf8
#define DEBUG_AT	0x2000
#define RSDS_AT		0x2100

/* Offsets differ from those of any real build, and from each other's. */
static const u64 offsets[VIGIL_WINDOWS_FIELDS] = {
	[F(KERNEL_BASE)] = FAKE_NT,
	[F(KERNEL_SIZE)] = FAKE_NT_SIZE,
	[F(PS_ACTIVE_PROCESS_HEAD)] = FAKE_NT_HEAD,
	[F(SELF_MAP_SLOT)] = FAKE_SLOT,
	[F(KVA_SHADOW)] = 1,
	[F(KPROCESS_DIRECTORY_TABLE_BASE)] = 40,
	[F(KPROCESS_USER_DIRECTORY_TABLE_BASE)] = 56,
	[F(EPROCESS_UNIQUE_PROCESS_ID)] = 72,
	[F(EPROCESS_ACTIVE_PROCESS_LINKS)] = 88,
	[F(EPROCESS_INHERITED_FROM_UNIQUE_PROCESS_ID)] = 112,
	[F(EPROCESS_IMAGE_FILE_NAME)] = 123,
	[F(EPROCESS_FLAGS)] = 148,
	[F(EPROCESS_CREATE_TIME)] = 160,
	[F(KTHREAD_APC_STATE)] = 16,
	[F(KAPC_STATE_PROCESS)] = 32,
	[F(KPCR_PRCB)] = 0x180,
	[F(KPRCB_CURRENT_THREAD)] = 8,
	[F(FLAG_PROCESS_EXITING)] = FAKE_FLAG_EXITING,
	[F(FLAG_VM_DELETED)] = FAKE_FLAG_VM_DELETED,
	[F(FLAG_OUTSWAPPED)] = FAKE_FLAG_OUTSWAPPED,
	[F(FLAG_HAS_ADDRESS_SPACE)] = FAKE_FLAG_HAS_SPACE,
};

static const char banner[] =
	"ntoskrnl.exe 10.0.1.2 0403020106050807090A0B0C0D0E0F102";

static void put_image(struct vigil_fake_windows *w)
{
	const struct mz_hdr mz = { .magic = MZ_MAGIC, .peaddr = PE_AT };
	const struct {
		struct pe_hdr pe;
		struct pe32plus_opt_hdr opt;
		struct data_directory dir;
	} nt = {
		.pe = { .magic = PE_MAGIC, .machine = IMAGE_FILE_MACHINE_AMD64 },
		.opt = { .magic = PE_OPT_MAGIC_PE32PLUS,
			 .image_size = FAKE_NT_SIZE },
		.dir.debug = { DEBUG_AT, 56 },
	};
	const u32 debug[14] = { [3] = 13, [10] = 2, [11] = 24, [12] = RSDS_AT };
	const u8 rsds[24] = { 'R', 'S', 'D', 'S', 1, 2, 3, 4, 5, 6, 7, 8, 9,
			      10, 11, 12, 13, 14, 15, 16, 2 };

	vigil_fake_win_put(w, FAKE_NT, &mz, sizeof(mz));
	vigil_fake_win_put(w, FAKE_NT + PE_AT, &nt, sizeof(nt));
	vigil_fake_win_put(w, FAKE_NT + DEBUG_AT, debug, sizeof(debug));
	vigil_fake_win_put(w, FAKE_NT + RSDS_AT, rsds, sizeof(rsds));
}

/* The vCPU's KPCR and its current thread, in System, in kernel mode. */
static void make_cpu(struct vigil_fake_windows *w)
{
	struct vigil_cpu *cpu = &w->f->cpu;

	cpu->cr0 = X86_CR0_PG | X86_CR0_PE;
	cpu->efer = BIT_ULL(10) | BIT_ULL(8);
	cpu->cr4 = w->levels == 5 ? X86_CR4_LA57 : 0;
	cpu->gs_base = FAKE_POOL + PCR_GPA;
	w->thread = FAKE_POOL + PCR_GPA + SZ_4K;
	vigil_fake_win_put64(w, cpu->gs_base + offsets[F(KPCR_PRCB)] +
			     offsets[F(KPRCB_CURRENT_THREAD)], w->thread);
	vigil_fake_win_run(w, w->system, w->root, 0);
}

/* A guest with a kernel image, System, and a vCPU that runs it. */
struct vigil_fake_windows *vigil_fake_windows(struct kunit *test,
					      unsigned int levels)
{
	struct vigil_fake_windows *w;

	w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, w);
	w->f = vigil_fake_new(test);
	w->levels = levels;
	w->f->profile.os = VIGIL_PROFILE_OS_WINDOWS;
	memcpy(w->f->profile.field, offsets, sizeof(offsets));
	bitmap_set(w->f->profile.given, 0, VIGIL_WINDOWS_FIELDS);
	/* This build doesn't have it. */
	__clear_bit(F(FLAG_PROCESS_DELETE), w->f->profile.given);
	strscpy(w->f->profile.banner, banner);
	w->root = vigil_fake_win_table(w);
	w->f->profile.field[F(KERNEL_ROOT)] = w->root;
	vigil_windows_init(&w->win, &w->f->profile, &w->f->gm, levels);
	put_image(w);
	w->system = vigil_fake_win_process(w, 4, "System", w->root | 2);
	vigil_fake_win_set64(w, w->system,
			     F(KPROCESS_USER_DIRECTORY_TABLE_BASE), 1);
	vigil_fake_win_link(w, &w->system, 1);
	make_cpu(w);
	return w;
}

/* A top-level table that maps the kernel, and itself. */
u64 vigil_fake_win_table(struct vigil_fake_windows *w)
{
	const u64 rw = FAKE_PTE_W | FAKE_PTE_NX;
	u64 table = vigil_fake_table(w->f);

	vigil_fake_map(w->f, table, w->levels, FAKE_NT, IMAGE_GPA, 21,
		       FAKE_PTE_W);
	vigil_fake_map(w->f, table, w->levels, FAKE_POOL, 0, 30, rw);
	vigil_fake_win_slot(w, table, table | FAKE_PTE_P | rw);
	return table;
}

void vigil_fake_win_slot(struct vigil_fake_windows *w, u64 table, u64 entry)
{
	vigil_fake_write(w->f, table + FAKE_SLOT * sizeof(entry), &entry,
			 sizeof(entry));
}

void vigil_fake_win_put(struct vigil_fake_windows *w, u64 addr,
			const void *buf, size_t len)
{
	vigil_fake_write(w->f, addr >= FAKE_NT ? addr - FAKE_NT + IMAGE_GPA :
						 addr - FAKE_POOL, buf, len);
}

void vigil_fake_win_put64(struct vigil_fake_windows *w, u64 addr, u64 value)
{
	vigil_fake_win_put(w, addr, &value, sizeof(value));
}

void vigil_fake_win_set64(struct vigil_fake_windows *w, u64 base, u32 field,
			  u64 value)
{
	vigil_fake_win_put64(w, base + w->f->profile.field[field], value);
}

void vigil_fake_win_set32(struct vigil_fake_windows *w, u64 base, u32 field,
			  u32 value)
{
	vigil_fake_win_put(w, base + w->f->profile.field[field], &value,
			   sizeof(value));
}

/* A process, its parent the one before; not in the list yet. */
u64 vigil_fake_win_process(struct vigil_fake_windows *w, u64 pid,
			   const char *name, u64 cr3)
{
	static const u8 zeroes[512];
	u64 gpa = w->f->next_object;
	u64 eprocess = FAKE_POOL + gpa;

	w->f->next_object += sizeof(zeroes);
	vigil_fake_write(w->f, gpa, zeroes, sizeof(zeroes));
	vigil_fake_win_put(w, eprocess, "\3", 1);
	vigil_fake_win_set64(w, eprocess, F(EPROCESS_UNIQUE_PROCESS_ID), pid);
	vigil_fake_win_set64(w, eprocess,
			     F(EPROCESS_INHERITED_FROM_UNIQUE_PROCESS_ID),
			     pid - 4);
	vigil_fake_win_set64(w, eprocess, F(EPROCESS_CREATE_TIME),
			     132000000000000000 + pid);
	vigil_fake_win_set32(w, eprocess, F(EPROCESS_FLAGS),
			     FAKE_FLAG_HAS_SPACE);
	vigil_fake_win_set64(w, eprocess, F(KPROCESS_DIRECTORY_TABLE_BASE),
			     cr3);
	vigil_fake_win_put(w, eprocess + offsets[F(EPROCESS_IMAGE_FILE_NAME)],
			   name, min(strlen(name) + 1, 15));
	return eprocess;
}

/* Make the list, in this order. */
void vigil_fake_win_link(struct vigil_fake_windows *w, const u64 *processes,
			 unsigned int nr)
{
	const u64 links = offsets[F(EPROCESS_ACTIVE_PROCESS_LINKS)];
	u64 last = FAKE_NT_HEAD;

	for (unsigned int i = 0; i <= nr; i++) {
		u64 node = i < nr ? processes[i] + links : FAKE_NT_HEAD;

		vigil_fake_win_put64(w, last, node);
		vigil_fake_win_put64(w, node + 8, last);
		last = node;
	}
}

/* The vCPU's thread is attached to @eprocess, on the tables of @cr3. */
void vigil_fake_win_run(struct vigil_fake_windows *w, u64 eprocess, u64 cr3,
			u32 cpl)
{
	struct vigil_cpu *cpu = &w->f->cpu;

	vigil_fake_win_put64(w, w->thread + offsets[F(KTHREAD_APC_STATE)] +
			     offsets[F(KAPC_STATE_PROCESS)], eprocess);
	cpu->cr3 = cr3;
	cpu->cpl = cpl;
	cpu->gs_base = cpl == 3 ? 0x7ff612340000 : FAKE_POOL + PCR_GPA;
	cpu->kernel_gs_base = cpl == 3 ? FAKE_POOL + PCR_GPA : 0x7ff612340000;
}
