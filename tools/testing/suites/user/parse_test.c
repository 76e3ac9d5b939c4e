// SPDX-License-Identifier: GPL-2.0
/* The small parsers and printers of libvigil. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/genetlink.h>

#include "attr.h"
#include "kbtf.h"
#include "ktap.h"
#include "nl.h"
#include "profile.h"
#include "text.h"

static void check_clean(const char *in, const char *expected)
{
	char out[256];

	vigil_text_clean(in, strlen(in), out, sizeof(out));
	ktap(!strcmp(out, expected), "clean text: %s", out);
}

static void check_cell(const char *in, const char *expected)
{
	char out[256];

	vigil_text_cell(in, strlen(in), out, sizeof(out));
	ktap(!strcmp(out, expected), "cell of a table: %s", out);
}

static void check_message(const char *in, const char *expected)
{
	char out[256];

	vigil_text_message(in, strlen(in), out, sizeof(out));
	ktap(!strcmp(out, expected), "message: %s", out);
}

static void check_args(const char *in, size_t len, const char *expected)
{
	char out[256];

	vigil_text_args(in, len, out, sizeof(out));
	ktap(!strcmp(out, expected), "arguments: %s", out);
}

static void test_args(void)
{
	check_args("", 0, "");
	check_args("", 1, "\"\"");
	check_args("a\0b c\0", 6, "a \"b c\"");
	check_args("a\0\0b\0", 5, "a \"\" b");
	check_args("a\0b", 3, "a b");
	check_args("\"\0\n\\", 4, "\"\\x22\" \\x0a\\\\");
}

static void test_cells(void)
{
	check_cell("nginx", "nginx");
	check_cell("", "\"\"");
	check_cell("-", "\"-\"");
	check_cell("--", "--");
	check_cell("x  /sbin/init", "\"x  /sbin/init\"");
	check_cell(" ", "\" \"");
	check_cell("a\"b", "\"a\\x22b\"");
	check_cell("\t", "\\x09");
	check_cell("\xc2\xa0", "\\xc2\\xa0");
	check_cell("/x (deleted)", "\"/x\\x20(deleted)\"");
}

static void test_messages(void)
{
	check_message("bad '\\x1b' \"\\\\\" (deleted)",
		      "bad '\\x1b' \"\\\\\" (deleted)");
	check_message("\033]0;\a\r\n\xff\xe2\x80\xae",
		      "\\x1b]0;\\x07\\x0d\\x0a\\xff\\xe2\\x80\\xae");
}

/* Whatever the room, what is written ends in it. */
static void test_room(void)
{
	static const char in[] = "a \"\0\x01\xe2\x82\xac\0\0\\";
	bool ok = true;
	char out[64];
	size_t size;

	for (size = 1; size < sizeof(out); size++) {
		memset(out, 'x', sizeof(out));
		vigil_text_args(in, sizeof(in), out, size);
		ok &= strnlen(out, size) < size && out[size] == 'x';
		memset(out, 'x', sizeof(out));
		vigil_text_quote(in, sizeof(in), out, size);
		ok &= strnlen(out, size) < size && out[size] == 'x';
		memset(out, 'x', sizeof(out));
		vigil_text_clean(in, sizeof(in), out, size);
		ok &= strnlen(out, size) < size && out[size] == 'x';
		memset(out, 'x', sizeof(out));
		vigil_text_cell(in, sizeof(in), out, size);
		ok &= strnlen(out, size) < size && out[size] == 'x';
		memset(out, 'x', sizeof(out));
		vigil_text_message(in, sizeof(in), out, size);
		ok &= strnlen(out, size) < size && out[size] == 'x';
	}
	ktap(ok, "no more than the room there is, however small");
}

