// SPDX-License-Identifier: GPL-2.0
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_guest.h"
#include "image.h"
#include "kallsyms.h"

#define LINKED_PHYS	0x1000000UL
#define LINKED_VIRT	0xffffffff81000000UL
/* Anything but where it was linked, and on a 2 MiB boundary. */
#define LOADED_PHYS	0x1600000UL
#define LARGE		(1UL << 21)
#define KERNEL_MAX	(96UL << 20)

#define PTE		0x63ULL		/* present, writable, accessed, dirty */
#define PTE_LARGE	0x80ULL
#define ADDRESS		0x000ffffffffff000ULL

static ssize_t fake_read(struct vigil_guest *guest, uint64_t gpa, void *buf,
			 size_t len)
{
	struct fake_guest *fake = (struct fake_guest *)guest;

	if (gpa >= fake->size)
		return -EFAULT;
	if (len > fake->size - gpa)
		len = fake->size - gpa;
	memcpy(buf, fake->memory + gpa, len);
	return len;
}

/* Guest-physical address of @addr and how many bytes follow it in its page. */
static int walk(struct vigil_guest *guest, const struct vigil_virt *virt,
		uint64_t addr, uint64_t *gpa, size_t *room)
{
	uint64_t table = virt->root & ADDRESS, entry, mask;
	unsigned int level;

	for (level = virt->levels; level; level--) {
		table += (addr >> (3 + 9 * level) & 511) * sizeof(entry);
		if (vigil_guest_read(guest, table, &entry, sizeof(entry)))
			return -EFAULT;
		if (!(entry & 1))
			return -EFAULT;
		table = entry & ADDRESS;
		if (level == 1 || entry & PTE_LARGE)
			break;
	}
	mask = (1ULL << (3 + 9 * level)) - 1;
	*gpa = (table & ~mask) + (addr & mask);
	*room = mask + 1 - (addr & mask);
	return 0;
}

int fake_guest_virt(struct vigil_guest *guest, struct vigil_virt *virt)
{
	char *buf = (char *)(uintptr_t)virt->buf;
	uint32_t done = 0;
	uint64_t gpa;
	size_t room;

	while (done < virt->len) {
		if (walk(guest, virt, virt->addr + done, &gpa, &room))
			break;
		if (room > virt->len - done)
			room = virt->len - done;
		if (vigil_guest_read(guest, gpa, buf + done, room))
			break;
		done += room;
	}
	virt->len = done;
	return done ? 0 : -EFAULT;
}

static int fake_regs(struct vigil_guest *guest, struct vigil_regs *regs)
{
	struct fake_guest *fake = (struct fake_guest *)guest;
	uint32_t vcpu = regs->vcpu;

	if (vcpu >= fake->vcpus)
		return -ENOENT;
	*regs = fake->regs;
	regs->vcpu = vcpu;
	return 0;
}

static const struct vigil_guest_ops fake_ops = {
	.read = fake_read,
	.virt = fake_guest_virt,
	.regs = fake_regs,
};

static uint8_t *read_file(const char *path, size_t *size)
{
	FILE *file = fopen(path, "re");
	uint8_t *data;

	if (!file)
		return NULL;
	fseek(file, 0, SEEK_END);
	*size = ftell(file);
	rewind(file);
	data = malloc(*size);
	if (fread(data, 1, *size, file) != *size) {
		free(data);
		data = NULL;
	}
	fclose(file);
	return data;
}

static bool load_segments(struct fake_guest *fake, const uint8_t *file,
			  size_t size)
{
	const Elf64_Ehdr *ehdr = (const void *)file;
	const Elf64_Phdr *phdr = (const void *)(file + ehdr->e_phoff);
	uint64_t end;
	unsigned int i;

	for (i = 0; i < ehdr->e_phnum; i++) {
		if (phdr[i].p_type != PT_LOAD)
			continue;
		end = phdr[i].p_paddr - LINKED_PHYS + phdr[i].p_memsz;
		if (end > KERNEL_MAX ||
		    phdr[i].p_offset + phdr[i].p_filesz > size)
			return false;
		memcpy(fake->memory + fake->image + phdr[i].p_paddr -
		       LINKED_PHYS, file + phdr[i].p_offset, phdr[i].p_filesz);
		if (end > fake->image_size)
			fake->image_size = end;
	}
	fake->image_size = (fake->image_size + LARGE - 1) & ~(LARGE - 1);
	return true;
}

