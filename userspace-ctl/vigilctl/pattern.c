// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "vigilctl.h"
#include "pattern.h"

/* A longer path, or one with a longer name in it, is none to the kernel. */
#define PATH_BYTES	1020
#define FILE_NAME_BYTES	255

/**
 * struct element - one element of a pattern
 * @star:	matches any text
 * @any:	matches any one character
 * @class:	what stands between the brackets, of @class_len bytes, or NULL
 * @literal:	else the one character that it matches, 0 at the end
 */
struct element {
	bool star, any;
	const char *class;
	size_t class_len;
	char literal;
};

/* The end of the class that begins after @s, or NULL: then it is no class. */
static const char *class_end(const char *s)
{
	s += *s == '!';
	/* a bracket in the first place is a member */
	do {
		if (!*s)
			return NULL;
		if (s[1] == '-' && s[2] != ']') {
			if (!s[2])
				return NULL;
			s += 2;
		}
		s++;
	} while (*s != ']');
	return s;
}

/* Take the first element of @glob; returns what follows it. */
static const char *take(const char *glob, struct element *e)
{
	const char *end;

	memset(e, 0, sizeof(*e));
	switch (*glob) {
	case '*':
		e->star = true;
		break;
	case '?':
		e->any = true;
		break;
	case '[':
		end = class_end(glob + 1);
		if (end) {
			e->class = glob + 1;
			e->class_len = end - e->class;
			return end + 1;
		}
		e->literal = '[';
		break;
	case '\\':
		e->literal = *++glob;
		if (!*glob)
			return glob;
		break;
	default:
		e->literal = *glob;
	}
	return glob + 1;
}

static bool class_has(const struct element *e, char wanted)
{
	const unsigned char *s = (const unsigned char *)e->class;
	const unsigned char *end = s + e->class_len;
	unsigned char c = wanted, last;
	bool inverted = *s == '!', has = false, range;

	for (s += inverted; s < end; s += range ? 3 : 1) {
		range = end - s > 2 && s[1] == '-';
		last = range ? s[2] : s[0];
		has |= *s <= c && c <= last;
	}
	return has != inverted;
}

size_t pattern_shortest(const char *glob, char *out, size_t size)
{
	struct element e;
	size_t count = 0;
	char c;

	while (*glob) {
		glob = take(glob, &e);
		if (e.star || (!e.any && !e.class && !e.literal))
			continue;
		c = e.literal;
		if (e.any || e.class)
			c = e.class && *e.class != '!' ? *e.class : '?';
		if (count + 1 < size)
			out[count] = c;
		count++;
	}
	if (size)
		out[count < size ? count : size - 1] = '\0';
	return count;
}

static bool class_is_empty(const struct element *e)
{
	unsigned int c;

	for (c = 1; c < 256; c++) {
		if (class_has(e, c))
			return false;
	}
	return true;
}

bool pattern_begins_with(const char *glob, const char *text)
{
	struct element e;

	for (; *text; text++) {
		glob = take(glob, &e);
		if (e.star)
			return true;
		if (e.class ? !class_has(&e, *text) :
			      !e.any && e.literal != *text)
			return false;
	}
	return true;
}

static bool set_flaw(struct pattern_flaw *flaw, const char *at, const char *end,
		     const char *why)
{
	flaw->at = at;
	flaw->len = end - at;
	flaw->why = why;
	return true;
}

bool pattern_name_flaw(const char *glob, struct pattern_flaw *flaw)
{
	struct element e;
	const char *at;

	while (*glob) {
		at = glob;
		glob = take(at, &e);
		if (e.class && class_is_empty(&e))
			return set_flaw(flaw, at, glob,
					"stands for no character");
	}
	return false;
}

/**
 * struct component - what is known of one of a path, on the way through a pattern
 * @slash:	where the slash is that it begins with, or NULL: it may be
 * @name:	where what stands literally begins, of @len bytes
 * @dots:	it is nothing but dots
 */
struct component {
	const char *slash, *name;
	size_t len;
	bool dots;
};

/* Does nothing come between two slashes, or what the kernel resolves? */
static bool is_void(const struct component *c)
{
	return c->slash && (!c->len || (c->dots && c->len <= 2));
}

static bool components_flaw(const char *glob, bool slashes,
			    struct pattern_flaw *flaw)
{
	bool is_root = pattern_shortest(glob, NULL, 0) < 2;
	struct component c = { .name = glob, .dots = true };
	const char *at = glob;
	struct element e;

	while (*glob) {
		at = glob;
		glob = take(at, &e);
		if (e.star || e.any || e.class) {
			c = (struct component){ .name = glob };
		} else if (e.literal == '/') {
			if (slashes && is_void(&c))
				return set_flaw(flaw, c.slash, glob,
						"is in no path");
			c = (struct component){ at, glob, .dots = true };
		} else if (e.literal) {
			c.dots &= e.literal == '.';
			if (++c.len > FILE_NAME_BYTES)
				return set_flaw(flaw, c.name, glob,
						"is longer than any name in a path");
		}
	}
	return slashes && !is_root && is_void(&c) &&
	       set_flaw(flaw, c.slash, glob, "ends no path");
}

bool pattern_path_flaw(const char *glob, struct pattern_flaw *flaw)
{
	if (pattern_name_flaw(glob, flaw))
		return true;
	if (pattern_shortest(glob, NULL, 0) > PATH_BYTES)
		return set_flaw(flaw, glob, glob,
				"no path has more than 1020 bytes");
	/* a memfd is called as its maker likes, with any slashes */
	return components_flaw(glob, !pattern_begins_with(glob, "/memfd:"), flaw);
}

/*
 * [Pp] and [0-9a-f] are meant as classes; a word in brackets, as the name of
 * runc's second process has, is mostly not.
 */
static bool is_word(const struct element *e)
{
	bool seen[256] = { false }, ranges = false, twice = false;
	const unsigned char *s = (const unsigned char *)e->class;
	const unsigned char *end = s + e->class_len;

	if (*s == '!')
		return false;
	for (; s < end; s++) {
		if (end - s > 2 && s[1] == '-') {
			ranges = true;
			s += 2;
			continue;
		}
		twice |= seen[*s];
		seen[*s] = true;
	}
	return twice || (!ranges && e->class_len > 2);
}

/* @glob with a backslash before the brackets that are meant as such. */
static void escape_words(const char *glob, char *out, size_t size)
{
	const char *next;
	struct element e;
	size_t used = 0;

	out[0] = '\0';
	for (; *glob && used < size; glob = next) {
		next = take(glob, &e);
		if (e.class && is_word(&e))
			used += snprintf(out + used, size - used,
					 "\\[%.*s\\]", (int)e.class_len,
					 e.class);
		else
			used += snprintf(out + used, size - used, "%.*s",
					 (int)(next - glob), glob);
	}
}

void pattern_explain(const char *option, const char *glob)
{
	/* each of the two brackets may get a backslash */
	char meant[2 * 1024];
	const char *next, *s;
	struct element e;

	for (s = glob; *s; s = next) {
		next = take(s, &e);
		if (!e.class || !is_word(&e))
			continue;
		escape_words(glob, meant, sizeof(meant));
		warn("note: [%.*s] in %s '%s' stands for one character of these; "
		     "with the brackets in the name it is written '%s'",
		     (int)e.class_len, e.class, option, glob, meant);
		return;
	}
}
