// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "pattern.h"
#include "vigilctl.h"

#define DEFAULT_RULES	(VIGIL_EXEC_RULE_STACK | VIGIL_EXEC_RULE_WX | \
			 VIGIL_EXEC_RULE_W_THEN_X)

/* As the module has them. */
#define EXE_MAX		1023
#define COMM_MAX	63
/* What Linux keeps of a process' name. */
#define NAME_BYTES	15
/* The last one stands for none. */
#define GUEST_UID_MAX	(UINT32_MAX - 1)

/* Arguments of "add", in this order. */
enum {
	ARG_VM,
	ARG_EXE,
	ARG_COMM,
	ARG_PID,
	ARG_UID,
	ARG_ALL,
	ARG_DESCENDANTS,
	ARG_RULES,
	ARG_ACTION,
	ARG_WITHOUT_PROFILE,
};

/**
 * struct entry - what is to be added
 * @exe:	pattern for a path, or NULL
 * @comm:	pattern for a name, or NULL
 * @pid:	a process, or 0
 * @has_uid:	@uid is meant
 */
struct entry {
	const char *exe, *comm;
	uint32_t pid, uid, rules, action, without_profile;
	bool has_uid, descendants;
};

static size_t add_condition(char *buf, size_t size, size_t used,
			    const char *what, const char *value)
{
	if (used >= size)
		return used;
	return used + snprintf(buf + used, size - used, "%s%s %s",
			       used ? " and " : "", what, value);
}

/* All that has to match. */
static const char *who_text(const struct vigil_attrs *entry, char *buf,
			    size_t size)
{
	static const struct {
		const char *what;
		unsigned int type;
	} way[] = {
		{ "exe", VIGIL_A_PROTECT_EXE },
		{ "comm", VIGIL_A_PROTECT_COMM },
		{ "pid", VIGIL_A_PROTECT_PID },
		{ "uid", VIGIL_A_PROTECT_UID },
	};
	char value[TEXT_SIZE];
	const char *text;
	size_t used = 0, i;

	for (i = 0; i < sizeof(way) / sizeof(way[0]); i++) {
		if (!vigil_attrs_has(entry, way[i].type))
			continue;
		/* a pattern may say "and", too */
		text = entry->set->attr[way[i].type].type == VIGIL_ATTR_STRING ?
		       vigil_attrs_cell(entry, way[i].type, "-") :
		       attr_text(entry, way[i].type, value, sizeof(value));
		used = add_condition(buf, size, used, way[i].what, text);
	}
	if (!used)
		used = snprintf(buf, size, "all");
	if (vigil_attrs_has(entry, VIGIL_A_PROTECT_DESCENDANTS) && used < size)
		snprintf(buf + used, size - used, ", and descendants");
	return buf;
}

/* Without the fraction of the second. */
static const char *last_match_text(const struct vigil_attrs *entry, char *buf,
				   size_t size)
{
	const char *text = attr_text(entry, VIGIL_A_PROTECT_LAST_MATCH, buf,
				     size);
	char *dot = text == buf ? strchr(buf, '.') : NULL;

	if (dot) {
		dot[0] = 'Z';
		dot[1] = '\0';
	}
	return text;
}

static const struct column columns[] = {
	{ "VM", VIGIL_A_PROTECT_VM_ID, NULL },
	{ "ID", VIGIL_A_PROTECT_ID, NULL },
	{ "PROCESSES", VIGIL_A_PROTECT_PROCESSES, NULL },
	{ "MATCHES", VIGIL_A_PROTECT_MATCHES, NULL },
	{ "LAST-MATCH", VIGIL_A_PROTECT_LAST_MATCH, last_match_text },
	{ "HITS", VIGIL_A_PROTECT_HITS, NULL },
	{ "ACTION", VIGIL_A_PROTECT_ACTION, NULL },
	{ "RULES", VIGIL_A_PROTECT_RULES, NULL },
	{ "WITHOUT-PROFILE", VIGIL_A_PROTECT_WITHOUT_PROFILE, NULL },
	{ "WHO", VIGIL_A_PROTECT_COMM, who_text },
};

/* A module that doesn't count has no answer. */
static bool never_matched(const struct vigil_attrs *entry)
{
	return vigil_attrs_has(entry, VIGIL_A_PROTECT_MATCHES) &&
	       !vigil_attrs_has(entry, VIGIL_A_PROTECT_LAST_MATCH);
}

