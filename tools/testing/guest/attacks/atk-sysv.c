// SPDX-License-Identifier: GPL-2.0
/* Code in System V shared memory, which is executable where it is attached. */
#define _GNU_SOURCE
#include "inject.h"

#include <sys/ipc.h>
#include <sys/shm.h>

int main(void)
{
	int id = shmget(IPC_PRIVATE, 4 * PAGE, IPC_CREAT | 0600);
	char *at = shmat(id, NULL, 0);
	char *code = shmat(id, NULL, SHM_EXEC | SHM_RDONLY);

	if (id < 0 || at == (void *)-1 || code == (void *)-1 ||
	    shmctl(id, IPC_RMID, NULL))
		give_up("shmat");
	plant(at, &say_injected);
	return strike("sysv", code);
}
