// SPDX-License-Identifier: GPL-2.0
/* The finder of Windows guests, on guests of each build and on hostile ones. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_windows.h"
#include "ktap.h"
#include "windows.h"

#define F(name)	VIGIL_WINDOWS_FIELD_##name

#define PE_AT		0xf8
#define DEBUG_AT	0x2000
#define RSDS_AT		0x2100
#define RSDS_HEADER	24
#define DATA_AT		0x140000
#define RSRC_AT		0x180000

struct result {
	struct vigil_profile profile;
	struct vigil_findings findings;
	struct vigil_err err;
	int ret;
};

static void load(struct fake_windows *fake, const char *build, bool shadow,
		 bool la57)
{
	const struct fake_windows_options options = {
		.build = build, .shadow = shadow, .la57 = la57,
	};

	if (fake_windows_load(fake, &options))
		return;
	printf("Bail out! no guest of build %s\n", build);
	exit(1);
}

static struct result *find(struct fake_windows *fake,
			   const struct vigil_isf *isf)
{
	static struct result r;

	memset(&r, 0, sizeof(r));
	r.ret = vigil_profile_find(&r.profile, &r.findings, &fake->guest, isf,
				   &r.err);
	return &r;
}

/* --- guests of each build ----------------------------------------------------- */

static bool fits(const struct result *r, const struct fake_windows *fake)
{
	const uint64_t *v = r->profile.value;
	const char *id = strrchr(r->profile.banner, ' ');

	return !r->ret && r->profile.os == VIGIL_PROFILE_OS_WINDOWS &&
	       v[F(KERNEL_BASE)] == fake->image &&
	       v[F(PS_ACTIVE_PROCESS_HEAD)] == fake->head &&
	       v[F(KERNEL_ROOT)] == fake->root &&
	       v[F(SELF_MAP_SLOT)] == fake->slot &&
	       v[F(KVA_SHADOW)] == !!fake->user_cr3 &&
	       id && !strcmp(id + 1, fake->pdb_id) &&
	       r->findings.processes == fake->processes &&
	       r->findings.verified == fake->processes;
}

static void test_build(const char *build, bool shadow, bool la57)
{
	struct fake_windows fake;
	struct result *r;

	load(&fake, build, shadow, la57);
	r = find(&fake, NULL);
	ktap(fits(r, &fake), "%s, %u levels%s: %s", build, la57 ? 5 : 4,
	     fake.user_cr3 ? ", KVA shadow" : "",
	     r->ret ? r->err.text : r->profile.banner);
	fake_windows_enter_user(&fake);
	r = find(&fake, NULL);
	ktap(fits(r, &fake), "in user mode: %s",
	     r->ret ? r->err.text : r->findings.offsets);
	fake_windows_free(&fake);
}

static void test_builds(const char *csv)
{
	FILE *file = fopen(csv, "re");
	char line[1024], *comma;
	bool first = true;

	while (file && fgets(line, sizeof(line), file)) {
		comma = strchr(line, ',');
		if (!first && comma) {
			*comma = '\0';
			test_build(line, true, false);
		}
		first = false;
	}
	ktap(!first, "the table is read");
	if (file)
		fclose(file);
	test_build("10.0.22621.382", true, true);
	test_build("10.0.17763.107", false, false);
	test_build("10.0.17763.107", false, true);
}

/* --- the table of builds ------------------------------------------------------ */

static void check_row(const char *asked, const char *expected)
{
	const struct vigil_build *build;
	char text[VIGIL_VERSION_SIZE] = "none";
	uint16_t v[4];

	build = sscanf(asked, "%hu.%hu.%hu.%hu", v, v + 1, v + 2, v + 3) == 4 ?
		vigil_build_find(v) : NULL;
	if (build)
		vigil_version_text(build->version, text);
	ktap(!strcmp(text, expected), "%s has the layout of %s", asked, text);
}

