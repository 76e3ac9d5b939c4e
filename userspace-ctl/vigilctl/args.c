// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "text.h"
#include "vigilctl.h"

/* @s' argument: by its name if it begins with a dash, else the next without. */
static struct arg *find_arg(struct arg *args, const char *s)
{
	bool dash = *s == '-';
	struct arg *arg;

	for (arg = args; arg->name; arg++) {
		if (dash && !strcmp(arg->name, s))
			return arg;
		if (!dash && *arg->name != '-' && !arg->value)
			return arg;
	}
	return NULL;
}

int unknown_argument(const char *s)
{
	if (*s != '-')
		return usage("unknown argument '%s'", s);
	return usage("unknown argument '%s': -j, -p, -d go before the object",
		     s);
}

int parse_args(int argc, char **argv, struct arg *args)
{
	struct arg *arg;
	int i;

	for (i = 0; i < argc; i++) {
		arg = find_arg(args, argv[i]);
		if (!arg)
			return unknown_argument(argv[i]);
		if (arg->value)
			return usage("'%s' is given twice", argv[i]);
		arg->value = argv[i];
		if (*arg->name != '-' || arg->flag)
			continue;
		/* "--pid -1" has a value, if a bad one */
		if (++i == argc || !strncmp(argv[i], "--", 2))
			return usage("'%s' needs a value", arg->name);
		arg->value = argv[i];
	}
	return 0;
}

int parse_number(const char *what, const char *s, uint64_t min, uint64_t max,
		 uint64_t *value)
{
	if (vigil_text_number(s, max, value) || *value < min)
		return usage("bad %s '%s': a number from %llu to %llu is wanted",
			     what, s, (unsigned long long)min,
			     (unsigned long long)max);
	return 0;
}

static int bad_name(const char *what, const char *s,
		    const struct vigil_names *names)
{
	char known[256] = "";
	unsigned int i;

	for (i = 0; i < names->count; i++) {
		strcat(known, i ? ", " : "");
		strcat(known, names->name[i]);
	}
	return usage("bad %s '%s': known are %s", what, s, known);
}

int parse_name(const char *what, const char *s,
	       const struct vigil_names *names, uint32_t *value)
{
	int found = vigil_names_find(names, s);

	if (found < 0)
		return bad_name(what, s, names);
	*value = found;
	return 0;
}

int parse_answer(const char *what, const char *s, uint32_t *value)
{
	const struct vigil_names names = {
		VIGIL_ACTION_BLOCK + 1, vigil_action_names.name,
	};

	return parse_name(what, s, &names, value);
}

int parse_mask(const char *what, const char *s,
	       const struct vigil_names *names, uint32_t *mask)
{
	char token[32];
	uint32_t bit = 0;
	size_t len;

	*mask = 0;
	for (;;) {
		len = strcspn(s, ",");
		snprintf(token, sizeof(token), "%.*s", (int)len, s);
		if (parse_name(what, token, names, &bit))
			return EXIT_USAGE;
		*mask |= 1U << bit;
		if (!s[len])
			return 0;
		s += len + 1;
	}
}
