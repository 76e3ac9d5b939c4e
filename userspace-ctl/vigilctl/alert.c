// SPDX-License-Identifier: GPL-2.0
#include "alert.h"
#include "vigilctl.h"

/* The first message may be about what is gone and nothing else. */
static bool is_alert(const struct vigil_attrs *attrs)
{
	return vigil_attrs_has(attrs, VIGIL_A_ALERT_SEQ);
}

static void show_alerts(const struct vigil_list *list)
{
	struct json_object *array = json_object_new_array();
	const struct vigil_attrs *alert;
	uint64_t lost = 0;
	size_t i;

	for (i = 0; i < list->count; i++) {
		alert = &list->msg[i].msg.attrs;
		lost += vigil_attrs_uint(alert, VIGIL_A_ALERT_LOST, 0);
		if (!is_alert(alert))
			continue;
		if (opt_json)
			json_object_array_add(array, alert_json(alert));
		else
			print_alert(alert);
	}
	if (opt_json)
		print_json(array);
	else
		json_object_put(array);
	if (lost)
		warn("lost %llu: older alerts that are no longer kept",
		     (unsigned long long)lost);
}

static int alert_list(int argc, char **argv)
{
	struct arg args[] = { { .name = "--vm" }, { .name = "--since" },
			      { 0 } };
	struct vigil_list list;
	struct vigil_err err;
	struct nlmsghdr *nlh;
	struct vigil_nl nl;
	uint64_t since = 1;
	uint32_t id;
	int ret;

	ret = parse_args(argc, argv, args);
	if (!ret && args[1].value)
		ret = parse_number("sequence number", args[1].value, 0,
				   INT64_MAX, &since);
	if (!ret)
		ret = session_open_vm(&nl, args[0].value, &id);
	if (ret)
		return ret;
	nlh = vigil_nl_request(&nl, VIGIL_CMD_ALERT_GET);
	mnl_attr_put_u32(nlh, VIGIL_A_ALERT_VM_ID, id);
	mnl_attr_put_u64(nlh, VIGIL_A_ALERT_SEQ, since);
	if (vigil_nl_collect(&nl, true, &list, &err))
		ret = fail(&err);
	else
		show_alerts(&list);
	vigil_list_free(&list);
	vigil_nl_close(&nl);
	return ret;
}

static const struct verb verbs[] = {
	{ "list", alert_list, "--vm VM [--since SEQ]",
	  "The alerts that are kept, from sequence number SEQ on." },
	{ "monitor", alert_monitor, "[--vm VM]",
	  "Alerts as they come, until interrupted; with -j one JSON object a line." },
	{ 0 },
};

const struct object alert_object = {
	"alert", "what was found", verbs,
};
