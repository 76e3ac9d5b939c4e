// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "winguest.h"

#define RAM_SIZE	(32ul << 20)
#define BATCHES		250u	/* a second, at most */

uint64_t next_random(struct winguest *g)
{
	g->random ^= g->random << 13;
	g->random ^= g->random >> 7;
	g->random ^= g->random << 17;
	return g->random;
}

static void help(void)
{
	puts("winguest --build VERSION [options]: a guest that looks as Windows on x64 does\n"
	     "\n"
	     "  --build VERSION   10.0.17763.107: offsets of this row of the table of builds, or\n"
	     "                    of the nearest of the same build\n"
	     "  --csv FILE        another table of builds than the built-in\n"
	     "  --la57            five levels of page tables\n"
	     "  --shadow          KVA shadow: a second table for user mode\n"
	     "  --processes N     3 to 1000, System among them (default 8)\n"
	     "  --vcpus N         1 or 2\n"
	     "  --slot N          self-map slot, 256 to 511 (default random)\n"
	     "  --vbs             as under its own hypervisor: EFER.SVME or CR4.VMXE\n"
	     "  --seed N          for everything that is random\n"
	     "  --rate N          switches between processes a second (default 1000; 0: none)\n"
	     "  --timeout S       seconds for any answer (default 20)\n"
	     "\n"
	     "It says \"ready KEY=VALUE...\", then takes commands on stdin, a line each, and gives\n"
	     "one line back: \"ok ...\" or \"error WHY\". It ends with \"quit\" or the end of stdin.\n");
	command_help();
}

static unsigned long parse_number(const char *text, unsigned long min, unsigned long max)
{
	char *end;
	unsigned long n = strtoul(text, &end, 0);

	if (!*text || *end || n < min || n > max)
		errx(2, "%s: not a number from %lu to %lu", text, min, max);
	return n;
}

static void set_rate(struct winguest *g, unsigned int rate)
{
	g->batch = rate > BATCHES ? rate / BATCHES : 1;
	g->machine.rate = rate / g->batch;
}

static void parse(struct winguest *g, int argc, char **argv)
{
	static const struct option options[] = {
		{ "build", required_argument, NULL, 'b' },
		{ "csv", required_argument, NULL, 'c' },
		{ "la57", no_argument, NULL, '5' },
		{ "shadow", no_argument, NULL, 's' },
		{ "processes", required_argument, NULL, 'p' },
		{ "vcpus", required_argument, NULL, 'v' },
		{ "slot", required_argument, NULL, 'l' },
		{ "vbs", no_argument, NULL, 'V' },
		{ "seed", required_argument, NULL, 'S' },
		{ "rate", required_argument, NULL, 'r' },
		{ "timeout", required_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	const char *build = NULL, *csv = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (option) {
		case 'b':
			build = optarg;
			break;
		case 'c':
			csv = optarg;
			break;
		case '5':
			g->la57 = true;
			break;
		case 's':
			g->shadow = true;
			break;
		case 'p':
			g->processes = parse_number(optarg, 3, 1000);
			break;
		case 'v':
			g->machine.vcpus = parse_number(optarg, 1, MAX_VCPUS);
			break;
		case 'l':
			g->slot = parse_number(optarg, 256, 511);
			break;
		case 'V':
			g->vbs = true;
			break;
		case 'S':
			g->seed = parse_number(optarg, 1, -1ul);
			break;
		case 'r':
			set_rate(g, parse_number(optarg, 0, 1000000));
			break;
		case 't':
			g->machine.timeout = parse_number(optarg, 1, 3600);
			break;
		case 'h':
			help();
			exit(0);
		default:
			exit(2);
		}
	}
	if (!build || optind < argc)
		errx(2, "usage: winguest --build VERSION [options], see --help");
	if (build_find(&g->build, build, csv))
		errx(2, "build %s is not in the table", build);
	if (g->shadow && !g->build.field[F_USER_DTB])
		errx(2, "build %s has no KVA shadow", build);
}

/* What this host cannot do is an answer too: suites skip by it. */
static void require(bool good, const char *what)
{
	if (good)
		return;
	printf("error %s not supported by this host\n", what);
	exit(3);
}

static void check_host(struct winguest *g)
{
	bool amd = machine_cpuid(&g->machine, 0)->ecx == 0x444d4163;

	if (g->la57)
		require(machine_cpuid(&g->machine, 7)->ecx & 1 << 16, "la57");
	if (g->vbs && amd)
		require(machine_cpuid(&g->machine, 0x80000001)->ecx & 1 << 2, "nested SVM");
	else if (g->vbs)
		require(machine_cpuid(&g->machine, 1)->ecx & 1 << 5, "nested VMX");
}

static void say_ready(struct winguest *g)
{
	const uint16_t *v = g->build.version;

	printf("ready pid=%d build=%u.%u.%u.%u seed=%llu", getpid(), v[0], v[1], v[2], v[3],
	       (unsigned long long)g->seed);
	printf(" image=%#llx size=%#x pdb=%s head=%#llx lstar=%#llx",
	       (unsigned long long)g->image, image_size(), g->guid,
	       (unsigned long long)g->head,
	       (unsigned long long)(g->shadow ? GUEST(g, guest_syscall_shadow) :
				    GUEST(g, guest_syscall)));
	printf(" slot=%u levels=%u shadow=%u vcpus=%u processes=%u system_cr3=%#llx\n",
	       g->slot, g->la57 ? 5 : 4, g->shadow, g->machine.vcpus, g->processes,
	       (unsigned long long)cr3_image(g, process_by_pid(g, 4), KERNEL_TABLE));
}

int main(int argc, char **argv)
{
	static struct winguest guest = {
		.machine = { .vcpus = 1, .timeout = 20 }, .processes = 8,
	};
	struct winguest *g = &guest;
	char line[256];

	setvbuf(stdout, NULL, _IOLBF, 0);
	set_rate(g, 1000);
	if (getrandom(&g->seed, sizeof(g->seed), 0) != sizeof(g->seed))
		err(1, "random");
	g->seed = (g->seed & 0xffffffff) | 1;
	parse(g, argc, argv);
	g->random = g->seed * 0x9e3779b97f4a7c15;
	machine_new(&g->machine, g->machine.vcpus, RAM_SIZE);
	check_host(g);
	layout(g);
	machine_start(&g->machine);
	say_ready(g);
	while (fgets(line, sizeof(line), stdin))
		if (!command_run(g, line))
			break;
	/* its threads are in the guest, whatever that does */
	_exit(0);
}
