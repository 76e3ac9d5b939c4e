// SPDX-License-Identifier: GPL-2.0
#include <errno.h>

#include "guest.h"
#include "isf.h"
#include "profile.h"
#include "vigilctl.h"

static int hand_over(struct vigil_nl *nl, uint32_t id,
		     const struct vigil_profile *profile)
{
	struct nlmsghdr *nlh = vigil_nl_request(nl, VIGIL_CMD_PROFILE_SET);

	mnl_attr_put_u32(nlh, VIGIL_A_PROFILE_VM_ID, id);
	vigil_profile_put(profile, nlh);
	return session_do(nl);
}

static void windows_json(struct json_object *json,
			 const struct vigil_findings *findings)
{
	json_object_object_add(json, "offsets",
			       json_object_new_string(findings->offsets));
	json_object_object_add(json, "head_by_symbol",
			       json_object_new_boolean(findings->head_by_symbol));
	json_object_object_add(json, "levels",
			       json_object_new_uint64(findings->levels));
	json_object_object_add(json, "kva_shadow",
			       json_object_new_boolean(findings->kva_shadow));
	json_object_object_add(json, "processes",
			       json_object_new_uint64(findings->processes));
	json_object_object_add(json, "self_map_tables",
			       json_object_new_uint64(findings->tables));
	json_object_object_add(json, "self_map_verified",
			       json_object_new_uint64(findings->verified));
}

static struct json_object *findings_json(const struct vigil_profile *profile,
					 const struct vigil_findings *findings)
{
	struct json_object *json = json_object_new_object();

	json_object_object_add(json, "kernel", vigil_json_hex(findings->base));
	json_object_object_add(json, "kernel_size",
			       json_object_new_uint64(findings->size));
	if (profile->os == VIGIL_PROFILE_OS_WINDOWS) {
		windows_json(json, findings);
		return json;
	}
	json_object_object_add(json, "symbols",
			       json_object_new_uint64(findings->symbols));
	json_object_object_add(json, "btf_size",
			       json_object_new_uint64(findings->btf));
	return json;
}

static void show_linux(const struct vigil_findings *findings)
{
	char size[TEXT_SIZE];

	print_pair("symbols", "%u", findings->symbols);
	size_text(findings->btf, size, sizeof(size));
	print_pair("type information", "%s", size);
}

static void show_windows(const struct vigil_profile *profile,
			 const struct vigil_findings *findings)
{
	print_pair("offsets", "%s", findings->offsets);
	print_pair("page tables", "%u levels, %s KVA shadow", findings->levels,
		   findings->kva_shadow ? "with" : "without");
	print_pair("processes", "%u, the list found by %s", findings->processes,
		   findings->head_by_symbol ? "symbol" : "search");
	print_pair("self-map", "entry %llu, the same in %u of %u processes",
		   (unsigned long long)profile->value[VIGIL_WINDOWS_FIELD_SELF_MAP_SLOT],
		   findings->verified, findings->tables);
}

static void show_found(const struct vigil_profile *profile,
		       const struct vigil_findings *findings)
{
	struct json_object *json;
	char size[TEXT_SIZE];

	if (opt_json) {
		json = vigil_profile_json(profile);
		json_object_object_add(json, "found", findings_json(profile, findings));
		print_json(json);
		return;
	}
	print_pair("guest", "%s", profile->banner);
	size_text(findings->size, size, sizeof(size));
	print_pair("kernel", "0x%llx, %s", (unsigned long long)findings->base,
		   size);
	if (profile->os == VIGIL_PROFILE_OS_WINDOWS)
		show_windows(profile, findings);
	else
		show_linux(findings);
	print_pair("profile", "proved against the running guest");
}

/* A file that is no good is bad usage. */
static int fail_input(const struct vigil_err *err)
{
	fail(err);
	return err->code == EINVAL ? EXIT_USAGE : EXIT_FAILED;
}

/* It is the symbol file that is wrong. */
static void name_file(struct vigil_err *err, const char *path)
{
	struct vigil_err why = *err;

	vigil_fail(err, EINVAL, "%s: %s", path, why.text);
}

static int find(struct vigil_nl *nl, uint32_t id, const struct vigil_isf *isf,
		const char *isf_path, const char *save)
{
	struct vigil_findings findings;
	struct vigil_profile profile;
	struct vigil_vm_file vm;
	struct vigil_err err;
	int ret;

	if (vigil_vm_open(&vm, id, &err))
		return fail(&err);
	ret = vigil_profile_find(&profile, &findings, &vm.guest, isf, &err);
	vigil_vm_close(&vm);
	if (ret == -EINVAL)
		name_file(&err, isf_path);
	if (!ret && save)
		ret = vigil_profile_save(&profile, save, &err);
	if (ret)
		return fail_input(&err);
	ret = hand_over(nl, id, &profile);
	if (!ret)
		show_found(&profile, &findings);
	return ret;
}

