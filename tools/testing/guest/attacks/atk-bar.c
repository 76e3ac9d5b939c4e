// SPDX-License-Identifier: GPL-2.0
/*
 * Code in the memory of a PCI device: guest-physical memory without a struct page.
 * The device is QEMU's ivshmem, whose memory is the host's. sysfs allows no code in
 * its files, but root can have a /dev/mem on any file system.
 */
#include "inject.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define IVSHMEM	"PCI_ID=1AF4:1110"
#define MEM	"/var/cache/mem"

static int is_ivshmem(const char *device)
{
	char path[256], line[64];
	FILE *uevent;
	int found = 0;

	snprintf(path, sizeof(path), "%s/uevent", device);
	uevent = fopen(path, "r");
	while (uevent && fgets(line, sizeof(line), uevent))
		found |= !strncmp(line, IVSHMEM, strlen(IVSHMEM));
	if (uevent)
		fclose(uevent);
	return found;
}

/* The third is its memory. */
static unsigned long find_bar(const char *device)
{
	unsigned long start = 0;
	char path[256];
	FILE *resources;

	snprintf(path, sizeof(path), "%s/resource", device);
	resources = fopen(path, "r");
	if (!resources || fscanf(resources, "%*x %*x %*x %*x %*x %*x %lx",
				 &start) != 1)
		give_up(path);
	return start;
}

int main(void)
{
	unsigned long bar = 0;
	glob_t devices;
	char *at;
	int fd;

	if (mknod(MEM, S_IFCHR | 0600, makedev(1, 1)) && errno != EEXIST)
		give_up("mknod");
	fd = open(MEM, O_RDWR);
	if (fd < 0 || glob("/sys/bus/pci/devices/*", 0, NULL, &devices))
		give_up(MEM);
	for (size_t i = 0; i < devices.gl_pathc; i++)
		if (is_ivshmem(devices.gl_pathv[i]))
			bar = find_bar(devices.gl_pathv[i]);
	if (!bar)
		give_up("no ivshmem");
	at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_SHARED,
		  fd, bar);
	if (at == MAP_FAILED)
		give_up("mmap");
	plant(at, &say_injected);
	return strike("bar", at);
}
