/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel image in a guest's memory, found by the guest's page tables. */
#ifndef VIGIL_IMAGE_H
#define VIGIL_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "guest.h"

#define VIGIL_IMAGE_MAX		(128U << 20)

/**
 * struct vigil_image - a copy of the kernel image
 * @start:	guest-virtual address of the first byte
 * @size:	bytes, whole pages
 * @data:	the bytes; pages that aren't there are zero
 * @frame:	guest-physical address by page, VIGIL_NO_FRAME: not there
 */
struct vigil_image {
	uint64_t start;
	size_t size;
	uint8_t *data;
	uint64_t *frame;
};

#define VIGIL_NO_FRAME	(~0ULL)

/* Can a Linux kernel image have code at @entry? */
bool vigil_image_may_have(uint64_t entry);

/* The image that @entry, an address of its code, belongs to. */
int vigil_image_load(struct vigil_image *image, const struct vigil_space *space,
		     uint64_t entry, struct vigil_err *err);
void vigil_image_free(struct vigil_image *image);

/* @len bytes at a guest-virtual address, or NULL: not in the image. */
const void *vigil_image_at(const struct vigil_image *image, uint64_t addr,
			   size_t len);
/* Guest-physical address of one, or VIGIL_NO_FRAME. */
uint64_t vigil_image_frame(const struct vigil_image *image, uint64_t addr);

#endif /* VIGIL_IMAGE_H */
