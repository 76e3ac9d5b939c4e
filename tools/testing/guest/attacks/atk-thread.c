// SPDX-License-Identifier: GPL-2.0
/* Code on the stack of a thread, which somebody has made executable. */
#include "inject.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

#define STACK	(64 * PAGE)

static void *thread(void *unused)
{
	_Alignas(SNIPPET_MAX) char buffer[SNIPPET_MAX];

	plant(buffer, &say_injected);
	strike("thread", buffer);
	return unused;
}

int main(void)
{
	pthread_attr_t attr;
	pthread_t id;
	void *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE | PROT_EXEC,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);

	if (stack == MAP_FAILED)
		give_up("mmap");
	pthread_attr_init(&attr);
	pthread_attr_setstack(&attr, stack, STACK);
	if (pthread_create(&id, &attr, thread, NULL))
		give_up("pthread_create");
	return pthread_join(id, NULL);
}
