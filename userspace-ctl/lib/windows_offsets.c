// SPDX-License-Identifier: GPL-2.0
/*
 * Offsets in the structures of a build of Windows: from its symbol file, or from
 * the table of builds.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "windows.h"

/* As the module has it: what is further is no offset. */
#define OFFSET_MAX	(16384 - 8)

/**
 * struct source - of a field
 * @field:	which
 * @type:	in a symbol file
 * @member:	of @type
 * @column:	in the table
 * @flag:	a mask of one bit in EPROCESS.Flags
 * @optional:	builds without it exist
 */
static const struct source {
	unsigned int field;
	const char *type;
	const char *member;
	const char *column;
	bool flag;
	bool optional;
} sources[] = {
#define OFFSET(field, type, member, ...)				\
	{ VIGIL_WINDOWS_FIELD_##field, "_" type, member, type "." member, \
	  __VA_ARGS__ }
#define FLAG(field, member)						\
	{ VIGIL_WINDOWS_FIELD_##field, "_EPROCESS", member,		\
	  "Flags." member ".bit", .flag = true, .optional = true }
	OFFSET(KPROCESS_DIRECTORY_TABLE_BASE, "KPROCESS", "DirectoryTableBase"),
	OFFSET(KPROCESS_USER_DIRECTORY_TABLE_BASE, "KPROCESS",
	       "UserDirectoryTableBase", .optional = true),
	OFFSET(EPROCESS_UNIQUE_PROCESS_ID, "EPROCESS", "UniqueProcessId"),
	OFFSET(EPROCESS_ACTIVE_PROCESS_LINKS, "EPROCESS", "ActiveProcessLinks"),
	OFFSET(EPROCESS_INHERITED_FROM_UNIQUE_PROCESS_ID, "EPROCESS",
	       "InheritedFromUniqueProcessId"),
	OFFSET(EPROCESS_IMAGE_FILE_NAME, "EPROCESS", "ImageFileName"),
	OFFSET(EPROCESS_FLAGS, "EPROCESS", "Flags"),
	OFFSET(EPROCESS_CREATE_TIME, "EPROCESS", "CreateTime"),
	OFFSET(KTHREAD_APC_STATE, "KTHREAD", "ApcState"),
	OFFSET(KAPC_STATE_PROCESS, "KAPC_STATE", "Process"),
	OFFSET(KPCR_PRCB, "KPCR", "Prcb"),
	OFFSET(KPRCB_CURRENT_THREAD, "KPRCB", "CurrentThread"),
	FLAG(FLAG_PROCESS_EXITING, "ProcessExiting"),
	FLAG(FLAG_PROCESS_DELETE, "ProcessDelete"),
	FLAG(FLAG_VM_DELETED, "VmDeleted"),
	FLAG(FLAG_OUTSWAPPED, "Outswapped"),
	FLAG(FLAG_HAS_ADDRESS_SPACE, "HasAddressSpace"),
#undef OFFSET
#undef FLAG
};

#define SOURCES	(sizeof(sources) / sizeof(sources[0]))

/* --- symbol file -------------------------------------------------------------- */

static int isf_flag(const struct vigil_isf *isf, const struct source *source,
		    uint64_t *value, struct vigil_err *err)
{
	uint64_t flags, offset, bit;
	int ret;

	ret = vigil_isf_bit(isf, source->type, source->member, OFFSET_MAX,
			    &offset, &bit, err);
	if (ret)
		return ret;
	ret = vigil_isf_offset(isf, source->type, "Flags", OFFSET_MAX, &flags,
			       err);
	if (ret)
		return ret;
	if (offset != flags)
		return vigil_fail(err, EINVAL, "'%s.%s' is no bit of Flags",
				  source->type, source->member);
	*value = 1ULL << bit;
	return 0;
}

static int isf_value(const struct vigil_isf *isf, const struct source *source,
		     uint64_t *value, struct vigil_err *err)
{
	return source->flag ? isf_flag(isf, source, value, err) :
	       vigil_isf_offset(isf, source->type, source->member, OFFSET_MAX,
				value, err);
}

static int isf_head(const struct vigil_winfind *find,
		    const struct vigil_isf *isf, struct vigil_profile *profile,
		    struct vigil_err *err)
{
	const unsigned int field = VIGIL_WINDOWS_FIELD_PS_ACTIVE_PROCESS_HEAD;
	uint64_t rva;
	int ret = vigil_isf_symbol(isf, "PsActiveProcessHead",
				   find->pe.size - 16, &rva, err);

	if (ret)
		return ret == -ENOENT ? 0 : ret;
	profile->value[field] = find->pe.base + rva;
	profile->has[field] = true;
	return 0;
}

/* --- both --------------------------------------------------------------------- */

static int fill(const struct vigil_isf *isf, const struct vigil_build *build,
		struct vigil_profile *profile, struct vigil_err *err)
{
	const struct source *source;
	uint64_t value;
	int ret;

	for (source = sources; source < sources + SOURCES; source++) {
		if (isf)
			ret = isf_value(isf, source, &value, err);
		else
			ret = vigil_build_cell(build, source->column, &value);
		if (ret == -ENOENT && source->optional)
			continue;
		if (ret && isf) {
			/* That something is missing is the file's fault. */
			err->code = EINVAL;
			return -EINVAL;
		}
		if (ret)
			return vigil_fail(err, EBADMSG,
					  "the table of builds has no %s",
					  source->column);
		if (!isf && source->flag)
			value = 1ULL << value;
		profile->value[source->field] = value;
		profile->has[source->field] = true;
	}
	return 0;
}

static int fill_from_table(const struct vigil_winfind *find,
			   struct vigil_profile *profile,
			   struct vigil_findings *findings,
			   struct vigil_err *err)
{
	const struct vigil_build *build = vigil_build_find(find->version);
	char version[VIGIL_VERSION_SIZE];

	vigil_version_text(find->version, version);
	if (!build)
		return vigil_fail(err, ENOENT,
				  "Windows %s is not in the table of builds: give its symbols with --isf FILE, a Volatility 3 symbol file of %s with the id %s",
				  version, find->pe.pdb, find->pe.pdb_id);
	vigil_version_text(build->version, version);
	snprintf(findings->offsets, sizeof(findings->offsets),
		 "table of builds, %s", version);
	return fill(NULL, build, profile, err);
}

int vigil_winfind_offsets(const struct vigil_winfind *find,
			  const struct vigil_isf *isf,
			  struct vigil_profile *profile,
			  struct vigil_findings *findings,
			  struct vigil_err *err)
{
	int ret;

	if (!isf)
		return fill_from_table(find, profile, findings, err);
	ret = vigil_isf_check(isf, find->pe.pdb_id, err);
	if (!ret)
		ret = fill(isf, NULL, profile, err);
	if (!ret)
		ret = isf_head(find, isf, profile, err);
	snprintf(findings->offsets, sizeof(findings->offsets), "symbol file");
	return ret;
}
