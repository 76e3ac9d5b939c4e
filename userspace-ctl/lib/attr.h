/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The attributes of the netlink family as tables, see attr_sets.c: everything
 * that parses, prints or names them goes by these.
 */
#ifndef VIGIL_ATTR_H
#define VIGIL_ATTR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>
#include <linux/netlink.h>
#include <linux/vigil.h>

enum vigil_attr_type {
	VIGIL_ATTR_NONE,	/* not in this set */
	VIGIL_ATTR_UINT,	/* 32 or 64 bits */
	VIGIL_ATTR_HEX,		/* the same, an address or a mask */
	VIGIL_ATTR_BOOL,	/* the same, 0 or 1 */
	VIGIL_ATTR_TIME,	/* the same, ns since 1970 */
	VIGIL_ATTR_FLAG,	/* no content: present or absent */
	VIGIL_ATTR_STRING,
	VIGIL_ATTR_ENUM,	/* @names by value */
	VIGIL_ATTR_MASK,	/* @names by bit */
	VIGIL_ATTR_ARGS,	/* strings, each ended by a 0 */
	VIGIL_ATTR_BYTES,
	VIGIL_ATTR_WORDS,	/* native u64s, @names by index */
	VIGIL_ATTR_NEST,	/* @set */
	VIGIL_ATTR_LIST,	/* @set, comes more than once */
};

struct vigil_names {
	unsigned int count;
	const char *const *name;
};

struct vigil_attr {
	const char *name;
	enum vigil_attr_type type;
	const struct vigil_names *names;
	const struct vigil_attr_set *set;
};

struct vigil_attr_set {
	unsigned int max;
	const struct vigil_attr *attr;
};

/* The largest set is the alert's. */
#define VIGIL_ATTRS_MAX	40

/**
 * struct vigil_attrs - one parsed message or nest
 * @set:	what its attributes mean
 * @tb:		the attributes by type, NULL where absent; of those that come
 *		more than once the first
 * @data:	all of them
 * @len:	length of @data
 */
struct vigil_attrs {
	const struct vigil_attr_set *set;
	const struct nlattr *tb[VIGIL_ATTRS_MAX];
	const void *data;
	size_t len;
};

/* What each command's messages consist of; NULL for an unknown command. */
const struct vigil_attr_set *vigil_attr_set_of(uint8_t cmd);

extern const struct vigil_attr_set vigil_caps_set, vigil_vm_set,
	vigil_profile_set, vigil_profile_item_set, vigil_protect_set,
	vigil_process_set, vigil_vma_set, vigil_alert_set,
	vigil_alert_selfmap_set, vigil_selfmap_set, vigil_stats_set;

extern const struct vigil_names vigil_kvm_names, vigil_state_names,
	vigil_rule_names, vigil_action_names, vigil_outcome_names,
	vigil_alert_kind_names, vigil_vma_kind_names, vigil_field_names,
	vigil_os_names, vigil_windows_field_names, vigil_process_flag_names,
	vigil_gpr_names, vigil_selfmap_way_names, vigil_selfmap_state_names,
	vigil_selfmap_finding_names, vigil_selfmap_table_names,
	vigil_selfmap_done_names, vigil_selfmap_by_names,
	vigil_page_kind_names, vigil_unreadable_reason_names;

/* 0, or -EBADMSG: not attributes of this set. */
int vigil_attrs_parse(struct vigil_attrs *attrs,
		      const struct vigil_attr_set *set,
		      const void *data, size_t len);
int vigil_attrs_nest(struct vigil_attrs *nest, const struct vigil_attrs *attrs,
		     unsigned int type);

bool vigil_attrs_has(const struct vigil_attrs *attrs, unsigned int type);
/* The number, or @absent. */
uint64_t vigil_attrs_uint(const struct vigil_attrs *attrs, unsigned int type,
			  uint64_t absent);
/*
 * The string, or the arguments, as vigil_text_clean() and vigil_text_args()
 * write them, or @absent; in one of a few buffers.
 */
const char *vigil_attrs_text(const struct vigil_attrs *attrs,
			     unsigned int type, const char *absent);
/* The string in double quotes, see vigil_text_quote(). */
const char *vigil_attrs_quoted(const struct vigil_attrs *attrs,
			       unsigned int type, const char *absent);
/* The string as one cell of a table, see vigil_text_cell(). */
const char *vigil_attrs_cell(const struct vigil_attrs *attrs,
			     unsigned int type, const char *absent);
/*
 * The name of an enum's value; without one its number, in one of a few buffers;
 * "?" if the attribute is absent.
 */
const char *vigil_attrs_name(const struct vigil_attrs *attrs,
			     unsigned int type);
/* The names of a mask's bits, comma-separated; bits without name as number. */
void vigil_mask_text(const struct vigil_names *names, uint64_t mask,
		     char *out, size_t size);

/* Value of a name: its index, or -1. */
int vigil_names_find(const struct vigil_names *names, const char *name);

/* Walk all the attributes of one type: start with @pos NULL. */
const struct nlattr *vigil_attrs_next(const struct vigil_attrs *attrs,
				      unsigned int type,
				      const struct nlattr *pos);

/* The whole set as a JSON object, absent attributes left out. */
struct json_object *vigil_attrs_json(const struct vigil_attrs *attrs);
struct json_object *vigil_json_hex(uint64_t value);

#endif /* VIGIL_ATTR_H */
