/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What each field of a profile may be: one table for each system that a guest
 * can run.
 */
#ifndef _VIGIL_PROFILE_ROWS_H
#define _VIGIL_PROFILE_ROWS_H

#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/types.h>

#include "guest/profile.h"

/* Kernel half of the address space, with 5 levels. */
#define VIGIL_KERNEL_MIN	0xff00000000000000ULL
/* The last page holds error pointers. */
#define VIGIL_KERNEL_MAX	0xffffffffffffefffULL
#define VIGIL_PHYS_MAX		(BIT_ULL(52) - 1)
/* Larger than any of the structures, with every debug option. */
#define VIGIL_OFFSET_MAX	SZ_16K

/**
 * struct vigil_field - What a field may be
 */
struct vigil_field {
	/** @name: As in the header of the ABI. */
	const char *name;
	u64 min;
	u64 max;
	u16 align;
	/** @pointer: May be an address of the kernel instead. */
	bool pointer;
	bool optional;
};

/**
 * struct vigil_fields - The fields of one system
 */
struct vigil_fields {
	const struct vigil_field *field;
	u32 count;
	/**
	 * @check: Check what no single field can show.  Return what is wrong with
	 * @field, or NULL.
	 */
	const char *(*check)(const u64 *value, u32 *field);
};

extern const struct vigil_fields vigil_linux_fields;
extern const struct vigil_fields vigil_windows_fields;

/*
 * One row, of the field that is next in the ABI: with as many rows as fields
 * that proves that none is missing.  @_first is a __COUNTER__ just before the
 * table.
 */
#define VIGIL_ROW(_first, _enum, _name, _min, _max, _align, ...)	\
	[_enum##_name] = {						\
		.name = #_name,						\
		.min = (_min),						\
		.max = (_max),						\
		.align = (_align) +					\
			 BUILD_BUG_ON_ZERO(__COUNTER__ - (_first) !=	\
					   _enum##_name),		\
		__VA_ARGS__						\
	}

#endif /* _VIGIL_PROFILE_ROWS_H */
