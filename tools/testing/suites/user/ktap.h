/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KTAP_H
#define KTAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

static unsigned int ktap_cases, ktap_failures;

static inline void ktap_start(void)
{
	puts("TAP version 13");
}

__attribute__((format(printf, 2, 3)))
static inline void ktap(bool ok, const char *fmt, ...)
{
	va_list args;

	printf("%s %u - ", ok ? "ok" : "not ok", ++ktap_cases);
	ktap_failures += !ok;
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

/* The plan at the end; what main() returns. */
static inline int ktap_end(void)
{
	printf("1..%u\n", ktap_cases);
	return ktap_failures != 0;
}

#endif /* KTAP_H */
