// SPDX-License-Identifier: GPL-2.0
/*
 * Names of files of a Linux guest.
 */

#include <linux/errno.h>
#include <linux/export.h>
#include <linux/string.h>
#include <kunit/visibility.h>

#include "guest/linux_mount.h"
#include "guest/linux_read.h"
#include "guest/sane.h"

/* Components and mounts on the way up; PATH_MAX allows deeper, nobody is. */
#define MAX_STEPS	256
/* NAME_MAX */
#define MAX_NAME	255

/* A path is made from its end: what is done lies in buf[at .. size - 1]. */
struct writer {
	char *buf;
	size_t at;
};

/* Put a name and the slash before it in front; false if it doesn't fit. */
static bool path_prepend(struct writer *w, const char *name, size_t len)
{
	if (len + 1 > w->at)
		return false;
	w->at -= len;
	memcpy(w->buf + w->at, name, len);
	w->buf[--w->at] = '/';
	return true;
}

static int path_read_name(struct vigil_linux *lx, u64 dentry, char *name,
			  u32 *len)
{
	u64 text;
	int err;

	err = vigil_linux_u32(lx, dentry, VIGIL_PROFILE_FIELD_DENTRY_NAME_LEN,
			      len);
	if (err)
		return err;
	if (!*len || *len > MAX_NAME)
		return -EUCLEAN;
	/* Short names lie in the dentry: not a pointer to an object. */
	err = vigil_linux_u64(lx, dentry, VIGIL_PROFILE_FIELD_DENTRY_NAME,
			      &text);
	if (err)
		return err;
	err = vigil_linux_read(lx, text, name, *len);
	if (err)
		return err;
	name[*len] = '\0';
	vigil_sane_text(name, *len);
	/* A rename may have changed one of them. */
	return strlen(name) == *len ? 0 : -EAGAIN;
}

/* One component up.  0: at the top; 1: go on; -ENAMETOOLONG: no room. */
static int path_step(struct vigil_linux *lx, struct vigil_path *path,
		     struct writer *w)
{
	char name[MAX_NAME + 1];
	u64 parent;
	u32 len;
	int err;

	err = vigil_linux_cross(lx, path);
	if (err)
		return err == -ENOENT ? 0 : err;
	err = vigil_linux_object(lx, path->dentry,
				 VIGIL_PROFILE_FIELD_DENTRY_PARENT, &parent);
	if (err)
		return err;
	err = path_read_name(lx, path->dentry, name, &len);
	if (err)
		return err;

	if (parent == path->dentry) {
		/* Not connected to any root, as memfd and SysV memory are. */
		if (strcmp(name, "/") && !path_prepend(w, name, len))
			return -ENAMETOOLONG;
		return 0;
	}
	if (!path_prepend(w, name, len))
		return -ENAMETOOLONG;
	path->dentry = parent;
	return 1;
}

static int path_build(struct vigil_linux *lx, u64 file, struct writer *w)
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
	return -EUCLEAN;
}

static const char cut[] = "...";
#define CUT_LEN	(sizeof(cut) - 1)

/* Move what was written to the start of the buffer. */
static void path_finish(struct writer *w, char *buf, int err)
{
	const char *text = w->buf + w->at;

	if (err == -ENAMETOOLONG) {
		text -= CUT_LEN;
		memcpy(w->buf + w->at - CUT_LEN, cut, CUT_LEN);
	} else if (!*text) {
		text = "/";
	}
	memmove(buf, text, strlen(text) + 1);
}

/**
 * vigil_linux_file_path - Name an open file
 * @lx: The guest.
 * @file: Address of the struct file.
 * @buf: The path from the root of the file's name space, terminated, control
 *	bytes replaced; of a path that doesn't fit its end, after "...".  Empty
 *	after an error.
 * @size: Of @buf, at least 16.
 *
 * The guest may be renaming: it is a name for people, not for decisions.
 *
 * Return: 0 or an error.
 */
int vigil_linux_file_path(struct vigil_linux *lx, u64 file, char *buf,
			  size_t size)
{
	unsigned int try = 0;
	struct writer w;
	int err;

	do {
		w.buf = buf + CUT_LEN;
		w.at = size - CUT_LEN - 1;
		w.buf[w.at] = '\0';
		err = path_build(lx, file, &w);
	} while (err != -ENAMETOOLONG && vigil_linux_again(lx, try++, err));

	if (err && err != -ENAMETOOLONG) {
		*buf = '\0';
		return err;
	}
	path_finish(&w, buf, err);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_linux_file_path);
