/* SPDX-License-Identifier: GPL-2.0 */
/* The guest kernel's own description of its types (CONFIG_DEBUG_INFO_BTF). */
#ifndef VIGIL_KBTF_H
#define VIGIL_KBTF_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

#define VIGIL_BTF_MAX	(32U << 20)

struct btf;

/* NULL: not BTF. */
struct btf *vigil_btf_open(const void *data, size_t size,
			   struct vigil_err *err);
void vigil_btf_close(struct btf *btf);

/*
 * Offset in bytes of a member, "d_name.len"; members of anonymous structs and
 * unions are found by their own name.  Bitfields have none: -EINVAL.
 */
int vigil_btf_offset(const struct btf *btf, const char *type, const char *path,
		     uint64_t *offset, struct vigil_err *err);
int vigil_btf_size(const struct btf *btf, const char *type, uint64_t *size,
		   struct vigil_err *err);

#endif /* VIGIL_KBTF_H */
