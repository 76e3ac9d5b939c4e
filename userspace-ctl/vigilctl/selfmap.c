// SPDX-License-Identifier: GPL-2.0
/* Page-table self-maps of Windows guests. */
#include "vigilctl.h"

#define PERIOD_MAX_MS	10000

static const struct column columns[] = {
	{ "VM", VIGIL_A_SELFMAP_VM_ID, NULL },
	{ "ACTION", VIGIL_A_SELFMAP_ACTION, NULL },
	{ "WAY", VIGIL_A_SELFMAP_WAY, NULL },
	{ "STATE", VIGIL_A_SELFMAP_STATE, NULL },
	{ "PROCESSES", VIGIL_A_SELFMAP_PROCESSES, NULL },
	{ "TABLES", VIGIL_A_SELFMAP_TABLES, NULL },
	{ "FOUND", VIGIL_A_SELFMAP_HOSTILE, NULL },
};

static void show_way(const struct vigil_attrs *s)
{
	char buf[TEXT_SIZE];

	if (vigil_attrs_has(s, VIGIL_A_SELFMAP_WHY))
		print_pair("way", "%s: %s",
			   vigil_attrs_name(s, VIGIL_A_SELFMAP_WAY),
			   attr_text(s, VIGIL_A_SELFMAP_WHY, buf,
				     sizeof(buf)));
	else
		print_attr("way", s, VIGIL_A_SELFMAP_WAY);
	print_attr("asked way", s, VIGIL_A_SELFMAP_ASKED_WAY);
}

/* What one core of the host spends on the sweep. */
static void show_cost(const struct vigil_attrs *s)
{
	uint64_t rounds = vigil_attrs_uint(s, VIGIL_A_SELFMAP_ROUNDS, 0);
	uint64_t time = vigil_attrs_uint(s, VIGIL_A_SELFMAP_TIME, 0);

	print_attr("rounds", s, VIGIL_A_SELFMAP_ROUNDS);
	if (rounds)
		print_pair("time per round", "%llu ns",
			   (unsigned long long)(time / rounds));
}

static void show_counts(const struct vigil_attrs *s)
{
	print_attr("checked", s, VIGIL_A_SELFMAP_CHECKED);
	print_attr("scanned", s, VIGIL_A_SELFMAP_SCANNED);
	print_attr("writes", s, VIGIL_A_SELFMAP_WRITES);
	print_attr("switches", s, VIGIL_A_SELFMAP_SWITCHES);
	print_attr("missed", s, VIGIL_A_SELFMAP_MISSED);
	print_attr("missed event", s, VIGIL_A_SELFMAP_MISSED_EVENT);
	print_attr("dropped pages", s, VIGIL_A_SELFMAP_DROPPED_PAGES);
	print_attr("found", s, VIGIL_A_SELFMAP_HOSTILE);
	print_attr("dropped", s, VIGIL_A_SELFMAP_DROPPED);
	print_attr("cleared", s, VIGIL_A_SELFMAP_CLEARED);
	print_attr("repaired", s, VIGIL_A_SELFMAP_REPAIRED);
	print_attr("raced", s, VIGIL_A_SELFMAP_RACED);
	print_attr("failed", s, VIGIL_A_SELFMAP_FAILED);
	print_attr("unproved", s, VIGIL_A_SELFMAP_UNPROVED);
}

static void show_plain(const struct vigil_attrs *s)
{
	print_attr("vm", s, VIGIL_A_SELFMAP_VM_ID);
	print_attr("action", s, VIGIL_A_SELFMAP_ACTION);
	show_way(s);
	print_attr("period ms", s, VIGIL_A_SELFMAP_PERIOD_MS);
	print_attr("state", s, VIGIL_A_SELFMAP_STATE);
	print_attr("slot", s, VIGIL_A_SELFMAP_SLOT);
	print_attr("processes", s, VIGIL_A_SELFMAP_PROCESSES);
	print_attr("tables", s, VIGIL_A_SELFMAP_TABLES);
	print_attr("loaded only", s, VIGIL_A_SELFMAP_LOADED);
	print_attr("watched", s, VIGIL_A_SELFMAP_WATCHED);
	show_cost(s);
	show_counts(s);
}

static int show_all(void)
{
	struct vigil_nl nl;
	int ret;

	ret = session_open(&nl);
	if (ret)
		return ret;
	vigil_nl_request(&nl, VIGIL_CMD_SELFMAP_GET);
	ret = print_dump(&nl, columns, sizeof(columns) / sizeof(columns[0]));
	vigil_nl_close(&nl);
	return ret;
}

