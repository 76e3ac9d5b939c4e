/* SPDX-License-Identifier: GPL-2.0 */
/* Patterns as the kernel's glob_match() has them: * ? [a-z] [!a-z] backslash. */
#ifndef PATTERN_H
#define PATTERN_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Bytes of the shortest text that @glob matches, and in @out an example of it,
 * cut to @size: a ? stands there for any character.
 */
size_t pattern_shortest(const char *glob, char *out, size_t size);

/* Can a text that @glob matches begin with @c? */
bool pattern_begins_with(const char *glob, char c);

/*
 * Say on stderr what @glob, the value of @option, means where it looks like
 * something else.
 */
void pattern_explain(const char *option, const char *glob);

#endif /* PATTERN_H */
