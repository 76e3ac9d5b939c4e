// SPDX-License-Identifier: GPL-2.0
/*
 * Linux maps its image into one gigabyte at the top of the address space,
 * at a random place of it, and nothing else.  With page-table isolation or
 * after init sections were freed the image has holes.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "image.h"

#define KERNEL_MAP	0xffffffff80000000ULL
#define KERNEL_MAP_SIZE	(1UL << 30)

#define PAGE		4096UL
#define ENTRIES		512
#define PAGES		(KERNEL_MAP_SIZE / PAGE)
/* Init sections of a few MiB may be gone between text and data. */
#define HOLE_MAX	((16UL << 20) / PAGE)

#define PTE_PRESENT	0x1ULL
#define PTE_LARGE	0x80ULL
#define PTE_ADDRESS	0x000ffffffffff000ULL

static unsigned int table_index(uint64_t addr, unsigned int level)
{
	return addr >> (12 + 9 * (level - 1)) & (ENTRIES - 1);
}

/* Guest-physical address of the table that maps KERNEL_MAP by 2 MiB entries. */
static int find_table(const struct vigil_space *space, uint64_t *table,
		      struct vigil_err *err)
{
	unsigned int level;
	uint64_t entry;

	*table = space->root & PTE_ADDRESS;
	for (level = space->levels; level > 2; level--) {
		*table += table_index(KERNEL_MAP, level) * sizeof(entry);
		if (vigil_guest_read(space->guest, *table, &entry,
				     sizeof(entry)))
			return vigil_fail(err, EFAULT,
					  "the guest's page table at 0x%llx is not in its memory",
					  (unsigned long long)*table);
		if (!(entry & PTE_PRESENT) || entry & PTE_LARGE)
			return vigil_fail(err, ENOENT,
					  "no kernel image is mapped where Linux has it");
		*table = entry & PTE_ADDRESS;
	}
	return 0;
}

static void map_large(uint64_t *frame, uint64_t entry)
{
	uint64_t base = entry & PTE_ADDRESS & ~(ENTRIES * PAGE - 1);
	unsigned int i;

	for (i = 0; i < ENTRIES; i++)
		frame[i] = base + i * PAGE;
}

static void map_small(struct vigil_guest *guest, uint64_t *frame,
		      uint64_t entry)
{
	uint64_t table[ENTRIES];
	unsigned int i;

	if (vigil_guest_read(guest, entry & PTE_ADDRESS, table, sizeof(table)))
		return;
	for (i = 0; i < ENTRIES; i++) {
		if (table[i] & PTE_PRESENT)
			frame[i] = table[i] & PTE_ADDRESS;
	}
}

/* Fill @frame for all of KERNEL_MAP. */
static int map_region(const struct vigil_space *space, uint64_t *frame,
		      struct vigil_err *err)
{
	uint64_t entry[ENTRIES], table;
	unsigned int i;
	int ret;

	ret = find_table(space, &table, err);
	if (ret)
		return ret;
	if (vigil_guest_read(space->guest, table, entry, sizeof(entry)))
		return vigil_fail(err, EFAULT,
				  "the guest's page table at 0x%llx is not in its memory",
				  (unsigned long long)table);
	memset(frame, 0xff, PAGES * sizeof(*frame));
	for (i = 0; i < ENTRIES; i++) {
		if (!(entry[i] & PTE_PRESENT))
			continue;
		if (entry[i] & PTE_LARGE)
			map_large(frame + i * ENTRIES, entry[i]);
		else
			map_small(space->guest, frame + i * ENTRIES, entry[i]);
	}
	return 0;
}

/* The mapped pages around @page, small holes included: [*first, *last]. */
static int find_range(const uint64_t *frame, size_t page, size_t *first,
		      size_t *last)
{
	size_t i;

	if (frame[page] == VIGIL_NO_FRAME)
		return -ENOENT;
	*first = page;
	*last = page;
	for (i = page; i > 0 && *first - i < HOLE_MAX; i--) {
		if (frame[i - 1] != VIGIL_NO_FRAME)
			*first = i - 1;
	}
	for (i = page + 1; i < PAGES && i - *last < HOLE_MAX; i++) {
		if (frame[i] != VIGIL_NO_FRAME)
			*last = i;
	}
	return (*last - *first + 1) * PAGE > VIGIL_IMAGE_MAX ? -E2BIG : 0;
}

