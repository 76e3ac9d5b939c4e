/* SPDX-License-Identifier: GPL-2.0 */
/* How a profile of a Windows guest is found: what its parts share. */
#ifndef VIGIL_WINDOWS_H
#define VIGIL_WINDOWS_H

#include <stdbool.h>
#include <stdint.h>

#include "isf.h"
#include "pe.h"
#include "profile.h"

/* A version's revision where the guest doesn't tell it. */
#define VIGIL_REVISION_UNKNOWN	0xffff

/**
 * struct vigil_winfind - a search for a profile of a Windows guest
 * @pe:		ntoskrnl, in an address space that maps it
 * @version:	its version
 * @kva_shadow:	user mode has page tables of its own
 */
struct vigil_winfind {
	struct vigil_pe pe;
	uint16_t version[4];
	bool kva_shadow;
};

/* windows_image.c: ntoskrnl, which has code at @entry.  -EOPNOTSUPP: VBS. */
int vigil_winfind_image(struct vigil_winfind *find, struct vigil_guest *guest,
			const struct vigil_regs *regs, uint64_t entry,
			struct vigil_err *err);

/* windows_offsets.c: into @profile; @isf NULL: the table of builds. */
int vigil_winfind_offsets(const struct vigil_winfind *find,
			  const struct vigil_isf *isf,
			  struct vigil_profile *profile,
			  struct vigil_findings *findings,
			  struct vigil_err *err);

/* windows_find.c: all the rest of it. */
int vigil_winfind_profile(const struct vigil_winfind *find,
			  const struct vigil_isf *isf,
			  struct vigil_profile *profile,
			  struct vigil_findings *findings,
			  struct vigil_err *err);

/* windows_table.c */

/**
 * struct vigil_build - a row of the table of builds
 * @version:	major, minor, build, revision
 * @row:	the whole line, which ends with a newline
 */
struct vigil_build {
	uint16_t version[4];
	const char *row;
};

/* The row whose layout @version has; NULL: there is none. */
const struct vigil_build *vigil_build_find(const uint16_t version[4]);
/* -ENOENT: the cell is empty, the build has no such thing. */
int vigil_build_cell(const struct vigil_build *build, const char *column,
		     uint64_t *value);
/* 10.0.17763.107, or without the revision if it is unknown. */
#define VIGIL_VERSION_SIZE	24
void vigil_version_text(const uint16_t version[4],
			char text[VIGIL_VERSION_SIZE]);

static inline bool vigil_is_kernel(uint64_t addr, unsigned int levels)
{
	return addr >= (levels == 5 ? 0xff00000000000000ULL :
				      0xffff800000000000ULL) &&
	       addr < 0xfffffffffffff000ULL;
}

#endif /* VIGIL_WINDOWS_H */
