// SPDX-License-Identifier: GPL-2.0
/*
 * A process of root that becomes user 1000. atk-uid away: then it runs the code;
 * atk-uid become: first vigil has time to see it; atk-uid other: first it executes
 * itself.
 */
#include "inject.h"

#include <string.h>
#include <unistd.h>

#define USER	1000

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "away";

	if (strcmp(how, "strike")) {
		settle();
		if (setgid(USER) || setuid(USER))
			give_up("setuid");
		if (!strcmp(how, "other"))
			execl("/proc/self/exe", "atk-uid", "strike", NULL);
	}
	if (strcmp(how, "away"))
		settle();
	return strike("uid", map_injected(&say_injected));
}
