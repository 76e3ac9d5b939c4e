// SPDX-License-Identifier: GPL-2.0
/*
 * ntoskrnl.exe in memory: headers, exports, debug directory, version resource, and
 * the variables that are looked for in it.
 */
#include <err.h>
#include <stdio.h>
#include <string.h>

#include "image.h"
#include "winguest.h"

#define NT_HEADERS	0xf8
#define OPTIONAL	(NT_HEADERS + 24)
#define SECTIONS	(OPTIONAL + 0xf0)

#define EXPORTS		0x1000	/* in .rdata */
#define DEBUG_DIRECTORY	0x2000
#define RSDS		0x2100

static const struct section {
	const char *name;
	uint32_t rva, size, flags;
	uint64_t pte;		/* 0: not there any more */
} sections[] = {
	{ ".rdata", 0x1000, 0xf000, 0x48000040, PTE_P | PTE_A | PTE_NX },
	{ ".text", IMAGE_TEXT, 0xf0000, 0x68000020, PTE_P | PTE_A },
	{ "KVASCODE", IMAGE_KVASCODE, IMAGE_KVASCODE_SIZE, 0x68000020, PTE_P | PTE_A },
	{ "PAGE", 0x104000, 0x3c000, 0x60000020, PTE_P | PTE_A },
	{ ".data", IMAGE_DATA, 0x20000, 0xc8000040, PTE_KERNEL | PTE_NX },
	{ "INIT", 0x160000, 0x20000, 0x62000020, 0 },
	{ ".rsrc", IMAGE_RSRC, 0x1000, 0x42000040, PTE_P | PTE_A | PTE_NX },
};

static void put16(uint8_t *base, uint32_t at, uint16_t value)
{
	memcpy(base + at, &value, sizeof(value));
}

static void put32(uint8_t *base, uint32_t at, uint32_t value)
{
	memcpy(base + at, &value, sizeof(value));
}

static void put64(uint8_t *base, uint32_t at, uint64_t value)
{
	memcpy(base + at, &value, sizeof(value));
}

static void put_text(uint8_t *base, uint32_t at, const char *text)
{
	memcpy(base + at, text, strlen(text) + 1);
}

static void put_directory(uint8_t *image, unsigned int index, uint32_t rva, uint32_t size)
{
	put32(image, OPTIONAL + 112 + 8 * index, rva);
	put32(image, OPTIONAL + 116 + 8 * index, size);
}

static void put_headers(struct winguest *g, uint8_t *image)
{
	put16(image, 0, 0x5a4d);		/* MZ */
	put32(image, 0x3c, NT_HEADERS);
	put32(image, NT_HEADERS, 0x4550);	/* PE */
	put16(image, NT_HEADERS + 4, 0x8664);
	put16(image, NT_HEADERS + 6, ARRAY_SIZE(sections));
	put32(image, NT_HEADERS + 8, 0x5c000000 + g->build.version[2]);	/* date */
	put16(image, NT_HEADERS + 20, 0xf0);
	put16(image, NT_HEADERS + 22, 0x22);
	put16(image, OPTIONAL, 0x20b);		/* PE32+ */
	put32(image, OPTIONAL + 16, IMAGE_TEXT);
	put64(image, OPTIONAL + 24, g->image);
	put32(image, OPTIONAL + 32, PAGE);
	put32(image, OPTIONAL + 36, 0x200);
	put16(image, OPTIONAL + 40, g->build.version[0]);
	put16(image, OPTIONAL + 42, g->build.version[1]);
	put16(image, OPTIONAL + 48, g->build.version[0]);
	put16(image, OPTIONAL + 50, g->build.version[1]);
	put32(image, OPTIONAL + 56, IMAGE_SIZE);
	put32(image, OPTIONAL + 60, 0x400);
	put16(image, OPTIONAL + 68, 1);		/* native */
	put32(image, OPTIONAL + 108, 16);
}