static void test_table(void)
{
	static const uint16_t seven[4] = { 6, 1, 7601, 17514 };
	static const uint16_t unknown[4] = { 10, 0, 17763,
					     VIGIL_REVISION_UNKNOWN };
	const struct vigil_build *build;
	char text[VIGIL_VERSION_SIZE];
	uint64_t value;

	check_row("10.0.17763.107", "10.0.17763.107");
	check_row("10.0.17763.5000", "10.0.17763.107");
	check_row("10.0.17763.1", "10.0.17763.107");
	check_row("10.0.19041.900", "10.0.19041.508");
	check_row("10.0.19041.2000", "10.0.19041.1288");
	check_row("10.0.19043.1", "10.0.19041.1288");
	check_row("10.0.19045.1", "10.0.19045.2965");
	check_row("10.0.19045.3000", "10.0.19045.2965");
	check_row("10.0.18363.900", "10.0.18362.418");
	check_row("10.0.22631.1", "10.0.22631.2428");
	check_row("10.0.22632.1", "none");
	check_row("10.0.22630.1", "10.0.22621.382");
	check_row("10.0.20348.1", "none");
	check_row("10.0.26100.1", "none");
	check_row("10.1.17763.107", "none");
	check_row("6.1.7601.24000", "6.1.7601.17514");
	vigil_version_text(unknown, text);
	ktap(!strcmp(text, "10.0.17763"), "a revision that isn't known: %s",
	     text);
	build = vigil_build_find(seven);
	ktap(vigil_build_cell(build, "KPROCESS.UserDirectoryTableBase",
			      &value) == -ENOENT, "an empty cell");
	ktap(vigil_build_cell(build, "KPROCESS.Directory", &value) == -ENOENT,
	     "a column that isn't one");
	ktap(!vigil_build_cell(build, "Flags.HasAddressSpace.bit", &value) &&
	     value == 18, "the last cell");
}

/* --- other ways --------------------------------------------------------------- */

static void expect(struct fake_windows *fake, const struct vigil_isf *isf,
		   const char *complaint, const char *what)
{
	struct result *r = find(fake, isf);

	ktap(complaint ? r->ret && strstr(r->err.text, complaint) :
			 fits(r, fake), "%s: %s", what,
	     r->ret ? r->err.text : r->findings.offsets);
}

static void test_ways(void)
{
	struct fake_windows fake;
	uint64_t *table;

	load(&fake, "10.0.17763.107", false, false);
	fake.regs.lstar = 0;
	expect(&fake, NULL, NULL, "by an interrupt gate");
	/* the version resource is gone, as after a boot */
	memset(fake_windows_at(&fake, fake.image + RSRC_AT), 0, 64);
	expect(&fake, NULL, NULL, "the version of the shared page");
	fake_windows_enter_user(&fake);
	fake.regs.idt_base = 0;
	expect(&fake, NULL, "neither", "no entry at all");
	fake_windows_free(&fake);

	load(&fake, "10.0.17763.107", false, false);
	table = (uint64_t *)(fake.memory + fake.root);
	table[256] = fake.root | 0x67;
	table[511] = fake.root | 0x63;
	expect(&fake, NULL, NULL, "System has other self-references");
	table[fake.slot] |= 4;
	expect(&fake, NULL, NULL, "the self-map is open");
	table[256] = 0;
	table[511] = 0;
	table[fake.slot] = 0;
	expect(&fake, NULL, "points to the table itself", "no self-map");
	fake_windows_free(&fake);
}

/* A name that is longer than the kernel's, and so is its record. */
static void check_long_name(struct fake_windows *fake, char *pdb,
			    const char *name)
{
	uint32_t *size = fake_windows_at(fake, fake->image + DEBUG_AT + 16);
	const uint32_t before = *size;

	*size = RSDS_HEADER + strlen(name) + 1;
	memcpy(pdb, name, strlen(name) + 1);
	expect(fake, NULL, "VBS or HVCI", name);
	expect(fake, NULL, name, "all of the name");
	*size = before;
}

static void test_refused(void)
{
	struct fake_windows_options options = {
		.build = "10.0.22621.382", .vbs = true,
	};
	static const char *const names[] = { "hvix64.pdb\0\0", "hvax64.pdb\0\0" };
	static const char *const longs[] = {
		"securekernel.pdb", "securekernella57.pdb",
	};
	struct fake_windows fake;
	unsigned int i;
	char *pdb;

	fake_windows_load(&fake, &options);
	expect(&fake, NULL, "VBS or HVCI", "a hypervisor runs in it");
	fake.regs.efer &= ~(1ULL << 12);
	fake.regs.cr4 |= 1ULL << 13;
	expect(&fake, NULL, "CR4.VMXE", "a hypervisor on Intel");
	fake.regs.cr4 &= ~(1ULL << 13);
	pdb = fake_windows_at(&fake, fake.image + RSDS_AT + RSDS_HEADER);
	for (i = 0; i < 2; i++) {
		memcpy(pdb, names[i], 13);
		expect(&fake, NULL, "VBS or HVCI", "Hyper-V itself");
	}
	for (i = 0; i < 2; i++)
		check_long_name(&fake, pdb, longs[i]);
	memcpy(pdb, "\033]0;x.pdb\0\0", 12);
	expect(&fake, NULL, "\\x1b]0;x.pdb) is no kernel", "another image");
	memcpy(pdb, "ntkrla57.pdb", 13);
	expect(&fake, NULL, NULL, "the kernel for 5 levels");
	fake_windows_free(&fake);
}

