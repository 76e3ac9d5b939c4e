/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What user space knows about a guest's kernel: numbers only.
 */
#ifndef _VIGIL_PROFILE_H
#define _VIGIL_PROFILE_H

#include <linux/bitmap.h>
#include <linux/types.h>

#include <uapi/linux/vigil.h>

struct netlink_ext_ack;

/* The last field of the ABI plus one; the tables prove that none is missing. */
#define VIGIL_LINUX_FIELDS	(VIGIL_PROFILE_FIELD_KERNFS_PARENT + 1)
#define VIGIL_WINDOWS_FIELDS	(VIGIL_WINDOWS_FIELD_FLAG_HAS_ADDRESS_SPACE + 1)
/* Room for those of any system. */
#define VIGIL_PROFILE_FIELDS	VIGIL_LINUX_FIELDS
#define VIGIL_BANNER_SIZE	256

/* Structures that are read in one piece: what a reader's buffer must hold. */
#define VIGIL_PAGE_SPAN		128	/* struct page */
#define VIGIL_VMA_SPAN		384	/* struct vm_area_struct */

/**
 * struct vigil_profile - A checked profile
 *
 * An optional field that was not given is 0: what it describes does not exist
 * in that kernel.  Few of them can be 0 when they are given.
 */
struct vigil_profile {
	enum vigil_profile_os os;
	/**
	 * @field: By enum vigil_profile_field of a Linux guest, by enum
	 * vigil_windows_field of a Windows guest.
	 */
	u64 field[VIGIL_PROFILE_FIELDS];
	DECLARE_BITMAP(given, VIGIL_PROFILE_FIELDS);
	char banner[VIGIL_BANNER_SIZE];
};

/**
 * struct vigil_profile_builder - A profile that is being put together
 *
 * Zeroed by its owner before the first use, which then says which system the
 * profile is of.
 */
struct vigil_profile_builder {
	struct vigil_profile profile;
};

int vigil_profile_add(struct vigil_profile_builder *b, u32 field, u64 value,
		      struct netlink_ext_ack *extack);
int vigil_profile_set_banner(struct vigil_profile_builder *b,
			     const char *banner,
			     struct netlink_ext_ack *extack);
int vigil_profile_finish(const struct vigil_profile_builder *b,
			 struct vigil_profile *out,
			 struct netlink_ext_ack *extack);

u32 vigil_profile_fields(const struct vigil_profile *p);
bool vigil_profile_is_same(const struct vigil_profile *a,
			   const struct vigil_profile *b);

#endif /* _VIGIL_PROFILE_H */