static void test_text(void)
{
	char out[8];

	check_clean("nginx", "nginx");
	check_clean("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
		    "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
	check_clean("\033[31m\n\x7f", "\\x1b[31m\\x0a\\x7f");
	check_clean("a\\b", "a\\\\b");
	check_clean("\xff\xc0\x80\xe2\x82", "\\xff\\xc0\\x80\\xe2\\x82");
	check_clean("\xed\xa0\x80\xf4\x90\x80\x80",
		    "\\xed\\xa0\\x80\\xf4\\x90\\x80\\x80");
	check_clean("\xc2\x9b", "\\xc2\\x9b");
	check_clean("\xe2\x80\xae", "\\xe2\\x80\\xae");
	check_clean("\xef\xbf\xbc\xef\xbf\xbd",
		    "\\xef\\xbf\\xbc\\xef\\xbf\\xbd");
	check_clean("\xf0\x93\x90\xaf\xf0\x93\x90\xb0",
		    "\xf0\x93\x90\xaf\\xf0\\x93\\x90\\xb0");
	check_clean("\xf0\x93\x90\xbf\xf0\x93\x91\x80",
		    "\\xf0\\x93\\x90\\xbf\xf0\x93\x91\x80");
	check_clean("\xf0\x9b\xb2\x9f\xf0\x9b\xb2\xa0",
		    "\xf0\x9b\xb2\x9f\\xf0\\x9b\\xb2\\xa0");
	check_clean("\xf0\x9b\xb2\xa3\xf0\x9b\xb2\xa4",
		    "\\xf0\\x9b\\xb2\\xa3\xf0\x9b\xb2\xa4");
	vigil_text_clean("0123456789", 10, out, sizeof(out));
	ktap(strlen(out) < sizeof(out), "cut to the room there is");
	test_args();
	test_cells();
	test_messages();
	test_room();
}

static void check_number(const char *s, bool ok, uint64_t expected)
{
	uint64_t value = 0;
	int ret = vigil_text_number(s, UINT64_MAX, &value);

	ktap(ok ? !ret && value == expected : ret == -EINVAL, "number '%s'", s);
}

static void test_numbers(void)
{
	char text[VIGIL_TIME_SIZE];
	uint64_t value;

	check_number("0", true, 0);
	check_number("18446744073709551615", true, UINT64_MAX);
	check_number("0xffffffffffffffff", true, UINT64_MAX);
	check_number("18446744073709551616", false, 0);
	check_number("", false, 0);
	check_number("-1", false, 0);
	check_number(" 1", false, 0);
	check_number("+1", false, 0);
	check_number("0x", false, 0);
	check_number("0x-1", false, 0);
	check_number("1k", false, 0);
	ktap(vigil_text_number("11", 10, &value), "number above its limit");
	vigil_text_time(1795190400000000001, text);
	ktap(!strcmp(text, "2026-11-20T16:00:00.000000001Z"), "time %s", text);
	vigil_text_time(UINT64_MAX, text);
	ktap(strlen(text) < sizeof(text), "time %s", text);
}

/* Names of the enums have to follow the header. */
static void test_names(void)
{
	ktap(vigil_field_names.count == VIGIL_PROFILE_FIELDS,
	     "as many names as profile fields");
	ktap(vigil_names_find(&vigil_field_names, "kernfs_parent") ==
	     VIGIL_PROFILE_FIELD_KERNFS_PARENT, "the last field");
	ktap(vigil_names_find(&vigil_vma_kind_names, "unknown") ==
	     VIGIL_VMA_KIND_UNKNOWN, "the last kind of mapping");
	ktap(vigil_names_find(&vigil_outcome_names, "unknown") ==
	     VIGIL_OUTCOME_UNKNOWN, "the last outcome");
	ktap(1 << vigil_names_find(&vigil_rule_names, "any") ==
	     VIGIL_EXEC_RULE_ANY, "the last rule");
	ktap(vigil_names_find(&vigil_alert_kind_names, "dirty-log") ==
	     VIGIL_ALERT_KIND_DIRTY_LOG, "the last kind of alert");
	ktap(1 << vigil_names_find(&vigil_selfmap_finding_names, "unwatched") ==
	     VIGIL_SELFMAP_FINDING_UNWATCHED, "the last finding");
	ktap(vigil_names_find(&vigil_selfmap_by_names, "event") ==
	     VIGIL_SELFMAP_BY_EVENT, "the last of what finds it");
	ktap(vigil_names_find(&vigil_page_kind_names, "device") ==
	     VIGIL_PAGE_KIND_DEVICE, "the last kind of page");
	ktap(vigil_names_find(&vigil_unreadable_reason_names, "memory") ==
	     VIGIL_UNREADABLE_REASON_MEMORY, "the last reason");
	ktap(vigil_names_find(&vigil_rule_names, "nonsense") < 0,
	     "a name that isn't one");
}

static void check_profile(const char *text, const char *complaint)
{
	struct vigil_err err = { 0 };
	struct vigil_profile profile;
	int ret;

	ret = vigil_profile_parse(&profile, text, strlen(text) + 1, &err);
	ktap(complaint ? ret == -EINVAL && strstr(err.text, complaint) : !ret,
	     "profile: %s", ret ? err.text : "taken");
}

#define PROFILE(fields) \
	"{\"format\":\"vigil-profile\",\"version\":1,\"banner\":\"Linux\"," \
	"\"fields\":" fields "}"

static void test_profiles(void)
{
	check_profile(PROFILE("{\"task_mm\":2304,\"sym_stext\":"
			      "\"0xffffffff81000000\"}"), NULL);
	check_profile(PROFILE("{}"), NULL);
	check_profile(PROFILE("{\"task_m\":1}"), "'task_m'");
	check_profile(PROFILE("{\"task_mm\":-1}"), "'task_mm': -1");
	check_profile(PROFILE("{\"task_mm\":1.5}"), "'task_mm': 1.5");
	check_profile(PROFILE("{\"task_mm\":null}"), "'task_mm'");
	check_profile(PROFILE("{\"task_mm\":\"0xg\"}"), "0xg");
	check_profile(PROFILE("{\"task_mm\":[]}"), "'task_mm'");
	check_profile(PROFILE("[]"), "'fields'");
	check_profile(PROFILE("{}") "x", "byte");
	check_profile("", "JSON");
	check_profile("[]", "JSON");
	check_profile("{}", "'format'");
	check_profile("{\"format\":\"vigil-profile\",\"version\":2,"
		      "\"banner\":\"x\",\"fields\":{}}", "version '2'");
	check_profile("{\"format\":\"vigil-profile\",\"version\":1,"
		      "\"banner\":\"\",\"fields\":{}}", "'banner'");
	check_profile("[[[[[[[[[[1]]]]]]]]]]", "JSON");
}

/* What is put as netlink attributes comes back the same. */
static void test_round_trip(void)
{
	struct vigil_profile in = { .banner = "Linux version 6.12" }, out;
	struct vigil_attrs attrs;
	char buf[8192] __attribute__((aligned(8)));
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	unsigned int i;

	for (i = 0; i < VIGIL_PROFILE_FIELDS; i++) {
		in.has[i] = i % 3;
		in.value[i] = in.has[i] ? i * 0x123456789 : 0;
	}
	vigil_profile_put(&in, nlh);
	ktap(!vigil_attrs_parse(&attrs, &vigil_profile_set,
				mnl_nlmsg_get_payload(nlh),
				mnl_nlmsg_get_payload_len(nlh)) &&
	     !vigil_profile_get(&out, &attrs) &&
	     !memcmp(&in.value, &out.value, sizeof(in.value)) &&
	     !memcmp(&in.has, &out.has, sizeof(in.has)) &&
	     !strcmp(in.banner, out.banner), "a profile through netlink");
}

/* An error that the kernel's netlink reports, with the module's words or without. */
static void check_error(int error, const char *words, const char *expected)
{
	char buf[512] __attribute__((aligned(8))), request[64] = "";
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf), *req;
	struct vigil_err err = { 0 };
	struct nlmsgerr *nlerr;

	req = mnl_nlmsg_put_header(request);
	mnl_nlmsg_put_extra_header(req, sizeof(struct genlmsghdr));
	nlh->nlmsg_type = NLMSG_ERROR;
	nlh->nlmsg_flags = NLM_F_CAPPED | (words ? NLM_F_ACK_TLVS : 0);
	nlerr = mnl_nlmsg_put_extra_header(nlh, sizeof(*nlerr));
	nlerr->error = -error;
	if (words)
		mnl_attr_put_strz(nlh, NLMSGERR_ATTR_MSG, words);
	ktap(vigil_nl_explain(nlh, req, &err) == -error &&
	     !strcmp(err.text, expected), "error: %s", err.text);
}

