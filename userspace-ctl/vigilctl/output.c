// SPDX-License-Identifier: GPL-2.0
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "text.h"
#include "vigilctl.h"

#define COLUMNS_MAX	16

bool use_colour(void)
{
	const char *no = getenv("NO_COLOR");

	return !(no && *no) && isatty(STDOUT_FILENO);
}

void print_json(struct json_object *json)
{
	int flags = JSON_C_TO_STRING_NOSLASHESCAPE;

	flags |= opt_pretty ? JSON_C_TO_STRING_PRETTY : JSON_C_TO_STRING_PLAIN;
	puts(json_object_to_json_string_ext(json, flags));
	json_object_put(json);
}

void print_json_line(struct json_object *json)
{
	puts(json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN |
					    JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(json);
}

void print_json_list(const struct vigil_list *list)
{
	struct json_object *array = json_object_new_array();
	size_t i;

	for (i = 0; i < list->count; i++)
		json_object_array_add(array,
				      vigil_attrs_json(&list->msg[i].msg.attrs));
	print_json(array);
}

const char *attr_text(const struct vigil_attrs *attrs, unsigned int type,
		      char *buf, size_t size)
{
	const struct vigil_attr *desc = &attrs->set->attr[type];
	uint64_t value;

	if (!vigil_attrs_has(attrs, type))
		return "-";
	if (desc->type == VIGIL_ATTR_STRING || desc->type == VIGIL_ATTR_ARGS)
		return vigil_attrs_text(attrs, type, "-");
	if (desc->type == VIGIL_ATTR_ENUM)
		return vigil_attrs_name(attrs, type);
	if (desc->type == VIGIL_ATTR_FLAG)
		return "yes";
	value = vigil_attrs_uint(attrs, type, 0);
	if (desc->type == VIGIL_ATTR_BOOL)
		return value ? "yes" : "no";
	if (desc->type == VIGIL_ATTR_TIME)
		vigil_text_time(value, buf);
	else if (desc->type == VIGIL_ATTR_MASK)
		vigil_mask_text(desc->names, value, buf, size);
	else
		snprintf(buf, size, desc->type == VIGIL_ATTR_HEX ?
			 "0x%llx" : "%llu", (unsigned long long)value);
	return buf;
}

void print_attr(const char *key, const struct vigil_attrs *attrs,
		unsigned int type)
{
	char buf[TEXT_SIZE];

	print_pair(key, "%s", attr_text(attrs, type, buf, sizeof(buf)));
}

static const char *cell_text(const struct column *column, bool last,
			     const struct vigil_attrs *attrs, char *buf,
			     size_t size)
{
	if (column->text)
		return column->text(attrs, buf, size);
	if (!last && attrs->set->attr[column->attr].type == VIGIL_ATTR_STRING)
		return vigil_attrs_cell(attrs, column->attr, "-");
	return attr_text(attrs, column->attr, buf, size);
}

static bool is_number(const struct vigil_attrs *attrs, unsigned int type)
{
	return attrs->set->attr[type].type == VIGIL_ATTR_UINT;
}

static void print_row(const struct column *columns, size_t count,
		      const int *width, const struct vigil_attrs *attrs)
{
	char buf[CELL_SIZE];
	const char *text;
	bool last;
	size_t i;

	for (i = 0; i < count; i++) {
		last = i == count - 1;
		text = attrs ? cell_text(&columns[i], last, attrs, buf,
					 sizeof(buf)) : columns[i].title;
		if (last)
			printf("%s\n", text);
		else if (attrs && is_number(attrs, columns[i].attr))
			printf("%*s  ", width[i], text);
		else
			printf("%-*s  ", width[i], text);
	}
}

void print_table(const struct column *columns, size_t count,
		 const struct vigil_list *list)
{
	char buf[CELL_SIZE];
	int width[COLUMNS_MAX];
	const char *text;
	size_t row, i;

	for (i = 0; i < count; i++) {
		width[i] = strlen(columns[i].title);
		for (row = 0; row < list->count; row++) {
			text = cell_text(&columns[i], i == count - 1,
					 &list->msg[row].msg.attrs, buf,
					 sizeof(buf));
			if ((int)strlen(text) > width[i])
				width[i] = strlen(text);
		}
	}
	print_row(columns, count, width, NULL);
	for (row = 0; row < list->count; row++)
		print_row(columns, count, width, &list->msg[row].msg.attrs);
}

int print_dump(struct vigil_nl *nl, const struct column *columns,
	       size_t count)
{
	struct vigil_list list;
	struct vigil_err err;

	if (vigil_nl_collect(nl, true, &list, &err))
		return fail(&err);
	if (opt_json)
		print_json_list(&list);
	else
		print_table(columns, count, &list);
	vigil_list_free(&list);
	return EXIT_DONE;
}

void print_pair(const char *key, const char *fmt, ...)
{
	va_list args;

	printf("%s:%*s", key, (int)(18 - strlen(key)), "");
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
}

void size_text(uint64_t bytes, char *buf, size_t size)
{
	static const char *const unit[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	unsigned int i = 0;

	while (i < 4 && bytes >= 10240) {
		bytes >>= 10;
		i++;
	}
	snprintf(buf, size, "%llu %s", (unsigned long long)bytes, unit[i]);
}
