// SPDX-License-Identifier: GPL-2.0
/* vigilctl without arguments. */
#include "vigilctl.h"

static int get_caps(const struct vigil_msg *msg, void *data,
		    struct vigil_err *err __attribute__((unused)))
{
	struct json_object *json = data;
	bool exec = !vigil_attrs_has(&msg->attrs, VIGIL_A_CAPS_EXEC_WHY);

	if (json)
		json_object_object_add(json, "host",
				       vigil_attrs_json(&msg->attrs));
	else
		printf("vigil on a %s KVM; exec protection %s\n\n",
		       vigil_attrs_name(&msg->attrs, VIGIL_A_CAPS_KVM),
		       exec ? "is available" :
		       "isn't available, see vigilctl probe");
	return 0;
}

static void show_vms(const struct vigil_list *list, struct json_object *json)
{
	struct json_object *array;
	size_t i;

	if (!json && list->count) {
		print_table(vm_columns, vm_columns_count, list);
		return;
	}
	if (!json) {
		puts("No VM is attached: vigilctl vm attach --pid N");
		return;
	}
	array = json_object_new_array();
	for (i = 0; i < list->count; i++)
		json_object_array_add(array,
				      vigil_attrs_json(&list->msg[i].msg.attrs));
	json_object_object_add(json, "vms", array);
}

int overview(void)
{
	struct json_object *json = NULL;
	struct vigil_list list = { 0 };
	struct vigil_err err;
	struct vigil_nl nl;
	int ret;

	ret = session_open(&nl);
	if (ret)
		return ret;
	if (opt_json)
		json = json_object_new_object();
	vigil_nl_request(&nl, VIGIL_CMD_CAPS_GET);
	ret = vigil_nl_talk(&nl, false, get_caps, json, &err);
	if (!ret) {
		vigil_nl_request(&nl, VIGIL_CMD_VM_GET);
		ret = vigil_nl_collect(&nl, true, &list, &err);
	}
	if (ret)
		ret = fail(&err);
	else
		show_vms(&list, json);
	if (json && !ret)
		print_json(json);
	else
		json_object_put(json);
	vigil_list_free(&list);
	vigil_nl_close(&nl);
	return ret;
}
