// SPDX-License-Identifier: GPL-2.0
/*
 * The parts have no headers; they are known by how they fit together.  They
 * lie one after the other, each aligned to 8 bytes, since Linux 6.4 as num_syms,
 * names, markers, token_table, token_index, offsets, relative_base; before, as
 * offsets, relative_base, num_syms, names, markers, token_table, token_index,
 * and from 6.2 (6.1 in Debian) on with seqs_of_names after markers.  The token
 * table and its index are found first: 256 strings and their positions agree
 * nowhere by chance.  Everything in the image may be forged, so every position
 * and count is checked against the image.
 */
#include <errno.h>
#include <string.h>

#include "kallsyms.h"

#define TOKENS		256
/* Longest name of a symbol in any kernel so far, and its type. */
#define NAME_SIZE	513
#define GROUP		256
/* A forged image must not keep the search busy; a real one needs one pass. */
#define SEARCH_BUDGET	(50 * VIGIL_SYMBOLS_MAX)
#define MARKERS_MAX	((VIGIL_SYMBOLS_MAX + GROUP - 1) / GROUP)

static size_t align8(size_t n)
{
	return (n + 7) & ~7UL;
}

static uint16_t get16(const struct vigil_kallsyms *ks, size_t at)
{
	uint16_t v;

	memcpy(&v, ks->data + at, sizeof(v));
	return v;
}

static uint32_t get32(const struct vigil_kallsyms *ks, size_t at)
{
	uint32_t v;

	memcpy(&v, ks->data + at, sizeof(v));
	return v;
}

static uint16_t token_at(const struct vigil_kallsyms *ks, unsigned int token)
{
	return get16(ks, ks->index + 2 * token);
}

static bool is_index(const struct vigil_kallsyms *ks)
{
	unsigned int i;

	if (token_at(ks, 0))
		return false;
	for (i = 1; i < TOKENS; i++) {
		if (token_at(ks, i) <= token_at(ks, i - 1))
			return false;
	}
	return true;
}

/* Bytes of a printable string with its NUL, 0 if it is none or too long. */
static size_t string_size(const uint8_t *s, size_t max)
{
	size_t i;

	for (i = 0; i < max && s[i]; i++) {
		if (s[i] < 0x20 || s[i] > 0x7e)
			return 0;
	}
	return i < max ? i + 1 : 0;
}

/* Take one step of the search; false: it took too many. */
static bool spend(struct vigil_kallsyms *ks)
{
	if (!ks->budget)
		return false;
	ks->budget--;
	return true;
}

/* The strings fill the room from tokens to index, but for the padding. */
static bool is_token_table(const struct vigil_kallsyms *ks)
{
	const uint8_t *table = ks->data + ks->tokens;
	size_t room = ks->index - ks->tokens, at = 0, len;
	unsigned int i;

	for (i = 0; i < TOKENS; i++) {
		if (token_at(ks, i) != at)
			return false;
		len = string_size(table + at, room - at);
		if (!len)
			return false;
		at += len;
	}
	return room - at < 8;
}

/* The table's length is known but for its last string's. */
static bool find_token_table(struct vigil_kallsyms *ks)
{
	size_t least = align8(token_at(ks, TOKENS - 1) + 1), len;

	for (len = least; len <= least + NAME_SIZE && len <= ks->index &&
	     spend(ks); len += 8) {
		ks->tokens = ks->index - len;
		if (is_token_table(ks))
			return true;
	}
	return false;
}

static uint32_t marker(const struct vigil_kallsyms *ks, unsigned int group)
{
	return get32(ks, ks->markers + 4 * group);
}

/* Markers grow from 0; those that end at @at. */
static unsigned int find_markers(struct vigil_kallsyms *ks, size_t at)
{
	uint32_t value, above = UINT32_MAX;
	unsigned int groups;

	for (groups = 1; groups <= MARKERS_MAX && at >= 4 && spend(ks);
	     groups++) {
		at -= 4;
		value = get32(ks, at);
		if (value >= above)
			return 0;
		above = value;
		if (value)
			continue;
		ks->markers = at;
		return at % 8 ? 0 : groups;
	}
	return 0;
}

/* Length of the compressed name at @at, which moves on to it; 0: malformed. */
static size_t name_length(const struct vigil_kallsyms *ks, size_t *at)
{
	size_t len;

	if (*at >= ks->markers)
		return 0;
	len = ks->data[(*at)++];
	if (len & 0x80) {
		if (*at >= ks->markers)
			return 0;
		len = (len & 0x7f) | (size_t)ks->data[(*at)++] << 7;
	}
	return len <= ks->markers - *at ? len : 0;
}

/* Do @count names lie between names and markers, as the markers say? */
static bool are_names(struct vigil_kallsyms *ks)
{
	size_t at = ks->names, len;
	uint32_t i;

	for (i = 0; i < ks->count && spend(ks); i++) {
		if (i % GROUP == 0 && at - ks->names != marker(ks, i / GROUP))
			return false;
		len = name_length(ks, &at);
		if (!len)
			return false;
		at += len;
	}
	return i == ks->count && ks->markers - at < 8;
}

/*
 * How long the names of the last group are isn't known: go back from the
 * shortest possible, and look for the number of symbols in front of them.
 */
