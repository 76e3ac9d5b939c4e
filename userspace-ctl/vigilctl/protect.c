// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "vigilctl.h"

#define DEFAULT_RULES	(VIGIL_EXEC_RULE_STACK | VIGIL_EXEC_RULE_WX | \
			 VIGIL_EXEC_RULE_W_THEN_X)

/* Arguments of "add", in this order. */
enum {
	ARG_VM,
	ARG_COMM,
	ARG_PID,
	ARG_ALL,
	ARG_RULES,
	ARG_ACTION,
	ARG_WITHOUT_PROFILE,
};

struct entry {
	uint32_t pid, rules, action, without_profile;
	const char *comm;
};

static const char *who_text(const struct vigil_attrs *entry, char *buf,
			    size_t size)
{
	if (vigil_attrs_has(entry, VIGIL_A_PROTECT_COMM))
		snprintf(buf, size, "comm %s",
			 vigil_attrs_text(entry, VIGIL_A_PROTECT_COMM, ""));
	else if (vigil_attrs_has(entry, VIGIL_A_PROTECT_PID))
		snprintf(buf, size, "pid %llu", (unsigned long long)
			 vigil_attrs_uint(entry, VIGIL_A_PROTECT_PID, 0));
	else
		return "all";
	return buf;
}

static const struct column columns[] = {
	{ "VM", VIGIL_A_PROTECT_VM_ID, NULL },
	{ "ID", VIGIL_A_PROTECT_ID, NULL },
	{ "HITS", VIGIL_A_PROTECT_HITS, NULL },
	{ "ACTION", VIGIL_A_PROTECT_ACTION, NULL },
	{ "RULES", VIGIL_A_PROTECT_RULES, NULL },
	{ "WITHOUT-PROFILE", VIGIL_A_PROTECT_WITHOUT_PROFILE, NULL },
	{ "WHO", VIGIL_A_PROTECT_COMM, who_text },
};

static int protect_list(int argc, char **argv)
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
	nlh = vigil_nl_request(&nl, VIGIL_CMD_PROTECT_GET);
	if (id)
		mnl_attr_put_u32(nlh, VIGIL_A_PROTECT_VM_ID, id);
	ret = print_dump(&nl, columns, sizeof(columns) / sizeof(columns[0]));
	vigil_nl_close(&nl);
	return ret;
}

static int parse_who(const struct arg *args, struct entry *entry)
{
	uint64_t pid = 0;

	if (!!args[ARG_COMM].value + !!args[ARG_PID].value +
	    !!args[ARG_ALL].value != 1)
		return usage("protect whom? give one of --comm GLOB, --pid N, --all");
	entry->comm = args[ARG_COMM].value;
	if (entry->comm && (!*entry->comm || strlen(entry->comm) > 63))
		return usage("bad comm '%s': 1 to 63 bytes", entry->comm);
	if (args[ARG_PID].value &&
	    parse_number("pid", args[ARG_PID].value, 1, GUEST_PID_MAX, &pid))
		return EXIT_USAGE;
	entry->pid = pid;
	return 0;
}

static int parse_entry(const struct arg *args, struct entry *entry)
{
	int ret = parse_who(args, entry);

	entry->rules = DEFAULT_RULES;
	entry->action = VIGIL_ACTION_OBSERVE;
	entry->without_profile = VIGIL_ACTION_OBSERVE;
	if (!ret && args[ARG_RULES].value)
		ret = parse_mask("rule", args[ARG_RULES].value,
				 &vigil_rule_names, &entry->rules);
	if (!ret && args[ARG_ACTION].value)
		ret = parse_name("action", args[ARG_ACTION].value,
				 &vigil_action_names, &entry->action);
	if (!ret && args[ARG_WITHOUT_PROFILE].value)
		ret = parse_answer("answer without a profile",
				   args[ARG_WITHOUT_PROFILE].value,
				   &entry->without_profile);
	return ret;
}

static void put_entry(struct nlmsghdr *nlh, uint32_t vm,
		      const struct entry *entry)
{
	mnl_attr_put_u32(nlh, VIGIL_A_PROTECT_VM_ID, vm);
	if (entry->comm)
		mnl_attr_put_strz(nlh, VIGIL_A_PROTECT_COMM, entry->comm);
	else if (entry->pid)
		mnl_attr_put_u32(nlh, VIGIL_A_PROTECT_PID, entry->pid);
	else
		mnl_attr_put(nlh, VIGIL_A_PROTECT_ALL, 0, NULL);
	mnl_attr_put_u32(nlh, VIGIL_A_PROTECT_RULES, entry->rules);
	mnl_attr_put_u32(nlh, VIGIL_A_PROTECT_ACTION, entry->action);
	mnl_attr_put_u32(nlh, VIGIL_A_PROTECT_WITHOUT_PROFILE,
			 entry->without_profile);
}

