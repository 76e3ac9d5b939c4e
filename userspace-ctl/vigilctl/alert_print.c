// SPDX-License-Identifier: GPL-2.0
/*
 * An alert for somebody who has never seen vigil: what was executed, where,
 * by whom, which rule forbids it, and what became of it.
 */
#include <stdarg.h>
#include <string.h>

#include <libmnl/libmnl.h>

#include "alert.h"
#include "text.h"
#include "vigilctl.h"
#include "vma_text.h"

#define RED	"\033[1;31m"
#define YELLOW	"\033[1;33m"
#define PLAIN	"\033[0m"

static bool was_stopped(const struct vigil_attrs *alert)
{
	return number(alert, VIGIL_A_ALERT_OUTCOME) == VIGIL_OUTCOME_BLOCKED ||
	       number(alert, VIGIL_A_ALERT_OUTCOME) == VIGIL_OUTCOME_DEAD;
}

static const char *headline(const struct vigil_attrs *alert)
{
	static char words[64];

	switch (number(alert, VIGIL_A_ALERT_KIND)) {
	case VIGIL_ALERT_KIND_EXEC:
		return was_stopped(alert) ? "code injection stopped" :
		       "suspicious code ran";
	case VIGIL_ALERT_KIND_KILL_OUTCOME:
		return "outcome of a kill";
	case VIGIL_ALERT_KIND_SELFMAP:
		return selfmap_headline(alert);
	case VIGIL_ALERT_KIND_PROFILE_STALE:
		return "the guest no longer fits its profile";
	case VIGIL_ALERT_KIND_UNREADABLE:
		return was_stopped(alert) ?
		       "code that could not be judged was stopped" :
		       "code that could not be judged ran";
	case VIGIL_ALERT_KIND_NESTED:
		return "the guest runs guests of its own";
	case VIGIL_ALERT_KIND_DIRTY_LOG:
		return "what the guest writes is being logged, as for a migration";
	case VIGIL_ALERT_KIND_WITHOUT_PROFILE:
		return was_stopped(alert) ?
		       "user code is stopped while there is no profile" :
		       "user code runs unjudged while there is no profile";
	case VIGIL_ALERT_KIND_SUPPRESSED:
		snprintf(words, sizeof(words),
			 "%llu events not reported one by one",
			 (unsigned long long)number(alert,
						    VIGIL_A_ALERT_FOLDED));
		return words;
	default:
		snprintf(words, sizeof(words), "alert of the kind %s",
			 vigil_attrs_name(alert, VIGIL_A_ALERT_KIND));
		return words;
	}
}

static void print_headline(const struct vigil_attrs *alert)
{
	const char *on = was_stopped(alert) ? RED : YELLOW;
	bool colour = use_colour();
	char time[VIGIL_TIME_SIZE];

	vigil_text_time(number(alert, VIGIL_A_ALERT_TIME), time);
	printf("%s  %sALERT %llu: %s%s  (vm %llu %s)\n", time,
	       colour ? on : "",
	       (unsigned long long)number(alert, VIGIL_A_ALERT_SEQ),
	       headline(alert), colour ? PLAIN : "",
	       (unsigned long long)number(alert, VIGIL_A_ALERT_VM_ID),
	       vigil_attrs_text(alert, VIGIL_A_ALERT_VM_NAME, ""));
}

void print_line(const char *key, const char *fmt, ...)
{
	va_list args;

	printf("    %-9s ", key);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
}

static bool is_kind(const struct vigil_attrs *alert,
		    enum vigil_alert_kind kind)
{
	return number(alert, VIGIL_A_ALERT_KIND) == kind;
}

static bool is_selfmap(const struct vigil_attrs *alert)
{
	return is_kind(alert, VIGIL_ALERT_KIND_SELFMAP);
}