static void test_unknown_build(void)
{
	struct fake_windows fake;
	uint16_t *fixed;
	struct result *r;

	load(&fake, "10.0.22631.2428", false, false);
	fixed = fake_windows_at(&fake, fake.image + RSRC_AT + 0x80 + 40);
	fixed[6] = 1;		/* 10.0.26100.1 */
	fixed[7] = 26100;
	r = find(&fake, NULL);
	ktap(r->ret == -ENOENT && strstr(r->err.text, "10.0.26100.1 ") &&
	     strstr(r->err.text, fake.pdb_id) && strstr(r->err.text, "--isf"),
	     "an unknown build: %s", r->err.text);
	fake_windows_free(&fake);
}

/* --- hostile guests ----------------------------------------------------------- */

static void test_lists(void)
{
	static const char *const kinds[] = {
		"cyclic", "misaligned", "unmapped", "outside", "user",
		"noncanonical", "endless",
	};
	struct fake_windows fake;
	unsigned int i;

	load(&fake, "10.0.19041.928", true, false);
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		fake_windows_corrupt(&fake, kinds[i]);
		expect(&fake, NULL, "list of processes", kinds[i]);
	}
	fake_windows_corrupt(&fake, "restore");
	expect(&fake, NULL, NULL, "whole again");
	fake_windows_free(&fake);
}

/*
 * A list without an end, in which all agree: a guest that runs can make it longer
 * while it is read.  Each element is 64 bytes behind the one before.
 */
#define ENDLESS		0xffffb00000000000ULL
#define ENDLESS_SIZE	(1ULL << 40)

static const struct vigil_guest_ops *plain_ops;
static uint64_t endless_first;

static int endless_virt(struct vigil_guest *guest, struct vigil_virt *virt)
{
	uint64_t links[2] = { virt->addr + 64, virt->addr - 64 };

	if (virt->addr - ENDLESS >= ENDLESS_SIZE)
		return plain_ops->virt(guest, virt);
	if (virt->addr == ENDLESS + 1024)
		links[1] = endless_first;
	memset((void *)(uintptr_t)virt->buf, 0, virt->len);
	if (virt->len == sizeof(links))
		memcpy((void *)(uintptr_t)virt->buf, links, sizeof(links));
	return 0;
}

static void test_endless(void)
{
	struct vigil_guest_ops ops;
	struct fake_windows fake;
	uint64_t *links;

	load(&fake, "10.0.19041.928", true, false);
	plain_ops = fake.guest.ops;
	ops = *plain_ops;
	ops.virt = endless_virt;
	fake.guest.ops = &ops;
	links = fake_windows_at(&fake, fake.head);
	endless_first = links[0];
	links = fake_windows_at(&fake, endless_first);
	links[0] = ENDLESS + 1024;
	expect(&fake, NULL, "breaks off after 65536", "without an end");
	fake_windows_free(&fake);
}

