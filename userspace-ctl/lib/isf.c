// SPDX-License-Identifier: GPL-2.0
/*
 * { "metadata": { "windows": { "pdb": { "GUID": "...", "age": 1 } } },
 *   "symbols": { "PsActiveProcessHead": { "address": 12345 }, ... },
 *   "user_types": { "_EPROCESS": { "fields": {
 *      "Flags": { "offset": 772, ... },
 *      "ProcessExiting": { "offset": 772, "type": { "kind": "bitfield",
 *         "bit_position": 2, "bit_length": 1, ... } } ... } } ... } }
 *
 * Such files come from the internet: size, number of values and depth are
 * bounded before a tree of them is made.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>
#include <lzma.h>

#include "isf.h"
#include "text.h"

#define NESTING_MAX	32
/* A value takes some 150 bytes. */
#define VALUES_MAX	3000000
/* What "xz -9" needs, twice. */
#define XZ_MEMORY	(130ULL << 20)

struct vigil_isf {
	struct json_object *root;
};

/* What a file says, cut and cleaned for a message. */
static const char *quote(const char *s)
{
	static char text[VIGIL_TEXT_CLEAN_SIZE(48)];

	vigil_text_clean(s, strnlen(s, 48), text, sizeof(text));
	return text;
}

/* --- the tree ----------------------------------------------------------------- */

static size_t count_values(const char *text, size_t len)
{
	size_t i, values = 0;

	for (i = 0; i < len; i++)
		values += text[i] == ',' || text[i] == '{' || text[i] == '[';
	return values;
}

static struct json_object *parse(const char *text, size_t len,
				 struct vigil_err *err)
{
	struct json_tokener *tok = json_tokener_new_ex(NESTING_MAX);
	struct json_object *root;

	if (!tok) {
		vigil_fail_errno(err, ENOMEM, "symbol file");
		return NULL;
	}
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT);
	root = json_tokener_parse_ex(tok, text, len);
	if (!json_object_is_type(root, json_type_object)) {
		vigil_fail(err, EINVAL, "no JSON object: %s at byte %zu",
			   root ? "another value" :
			   json_tokener_get_error(tok) == json_tokener_continue ?
			   "it is cut off" :
			   json_tokener_error_desc(json_tokener_get_error(tok)),
			   json_tokener_get_parse_end(tok));
		json_object_put(root);
		root = NULL;
	}
	json_tokener_free(tok);
	return root;
}

static struct vigil_isf *parse_json(const char *text, size_t len,
				    struct vigil_err *err)
{
	struct vigil_isf *isf;

	if (count_values(text, len) > VALUES_MAX) {
		vigil_fail(err, EINVAL, "more than %d values", VALUES_MAX);
		return NULL;
	}
	isf = calloc(1, sizeof(*isf));
	if (!isf) {
		vigil_fail_errno(err, ENOMEM, "symbol file");
		return NULL;
	}
	isf->root = parse(text, len, err);
	if (isf->root)
		return isf;
	free(isf);
	return NULL;
}

void vigil_isf_close(struct vigil_isf *isf)
{
	if (isf)
		json_object_put(isf->root);
	free(isf);
}

/* --- xz ----------------------------------------------------------------------- */

static bool is_xz(const uint8_t *data, size_t len)
{
	static const uint8_t magic[] = { 0xfd, '7', 'z', 'X', 'Z', 0 };

	return len >= sizeof(magic) && !memcmp(data, magic, sizeof(magic));
}

static const char *xz_error(lzma_ret ret)
{
	switch (ret) {
	case LZMA_MEM_ERROR:
	case LZMA_MEMLIMIT_ERROR:
		return "it needs too much memory";
	case LZMA_OPTIONS_ERROR:
	case LZMA_UNSUPPORTED_CHECK:
		return "of a kind that is not supported";
	case LZMA_BUF_ERROR:
	case LZMA_OK:
		return "it is cut off";
	default:
		return "it is damaged";
	}
}

/* Into *@out, which has VIGIL_ISF_MAX + 1 bytes. */
static int unpack(const uint8_t *data, size_t len, char *out, size_t *size,
		  struct vigil_err *err)
{
	lzma_stream xz = LZMA_STREAM_INIT;
	lzma_ret ret = lzma_stream_decoder(&xz, XZ_MEMORY, 0);

	xz.next_in = data;
	xz.avail_in = len;
	xz.next_out = (uint8_t *)out;
	xz.avail_out = VIGIL_ISF_MAX + 1;
	while (ret == LZMA_OK && xz.avail_out)
		ret = lzma_code(&xz, LZMA_FINISH);
	*size = VIGIL_ISF_MAX + 1 - xz.avail_out;
	lzma_end(&xz);
	if (*size > VIGIL_ISF_MAX)
		return vigil_fail(err, EINVAL, "unpacked larger than %u MiB",
				  VIGIL_ISF_MAX >> 20);
	if (ret != LZMA_STREAM_END)
		return vigil_fail(err, EINVAL, "xz: %s", xz_error(ret));
	return 0;
}

static struct vigil_isf *parse_xz(const uint8_t *data, size_t len,
				  struct vigil_err *err)
{
	char *text = malloc(VIGIL_ISF_MAX + 1);
	struct vigil_isf *isf = NULL;
	size_t size;

