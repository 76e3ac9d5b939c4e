// SPDX-License-Identifier: GPL-2.0
/*
 * Validation of a guest profile, before it is proved against the guest.
 *
 * The numbers come from user space, which took them from a guest's memory: a
 * hostile guest may have made them up.  They can make readers find nothing, but
 * no number that passes here makes a reader leave its bounds.
 */

#include <linux/align.h>
#include <linux/ctype.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/net.h>
#include <linux/netlink.h>
#include <linux/string.h>
#include <kunit/visibility.h>

#include "guest/profile_rows.h"

/* Every table fits the array of values, and no field has a longer name. */
static_assert(VIGIL_LINUX_FIELDS <= VIGIL_PROFILE_FIELDS);
static_assert(VIGIL_WINDOWS_FIELDS <= VIGIL_PROFILE_FIELDS);

static const struct vigil_fields *fields_of(const struct vigil_profile *p)
{
	return p->os == VIGIL_PROFILE_OS_WINDOWS ? &vigil_windows_fields :
						   &vigil_linux_fields;
}

/* A field's name in the spec, from the one in the header. */
struct spelling {
	char text[48];
};

static struct spelling spell(const struct vigil_field *field)
{
	struct spelling s = {};
	const char *name = field->name;

	for (size_t i = 0; name[i] && i < sizeof(s.text) - 1; i++)
		s.text[i] = name[i] == '_' ? '-' : tolower(name[i]);
	return s;
}

static int refuse_field(struct netlink_ext_ack *extack,
			const struct vigil_field *field, const char *why)
{
	NL_SET_ERR_MSG_FMT(extack, "profile: %s %s", spell(field).text, why);
	return -EINVAL;
}

static bool is_in_range(const struct vigil_field *f, u64 value)
{
	if (f->pointer && value >= VIGIL_KERNEL_MIN)
		return value <= VIGIL_KERNEL_MAX;
	return value >= f->min && value <= f->max;
}

/**
 * vigil_profile_add - Take one number into a profile
 * @b: The profile that is being put together.
 * @field: Of the enum for the profile's system, unchecked.
 * @value: Its value, unchecked.
 * @extack: Told which field is wrong, and how; may be NULL.
 *
 * Return: 0, or -EINVAL if the field is unknown, was given before, or can't
 * have that value.
 */
int vigil_profile_add(struct vigil_profile_builder *b, u32 field, u64 value,
		      struct netlink_ext_ack *extack)
{
	const struct vigil_fields *fields = fields_of(&b->profile);
	const struct vigil_field *f;

	if (field >= fields->count) {
		NL_SET_ERR_MSG_FMT(extack, "profile: unknown field %u", field);
		return -EINVAL;
	}
	f = &fields->field[field];
	if (test_bit(field, b->profile.given))
		return refuse_field(extack, f, "is given twice");
	if (!is_in_range(f, value))
		return refuse_field(extack, f, "is out of range");
	if (!IS_ALIGNED(value, f->align))
		return refuse_field(extack, f, "is misaligned");

	__set_bit(field, b->profile.given);
	b->profile.field[field] = value;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_profile_add);

/**
 * vigil_profile_set_banner - Take the kernel's version line into a profile
 * @b: The profile that is being put together.
 * @banner: Terminated string.
 * @extack: Told what is wrong; may be NULL.
 *
 * Return: 0, or -EINVAL if it is empty or too long.
 */
int vigil_profile_set_banner(struct vigil_profile_builder *b,
			     const char *banner,
			     struct netlink_ext_ack *extack)
{
	if (!*banner) {
		NL_SET_ERR_MSG(extack, "profile: the banner is empty");
		return -EINVAL;
	}
	if (strscpy(b->profile.banner, banner) < 0) {
		NL_SET_ERR_MSG(extack, "profile: the banner is too long");
		return -EINVAL;
	}
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_profile_set_banner);

/**
 * vigil_profile_finish - Check a profile as a whole
 * @b: What was put together.
 * @out: The profile, written on success only.
 * @extack: Told what is missing or doesn't fit; may be NULL.
 *
 * Return: 0 or -EINVAL.
 */
int vigil_profile_finish(const struct vigil_profile_builder *b,
			 struct vigil_profile *out,
			 struct netlink_ext_ack *extack)
{
	const struct vigil_fields *fields = fields_of(&b->profile);
	const char *why;
	u32 i;

	for (i = 0; i < fields->count; i++) {
		if (!test_bit(i, b->profile.given) && !fields->field[i].optional)
			return refuse_field(extack, fields->field + i,
					    "is missing");
	}
	if (!*b->profile.banner) {
		NL_SET_ERR_MSG(extack, "profile: the banner is missing");
		return -EINVAL;
	}
	why = fields->check(b->profile.field, &i);
	if (why)
		return refuse_field(extack, fields->field + i, why);
	*out = b->profile;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_profile_finish);

/**
 * vigil_profile_fields - How many fields a profile has
 * @p: The profile.
 *
 * Return: Their number, the given ones and the others.
 */
u32 vigil_profile_fields(const struct vigil_profile *p)
{
	return fields_of(p)->count;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_profile_fields);

/**
 * vigil_profile_is_same - Do two profiles say the same?
 * @a: A profile.
 * @b: Another one.
 *
 * Return: true if they are of the same system, have the same fields with the
 * same values, and the same banner.
 */
bool vigil_profile_is_same(const struct vigil_profile *a,
			   const struct vigil_profile *b)
{
	return a->os == b->os &&
	       bitmap_equal(a->given, b->given, VIGIL_PROFILE_FIELDS) &&
	       !memcmp(a->field, b->field, sizeof(a->field)) &&
	       !strcmp(a->banner, b->banner);
}
EXPORT_SYMBOL_IF_KUNIT(vigil_profile_is_same);
