// SPDX-License-Identifier: GPL-2.0
/*
 * ben-reflink FILE COPY: a copy that shares all of the file's blocks. ben-reflink
 * FILE: does it share blocks, and are its pages the device's own (DAX)?
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/stat.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int copy(const char *from, const char *to)
{
	int file = open(from, O_RDONLY);
	int other = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0755);

	if (file < 0 || other < 0 || ioctl(other, FICLONE, file)) {
		perror(to);
		return 1;
	}
	/* blocks that are only reserved can't be shared */
	return fsync(other);
}

static int tell(const char *name)
{
	struct {
		struct fiemap map;
		struct fiemap_extent extent;
	} blocks = { .map = {
		.fm_length = FIEMAP_MAX_OFFSET, .fm_flags = FIEMAP_FLAG_SYNC,
		.fm_extent_count = 1,
	} };
	int file = open(name, O_RDONLY);
	struct statx state;

	if (file < 0 || ioctl(file, FS_IOC_FIEMAP, &blocks) ||
	    syscall(SYS_statx, file, "", AT_EMPTY_PATH, STATX_BASIC_STATS,
		    &state)) {
		perror(name);
		return 1;
	}
	printf("reflink: %s blocks, %s\n",
	       blocks.extent.fe_flags & FIEMAP_EXTENT_SHARED ? "shared" : "own",
	       state.stx_attributes & STATX_ATTR_DAX ? "DAX" : "no DAX");
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3)
		return copy(argv[1], argv[2]);
	return argc == 2 ? tell(argv[1]) : 1;
}
