// SPDX-License-Identifier: GPL-2.0
/*
 * Patterns of entries, as glob_match() has them: which can't match anything.
 *
 * Who gives one protects nobody, and doesn't know.  Only what can't match for
 * certain is a flaw: what stands literally in the pattern, with nothing between
 * that could be anything else.
 */
#include <linux/export.h>
#include <linux/string.h>
#include <kunit/visibility.h>

#include "protect/exec/pattern.h"

/* TASK_COMM_LEN of the guest, without the 0. */
#define COMM_BYTES	15
/* A longer path, or one with a longer name in it, is read as none. */
#define PATH_BYTES	1020
#define NAME_BYTES	255

/*
 * struct pattern_element - What stands in one place of a pattern
 */
struct pattern_element {
	enum {
		ELEMENT_END,
		ELEMENT_LITERAL,
		ELEMENT_ANY,
		ELEMENT_STAR,
		ELEMENT_CLASS,
	} kind;
	/** @literal: The byte that a literal one is. */
	char literal;
	/** @class: What is between the brackets of a class, and its end. */
	const char *class;
	const char *class_end;
};

/* Where a class that begins at @pattern ends, or NULL: it is no class. */
static const char *pattern_class_end(const char *pattern)
{
	const char *p = pattern + 1;

	if (*p == '!')
		p++;
	/* A bracket that comes first is one of the characters. */
	if (*p == ']')
		p++;
	return strchr(p, ']');
}

/* The first element of @pattern.  Return: what is behind it. */
static const char *pattern_take(const char *pattern, struct pattern_element *e)
{
	*e = (struct pattern_element){ .kind = ELEMENT_LITERAL, .literal = *pattern };
	switch (*pattern) {
	case '\0':
		e->kind = ELEMENT_END;
		return pattern;
	case '*':
		e->kind = ELEMENT_STAR;
		break;
	case '?':
		e->kind = ELEMENT_ANY;
		break;
	case '[':
		e->class_end = pattern_class_end(pattern);
		if (!e->class_end)
			break;
		e->kind = ELEMENT_CLASS;
		e->class = pattern + 1;
		return e->class_end + 1;
	case '\\':
		e->literal = *++pattern;
		/* One at the end stands for the end of the text. */
		if (!*pattern) {
			e->kind = ELEMENT_END;
			return pattern;
		}
		break;
	}
	return pattern + 1;
}

static bool pattern_class_has(const struct pattern_element *e, u8 c)
{
	const u8 *p = (const u8 *)e->class;
	const u8 *end = (const u8 *)e->class_end;
	const bool inverted = *p == '!';
	bool has = false;
	u8 first, last;

	for (p += inverted; p < end;) {
		first = *p++;
		last = first;
		if (end - p > 1 && *p == '-') {
			last = p[1];
			p += 2;
		}
		has |= first <= c && c <= last;
	}
	return has != inverted;
}

static bool pattern_class_is_empty(const struct pattern_element *e)
{
	for (unsigned int c = 1; c <= U8_MAX; c++) {
		if (pattern_class_has(e, c))
			return false;
	}
	return true;
}

/* Can a text that @pattern matches begin with @text? */
static bool pattern_can_begin_with(const char *pattern, const char *text)
{
	struct pattern_element e;

	for (; *text; text++) {
		pattern = pattern_take(pattern, &e);
		switch (e.kind) {
		case ELEMENT_END:
			return false;
		case ELEMENT_LITERAL:
			if (e.literal != *text)
				return false;
			break;
		case ELEMENT_ANY:
			break;
		case ELEMENT_STAR:
			return true;
		case ELEMENT_CLASS:
			if (!pattern_class_has(&e, *text))
				return false;
			break;
		}
	}
	return true;
}

/**
 * vigil_pattern_shortest - How long is the shortest text that a pattern matches?
 * @pattern: as for glob_match()
 *
 * Return: bytes.
 */
size_t vigil_pattern_shortest(const char *pattern)
{
	struct pattern_element e;
	size_t len = 0;

	do {
		pattern = pattern_take(pattern, &e);
		len += e.kind != ELEMENT_END && e.kind != ELEMENT_STAR;
	} while (e.kind != ELEMENT_END);
	return len;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_pattern_shortest);