/* A line for each text that the guest chose: none can pass for another. */
static void print_program(const struct vigil_attrs *process)
{
	char buf[TEXT_SIZE];

	if (vigil_attrs_has(process, VIGIL_A_PROCESS_START_TIME))
		print_line("started", "%s after the boot of the guest",
			   start_words(process, buf, sizeof(buf)));
	print_line("exe", "%s", exe_words(process, "not known"));
	if (vigil_attrs_has(process, VIGIL_A_PROCESS_CMDLINE))
		print_line("command", "%s",
			   vigil_attrs_text(process, VIGIL_A_PROCESS_CMDLINE,
					    ""));
	if (vigil_attrs_has(process, VIGIL_A_PROCESS_CGROUP))
		print_line("cgroup", "%s",
			   vigil_attrs_text(process, VIGIL_A_PROCESS_CGROUP,
					    ""));
}

static void print_who(const struct vigil_attrs *alert)
{
	struct vigil_attrs process;

	if (vigil_attrs_nest(&process, alert, VIGIL_A_ALERT_PROCESS))
		return;
	print_line("who", "process %llu %s, uid %llu, gid %llu, parent %llu",
		   (unsigned long long)number(&process, VIGIL_A_PROCESS_PID),
		   vigil_attrs_quoted(&process, VIGIL_A_PROCESS_COMM, "?"),
		   (unsigned long long)number(&process, VIGIL_A_PROCESS_UID),
		   (unsigned long long)number(&process, VIGIL_A_PROCESS_GID),
		   (unsigned long long)number(&process, VIGIL_A_PROCESS_PPID));
	if (vigil_attrs_has(alert, VIGIL_A_ALERT_TID) &&
	    number(alert, VIGIL_A_ALERT_TID) !=
	    number(&process, VIGIL_A_PROCESS_PID))
		print_line("", "its thread %llu", (unsigned long long)
			   number(alert, VIGIL_A_ALERT_TID));
	if (vigil_attrs_has(&process, VIGIL_A_PROCESS_NS_PID))
		print_line("", "process %llu of its own PID namespace",
			   (unsigned long long)
			   number(&process, VIGIL_A_PROCESS_NS_PID));
	print_program(&process);
}

static void print_page(const struct vigil_attrs *alert)
{
	static const char *const what[] = {
		[VIGIL_PAGE_KIND_FILE] = ": the page cache of a file",
		[VIGIL_PAGE_KIND_SHMEM] =
			": a file that is memory (memfd, tmpfs, System V)",
		[VIGIL_PAGE_KIND_ANON] =
			": anonymous memory, or a private copy",
		[VIGIL_PAGE_KIND_HUGETLB] = ": a huge page of hugetlbfs",
		[VIGIL_PAGE_KIND_KERNEL] = ": of no file and no process",
		[VIGIL_PAGE_KIND_DEVICE] = ": memory of a device or a driver",
		[VIGIL_PAGE_KIND_UNKNOWN] = ": it could not be told",
	};
	uint64_t kind = number(alert, VIGIL_A_ALERT_PAGE);

	if (vigil_attrs_has(alert, VIGIL_A_ALERT_PAGE))
		print_line("page", "%s%s",
			   vigil_attrs_name(alert, VIGIL_A_ALERT_PAGE),
			   kind < sizeof(what) / sizeof(what[0]) ?
			   what[kind] : "");
}

/* The page tables map the page, and there is no mapping, or none to be read. */
static bool is_nowhere(const struct vigil_attrs *vma)
{
	return !number(vma, VIGIL_A_VMA_START) && !number(vma, VIGIL_A_VMA_END);
}

static void print_mapping(const struct vigil_attrs *alert,
			  const struct vigil_attrs *vma)
{
	char words[VIGIL_TEXT_CLEAN_SIZE(4096) + TEXT_SIZE];
	char range[TEXT_SIZE], perm[8];

	vma_words(vma, vigil_attrs_uint(alert, VIGIL_A_ALERT_PAGE,
					VIGIL_PAGE_KIND_ANON),
		  words, sizeof(words));
	vma_range(vma, range, sizeof(range));
	vma_permissions(vma, perm, sizeof(perm));
	print_line("where", "0x%llx, in %s",
		   (unsigned long long)number(alert, VIGIL_A_ALERT_RIP), words);
	print_line("", "mapping %s %s%s", range, perm,
		   strncmp(perm + 1, "wx", 2) ? "" :
		   ": writable and executable");
}

