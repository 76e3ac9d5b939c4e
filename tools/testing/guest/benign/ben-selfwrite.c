// SPDX-License-Identifier: GPL-2.0
/*
 * ben-selfwrite [SECONDS]: runs an instruction that writes to its own page, and
 * the same once more after that time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE	4096
#define COUNTER	64

/* incl 0x3a(%rip), which is COUNTER; ret */
static const unsigned char code[] = {
	0xff, 0x05, COUNTER - 6, 0x00, 0x00, 0x00, 0xc3,
};

int main(int argc, char **argv)
{
	int seconds = argc > 1 ? atoi(argv[1]) : 0;
	int prot = PROT_READ | PROT_WRITE | PROT_EXEC;
	char *at = mmap(NULL, PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return 1;
	memcpy(at, code, sizeof(code));
	((void (*)(void))at)();
	sleep(seconds);
	((void (*)(void))at)();
	printf("selfwrite: %d\n", *(int *)(at + COUNTER));
	return *(int *)(at + COUNTER) != 2;
}