static void put_sections(uint8_t *image)
{
	uint32_t at = SECTIONS, i;

	for (i = 0; i < ARRAY_SIZE(sections); i++, at += 40) {
		memcpy(image + at, sections[i].name, strlen(sections[i].name));
		put32(image, at + 8, sections[i].size);
		put32(image, at + 12, sections[i].rva);
		put32(image, at + 16, sections[i].size);
		put32(image, at + 20, sections[i].rva);
		put32(image, at + 36, sections[i].flags);
	}
}

static void put_exports(uint8_t *image)
{
	static const struct {
		const char *name;
		uint32_t rva;
	} exports[] = {
		{ "NtBuildNumber", IMAGE_BUILD_NUMBER },
		{ "PsInitialSystemProcess", IMAGE_SYSTEM_PROCESS },
	};
	uint32_t i, names = EXPORTS + 0x100;

	put32(image, EXPORTS + 12, EXPORTS + 0x80);
	put_text(image, EXPORTS + 0x80, "ntoskrnl.exe");
	put32(image, EXPORTS + 16, 1);		/* first ordinal */
	put32(image, EXPORTS + 20, 2);
	put32(image, EXPORTS + 24, 2);
	put32(image, EXPORTS + 28, EXPORTS + 0x40);
	put32(image, EXPORTS + 32, EXPORTS + 0x50);
	put32(image, EXPORTS + 36, EXPORTS + 0x60);
	for (i = 0; i < 2; i++) {
		put32(image, EXPORTS + 0x40 + 4 * i, exports[i].rva);
		put32(image, EXPORTS + 0x50 + 4 * i, names);
		put16(image, EXPORTS + 0x60 + 2 * i, i);
		put_text(image, names, exports[i].name);
		names += strlen(exports[i].name) + 1;
	}
	put_directory(image, 0, EXPORTS, names - EXPORTS);
}

/* The name of the symbol file: a GUID, an age, and "ntkrnlmp.pdb" */
static void put_debug(struct winguest *g, uint8_t *image)
{
	static const char pdb[] = "ntkrnlmp.pdb";
	unsigned int number = (g->build.version[2] + 1) * (g->build.version[3] + 7);
	uint8_t guid[16];
	unsigned int i;

	for (i = 0; i < 16; i++)
		guid[i] = number * (i + 3) >> (i & 3);
	put32(image, DEBUG_DIRECTORY + 12, 2);	/* CodeView */
	put32(image, DEBUG_DIRECTORY + 16, 24 + sizeof(pdb));
	put32(image, DEBUG_DIRECTORY + 20, RSDS);
	put32(image, DEBUG_DIRECTORY + 24, RSDS);
	put_directory(image, 6, DEBUG_DIRECTORY, 28);
	memcpy(image + RSDS, "RSDS", 4);
	memcpy(image + RSDS + 4, guid, sizeof(guid));
	put32(image, RSDS + 20, 1);		/* age */
	memcpy(image + RSDS + 24, pdb, sizeof(pdb));
	snprintf(g->guid, sizeof(g->guid),
		 "%02X%02X%02X%02X%02X%02X%02X%02X%02X%02X%02X%02X%02X%02X%02X%02X1",
		 guid[3], guid[2], guid[1], guid[0], guid[5], guid[4], guid[7], guid[6],
		 guid[8], guid[9], guid[10], guid[11], guid[12], guid[13], guid[14], guid[15]);
}

/* A directory of resources with one entry */
static void put_resource(uint8_t *image, uint32_t at, uint32_t id, uint32_t to)
{
	put16(image, at + 14, 1);
	put32(image, at + 16, id);
	put32(image, at + 20, to);
}

