/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What holds for the kernel of any guest.
 */
#ifndef _VIGIL_SANE_H
#define _VIGIL_SANE_H

#include <linux/types.h>

/* Can there be a kernel object at @addr, with page tables of @levels? */
static inline bool vigil_sane_address(u64 addr, unsigned int levels)
{
	/* The kernel half; from the last page on a number is an error. */
	return addr >= (levels == 5 ? 0xff00000000000000ULL :
				      0xffff800000000000ULL) &&
	       addr < 0xfffffffffffff000ULL;
}

void vigil_sane_text(char *text, size_t len);

#endif /* _VIGIL_SANE_H */
