/* SPDX-License-Identifier: GPL-2.0 */
/* What the module has to know of a guest: numbers by field. */
#ifndef VIGIL_PROFILE_H
#define VIGIL_PROFILE_H

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json.h>
#include <linux/netlink.h>
#include <linux/vigil.h>

#include "attr.h"
#include "error.h"
#include "guest.h"

/* Of a Linux guest; of a Windows guest there are fewer. */
#define VIGIL_PROFILE_FIELDS	(VIGIL_PROFILE_FIELD_KERNFS_PARENT + 1)
#define VIGIL_WINDOWS_FIELDS	(VIGIL_WINDOWS_FIELD_FLAG_HAS_ADDRESS_SPACE + 1)

/**
 * struct vigil_profile - a profile
 * @os:		which enum the fields are of
 * @banner:	the kernel's version line
 * @value:	by field
 * @has:	by field: is it known?
 */
struct vigil_profile {
	enum vigil_profile_os os;
	char banner[256];
	uint64_t value[VIGIL_PROFILE_FIELDS];
	bool has[VIGIL_PROFILE_FIELDS];
};

/**
 * struct vigil_findings - how a profile was found, for people
 * @base:	where the kernel image starts
 * @size:	its bytes
 * @symbols:	of Linux: how many it has
 * @btf:	of Linux: bytes of BTF
 * @offsets:	of Windows, as all that follows: where they are from
 * @head_by_symbol: the list of processes was not searched for
 * @levels:	of page tables
 * @kva_shadow:	user mode has page tables of its own
 * @processes:	in the list
 * @tables:	of those, how many page tables could be read
 * @verified:	of those, how many have the self-map where System has it
 */
struct vigil_findings {
	uint64_t base;
	uint64_t size;
	uint32_t symbols;
	uint64_t btf;
	char offsets[64];
	bool head_by_symbol;
	unsigned int levels;
	bool kva_shadow;
	unsigned int processes;
	unsigned int tables;
	unsigned int verified;
};

struct vigil_isf;

/*
 * profile_find.c: out of the memory of a running guest.  @isf: symbols of a
 * Windows guest, or NULL.  -EINVAL: they don't fit, and nothing else.
 */
int vigil_profile_find(struct vigil_profile *profile,
		       struct vigil_findings *findings,
		       struct vigil_guest *guest, const struct vigil_isf *isf,
		       struct vigil_err *err);

/*
 * profile_json.c: files.  -EINVAL: no profile, or nothing to save one to; the
 * message names the token.
 */
struct json_object *vigil_profile_json(const struct vigil_profile *profile);
int vigil_profile_parse(struct vigil_profile *profile, const char *text,
			size_t len, struct vigil_err *err);
/* A new file takes the place of an old one: of a device it must not. */
int vigil_profile_check_target(const char *path, struct vigil_err *err);
int vigil_profile_save(const struct vigil_profile *profile, const char *path,
		       struct vigil_err *err);
int vigil_profile_load(struct vigil_profile *profile, const char *path,
		       struct vigil_err *err);

/* profile_nl.c: as netlink attributes. */
void vigil_profile_put(const struct vigil_profile *profile,
		       struct nlmsghdr *nlh);
int vigil_profile_get(struct vigil_profile *profile,
		      const struct vigil_attrs *attrs);

/* The names of its fields. */
const struct vigil_names *vigil_profile_names(const struct vigil_profile *profile);
/* Is it an address?  The others are offsets, sizes and flags. */
bool vigil_profile_is_address(const struct vigil_profile *profile,
			      unsigned int field);

#endif /* VIGIL_PROFILE_H */
