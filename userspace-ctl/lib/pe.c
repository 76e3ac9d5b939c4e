// SPDX-License-Identifier: GPL-2.0
/*
 * PE32+ as the loader has mapped it: MZ, PE, sections, the name of the symbol
 * file (CodeView "RSDS") and the version resource.  All of it is the guest's
 * word; whatever is relative to the image has to be inside it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "pe.h"

#define PAGE		4096ULL

#define MZ		0x5a4d
#define PE		0x00004550
#define MACHINE_AMD64	0x8664
#define PE32PLUS	0x20b
#define LFANEW_MAX	2048
#define DIRECTORIES	16

#define DIR_RESOURCE	2
#define DIR_DEBUG	6

#define DEBUG_CODEVIEW	2
#define DEBUG_ENTRIES	16
#define RSDS		0x53445352

#define RT_VERSION	16
#define RESOURCES_MAX	64
#define RESOURCE_DEEPER	0x80000000U
#define FIXED_SIGNATURE	0xfeef04bd
/* VS_VERSION_INFO is in front of it, its header and its name. */
#define FIXED_WITHIN	64

struct nt_headers {
	uint32_t signature;
	uint16_t machine;
	uint16_t sections;
	uint32_t time, symbols, symbol_count;
	uint16_t optional_size;
	uint16_t characteristics;
	uint16_t magic;
	uint8_t linker[2];
	uint32_t code, data, bss, entry, code_base;
	uint64_t image_base;
	uint32_t section_align, file_align;
	uint16_t version[6];
	uint32_t win32_version, image_size, headers_size, checksum;
	uint16_t subsystem, dll_flags;
	uint64_t stack[2], heap[2];
	uint32_t loader_flags, directories;
	struct { uint32_t rva, size; } directory[DIRECTORIES];
} __attribute__((packed));

struct section_header {
	char name[8];
	uint32_t size, rva, raw_size, raw, relocs, lines;
	uint16_t reloc_count, line_count;
	uint32_t flags;
} __attribute__((packed));

struct codeview {
	uint32_t signature, guid1;
	uint16_t guid2, guid3;
	uint8_t guid4[8];
	uint32_t age;
} __attribute__((packed));

static int read_at(const struct vigil_pe *pe, uint64_t rva, void *buf,
		   size_t len)
{
	if (rva > pe->size || len > pe->size - rva)
		return -EBADMSG;
	return vigil_virt_read(&pe->space, pe->base + rva, buf, len);
}

/* Is there an image at @base that has @entry in it? */
static int read_headers(struct vigil_pe *pe, uint64_t base, uint64_t entry,
			struct nt_headers *nt, uint32_t *lfanew)
{
	uint16_t mz;

	if (vigil_virt_read(&pe->space, base, &mz, sizeof(mz)) || mz != MZ)
		return -ENOENT;
	if (vigil_virt_read(&pe->space, base + 0x3c, lfanew, sizeof(*lfanew)) ||
	    *lfanew > LFANEW_MAX ||
	    vigil_virt_read(&pe->space, base + *lfanew, nt, sizeof(*nt)))
		return -ENOENT;
	if (nt->signature != PE || nt->machine != MACHINE_AMD64 ||
	    nt->magic != PE32PLUS || nt->image_size > VIGIL_PE_MAX ||
	    nt->image_size <= entry - base)
		return -ENOENT;
	return 0;
}

static int read_sections(struct vigil_pe *pe, const struct nt_headers *nt,
			 uint32_t lfanew, struct vigil_err *err)
{
	uint32_t at = lfanew + 24 + nt->optional_size;
	struct section_header header;
	unsigned int i;

	if (!nt->sections || nt->sections > VIGIL_PE_SECTIONS)
		return vigil_fail(err, EBADMSG,
				  "the image at 0x%llx has %u sections",
				  (unsigned long long)pe->base, nt->sections);
	for (i = 0; i < nt->sections; i++, at += sizeof(header)) {
		if (read_at(pe, at, &header, sizeof(header)))
			return vigil_fail(err, EBADMSG,
					  "the sections of the image at 0x%llx can't be read",
					  (unsigned long long)pe->base);
		if (header.rva >= pe->size)
			continue;
		if (header.size > pe->size - header.rva)
			header.size = pe->size - header.rva;
		pe->section[pe->sections++] = (struct vigil_pe_section){
			header.rva, header.size, header.flags
		};
	}
	return 0;
}

static int read_codeview(struct vigil_pe *pe, uint32_t rva, uint32_t size)
{
	struct codeview cv;
	char name[VIGIL_PDB_NAME_MAX + 1] = "";
	uint32_t len;

	if (size < sizeof(cv) || read_at(pe, rva, &cv, sizeof(cv)) ||
	    cv.signature != RSDS)
		return -EBADMSG;
	len = size - sizeof(cv);
	if (len > sizeof(name) - 1)
		len = sizeof(name) - 1;
	if (read_at(pe, rva + sizeof(cv), name, len))
		return -EBADMSG;
	vigil_text_clean(name, strlen(name), pe->pdb, sizeof(pe->pdb));
	snprintf(pe->pdb_id, sizeof(pe->pdb_id),
		 "%08X%04X%04X%02X%02X%02X%02X%02X%02X%02X%02X%X", cv.guid1,
		 cv.guid2, cv.guid3, cv.guid4[0], cv.guid4[1], cv.guid4[2],
		 cv.guid4[3], cv.guid4[4], cv.guid4[5], cv.guid4[6],
		 cv.guid4[7], cv.age);
	return 0;
}

