// SPDX-License-Identifier: GPL-2.0
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "fake_names.h"

#define NAMES_MAX	128
#define NAME_SIZE	4096

static char name[NAMES_MAX][NAME_SIZE];
static unsigned int count;

static void read_names(void)
{
	static char line[2 * NAME_SIZE];
	const char *path = getenv("FAKE_NAMES");
	FILE *file = path ? fopen(path, "r") : NULL;
	unsigned int i, byte;

	while (file && count < NAMES_MAX &&
	       fgets(line, sizeof(line), file)) {
		for (i = 0; i < NAME_SIZE - 1 &&
		     sscanf(line + 2 * i, "%2x", &byte) == 1; i++)
			name[count][i] = byte;
		count++;
	}
	if (file)
		fclose(file);
}

unsigned int fake_names(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, read_names);
	return count;
}

const char *fake_name(unsigned int i)
{
	return name[i];
}