/* Without a proved profile no entry can match anything. */
static bool has_profile(const struct vigil_list *vms, uint64_t id)
{
	const struct vigil_attrs *vm;
	size_t i;

	for (i = 0; i < vms->count; i++) {
		vm = &vms->msg[i].msg.attrs;
		if (vigil_attrs_uint(vm, VIGIL_A_VM_ID, 0) == id)
			return vigil_attrs_uint(vm, VIGIL_A_VM_PROFILE_STATE,
						VIGIL_PROFILE_STATE_PROVED) ==
			       VIGIL_PROFILE_STATE_PROVED;
	}
	return true;
}

static void warn_of(const struct vigil_attrs *entry,
		    const struct vigil_list *vms)
{
	uint64_t vm = vigil_attrs_uint(entry, VIGIL_A_PROTECT_VM_ID, 0);
	char who[CELL_SIZE];

	warn("vm %llu: protect %llu (%s): %s", (unsigned long long)vm,
	     (unsigned long long)vigil_attrs_uint(entry, VIGIL_A_PROTECT_ID, 0),
	     who_text(entry, who, sizeof(who)), has_profile(vms, vm) ?
	     "has matched no process so far" :
	     "matches nothing while there is no proved profile, "
	     "see vigilctl profile find");
}

/* An entry that protects nobody must be seen. */
static void warn_of_unmatched(struct vigil_nl *nl,
			      const struct vigil_list *list)
{
	struct vigil_list vms = { 0 };
	struct vigil_err err;
	bool asked = false;
	size_t i;

	for (i = 0; i < list->count; i++) {
		if (!never_matched(&list->msg[i].msg.attrs))
			continue;
		if (!asked) {
			asked = true;
			vigil_nl_request(nl, VIGIL_CMD_VM_GET);
			/* then nobody can say why, and it is said all the same */
			if (vigil_nl_collect(nl, true, &vms, &err))
				memset(&vms, 0, sizeof(vms));
		}
		warn_of(&list->msg[i].msg.attrs, &vms);
	}
	vigil_list_free(&vms);
}

static int protect_list(int argc, char **argv)
{
	struct arg args[] = { { .name = "--vm" }, { 0 } };
	struct vigil_list list;
	struct vigil_err err;
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
	if (vigil_nl_collect(&nl, true, &list, &err)) {
		ret = fail(&err);
	} else if (opt_json) {
		print_json_list(&list);
	} else {
		print_table(columns, sizeof(columns) / sizeof(columns[0]),
			    &list);
		warn_of_unmatched(&nl, &list);
	}
	vigil_list_free(&list);
	vigil_nl_close(&nl);
	return ret;
}

static int bad_pattern(const char *option, const char *glob,
		       const struct pattern_flaw *flaw)
{
	if (!flaw->len)
		return usage("bad %s '%s': it can never match, %s", option,
			     glob, flaw->why);
	return usage("bad %s '%s': it can never match, '%.*s' %s", option,
		     glob, (int)flaw->len, flaw->at, flaw->why);
}

static bool ends_with(const char *s, const char *end)
{
	size_t len = strlen(s), end_len = strlen(end);

	return len >= end_len && !strcmp(s + len - end_len, end);
}

static int check_exe(const char *exe)
{
	struct pattern_flaw flaw;

	if (!*exe || strlen(exe) > EXE_MAX)
		return usage("bad exe '%s': 1 to %d bytes", exe, EXE_MAX);
	if (!pattern_begins_with(exe, "/"))
		return usage("bad exe '%s': it can never match, a path begins "
			     "with /; for a file anywhere: '*/%s'",
			     exe, exe);
	if (pattern_path_flaw(exe, &flaw))
		return bad_pattern("exe", exe, &flaw);
	/* as people see it in what vigilctl prints */
	if (ends_with(exe, DELETED))
		return usage("bad exe '%s': also of a deleted file the path is "
			     "matched without '%s'; for a file that is called "
			     "so: '%.*s\\)'",
			     exe, DELETED, (int)strlen(exe) - 1, exe);
	pattern_explain("exe", exe);
	return 0;
}

