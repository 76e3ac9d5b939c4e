// SPDX-License-Identifier: GPL-2.0
/*
 * Reads the clock in the vDSO, ben-vdso ROUNDS times, by the address that the
 * kernel gives: whatever libc would do, this is not a system call.
 */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <time.h>

typedef int (*clock_fn)(clockid_t id, struct timespec *now);

static const Elf64_Dyn *dynamic_of(const char *base, long *bias)
{
	const Elf64_Ehdr *elf = (const void *)base;
	const Elf64_Phdr *ph = (const void *)(base + elf->e_phoff);
	const Elf64_Dyn *dynamic = NULL;

	for (int i = 0; i < elf->e_phnum; i++) {
		if (ph[i].p_type == PT_LOAD && !ph[i].p_offset)
			*bias = (long)base - (long)ph[i].p_vaddr;
		if (ph[i].p_type == PT_DYNAMIC)
			dynamic = (const void *)(base + ph[i].p_offset);
	}
	return dynamic;
}

static clock_fn find(const char *base, const char *name)
{
	const Elf64_Sym *symbols = NULL;
	const char *strings = NULL;
	const Elf32_Word *hash = NULL;
	long bias = 0;

	for (const Elf64_Dyn *d = dynamic_of(base, &bias); d->d_tag; d++) {
		const void *at = (const void *)(d->d_un.d_ptr + bias);

		if (d->d_tag == DT_SYMTAB)
			symbols = at;
		else if (d->d_tag == DT_STRTAB)
			strings = at;
		else if (d->d_tag == DT_HASH)
			hash = at;
	}
	for (Elf32_Word i = 0; symbols && strings && hash && i < hash[1]; i++)
		if (!strcmp(strings + symbols[i].st_name, name))
			return (clock_fn)(symbols[i].st_value + bias);
	return NULL;
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 10000;
	const char *vdso = (const char *)getauxval(AT_SYSINFO_EHDR);
	clock_fn clock = vdso ? find(vdso, "__vdso_clock_gettime") : NULL;
	struct timespec last = { 0 }, now;

	if (!clock) {
		puts("no vDSO");
		return 1;
	}
	for (int i = 0; i < rounds; i++) {
		if (clock(CLOCK_MONOTONIC, &now))
			return 1;
		if (now.tv_sec < last.tv_sec || (now.tv_sec == last.tv_sec &&
						 now.tv_nsec < last.tv_nsec))
			return 1;
		last = now;
	}
	printf("vdso: %d calls\n", rounds);
	return 0;
}