static int profile_find(int argc, char **argv)
{
	struct arg args[] = {
		{ .name = "--vm" }, { .name = "--save" }, { .name = "--isf" },
		{ 0 }
	};
	struct vigil_isf *isf = NULL;
	struct vigil_err err;
	struct vigil_nl nl;
	uint32_t id;
	int ret;

	ret = parse_args(argc, argv, args);
	if (ret)
		return ret;
	/* a search takes seconds */
	if (args[1].value && vigil_profile_check_target(args[1].value, &err))
		return fail_input(&err);
	if (args[2].value) {
		isf = vigil_isf_load(args[2].value, &err);
		if (!isf)
			return fail_input(&err);
	}
	ret = session_open_vm(&nl, args[0].value, &id);
	if (!ret) {
		ret = find(&nl, id, isf, args[2].value, args[1].value);
		vigil_nl_close(&nl);
	}
	vigil_isf_close(isf);
	return ret;
}

static int profile_load(int argc, char **argv)
{
	struct arg args[] = { { .name = "--vm" }, { .name = "FILE" }, { 0 } };
	struct vigil_profile profile;
	struct vigil_err err;
	struct vigil_nl nl;
	uint32_t id;
	int ret;

	ret = parse_args(argc, argv, args);
	if (ret)
		return ret;
	if (!args[1].value)
		return usage("which profile? give a file");
	if (vigil_profile_load(&profile, args[1].value, &err))
		return fail_input(&err);
	ret = session_open_vm(&nl, args[0].value, &id);
	if (ret)
		return ret;
	ret = hand_over(&nl, id, &profile);
	vigil_nl_close(&nl);
	return ret;
}

static void show_plain(const struct vigil_profile *profile, const char *state)
{
	const struct vigil_names *names = vigil_profile_names(profile);
	unsigned int i;

	print_pair("state", "%s", state);
	print_pair("guest", "%s", *profile->banner ? profile->banner : "-");
	for (i = 0; i < names->count; i++) {
		if (!profile->has[i])
			continue;
		printf(vigil_profile_is_address(profile, i) ?
		       "  %-26s 0x%llx\n" : "  %-26s %llu\n", names->name[i],
		       (unsigned long long)profile->value[i]);
	}
}

static int show_profile(const struct vigil_msg *msg,
			void *data __attribute__((unused)),
			struct vigil_err *err)
{
	const char *state = vigil_attrs_name(&msg->attrs,
					     VIGIL_A_PROFILE_STATE);
	struct vigil_profile profile;
	struct json_object *json;

	if (vigil_profile_get(&profile, &msg->attrs))
		return vigil_fail(err, EBADMSG, "netlink: malformed profile");
	if (!opt_json) {
		show_plain(&profile, state);
		return 0;
	}
	json = vigil_profile_json(&profile);
	json_object_object_add(json, "state", json_object_new_string(state));
	print_json(json);
	return 0;
}

static int profile_show(int argc, char **argv)
{
	struct arg args[] = { { .name = "--vm" }, { 0 } };
	struct vigil_nl nl;
	uint32_t id;
	int ret;

	ret = parse_args(argc, argv, args);
	if (!ret)
		ret = session_open_vm(&nl, args[0].value, &id);
	if (ret)
		return ret;
	mnl_attr_put_u32(vigil_nl_request(&nl, VIGIL_CMD_PROFILE_GET),
			 VIGIL_A_PROFILE_VM_ID, id);
	ret = session_ask(&nl, show_profile, NULL);
	vigil_nl_close(&nl);
	return ret;
}

static const struct verb verbs[] = {
	{ "show", profile_show, "--vm VM", "What vigil knows of the guest's kernel." },
	{ "find", profile_find, "--vm VM [--isf FILE] [--save FILE]",
	  "Find it in the memory of the running guest; once per boot of the guest.\n"
	  "      --isf: symbols of a Windows guest, a Volatility 3 file (.json, .json.xz)." },
	{ "load", profile_load, "--vm VM FILE",
	  "Take it from a file instead; it is proved against the guest all the same." },
	{ 0 },
};

const struct object profile_object = {
	"profile", "what is known of a guest's kernel", verbs,
};
