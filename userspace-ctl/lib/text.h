/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VIGIL_TEXT_H
#define VIGIL_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* 2026-01-31T23:59:59.123456789Z and its NUL; room for any 64-bit time. */
#define VIGIL_TIME_SIZE	40

/* Room that vigil_text_clean() may need for @len bytes. */
#define VIGIL_TEXT_CLEAN_SIZE(len)	((len) * 4 + 1)

/*
 * Names and paths come from guests, which are hostile: a terminal must not
 * obey them and a JSON parser must be able to read them.  Control characters
 * and what isn't UTF-8 become \xNN, a backslash becomes two.
 */
void vigil_text_clean(const char *in, size_t len, char *out, size_t size);

/* Nanoseconds since 1970 as RFC 3339, UTC. */
void vigil_text_time(uint64_t ns, char out[VIGIL_TIME_SIZE]);

/* A whole number, decimal or 0x hexadecimal, nothing else.  0 or -EINVAL. */
int vigil_text_number(const char *s, uint64_t max, uint64_t *value);

#endif /* VIGIL_TEXT_H */
