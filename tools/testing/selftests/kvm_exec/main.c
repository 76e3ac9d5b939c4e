// SPDX-License-Identifier: GPL-2.0
/*
 * Runs tests with guests of a few instructions.
 * Usage: PROGRAM [NAME...]; the output is KTAP.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test.h"

#define SECONDS_PER_TEST	240	/* for emulated hosts with debug kernels */

/* How a test can end early */
enum { FAILED = 1, SKIPPED };

static jmp_buf end_of_test;
static int number, failed;
static const char *running;

void note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("# %s: ", running);
	vprintf(format, args);
	printf("\n");
	va_end(args);
}

static void give_up(int sig)
{
	(void)sig;
	printf("not ok %d - %s\nBail out! %s hangs\n", number, running, running);
	fflush(stdout);
	_exit(1);
}

void fail(const char *file, int line, const char *what)
{
	printf("# %s:%d: %s\n", file, line, what);
	longjmp(end_of_test, FAILED);
}

void skip(const char *why)
{
	printf("ok %d - %s # SKIP %s\n", number, running, why);
	longjmp(end_of_test, SKIPPED);
}

static void run(const struct test *test)
{
	struct vm *vm = vm_new();
	int end;

	number++;
	running = test->name;
	alarm(SECONDS_PER_TEST);
	end = setjmp(end_of_test);
	if (!end) {
		test->run(vm);
		printf("ok %d - %s\n", number, running);
	} else if (end == FAILED) {
		printf("not ok %d - %s\n", number, running);
		failed++;
	}
	vm_free(vm);
	alarm(0);
	fflush(stdout);
}

static bool wanted(const char *name, char **names)
{
	if (!*names)
		return true;
	for (; *names; names++)
		if (!strcmp(*names, name))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	int pass, nr = 0, g;
	const struct test *t;

	(void)argc;
	signal(SIGALRM, give_up);
	for (pass = 0; pass < 2; pass++) {
		if (pass)
			printf("TAP version 13\n1..%d\n", nr);
		for (g = 0; test_groups[g]; g++) {
			for (t = test_groups[g]; t->name; t++) {
				if (!wanted(t->name, argv + 1))
					continue;
				if (pass)
					run(t);
				nr += !pass;
			}
		}
	}
	return failed ? 1 : 0;
}
