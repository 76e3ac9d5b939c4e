// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "text.h"

static bool is_continuation(unsigned char c)
{
	return (c & 0xC0) == 0x80;
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
		if (!is_continuation(s[i]))
			return 0;
		code = code << 6 | (s[i] & 0x3F);
	}
	/* C1 controls, overlong forms, surrogates, beyond Unicode */
	if (code < 0xA0 || (len == 3 && code < 0x800) ||
	    (len == 4 && code < 0x10000) || code > 0x10FFFF ||
	    (code >= 0xD800 && code <= 0xDFFF))
		return 0;
	/* marks that turn the writing direction around */
	if (code == 0x061C || (code >= 0x200E && code <= 0x200F) ||
	    (code >= 0x2028 && code <= 0x202E) ||
	    (code >= 0x2066 && code <= 0x2069))
		return 0;
	return len;
}

void vigil_text_clean(const char *in, size_t len, char *out, size_t size)
{
	const unsigned char *s = (const unsigned char *)in;
	size_t used = 0, step;

	while (len && size - used > 4) {
		step = utf8_length(s, len);
		if (!step) {
			sprintf(out + used, "\\x%02x", *s);
			used += 4;
			step = 1;
		} else if (*s == '\\') {
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
