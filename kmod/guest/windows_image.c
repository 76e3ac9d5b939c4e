// SPDX-License-Identifier: GPL-2.0
/*
 * Images in a Windows guest's kernel: the headers of a PE file, as the loader
 * has mapped it.
 */

#include <linux/errno.h>
#include <linux/export.h>
#include <linux/pe.h>
#include <linux/sizes.h>
#include <linux/sprintf.h>
#include <kunit/visibility.h>

#include "guest/windows_read.h"

#define DEBUG_CODEVIEW	2
#define DEBUG_ENTRIES	16
#define RSDS		0x53445352

struct headers {
	struct pe_hdr pe;
	struct pe32plus_opt_hdr opt;
	struct data_directory dir;
};

/* One entry of the debug directory. */
struct debug_entry {
	u32 characteristics;
	u32 time;
	u32 version;
	u32 type;
	u32 size;
	u32 rva;
	u32 offset;
};

/* What a CodeView entry leads to. */
struct codeview {
	u32 signature;
	u32 guid1;
	u16 guid2;
	u16 guid3;
	__be64 guid4;
	u32 age;
} __packed;

static int image_read_headers(struct vigil_windows *win, u64 base,
			      struct headers *h)
{
	struct mz_hdr mz;

	if (vigil_windows_read(win, base, &mz, sizeof(mz)))
		return -EFAULT;
	if (mz.magic != MZ_MAGIC || mz.peaddr > SZ_4K - sizeof(*h))
		return -EUCLEAN;
	if (vigil_windows_read(win, base + mz.peaddr, h, sizeof(*h)))
		return -EFAULT;
	if (h->pe.magic != PE_MAGIC ||
	    h->pe.machine != IMAGE_FILE_MACHINE_AMD64 ||
	    h->opt.magic != PE_OPT_MAGIC_PE32PLUS)
		return -EUCLEAN;
	return 0;
}

static bool image_is_inside(u32 rva, u32 len, u32 size)
{
	return rva < size && len <= size - rva;
}

static int image_read_codeview(struct vigil_windows *win, u64 base,
			       struct vigil_win_image *image, u32 rva)
{
	struct codeview cv;

	if (!image_is_inside(rva, sizeof(cv), image->size))
		return -EUCLEAN;
	if (vigil_windows_read(win, base + rva, &cv, sizeof(cv)))
		return -EFAULT;
	if (cv.signature != RSDS)
		return -EUCLEAN;
	snprintf(image->pdb_id, sizeof(image->pdb_id), "%08X%04X%04X%016llX%X",
		 cv.guid1, cv.guid2, cv.guid3, be64_to_cpu(cv.guid4), cv.age);
	return 0;
}

/**
 * vigil_windows_read_image - Read what the headers of an image say
 * @win: The guest.
 * @base: Where the image is.
 * @image: Result, undefined after an error.
 *
 * Return: 0; -ENOENT if it doesn't tell its symbols; or an error.
 */
int vigil_windows_read_image(struct vigil_windows *win, u64 base,
			     struct vigil_win_image *image)
{
	struct debug_entry entry;
	struct headers h;
	u32 rva, size;
	int err;

	err = image_read_headers(win, base, &h);
	if (err)
		return err;
	image->size = h.opt.image_size;
	rva = h.dir.debug.virtual_address;
	size = h.dir.debug.size;
	if (!image_is_inside(rva, size, image->size))
		return -EUCLEAN;
	for (u32 i = 0; i < DEBUG_ENTRIES && size >= sizeof(entry); i++) {
		if (vigil_windows_read(win, base + rva, &entry, sizeof(entry)))
			return -EFAULT;
		if (entry.type == DEBUG_CODEVIEW)
			return image_read_codeview(win, base, image, entry.rva);
		rva += sizeof(entry);
		size -= sizeof(entry);
	}
	return -ENOENT;
}

/**
 * vigil_windows_module_at - Which image has the code at an address?
 * @win: The guest.
 * @rip: The address.
 *
 * Return: its name, or NULL: none that is known.
 */
const char *vigil_windows_module_at(const struct vigil_windows *win, u64 rip)
{
	u64 offset = rip - vigil_windows_field(win,
					       VIGIL_WINDOWS_FIELD_KERNEL_BASE);

	return offset < vigil_windows_field(win, VIGIL_WINDOWS_FIELD_KERNEL_SIZE) ?
	       "ntoskrnl.exe" : NULL;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_windows_module_at);