static void show_added(const struct vigil_attrs *entry)
{
	printf("protect %llu added\n", (unsigned long long)
	       vigil_attrs_uint(entry, VIGIL_A_PROTECT_ID, 0));
}

static int protect_add(int argc, char **argv)
{
	struct arg args[] = {
		[ARG_VM] = { .name = "--vm" },
		[ARG_COMM] = { .name = "--comm" },
		[ARG_PID] = { .name = "--pid" },
		[ARG_ALL] = { .name = "--all", .flag = true },
		[ARG_RULES] = { .name = "--rules" },
		[ARG_ACTION] = { .name = "--action" },
		[ARG_WITHOUT_PROFILE] = { .name = "--without-profile" },
		{ 0 }
	};
	struct entry entry;
	struct vigil_nl nl;
	uint32_t id;
	int ret;

	ret = parse_args(argc, argv, args);
	if (!ret)
		ret = parse_entry(args, &entry);
	if (!ret)
		ret = session_open_vm(&nl, args[ARG_VM].value, &id);
	if (ret)
		return ret;
	put_entry(vigil_nl_request(&nl, VIGIL_CMD_PROTECT_NEW), id, &entry);
	ret = session_show(&nl, show_added);
	vigil_nl_close(&nl);
	return ret;
}

/* The VM that has entry @id; the entries of two VMs may have the same id. */
static int find_vm(struct vigil_nl *nl, uint64_t id, uint32_t *vm)
{
	const struct vigil_attrs *entry;
	struct vigil_list list;
	struct vigil_err err;
	size_t i, found = 0;

	vigil_nl_request(nl, VIGIL_CMD_PROTECT_GET);
	if (vigil_nl_collect(nl, true, &list, &err))
		return fail(&err);
	for (i = 0; i < list.count; i++) {
		entry = &list.msg[i].msg.attrs;
		if (vigil_attrs_uint(entry, VIGIL_A_PROTECT_ID, 0) != id)
			continue;
		*vm = vigil_attrs_uint(entry, VIGIL_A_PROTECT_VM_ID, 0);
		found++;
	}
	vigil_list_free(&list);
	if (found > 1)
		return usage("several VMs have an entry %llu: give --vm VM",
			     (unsigned long long)id);
	if (found)
		return 0;
	warn("there is no entry %llu", (unsigned long long)id);
	return EXIT_FAILED;
}

static int delete_entry(struct vigil_nl *nl, uint32_t vm, uint64_t entry)
{
	struct nlmsghdr *nlh = vigil_nl_request(nl, VIGIL_CMD_PROTECT_DEL);

	mnl_attr_put_u32(nlh, VIGIL_A_PROTECT_VM_ID, vm);
	mnl_attr_put_u32(nlh, VIGIL_A_PROTECT_ID, entry);
	return session_do(nl);
}

static int protect_del(int argc, char **argv)
{
	struct arg args[] = { { .name = "--vm" }, { .name = "ID" }, { 0 } };
	struct vigil_nl nl;
	uint64_t entry;
	uint32_t id;
	int ret;

	ret = parse_args(argc, argv, args);
	if (ret)
		return ret;
	if (!args[1].value)
		return usage("which entry? give its id");
	if (parse_number("id", args[1].value, 1, UINT32_MAX, &entry))
		return EXIT_USAGE;
	ret = session_open_for(&nl, args[0].value, &id);
	if (ret)
		return ret;
	if (!id)
		ret = find_vm(&nl, entry, &id);
	if (!ret)
		ret = delete_entry(&nl, id, entry);
	vigil_nl_close(&nl);
	return ret;
}

static const struct verb verbs[] = {
	{ "list", protect_list, "[--vm VM]", "What is protected." },
	{ "add", protect_add,
	  "--vm VM {--comm GLOB|--pid N|--all}\n"
	  "      [--rules stack,wx,w-then-x,any] [--action observe|block|kill]\n"
	  "      [--without-profile observe|block]",
	  "Protect processes, running ones at once. Rules if not given: stack,wx,w-then-x;\n"
	  "      action, and what holds while there is no profile: observe." },
	{ "del", protect_del, "[--vm VM] ID",
	  "Remove an entry; with the last one exec protection goes off." },
	{ 0 },
};

const struct object protect_object = {
	"protect", "which processes are protected, how", verbs,
};
