// SPDX-License-Identifier: GPL-2.0
#include "vigilctl.h"

#define PTE_PRESENT	0x1ULL
#define PTE_USER	0x4ULL
#define PTE_ADDRESS	0x000ffffffffff000ULL

/*
 * A kernel thread has neither an executable nor memory of its own: as ps, its name
 * stands in brackets.  Memory without an executable is a process that hides it.
 */
static const char *exe_text(const struct vigil_attrs *process, char *buf,
			    size_t size)
{
	if (vigil_attrs_has(process, VIGIL_A_PROCESS_EXE) ||
	    vigil_attrs_uint(process, VIGIL_A_PROCESS_MM, 1))
		return exe_cell(process, "-");
	snprintf(buf, size, "[%s]",
		 vigil_attrs_cell(process, VIGIL_A_PROCESS_COMM, ""));
	return buf;
}

static const char *state_of(uint64_t entry, uint64_t root, uint64_t other_root)
{
	uint64_t frame = entry & PTE_ADDRESS;

	if (!(entry & PTE_PRESENT))
		return "empty";
	if (entry & PTE_USER)
		return "OPEN";
	return frame == root || frame == other_root ? "ok" : "OTHER";
}

/* The self-map entry of a process, with KVA shadow that of user mode as well. */
static const char *self_map_text(const struct vigil_attrs *p, char *buf,
				 size_t size)
{
	uint64_t root = vigil_attrs_uint(p, VIGIL_A_PROCESS_ROOT, 0);
	uint64_t user = vigil_attrs_uint(p, VIGIL_A_PROCESS_USER_ROOT, 0);
	const char *kernel_state, *user_state;

	if (!vigil_attrs_has(p, VIGIL_A_PROCESS_SELF_MAP))
		return "-";
	kernel_state = state_of(vigil_attrs_uint(p, VIGIL_A_PROCESS_SELF_MAP, 0),
				root, root);
	if (!vigil_attrs_has(p, VIGIL_A_PROCESS_USER_SELF_MAP))
		return kernel_state;
	user_state = state_of(vigil_attrs_uint(p, VIGIL_A_PROCESS_USER_SELF_MAP,
					       0), user, root);
	snprintf(buf, size, "%s,%s", kernel_state, user_state);
	return buf;
}

static const struct column windows_columns[] = {
	{ "PID", VIGIL_A_PROCESS_PID, NULL },
	{ "PPID", VIGIL_A_PROCESS_PPID, NULL },
	{ "CREATED", VIGIL_A_PROCESS_CREATE_TIME, NULL },
	{ "TABLE", VIGIL_A_PROCESS_ROOT, NULL },
	{ "USER-TABLE", VIGIL_A_PROCESS_USER_ROOT, NULL },
	{ "SELF-MAP", VIGIL_A_PROCESS_SELF_MAP, self_map_text },
	{ "FLAGS", VIGIL_A_PROCESS_FLAGS, NULL },
	{ "NAME", VIGIL_A_PROCESS_COMM, NULL },
};

static const struct column columns[] = {
	{ "PID", VIGIL_A_PROCESS_PID, NULL },
	{ "PPID", VIGIL_A_PROCESS_PPID, NULL },
	{ "UID", VIGIL_A_PROCESS_UID, NULL },
	{ "GID", VIGIL_A_PROCESS_GID, NULL },
	{ "PROTECT", VIGIL_A_PROCESS_PROTECT_ID, NULL },
	{ "COMM", VIGIL_A_PROCESS_COMM, NULL },
	{ "EXE", VIGIL_A_PROCESS_EXE, exe_text },
};

/* All that is known of a Linux process but addresses. */
static const struct column long_columns[] = {
	{ "PID", VIGIL_A_PROCESS_PID, NULL },
	{ "PPID", VIGIL_A_PROCESS_PPID, NULL },
	{ "NS-PID", VIGIL_A_PROCESS_NS_PID, NULL },
	{ "UID", VIGIL_A_PROCESS_UID, NULL },
	{ "GID", VIGIL_A_PROCESS_GID, NULL },
	{ "PROTECT", VIGIL_A_PROCESS_PROTECT_ID, NULL },
	{ "STARTED", VIGIL_A_PROCESS_START_TIME, start_words },
	{ "COMM", VIGIL_A_PROCESS_COMM, NULL },
	{ "CGROUP", VIGIL_A_PROCESS_CGROUP, NULL },
	{ "EXE", VIGIL_A_PROCESS_EXE, exe_text },
	{ "COMMAND", VIGIL_A_PROCESS_CMDLINE, NULL },
};

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

/* Only processes of a Windows guest have flags. */
static void print_processes(const struct vigil_list *list, bool all)
{
	if (list->count && vigil_attrs_has(&list->msg[0].msg.attrs,
					   VIGIL_A_PROCESS_FLAGS))
		print_table(windows_columns, COUNT(windows_columns), list);
	else if (all)
		print_table(long_columns, COUNT(long_columns), list);
	else
		print_table(columns, COUNT(columns), list);
}

static int dump_processes(struct vigil_nl *nl, bool all)
{
	struct vigil_list list;
	struct vigil_err err;

	if (vigil_nl_collect(nl, true, &list, &err))
		return fail(&err);
	if (opt_json)
		print_json_list(&list);
	else
		print_processes(&list, all);
	vigil_list_free(&list);
	return EXIT_DONE;
}

static int process_list(int argc, char **argv)
{
	struct arg args[] = { { .name = "--vm" },
			      { .name = "--long", .flag = true }, { 0 } };
	struct vigil_nl nl;
	uint32_t id;
	int ret;

	ret = parse_args(argc, argv, args);
	if (!ret)
		ret = session_open_vm(&nl, args[0].value, &id);
	if (ret)
		return ret;
	mnl_attr_put_u32(vigil_nl_request(&nl, VIGIL_CMD_PROCESS_GET),
			 VIGIL_A_PROCESS_VM_ID, id);
	ret = dump_processes(&nl, args[1].value);
	vigil_nl_close(&nl);
	return ret;
}

static const struct verb verbs[] = {
	{ "list", process_list, "--vm VM [--long]",
	  "The guest's processes; of a Linux guest the entry that protects each, and with\n"
	  "      --long start time, control group and command line as well; of a Windows guest\n"
	  "      its page tables and their self-map entries." },
	{ 0 },
};

const struct object process_object = {
	"process", "processes of a guest", verbs,
};