/* One request about the VM called @vm; @plain prints the reply, if there is one. */
static int ask(const char *vm, uint8_t cmd, plain_fn plain)
{
	struct vigil_nl nl;
	uint32_t id;
	int ret;

	ret = session_open_vm(&nl, vm, &id);
	if (ret)
		return ret;
	mnl_attr_put_u32(vigil_nl_request(&nl, cmd), VIGIL_A_SELFMAP_VM_ID, id);
	ret = plain ? session_show(&nl, plain) : session_do(&nl);
	vigil_nl_close(&nl);
	return ret;
}

static int selfmap_show(int argc, char **argv)
{
	struct arg args[] = { { .name = "--vm" }, { 0 } };
	int ret;

	ret = parse_args(argc, argv, args);
	if (ret)
		return ret;
	return args[0].value ?
	       ask(args[0].value, VIGIL_CMD_SELFMAP_GET, show_plain) :
	       show_all();
}

/* Arguments of "on", in this order. */
enum { ARG_VM, ARG_ACTION, ARG_WAY, ARG_PERIOD };

/**
 * struct settings - what "on" asks for; what isn't given stays as it is
 */
struct settings {
	uint32_t action, way;
	uint64_t period;
};

static int parse_settings(const struct arg *args, struct settings *set)
{
	int ret = 0;

	if (args[ARG_ACTION].value)
		ret = parse_answer("action", args[ARG_ACTION].value,
				   &set->action);
	if (!ret && args[ARG_WAY].value)
		ret = parse_name("way", args[ARG_WAY].value,
				 &vigil_selfmap_way_names, &set->way);
	if (!ret && args[ARG_PERIOD].value)
		ret = parse_number("period", args[ARG_PERIOD].value, 1,
				   PERIOD_MAX_MS, &set->period);
	return ret;
}

static int selfmap_on(int argc, char **argv)
{
	struct arg args[] = {
		[ARG_VM] = { .name = "--vm" },
		[ARG_ACTION] = { .name = "--action" },
		[ARG_WAY] = { .name = "--way" },
		[ARG_PERIOD] = { .name = "--period" },
		{ 0 }
	};
	struct settings set = { 0 };
	struct nlmsghdr *nlh;
	struct vigil_nl nl;
	uint32_t id;
	int ret;

	ret = parse_args(argc, argv, args);
	if (!ret)
		ret = parse_settings(args, &set);
	if (!ret)
		ret = session_open_vm(&nl, args[ARG_VM].value, &id);
	if (ret)
		return ret;
	nlh = vigil_nl_request(&nl, VIGIL_CMD_SELFMAP_SET);
	mnl_attr_put_u32(nlh, VIGIL_A_SELFMAP_VM_ID, id);
	if (args[ARG_ACTION].value)
		mnl_attr_put_u32(nlh, VIGIL_A_SELFMAP_ACTION, set.action);
	if (args[ARG_WAY].value)
		mnl_attr_put_u32(nlh, VIGIL_A_SELFMAP_ASKED_WAY, set.way);
	if (args[ARG_PERIOD].value)
		mnl_attr_put_u32(nlh, VIGIL_A_SELFMAP_PERIOD_MS, set.period);
	ret = session_do(&nl);
	vigil_nl_close(&nl);
	return ret;
}

static int selfmap_off(int argc, char **argv)
{
	struct arg args[] = { { .name = "--vm" }, { 0 } };
	int ret = parse_args(argc, argv, args);

	return ret ? ret : ask(args[0].value, VIGIL_CMD_SELFMAP_DEL, NULL);
}

static void show_checked(const struct vigil_attrs *s)
{
	printf("%llu tables of %llu processes: %llu wrong entries\n",
	       (unsigned long long)
	       vigil_attrs_uint(s, VIGIL_A_SELFMAP_TABLES, 0),
	       (unsigned long long)
	       vigil_attrs_uint(s, VIGIL_A_SELFMAP_PROCESSES, 0),
	       (unsigned long long)
	       vigil_attrs_uint(s, VIGIL_A_SELFMAP_WRONG, 0));
}

static int selfmap_check(int argc, char **argv)
{
	struct arg args[] = { { .name = "--vm" }, { 0 } };
	int ret = parse_args(argc, argv, args);

	return ret ? ret : ask(args[0].value, VIGIL_CMD_SELFMAP_CHECK,
			       show_checked);
}

static const struct verb verbs[] = {
	{ "show", selfmap_show, "[--vm VM]",
	  "How the self-maps of a guest are protected, and what was found." },
	{ "on", selfmap_on,
	  "--vm VM [--action observe|block] [--way auto|write|switch|sweep]\n"
	  "      [--period MS]",
	  "Protect them, or change how. If not given: as it is, at first observe, auto, 10." },
	{ "off", selfmap_off, "--vm VM", "Stop that." },
	{ "check", selfmap_check, "--vm VM",
	  "Look at all processes and all their top-level tables now." },
	{ 0 },
};

const struct object selfmap_object = {
	"selfmap", "page-table self-maps of Windows guests", verbs,
};
