/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A guest made of a kernel image: its segments in a piece of memory, relocated
 * as the boot code does it, under page tables that map them.
 */
#ifndef FAKE_GUEST_H
#define FAKE_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest.h"

#define FAKE_ROOT	0x1000

/**
 * struct fake_guest - the guest
 * @guest:	the interface
 * @memory:	guest-physical memory from 0
 * @size:	its bytes
 * @image:	where the kernel starts in it
 * @image_size:	bytes of the kernel
 * @virt:	where it is mapped
 * @regs:	what every vCPU has
 * @vcpus:	how many there are
 */
struct fake_guest {
	struct vigil_guest guest;
	uint8_t *memory;
	size_t size;
	uint64_t image;
	size_t image_size;
	uint64_t virt;
	struct vigil_regs regs;
	unsigned int vcpus;
};

/* Guest-virtual memory of any guest whose physical memory can be read. */
int fake_guest_virt(struct vigil_guest *guest, struct vigil_virt *virt);

/*
 * Load an uncompressed kernel (the ELF file and its relocations) so that it
 * runs @slide bytes above where it was linked.
 */
bool fake_guest_load(struct fake_guest *fake, const char *path, uint64_t slide,
		     unsigned int levels);
void fake_guest_free(struct fake_guest *fake);

/*
 * A running kernel has its own table in its image, at init_top_pgt.  Where that
 * is in guest-physical memory; 0: there are no symbols.
 */
uint64_t fake_guest_own_root(struct fake_guest *fake);

/* Put the bytes of guest-virtual @addr, which the kernel's image has. */
void fake_guest_poke(struct fake_guest *fake, uint64_t addr, const void *data,
		     size_t len);

#endif /* FAKE_GUEST_H */