static bool find_names(struct vigil_kallsyms *ks, unsigned int groups)
{
	size_t least = align8(marker(ks, groups - 1) + 1), len;
	size_t most = least + GROUP * (NAME_SIZE + 2);

	for (len = least; len <= most && len + 8 <= ks->markers && spend(ks);
	     len += 8) {
		ks->names = ks->markers - len;
		ks->count = get32(ks, ks->names - 8);
		if ((ks->count + GROUP - 1) / GROUP == groups &&
		    ks->count <= VIGIL_SYMBOLS_MAX &&
		    !get32(ks, ks->names - 4) && are_names(ks))
			return true;
	}
	return false;
}

/* Relative offsets are negative where absolute values are told apart. */
static bool has_negative(const struct vigil_kallsyms *ks)
{
	uint32_t i;

	for (i = 0; i < ks->count; i++) {
		if ((int32_t)get32(ks, ks->offsets + 4 * i) < 0)
			return true;
	}
	return false;
}

static bool is_base(struct vigil_kallsyms *ks, const struct vigil_image *image,
		    size_t at)
{
	if (at > ks->size || ks->size - at < sizeof(ks->base))
		return false;
	memcpy(&ks->base, ks->data + at, sizeof(ks->base));
	return vigil_image_at(image, ks->base, 1);
}

/* Behind the index, or in front of the number of symbols. */
static bool find_offsets(struct vigil_kallsyms *ks,
			 const struct vigil_image *image)
{
	size_t size = align8(4UL * ks->count), base;

	ks->offsets = align8(ks->index + 2 * TOKENS);
	if (!is_base(ks, image, ks->offsets + size)) {
		if (ks->names < 16 + size)
			return false;
		base = ks->names - 16;
		ks->offsets = base - size;
		if (!is_base(ks, image, base))
			return false;
	}
	ks->absolute = has_negative(ks);
	return true;
}

/* Would @gap bytes be 3 for each symbol of that many groups? */
static bool is_seqs(size_t gap, unsigned int groups)
{
	size_t most = (size_t)groups * GROUP * 3;

	return !gap || (gap < most + 8 && gap > most - GROUP * 3);
}

/* With @gap bytes of something between markers and tokens. */
static bool try_gap(struct vigil_kallsyms *ks, const struct vigil_image *image,
		    size_t gap)
{
	unsigned int groups;
	size_t padding;

	for (padding = 0; padding <= 4; padding += 4) {
		if (ks->tokens < gap + padding)
			return false;
		groups = find_markers(ks, ks->tokens - gap - padding);
		if (groups && is_seqs(gap, groups) && find_names(ks, groups) &&
		    (!gap || gap == align8(3UL * ks->count)))
			return find_offsets(ks, image);
	}
	return false;
}

static bool try_index(struct vigil_kallsyms *ks,
		      const struct vigil_image *image)
{
	size_t gap;

	if (!is_index(ks) || !find_token_table(ks))
		return false;
	for (gap = 0; gap <= align8(3UL * VIGIL_SYMBOLS_MAX) && spend(ks);
	     gap += 8) {
		if (try_gap(ks, image, gap))
			return true;
	}
	return false;
}

int vigil_kallsyms_find(struct vigil_kallsyms *ks,
			const struct vigil_image *image, struct vigil_err *err)
{
	memset(ks, 0, sizeof(*ks));
	ks->data = image->data;
	ks->size = image->size;
	ks->budget = SEARCH_BUDGET;
	for (; ks->index + 2 * TOKENS <= ks->size && ks->budget;
	     ks->index += 8) {
		if (try_index(ks, image))
			return 0;
	}
	return vigil_fail(err, ENOENT,
			  "no symbol table (kallsyms) in the kernel image of %zu MiB at 0x%llx",
			  image->size >> 20, (unsigned long long)image->start);
}

/* Expand a name; its length without NUL.  Too long ones are cut. */
static size_t expand(const struct vigil_kallsyms *ks, size_t at, size_t len,
		     char name[NAME_SIZE])
{
	const char *token;
	size_t used = 0;

	for (; len; len--) {
		token = (const char *)ks->data + ks->tokens +
			token_at(ks, ks->data[at++]);
		while (*token && used < NAME_SIZE - 1)
			name[used++] = *token++;
	}
	name[used] = '\0';
	return used;
}

static uint64_t value_of(const struct vigil_kallsyms *ks, uint32_t i)
{
	uint32_t offset = get32(ks, ks->offsets + 4UL * i);

	if (!ks->absolute)
		return ks->base + offset;
	if ((int32_t)offset >= 0)
		return offset;
	return ks->base - 1 - (int64_t)(int32_t)offset;
}

static void match(const struct vigil_kallsyms *ks, uint32_t i,
		  const char *name, struct vigil_symbol *symbols, size_t count)
{
	uint64_t value;
	size_t s;

	for (s = 0; s < count; s++) {
		if (strcmp(symbols[s].name, name))
			continue;
		value = value_of(ks, i);
		if (!symbols[s].found || symbols[s].value != value)
			symbols[s].found++;
		symbols[s].value = value;
	}
}

void vigil_kallsyms_lookup(const struct vigil_kallsyms *ks,
			   struct vigil_symbol *symbols, size_t count)
{
	char name[NAME_SIZE];
	size_t at = ks->names, len;
	uint32_t i;

	for (i = 0; i < ks->count; i++) {
		len = name_length(ks, &at);
		/* its first letter is the symbol's type */
		if (expand(ks, at, len, name) > 1)
			match(ks, i, name + 1, symbols, count);
		at += len;
	}
}
