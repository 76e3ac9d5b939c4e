/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ALERT_H
#define ALERT_H

#include <stdbool.h>

#include "attr.h"

/* alert_print.c: for people */
void print_alert(const struct vigil_attrs *alert);
/* One line of it; without @key it goes on with the line before. */
void print_line(const char *key, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static inline uint64_t number(const struct vigil_attrs *attrs,
			      unsigned int type)
{
	return vigil_attrs_uint(attrs, type, 0);
}

/* alert_selfmap.c: what is particular to this kind */
const char *selfmap_headline(const struct vigil_attrs *alert);
void print_selfmap(const struct vigil_attrs *alert);

/* For programs, see vigil-alerts(7). */
struct json_object *alert_json(const struct vigil_attrs *alert);

/* disasm.c */

/* Calls @line for each instruction of @code, which was read at @rip. */
void disassemble(const uint8_t *code, size_t len, uint64_t rip,
		 void (*line)(uint64_t addr, const uint8_t *bytes, size_t len,
			      const char *text, void *data), void *data);

/* monitor.c */
int alert_monitor(int argc, char **argv);

#endif /* ALERT_H */
