// SPDX-License-Identifier: GPL-2.0
/* The offsets of a build, from the table of builds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "winguest.h"

static const char *const columns[FIELDS] = {
	[F_DTB] = "KPROCESS.DirectoryTableBase",
	[F_USER_DTB] = "KPROCESS.UserDirectoryTableBase",
	[F_PID] = "EPROCESS.UniqueProcessId",
	[F_LINKS] = "EPROCESS.ActiveProcessLinks",
	[F_PPID] = "EPROCESS.InheritedFromUniqueProcessId",
	[F_NAME] = "EPROCESS.ImageFileName",
	[F_FLAGS] = "EPROCESS.Flags",
	[F_CREATED] = "EPROCESS.CreateTime",
	[F_APC_STATE] = "KTHREAD.ApcState",
	[F_APC_PROCESS] = "KAPC_STATE.Process",
	[F_THREAD_PROCESS] = "KTHREAD.Process",
	[F_PRCB] = "KPCR.Prcb",
	[F_CURRENT_THREAD] = "KPRCB.CurrentThread",
	[F_IDLE_THREAD] = "KPRCB.IdleThread",
	[F_EXITING] = "Flags.ProcessExiting.bit",
	[F_DELETE] = "Flags.ProcessDelete.bit",
	[F_VM_DELETED] = "Flags.VmDeleted.bit",
	[F_OUTSWAPPED] = "Flags.Outswapped.bit",
	[F_HAS_SPACE] = "Flags.HasAddressSpace.bit",
};

static char *read_all(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = calloc(1, 1 << 20);

	if (!file || !text)
		return NULL;
	if (!fread(text, 1, (1 << 20) - 1, file)) {
		free(text);
		text = NULL;
	}
	fclose(file);
	return text;
}

static bool parse_version(uint16_t version[4], const char *name)
{
	return sscanf(name, "%hu.%hu.%hu.%hu", &version[0], &version[1], &version[2],
		      &version[3]) == 4;
}

static enum field field_of(const char *column)
{
	enum field f;

	for (f = 0; f < FIELDS; f++)
		if (!strcmp(columns[f], column))
			return f;
	return FIELDS;
}

/* How far a row of the table is from what was asked for; -1: another build */
static int distance(const uint16_t row[4], const uint16_t asked[4])
{
	if (memcmp(row, asked, 3 * sizeof(row[0])))
		return -1;
	return abs(row[3] - asked[3]);
}

static void take_row(struct build *build, char *row, const enum field *order, int count)
{
	char *value;
	int i;

	memset(build->field, 0, sizeof(build->field));
	for (i = 0; i < count && (value = strsep(&row, ",")); i++)
		if (order[i] < FIELDS)
			build->field[order[i]] = strtoul(value, NULL, 0);
}

/*
 * The guest's code addresses the KPCR by constants, as Windows' own does; builds
 * where they are others would need code of their own.
 */
static bool can_run(const struct build *build)
{
	return build->field[F_PRCB] + build->field[F_CURRENT_THREAD] == PCR_THREAD;
}

int build_find(struct build *build, const char *name, const char *csv)
{
	char *text = csv ? read_all(csv) : strdup(builds_csv), *rest = text;
	int count = 0, near = -1, far;
	enum field order[64];
	char *line, *column;
	uint16_t row[4];

	if (!text || !parse_version(build->version, name))
		return -1;
	line = strsep(&rest, "\n");
	for (column = strsep(&line, ","); column && count < 64; column = strsep(&line, ","))
		order[count++] = field_of(column);
	while ((line = strsep(&rest, "\n"))) {
		if (!parse_version(row, line))
			continue;
		far = distance(row, build->version);
		if (far >= 0 && (near < 0 || far < near)) {
			near = far;
			take_row(build, line, order, count);
		}
	}
	free(text);
	return near >= 0 && can_run(build) ? 0 : -1;
}