static void put_version(struct winguest *g, uint8_t *image)
{
	static const char key[] = "VS_VERSION_INFO";
	const uint16_t *v = g->build.version;
	uint32_t info = IMAGE_RSRC + 0x80, fixed = info + 40, i;

	put_resource(image, IMAGE_RSRC, 16, 0x80000018);	/* RT_VERSION */
	put_resource(image, IMAGE_RSRC + 0x18, 1, 0x80000030);
	put_resource(image, IMAGE_RSRC + 0x30, 0x409, 0x48);
	put32(image, IMAGE_RSRC + 0x48, info);
	put32(image, IMAGE_RSRC + 0x4c, 40 + 52);
	put16(image, info, 40 + 52);
	put16(image, info + 2, 52);
	for (i = 0; i < sizeof(key); i++)
		put16(image, info + 6 + 2 * i, key[i]);
	put32(image, fixed, 0xfeef04bd);
	put32(image, fixed + 4, 0x10000);
	for (i = 0; i < 2; i++) {		/* of the file, of the product */
		put32(image, fixed + 8 + 8 * i, v[0] << 16 | v[1]);
		put32(image, fixed + 12 + 8 * i, v[2] << 16 | v[3]);
	}
	put32(image, fixed + 32, 0x40004);	/* Windows NT */
	put32(image, fixed + 36, 1);		/* application */
	put_directory(image, 2, IMAGE_RSRC, 0x80 + 40 + 52);
}

static void map_image(struct winguest *g)
{
	uint32_t rva;
	unsigned int i;

	map_page(g, g->system_top, g->image, g->image_gpa | PTE_P | PTE_A | PTE_NX);
	for (i = 0; i < ARRAY_SIZE(sections); i++)
		for (rva = 0; sections[i].pte && rva < sections[i].size; rva += PAGE)
			map_page(g, g->system_top, g->image + sections[i].rva + rva,
				 (g->image_gpa + sections[i].rva + rva) | sections[i].pte);
}

/* The only part of the image that user tables have with KVA shadow */
static void map_shadow(struct winguest *g)
{
	uint32_t rva;

	for (rva = IMAGE_KVASCODE; rva < IMAGE_KVASCODE + IMAGE_KVASCODE_SIZE; rva += PAGE)
		map_page(g, g->shadow_top, g->image + rva,
			 (g->image_gpa + rva) | PTE_P | PTE_A);
}

/*
 * System's list entry is reached from the head only; a search for the head also
 * finds lists that look like it and are not.
 */
static void put_lists(struct winguest *g)
{
	uint64_t decoy = g->image + IMAGE_DATA + 0x40, object = g->pool + 0x20;

	kva_put64(g, decoy, object);
	kva_put64(g, decoy + 8, object);
	kva_put64(g, object, decoy);
	kva_put64(g, object + 8, decoy);
	g->head = g->image + IMAGE_DATA + 0x100 + next_random(g) % 0x700 * 16;
	kva_put64(g, g->head, g->head);
	kva_put64(g, g->head + 8, g->head);
}

void image_put(struct winguest *g)
{
	uint8_t *image = gpa_to_host(g, g->image_gpa);
	uint32_t rva = g->shadow ? IMAGE_KVASCODE : IMAGE_TEXT + 0x40000;
	size_t size = guest_code_end - guest_code;

	put_headers(g, image);
	put_sections(image);
	put_exports(image);
	put_debug(g, image);
	put_version(g, image);
	if (size > IMAGE_KVASCODE_SIZE)
		errx(1, "the guest's code is too large");
	memcpy(image + rva, guest_code, size);
	g->code = g->image + rva;
	put32(image, IMAGE_BUILD_NUMBER, 0xf0000000 | g->build.version[2]);
	map_image(g);
	if (g->shadow)
		map_shadow(g);
	put_lists(g);
	g->idle_process = g->image + IMAGE_IDLE_PROCESS;
	g->idle_thread = g->image + IMAGE_IDLE_THREAD;
	g->queue = g->image + IMAGE_QUEUE;
}

/* Another GUID, or its own again */
void image_rename(struct winguest *g)
{
	uint64_t guid = g->image + RSDS + 4;

	kva_put64(g, guid, ~kva_get64(g, guid));
}

uint32_t image_size(void)
{
	return IMAGE_SIZE;
}
