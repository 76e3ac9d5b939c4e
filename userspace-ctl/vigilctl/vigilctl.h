/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VIGILCTL_H
#define VIGILCTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <json-c/json.h>

#include "error.h"
#include "nl.h"

enum exit_code {
	EXIT_DONE,
	EXIT_FAILED,
	EXIT_USAGE,
	EXIT_NO_MODULE,
};

/**
 * struct verb - one verb of an object
 * @name:	as typed
 * @run:	does it; @argv[0] is the first argument after the verb
 * @args:	what follows it, for the help
 * @help:	one line
 */
struct verb {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *args;
	const char *help;
};

struct object {
	const char *name;
	const char *help;
	const struct verb *verbs;	/* ends with an empty one */
};

extern const struct object probe_object, vm_object, profile_object,
	process_object, vma_object, protect_object, selfmap_object,
	alert_object, stats_object;

int overview(void);

/* --- main.c: the options before the object --- */
extern bool opt_json, opt_pretty, opt_debug;

/* --- say.c: messages and exit codes --- */

/*
 * Print to stderr, escaping what must not reach a terminal: names of guests, the
 * user's own arguments.  The first two return what the command has to exit with.
 */
int fail(const struct vigil_err *err);
int usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* --- args.c --- */

/**
 * struct arg - one argument that a verb takes
 * @name:	"--vm", or for one without dashes what the help calls it
 * @flag:	takes no value
 * @value:	out: as typed, NULL if it wasn't
 */
struct arg {
	const char *name;
	bool flag;
	const char *value;
};

/*
 * Sort @argv into @args, which ends with an empty one.  Any order; unknown,
 * repeated and missing ones are named on stderr.  0 or EXIT_USAGE.
 */
int parse_args(int argc, char **argv, struct arg *args);
/* Complain of @s; EXIT_USAGE. */
int unknown_argument(const char *s);
/* 0 or EXIT_USAGE; @what names it in the message. */
int parse_number(const char *what, const char *s, uint64_t min, uint64_t max,
		 uint64_t *value);
/* The same for a name. */
int parse_name(const char *what, const char *s,
	       const struct vigil_names *names, uint32_t *value);
/* An action where nobody can be killed: observe or block. */
int parse_answer(const char *what, const char *s, uint32_t *value);
/* The same for names with commas between. */
int parse_mask(const char *what, const char *s,
	       const struct vigil_names *names, uint32_t *mask);

/* Process ids of a Linux guest. */
#define GUEST_PID_MAX	4194304

/* --- session.c: the connection that most verbs need --- */

/* Connect; 0 or an exit code that was told. */
int session_open(struct vigil_nl *nl);
/* Connect and find the VM called @vm, an id or a name. */
int session_open_vm(struct vigil_nl *nl, const char *vm, uint32_t *id);
/* The same, but without a name connect only; @id is 0 then. */
int session_open_for(struct vigil_nl *nl, const char *vm, uint32_t *id);

/* Prints a reply for people. */
typedef void (*plain_fn)(const struct vigil_attrs *reply);

/*
 * Do one request; 0 or an exit code that was told.  The reply goes to @fn, is
 * printed as JSON or by @plain, or there is none but success.
 */
int session_ask(struct vigil_nl *nl, vigil_msg_fn fn, void *data);
int session_show(struct vigil_nl *nl, plain_fn plain);
int session_do(struct vigil_nl *nl);

/* --- output.c: data, plain or JSON --- */

bool use_colour(void);
/* Print and free; NULL prints null. */
void print_json(struct json_object *json);
/* The same, always on one line. */
void print_json_line(struct json_object *json);
/* All of the list as one array. */
void print_json_list(const struct vigil_list *list);

/**
 * struct column - of a plain table
 * @title:	printed above
 * @attr:	the attribute that is shown, by its type
 * @text:	instead: fills @buf and returns it, or another string
 */
struct column {
	const char *title;
	unsigned int attr;
	const char *(*text)(const struct vigil_attrs *attrs, char *buf,
			    size_t size);
};

/* Enough for any attribute but strings, which are not copied. */
#define TEXT_SIZE	128
/* Enough for a cell that is put together of a few strings. */
#define CELL_SIZE	8192

/* An attribute as plain text, "-" where absent. */
const char *attr_text(const struct vigil_attrs *attrs, unsigned int type,
		      char *buf, size_t size);
/* "key:    value" with it. */
void print_attr(const char *key, const struct vigil_attrs *attrs,
		unsigned int type);

/*
 * A table as wide as its contents; the last column may be of any length, in the
 * others a string is one cell, see vigil_text_cell().
 */
void print_table(const struct column *columns, size_t count,
		 const struct vigil_list *list);
/* A dump as a JSON array or a table. */
int print_dump(struct vigil_nl *nl, const struct column *columns,
	       size_t count);
/* "key:    value" */
void print_pair(const char *key, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* vm.c: as overview() shows them */
extern const struct column vm_columns[];
extern const size_t vm_columns_count;
/* 1536 MiB */
void size_text(uint64_t bytes, char *buf, size_t size);

/* --- who.c: a process in words --- */

/* No path that is printed ends like that by itself, see vigil_text_clean(). */
#define DELETED	" (deleted)"

/*
 * Path of what it executes, "PATH (deleted)" of a file without a name, or
 * @absent; in one buffer.
 */
const char *exe_words(const struct vigil_attrs *process, const char *absent);
/* The same as a cell of a table, where the path may have to be in quotes. */
const char *exe_cell(const struct vigil_attrs *process, const char *absent);
/* "1.500000000 s" since the guest's boot, "-" where it isn't known. */
const char *start_words(const struct vigil_attrs *process, char *buf,
			size_t size);

#endif /* VIGILCTL_H */
