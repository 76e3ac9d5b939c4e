/* SPDX-License-Identifier: GPL-2.0 */
/* Patterns as the kernel's glob_match() has them: * ? [a-z] [!a-z] backslash. */
#ifndef PATTERN_H
#define PATTERN_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Bytes of the shortest text that @glob matches, and in @out an example of it,
 * cut to @size, which may be 0: a ? stands there for any character.
 */
size_t pattern_shortest(const char *glob, char *out, size_t size);

/* Can a text that @glob matches begin with @text? */
bool pattern_begins_with(const char *glob, const char *text);

/**
 * struct pattern_flaw - why a pattern can't match
 * @at:	the part of it that is why, of @len bytes; of 0: it is the whole pattern
 */
struct pattern_flaw {
	const char *at, *why;
	size_t len;
};

/*
 * Is there something in @glob that no name, or no path of an executable has?  Only
 * what is certain, as the kernel says it, too.
 */
bool pattern_name_flaw(const char *glob, struct pattern_flaw *flaw);
bool pattern_path_flaw(const char *glob, struct pattern_flaw *flaw);

/*
 * Say on stderr what @glob, the value of @option, means where it looks like
 * something else.
 */
void pattern_explain(const char *option, const char *glob);

#endif /* PATTERN_H */
