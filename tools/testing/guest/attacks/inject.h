/* SPDX-License-Identifier: GPL-2.0 */
/* What the attack programs share: the injected code and how it is told. */
#ifndef INJECT_H
#define INJECT_H

#include <stddef.h>
#include <sys/types.h>

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
/* In 32-bit code, for a far call with the address of "INJECTED\n" in ECX. */
extern const struct snippet say_injected32;
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
/* Memory that is writable and executable, with a copy of @snippet. */
void *map_injected(const struct snippet *snippet);

/*
 * Waits until vigil has seen in the guest's process list who this is: SETTLE of the
 * environment says how many milliseconds, 300 if it isn't there. With GATE it tells
 * its pid and waits until there is a file of that name.
 */
void settle(void);
void wait_at_gate(int pid);
/* Takes the name that no entry is for. */
void take_innocent_name(void);
/* Writes this program's file to @path, which is new and executable. */
void copy_self(const char *path);
/*
 * As fork(), but who ends up as the parent is that of this process, or init. In the
 * other process strike_as_stranger() jumps to @code, under the innocent name; here it
 * returns what a shell would say of it.
 */
pid_t fork_sibling(void);
pid_t fork_orphan(void);
int strike_as_stranger(const char *name, pid_t (*make)(void), const void *code);
/* What a shell says of a process that ended with @status. */
int shell_status(int status);
/* The next process of this PID namespace gets @pid, unless one has it. */
void set_next_pid(int pid);

/*
 * Attacks that have to meet a moment try more than once, and live on after
 * refusals and faults: begin_tries() or begin_turns(), try_jump() for each try,
 * end_tries().
 */
enum outcome { RAN, REFUSED, MISSED };

void begin_tries(const char *name, const void *code);
/*
 * Calls @code, a copy of count_up. MISSED if it faulted otherwise than refused
 * code does, or did something else.
 */
enum outcome try_jump(const void *code);
/*
 * Tells what became of the tries. Returns 0 if one ran, or ends the process as
 * the refused one would have been; returns 3 if none met the moment.
 */
int end_tries(const char *name);

/*
 * Another thread runs @change(@arg), which calls next_turn() while trying(). This
 * one tries once for each await_turn(), which is 0 when the seconds are over.
 */
void begin_turns(const char *name, const void *code, int seconds,
		 void *(*change)(void *arg), void *arg);
int trying(void);
void next_turn(void);
int await_turn(void);

#endif
