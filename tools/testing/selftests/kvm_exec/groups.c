// SPDX-License-Identifier: GPL-2.0
#include <stddef.h>

#include "client.h"

const struct test *const test_groups[] = {
	page_tests, write_tests, smp_tests, memory_tests, context_tests,
	remap_tests, writer_tests, kvm_tests, NULL
};
