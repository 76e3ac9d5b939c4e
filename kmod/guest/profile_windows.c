// SPDX-License-Identifier: GPL-2.0
/*
 * The fields of a Windows guest's profile.
 */

#include <linux/array_size.h>
#include <linux/log2.h>
#include <linux/sizes.h>

#include "guest/profile_rows.h"

/* ntoskrnl.exe has 6 to 20 MiB. */
#define IMAGE_MAX	SZ_64M
/* The upper half of a top-level table. */
#define SLOT_MIN	256
#define SLOT_MAX	511

enum { FIRST_ROW = __COUNTER__ + 1 };

#define ROW(name, min, max, align, ...)				\
	VIGIL_ROW(FIRST_ROW, VIGIL_WINDOWS_FIELD_, name, min, max, align, \
		  __VA_ARGS__)

#define ADDRESS(name, align) \
	ROW(name, VIGIL_KERNEL_MIN, VIGIL_KERNEL_MAX, align)
#define OFFSET(name, align, ...) \
	ROW(name, 0, VIGIL_OFFSET_MAX - 8, align, __VA_ARGS__)
#define FLAG(name) ROW(name, 1, U32_MAX, 1, .optional = true)

static const struct vigil_field fields[] = {
	ADDRESS(KERNEL_BASE, SZ_4K),
	ROW(KERNEL_SIZE, SZ_4K, IMAGE_MAX, SZ_4K),
	ADDRESS(PS_ACTIVE_PROCESS_HEAD, 8),
	ROW(KERNEL_ROOT, SZ_4K, VIGIL_PHYS_MAX, SZ_4K),
	ROW(SELF_MAP_SLOT, SLOT_MIN, SLOT_MAX, 1),
	ROW(KVA_SHADOW, 0, 1, 1),
	OFFSET(KPROCESS_DIRECTORY_TABLE_BASE, 8),
	OFFSET(KPROCESS_USER_DIRECTORY_TABLE_BASE, 8, .optional = true),
	OFFSET(EPROCESS_UNIQUE_PROCESS_ID, 8),
	OFFSET(EPROCESS_ACTIVE_PROCESS_LINKS, 8),
	OFFSET(EPROCESS_INHERITED_FROM_UNIQUE_PROCESS_ID, 8),
	OFFSET(EPROCESS_IMAGE_FILE_NAME, 1),
	OFFSET(EPROCESS_FLAGS, 4),
	OFFSET(EPROCESS_CREATE_TIME, 8),
	OFFSET(KTHREAD_APC_STATE, 8),
	OFFSET(KAPC_STATE_PROCESS, 8),
	OFFSET(KPCR_PRCB, 8),
	OFFSET(KPRCB_CURRENT_THREAD, 8),
	FLAG(FLAG_PROCESS_EXITING),
	FLAG(FLAG_PROCESS_DELETE),
	FLAG(FLAG_VM_DELETED),
	FLAG(FLAG_OUTSWAPPED),
	FLAG(FLAG_HAS_ADDRESS_SPACE),
};

static_assert(ARRAY_SIZE(fields) == VIGIL_WINDOWS_FIELDS);

static const char *check_windows_relations(const u64 *v, u32 *field)
{
	const u64 head = v[VIGIL_WINDOWS_FIELD_PS_ACTIVE_PROCESS_HEAD] -
			 v[VIGIL_WINDOWS_FIELD_KERNEL_BASE];

	/* The difference is unsigned: before the image is huge. */
	*field = VIGIL_WINDOWS_FIELD_PS_ACTIVE_PROCESS_HEAD;
	if (head > v[VIGIL_WINDOWS_FIELD_KERNEL_SIZE] - 2 * sizeof(u64))
		return "isn't in the image";
	*field = VIGIL_WINDOWS_FIELD_KVA_SHADOW;
	if (v[VIGIL_WINDOWS_FIELD_KVA_SHADOW] &&
	    !v[VIGIL_WINDOWS_FIELD_KPROCESS_USER_DIRECTORY_TABLE_BASE])
		return "needs kprocess-user-directory-table-base";
	for (u32 i = VIGIL_WINDOWS_FIELD_FLAG_PROCESS_EXITING;
	     i <= VIGIL_WINDOWS_FIELD_FLAG_HAS_ADDRESS_SPACE; i++) {
		*field = i;
		if (v[i] && !is_power_of_2(v[i]))
			return "isn't one bit";
	}
	return NULL;
}

const struct vigil_fields vigil_windows_fields = {
	.field = fields,
	.count = ARRAY_SIZE(fields),
	.check = check_windows_relations,
};
