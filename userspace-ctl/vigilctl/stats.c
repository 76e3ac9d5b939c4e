// SPDX-License-Identifier: GPL-2.0
#include "vigilctl.h"

/* In the order of the specification, each counter on its line. */
static void show_plain(const struct vigil_attrs *stats)
{
	unsigned int type;
	char key[32], *c;

	for (type = 1; type <= stats->set->max; type++) {
		if (!vigil_attrs_has(stats, type))
			continue;
		snprintf(key, sizeof(key), "%s", stats->set->attr[type].name);
		for (c = key; *c; c++)
			*c = *c == '_' ? ' ' : *c;
		print_attr(key, stats, type);
	}
}

static int show_all(struct vigil_nl *nl)
{
	struct vigil_list list;
	struct vigil_err err;
	size_t i;

	if (vigil_nl_collect(nl, true, &list, &err))
		return fail(&err);
	if (opt_json)
		print_json_list(&list);
	for (i = 0; i < list.count && !opt_json; i++) {
		if (i)
			putchar('\n');
		show_plain(&list.msg[i].msg.attrs);
	}
	vigil_list_free(&list);
	return EXIT_DONE;
}

static int show_one(struct vigil_nl *nl, struct nlmsghdr *nlh, uint32_t id)
{
	mnl_attr_put_u32(nlh, VIGIL_A_STATS_VM_ID, id);
	return session_show(nl, show_plain);
}

static int stats_show(int argc, char **argv)
{
	struct arg args[] = { { .name = "--vm" }, { 0 } };
	struct nlmsghdr *nlh;
	struct vigil_nl nl;
	uint32_t id;
	int ret;

	ret = parse_args(argc, argv, args);
	if (!ret)
		ret = session_open_for(&nl, args[0].value, &id);
	if (ret)
		return ret;
	nlh = vigil_nl_request(&nl, VIGIL_CMD_STATS_GET);
	ret = id ? show_one(&nl, nlh, id) : show_all(&nl);
	vigil_nl_close(&nl);
	return ret;
}

static const struct verb verbs[] = {
	{ "show", stats_show, "[--vm VM]",
	  "Counters since the attach, of one VM or of all." },
	{ 0 },
};

const struct object stats_object = {
	"stats", "counters", verbs,
};
