// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"

#define NO_DEVICE	"/dev/null"
#define HUGE_PAGE	(2ul << 20)
#define TABLES		0x800000	/* page directories, of 1 GB each */
#define GIGABYTES	8

/* The VMM opens one for each VM; here bench_attach() says which VM has a client. */
const char vm_client_device[] = NO_DEVICE;

void bench_die(const char *file, int line, const char *what)
{
	err(1, "%s:%d: %s", file, line, what);
}

/* Linear is physical for all of it. */
static void put_tables(struct vm *vm)
{
	uint64_t *pdpt = (uint64_t *)(vm->ram + PAGE_TABLES + PAGE), *pd;
	uint64_t i, j;

	for (i = 1; i < GIGABYTES; i++) {
		pd = (uint64_t *)(vm->ram + TABLES + i * PAGE);
		for (j = 0; j < 512; j++)
			pd[j] = i << 30 | j << 21 | 0x83;
		pdpt[i] = (TABLES + i * PAGE) | 3;
	}
}

struct vm *bench_vm(void)
{
	struct vm *vm = vm_new();

	/* What a huge page costs is a question of its own. */
	madvise(vm->ram, RAM_SIZE, MADV_NOHUGEPAGE);
	madvise(vm->ram, RAM_SIZE, MADV_DONTNEED);
	vm_init_ram(vm);
	put_tables(vm);
	vm_put(vm, BENCH_CODE, bench_code, bench_code_end);
	return vm;
}

uint8_t *bench_memory(uint64_t size, bool huge)
{
	uint8_t *p = mmap(NULL, size + HUGE_PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		err(1, "%lu MB", size >> 20);
	p = (uint8_t *)(((uintptr_t)p + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1));
	madvise(p, size, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	for (uint64_t i = 0; i < size; i += PAGE)
		p[i] = 0;
	return p;
}

uint64_t bench_run(struct vm *vm, uint64_t rip, struct args args)
{
	uint64_t start = __rdtsc();

	if (vm_run(vm, rip, &args) != RAN_DONE)
		errx(1, "the guest does not come to its end");
	return __rdtsc() - start;
}

int bench_attach(struct vm *vm)
{
	struct ket_attach attach = { .vm_fd = vm->fd, .rules = KET_QUIET };
	int client = open(KET_DEVICE, O_RDWR | O_CLOEXEC);

	if (client < 0)
		err(1, KET_DEVICE);
	xioctl(client, KET_ATTACH, &attach, "KET_ATTACH");
	return client;
}

void bench_detach(int client)
{
	xioctl(client, KET_DETACH, NULL, "KET_DETACH");
	close(client);
}

static int locks(void)
{
	static int fd = -1;

	if (fd < 0)
		fd = open(KB_DEVICE, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		err(1, KB_DEVICE);
	return fd;
}

void bench_holds_begin(struct vm *vm)
{
	xioctl(locks(), KB_WATCH, (void *)(long)vm->fd, "KB_WATCH");
}

struct kb_holds bench_holds_end(void)
{
	struct kb_holds holds;

	xioctl(locks(), KB_HOLDS, &holds, "KB_HOLDS");
	xioctl(locks(), KB_WATCH, (void *)-1l, "KB_WATCH");
	return holds;
}

void bench_figure(const char *where, uint64_t value, const char *what, ...)
{
	va_list args;

	va_start(args, what);
	printf("# figure %s ", where);
	vprintf(what, args);
	printf(" %lu\n", value);
	va_end(args);
	fflush(stdout);
}
