// SPDX-License-Identifier: GPL-2.0
/*
 * Mounts of a Linux guest.
 */

#include <linux/array_size.h>
#include <linux/errno.h>

#include "guest/linux_mount.h"
#include "guest/linux_read.h"

/* Mounts over the root of each other: rootfs, the real root, a container's. */
#define MAX_STACKED	8

static int read_mount_root(struct vigil_linux *lx, struct vigil_path *path)
{
	u64 mnt = path->mount +
		  vigil_linux_field(lx, VIGIL_PROFILE_FIELD_MOUNT_MNT);

	return vigil_linux_object(lx, mnt, VIGIL_PROFILE_FIELD_VFSMOUNT_ROOT,
				  &path->root);
}

/* The place of an open file. */
int vigil_linux_path(struct vigil_linux *lx, u64 file, struct vigil_path *path)
{
	u64 mnt;
	const struct vigil_linux_part parts[] = {
		{ VIGIL_PROFILE_FIELD_FILE_DENTRY, sizeof(path->dentry),
		  &path->dentry },
		{ VIGIL_PROFILE_FIELD_FILE_MNT, sizeof(mnt), &mnt },
	};
	int err;

	err = vigil_linux_read_parts(lx, file, parts, ARRAY_SIZE(parts)) ?:
	      vigil_linux_check_object(lx, path->dentry) ?:
	      vigil_linux_check_object(lx, mnt);
	if (err)
		return err;
	path->mount = mnt - vigil_linux_field(lx, VIGIL_PROFILE_FIELD_MOUNT_MNT);
	return read_mount_root(lx, path);
}

/*
 * From the root of a mount to where that is mounted, which may be the root of
 * another one.  Returns 1 after it went there, 0 for what is no root of a mount,
 * -ENOENT at the root of everything.
 */
int vigil_linux_cross(struct vigil_linux *lx, struct vigil_path *path)
{
	u64 parent, point;
	const struct vigil_linux_part parts[] = {
		{ VIGIL_PROFILE_FIELD_MOUNT_PARENT, sizeof(parent), &parent },
		{ VIGIL_PROFILE_FIELD_MOUNT_MOUNTPOINT, sizeof(point), &point },
	};
	int err;

	if (path->dentry != path->root)
		return 0;
	err = vigil_linux_read_parts(lx, path->mount, parts,
				     ARRAY_SIZE(parts)) ?:
	      vigil_linux_check_object(lx, parent);
	if (err)
		return err;
	if (parent == path->mount)
		return -ENOENT;
	err = vigil_linux_check_object(lx, point);
	if (err)
		return err;
	path->mount = parent;
	path->dentry = point;
	return read_mount_root(lx, path) ?: 1;
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
	path.dentry = path.root;

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