static int check_comm(const char *comm)
{
	char shortest[COMM_MAX + 1];
	struct pattern_flaw flaw;
	size_t needed;

	if (!*comm || strlen(comm) > COMM_MAX)
		return usage("bad comm '%s': 1 to %d bytes", comm, COMM_MAX);
	needed = pattern_shortest(comm, shortest, sizeof(shortest));
	if (needed > NAME_BYTES)
		return usage("bad comm '%s': it can never match, a name has at "
			     "most %d bytes and the shortest that it matches, "
			     "'%s', has %zu",
			     comm, NAME_BYTES, shortest, needed);
	if (pattern_name_flaw(comm, &flaw))
		return bad_pattern("comm", comm, &flaw);
	pattern_explain("comm", comm);
	if (*comm == '/')
		warn("note: comm '%s' is matched with a name, which is no path: "
		     "for paths there is --exe",
		     comm);
	return 0;
}

/* All that is given has to match; --all is all there is. */
static int parse_who(const struct arg *args, struct entry *entry)
{
	uint64_t pid = 0, uid = 0;
	bool some = false;
	int i;

	for (i = ARG_EXE; i <= ARG_UID; i++) {
		some |= !!args[i].value;
		if (args[i].value && args[ARG_ALL].value)
			return usage("'%s' with --all, which stands alone",
				     args[i].name);
	}
	if (!some && !args[ARG_ALL].value)
		return usage("protect whom? give --exe GLOB, --comm GLOB, --pid N, "
			     "--uid N (of several all have to match), or --all");
	entry->exe = args[ARG_EXE].value;
	entry->comm = args[ARG_COMM].value;
	entry->has_uid = args[ARG_UID].value;
	entry->descendants = args[ARG_DESCENDANTS].value;
	if ((entry->exe && check_exe(entry->exe)) ||
	    (entry->comm && check_comm(entry->comm)) ||
	    (args[ARG_PID].value &&
	     parse_number("pid", args[ARG_PID].value, 1, GUEST_PID_MAX,
			  &pid)) ||
	    (args[ARG_UID].value &&
	     parse_number("uid", args[ARG_UID].value, 0, GUEST_UID_MAX, &uid)))
		return EXIT_USAGE;
	entry->pid = pid;
	entry->uid = uid;
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
	if (entry->exe)
		mnl_attr_put_strz(nlh, VIGIL_A_PROTECT_EXE, entry->exe);
	if (entry->comm)
		mnl_attr_put_strz(nlh, VIGIL_A_PROTECT_COMM, entry->comm);
	if (entry->pid)
		mnl_attr_put_u32(nlh, VIGIL_A_PROTECT_PID, entry->pid);
	if (entry->has_uid)
		mnl_attr_put_u32(nlh, VIGIL_A_PROTECT_UID, entry->uid);
	if (!entry->exe && !entry->comm && !entry->pid && !entry->has_uid)
		mnl_attr_put(nlh, VIGIL_A_PROTECT_ALL, 0, NULL);
	if (entry->descendants)
		mnl_attr_put(nlh, VIGIL_A_PROTECT_DESCENDANTS, 0, NULL);
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
		[ARG_EXE] = { .name = "--exe" },
		[ARG_COMM] = { .name = "--comm" },
		[ARG_PID] = { .name = "--pid" },
		[ARG_UID] = { .name = "--uid" },
		[ARG_ALL] = { .name = "--all", .flag = true },
		[ARG_DESCENDANTS] = { .name = "--descendants", .flag = true },
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
	{ "list", protect_list, "[--vm VM]",
	  "What is protected: how many processes now, what matched how often and when last,\n"
	  "      and fetches that a rule matched (HITS)." },
	{ "add", protect_add,
	  "--vm VM {[--exe GLOB] [--comm GLOB] [--pid N] [--uid N]|--all}\n"
	  "      [--descendants] [--rules stack,wx,w-then-x,any]\n"
	  "      [--action observe|block|kill] [--without-profile observe|block]",
	  "Protect processes, running ones at once: by the path of what they execute\n"
	  "      ('/usr/sbin/nginx', '/opt/*'), by name (15 bytes at most), process or user id;\n"
	  "      of several all have to match. What they were matched for stays with them and\n"
	  "      their children until they execute something else; with --descendants beyond\n"
	  "      that. Rules if not given: stack,wx,w-then-x; action, and what holds while there\n"
	  "      is no profile: observe." },
	{ "del", protect_del, "[--vm VM] ID",
	  "Remove an entry; with the last one exec protection goes off." },
	{ 0 },
};

const struct object protect_object = {
	"protect", "which processes are protected, how", verbs,
};
