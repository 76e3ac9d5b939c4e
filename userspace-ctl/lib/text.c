// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "text.h"

/*
 * Characters that change how others look, that nobody sees or that stand for
 * some that can't be shown: two names that differ by them only would look the
 * same.
 */
static bool is_hidden(uint32_t code)
{
	static const struct {
		uint32_t first, last;
	} range[] = {
		{ 0x80, 0xA0 },		/* C1 controls, no-break space */
		{ 0xAD, 0xAD },		/* soft hyphen */
		{ 0x34F, 0x34F },	/* combining grapheme joiner */
		{ 0x61C, 0x61C },	/* Arabic letter mark */
		{ 0x115F, 0x1160 },	/* Hangul fillers */
		{ 0x1680, 0x1680 },	/* Ogham space */
		{ 0x17B4, 0x17B5 },	/* Khmer vowels without a form */
		{ 0x180B, 0x180F },	/* Mongolian selectors, separator */
		{ 0x2000, 0x200F },	/* spaces, zero width, directions */
		{ 0x2028, 0x202F },	/* separators, directions, a space */
		{ 0x205F, 0x206F },	/* a space, joiners, isolates */
		{ 0x2800, 0x2800 },	/* Braille blank */
		{ 0x3000, 0x3000 },	/* ideographic space */
		{ 0x3164, 0x3164 },	/* Hangul filler */
		{ 0xD800, 0xF8FF },	/* surrogates: no UTF-8; private use */
		{ 0xFDD0, 0xFDEF },	/* no characters */
		{ 0xFE00, 0xFE0F },	/* variation selectors */
		{ 0xFEFF, 0xFEFF },	/* byte order mark */
		{ 0xFFA0, 0xFFA0 },	/* Hangul filler */
		{ 0xFFF0, 0xFFFD },	/* annotations, replacements */
		{ 0x13430, 0x1343F },	/* joiners of hieroglyphs */
		{ 0x1BCA0, 0x1BCA3 },	/* controls of shorthand */
		{ 0x1D173, 0x1D17A },	/* controls of musical notation */
		{ 0xE0000, 0xE0FFF },	/* tags, variation selectors */
		{ 0xF0000, 0x10FFFF },	/* private use */
	};
	size_t i;

	for (i = 0; i < sizeof(range) / sizeof(range[0]); i++) {
		if (code >= range[i].first && code <= range[i].last)
			return true;
	}
	/* the last two of each plane are no characters */
	return (code & 0xFFFE) == 0xFFFE;
}

/* Length of the UTF-8 character at @s, 0 if it is none that may be shown. */
static size_t utf8_length(const unsigned char *s, size_t left)
{
	uint32_t code;
	size_t len, i;

	if (s[0] < 0x80)
		return s[0] >= 0x20 && s[0] != 0x7F;
	len = s[0] >= 0xF0 ? 4 : s[0] >= 0xE0 ? 3 : 2;
	if (s[0] < 0xC2 || s[0] > 0xF4 || len > left)
		return 0;
	code = s[0] & (0x7F >> len);
	for (i = 1; i < len; i++) {
		if ((s[i] & 0xC0) != 0x80)
			return 0;
		code = code << 6 | (s[i] & 0x3F);
	}
	/* overlong forms, beyond Unicode */
	if ((len == 3 && code < 0x800) || (len == 4 && code < 0x10000) ||
	    code > 0x10FFFF || is_hidden(code))
		return 0;
	return len;
}

/* What /proc says of a file without a name is not for names to say. */
static bool says_deleted(const unsigned char *s, size_t len)
{
	static const char deleted[] = " (deleted)";

	return len == sizeof(deleted) - 1 && !memcmp(s, deleted, len);
}

/* Where a text stands: it decides which visible characters are escaped. */
enum place {
	PLAIN,		/* in nothing: the backslash, the space of " (deleted)" */
	QUOTED,		/* in double quotes: these as well */
	MESSAGE,	/* with words around it and maybe clean already: none */
};

static bool is_escaped(const unsigned char *s, size_t len, enum place place)
{
	return place != MESSAGE && ((place == QUOTED && *s == '"') ||
				    says_deleted(s, len));
}

/* Returns the length of what @out holds then. */
static size_t put_clean(char *out, size_t used, size_t size, const char *in,
			size_t len, enum place place)
{
	const unsigned char *s = (const unsigned char *)in;
	size_t step;

	while (len && size - used > 4) {
		step = utf8_length(s, len);
		if (!step || is_escaped(s, len, place)) {
			sprintf(out + used, "\\x%02x", *s);
			used += 4;
			step = 1;
		} else if (*s == '\\' && place != MESSAGE) {
			memcpy(out + used, "\\\\", 2);
			used += 2;
		} else {
			memcpy(out + used, s, step);
			used += step;
		}
		s += step;
		len -= step;
	}
	out[used] = '\0';
	return used;
}

void vigil_text_clean(const char *in, size_t len, char *out, size_t size)
{
	put_clean(out, 0, size, in, len, PLAIN);
}

void vigil_text_message(const char *in, size_t len, char *out, size_t size)
{
	out[0] = '\0';
	put_clean(out, 0, size, in, len, MESSAGE);
}

/* One byte is kept for the quote at the end. */
static size_t put_quoted(char *out, size_t used, size_t size, const char *in,
			 size_t len)
{
	if (size - used < 3)
		return used;
	out[used++] = '"';
	used = put_clean(out, used, size - 1, in, len, QUOTED);
	out[used++] = '"';
	out[used] = '\0';
	return used;
}

void vigil_text_quote(const char *in, size_t len, char *out, size_t size)
{
	out[0] = '\0';
	put_quoted(out, 0, size, in, len);
}

static bool needs_quotes(const char *arg, size_t len)
{
	return !len || memchr(arg, ' ', len) || memchr(arg, '"', len);
}

/* What is absent is shown as a dash. */
void vigil_text_cell(const char *in, size_t len, char *out, size_t size)
{
	if (needs_quotes(in, len) || (len == 1 && *in == '-'))
		vigil_text_quote(in, len, out, size);
	else
		vigil_text_clean(in, len, out, size);
}

void vigil_text_args(const char *in, size_t len, char *out, size_t size)
{
	size_t used = 0, arg;

	out[0] = '\0';
	while (len && size - used > 4) {
		arg = strnlen(in, len);
		if (used)
			out[used++] = ' ';
		used = needs_quotes(in, arg) ?
		       put_quoted(out, used, size, in, arg) :
		       put_clean(out, used, size, in, arg, PLAIN);
		arg += arg < len;
		in += arg;
		len -= arg;
	}
}

void vigil_text_time(uint64_t ns, char out[VIGIL_TIME_SIZE])
{
	time_t seconds = ns / 1000000000;
	char date[24];
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out, VIGIL_TIME_SIZE, "%s.%09uZ", date,
		 (unsigned int)(ns % 1000000000));
}

int vigil_text_number(const char *s, uint64_t max, uint64_t *value)
{
	bool hex = s[0] == '0' && (s[1] == 'x' || s[1] == 'X');
	char *end;

	if (hex ? !isxdigit((unsigned char)s[2]) : !isdigit((unsigned char)*s))
		return -EINVAL;
	errno = 0;
	*value = strtoull(s, &end, hex ? 16 : 10);
	return errno || *end || *value > max ? -EINVAL : 0;
}