static void print_where(const struct vigil_attrs *alert)
{
	struct vigil_attrs vma;
	bool known;

	if (!vigil_attrs_has(alert, VIGIL_A_ALERT_RIP))
		return;
	known = !vigil_attrs_nest(&vma, alert, VIGIL_A_ALERT_VMA);
	if (known && !is_nowhere(&vma))
		print_mapping(alert, &vma);
	else
		print_line("where", "0x%llx%s", (unsigned long long)
			   number(alert, VIGIL_A_ALERT_RIP), known ?
			   ", in no mapping that could be told" : "");
	print_page(alert);
}

static void print_reason(const struct vigil_attrs *alert)
{
	static const char *const why[] = {
		[VIGIL_UNREADABLE_REASON_PROCESS] =
			": whose code it is could not be told",
		[VIGIL_UNREADABLE_REASON_ADDRESS] =
			": the page is mapped neither at RIP nor behind it",
		[VIGIL_UNREADABLE_REASON_PAGE] =
			": what the page is could not be told",
		[VIGIL_UNREADABLE_REASON_MAPPING] =
			": what the mapping is could not be told",
		[VIGIL_UNREADABLE_REASON_MEMORY] =
			": the host had no memory to look",
	};
	uint64_t reason = number(alert, VIGIL_A_ALERT_REASON);

	if (vigil_attrs_has(alert, VIGIL_A_ALERT_REASON))
		print_line("reason", "%s%s",
			   vigil_attrs_name(alert, VIGIL_A_ALERT_REASON),
			   reason < sizeof(why) / sizeof(why[0]) ?
			   why[reason] : "");
	if (is_kind(alert, VIGIL_ALERT_KIND_NESTED))
		print_line("reason", "the code of its guests is not judged");
	if (is_kind(alert, VIGIL_ALERT_KIND_DIRTY_LOG))
		print_line("reason", "where the guest goes it has to be attached to be protected");
	if (is_kind(alert, VIGIL_ALERT_KIND_WITHOUT_PROFILE))
		print_line("reason", "no process is known until \"vigilctl profile find\" was run");
}

static void print_why(const struct vigil_attrs *alert)
{
	static const char *const why[] = {
		"code on a stack",
		"code in memory that is writable and executable at once",
		"code that was written, then made executable",
		"code that comes from no program file",
	};
	uint64_t rules = number(alert, VIGIL_A_ALERT_RULE);
	unsigned int i;

	for (i = 0; i < vigil_rule_names.count; i++) {
		if (rules >> i & 1)
			print_line("rule", "%s: %s", vigil_rule_names.name[i],
				   why[i]);
	}
	print_reason(alert);
	if (vigil_attrs_has(alert, VIGIL_A_ALERT_MITRE))
		print_line("technique", "MITRE ATT&CK %s",
			   vigil_attrs_text(alert, VIGIL_A_ALERT_MITRE, ""));
}

static const char *outcome_words(const struct vigil_attrs *alert)
{
	bool all = is_kind(alert, VIGIL_ALERT_KIND_WITHOUT_PROFILE);

	switch (number(alert, VIGIL_A_ALERT_OUTCOME)) {
	case VIGIL_OUTCOME_ALLOWED:
		return all ? ": all user code of the guest runs" :
			     ": the code ran";
	case VIGIL_OUTCOME_BLOCKED:
		return all ? ": no user code of the guest runs" :
			     ": not one instruction of it ran";
	case VIGIL_OUTCOME_DEAD:
		return ": the process is gone";
	case VIGIL_OUTCOME_ALIVE:
		return ": the process is still there";
	case VIGIL_OUTCOME_UNKNOWN:
		return ": the guest could not be read";
	default:
		return "";
	}
}

static void print_policy(const struct vigil_attrs *alert)
{
	bool asked = vigil_attrs_has(alert, VIGIL_A_ALERT_ASKED);
	uint64_t entry = is_selfmap(alert) ? 0 :
			 number(alert, VIGIL_A_ALERT_PROTECT_ID);

	if (asked && entry)
		print_line("policy", "%s, by protect entry %llu",
			   vigil_attrs_name(alert, VIGIL_A_ALERT_ASKED),
			   (unsigned long long)entry);
	else if (asked)
		print_line("policy", "%s",
			   vigil_attrs_name(alert, VIGIL_A_ALERT_ASKED));
	else if (entry)
		print_line("policy", "protect entry %llu",
			   (unsigned long long)entry);
}

