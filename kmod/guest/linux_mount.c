// SPDX-License-Identifier: GPL-2.0
/*
 * Mounts of a Linux guest.
 */

#include <linux/errno.h>

#include "guest/linux_mount.h"
#include "guest/linux_read.h"

/* Mounts over the root of each other: rootfs, the real root, a container's. */
#define MAX_STACKED	8

static int mount_root(struct vigil_linux *lx, u64 mount, u64 *dentry)
{
	u64 mnt = mount + vigil_linux_field(lx, VIGIL_PROFILE_FIELD_MOUNT_MNT);

	return vigil_linux_object(lx, mnt, VIGIL_PROFILE_FIELD_VFSMOUNT_ROOT,
				  dentry);
}

/* The place of an open file. */
int vigil_linux_path(struct vigil_linux *lx, u64 file, struct vigil_path *path)
{
	u64 mnt;
	int err;

	err = vigil_linux_object(lx, file, VIGIL_PROFILE_FIELD_FILE_DENTRY,
				 &path->dentry);
	if (err)
		return err;
	err = vigil_linux_object(lx, file, VIGIL_PROFILE_FIELD_FILE_MNT, &mnt);
	if (err)
		return err;
	path->mount = mnt - vigil_linux_field(lx, VIGIL_PROFILE_FIELD_MOUNT_MNT);
	return 0;
}

/*
 * From the root of a mount to where that is mounted.  Returns 1 after it went
 * there, 0 for what is no root of a mount, -ENOENT at the root of everything.
 */
int vigil_linux_cross(struct vigil_linux *lx, struct vigil_path *path)
{
	u64 root, parent;
	int err;

	err = mount_root(lx, path->mount, &root);
	if (err || path->dentry != root)
		return err;
	err = vigil_linux_object(lx, path->mount,
				 VIGIL_PROFILE_FIELD_MOUNT_PARENT, &parent);
	if (err)
		return err;
	if (parent == path->mount)
		return -ENOENT;
	err = vigil_linux_object(lx, path->mount,
				 VIGIL_PROFILE_FIELD_MOUNT_MOUNTPOINT,
				 &path->dentry);
	if (err)
		return err;
	path->mount = parent;
	return 1;
}

/*
 * Is the file's mount the root of the name space, or mounted over it?  So is
 * one that is mounted nowhere; its caller knows those by their missing name.
 */
int vigil_linux_on_root(struct vigil_linux *lx, u64 file, bool *root)
{
	struct vigil_path path;
	int err;

	err = vigil_linux_path(lx, file, &path);
	if (err)
		return err;
	err = mount_root(lx, path.mount, &path.dentry);
	if (err)
		return err;

	for (unsigned int depth = 0; depth < MAX_STACKED; depth++) {
		err = vigil_linux_cross(lx, &path);
		if (err <= 0) {
			*root = err == -ENOENT;
			return *root ? 0 : err;
		}
	}
	/* Anybody can stack more, in a user namespace: that is no root. */
	*root = false;
	return 0;
}
