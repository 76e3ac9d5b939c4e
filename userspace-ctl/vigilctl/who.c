// SPDX-License-Identifier: GPL-2.0
#include "text.h"
#include "vigilctl.h"

static const char *with_deleted(const struct vigil_attrs *process,
				const char *path)
{
	static char words[VIGIL_TEXT_CLEAN_SIZE(4096) + sizeof(DELETED)];

	snprintf(words, sizeof(words), "%s%s", path,
		 vigil_attrs_has(process, VIGIL_A_PROCESS_EXE_DELETED) ?
		 DELETED : "");
	return words;
}

const char *exe_words(const struct vigil_attrs *process, const char *absent)
{
	const char *path = vigil_attrs_text(process, VIGIL_A_PROCESS_EXE, NULL);

	return path ? with_deleted(process, path) : absent;
}

const char *exe_cell(const struct vigil_attrs *process, const char *absent)
{
	const char *path = vigil_attrs_cell(process, VIGIL_A_PROCESS_EXE, NULL);

	return path ? with_deleted(process, path) : absent;
}

const char *start_words(const struct vigil_attrs *process, char *buf,
			size_t size)
{
	uint64_t ns = vigil_attrs_uint(process, VIGIL_A_PROCESS_START_TIME, 0);

	if (!vigil_attrs_has(process, VIGIL_A_PROCESS_START_TIME))
		return "-";
	snprintf(buf, size, "%llu.%09llu s",
		 (unsigned long long)(ns / 1000000000),
		 (unsigned long long)(ns % 1000000000));
	return buf;
}
