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

/* Make text of a guest fit to print; bytes of UTF-8 stay. */
static inline void vigil_sane_text(char *text, size_t len)
{
	for (size_t i = 0; i < len && text[i]; i++) {
		unsigned char c = text[i];

		if (c < ' ' || c == 0x7f)
			text[i] = '?';
	}
}

#endif /* _VIGIL_SANE_H */
