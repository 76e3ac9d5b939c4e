// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>

#include "vigilctl.h"
#include "vma_text.h"

static const char *range_text(const struct vigil_attrs *vma, char *buf,
			      size_t size)
{
	vma_range(vma, buf, size);
	return buf;
}

static const char *perm_text(const struct vigil_attrs *vma, char *buf,
			     size_t size)
{
	vma_permissions(vma, buf, size);
	return buf;
}

/* With a plus where not all pages were counted. */
static const char *present_text(const struct vigil_attrs *vma, char *buf,
				size_t size)
{
	snprintf(buf, size, "%llu%s",
		 (unsigned long long)vigil_attrs_uint(vma, VIGIL_A_VMA_PRESENT, 0),
		 vigil_attrs_uint(vma, VIGIL_A_VMA_COUNTED_TO, 0) ? "+" : "");
	return buf;
}

static const struct column columns[] = {
	{ "RANGE", VIGIL_A_VMA_START, range_text },
	{ "PERM", VIGIL_A_VMA_FLAGS, perm_text },
	{ "KIND", VIGIL_A_VMA_KIND, NULL },
	{ "PRESENT", VIGIL_A_VMA_PRESENT, present_text },
	{ "GRANTED", VIGIL_A_VMA_GRANTED, NULL },
	{ "OPEN", VIGIL_A_VMA_OPEN, NULL },
	{ "PATH", VIGIL_A_VMA_PATH, NULL },
};

static int vma_list(int argc, char **argv)
{
	struct arg args[] = { { .name = "--vm" }, { .name = "--pid" }, { 0 } };
	struct nlmsghdr *nlh;
	struct vigil_nl nl;
	uint64_t pid;
	uint32_t id;
	int ret;

	ret = parse_args(argc, argv, args);
	if (ret)
		return ret;
	if (!args[1].value)
		return usage("which process of the guest? give --pid N");
	if (parse_number("pid", args[1].value, 1, GUEST_PID_MAX, &pid))
		return EXIT_USAGE;
	ret = session_open_vm(&nl, args[0].value, &id);
	if (ret)
		return ret;
	nlh = vigil_nl_request(&nl, VIGIL_CMD_VMA_GET);
	mnl_attr_put_u32(nlh, VIGIL_A_VMA_VM_ID, id);
	mnl_attr_put_u32(nlh, VIGIL_A_VMA_PID, pid);
	ret = print_dump(&nl, columns, sizeof(columns) / sizeof(columns[0]));
	vigil_nl_close(&nl);
	return ret;
}

static const struct verb verbs[] = {
	{ "list", vma_list, "--vm VM --pid N",
	  "Mappings of the guest's process N and the state of their pages: PRESENT in\n"
	  "      its page tables (+: or more); of those GRANTED may be executed, OPEN also\n"
	  "      written." },
	{ 0 },
};

const struct object vma_object = {
	"vma", "mappings of a guest process", verbs,
};