static const struct damage {
	const char *what;
	uint32_t at;
	uint32_t value;
	const char *complaint;
} damages[] = {
	{ "no MZ", 0, 0x1111, "no image of Windows" },
	{ "headers elsewhere", 0x3c, 0xfffffff8, "no image of Windows" },
	{ "no PE", PE_AT, 0, "no image of Windows" },
	{ "32 bits", PE_AT + 24, 0x10b, "no image of Windows" },
	{ "smaller than its code", PE_AT + 80, 0x1000, "no image of Windows" },
	{ "larger than any", PE_AT + 80, 0x7fffffff, "no image of Windows" },
	{ "no sections", PE_AT + 4, 0x00008664, "has 0 sections" },
	{ "too many sections", PE_AT + 4, 0xffff8664, "has 65535 sections" },
	{ "no directories", PE_AT + 132, 0, "no RSDS" },
	{ "debug directory outside", PE_AT + 184, 0xffffffff, "no RSDS" },
	{ "empty debug directory", PE_AT + 188, 0, "no RSDS" },
	{ "record outside", DEBUG_AT + 20, 0xfffffff0, "no RSDS" },
	{ "record too short", DEBUG_AT + 16, 23, "no RSDS" },
	{ "another record", RSDS_AT, 0x3031424e, "no RSDS" },
	{ "resources outside", PE_AT + 152, 0xfffffff0, NULL },
	{ "resources in a circle", RSRC_AT + 20, 0x80000000, NULL },
	{ "version outside", RSRC_AT + 0x48, 0xfffffff0, NULL },
};

static void test_images(void)
{
	struct fake_windows fake;
	uint32_t *place, old;
	unsigned int i;

	load(&fake, "10.0.17134.1", false, false);
	for (i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		place = fake_windows_at(&fake, fake.image + damages[i].at);
		old = *place;
		*place = damages[i].value;
		expect(&fake, NULL, damages[i].complaint, damages[i].what);
		*place = old;
	}
	fake_windows_free(&fake);
}

/* --- symbol files ------------------------------------------------------------- */

#define FIELD(name, offset) "\"" name "\":{\"offset\":" offset "}"
#define BIT(name, offset, bit) \
	"\"" name "\":{\"offset\":" offset ",\"type\":{\"kind\":\"bitfield\"," \
	"\"bit_length\":1,\"bit_position\":" bit "}}"
#define TYPE(name, fields) "\"" name "\":{\"fields\":{" fields "}}"

#define META(guid, age) \
	"\"metadata\":{\"windows\":{\"pdb\":{\"GUID\":\"" guid "\",\"age\":" age "}}}"
#define TYPES(pid, exiting) \
	"\"user_types\":{" \
	TYPE("_KPROCESS", FIELD("DirectoryTableBase", "40") "," \
	     FIELD("UserDirectoryTableBase", "632")) "," \
	TYPE("_EPROCESS", FIELD("UniqueProcessId", pid) "," \
	     FIELD("ActiveProcessLinks", "744") "," \
	     FIELD("InheritedFromUniqueProcessId", "992") "," \
	     FIELD("ImageFileName", "1104") "," FIELD("Flags", "772") "," \
	     FIELD("CreateTime", "776") "," exiting) "," \
	TYPE("_KTHREAD", FIELD("ApcState", "152")) "," \
	TYPE("_KAPC_STATE", FIELD("Process", "32")) "," \
	TYPE("_KPCR", FIELD("Prcb", "384")) "," \
	TYPE("_KPRCB", FIELD("CurrentThread", "8")) "}"
#define GOOD_BITS	BIT("ProcessExiting", "772", "2") "," \
			BIT("Outswapped", "772", "7")

static void check_isf(struct fake_windows *fake, const char *format,
		      const char *complaint)
{
	struct vigil_err err = { 0 };
	struct vigil_isf *isf;
	char guid[40], *text;

	snprintf(guid, sizeof(guid), "%.32s", fake->pdb_id);
	if (asprintf(&text, format, guid) < 0)
		return;
	isf = vigil_isf_parse(text, strlen(text), &err);
	if (isf)
		expect(fake, isf, complaint, "symbol file");
	else
		ktap(complaint && err.code == EINVAL &&
		     strstr(err.text, complaint), "symbol file: %s", err.text);
	vigil_isf_close(isf);
	free(text);
}

