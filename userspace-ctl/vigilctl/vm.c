// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "vigilctl.h"
#include "vmfd.h"

#define SWEEP_MAX_MS	86400000

#define NAME_MAX_LEN	63
#define DIGITS		"0123456789"
#define NAME_BYTES	DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZ" \
			"abcdefghijklmnopqrstuvwxyz._:@+-"

static const char *memory_text(const struct vigil_attrs *vm, char *buf,
			       size_t size)
{
	size_text(vigil_attrs_uint(vm, VIGIL_A_VM_MEMORY, 0), buf, size);
	return buf;
}

const struct column vm_columns[] = {
	{ "ID", VIGIL_A_VM_ID, NULL },
	{ "PID", VIGIL_A_VM_PID, NULL },
	{ "VCPUS", VIGIL_A_VM_VCPUS, NULL },
	{ "MEMORY", VIGIL_A_VM_MEMORY, memory_text },
	{ "EXEC", VIGIL_A_VM_EXEC, NULL },
	{ "PROFILE", VIGIL_A_VM_PROFILE_STATE, NULL },
	{ "NAME", VIGIL_A_VM_NAME, NULL },
};

const size_t vm_columns_count = sizeof(vm_columns) / sizeof(vm_columns[0]);

static int vm_list(int argc, char **argv)
{
	struct arg args[] = { { 0 } };
	struct vigil_nl nl;
	int ret;

	ret = parse_args(argc, argv, args);
	if (!ret)
		ret = session_open(&nl);
	if (ret)
		return ret;
	vigil_nl_request(&nl, VIGIL_CMD_VM_GET);
	ret = print_dump(&nl, vm_columns, vm_columns_count);
	vigil_nl_close(&nl);
	return ret;
}

static void show_selfmap(const struct vigil_attrs *vm)
{
	char text[TEXT_SIZE];

	if (!vigil_attrs_has(vm, VIGIL_A_VM_SELFMAP_WAY))
		print_pair("self-map by", "off");
	else if (!vigil_attrs_has(vm, VIGIL_A_VM_SELFMAP_WHY))
		print_attr("self-map by", vm, VIGIL_A_VM_SELFMAP_WAY);
	else
		print_pair("self-map by", "%s: %s",
			   vigil_attrs_name(vm, VIGIL_A_VM_SELFMAP_WAY),
			   attr_text(vm, VIGIL_A_VM_SELFMAP_WHY, text,
				     sizeof(text)));
}

static void show_plain(const struct vigil_attrs *vm)
{
	char text[TEXT_SIZE];

	print_attr("id", vm, VIGIL_A_VM_ID);
	print_attr("name", vm, VIGIL_A_VM_NAME);
	print_attr("pid", vm, VIGIL_A_VM_PID);
	print_attr("vcpus", vm, VIGIL_A_VM_VCPUS);
	print_pair("memory", "%s", memory_text(vm, text, sizeof(text)));
	print_attr("exec protection", vm, VIGIL_A_VM_EXEC);
	show_selfmap(vm);
	print_attr("profile", vm, VIGIL_A_VM_PROFILE_STATE);
	print_attr("attached", vm, VIGIL_A_VM_ATTACHED);
	print_attr("sweep ms", vm, VIGIL_A_VM_SWEEP_MS);
	print_attr("last alert", vm, VIGIL_A_VM_LAST_ALERT);
}

/* The VM that is the verb's only argument. */
static int open_named(struct vigil_nl *nl, int argc, char **argv, uint32_t *id)
{
	struct arg args[] = { { .name = "VM" }, { 0 } };

	if (parse_args(argc, argv, args))
		return EXIT_USAGE;
	if (!args[0].value)
		return usage("which vm? give its id or name");
	return session_open_vm(nl, args[0].value, id);
}

static int vm_show(int argc, char **argv)
{
	struct vigil_nl nl;
	uint32_t id;
	int ret;

	ret = open_named(&nl, argc, argv, &id);
	if (ret)
		return ret;
	mnl_attr_put_u32(vigil_nl_request(&nl, VIGIL_CMD_VM_GET),
			 VIGIL_A_VM_ID, id);
	ret = session_show(&nl, show_plain);
	vigil_nl_close(&nl);
	return ret;
}

static int show_attached(const struct vigil_msg *msg, void *data,
			 struct vigil_err *err __attribute__((unused)))
{
	const char *name = data;

	if (opt_json)
		print_json(vigil_attrs_json(&msg->attrs));
	else
		printf("vm %llu%s%s attached\n",
		       (unsigned long long)vigil_attrs_uint(&msg->attrs,
							    VIGIL_A_VM_ID, 0),
		       name ? " " : "", name ? name : "");
	return 0;
}

