/* SPDX-License-Identifier: GPL-2.0 */
/* What the attack programs share: the injected code and how it is told. */
#ifndef INJECT_H
#define INJECT_H

#include <stddef.h>

#define PAGE	4096
/* No snippet is longer: what is aligned to it lies on one page. */
#define SNIPPET_MAX	64

/* A piece of position-independent machine code, to be copied and called. */
struct snippet {
	const void *code;
	size_t size;
};

/* Writes "INJECTED" to standard output by a raw system call and returns. */
extern const struct snippet say_injected;
/* Adds one to the counter that it is given and returns. */
extern const struct snippet count_up;
/* Returns. */
extern const struct snippet harmless;

typedef void (*injected_fn)(volatile int *counter);

void plant(void *where, const struct snippet *snippet);
/* Prints who is about to jump, and the range of the injected code. */
void announce(const char *name, const void *code);
void jump(const void *code);
/* The whole attack for code that lies at its place already. */
int strike(const char *name, const void *code);
/* Prints NAME's error and ends the process. */
_Noreturn void give_up(const char *name);
void *map_pages(int prot, int flags, int fd);

#endif