static void test_isf(void)
{
	struct fake_windows fake;

	load(&fake, "10.0.17763.107", true, false);
	check_isf(&fake, "{" META("%s", "1") "," TYPES("736", GOOD_BITS) "}", NULL);
	check_isf(&fake, "{" META("%s", "2") "," TYPES("736", GOOD_BITS) "}",
		  "another build");
	check_isf(&fake, "{" META("%.31sX", "1") "," TYPES("736", GOOD_BITS) "}",
		  "another build");
	check_isf(&fake, "{" META("%s", "-1") "}", "'metadata.windows.pdb': -1");
	check_isf(&fake, "{" META("%s", "\"1\"") "}", "metadata.windows.pdb");
	check_isf(&fake, "{\"metadata\":[\"%s\"]}", "GUID");
	check_isf(&fake, "{" META("%s", "1") "}", "DirectoryTableBase");
	check_isf(&fake, "{" META("%s", "1") ",\"user_types\":7}",
		  "DirectoryTableBase");
	check_isf(&fake, "{" META("%s", "1") "," TYPES("-736", GOOD_BITS) "}",
		  "'_EPROCESS.UniqueProcessId': -736");
	check_isf(&fake, "{" META("%s", "1") "," TYPES("99999999999999999999", GOOD_BITS) "}",
		  "'_EPROCESS.UniqueProcessId'");
	check_isf(&fake, "{" META("%s", "1") "," TYPES("16385", GOOD_BITS) "}",
		  "'_EPROCESS.UniqueProcessId': 16385");
	check_isf(&fake, "{" META("%s", "1") "," TYPES("7.5", GOOD_BITS) "}",
		  "'_EPROCESS.UniqueProcessId': 7.5");
	check_isf(&fake, "{" META("%s", "1") "," TYPES("{}", GOOD_BITS) "}",
		  "'_EPROCESS.UniqueProcessId'");
	check_isf(&fake, "{" META("%s", "1") "," TYPES("null", GOOD_BITS) "}",
		  "UniqueProcessId");
	check_isf(&fake, "{" META("%s", "1") "," TYPES("736", BIT("Outswapped", "776", "7")) "}",
		  "'_EPROCESS.Outswapped' is no bit of Flags");
	check_isf(&fake, "{" META("%s", "1") "," TYPES("736", BIT("Outswapped", "772", "32")) "}",
		  "'_EPROCESS.Outswapped'");
	check_isf(&fake, "{" META("%s", "1") "," TYPES("736", FIELD("VmDeleted", "772")) "}",
		  "'_EPROCESS.VmDeleted'");
	/* offsets that are no process's */
	check_isf(&fake, "{" META("%s", "1") "," TYPES("720", GOOD_BITS) "}",
		  "not found");
	check_isf(&fake, "{" META("%s", "1") "," TYPES("736", GOOD_BITS)
		  ",\"symbols\":{\"PsActiveProcessHead\":{\"address\":16}}}",
		  "PsActiveProcessHead");
	check_isf(&fake, "{" META("%s", "1") "," TYPES("736", GOOD_BITS)
		  ",\"symbols\":{\"PsActiveProcessHead\":{\"address\":4294967296}}}",
		  "'PsActiveProcessHead': 4294967296");
	fake_windows_free(&fake);
}

static void check_text(const char *what, const void *text, size_t len,
		       const char *complaint)
{
	struct vigil_err err = { 0 };
	struct vigil_isf *isf = vigil_isf_parse(text, len, &err);

	ktap(!isf && err.code == EINVAL && strstr(err.text, complaint),
	     "%s: %s", what, isf ? "taken" : err.text);
	vigil_isf_close(isf);
}

static void test_isf_files(void)
{
	static const uint8_t xz[] = { 0xfd, '7', 'z', 'X', 'Z', 0, 0, 4 };
	const size_t many = 3100000;
	struct vigil_err err = { 0 };
	char *text;

	check_text("empty", "", 0, "JSON");
	check_text("no JSON", "\177ELF", 4, "JSON");
	check_text("an array", "[1]", 3, "JSON");
	check_text("cut off", "{\"a\":{", 6, "cut off");
	check_text("a part of xz", xz, sizeof(xz), "xz: it is cut off");
	text = malloc(many);
	memset(text, '[', many);
	text[0] = '{';
	check_text("many values", text, many, "more than 3000000 values");
	memcpy(text, "{\"a\":", 5);
	check_text("deep", text, 1000, "nesting");
	free(text);
	ktap(!vigil_isf_load("/nowhere/x.json", &err) && err.code == ENOENT,
	     "no file: %s", err.text);
	ktap(!vigil_isf_load("/dev/zero", &err) && err.code == EINVAL &&
	     strstr(err.text, "larger than 64 MiB"), "endless: %s", err.text);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fputs("usage: windows_test CSV\n", stderr);
		return 2;
	}
	ktap_start();
	test_builds(argv[1]);
	test_table();
	test_ways();
	test_refused();
	test_unknown_build();
	test_lists();
	test_endless();
	test_images();
	test_isf();
	test_isf_files();
	return ktap_end();
}
