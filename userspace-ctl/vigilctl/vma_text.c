// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>

#include "vma_text.h"

/* vm_flags that all kernels have in the same place. */
#define VM_READ		0x1
#define VM_WRITE	0x2
#define VM_EXEC		0x4
#define VM_SHARED	0x8
#define VM_GROWSDOWN	0x100

void vma_range(const struct vigil_attrs *vma, char *buf, size_t size)
{
	snprintf(buf, size, "%llx-%llx",
		 (unsigned long long)vigil_attrs_uint(vma, VIGIL_A_VMA_START, 0),
		 (unsigned long long)vigil_attrs_uint(vma, VIGIL_A_VMA_END, 0));
}

void vma_permissions(const struct vigil_attrs *vma, char *buf, size_t size)
{
	uint64_t flags = vigil_attrs_uint(vma, VIGIL_A_VMA_FLAGS, 0);

	snprintf(buf, size, "%c%c%c%c%s", flags & VM_READ ? 'r' : '-',
		 flags & VM_WRITE ? 'w' : '-', flags & VM_EXEC ? 'x' : '-',
		 flags & VM_SHARED ? 's' : 'p',
		 flags & VM_GROWSDOWN ? "g" : "");
}

void vma_words(const struct vigil_attrs *vma, uint64_t page, char *buf,
	       size_t size)
{
	static const char *const words[] = {
		[VIGIL_VMA_KIND_FILE] = "a private copy of a page of the file",
		[VIGIL_VMA_KIND_ANON] = "anonymous memory",
		[VIGIL_VMA_KIND_HEAP] = "the heap",
		[VIGIL_VMA_KIND_STACK] = "the stack",
		[VIGIL_VMA_KIND_SHMEM] = "shared memory (memfd, /dev/shm)",
		[VIGIL_VMA_KIND_HUGETLB] = "huge pages",
		[VIGIL_VMA_KIND_DELETED] = "a deleted file",
		[VIGIL_VMA_KIND_SPECIAL] = "a special mapping of the kernel",
		[VIGIL_VMA_KIND_UNKNOWN] = "a mapping of unknown kind",
	};
	uint64_t kind = vigil_attrs_uint(vma, VIGIL_A_VMA_KIND,
					 VIGIL_VMA_KIND_UNKNOWN);
	const char *path = vigil_attrs_text(vma, VIGIL_A_VMA_PATH, NULL);
	char newer[64];
	const char *what;

	if (kind == VIGIL_VMA_KIND_FILE && page != VIGIL_PAGE_KIND_ANON) {
		what = "a mapping of the file";
	} else if (kind > VIGIL_VMA_KIND_UNKNOWN) {
		snprintf(newer, sizeof(newer), "a mapping of the kind %s",
			 vigil_attrs_name(vma, VIGIL_A_VMA_KIND));
		what = newer;
	} else {
		what = words[kind];
	}
	snprintf(buf, size, "%s%s%s", what, path ? " " : "", path ? path : "");
}
