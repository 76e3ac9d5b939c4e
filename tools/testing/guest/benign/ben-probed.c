// SPDX-License-Identifier: GPL-2.0
/* Calls the function that the uprobe is set on, ROUNDS times. */
#include <stdio.h>
#include <stdlib.h>

__attribute__((noinline, aligned(4096))) int probed(int value)
{
	asm volatile("" : "+r" (value));
	return value + 1;
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 100, sum = 0;

	for (int i = 0; i < rounds; i++)
		sum = probed(sum);
	printf("probed: %d\n", sum);
	return sum != rounds;
}
