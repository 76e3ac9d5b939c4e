// SPDX-License-Identifier: GPL-2.0
/*
 * Messages of the family, parsed by the tables of attr_sets.c.  The kernel
 * wrote them, but a length is trusted here no more than anywhere else.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>

#include "attr.h"
#include "text.h"

static bool is_number(const struct nlattr *attr)
{
	size_t len = mnl_attr_get_payload_len(attr);

	return len == sizeof(uint32_t) || len == sizeof(uint64_t);
}

static bool attr_is_valid(const struct vigil_attr *desc,
			  const struct nlattr *attr)
{
	size_t len = mnl_attr_get_payload_len(attr);

	switch (desc->type) {
	case VIGIL_ATTR_UINT:
	case VIGIL_ATTR_HEX:
	case VIGIL_ATTR_BOOL:
	case VIGIL_ATTR_TIME:
	case VIGIL_ATTR_ENUM:
	case VIGIL_ATTR_MASK:
		return is_number(attr);
	case VIGIL_ATTR_STRING:
		return memchr(mnl_attr_get_payload(attr), '\0', len);
	case VIGIL_ATTR_WORDS:
		return len == desc->names->count * sizeof(uint64_t);
	case VIGIL_ATTR_FLAG:
		return !len;
	default:
		return true;
	}
}

/* As mnl_attr_ok(), which reads a header that isn't all there. */
static const struct nlattr *attr_at(const void *data, size_t len, size_t off)
{
	const struct nlattr *attr = (const void *)((const char *)data + off);

	if (off > len || len - off < sizeof(*attr) ||
	    attr->nla_len < sizeof(*attr) || attr->nla_len > len - off)
		return NULL;
	return attr;
}

int vigil_attrs_parse(struct vigil_attrs *attrs,
		      const struct vigil_attr_set *set,
		      const void *data, size_t len)
{
	const struct nlattr *attr;
	size_t off = 0;
	uint16_t type;

	memset(attrs, 0, sizeof(*attrs));
	attrs->set = set;
	attrs->data = data;
	attrs->len = len;
	while ((attr = attr_at(data, len, off))) {
		off += MNL_ALIGN(attr->nla_len);
		type = mnl_attr_get_type(attr);
		/* a newer kernel may know more */
		if (type > set->max || !set->attr[type].type)
			continue;
		if (!attr_is_valid(&set->attr[type], attr))
			return -EBADMSG;
		if (!attrs->tb[type])
			attrs->tb[type] = attr;
	}
	return off < len ? -EBADMSG : 0;
}

int vigil_attrs_nest(struct vigil_attrs *nest, const struct vigil_attrs *attrs,
		     unsigned int type)
{
	const struct nlattr *attr = attrs->tb[type];

	if (!attr) {
		memset(nest, 0, sizeof(*nest));
		return -ENOENT;
	}
	return vigil_attrs_parse(nest, attrs->set->attr[type].set,
				 mnl_attr_get_payload(attr),
				 mnl_attr_get_payload_len(attr));
}

bool vigil_attrs_has(const struct vigil_attrs *attrs, unsigned int type)
{
	return attrs->tb[type];
}

static uint64_t attr_uint(const struct nlattr *attr)
{
	uint64_t wide;

	if (mnl_attr_get_payload_len(attr) == sizeof(uint32_t))
		return mnl_attr_get_u32(attr);
	/* netlink aligns to 4 bytes only */
	memcpy(&wide, mnl_attr_get_payload(attr), sizeof(wide));
	return wide;
}

uint64_t vigil_attrs_uint(const struct vigil_attrs *attrs, unsigned int type,
			  uint64_t absent)
{
	return attrs->tb[type] ? attr_uint(attrs->tb[type]) : absent;
}

/* More than any string that the kernel sends; what is longer is cut. */
#define TEXT_MAX	VIGIL_TEXT_CLEAN_SIZE(4096)

static char *text_buffer(void)
{
	static char ring[4][TEXT_MAX];
	static unsigned int next;

	return ring[next++ % 4];
}

const char *vigil_attrs_text(const struct vigil_attrs *attrs,
			     unsigned int type, const char *absent)
{
	const struct nlattr *attr = attrs->tb[type];
	const char *s;
	char *out;

	if (!attr)
		return absent;
	s = mnl_attr_get_payload(attr);
	out = text_buffer();
	if (attrs->set->attr[type].type == VIGIL_ATTR_ARGS)
		vigil_text_args(s, mnl_attr_get_payload_len(attr), out,
				TEXT_MAX);
	else
		vigil_text_clean(s, strlen(s), out, TEXT_MAX);
	return out;
}

