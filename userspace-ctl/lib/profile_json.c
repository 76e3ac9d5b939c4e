// SPDX-License-Identifier: GPL-2.0
/*
 * { "format": "vigil-profile", "version": 1, "os": "linux",
 *   "banner": "Linux version ...",
 *   "fields": { "sym_stext": "0xffff...", "task_mm": 2304, ... } }
 *
 * Without "os" it is of a Linux guest.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "profile.h"
#include "text.h"

#define FORMAT		"vigil-profile"
#define FORMAT_VERSION	1
#define FILE_MAX	(1 << 20)
#define NESTING_MAX	4

const struct vigil_names *vigil_profile_names(const struct vigil_profile *profile)
{
	return profile->os == VIGIL_PROFILE_OS_WINDOWS ?
	       &vigil_windows_field_names : &vigil_field_names;
}

bool vigil_profile_is_address(const struct vigil_profile *profile,
			      unsigned int field)
{
	if (profile->os == VIGIL_PROFILE_OS_WINDOWS)
		return field <= VIGIL_WINDOWS_FIELD_KERNEL_ROOT;
	return field <= VIGIL_PROFILE_FIELD_SYM_INIT_UTS_NS ||
	       field == VIGIL_PROFILE_FIELD_KERNEL_ROOT ||
	       field == VIGIL_PROFILE_FIELD_VMEMMAP_BASE;
}

struct json_object *vigil_profile_json(const struct vigil_profile *profile)
{
	struct json_object *object = json_object_new_object();
	struct json_object *fields = json_object_new_object(), *value;
	const struct vigil_names *names = vigil_profile_names(profile);
	unsigned int i;

	for (i = 0; i < names->count; i++) {
		if (!profile->has[i])
			continue;
		value = vigil_profile_is_address(profile, i) ?
			vigil_json_hex(profile->value[i]) :
			json_object_new_uint64(profile->value[i]);
		json_object_object_add(fields, names->name[i], value);
	}
	json_object_object_add(object, "format",
			       json_object_new_string(FORMAT));
	json_object_object_add(object, "version",
			       json_object_new_uint64(FORMAT_VERSION));
	json_object_object_add(object, "os",
			       json_object_new_string(vigil_os_names.name[profile->os]));
	json_object_object_add(object, "banner",
			       json_object_new_string(profile->banner));
	json_object_object_add(object, "fields", fields);
	return object;
}

static int parse_value(struct json_object *json, uint64_t *value)
{
	switch (json_object_get_type(json)) {
	case json_type_string:
		return vigil_text_number(json_object_get_string(json),
					 UINT64_MAX, value);
	case json_type_int:
		*value = json_object_get_uint64(json);
		return json_object_get_int64(json) < 0 ? -EINVAL : 0;
	default:
		return -EINVAL;
	}
}

/* What a file says, cut and cleaned for a message. */
static const char *quote(const char *s)
{
	static char text[VIGIL_TEXT_CLEAN_SIZE(48)];

	vigil_text_clean(s, strnlen(s, 48), text, sizeof(text));
	return text;
}

static int parse_fields(struct vigil_profile *profile,
			struct json_object *fields, struct vigil_err *err)
{
	int field;

	json_object_object_foreach(fields, name, json) {
		field = vigil_names_find(vigil_profile_names(profile), name);
		if (field < 0)
			return vigil_fail(err, EINVAL, "unknown field '%s'",
					  quote(name));
		if (parse_value(json, &profile->value[field]))
			return vigil_fail(err, EINVAL,
					  "bad value of field '%s': %s", name,
					  quote(json_object_get_string(json) ?: "null"));
		profile->has[field] = true;
	}
	return 0;
}

static int parse_banner(struct vigil_profile *profile,
			struct json_object *banner, struct vigil_err *err)
{
	size_t len = json_object_get_string_len(banner);
	const char *s = json_object_get_string(banner);

	if (!json_object_is_type(banner, json_type_string) || !len ||
	    len >= sizeof(profile->banner) || strlen(s) != len)
		return vigil_fail(err, EINVAL,
				  "'banner' is no string of 1 to %zu bytes",
				  sizeof(profile->banner) - 1);
	memcpy(profile->banner, s, len + 1);
	return 0;
}

static int parse_os(struct vigil_profile *profile, struct json_object *root,
		    struct vigil_err *err)
{
	struct json_object *os;
	int found;

	if (!json_object_object_get_ex(root, "os", &os))
		return 0;
	found = vigil_names_find(&vigil_os_names,
				 json_object_get_string(os) ?: "null");
	if (found < 0)
		return vigil_fail(err, EINVAL, "unknown 'os': '%s'",
				  quote(json_object_get_string(os) ?: "null"));
	profile->os = found;
	return 0;
}

static int parse_version(struct json_object *version, struct vigil_err *err)
{
	if (json_object_is_type(version, json_type_int) &&
	    json_object_get_int64(version) == FORMAT_VERSION)
		return 0;
	return vigil_fail(err, EINVAL, "unknown version '%s' of the format",
			  quote(json_object_get_string(version) ?: "null"));
}

