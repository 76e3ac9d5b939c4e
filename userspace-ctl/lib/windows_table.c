// SPDX-License-Identifier: GPL-2.0
/*
 * The built-in table of builds, data/windows-x64-offsets.csv.
 *
 * Which row is a build's:
 *
 *  - the one with the same four numbers; else
 *  - of the same major.minor.build the one with the next lower revision, or if
 *    all are higher the lowest: updates of a build do not move fields; else
 *  - of the builds that are the same files with features switched on ("enablement
 *    packages") any, chosen in the same way: 18362 and 18363, 19041 to 19045,
 *    22621 and 22631.
 *
 * Any other build is unknown, however near.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "windows.h"

#define BUILDS_MAX	128

#define STRING_(x)	#x
#define STRING(x)	STRING_(x)

__asm__(".pushsection .rodata\n"
	"windows_csv:\n"
	".incbin " STRING(VIGIL_WINDOWS_CSV) "\n"
	".byte 0\n"
	".popsection\n");

extern const char windows_csv[];

static const uint16_t families[][2] = {
	{ 18362, 18363 }, { 19041, 19045 }, { 22621, 22631 },
};

static struct vigil_build builds[BUILDS_MAX];
static unsigned int build_count;

/* The first line has the names of the columns. */
static void load(void)
{
	const char *line = strchr(windows_csv, '\n');
	uint16_t *v;

	while (!build_count || line) {
		if (!line || !line[1] || build_count == BUILDS_MAX)
			return;
		v = builds[build_count].version;
		builds[build_count].row = line + 1;
		if (sscanf(line + 1, "%hu.%hu.%hu.%hu,", v, v + 1, v + 2,
			   v + 3) == 4)
			build_count++;
		line = strchr(line + 1, '\n');
	}
}

static unsigned int family_of(uint16_t build)
{
	unsigned int i;

	for (i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		if (build >= families[i][0] && build <= families[i][1])
			return families[i][0];
	}
	return build;
}

/* 3: as the same build, 2: of the same files, 0: another one. */
static unsigned int likeness(const uint16_t a[4], const uint16_t b[4])
{
	if (a[0] != b[0] || a[1] != b[1])
		return 0;
	if (a[2] == b[2])
		return 3;
	return family_of(a[2]) == family_of(b[2]) ? 2 : 0;
}

/* Build and revision as one number. */
static uint32_t order(const uint16_t v[4])
{
	return (uint32_t)v[2] << 16 | v[3];
}

/* Is @a the better of two rows that are equally like @version? */
static bool is_nearer(const uint16_t version[4], const uint16_t a[4],
		      const uint16_t b[4])
{
	bool a_lower = order(a) <= order(version);
	bool b_lower = order(b) <= order(version);

	if (a_lower != b_lower)
		return a_lower;
	return a_lower ? order(a) > order(b) : order(a) < order(b);
}

const struct vigil_build *vigil_build_find(const uint16_t version[4])
{
	const struct vigil_build *best = NULL;
	unsigned int i, like, most = 0;

	if (!build_count)
		load();
	for (i = 0; i < build_count; i++) {
		like = likeness(version, builds[i].version);
		if (!like || like < most)
			continue;
		if (like > most ||
		    is_nearer(version, builds[i].version, best->version))
			best = &builds[i];
		most = like;
	}
	return best;
}

static int column_index(const char *column)
{
	const char *name = windows_csv;
	size_t len = strlen(column);
	int index;

	for (index = 0; ; index++) {
		if (!strncmp(name, column, len) &&
		    (name[len] == ',' || name[len] == '\n'))
			return index;
		name += strcspn(name, ",\n");
		if (*name++ != ',')
			return -1;
	}
}

int vigil_build_cell(const struct vigil_build *build, const char *column,
		     uint64_t *value)
{
	const char *cell = build->row;
	int index = column_index(column);
	char *end;

	if (index < 0)
		return -ENOENT;
	while (index-- > 0) {
		cell += strcspn(cell, ",\n");
		if (*cell++ != ',')
			return -ENOENT;
	}
	*value = strtoul(cell, &end, 0);
	return end == cell ? -ENOENT : 0;
}

void vigil_version_text(const uint16_t version[4],
			char text[VIGIL_VERSION_SIZE])
{
	int used = snprintf(text, VIGIL_VERSION_SIZE, "%u.%u.%u", version[0],
			    version[1], version[2]);

	if (version[3] != VIGIL_REVISION_UNKNOWN)
		snprintf(text + used, VIGIL_VERSION_SIZE - used, ".%u",
			 version[3]);
}
