// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "vigilctl.h"

/* Parts of a message are names that others chose, or what the user typed. */
static void say(const char *fmt, va_list args)
{
	char *text = NULL, *shown = NULL;
	size_t size;

	if (vasprintf(&text, fmt, args) < 0)
		text = NULL;
	if (text) {
		size = VIGIL_TEXT_CLEAN_SIZE(strlen(text));
		shown = malloc(size);
		if (shown)
			vigil_text_message(text, strlen(text), shown, size);
	}
	/* in order with what was printed before */
	fflush(stdout);
	fprintf(stderr, "vigilctl: %s\n", shown ? shown : "out of memory");
	free(shown);
	free(text);
}

void warn(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say(fmt, args);
	va_end(args);
}

int usage(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say(fmt, args);
	va_end(args);
	return EXIT_USAGE;
}

int fail(const struct vigil_err *err)
{
	warn("%s", err->text);
	return EXIT_FAILED;
}