/* Physically adjacent pages are read at once: most of the image is. */
static void copy_pages(struct vigil_image *image, struct vigil_guest *guest)
{
	size_t pages = image->size / PAGE, i, run;

	for (i = 0; i < pages; i += run) {
		run = 1;
		if (image->frame[i] == VIGIL_NO_FRAME)
			continue;
		while (i + run < pages && run < ENTRIES &&
		       image->frame[i + run] == image->frame[i] + run * PAGE)
			run++;
		if (vigil_guest_read(guest, image->frame[i],
				     image->data + i * PAGE, run * PAGE))
			memset(image->data + i * PAGE, 0, run * PAGE);
	}
}

static int copy_image(struct vigil_image *image, struct vigil_guest *guest,
		      const uint64_t *frame, size_t first, size_t last,
		      struct vigil_err *err)
{
	size_t pages = last - first + 1;

	image->start = KERNEL_MAP + first * PAGE;
	image->size = pages * PAGE;
	image->data = calloc(pages, PAGE);
	image->frame = calloc(pages, sizeof(*frame));
	if (!image->data || !image->frame) {
		vigil_image_free(image);
		return vigil_fail_errno(err, ENOMEM, "kernel image");
	}
	memcpy(image->frame, frame + first, pages * sizeof(*frame));
	copy_pages(image, guest);
	return 0;
}

static int load_mapped(struct vigil_image *image,
		       const struct vigil_space *space, uint64_t entry,
		       uint64_t *frame, struct vigil_err *err)
{
	size_t first, last;
	int ret;

	ret = map_region(space, frame, err);
	if (ret)
		return ret;
	ret = find_range(frame, (entry - KERNEL_MAP) / PAGE, &first, &last);
	if (ret == -ENOENT)
		return vigil_fail(err, ENOENT,
				  "no kernel image is mapped at 0x%llx",
				  (unsigned long long)entry);
	if (ret)
		return vigil_fail(err, E2BIG,
				  "what is mapped around 0x%llx is larger than any kernel image (%u MiB)",
				  (unsigned long long)entry,
				  VIGIL_IMAGE_MAX >> 20);
	return copy_image(image, space->guest, frame, first, last, err);
}

bool vigil_image_may_have(uint64_t entry)
{
	return entry >= KERNEL_MAP && entry - KERNEL_MAP < KERNEL_MAP_SIZE;
}

int vigil_image_load(struct vigil_image *image, const struct vigil_space *space,
		     uint64_t entry, struct vigil_err *err)
{
	uint64_t *frame;
	int ret;

	memset(image, 0, sizeof(*image));
	if (!vigil_image_may_have(entry))
		return vigil_fail(err, ENOENT,
				  "0x%llx is no address of a Linux kernel image",
				  (unsigned long long)entry);
	frame = malloc(PAGES * sizeof(*frame));
	if (!frame)
		return vigil_fail_errno(err, ENOMEM, "kernel image");
	ret = load_mapped(image, space, entry, frame, err);
	free(frame);
	return ret;
}

void vigil_image_free(struct vigil_image *image)
{
	free(image->data);
	free(image->frame);
	memset(image, 0, sizeof(*image));
}

const void *vigil_image_at(const struct vigil_image *image, uint64_t addr,
			   size_t len)
{
	uint64_t off = addr - image->start;

	if (addr < image->start || off > image->size || len > image->size - off)
		return NULL;
	return image->data + off;
}

uint64_t vigil_image_frame(const struct vigil_image *image, uint64_t addr)
{
	uint64_t frame;

	if (!vigil_image_at(image, addr, 1))
		return VIGIL_NO_FRAME;
	frame = image->frame[(addr - image->start) / PAGE];
	return frame == VIGIL_NO_FRAME ? frame : frame + addr % PAGE;
}