static int attach(int fd, const char *name)
{
	struct nlmsghdr *nlh;
	struct vigil_nl nl;
	int ret;

	ret = session_open(&nl);
	if (ret)
		return ret;
	nlh = vigil_nl_request(&nl, VIGIL_CMD_VM_NEW);
	mnl_attr_put_u32(nlh, VIGIL_A_VM_FD, fd);
	if (name)
		mnl_attr_put_strz(nlh, VIGIL_A_VM_NAME, name);
	ret = session_ask(&nl, show_attached, (void *)name);
	vigil_nl_close(&nl);
	return ret;
}

/*
 * A name is used in place of an id, so it must not look like one; and shells
 * complete it, so it must mean nothing to them.
 */
static int check_name(const char *name)
{
	size_t len = strlen(name);

	if (len && len <= NAME_MAX_LEN && *name != '-' &&
	    !strchr(DIGITS, *name) && strspn(name, NAME_BYTES) == len)
		return 0;
	return usage("bad name '%s': 1 to %d of A-Z a-z 0-9 . _ : @ + -, no digit or dash first",
		     name, NAME_MAX_LEN);
}

static int vm_attach(int argc, char **argv)
{
	struct arg args[] = { { .name = "--pid" }, { .name = "--fd" },
			      { .name = "--name" }, { 0 } };
	uint64_t pid = 0, fd = 0;
	struct vigil_err err;
	int ret, vm;

	ret = parse_args(argc, argv, args);
	if (ret)
		return ret;
	if (!args[0].value)
		return usage("which VMM? give --pid N");
	if (parse_number("pid", args[0].value, 1, INT_MAX, &pid) ||
	    (args[1].value &&
	     parse_number("fd", args[1].value, 0, INT_MAX, &fd)) ||
	    (args[2].value && check_name(args[2].value)))
		return EXIT_USAGE;
	vm = vmfd_take(pid, args[1].value ? (int)fd : -1, &err);
	if (vm < 0)
		return fail(&err);
	ret = attach(vm, args[2].value);
	close(vm);
	return ret;
}

static int vm_detach(int argc, char **argv)
{
	struct vigil_nl nl;
	uint32_t id;
	int ret;

	ret = open_named(&nl, argc, argv, &id);
	if (ret)
		return ret;
	mnl_attr_put_u32(vigil_nl_request(&nl, VIGIL_CMD_VM_DEL),
			 VIGIL_A_VM_ID, id);
	ret = session_do(&nl);
	vigil_nl_close(&nl);
	return ret;
}

/**
 * struct settings - what "vm set" changes
 * @sweep_ms:	new period, if @period
 * @now:	sweep at once
 */
struct settings {
	uint64_t sweep_ms;
	bool period, now;
};

static int parse_sweep(const char *value, struct settings *set)
{
	if (!strcmp(value, "now")) {
		set->now = true;
		return 0;
	}
	set->period = true;
	return parse_number("sweep", value, 0, SWEEP_MAX_MS, &set->sweep_ms);
}

static int parse_settings(int argc, char **argv, struct settings *set)
{
	int i, ret;

	if (!argc)
		return usage("set what? known is sweep");
	for (i = 0; i < argc; i += 2) {
		if (strcmp(argv[i], "sweep"))
			return usage("unknown setting '%s': known is sweep",
				     argv[i]);
		if (i + 1 == argc)
			return usage("'%s' needs a value", argv[i]);
		ret = parse_sweep(argv[i + 1], set);
		if (ret)
			return ret;
	}
	return 0;
}

static int vm_set(int argc, char **argv)
{
	struct settings set = { 0 };
	struct nlmsghdr *nlh;
	struct vigil_nl nl;
	uint32_t id;
	int ret;

	if (!argc)
		return usage("which vm? give its id or name");
	if (*argv[0] == '-')
		return unknown_argument(argv[0]);
	ret = parse_settings(argc - 1, argv + 1, &set);
	if (!ret)
		ret = session_open_vm(&nl, argv[0], &id);
	if (ret)
		return ret;
	nlh = vigil_nl_request(&nl, VIGIL_CMD_VM_SET);
	mnl_attr_put_u32(nlh, VIGIL_A_VM_ID, id);
	if (set.period)
		mnl_attr_put_u32(nlh, VIGIL_A_VM_SWEEP_MS, set.sweep_ms);
	if (set.now)
		mnl_attr_put(nlh, VIGIL_A_VM_SWEEP, 0, NULL);
	ret = session_do(&nl);
	vigil_nl_close(&nl);
	return ret;
}

static const struct verb vm_verbs[] = {
	{ "list", vm_list, "", "The attached VMs." },
	{ "show", vm_show, "VM", "All about one; VM is its id or its name." },
	{ "attach", vm_attach, "--pid N [--fd N] [--name S]",
	  "Attach to the VM of the VMM with process id N; --fd where it has several." },
	{ "detach", vm_detach, "VM",
	  "Let go: the guest is then as without vigil." },
	{ "set", vm_set, "VM sweep MS|now",
	  "Period of the sweep (0: off), or sweep now." },
	{ 0 },
};

const struct object vm_object = {
	"vm", "virtual machines: attach, detach, list, settings", vm_verbs,
};
