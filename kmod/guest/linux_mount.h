/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Dentries and mounts of a Linux guest, for the readers in this directory.
 */
#ifndef _VIGIL_LINUX_MOUNT_H
#define _VIGIL_LINUX_MOUNT_H

#include <linux/types.h>

#include "guest/linux.h"

/**
 * struct vigil_path - A place in the guest's name space
 */
struct vigil_path {
	/** @dentry: Address of the struct dentry. */
	u64 dentry;
	/** @mount: Address of the struct mount. */
	u64 mount;
	/** @root: Address of the dentry that is mounted there. */
	u64 root;
};

int vigil_linux_path(struct vigil_linux *lx, u64 file, struct vigil_path *path);
int vigil_linux_cross(struct vigil_linux *lx, struct vigil_path *path);
int vigil_linux_on_root(struct vigil_linux *lx, u64 file, bool *root);

#endif /* _VIGIL_LINUX_MOUNT_H */
