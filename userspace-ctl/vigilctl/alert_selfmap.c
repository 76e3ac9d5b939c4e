// SPDX-License-Identifier: GPL-2.0
/*
 * What an alert about a self-map says: whose table it is, what is wrong with
 * which entry, who wrote it, and what was done.
 */
#include "alert.h"
#include "vigilctl.h"

/* Is it still as it was written, never was, or was until vigil saw it? */
enum ending { STILL, STOPPED, REPAIRED };

static enum ending ending_of(const struct vigil_attrs *selfmap)
{
	switch (number(selfmap, VIGIL_A_ALERT_SELFMAP_DONE)) {
	case VIGIL_SELFMAP_DONE_DROPPED:
	case VIGIL_SELFMAP_DONE_CLEARED:
		return STOPPED;
	case VIGIL_SELFMAP_DONE_REPAIRED:
		return REPAIRED;
	default:
		return STILL;
	}
}

static bool is_found(const struct vigil_attrs *selfmap, uint64_t finding)
{
	return number(selfmap, VIGIL_A_ALERT_SELFMAP_FINDING) & finding;
}

const char *selfmap_headline(const struct vigil_attrs *alert)
{
	static const char *const opened[] = {
		[STILL] = "page tables are open to user mode",
		[STOPPED] = "opening of page tables stopped",
		[REPAIRED] = "page tables were opened, and closed again",
	};
	static const char *const moved[] = {
		[STILL] = "a self-map points to another page",
		[STOPPED] = "moving of a self-map stopped",
		[REPAIRED] = "a self-map was moved, and put back",
	};
	struct vigil_attrs selfmap;

	if (vigil_attrs_nest(&selfmap, alert, VIGIL_A_ALERT_SELFMAP))
		return "page tables were attacked";
	if (is_found(&selfmap, VIGIL_SELFMAP_FINDING_LIST))
		return "the list of processes is broken";
	if (is_found(&selfmap, VIGIL_SELFMAP_FINDING_PROCESS_CR3))
		return "System names another page table";
	if (is_found(&selfmap, VIGIL_SELFMAP_FINDING_UNWATCHED))
		return "writes to a page table are not judged";
	if (is_found(&selfmap, VIGIL_SELFMAP_FINDING_FRAME) &&
	    !is_found(&selfmap, VIGIL_SELFMAP_FINDING_USER))
		return moved[ending_of(&selfmap)];
	return opened[ending_of(&selfmap)];
}

/* A process of a Windows guest. */
static void print_process(const char *key, const struct vigil_attrs *alert,
			  unsigned int type)
{
	struct vigil_attrs process;

	if (vigil_attrs_nest(&process, alert, type))
		print_line(key, "unknown");
	else
		print_line(key, "process %llu %s, parent %llu",
			   (unsigned long long)
			   number(&process, VIGIL_A_PROCESS_PID),
			   vigil_attrs_quoted(&process, VIGIL_A_PROCESS_COMM,
					      "?"),
			   (unsigned long long)
			   number(&process, VIGIL_A_PROCESS_PPID));
}

static void print_writer(const struct vigil_attrs *alert)
{
	if (!vigil_attrs_has(alert, VIGIL_A_ALERT_RIP)) {
		print_line("who", "not seen");
		return;
	}
	print_process("who", alert, VIGIL_A_ALERT_PROCESS);
	print_line("where", "0x%llx, in %s",
		   (unsigned long long)number(alert, VIGIL_A_ALERT_RIP),
		   vigil_attrs_text(alert, VIGIL_A_ALERT_MODULE,
				    "no image that is known"));
}

static void print_findings(const struct vigil_attrs *selfmap)
{
	static const char *const what[] = {
		"the self-map is open to user mode",
		"the self-map points to another page than its own table",
		"another entry opens a top-level table to user mode",
		"System names another top-level table than it had",
		"the list of processes can't be walked, new ones are found once they run",
		"a guest of the guest uses the table, the sweep checks it meanwhile",
	};
	uint64_t found = number(selfmap, VIGIL_A_ALERT_SELFMAP_FINDING);
	unsigned int i;

	for (i = 0; i < vigil_selfmap_finding_names.count; i++) {
		if (found >> i & 1)
			print_line("finding", "%s: %s",
				   vigil_selfmap_finding_names.name[i],
				   what[i]);
	}
}

static void print_change(const char *key, const struct vigil_attrs *selfmap)
{
	print_line(key, "0x%llx -> 0x%llx, now 0x%llx",
		   (unsigned long long)
		   number(selfmap, VIGIL_A_ALERT_SELFMAP_OLD),
		   (unsigned long long)
		   number(selfmap, VIGIL_A_ALERT_SELFMAP_NEW),
		   (unsigned long long)
		   number(selfmap, VIGIL_A_ALERT_SELFMAP_VALUE));
}

/* Behind which EPROCESS it can't be walked any further. */
static void print_break(const struct vigil_attrs *selfmap)
{
	uint64_t after = number(selfmap, VIGIL_A_ALERT_SELFMAP_NEW);

	if (after)
		print_line("breaks", "behind the process object 0x%llx",
			   (unsigned long long)after);
	else
		print_line("breaks", "at the head of the list");
}

static void print_entry(const struct vigil_attrs *selfmap)
{
	print_line("entry", "%llu of the %s table at 0x%llx",
		   (unsigned long long)
		   number(selfmap, VIGIL_A_ALERT_SELFMAP_SLOT),
		   vigil_attrs_name(selfmap, VIGIL_A_ALERT_SELFMAP_TABLE),
		   (unsigned long long)
		   number(selfmap, VIGIL_A_ALERT_SELFMAP_ROOT));
	print_change("", selfmap);
}

static void print_unwatched(const struct vigil_attrs *selfmap)
{
	print_line("table", "the %s table at 0x%llx",
		   vigil_attrs_name(selfmap, VIGIL_A_ALERT_SELFMAP_TABLE),
		   (unsigned long long)
		   number(selfmap, VIGIL_A_ALERT_SELFMAP_ROOT));
}

/* Only some findings are about an entry of a table. */
static void print_what(const struct vigil_attrs *selfmap)
{
	if (is_found(selfmap, VIGIL_SELFMAP_FINDING_LIST))
		print_break(selfmap);
	else if (is_found(selfmap, VIGIL_SELFMAP_FINDING_PROCESS_CR3))
		print_change("table", selfmap);
	else if (is_found(selfmap, VIGIL_SELFMAP_FINDING_UNWATCHED))
		print_unwatched(selfmap);
	else
		print_entry(selfmap);
}

void print_selfmap(const struct vigil_attrs *alert)
{
	static const char *const done[] = {
		"nothing was done", "the write was not made",
		"the write was made without the user bit",
		"the entry was put right", "the entry could not be put right",
	};
	struct vigil_attrs selfmap;
	uint64_t what;

	if (vigil_attrs_nest(&selfmap, alert, VIGIL_A_ALERT_SELFMAP))
		return;
	print_process("victim", alert, VIGIL_A_ALERT_VICTIM);
	print_what(&selfmap);
	print_findings(&selfmap);
	print_writer(alert);
	what = number(&selfmap, VIGIL_A_ALERT_SELFMAP_DONE);
	print_line("done", "%s, found by %s",
		   what < sizeof(done) / sizeof(done[0]) ? done[what] : "?",
		   vigil_attrs_name(&selfmap, VIGIL_A_ALERT_SELFMAP_BY));
}
