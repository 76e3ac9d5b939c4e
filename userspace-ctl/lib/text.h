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
 * obey them, a JSON parser must be able to read them, and two that differ
 * should not look the same.  UTF-8 that can be seen stays as it is, and so does the
 * space; a backslash becomes two; every byte of anything else, i.e. of
 * controls, of what isn't UTF-8, of other spaces and of characters that are
 * invisible, turn the writing direction around, or stand for what can't be
 * shown, becomes \xNN.  So does the
 * space of a " (deleted)" at the end, which is said of files without a name.
 * The bytes can be got back: see Documentation/admin-guide/alerts.md.
 *
 * What doesn't fit into @size is left out, never half of a character.
 */
void vigil_text_clean(const char *in, size_t len, char *out, size_t size);

/* The same in double quotes; those inside become \x22. */
void vigil_text_quote(const char *in, size_t len, char *out, size_t size);

/*
 * One cell of a table: in double quotes if it is empty, a dash, or has a space or
 * a quote, so that it can't pass for several cells or for what is absent.
 */
void vigil_text_cell(const char *in, size_t len, char *out, size_t size);

/*
 * A message that has such texts in it, some of them clean already: only what must
 * not reach a terminal becomes \xNN, of a backslash there remains one.
 */
void vigil_text_message(const char *in, size_t len, char *out, size_t size);

/*
 * Strings that end with a 0 each, the last one maybe without, with spaces
 * between; in double quotes if they are empty or have a space or a quote.
 */
void vigil_text_args(const char *in, size_t len, char *out, size_t size);

/* Nanoseconds since 1970 as RFC 3339, UTC. */
void vigil_text_time(uint64_t ns, char out[VIGIL_TIME_SIZE]);

/* A whole number, decimal or 0x hexadecimal, nothing else.  0 or -EINVAL. */
int vigil_text_number(const char *s, uint64_t max, uint64_t *value);

#endif /* VIGIL_TEXT_H */