static int parse_root(struct vigil_profile *profile, struct json_object *root,
		      struct vigil_err *err)
{
	struct json_object *format, *version, *banner, *fields;
	int ret;

	if (!json_object_object_get_ex(root, "format", &format) ||
	    !json_object_is_type(format, json_type_string) ||
	    strcmp(json_object_get_string(format), FORMAT))
		return vigil_fail(err, EINVAL, "'format' isn't \"%s\"", FORMAT);
	if (!json_object_object_get_ex(root, "version", &version))
		return vigil_fail(err, EINVAL, "'version' is missing");
	if (!json_object_object_get_ex(root, "banner", &banner))
		return vigil_fail(err, EINVAL, "'banner' is missing");
	if (!json_object_object_get_ex(root, "fields", &fields) ||
	    !json_object_is_type(fields, json_type_object))
		return vigil_fail(err, EINVAL, "'fields' isn't an object");
	ret = parse_version(version, err);
	if (!ret)
		ret = parse_os(profile, root, err);
	if (!ret)
		ret = parse_banner(profile, banner, err);
	return ret ? ret : parse_fields(profile, fields, err);
}

int vigil_profile_parse(struct vigil_profile *profile, const char *text,
			size_t len, struct vigil_err *err)
{
	struct json_tokener *tok = json_tokener_new_ex(NESTING_MAX);
	struct json_object *root;
	int ret;

	if (!tok)
		return vigil_fail_errno(err, ENOMEM, "profile");
	memset(profile, 0, sizeof(*profile));
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT |
			       JSON_TOKENER_VALIDATE_UTF8);
	root = json_tokener_parse_ex(tok, text, len);
	if (!root || !json_object_is_type(root, json_type_object))
		ret = vigil_fail(err, EINVAL, "no JSON object: %s at byte %zu",
				 json_tokener_error_desc(json_tokener_get_error(tok)),
				 json_tokener_get_parse_end(tok));
	else if (json_tokener_get_parse_end(tok) != strnlen(text, len))
		ret = vigil_fail(err, EINVAL,
				 "something follows the JSON object at byte %zu",
				 json_tokener_get_parse_end(tok));
	else
		ret = parse_root(profile, root, err);
	json_object_put(root);
	json_tokener_free(tok);
	return ret;
}

static int read_file(const char *path, char **text, size_t *len,
		     struct vigil_err *err)
{
	FILE *file = fopen(path, "re");

	if (!file)
		return vigil_fail_errno(err, errno, "%s", path);
	*text = malloc(FILE_MAX + 1);
	if (!*text) {
		fclose(file);
		return vigil_fail_errno(err, ENOMEM, "%s", path);
	}
	*len = fread(*text, 1, FILE_MAX + 1, file);
	if (ferror(file))
		vigil_fail_errno(err, errno, "%s", path);
	else if (*len > FILE_MAX)
		vigil_fail(err, EINVAL, "%s: larger than %d bytes", path,
			   FILE_MAX);
	else
		err->code = 0;
	fclose(file);
	if (err->code)
		free(*text);
	return -err->code;
}

int vigil_profile_load(struct vigil_profile *profile, const char *path,
		       struct vigil_err *err)
{
	struct vigil_err why;
	size_t len = 0;
	char *text;
	int ret;

	ret = read_file(path, &text, &len, err);
	if (ret)
		return ret;
	while (len && (text[len - 1] == '\n' || text[len - 1] == ' '))
		len--;
	text[len] = '\0';
	ret = vigil_profile_parse(profile, text, len + 1, &why);
	free(text);
	return ret ? vigil_fail(err, why.code, "%s: %s", path, why.text) : 0;
}

static int write_file(int fd, const struct vigil_profile *profile)
{
	struct json_object *json = vigil_profile_json(profile);
	const char *text;
	int ret;

	text = json_object_to_json_string_ext(json,
					      JSON_C_TO_STRING_PRETTY |
					      JSON_C_TO_STRING_NOSLASHESCAPE);
	ret = dprintf(fd, "%s\n", text) < 0 || fsync(fd) ? -errno : 0;
	json_object_put(json);
	return ret;
}

int vigil_profile_check_target(const char *path, struct vigil_err *err)
{
	struct stat st;

	if (stat(path, &st) || S_ISREG(st.st_mode))
		return 0;
	return vigil_fail(err, EINVAL,
			  "%s: it exists and is no regular file", path);
}

/* It tells where the guest's kernel is: not everybody's business. */
int vigil_profile_save(const struct vigil_profile *profile, const char *path,
		       struct vigil_err *err)
{
	char *tmp;
	int fd, ret;

	if (vigil_profile_check_target(path, err))
		return -EINVAL;
	if (asprintf(&tmp, "%s.XXXXXX", path) < 0)
		return vigil_fail_errno(err, ENOMEM, "%s", path);
	fd = mkostemp(tmp, O_CLOEXEC);
	ret = fd < 0 ? -errno : write_file(fd, profile);
	if (!ret && rename(tmp, path))
		ret = -errno;
	if (fd >= 0)
		close(fd);
	if (ret && fd >= 0)
		unlink(tmp);
	free(tmp);
	return ret ? vigil_fail_errno(err, -ret, "%s", path) : 0;
}
