// SPDX-License-Identifier: GPL-2.0
/* The guest's memory and page tables, as its VMM sees them. */
#include <err.h>
#include <string.h>

#include "winguest.h"

void *gpa_to_host(struct winguest *g, uint64_t gpa)
{
	return gpa < g->machine.ram_size ? g->machine.ram + gpa : NULL;
}

static unsigned int levels(struct winguest *g)
{
	return g->la57 ? 5 : 4;
}

static unsigned int index_at(uint64_t va, unsigned int level)
{
	return va >> (3 + 9 * level) & 511;
}

/* The entry of @va at @level; tables in between are made if @make says how. */
static uint64_t *entry_of(struct winguest *g, uint64_t top, uint64_t va,
			  unsigned int level, uint64_t make)
{
	unsigned int l = levels(g);
	uint64_t *table = gpa_to_host(g, top), *entry;

	for (;; l--) {
		entry = &table[index_at(va, l)];
		if (l == level || (*entry & PTE_PS && l < 4))
			return entry;
		if (!(*entry & PTE_P)) {
			if (!make)
				return NULL;
			*entry = machine_page(&g->machine, 1) | make;
		}
		table = gpa_to_host(g, *entry & PTE_FRAME);
		if (!table)
			return NULL;
	}
}

void map_page(struct winguest *g, uint64_t top, uint64_t va, uint64_t pte)
{
	*entry_of(g, top, va, 1, PTE_KERNEL | (pte & PTE_US)) = pte;
}

void map_large(struct winguest *g, uint64_t top, uint64_t va, uint64_t pte)
{
	*entry_of(g, top, va, 2, PTE_KERNEL | (pte & PTE_US)) = pte | PTE_PS;
}

/* The address of one byte; kernel addresses are the same in all processes. */
void *kva_to_host(struct winguest *g, uint64_t va)
{
	uint64_t *entry = entry_of(g, g->system_top, va, 1, 0);

	if (!entry || !(*entry & PTE_P))
		return NULL;
	return gpa_to_host(g, (*entry & PTE_FRAME) + (va & (PAGE - 1)));
}

static uint8_t *must_be_there(struct winguest *g, uint64_t va)
{
	uint8_t *p = kva_to_host(g, va);

	if (!p)
		errx(1, "no memory at %#llx", (unsigned long long)va);
	return p;
}

void kva_write(struct winguest *g, uint64_t va, const void *from, size_t size)
{
	const uint8_t *byte = from;

	for (; size; size--)
		*must_be_there(g, va++) = *byte++;
}

/* Aligned, as Windows has them, and seen by the vCPUs as a whole */
void kva_put64(struct winguest *g, uint64_t va, uint64_t value)
{
	__atomic_store_n((uint64_t *)must_be_there(g, va), value, __ATOMIC_RELEASE);
}

uint64_t kva_get64(struct winguest *g, uint64_t va)
{
	return __atomic_load_n((uint64_t *)must_be_there(g, va), __ATOMIC_ACQUIRE);
}

void kva_put32(struct winguest *g, uint64_t va, uint32_t value)
{
	__atomic_store_n((uint32_t *)must_be_there(g, va), value, __ATOMIC_RELEASE);
}

uint32_t kva_get32(struct winguest *g, uint64_t va)
{
	return __atomic_load_n((uint32_t *)must_be_there(g, va), __ATOMIC_ACQUIRE);
}

unsigned int top_slot(struct winguest *g, uint64_t va)
{
	return index_at(va, levels(g));
}

uint64_t slot_base(struct winguest *g, unsigned int slot)
{
	unsigned int shift = 3 + 9 * levels(g);
	uint64_t base = (uint64_t)slot << shift;

	return slot < 256 ? base : base | ~0ull << (shift + 9);
}

/* Where an entry of the top-level table is seen through a self-reference in @slot */
uint64_t self_map_address(struct winguest *g, unsigned int slot, unsigned int entry)
{
	uint64_t va = slot_base(g, slot);
	unsigned int l;

	for (l = levels(g) - 1; l; l--)
		va |= (uint64_t)slot << (3 + 9 * l);
	return va | entry * 8;
}