static int read_debug(struct vigil_pe *pe, uint32_t rva, uint32_t size)
{
	struct { uint32_t flags, time, version, type, size, rva, raw; } entry;
	unsigned int i;

	for (i = 0; i < DEBUG_ENTRIES && size >= sizeof(entry); i++) {
		if (read_at(pe, rva, &entry, sizeof(entry)))
			return -EBADMSG;
		if (entry.type == DEBUG_CODEVIEW)
			return read_codeview(pe, entry.rva, entry.size);
		rva += sizeof(entry);
		size -= sizeof(entry);
	}
	return -ENOENT;
}

static int load(struct vigil_pe *pe, const struct nt_headers *nt,
		uint32_t lfanew, struct vigil_err *err)
{
	int ret;

	pe->size = nt->image_size;
	ret = read_sections(pe, nt, lfanew, err);
	if (ret)
		return ret;
	if (nt->directories > DIR_RESOURCE)
		pe->resources = nt->directory[DIR_RESOURCE].rva;
	if (nt->directories <= DIR_DEBUG ||
	    read_debug(pe, nt->directory[DIR_DEBUG].rva,
		       nt->directory[DIR_DEBUG].size))
		return vigil_fail(err, EBADMSG,
				  "the image at 0x%llx does not tell its symbol file (no RSDS record)",
				  (unsigned long long)pe->base);
	return 0;
}

int vigil_pe_find(struct vigil_pe *pe, const struct vigil_space *space,
		  uint64_t entry, struct vigil_err *err)
{
	uint64_t base = entry & ~(PAGE - 1);
	struct nt_headers nt;
	uint32_t lfanew;

	memset(pe, 0, sizeof(*pe));
	pe->space = *space;
	for (; entry - base < VIGIL_PE_MAX; base -= PAGE) {
		if (read_headers(pe, base, entry, &nt, &lfanew))
			continue;
		pe->base = base;
		return load(pe, &nt, lfanew, err);
	}
	return vigil_fail(err, ENOENT,
			  "no image of Windows (MZ, PE) in the %u MiB below 0x%llx",
			  VIGIL_PE_MAX >> 20, (unsigned long long)entry);
}

/* --- version ------------------------------------------------------------------ */

/* The entry with @id, or the first for 0, of the directory at @offset. */
static int find_resource(const struct vigil_pe *pe, uint32_t offset,
			 uint32_t id, uint32_t *to)
{
	struct { uint32_t flags, time, version; uint16_t named, ids; } dir;
	struct { uint32_t id, to; } entry;
	uint64_t at = (uint64_t)pe->resources + offset;
	unsigned int i, count;

	if (read_at(pe, at, &dir, sizeof(dir)))
		return -ENOENT;
	count = dir.named + dir.ids;
	for (i = 0; i < count && i < RESOURCES_MAX; i++) {
		if (read_at(pe, at + sizeof(dir) + i * sizeof(entry), &entry,
			    sizeof(entry)))
			return -ENOENT;
		if (id && entry.id != id)
			continue;
		*to = entry.to;
		return 0;
	}
	return -ENOENT;
}

/* Resources are a tree of three levels: kind, name, language. */
static int find_version(const struct vigil_pe *pe, uint32_t *rva)
{
	uint32_t to, level;

	if (!pe->resources || find_resource(pe, 0, RT_VERSION, &to))
		return -ENOENT;
	for (level = 1; level < 3; level++) {
		if (!(to & RESOURCE_DEEPER) ||
		    find_resource(pe, to & ~RESOURCE_DEEPER, 0, &to))
			return -ENOENT;
	}
	if (to & RESOURCE_DEEPER ||
	    read_at(pe, (uint64_t)pe->resources + to, rva, sizeof(*rva)))
		return -ENOENT;
	return 0;
}

int vigil_pe_version(const struct vigil_pe *pe, uint16_t version[4])
{
	struct { uint32_t signature, structure, high, low; } fixed;
	uint32_t rva, off;

	if (find_version(pe, &rva))
		return -ENOENT;
	for (off = 0; off < FIXED_WITHIN; off += sizeof(uint32_t)) {
		if (read_at(pe, (uint64_t)rva + off, &fixed, sizeof(fixed)))
			return -ENOENT;
		if (fixed.signature != FIXED_SIGNATURE)
			continue;
		version[0] = fixed.high >> 16;
		version[1] = fixed.high;
		version[2] = fixed.low >> 16;
		version[3] = fixed.low;
		return 0;
	}
	return -ENOENT;
}
