// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <libmnl/libmnl.h>

#include "profile.h"

/* "uint" attributes have 32 bits where that is enough. */
static void put_uint(struct nlmsghdr *nlh, uint16_t type, uint64_t value)
{
	if (value > UINT32_MAX)
		mnl_attr_put_u64(nlh, type, value);
	else
		mnl_attr_put_u32(nlh, type, value);
}

void vigil_profile_put(const struct vigil_profile *profile,
		       struct nlmsghdr *nlh)
{
	struct nlattr *item;
	unsigned int i;

	mnl_attr_put_u32(nlh, VIGIL_A_PROFILE_OS, profile->os);
	mnl_attr_put_strz(nlh, VIGIL_A_PROFILE_BANNER, profile->banner);
	for (i = 0; i < VIGIL_PROFILE_FIELDS; i++) {
		if (!profile->has[i])
			continue;
		item = mnl_attr_nest_start(nlh, VIGIL_A_PROFILE_ITEM);
		mnl_attr_put_u32(nlh, VIGIL_A_PROFILE_ITEM_FIELD, i);
		put_uint(nlh, VIGIL_A_PROFILE_ITEM_VALUE, profile->value[i]);
		mnl_attr_nest_end(nlh, item);
	}
}

int vigil_profile_get(struct vigil_profile *profile,
		      const struct vigil_attrs *attrs)
{
	const struct nlattr *attr = NULL;
	struct vigil_attrs item;
	unsigned int fields;
	uint64_t field;

	memset(profile, 0, sizeof(*profile));
	if (vigil_attrs_uint(attrs, VIGIL_A_PROFILE_OS, 0) ==
	    VIGIL_PROFILE_OS_WINDOWS)
		profile->os = VIGIL_PROFILE_OS_WINDOWS;
	snprintf(profile->banner, sizeof(profile->banner), "%s",
		 vigil_attrs_text(attrs, VIGIL_A_PROFILE_BANNER, ""));
	fields = vigil_profile_names(profile)->count;
	while ((attr = vigil_attrs_next(attrs, VIGIL_A_PROFILE_ITEM, attr))) {
		if (vigil_attrs_parse(&item, &vigil_profile_item_set,
				      mnl_attr_get_payload(attr),
				      mnl_attr_get_payload_len(attr)))
			return -EBADMSG;
		field = vigil_attrs_uint(&item, VIGIL_A_PROFILE_ITEM_FIELD,
					 fields);
		/* a newer module may know more */
		if (field >= fields)
			continue;
		profile->has[field] = true;
		profile->value[field] =
			vigil_attrs_uint(&item, VIGIL_A_PROFILE_ITEM_VALUE, 0);
	}
	return 0;
}