/* A string as @shape makes it, in one of the few buffers. */
static const char *shaped_text(const struct vigil_attrs *attrs,
			       unsigned int type, const char *absent,
			       void (*shape)(const char *s, size_t len,
					     char *out, size_t size))
{
	const char *s;
	char *out;

	if (!attrs->tb[type])
		return absent;
	s = mnl_attr_get_payload(attrs->tb[type]);
	out = text_buffer();
	shape(s, strlen(s), out, TEXT_MAX);
	return out;
}

const char *vigil_attrs_quoted(const struct vigil_attrs *attrs,
			       unsigned int type, const char *absent)
{
	return shaped_text(attrs, type, absent, vigil_text_quote);
}

const char *vigil_attrs_cell(const struct vigil_attrs *attrs,
			     unsigned int type, const char *absent)
{
	return shaped_text(attrs, type, absent, vigil_text_cell);
}

static const char *name_of(const struct vigil_names *names, uint64_t value)
{
	return value < names->count ? names->name[value] : NULL;
}

/* A value without a name is a newer kernel's. */
static const char *number_text(uint64_t value)
{
	static char ring[4][24];
	static unsigned int next;
	char *out = ring[next++ % 4];

	snprintf(out, sizeof(ring[0]), "%llu", (unsigned long long)value);
	return out;
}

const char *vigil_attrs_name(const struct vigil_attrs *attrs,
			     unsigned int type)
{
	const char *name;
	uint64_t value;

	if (!attrs->tb[type])
		return "?";
	value = attr_uint(attrs->tb[type]);
	name = name_of(attrs->set->attr[type].names, value);
	return name ? name : number_text(value);
}

int vigil_names_find(const struct vigil_names *names, const char *name)
{
	unsigned int i;

	for (i = 0; i < names->count; i++) {
		if (names->name[i] && !strcmp(names->name[i], name))
			return i;
	}
	return -1;
}

void vigil_mask_text(const struct vigil_names *names, uint64_t mask,
		     char *out, size_t size)
{
	size_t used = 0;
	unsigned int i;

	snprintf(out, size, "none");
	for (i = 0; i < names->count && used < size; i++) {
		if (!(mask >> i & 1))
			continue;
		mask &= ~(1ULL << i);
		used += snprintf(out + used, size - used, "%s%s",
				 used ? "," : "", names->name[i]);
	}
	if (mask && used < size)
		snprintf(out + used, size - used, "%s0x%llx",
			 used ? "," : "", (unsigned long long)mask);
}

const struct nlattr *vigil_attrs_next(const struct vigil_attrs *attrs,
				      unsigned int type,
				      const struct nlattr *pos)
{
	size_t off = 0;

	if (!pos)
		return attrs->tb[type];
	off = (const char *)pos - (const char *)attrs->data;
	do {
		off += MNL_ALIGN(pos->nla_len);
		pos = attr_at(attrs->data, attrs->len, off);
	} while (pos && mnl_attr_get_type(pos) != type);
	return pos;
}

struct json_object *vigil_json_hex(uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%llx", (unsigned long long)value);
	return json_object_new_string(text);
}

static struct json_object *json_name(const struct vigil_names *names,
				     uint64_t value)
{
	const char *name = name_of(names, value);

	return name ? json_object_new_string(name) :
		      json_object_new_uint64(value);
}

static struct json_object *json_mask(const struct vigil_names *names,
				     uint64_t mask)
{
	struct json_object *array = json_object_new_array(), *name;
	unsigned int i;

	for (i = 0; i < names->count; i++) {
		if (!(mask >> i & 1))
			continue;
		mask &= ~(1ULL << i);
		name = json_object_new_string(names->name[i]);
		json_object_array_add(array, name);
	}
	if (mask)
		json_object_array_add(array, vigil_json_hex(mask));
	return array;
}

static struct json_object *json_time(uint64_t ns)
{
	char text[VIGIL_TIME_SIZE];

	vigil_text_time(ns, text);
	return json_object_new_string(text);
}

