// SPDX-License-Identifier: GPL-2.0
/* The parent writes the code and never runs it; its child does. */
#include "inject.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
	char *at = map_pages(PROT_READ | PROT_WRITE | PROT_EXEC,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1);
	int status;

	plant(at, &say_injected);
	switch (fork()) {
	case -1:
		give_up("fork");
	case 0:
		return strike("fork", at);
	}
	wait(&status);
	/* what a shell would say of the child */
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : 0;
}