	if (!text)
		vigil_fail_errno(err, ENOMEM, "symbol file");
	else if (!unpack(data, len, text, &size, err))
		isf = parse_json(text, size, err);
	free(text);
	return isf;
}

struct vigil_isf *vigil_isf_parse(const void *data, size_t len,
				  struct vigil_err *err)
{
	return is_xz(data, len) ? parse_xz(data, len, err) :
				  parse_json(data, len, err);
}

/* --- the file ----------------------------------------------------------------- */

static struct vigil_isf *load(FILE *file, struct vigil_err *err)
{
	struct vigil_isf *isf = NULL;
	char *data = malloc(VIGIL_ISF_MAX + 1);
	size_t len;

	if (!data) {
		vigil_fail_errno(err, ENOMEM, "symbol file");
		return NULL;
	}
	len = fread(data, 1, VIGIL_ISF_MAX + 1, file);
	if (ferror(file))
		vigil_fail_errno(err, errno, "read");
	else if (len > VIGIL_ISF_MAX)
		vigil_fail(err, EINVAL, "larger than %u MiB",
			   VIGIL_ISF_MAX >> 20);
	else
		isf = vigil_isf_parse(data, len, err);
	free(data);
	return isf;
}

struct vigil_isf *vigil_isf_load(const char *path, struct vigil_err *err)
{
	struct vigil_err why = { 0 };
	FILE *file = fopen(path, "re");
	struct vigil_isf *isf;

	if (!file) {
		vigil_fail_errno(err, errno, "%s", path);
		return NULL;
	}
	isf = load(file, &why);
	fclose(file);
	if (!isf)
		vigil_fail(err, why.code, "%s: %s", path, why.text);
	return isf;
}

/* --- what is in it ------------------------------------------------------------ */

/* The object at @path, which ends with NULL, or NULL. */
static struct json_object *find(const struct vigil_isf *isf,
				const char *const *path)
{
	struct json_object *object = isf->root;

	for (; *path; path++) {
		if (!json_object_is_type(object, json_type_object) ||
		    !json_object_object_get_ex(object, *path, &object))
			return NULL;
	}
	return object;
}

#define FIND(isf, ...)	find(isf, (const char *const[]){ __VA_ARGS__, NULL })

/* @what and @name are for the message. */
static int number(struct json_object *object, uint64_t max, uint64_t *value,
		  const char *what, const char *name, struct vigil_err *err)
{
	if (!object)
		return vigil_fail(err, ENOENT, "it has no %s of '%s'", what,
				  name);
	if (!json_object_is_type(object, json_type_int) ||
	    json_object_get_int64(object) < 0 ||
	    json_object_get_uint64(object) > max)
		return vigil_fail(err, EINVAL, "bad %s of '%s': %s", what, name,
				  quote(json_object_get_string(object)));
	*value = json_object_get_uint64(object);
	return 0;
}

int vigil_isf_check(const struct vigil_isf *isf, const char *pdb_id,
		    struct vigil_err *err)
{
	struct json_object *guid = FIND(isf, "metadata", "windows", "pdb",
					"GUID");
	char id[64];
	uint64_t age;
	int ret;

	if (!json_object_is_type(guid, json_type_string))
		return vigil_fail(err, EINVAL,
				  "it does not say of which PDB it is: no string metadata.windows.pdb.GUID");
	ret = number(FIND(isf, "metadata", "windows", "pdb", "age"), UINT32_MAX,
		     &age, "age", "metadata.windows.pdb", err);
	if (ret == -ENOENT)
		return vigil_fail(err, EINVAL,
				  "it does not say of which PDB it is: no metadata.windows.pdb.age");
	if (ret)
		return ret;
	snprintf(id, sizeof(id), "%.40s%X", json_object_get_string(guid),
		 (unsigned int)age);
	if (!strcasecmp(id, pdb_id))
		return 0;
	return vigil_fail(err, EINVAL,
			  "it is of another build: its PDB is '%s', the guest's is %s",
			  quote(id), pdb_id);
}

int vigil_isf_symbol(const struct vigil_isf *isf, const char *name,
		     uint64_t max, uint64_t *address, struct vigil_err *err)
{
	return number(FIND(isf, "symbols", name, "address"), max, address,
		      "address", name, err);
}

int vigil_isf_offset(const struct vigil_isf *isf, const char *type,
		     const char *field, uint64_t max, uint64_t *offset,
		     struct vigil_err *err)
{
	char name[96];

	snprintf(name, sizeof(name), "%s.%s", type, field);
	return number(FIND(isf, "user_types", type, "fields", field, "offset"),
		      max, offset, "offset", name, err);
}

int vigil_isf_bit(const struct vigil_isf *isf, const char *type,
		  const char *field, uint64_t max, uint64_t *offset,
		  uint64_t *bit, struct vigil_err *err)
{
	uint64_t length = 0;
	char name[96];
	int ret;

	ret = vigil_isf_offset(isf, type, field, max, offset, err);
	if (ret)
		return ret;
	snprintf(name, sizeof(name), "%s.%s", type, field);
	ret = number(FIND(isf, "user_types", type, "fields", field, "type",
			  "bit_position"), 31, bit, "bit_position", name, err);
	if (!ret)
		ret = number(FIND(isf, "user_types", type, "fields", field,
				  "type", "bit_length"), 1, &length,
			     "bit_length", name, err);
	return ret ? vigil_fail(err, EINVAL, "'%s' isn't a flag of one bit",
				name) : 0;
}
