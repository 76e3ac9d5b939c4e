/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A Windows kernel that consists of the structures that a test put there.
 */
#ifndef _VIGIL_TESTS_FAKE_WINDOWS_H
#define _VIGIL_TESTS_FAKE_WINDOWS_H

#include "guest/windows.h"
#include "tests/fake.h"

#define FAKE_NT		0xfffff80312a00000ULL
#define FAKE_NT_SIZE	0x200000ULL
#define FAKE_NT_HEAD	(FAKE_NT + 0x100040)
/* Processes and threads are at this address plus their guest-physical one. */
#define FAKE_POOL	0xffff9a8000000000ULL
#define FAKE_SLOT	493

#define FAKE_FLAG_EXITING	BIT(2)
#define FAKE_FLAG_VM_DELETED	BIT(5)
#define FAKE_FLAG_OUTSWAPPED	BIT(7)
#define FAKE_FLAG_HAS_SPACE	BIT(18)

/**
 * struct vigil_fake_windows - The guest
 */
struct vigil_fake_windows {
	struct vigil_fake *f;
	unsigned int levels;
	struct vigil_windows win;
	/** @system: System's EPROCESS. */
	u64 system;
	/** @root: Its page table. */
	u64 root;
	/** @thread: Current thread of the vCPU. */
	u64 thread;
};

struct vigil_fake_windows *vigil_fake_windows(struct kunit *test,
					      unsigned int levels);
u64 vigil_fake_win_table(struct vigil_fake_windows *w);
void vigil_fake_win_slot(struct vigil_fake_windows *w, u64 table, u64 entry);
u64 vigil_fake_win_process(struct vigil_fake_windows *w, u64 pid,
			   const char *name, u64 cr3);
void vigil_fake_win_link(struct vigil_fake_windows *w, const u64 *processes,
			 unsigned int nr);
void vigil_fake_win_put(struct vigil_fake_windows *w, u64 addr,
			const void *buf, size_t len);
void vigil_fake_win_put64(struct vigil_fake_windows *w, u64 addr, u64 value);
void vigil_fake_win_set64(struct vigil_fake_windows *w, u64 base, u32 field,
			  u64 value);
void vigil_fake_win_set32(struct vigil_fake_windows *w, u64 base, u32 field,
			  u32 value);
void vigil_fake_win_run(struct vigil_fake_windows *w, u64 eprocess, u64 cr3,
			u32 cpl);

#endif /* _VIGIL_TESTS_FAKE_WINDOWS_H */
