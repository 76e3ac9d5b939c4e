// SPDX-License-Identifier: GPL-2.0
/* Maps a library while it runs, calls into it, and gives it back. */
#include <dlfcn.h>
#include <stdio.h>

int main(void)
{
	double (*square_root)(double x);
	void *library;

	for (int i = 0; i < 5; i++) {
		library = dlopen("libm.so.6", RTLD_NOW);
		if (!library)
			return 1;
		square_root = (double (*)(double))dlsym(library, "sqrt");
		if (!square_root || square_root(9.0) != 3.0)
			return 1;
		dlclose(library);
	}
	puts("dlopen: 3");
	return 0;
}