/* The headline has how many. */
static void print_suppressed(const struct vigil_attrs *alert)
{
	if (vigil_attrs_has(alert, VIGIL_A_ALERT_OF_SEQ))
		print_line("about", "events of the same source; the last one "
			   "that was reported is alert %llu",
			   (unsigned long long)number(alert,
						VIGIL_A_ALERT_OF_SEQ));
	else
		print_line("about", "events of sources that are no longer known apart");
}

static void print_outcome(const struct vigil_attrs *alert)
{
	if (vigil_attrs_has(alert, VIGIL_A_ALERT_OUTCOME) && !is_selfmap(alert))
		print_line("outcome", "%s%s",
			   vigil_attrs_name(alert, VIGIL_A_ALERT_OUTCOME),
			   outcome_words(alert));
	print_policy(alert);
	if (is_kind(alert, VIGIL_ALERT_KIND_SUPPRESSED)) {
		print_suppressed(alert);
		return;
	}
	if (vigil_attrs_has(alert, VIGIL_A_ALERT_OF_SEQ))
		print_line("about", "alert %llu",
			   (unsigned long long)number(alert,
						VIGIL_A_ALERT_OF_SEQ));
	if (number(alert, VIGIL_A_ALERT_FOLDED))
		print_line("folded", "%llu more events of the same source since its last alert",
			   (unsigned long long)number(alert,
						VIGIL_A_ALERT_FOLDED));
}

static void print_instruction(uint64_t addr, const uint8_t *bytes, size_t len,
			      const char *text, void *data)
{
	const char **key = data;
	char hex[48] = "";
	size_t i;

	for (i = 0; i < len && i < 15; i++)
		sprintf(hex + 3 * i, "%02x ", bytes[i]);
	print_line(*key, "%llx: %-24s %s", (unsigned long long)addr, hex, text);
	*key = "";
}

static void print_code(const struct vigil_attrs *alert)
{
	const struct nlattr *code = alert->tb[VIGIL_A_ALERT_CODE];
	const char *key = "code";

	if (code)
		disassemble(mnl_attr_get_payload(code),
			    mnl_attr_get_payload_len(code),
			    number(alert, VIGIL_A_ALERT_RIP),
			    print_instruction, &key);
}

void print_alert(const struct vigil_attrs *alert)
{
	print_headline(alert);
	if (is_selfmap(alert)) {
		print_selfmap(alert);
	} else {
		print_who(alert);
		print_where(alert);
	}
	print_why(alert);
	print_outcome(alert);
	print_code(alert);
	putchar('\n');
}

static void add_instruction(uint64_t addr, const uint8_t *bytes, size_t len,
			    const char *text, void *data)
{
	struct json_object *array = data, *object = json_object_new_object();
	char hex[48] = "";
	size_t i;

	for (i = 0; i < len && i < 15; i++)
		sprintf(hex + 2 * i, "%02x", bytes[i]);
	json_object_object_add(object, "address", vigil_json_hex(addr));
	json_object_object_add(object, "bytes", json_object_new_string(hex));
	json_object_object_add(object, "text", json_object_new_string(text));
	json_object_array_add(array, object);
}

struct json_object *alert_json(const struct vigil_attrs *alert)
{
	const struct nlattr *code = alert->tb[VIGIL_A_ALERT_CODE];
	struct json_object *json = vigil_attrs_json(alert), *array;

	json_object_object_add(json, "event", json_object_new_string("alert"));
	if (!code)
		return json;
	array = json_object_new_array();
	disassemble(mnl_attr_get_payload(code), mnl_attr_get_payload_len(code),
		    number(alert, VIGIL_A_ALERT_RIP), add_instruction, array);
	json_object_object_add(json, "disassembly", array);
	return json;
}