static bool pattern_set_flaw(struct vigil_pattern_flaw *flaw, const char *at,
			     const char *end, const char *why)
{
	*flaw = (struct vigil_pattern_flaw){
		.at = at,
		.len = end - at,
		.why = why,
	};
	return true;
}

/* A class that has no byte in it, as [z-a]. */
static bool pattern_classes_flaw(const char *pattern, struct vigil_pattern_flaw *flaw)
{
	const char *at;
	struct pattern_element e;

	do {
		at = pattern;
		pattern = pattern_take(at, &e);
		if (e.kind == ELEMENT_CLASS && pattern_class_is_empty(&e))
			return pattern_set_flaw(flaw, at, pattern, "stands for no byte");
	} while (e.kind != ELEMENT_END);
	return false;
}

/*
 * struct pattern_component - What is known of a component, on the way through a pattern
 */
struct pattern_component {
	/** @slash: Where the slash is that it begins with, or NULL: it may be. */
	const char *slash;
	/** @name: Where what stands literally begins. */
	const char *name;
	/** @len: Bytes of that. */
	size_t len;
	/** @dots: It is nothing but dots. */
	bool dots;
};

/* Does no name come between two slashes, or one that the kernel never keeps? */
static bool pattern_is_void(const struct pattern_component *c)
{
	return c->slash && (!c->len || (c->dots && c->len <= 2));
}

/*
 * Components that no path has; empty ones and those that the kernel resolves only
 * where each slash ends one, as @slashes says.
 */
static bool pattern_components_flaw(const char *pattern, bool slashes,
				    struct vigil_pattern_flaw *flaw)
{
	const bool is_root = vigil_pattern_shortest(pattern) < 2;
	struct pattern_component c = { .name = pattern, .dots = true };
	struct pattern_element e;
	const char *at;

	for (;;) {
		at = pattern;
		pattern = pattern_take(at, &e);
		if (e.kind == ELEMENT_END)
			break;
		if (e.kind != ELEMENT_LITERAL) {
			c = (struct pattern_component){ .name = pattern };
			continue;
		}
		if (e.literal == '/') {
			if (slashes && pattern_is_void(&c))
				return pattern_set_flaw(flaw, c.slash, pattern,
						"is in no path");
			c = (struct pattern_component){
				.slash = at, .name = pattern, .dots = true,
			};
			continue;
		}
		c.dots &= e.literal == '.';
		if (++c.len > NAME_BYTES)
			return pattern_set_flaw(flaw, c.name, pattern,
					"is longer than any name in a path");
	}
	if (slashes && !is_root && pattern_is_void(&c))
		return pattern_set_flaw(flaw, c.slash, at, "ends no path");
	return false;
}

/**
 * vigil_pattern_comm_flaw - Can a pattern match no name of a process?
 * @pattern: as for glob_match()
 * @flaw: why not
 *
 * Return: true if so.
 */
bool vigil_pattern_comm_flaw(const char *pattern,
			     struct vigil_pattern_flaw *flaw)
{
	if (vigil_pattern_shortest(pattern) > COMM_BYTES)
		return pattern_set_flaw(flaw, pattern, pattern,
				"no name has more than 15 bytes, the pattern needs more");
	return pattern_classes_flaw(pattern, flaw);
}
EXPORT_SYMBOL_IF_KUNIT(vigil_pattern_comm_flaw);

/**
 * vigil_pattern_exe_flaw - Can a pattern match no path of an executable?
 * @pattern: as for glob_match()
 * @flaw: why not
 *
 * A memfd is called as its maker likes, with any slashes, and a file that ends in
 * " (deleted)" can exist.
 *
 * Return: true if so.
 */
bool vigil_pattern_exe_flaw(const char *pattern,
			    struct vigil_pattern_flaw *flaw)
{
	if (pattern_classes_flaw(pattern, flaw))
		return true;
	if (!pattern_can_begin_with(pattern, "/"))
		return pattern_set_flaw(flaw, pattern, pattern,
				"a path begins with a slash, and the pattern doesn't");
	if (vigil_pattern_shortest(pattern) > PATH_BYTES)
		return pattern_set_flaw(flaw, pattern, pattern,
				"no path has more than 1020 bytes, the pattern needs more");
	return pattern_components_flaw(pattern, !pattern_can_begin_with(pattern, "/memfd:"),
			       flaw);
}
EXPORT_SYMBOL_IF_KUNIT(vigil_pattern_exe_flaw);
