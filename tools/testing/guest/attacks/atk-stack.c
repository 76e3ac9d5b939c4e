// SPDX-License-Identifier: GPL-2.0
/*
 * Code on the main stack. Linked with an executable stack, as programs with
 * nested functions or careless assembly still are.
 */
#include "inject.h"

int main(void)
{
	_Alignas(SNIPPET_MAX) char buffer[SNIPPET_MAX];

	plant(buffer, &say_injected);
	return strike("stack", buffer);
}
