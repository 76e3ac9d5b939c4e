// SPDX-License-Identifier: GPL-2.0
/*
 * Names of files of a Linux guest.
 */

#include <linux/array_size.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/limits.h>
#include <linux/string.h>
#include <kunit/visibility.h>

#include "guest/linux_mount.h"
#include "guest/linux_path.h"
#include "guest/linux_read.h"

/*
 * Components and mounts on the way up: what a buffer of a kilobyte can hold of
 * the shortest components, and as many mounts.
 */
#define MAX_STEPS	1024

static const char cut[] = "...";
#define CUT_LEN	(sizeof(cut) - 1)

/* Start with an empty path in @buf, whose @size is at least 16. */
void vigil_path_begin(struct vigil_path_writer *w, char *buf, size_t size)
{
	w->buf = buf;
	w->at = size - 1;
	buf[w->at] = '\0';
}

/* Put a name and the slash before it in front; false if it doesn't fit. */
bool vigil_path_prepend(struct vigil_path_writer *w, const char *name,
			size_t len)
{
	if (len + 1 > w->at - CUT_LEN)
		return false;
	w->at -= len;
	memcpy(w->buf + w->at, name, len);
	w->buf[--w->at] = '/';
	return true;
}

/*
 * Move what was written to the start of the buffer.  @err of -ENAMETOOLONG: put
 * "..." before it, which no path begins with; another error: it is empty.
 */
void vigil_path_finish(struct vigil_path_writer *w, int err)
{
	if (err == -ENAMETOOLONG) {
		w->at -= CUT_LEN;
		memcpy(w->buf + w->at, cut, CUT_LEN);
	} else if (err) {
		w->at = 0;
		w->buf[0] = '\0';
	} else if (!w->buf[w->at]) {
		w->buf[--w->at] = '/';
	}
	memmove(w->buf, w->buf + w->at, strlen(w->buf + w->at) + 1);
}

/* What a dentry says of its name. */
struct raw_dentry {
	u64 parent;
	/* Short names lie in the dentry: not a pointer to an object. */
	u64 name;
	u32 len;
};

static int path_read_dentry(struct vigil_linux *lx, u64 addr,
			    struct raw_dentry *d)
{
	const struct vigil_linux_part parts[] = {
		{ VIGIL_PROFILE_FIELD_DENTRY_PARENT, sizeof(d->parent),
		  &d->parent },
		{ VIGIL_PROFILE_FIELD_DENTRY_NAME, sizeof(d->name), &d->name },
		{ VIGIL_PROFILE_FIELD_DENTRY_NAME_LEN, sizeof(d->len),
		  &d->len },
	};
	int err;

	err = vigil_linux_read_parts(lx, addr, parts, ARRAY_SIZE(parts));
	if (err)
		return err;
	/* No system call takes a longer one. */
	if (!d->len || d->len >= PATH_MAX)
		return -EUCLEAN;
	return vigil_linux_check_object(lx, d->parent);
}

/*
 * One component: its name, which no rename changed meanwhile.  -ENAMETOOLONG: it
 * has more than VIGIL_NAME_MAX bytes, which is no sign of a guest that lies: those
 * of vfat, exfat and ntfs3 have up to 765, those of FUSE 1024.
 */
static int path_read_name(struct vigil_linux *lx, u64 addr,
			  struct raw_dentry *d, char *name)
{
	struct raw_dentry after;
	bool fits;
	int err;

	err = path_read_dentry(lx, addr, d);
	if (err)
		return err;
	fits = d->len <= VIGIL_NAME_MAX;
	if (fits)
		err = vigil_linux_read(lx, d->name, name, d->len);
	if (err)
		return err;
	err = path_read_dentry(lx, addr, &after);
	if (err)
		return err;
	if (after.parent != d->parent || after.name != d->name ||
	    after.len != d->len || (fits && memchr(name, '\0', d->len)))
		return -EAGAIN;
	return fits ? 0 : -ENAMETOOLONG;
}

/* One step up.  0: at the top; 1: go on; -ENAMETOOLONG: no room. */
static int path_step(struct vigil_linux *lx, struct vigil_path *path,
		     struct vigil_path_writer *w)
{
	char name[VIGIL_NAME_MAX];
	struct raw_dentry d;
	int err;

	err = vigil_linux_cross(lx, path);
	if (err)
		return err == -ENOENT ? 0 : err;
	err = path_read_name(lx, path->dentry, &d, name);
	if (err)
		return err;

	if (d.parent == path->dentry) {
		/* Not connected to any root, as memfd and SysV memory are. */
		if (d.len == 1 && name[0] == '/')
			return 0;
		return vigil_path_prepend(w, name, d.len) ? 0 : -ENAMETOOLONG;
	}
	/* Of what has a parent only a root is named so. */
	if (memchr(name, '/', d.len))
		return -EAGAIN;
	if (!vigil_path_prepend(w, name, d.len))
		return -ENAMETOOLONG;
	path->dentry = d.parent;
	return 1;
}

static int path_build(struct vigil_linux *lx, u64 file,
		      struct vigil_path_writer *w)
{
	struct vigil_path path;
	int err;

	err = vigil_linux_path(lx, file, &path);
	if (err)
		return err;
	for (unsigned int steps = 0; steps < MAX_STEPS; steps++) {
		err = path_step(lx, &path, w);
		if (err <= 0)
			return err;
	}
	/* Who has a user namespace can stack as many mounts as he likes. */
	return -ENAMETOOLONG;
}

/**
 * vigil_linux_file_path - Name an open file
 * @lx: The guest.
 * @file: Address of the struct file.
 * @buf: The path from the root of the file's name space, terminated, its
 *	components as the guest has them: any bytes but 0 and slashes.  Of a path
 *	that doesn't fit, has a component of more than VIGIL_NAME_MAX bytes or
 *	is under too many mounts it is the end, after "...", with which no other
 *	begins.  Empty after an error.
 * @size: Of @buf, at least 16.
 *
 * Each component is of one moment, the path is not: the guest may be renaming
 * directories above the file meanwhile.
 *
 * Return: 0 or an error.
 */
int vigil_linux_file_path(struct vigil_linux *lx, u64 file, char *buf,
			  size_t size)
{
	struct vigil_path_writer w;
	unsigned int try = 0;
	int err;

	do {
		vigil_path_begin(&w, buf, size);
		err = path_build(lx, file, &w);
	} while (err != -ENAMETOOLONG && vigil_linux_again(lx, try++, err));

	vigil_path_finish(&w, err);
	return err == -ENAMETOOLONG ? 0 : err;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_linux_file_path);

/**
 * vigil_linux_file_is_deleted - Has an open file no name any more?
 * @lx: The guest.
 * @file: Address of the struct file.
 *
 * Return: true if so; false if not, or if that can't be told.
 */
bool vigil_linux_file_is_deleted(struct vigil_linux *lx, u64 file)
{
	u64 inode;
	u32 nlink;

	return !vigil_linux_object(lx, file, VIGIL_PROFILE_FIELD_FILE_INODE,
				   &inode) &&
	       !vigil_linux_u32(lx, inode, VIGIL_PROFILE_FIELD_INODE_NLINK,
				&nlink) &&
	       !nlink;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_linux_file_is_deleted);
