// SPDX-License-Identifier: GPL-2.0
/* What this host can do, and why not more. */
#include <errno.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "vigilctl.h"

static void show_plain(const struct vigil_attrs *caps)
{
	char buf[TEXT_SIZE];

	print_attr("module", caps, VIGIL_A_CAPS_ABI_VERSION);
	print_attr("kernel", caps, VIGIL_A_CAPS_KERNEL_RELEASE);
	print_attr("kvm", caps, VIGIL_A_CAPS_KVM);
	if (vigil_attrs_has(caps, VIGIL_A_CAPS_KVM_ABI))
		print_attr("kvm interface", caps, VIGIL_A_CAPS_KVM_ABI);
	print_attr("vendor", caps, VIGIL_A_CAPS_VENDOR);
	print_attr("npt/ept", caps, VIGIL_A_CAPS_TDP);
	print_attr("write tracking", caps, VIGIL_A_CAPS_WRITE_TRACKING);
	if (vigil_attrs_has(caps, VIGIL_A_CAPS_EXEC_WHY))
		print_pair("exec protection", "no: %s",
			   attr_text(caps, VIGIL_A_CAPS_EXEC_WHY, buf,
				     sizeof(buf)));
	else
		print_pair("exec protection", "yes");
	if (vigil_attrs_has(caps, VIGIL_A_CAPS_SELFMAP_WHY))
		print_pair("self-map by", "%s: %s",
			   vigil_attrs_name(caps, VIGIL_A_CAPS_SELFMAP_WAY),
			   attr_text(caps, VIGIL_A_CAPS_SELFMAP_WHY, buf,
				     sizeof(buf)));
	else
		print_attr("self-map by", caps, VIGIL_A_CAPS_SELFMAP_WAY);
}

static int show_caps(const struct vigil_msg *msg,
		     void *data __attribute__((unused)),
		     struct vigil_err *err __attribute__((unused)))
{
	struct json_object *json;

	if (!opt_json) {
		show_plain(&msg->attrs);
		return 0;
	}
	json = vigil_attrs_json(&msg->attrs);
	json_object_object_add(json, "module", json_object_new_boolean(true));
	print_json(json);
	return 0;
}

/* Without the module little can be said, but that has to be said. */
static int show_no_module(void)
{
	bool kvm = !access("/sys/module/kvm", F_OK);
	struct json_object *json;
	struct utsname uts;

	uname(&uts);
	if (!opt_json) {
		print_pair("module", "not loaded");
		print_pair("kernel", "%s", uts.release);
		print_pair("kvm", kvm ? "loaded" : "not loaded");
		return EXIT_NO_MODULE;
	}
	json = json_object_new_object();
	json_object_object_add(json, "module", json_object_new_boolean(false));
	json_object_object_add(json, "kernel_release",
			       json_object_new_string(uts.release));
	json_object_object_add(json, "kvm_loaded",
			       json_object_new_boolean(kvm));
	print_json(json);
	return EXIT_NO_MODULE;
}

static int probe_show(int argc, char **argv)
{
	struct arg args[] = { { 0 } };
	struct vigil_err err;
	struct vigil_nl nl;
	int ret;

	ret = parse_args(argc, argv, args);
	if (ret)
		return ret;
	if (vigil_nl_open(&nl, opt_debug ? stderr : NULL, &err))
		return err.code == ENOENT ? show_no_module() : fail(&err);
	vigil_nl_request(&nl, VIGIL_CMD_CAPS_GET);
	ret = session_ask(&nl, show_caps, NULL);
	vigil_nl_close(&nl);
	return ret;
}

static const struct verb verbs[] = {
	{ "show", probe_show, "", "Kernel, KVM, exec and self-map protection." },
	{ 0 },
};

const struct object probe_object = {
	"probe", "what this host can do, and why not more", verbs,
};
