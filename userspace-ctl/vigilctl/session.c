// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "text.h"
#include "vigilctl.h"

int session_open(struct vigil_nl *nl)
{
	struct vigil_err err;

	if (!vigil_nl_open(nl, opt_debug ? stderr : NULL, &err))
		return 0;
	fail(&err);
	if (err.code != ENOENT)
		return EXIT_FAILED;
	warn("load it with: insmod .../patched/vigil.ko, or .../stock/vigil.ko");
	warn("which one, and where they are: see README.md");
	return EXIT_NO_MODULE;
}

int session_ask(struct vigil_nl *nl, vigil_msg_fn fn, void *data)
{
	struct vigil_err err;

	return vigil_nl_talk(nl, false, fn, data, &err) ? fail(&err) : 0;
}

int session_do(struct vigil_nl *nl)
{
	return session_ask(nl, NULL, NULL);
}

struct shown {
	plain_fn plain;
};

static int show_reply(const struct vigil_msg *msg, void *data,
		      struct vigil_err *err __attribute__((unused)))
{
	const struct shown *shown = data;

	if (opt_json)
		print_json(vigil_attrs_json(&msg->attrs));
	else
		shown->plain(&msg->attrs);
	return 0;
}

int session_show(struct vigil_nl *nl, plain_fn plain)
{
	struct shown shown = { plain };

	return session_ask(nl, show_reply, &shown);
}

/* Two VMs may have the same name; then it does not tell which is meant. */
static int find_by_name(const struct vigil_list *list, const char *name,
			uint32_t *id)
{
	const struct vigil_attrs *vm;
	uint32_t other;
	size_t i;

	*id = 0;
	for (i = 0; i < list->count; i++) {
		vm = &list->msg[i].msg.attrs;
		if (strcmp(vigil_attrs_text(vm, VIGIL_A_VM_NAME, ""), name))
			continue;
		other = vigil_attrs_uint(vm, VIGIL_A_VM_ID, 0);
		if (*id)
			return usage("'%s' is the name of vm %u and of vm %u: give the id",
				     name, *id, other);
		*id = other;
	}
	if (*id)
		return 0;
	warn("no vm is called '%s'", name);
	return EXIT_FAILED;
}

int session_open_vm(struct vigil_nl *nl, const char *vm, uint32_t *id)
{
	struct vigil_list list;
	struct vigil_err err;
	uint64_t number;
	int ret;

	if (!vm)
		return usage("which vm? give --vm and its id or name");
	if (!*vm)
		return usage("bad vm ''");
	if (isdigit((unsigned char)*vm)) {
		if (parse_number("vm", vm, 1, UINT32_MAX, &number))
			return EXIT_USAGE;
		*id = number;
		return session_open(nl);
	}
	ret = session_open(nl);
	if (ret)
		return ret;
	vigil_nl_request(nl, VIGIL_CMD_VM_GET);
	if (vigil_nl_collect(nl, true, &list, &err))
		ret = fail(&err);
	else
		ret = find_by_name(&list, vm, id);
	vigil_list_free(&list);
	if (ret)
		vigil_nl_close(nl);
	return ret;
}

int session_open_for(struct vigil_nl *nl, const char *vm, uint32_t *id)
{
	*id = 0;
	return vm ? session_open_vm(nl, vm, id) : session_open(nl);
}
