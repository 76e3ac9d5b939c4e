/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Patterns of entries, as glob_match() has them: which can't match anything.
 */
#ifndef _VIGIL_EXEC_PATTERN_H
#define _VIGIL_EXEC_PATTERN_H

#include <linux/types.h>

/**
 * struct vigil_pattern_flaw - Why a pattern can't match
 */
struct vigil_pattern_flaw {
	/** @at: The part of the pattern that is why; not terminated. */
	const char *at;
	/** @len: Of @at; 0: it is the pattern as a whole. */
	size_t len;
	const char *why;
};

size_t vigil_pattern_shortest(const char *pattern);
bool vigil_pattern_comm_flaw(const char *pattern,
			     struct vigil_pattern_flaw *flaw);
bool vigil_pattern_exe_flaw(const char *pattern,
			    struct vigil_pattern_flaw *flaw);

#endif /* _VIGIL_EXEC_PATTERN_H */
