// SPDX-License-Identifier: GPL-2.0
/*
 * One thread rewrites a page, with something harmless and with injected code in
 * turn, while another calls it: atk-race ROUNDS. Tells how often the injected
 * code ran, and how often the call was refused.
 */
#include "inject.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static atomic_int started, done;
static sigjmp_buf safe;

static void leave(int sig)
{
	siglongjmp(safe, sig);
}

/*
 * One byte decides, so that the caller never sees half of one snippet: "ret"
 * becomes the first byte of the counting code, and back.
 */
static void *rewrite(void *page)
{
	volatile unsigned char *first = page;
	const unsigned char *ret = harmless.code, *count = count_up.code;

	atomic_store(&started, 1);
	while (!atomic_load(&done)) {
		*first = *count;
		*first = *ret;
	}
	return NULL;
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 1000;
	char *at = map_pages(PROT_READ | PROT_WRITE | PROT_EXEC,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1);
	volatile int injected = 0, refused = 0;
	pthread_t writer;

	signal(SIGILL, leave);
	plant(at, &count_up);
	*at = *(const char *)harmless.code;
	announce("race", at);
	if (pthread_create(&writer, NULL, rewrite, at))
		give_up("pthread_create");
	while (!atomic_load(&started))
		usleep(1000);
	for (volatile int i = 0; i < rounds; i++) {
		if (sigsetjmp(safe, 1))
			refused++;
		else
			((injected_fn)at)(&injected);
	}
	atomic_store(&done, 1);
	pthread_join(writer, NULL);
	dprintf(1, "race: injected=%d refused=%d\n", injected, refused);
	return 0;
}