/* Apply relocations down to the 0 in front of them: 64, or 32 bits wide. */
static const int32_t *relocate(struct fake_guest *fake, const int32_t *reloc,
			       int64_t delta, size_t width)
{
	uint64_t value, addr;
	uint8_t *place;

	for (; *reloc; reloc--) {
		addr = (int64_t)*reloc - LINKED_VIRT;
		if (addr > fake->image_size - width)
			continue;
		place = fake->memory + fake->image + addr;
		value = 0;
		memcpy(&value, place, width);
		value += delta;
		memcpy(place, &value, width);
	}
	return reloc - 1;
}

/* As handle_relocations() of arch/x86/boot/compressed/misc.c. */
static void relocate_all(struct fake_guest *fake, const uint8_t *file,
			 size_t size, uint64_t slide)
{
	const int32_t *reloc = (const void *)(file + size - sizeof(*reloc));

	reloc = relocate(fake, reloc, slide, 4);
	reloc = relocate(fake, reloc, -slide, 4);
	relocate(fake, reloc, slide, 8);
}

static void put_entry(struct fake_guest *fake, uint64_t table,
		      unsigned int index, uint64_t entry)
{
	memcpy(fake->memory + table + index * sizeof(entry), &entry,
	       sizeof(entry));
}

/* Tables in the pages from FAKE_ROOT on, one of each level. */
static void map_image(struct fake_guest *fake, unsigned int levels)
{
	uint64_t table = FAKE_ROOT, off;
	unsigned int level;

	for (level = levels; level > 2; level--, table += 4096)
		put_entry(fake, table, level == 3 ? 510 : 511,
			  (table + 4096) | PTE);
	for (off = 0; off < fake->image_size; off += LARGE)
		put_entry(fake, table, (fake->virt + off) >> 21 & 511,
			  (fake->image + off) | PTE | PTE_LARGE);
}

bool fake_guest_load(struct fake_guest *fake, const char *path, uint64_t slide,
		     unsigned int levels)
{
	size_t size;
	uint8_t *file = read_file(path, &size);
	bool ok;

	memset(fake, 0, sizeof(*fake));
	if (!file)
		return false;
	fake->guest.ops = &fake_ops;
	fake->image = LOADED_PHYS;
	fake->virt = LINKED_VIRT + slide;
	fake->size = LOADED_PHYS + KERNEL_MAX;
	fake->memory = calloc(1, fake->size);
	ok = load_segments(fake, file, size);
	if (ok) {
		if (slide)
			relocate_all(fake, file, size, slide);
		map_image(fake, levels);
	}
	free(file);
	fake->vcpus = 1;
	fake->regs.cr0 = 1UL << 31;
	fake->regs.cr3 = FAKE_ROOT;
	fake->regs.cr4 = levels == 5 ? 1UL << 12 : 0;
	fake->regs.efer = 1UL << 10;
	fake->regs.lstar = fake->virt + LARGE;
	return ok;
}

void fake_guest_free(struct fake_guest *fake)
{
	free(fake->memory);
}

void fake_guest_poke(struct fake_guest *fake, uint64_t addr, const void *data,
		     size_t len)
{
	memcpy(fake->memory + fake->image + (addr - fake->virt), data, len);
}

uint64_t fake_guest_own_root(struct fake_guest *fake)
{
	struct vigil_symbol symbol = { .name = "init_top_pgt" };
	struct vigil_space space = { &fake->guest, FAKE_ROOT,
				     fake->regs.cr4 ? 5 : 4 };
	struct vigil_kallsyms ks;
	struct vigil_image image;
	struct vigil_err err;

	if (vigil_image_load(&image, &space, fake->regs.lstar, &err))
		return 0;
	if (!vigil_kallsyms_find(&ks, &image, &err))
		vigil_kallsyms_lookup(&ks, &symbol, 1);
	vigil_image_free(&image);
	if (symbol.found != 1)
		return 0;
	fake_guest_poke(fake, symbol.value, fake->memory + FAKE_ROOT, 4096);
	return fake->image + (symbol.value - fake->virt);
}
