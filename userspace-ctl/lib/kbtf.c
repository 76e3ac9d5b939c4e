// SPDX-License-Identifier: GPL-2.0
/*
 * libbpf checks the sections and the sizes of the types; what they refer to
 * may still be anything, in circles too.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "kbtf.h"

/* How deep structs may be nested, and modifiers stacked. */
#define DEPTH_MAX	16
/* Members that one search may look at; the kernel's largest struct has 1500. */
#define STEPS_MAX	20000
/* No struct of the kernel is larger. */
#define OFFSET_MAX	(1U << 20)

static bool is_sane(const struct btf_header *hdr, size_t size)
{
	size_t room;

	if (size < sizeof(*hdr) || hdr->magic != BTF_MAGIC ||
	    hdr->version != BTF_VERSION || hdr->hdr_len < sizeof(*hdr) ||
	    hdr->hdr_len > size)
		return false;
	room = size - hdr->hdr_len;
	return hdr->type_off <= room && hdr->type_len <= room - hdr->type_off &&
	       hdr->str_off <= room && hdr->str_len <= room - hdr->str_off &&
	       !(hdr->type_off % 4) && hdr->type_len && hdr->str_len &&
	       hdr->type_off + hdr->type_len <= hdr->str_off;
}

static int say_nothing(enum libbpf_print_level level __attribute__((unused)),
		       const char *fmt __attribute__((unused)),
		       va_list args __attribute__((unused)))
{
	return 0;
}

struct btf *vigil_btf_open(const void *data, size_t size,
			   struct vigil_err *err)
{
	struct btf_header hdr = { 0 };
	struct btf *btf;

	memcpy(&hdr, data, size < sizeof(hdr) ? size : sizeof(hdr));
	if (size > VIGIL_BTF_MAX || !is_sane(&hdr, size)) {
		vigil_fail(err, EBADMSG,
			   "the kernel's type information (BTF) is malformed");
		return NULL;
	}
	libbpf_set_print(say_nothing);
	btf = btf__new(data, size);
	if (!btf)
		vigil_fail_errno(err, errno,
				 "the kernel's type information (BTF)");
	return btf;
}

void vigil_btf_close(struct btf *btf)
{
	btf__free(btf);
}

static const struct btf_type *skip_modifiers(const struct btf *btf, uint32_t id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);
	unsigned int depth;

	for (depth = 0; t && depth < DEPTH_MAX; depth++) {
		if (!btf_is_mod(t) && !btf_is_typedef(t))
			return t;
		t = btf__type_by_id(btf, t->type);
	}
	return NULL;
}

static const struct btf_type *find_type(const struct btf *btf, const char *name)
{
	int id = btf__find_by_name_kind(btf, name, BTF_KIND_STRUCT);

	return id < 0 ? NULL : btf__type_by_id(btf, id);
}

static bool is_named(const struct btf *btf, uint32_t name_off, const char *name,
		     size_t len)
{
	const char *s = btf__name_by_offset(btf, name_off);

	return s && !strncmp(s, name, len) && !s[len];
}

/**
 * struct search - for one member
 * @btf:	where
 * @name:	its name, not terminated
 * @len:	its length
 * @steps:	how much may still be looked at
 * @bits:	out: offset, in bits
 * @type:	out: its type
 */
struct search {
	const struct btf *btf;
	const char *name;
	size_t len;
	unsigned int steps;
	uint64_t bits;
	uint32_t type;
};

/* 1 = found, 0 = not here, -EINVAL = found, but it has no offset in bytes. */
static int find_member(struct search *s, const struct btf_type *t,
		       uint64_t base, unsigned int depth)
{
	const struct btf_member *m = btf_members(t);
	unsigned int i, vlen = btf_vlen(t);
	const struct btf_type *inner;
	int ret;

	if (depth == DEPTH_MAX)
		return 0;
	for (i = 0; i < vlen && s->steps; i++, m++) {
		s->steps--;
		s->bits = base + btf_member_bit_offset(t, i);
		s->type = m->type;
		if (is_named(s->btf, m->name_off, s->name, s->len))
			return btf_member_bitfield_size(t, i) || s->bits % 8 ?
				-EINVAL : 1;
		if (m->name_off)
			continue;
		inner = skip_modifiers(s->btf, m->type);
		if (!inner || !btf_is_composite(inner))
			continue;
		ret = find_member(s, inner, s->bits, depth + 1);
		if (ret)
			return ret;
	}
	return 0;
}

/* One name of the path after the other, from @t down. */
static int walk_path(struct search *s, const struct btf_type *t,
		     const char *path)
{
	uint64_t base = 0;
	int ret;

	for (;;) {
		if (!t || !btf_is_composite(t))
			return 0;
		s->name = path;
		s->len = strcspn(path, ".");
		ret = find_member(s, t, base, 0);
		if (ret <= 0 || !path[s->len])
			return ret;
		base = s->bits;
		t = skip_modifiers(s->btf, s->type);
		path += s->len + 1;
	}
}

int vigil_btf_offset(const struct btf *btf, const char *type, const char *path,
		     uint64_t *offset, struct vigil_err *err)
{
	const struct btf_type *t = find_type(btf, type);
	struct search s = { .btf = btf, .steps = STEPS_MAX };
	int ret;

	if (!t)
		return vigil_fail(err, ENOENT,
				  "the kernel's BTF has no struct %s", type);
	ret = walk_path(&s, t, path);
	if (ret < 0)
		return vigil_fail(err, EINVAL,
				  "%s of struct %s is a bitfield in the kernel's BTF",
				  path, type);
	if (!ret)
		return vigil_fail(err, ENOENT,
				  "struct %s has no %s in the kernel's BTF",
				  type, path);
	if (s.bits / 8 > OFFSET_MAX)
		return vigil_fail(err, ERANGE,
				  "%s of struct %s is at no sane offset in the kernel's BTF",
				  path, type);
	*offset = s.bits / 8;
	return 0;
}

int vigil_btf_size(const struct btf *btf, const char *type, uint64_t *size,
		   struct vigil_err *err)
{
	const struct btf_type *t = find_type(btf, type);

	if (!t)
		return vigil_fail(err, ENOENT,
				  "the kernel's BTF has no struct %s", type);
	*size = t->size;
	return 0;
}