static void test_errors(void)
{
	check_error(EPERM, NULL,
		    "Operation not permitted (needs CAP_SYS_ADMIN and CAP_NET_ADMIN)");
	check_error(EPERM, "not here", "not here");
	check_error(EBUSY, NULL, "Device or resource busy");
}

/*
 * A type that contains itself, once by an anonymous member and once through a
 * typedef of itself; and a bitfield.
 */
static void test_btf(void)
{
	static const struct {
		uint16_t magic;
		uint8_t version, flags;
		uint32_t hdr_len, type_off, type_len, str_off, str_len;
		uint32_t types[25];
		char strings[24];
	} blob = {
		0xeb9f, 1, 0, 24, 0, sizeof(blob.types), sizeof(blob.types),
		sizeof(blob.strings),
		{
			/* 1: struct loop { struct loop; loop_t b; int c:3; } */
			1, 0x84000003, 64, 0, 1, 0, 6, 2, 0, 8, 3, 0x03000008,
			/* 2: typedef loop_t of itself */
			10, 0x08000000, 2,
			/* 3: int */
			0, 0x01000000, 4, 0x20,
			/* 4: struct far { int x; } at 512 MiB */
			17, 0x04000001, 0x30000000, 21, 3, 0xf0000000,
		},
		"\0loop\0b\0c\0loop_t\0far\0x",
	};
	struct vigil_err err;
	struct btf *btf = vigil_btf_open(&blob, sizeof(blob), &err);
	uint64_t value;

	ktap(btf, "BTF by hand");
	if (!btf)
		return;
	ktap(vigil_btf_offset(btf, "loop", "nothing", &value, &err) == -ENOENT,
	     "a struct within itself: %s", err.text);
	ktap(vigil_btf_offset(btf, "loop", "b.x", &value, &err) == -ENOENT,
	     "a typedef of itself: %s", err.text);
	ktap(vigil_btf_offset(btf, "loop", "c", &value, &err) == -EINVAL,
	     "a bitfield: %s", err.text);
	ktap(vigil_btf_offset(btf, "far", "x", &value, &err) == -ERANGE,
	     "an offset beyond all bounds: %s", err.text);
	ktap(vigil_btf_size(btf, "none", &value, &err) == -ENOENT,
	     "no such struct: %s", err.text);
	vigil_btf_close(btf);
}

int main(void)
{
	ktap_start();
	test_text();
	test_numbers();
	test_names();
	test_profiles();
	test_round_trip();
	test_errors();
	test_btf();
	return ktap_end();
}
