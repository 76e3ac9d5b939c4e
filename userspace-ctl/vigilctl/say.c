// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdarg.h>

#include "vigilctl.h"

static void say(const char *prefix, const char *fmt, va_list args)
{
	/* in order with what was printed before */
	fflush(stdout);
	fprintf(stderr, "vigilctl: %s", prefix);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
}

void warn(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say("", fmt, args);
	va_end(args);
}

int usage(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say("", fmt, args);
	va_end(args);
	return EXIT_USAGE;
}

int fail(const struct vigil_err *err)
{
	warn("%s", err->text);
	return EXIT_FAILED;
}
