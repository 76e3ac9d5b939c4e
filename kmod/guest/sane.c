// SPDX-License-Identifier: GPL-2.0
/*
 * Text of a guest that people read where nobody escapes it: in the kernel's trace.
 * All other ways hand it out as it is, for user space to print.
 */

#include <linux/export.h>
#include <linux/types.h>
#include <kunit/visibility.h>

#include "guest/sane.h"

/* Bytes of a character by its first one; 0: none begins so. */
static size_t utf8_size(u8 first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first < 0xe0)
		return 2;
	if (first >= 0xe0 && first < 0xf0)
		return 3;
	if (first >= 0xf0 && first < 0xf5)
		return 4;
	return 0;
}

/*
 * Of the bytes that begin like a longer character not all are one: some would be
 * a shorter one's, a surrogate, or too much.
 */
static bool is_second(u8 first, u8 second)
{
	switch (first) {
	case 0xe0:
		return second >= 0xa0;
	case 0xed:
		return second < 0xa0;
	case 0xf0:
		return second >= 0x90;
	case 0xf4:
		return second < 0x90;
	default:
		return true;
	}
}

/* ASCII's controls and C1, which are controls in any encoding but UTF-8. */
static bool is_control(u8 c)
{
	return c < ' ' || (c >= 0x7f && c < 0xa0);
}

/* Bytes of the longer character at @text that can be printed, or 0. */
static size_t printable_size(const u8 *text, size_t left)
{
	size_t size = utf8_size(text[0]);

	if (size < 2 || size > left)
		return 0;
	for (size_t i = 1; i < size; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	}
	/* U+0080 to U+009F control a terminal as well. */
	if ((text[0] == 0xc2 && is_control(text[1])) ||
	    !is_second(text[0], text[1]))
		return 0;
	return size;
}

/**
 * vigil_sane_text - Make text of a guest fit to print
 * @text: The text.
 * @len: Bytes of it; a 0 before that ends it.
 *
 * What controls a terminal becomes question marks.  Other characters in UTF-8
 * stay, and so do bytes of another encoding that can't be a control in any.
 */
void vigil_sane_text(char *text, size_t len)
{
	size_t size;

	for (size_t i = 0; i < len && text[i]; i += size) {
		size = printable_size((const u8 *)text + i, len - i);
		if (size)
			continue;
		if (is_control(text[i]))
			text[i] = '?';
		size = 1;
	}
}
EXPORT_SYMBOL_IF_KUNIT(vigil_sane_text);
