/* SPDX-License-Identifier: GPL-2.0 */
/* Symbol files in Volatility 3's intermediate format, JSON or JSON in xz. */
#ifndef VIGIL_ISF_H
#define VIGIL_ISF_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

/* Microsoft's kernels have 10 to 20 MiB of it. */
#define VIGIL_ISF_MAX	(64U << 20)

struct vigil_isf;

/*
 * NULL: @err says why, EINVAL: it is no such file.  What is in it is checked
 * when it is asked for.
 */
struct vigil_isf *vigil_isf_load(const char *path, struct vigil_err *err);
struct vigil_isf *vigil_isf_parse(const void *data, size_t len,
				  struct vigil_err *err);
void vigil_isf_close(struct vigil_isf *isf);

/* Is it of the build whose symbol file has this id?  -EINVAL: no. */
int vigil_isf_check(const struct vigil_isf *isf, const char *pdb_id,
		    struct vigil_err *err);

/* -ENOENT: there is none; -EINVAL: it is, but it makes no sense. */
int vigil_isf_symbol(const struct vigil_isf *isf, const char *name,
		     uint64_t max, uint64_t *address, struct vigil_err *err);
int vigil_isf_offset(const struct vigil_isf *isf, const char *type,
		     const char *field, uint64_t max, uint64_t *offset,
		     struct vigil_err *err);
/* A bit-field of one bit: the offset of its word, and the bit. */
int vigil_isf_bit(const struct vigil_isf *isf, const char *type,
		  const char *field, uint64_t max, uint64_t *offset,
		  uint64_t *bit, struct vigil_err *err);

#endif /* VIGIL_ISF_H */
