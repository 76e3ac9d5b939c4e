/* SPDX-License-Identifier: GPL-2.0 */
/* What profile_find.c and profile_fields.c share. */
#ifndef VIGIL_FINDER_H
#define VIGIL_FINDER_H

#include "image.h"
#include "kallsyms.h"
#include "profile.h"
#include "windows.h"

#define FINDER_SYMBOLS_MAX	32

struct btf;

/**
 * struct vigil_finder - a search for a profile
 * @guest:	where
 * @levels:	of the guest's page tables
 * @image:	the kernel image
 * @symbol:	the symbols that the profile is made of
 * @symbols:	how many they are
 * @btf:	the kernel's types
 * @windows:	it is a Windows guest, and of the above only @guest is known
 * @win:	what is known of a Windows guest
 */
struct vigil_finder {
	struct vigil_guest *guest;
	unsigned int levels;
	struct vigil_image image;
	struct vigil_symbol symbol[FINDER_SYMBOLS_MAX];
	size_t symbols;
	struct btf *btf;
	bool windows;
	struct vigil_winfind win;
};

/* Look all symbols up. */
void vigil_finder_lookup(struct vigil_finder *finder,
			 const struct vigil_kallsyms *ks);
/* -ENOENT: there is none; -ENOTUNIQ: it isn't clear which one. */
int vigil_finder_symbol(const struct vigil_finder *finder, const char *name,
			uint64_t *value, struct vigil_err *err);
/* Fill in every field; what this kernel was built without is left out. */
int vigil_finder_fields(const struct vigil_finder *finder,
			struct vigil_profile *profile, struct vigil_err *err);

#endif /* VIGIL_FINDER_H */
