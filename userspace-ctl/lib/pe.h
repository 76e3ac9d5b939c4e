/* SPDX-License-Identifier: GPL-2.0 */
/* An image of Windows' kernel in a guest's memory. */
#ifndef VIGIL_PE_H
#define VIGIL_PE_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "guest.h"
#include "text.h"

/* Of all that is looked for, and of how far down its start is. */
#define VIGIL_PE_MAX		(64U << 20)
#define VIGIL_PE_SECTIONS	96
/* The longest name of a symbol file that is known has 20 bytes. */
#define VIGIL_PDB_NAME_MAX	31
/* 32 digits of the GUID, up to 8 of the age. */
#define VIGIL_PDB_ID_SIZE	41

struct vigil_pe_section {
	uint32_t rva;
	uint32_t size;
	uint32_t flags;
};

#define VIGIL_PE_DISCARDABLE	0x02000000U
#define VIGIL_PE_WRITABLE	0x80000000U

/**
 * struct vigil_pe - what the headers of an image say
 * @space:	the address space that maps it
 * @base:	where it is
 * @size:	SizeOfImage
 * @sections:	how many @section are
 * @section:	its sections
 * @resources:	where the resources are, relative to @base; 0: nowhere
 * @pdb:	name of the symbol file, made safe
 * @pdb_id:	GUID and age as symbol servers spell them
 */
struct vigil_pe {
	struct vigil_space space;
	uint64_t base;
	uint32_t size;
	unsigned int sections;
	struct vigil_pe_section section[VIGIL_PE_SECTIONS];
	uint32_t resources;
	char pdb[VIGIL_TEXT_CLEAN_SIZE(VIGIL_PDB_NAME_MAX)];
	char pdb_id[VIGIL_PDB_ID_SIZE];
};

/* The image that @entry, an address of its code, belongs to. */
int vigil_pe_find(struct vigil_pe *pe, const struct vigil_space *space,
		  uint64_t entry, struct vigil_err *err);

/* The four numbers of the file's version resource; -ENOENT: it isn't there. */
int vigil_pe_version(const struct vigil_pe *pe, uint16_t version[4]);

#endif /* VIGIL_PE_H */
