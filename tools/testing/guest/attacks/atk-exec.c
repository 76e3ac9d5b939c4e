// SPDX-License-Identifier: GPL-2.0
/*
 * Executes itself under another name, which runs the code: as a copy, a hard link or
 * a symbolic link. atk-exec copy|link|symlink
 */
#include "inject.h"

#include <string.h>
#include <unistd.h>

#define INNOCENT	"/var/cache/innocent"

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "copy";
	char own[256] = "";

	if (!strcmp(how, "strike"))
		return strike("exec", map_injected(&say_injected));
	settle();
	unlink(INNOCENT);
	if (readlink("/proc/self/exe", own, sizeof(own) - 1) < 0)
		give_up("/proc/self/exe");
	if (!strcmp(how, "copy"))
		copy_self(INNOCENT);
	else if (strcmp(how, "link") ? symlink(own, INNOCENT) :
				       link(own, INNOCENT))
		give_up(INNOCENT);
	execl(INNOCENT, "innocent", "strike", NULL);
	give_up("exec");
}