/* The whole of it, however long: JSON is for programs. */
static struct json_object *json_text(const char *s, size_t len)
{
	size_t size = VIGIL_TEXT_CLEAN_SIZE(len);
	struct json_object *string;
	char *text = malloc(size);

	if (!text)
		return NULL;
	vigil_text_clean(s, len, text, size);
	string = json_object_new_string(text);
	free(text);
	return string;
}

static struct json_object *json_args(const struct nlattr *attr)
{
	struct json_object *array = json_object_new_array();
	const char *s = mnl_attr_get_payload(attr);
	size_t left = mnl_attr_get_payload_len(attr), len;

	while (left) {
		len = strnlen(s, left);
		json_object_array_add(array, json_text(s, len));
		/* the last one may be cut, and then no 0 follows */
		len += len < left;
		s += len;
		left -= len;
	}
	return array;
}

static struct json_object *json_bytes(const struct nlattr *attr)
{
	const uint8_t *byte = mnl_attr_get_payload(attr);
	size_t len = mnl_attr_get_payload_len(attr), i;
	char text[2 * 128 + 1] = "";

	for (i = 0; i < len && 2 * i + 2 < sizeof(text); i++)
		sprintf(text + 2 * i, "%02x", byte[i]);
	return json_object_new_string(text);
}

static struct json_object *json_words(const struct vigil_names *names,
				      const struct nlattr *attr)
{
	struct json_object *object = json_object_new_object();
	const char *data = mnl_attr_get_payload(attr);
	unsigned int i;
	uint64_t word;

	for (i = 0; i < names->count; i++) {
		memcpy(&word, data + i * sizeof(word), sizeof(word));
		json_object_object_add(object, names->name[i],
				       vigil_json_hex(word));
	}
	return object;
}

static struct json_object *json_nest(const struct vigil_attr_set *set,
				     const struct nlattr *attr)
{
	struct vigil_attrs nest;

	if (vigil_attrs_parse(&nest, set, mnl_attr_get_payload(attr),
			      mnl_attr_get_payload_len(attr)))
		return NULL;
	return vigil_attrs_json(&nest);
}

static struct json_object *json_list(const struct vigil_attrs *attrs,
				     unsigned int type)
{
	const struct vigil_attr_set *set = attrs->set->attr[type].set;
	struct json_object *array = json_object_new_array();
	const struct nlattr *attr = NULL;

	while ((attr = vigil_attrs_next(attrs, type, attr)))
		json_object_array_add(array, json_nest(set, attr));
	return array;
}

static struct json_object *json_attr(const struct vigil_attrs *attrs,
				     unsigned int type)
{
	const struct vigil_attr *desc = &attrs->set->attr[type];
	const struct nlattr *attr = attrs->tb[type];

	switch (desc->type) {
	case VIGIL_ATTR_UINT:
		return json_object_new_uint64(attr_uint(attr));
	case VIGIL_ATTR_HEX:
		return vigil_json_hex(attr_uint(attr));
	case VIGIL_ATTR_BOOL:
		return json_object_new_boolean(attr_uint(attr));
	case VIGIL_ATTR_TIME:
		return json_time(attr_uint(attr));
	case VIGIL_ATTR_FLAG:
		return json_object_new_boolean(true);
	case VIGIL_ATTR_STRING:
		return json_text(mnl_attr_get_payload(attr),
				 strlen(mnl_attr_get_payload(attr)));
	case VIGIL_ATTR_ARGS:
		return json_args(attr);
	case VIGIL_ATTR_ENUM:
		return json_name(desc->names, attr_uint(attr));
	case VIGIL_ATTR_MASK:
		return json_mask(desc->names, attr_uint(attr));
	case VIGIL_ATTR_BYTES:
		return json_bytes(attr);
	case VIGIL_ATTR_WORDS:
		return json_words(desc->names, attr);
	case VIGIL_ATTR_NEST:
		return json_nest(desc->set, attr);
	case VIGIL_ATTR_LIST:
		return json_list(attrs, type);
	case VIGIL_ATTR_NONE:
		break;
	}
	return NULL;
}

struct json_object *vigil_attrs_json(const struct vigil_attrs *attrs)
{
	struct json_object *object = json_object_new_object();
	unsigned int type;

	for (type = 1; type <= attrs->set->max; type++) {
		if (attrs->tb[type])
			json_object_object_add(object,
					       attrs->set->attr[type].name,
					       json_attr(attrs, type));
	}
	return object;
}
