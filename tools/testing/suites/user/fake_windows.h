/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The Windows-shaped guest of tools/testing/selftests/winguest as it is laid out,
 * without KVM: nothing of it runs.
 */
#ifndef FAKE_WINDOWS_H
#define FAKE_WINDOWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest.h"

struct winguest;

/**
 * struct fake_windows - the guest
 * @guest:	the interface
 * @regs:	what its vCPU has: kernel mode, System's tables
 * @g:		what was laid out
 * @memory:	guest-physical memory from 0
 * @size:	its bytes
 * @image:	where ntoskrnl is, and what a finder has to say
 * @head:	PsActiveProcessHead
 * @slot:	the self-map's
 * @root:	System's top-level table
 * @user_cr3:	of another process with KVA shadow, or 0
 * @pdb_id:	GUID and age
 * @processes:	in the list
 */
struct fake_windows {
	struct vigil_guest guest;
	struct vigil_regs regs;
	struct winguest *g;
	uint8_t *memory;
	size_t size;
	uint64_t image;
	uint64_t head;
	unsigned int slot;
	uint64_t root;
	uint64_t user_cr3;
	const char *pdb_id;
	unsigned int processes;
};

/* How it is laid out; @csv NULL: the built-in table. */
struct fake_windows_options {
	const char *build;
	const char *csv;
	bool la57;
	bool shadow;
	bool vbs;
	unsigned int slot;
};

bool fake_windows_load(struct fake_windows *fake,
		       const struct fake_windows_options *options);
void fake_windows_free(struct fake_windows *fake);
/* The vCPU is in user mode, of a process on its own tables. */
void fake_windows_enter_user(struct fake_windows *fake);
/* Damage the list of processes, see "winguest --help". */
bool fake_windows_corrupt(struct fake_windows *fake, const char *kind);
/* Bytes of guest-virtual @addr, which the kernel's tables map. */
void *fake_windows_at(struct fake_windows *fake, uint64_t addr);

#endif /* FAKE_WINDOWS_H */
