// SPDX-License-Identifier: GPL-2.0
#include <getopt.h>
#include <string.h>

#include "vigilctl.h"

bool opt_json, opt_pretty, opt_debug;

static const struct object *const objects[] = {
	&probe_object, &vm_object, &profile_object, &process_object,
	&vma_object, &protect_object, &selfmap_object, &alert_object,
	&stats_object,
};

#define OBJECTS	(sizeof(objects) / sizeof(objects[0]))

static void help(FILE *to)
{
	size_t i;

	fputs("Usage: vigilctl [-j|-p|-d|-V|-h] OBJECT VERB [ARGS]\n\n"
	      "Objects (\"vigilctl OBJECT help\" tells more):\n", to);
	for (i = 0; i < OBJECTS; i++)
		fprintf(to, "  %-8s  %s\n", objects[i]->name, objects[i]->help);
	fputs("\nWithout arguments: an overview.\n\n"
	      "Options:\n"
	      "  -j, --json     JSON\n"
	      "  -p, --pretty   JSON for people: indented\n"
	      "  -d, --debug    show the netlink messages on stderr\n"
	      "  -V, --version  version\n"
	      "  -h, --help     this help\n", to);
}

static void help_verb(const struct object *object, const struct verb *verb)
{
	printf("  vigilctl %s %s%s%s\n      %s\n", object->name, verb->name,
	       *verb->args ? " " : "", verb->args, verb->help);
}

static int help_object(const struct object *object)
{
	const struct verb *verb;

	printf("%s: %s\n\n", object->name, object->help);
	for (verb = object->verbs; verb->name; verb++)
		help_verb(object, verb);
	return EXIT_DONE;
}

static bool is_help(const char *s)
{
	return !strcmp(s, "help") || !strcmp(s, "-h") || !strcmp(s, "--help");
}

static int run_object(const struct object *object, int argc, char **argv)
{
	const struct verb *verb = object->verbs;

	/* without a verb the first one, which only shows something */
	if (!argc)
		return verb->run(0, argv);
	if (is_help(argv[0]))
		return help_object(object);
	for (; verb->name; verb++) {
		if (strcmp(verb->name, argv[0]))
			continue;
		if (argc < 2 || !is_help(argv[1]))
			return verb->run(argc - 1, argv + 1);
		help_verb(object, verb);
		return EXIT_DONE;
	}
	return usage("unknown verb '%s': see vigilctl %s help", argv[0],
		     object->name);
}

static const struct object *find_object(const char *name)
{
	size_t i;

	for (i = 0; i < OBJECTS; i++) {
		if (!strcmp(objects[i]->name, name))
			return objects[i];
	}
	usage("unknown object '%s': see vigilctl help", name);
	return NULL;
}

static int run_help(int argc, char **argv)
{
	const struct object *object;

	if (!argc) {
		help(stdout);
		return EXIT_DONE;
	}
	if (argc > 1)
		return unknown_argument(argv[1]);
	object = find_object(argv[0]);
	return object ? help_object(object) : EXIT_USAGE;
}

static int run(int argc, char **argv)
{
	const struct object *object;

	if (!argc)
		return overview();
	if (is_help(argv[0]))
		return run_help(argc - 1, argv + 1);
	object = find_object(argv[0]);
	return object ? run_object(object, argc - 1, argv + 1) : EXIT_USAGE;
}

/* Data that did not arrive is a failure, even if all else went well. */
static int finish(int ret)
{
	if (!fflush(stdout) && !ferror(stdout))
		return ret;
	warn("writing the output failed");
	return ret ? ret : EXIT_FAILED;
}

/* -1: go on; else an exit code. */
static int option(int opt, const char *arg)
{
	switch (opt) {
	case 'p':
		opt_pretty = true;
		opt_json = true;
		return -1;
	case 'j':
		opt_json = true;
		return -1;
	case 'd':
		opt_debug = true;
		return -1;
	case 'V':
		printf("vigilctl %s\n", VIGIL_VERSION);
		return EXIT_DONE;
	case 'h':
		help(stdout);
		return EXIT_DONE;
	default:
		return usage("unknown option '%s': see vigilctl help", arg);
	}
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "pretty", no_argument, NULL, 'p' },
		{ "debug", no_argument, NULL, 'd' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *arg;
	int opt, ret;

	opterr = 0;
	while (arg = argv[optind],
	       (opt = getopt_long(argc, argv, "+jpdVh", longs, NULL)) != -1) {
		ret = option(opt, arg);
		if (ret >= 0)
			return finish(ret);
	}
	return finish(run(argc - optind, argv + optind));
}
