/* SPDX-License-Identifier: GPL-2.0 */
/* The symbol table that Linux carries in its rodata (CONFIG_KALLSYMS). */
#ifndef VIGIL_KALLSYMS_H
#define VIGIL_KALLSYMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "image.h"

#define VIGIL_SYMBOLS_MAX	400000U

/**
 * struct vigil_kallsyms - where its parts are, as positions in the image
 * @data:	the image's bytes
 * @size:	their number
 * @count:	number of symbols
 * @names:	compressed names
 * @markers:	position in names of every 256th symbol
 * @tokens:	what the bytes of names stand for
 * @index:	position in tokens by byte
 * @offsets:	values
 * @base:	what they are relative to
 * @budget:	steps that the search may still take
 * @absolute:	values that aren't negative are absolute (per-CPU) instead
 */
struct vigil_kallsyms {
	const uint8_t *data;
	size_t size;
	uint32_t count;
	size_t names;
	size_t markers;
	size_t tokens;
	size_t index;
	size_t offsets;
	uint64_t base;
	uint32_t budget;
	bool absolute;
};

/**
 * struct vigil_symbol - one that is looked for
 * @name:	its name
 * @value:	out: address, or for a per-CPU variable its offset
 * @found:	out: how many symbols with different values have the name
 */
struct vigil_symbol {
	const char *name;
	uint64_t value;
	unsigned int found;
};

int vigil_kallsyms_find(struct vigil_kallsyms *ks,
			const struct vigil_image *image, struct vigil_err *err);
/* Fill in all of @symbols. */
void vigil_kallsyms_lookup(const struct vigil_kallsyms *ks,
			   struct vigil_symbol *symbols, size_t count);

#endif /* VIGIL_KALLSYMS_H */
