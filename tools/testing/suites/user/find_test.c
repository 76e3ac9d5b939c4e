// SPDX-License-Identifier: GPL-2.0
/* The finders on a real kernel image: find_test VMLINUX */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#include "fake_guest.h"
#include "finder.h"
#include "kbtf.h"
#include "ktap.h"

#define SLIDE	0x1a800000UL

static const char *vmlinux;

/* Offsets of Debian's 6.12.117+deb12-amd64, by pahole. */
static const struct { unsigned int field; uint64_t value; } reference[] = {
	{ VIGIL_PROFILE_FIELD_VMA_START, 0 },
	{ VIGIL_PROFILE_FIELD_VMA_END, 8 },
	{ VIGIL_PROFILE_FIELD_VMA_MM, 16 },
	{ VIGIL_PROFILE_FIELD_VMA_FLAGS, 32 },
	{ VIGIL_PROFILE_FIELD_VMA_OPS, 112 },
	{ VIGIL_PROFILE_FIELD_VMA_PGOFF, 120 },
	{ VIGIL_PROFILE_FIELD_VMA_FILE, 128 },
	{ VIGIL_PROFILE_FIELD_MT_ROOT, 8 },
	{ VIGIL_PROFILE_FIELD_MM_MT, 64 },
	{ VIGIL_PROFILE_FIELD_MM_PGD, 120 },
	{ VIGIL_PROFILE_FIELD_MM_START_CODE, 320 },
	{ VIGIL_PROFILE_FIELD_MM_START_STACK, 368 },
	{ VIGIL_PROFILE_FIELD_MM_EXE_FILE, 1168 },
	{ VIGIL_PROFILE_FIELD_TASK_FLAGS, 44 },
	{ VIGIL_PROFILE_FIELD_TASK_TASKS, 2224 },
	{ VIGIL_PROFILE_FIELD_TASK_MM, 2304 },
	{ VIGIL_PROFILE_FIELD_TASK_EXIT_STATE, 2328 },
	{ VIGIL_PROFILE_FIELD_TASK_PID, 2432 },
	{ VIGIL_PROFILE_FIELD_TASK_TGID, 2436 },
	{ VIGIL_PROFILE_FIELD_TASK_REAL_PARENT, 2448 },
	{ VIGIL_PROFILE_FIELD_TASK_GROUP_LEADER, 2496 },
	{ VIGIL_PROFILE_FIELD_TASK_THREAD_NODE, 2608 },
	{ VIGIL_PROFILE_FIELD_TASK_START_TIME, 2776 },
	{ VIGIL_PROFILE_FIELD_TASK_CRED, 2960 },
	{ VIGIL_PROFILE_FIELD_TASK_COMM, 2976 },
	{ VIGIL_PROFILE_FIELD_TASK_SIGNAL, 3072 },
	{ VIGIL_PROFILE_FIELD_PAGE_SIZE, 64 },
	{ VIGIL_PROFILE_FIELD_MAPPING_HOST, 0 },
	{ VIGIL_PROFILE_FIELD_MAPPING_WRITABLE, 68 },
	{ VIGIL_PROFILE_FIELD_TASK_SELF_EXEC_ID, 3240 },
	{ VIGIL_PROFILE_FIELD_MM_ARG_START, 376 },
	{ VIGIL_PROFILE_FIELD_MM_ARG_END, 384 },
	{ VIGIL_PROFILE_FIELD_MM_MMAP_BASE, 80 },
	{ VIGIL_PROFILE_FIELD_TASK_THREAD_PID, 2536 },
	{ VIGIL_PROFILE_FIELD_PID_LEVEL, 4 },
	{ VIGIL_PROFILE_FIELD_PID_NUMBERS, 112 },
	{ VIGIL_PROFILE_FIELD_UPID_SIZE, 16 },
	{ VIGIL_PROFILE_FIELD_UPID_NR, 0 },
	{ VIGIL_PROFILE_FIELD_TASK_CGROUPS, 3584 },
	{ VIGIL_PROFILE_FIELD_CSS_SET_DFL_CGRP, 128 },
	{ VIGIL_PROFILE_FIELD_CGROUP_KN, 256 },
	{ VIGIL_PROFILE_FIELD_KERNFS_NAME, 16 },
	{ VIGIL_PROFILE_FIELD_KERNFS_PARENT, 8 },
};

static uint64_t load(struct fake_guest *fake, uint64_t slide,
		     unsigned int levels)
{
	uint64_t root;

	if (!fake_guest_load(fake, vmlinux, slide, levels)) {
		printf("Bail out! %s can't be loaded\n", vmlinux);
		exit(1);
	}
	root = fake_guest_own_root(fake);
	ktap(root, "init_top_pgt is found, slide 0x%lx, %u levels",
	     (unsigned long)slide, levels);
	return root;
}

static void check_reference(const struct vigil_profile *profile)
{
	unsigned int i, field;

	for (i = 0; i < sizeof(reference) / sizeof(reference[0]); i++) {
		field = reference[i].field;
		ktap(profile->has[field] &&
		     profile->value[field] == reference[i].value,
		     "%s is %llu", vigil_field_names.name[field],
		     (unsigned long long)reference[i].value);
	}
	for (i = 0; i < VIGIL_PROFILE_FIELDS; i++) {
		if (!profile->has[i])
			break;
	}
	ktap(i == VIGIL_PROFILE_FIELDS, "every field is found");
}

static void test_profile(uint64_t slide, unsigned int levels, bool reference)
{
	struct vigil_findings findings;
	struct vigil_profile profile;
	struct fake_guest fake;
	struct vigil_err err = { 0 };
	uint64_t root = load(&fake, slide, levels);
	int ret;

	ret = vigil_profile_find(&profile, &findings, &fake.guest, NULL, &err);
	ktap(!ret, "a profile is found%s%s", ret ? ": " : "",
	     ret ? err.text : "");
	ktap(findings.base == fake.virt, "the image starts at 0x%llx",
	     (unsigned long long)findings.base);
	ktap(findings.symbols == 163205, "it has %u symbols",
	     findings.symbols);
	ktap(profile.value[VIGIL_PROFILE_FIELD_KERNEL_ROOT] == root,
	     "the kernel's own table");
	ktap(profile.value[VIGIL_PROFILE_FIELD_SYM_STEXT] == fake.virt,
	     "_stext is where the image starts");
	ktap(profile.value[VIGIL_PROFILE_FIELD_VMEMMAP_BASE] ==
	     0xffffea0000000000, "vmemmap_base as linked");
	ktap(!strncmp(profile.banner, "Linux version 6.12.117", 22) &&
	     !strchr(profile.banner, '\n'), "banner: %s", profile.banner);
	if (reference)
		check_reference(&profile);
	fake_guest_free(&fake);
}

static void append(struct vigil_image *image, const uint8_t *data,
		   size_t from, size_t to)
{
	memcpy(image->data + image->size, data + from, to - from);
	image->size += (to - from + 7) & ~7UL;
}

/* The same symbols in the order that kernels before 6.4 have them in. */
static void test_old_order(bool seqs)
{
	struct vigil_symbol symbol[] = { { .name = "init_task" },
					 { .name = "pcpu_hot" } }, old[2];
	struct vigil_space space;
	struct vigil_image image, other = { 0 };
	struct vigil_kallsyms ks;
	struct fake_guest fake;
	struct vigil_err err;
	size_t offsets_end;

	load(&fake, SLIDE, 4);
	space = (struct vigil_space){ &fake.guest, FAKE_ROOT, 4 };
	vigil_image_load(&image, &space, fake.regs.lstar, &err);
	vigil_kallsyms_find(&ks, &image, &err);
	memcpy(old, symbol, sizeof(old));
	vigil_kallsyms_lookup(&ks, symbol, 2);

	other.start = image.start;
	other.data = calloc(1, 16 << 20);
	other.size = 4096;
	offsets_end = ks.offsets + 4UL * ks.count;
	append(&other, image.data, ks.offsets, offsets_end);
	offsets_end = (offsets_end + 7) & ~7UL;
	append(&other, image.data, offsets_end, offsets_end + 8);
	append(&other, image.data, ks.names - 8, ks.tokens);
	if (seqs)
		append(&other, image.data, offsets_end + 8,
		       offsets_end + 8 + 3UL * ks.count);
	append(&other, image.data, ks.tokens, ks.index + 512);
	other.size = (other.size + 4095) & ~4095UL;

	ktap(!vigil_kallsyms_find(&ks, &other, &err), "old order%s",
	     seqs ? ", with seqs_of_names" : "");
	ktap(ks.budget > 25 * VIGIL_SYMBOLS_MAX,
	     "more than half of the budget is left: %u", ks.budget);
	vigil_kallsyms_lookup(&ks, old, 2);
	ktap(old[0].value == symbol[0].value && symbol[0].found == 1,
	     "the same init_task");
	ktap(old[1].value == symbol[1].value && symbol[1].found == 1,
	     "the same pcpu_hot");
	free(other.data);
	vigil_image_free(&image);
	fake_guest_free(&fake);
}

/*
 * An index and its tokens, behind markers that can be walked from every gap, none
 * of which leads to names: the search must not try them all.
 */
#define FORGED_MARKERS	(1U << 17)
#define FORGED_TOKENS	(4 * FORGED_MARKERS)

static void test_forged_markers(void)
{
	struct vigil_image image = { .start = 0xffffffff81000000 };
	struct vigil_kallsyms ks;
	struct vigil_err err;
	uint32_t *word;
	uint16_t *index;
	unsigned int i;

	image.size = FORGED_TOKENS + 8192;
	image.data = calloc(1, image.size);
	word = (uint32_t *)image.data;
	for (i = 0; i < FORGED_MARKERS; i++)
		word[i] = i + 1;
	index = (uint16_t *)(image.data + FORGED_TOKENS + 512);
	for (i = 0; i < 256; i++) {
		image.data[FORGED_TOKENS + 2 * i] = 'a';
		index[i] = 2 * i;
	}
	ktap(vigil_kallsyms_find(&ks, &image, &err) == -ENOENT &&
	     ks.tokens == FORGED_TOKENS, "forged markers: %s", err.text);
	ktap(!ks.budget && ks.index < image.size - 4096,
	     "the search ends when its budget does");
	free(image.data);
}

/* The ways to the image: LSTAR, interrupt gates, RIP; with PTI. */
static void test_entries(void)
{
	struct vigil_findings findings;
	struct vigil_profile profile;
	struct fake_guest fake;
	struct vigil_err err;

	load(&fake, SLIDE, 4);
	fake.regs.rip = fake.regs.lstar;
	fake.regs.lstar = 0;
	ktap(!vigil_profile_find(&profile, &findings, &fake.guest, NULL, &err),
	     "by RIP in kernel mode");
	fake.regs.cpl = 3;
	ktap(vigil_profile_find(&profile, &findings, &fake.guest, NULL, &err) &&
	     strstr(err.text, "neither"), "not by RIP in user mode: %s",
	     err.text);
	fake.regs.lstar = fake.regs.rip;
	fake.regs.efer = 0;
	ktap(vigil_profile_find(&profile, &findings, &fake.guest, NULL, &err) &&
	     strstr(err.text, "64-bit"), "not in 32-bit mode: %s", err.text);
	fake.regs.efer = 1 << 10;
	fake.regs.cr3 = FAKE_ROOT + 0x5000;
	ktap(vigil_profile_find(&profile, &findings, &fake.guest, NULL, &err),
	     "not by an empty table: %s", err.text);
	/* the kernel's table at an even page, the user's would be the next */
	memcpy(fake.memory + 0xa000, fake.memory + FAKE_ROOT, 4096);
	fake.regs.cr3 = 0xb000 | 0x801;
	ktap(!vigil_profile_find(&profile, &findings, &fake.guest, NULL, &err),
	     "by the kernel's table of a task in user mode with PTI");
	fake.vcpus = 0;
	ktap(vigil_profile_find(&profile, &findings, &fake.guest, NULL, &err),
	     "not without a vCPU: %s", err.text);
	fake_guest_free(&fake);
}

/* --- vCPUs that do not run --- */

static unsigned int times_asked;

static int late_regs(struct vigil_guest *guest, struct vigil_regs *regs)
{
	struct fake_guest *fake = (struct fake_guest *)guest;
	uint32_t vcpu = regs->vcpu;

	times_asked++;
	if (vcpu >= fake->vcpus)
		return -ENOENT;
	if (vcpu)
		return -ETIMEDOUT;
	*regs = fake->regs;
	regs->vcpu = vcpu;
	return 0;
}

static int paused_regs(struct vigil_guest *guest, struct vigil_regs *regs)
{
	struct fake_guest *fake = (struct fake_guest *)guest;

	times_asked++;
	return regs->vcpu < fake->vcpus ? -ETIMEDOUT : -ENOENT;
}

static int bad_regs(struct vigil_guest *guest, struct vigil_regs *regs)
{
	(void)guest;
	(void)regs;
	return -EINVAL;
}

static void find_by(struct fake_guest *fake,
		    int (*regs)(struct vigil_guest *, struct vigil_regs *),
		    struct vigil_err *err)
{
	const struct vigil_guest_ops *plain = fake->guest.ops;
	struct vigil_guest_ops ops = *plain;
	struct vigil_findings findings;
	struct vigil_profile profile;

	ops.regs = regs;
	fake->guest.ops = &ops;
	times_asked = 0;
	vigil_profile_find(&profile, &findings, &fake->guest, NULL, err);
	fake->guest.ops = plain;
}

static void test_vcpus(void)
{
	struct fake_guest fake;
	struct vigil_err err;

	load(&fake, SLIDE, 4);
	fake.vcpus = 3;
	find_by(&fake, paused_regs, &err);
	ktap(strstr(err.text, "did not run for 2 s: is the VM paused?"),
	     "paused: %s", err.text);
	ktap(times_asked == 4, "each of 3 vCPUs is waited for once");
	fake.regs.efer = 0;
	find_by(&fake, late_regs, &err);
	ktap(strstr(err.text, "64-bit"), "what the one that runs tells: %s",
	     err.text);
	ktap(times_asked == 3 * 4, "it is asked again");
	find_by(&fake, bad_regs, &err);
	ktap(err.code == EIO && strstr(err.text, "Invalid argument"),
	     "an EINVAL that isn't a symbol file's: %s", err.text);
	fake_guest_free(&fake);
}

static void test_gate(void)
{
	struct { uint16_t low, selector, flags, mid; uint32_t high, zero; } gate;
	struct vigil_findings findings;
	struct vigil_profile profile;
	struct fake_guest fake;
	struct vigil_err err;

	load(&fake, SLIDE, 4);
	gate.low = fake.regs.lstar;
	gate.mid = fake.regs.lstar >> 16;
	gate.high = fake.regs.lstar >> 32;
	fake.regs.lstar = 0;
	fake.regs.cpl = 3;
	/* any mapped place does for a table; the last page isn't the kernel's */
	fake.regs.idt_base = fake.virt + fake.image_size - 4096;
	fake_guest_poke(&fake, fake.regs.idt_base + 14 * sizeof(gate), &gate,
			sizeof(gate));
	ktap(!vigil_profile_find(&profile, &findings, &fake.guest, NULL, &err),
	     "by an interrupt gate");
	fake_guest_free(&fake);
}

/* What is missing has to be named. */
static void test_missing(void)
{
	struct vigil_findings findings;
	struct vigil_profile profile;
	struct fake_guest fake;
	struct vigil_err err;
	uint8_t *banner;

	load(&fake, SLIDE, 4);
	vigil_profile_find(&profile, &findings, &fake.guest, NULL, &err);
	while ((banner = memmem(fake.memory, fake.size, "\x9f\xeb\x01\0", 4)))
		memset(banner, 0, 4);
	ktap(vigil_profile_find(&profile, &findings, &fake.guest, NULL, &err) &&
	     strstr(err.text, "BTF"), "no BTF: %s", err.text);
	memset(fake.memory + fake.image + (20 << 20), 0, 20 << 20);
	ktap(vigil_profile_find(&profile, &findings, &fake.guest, NULL, &err) &&
	     strstr(err.text, "kallsyms"), "no symbols: %s", err.text);
	while ((banner = memmem(fake.memory, fake.size, "Linux version ", 14)))
		memset(banner, 0, 14);
	ktap(vigil_profile_find(&profile, &findings, &fake.guest, NULL, &err) &&
	     strstr(err.text, "Linux version"), "no banner: %s", err.text);
	fake_guest_free(&fake);
}

/* --- kernels that lack something ------------------------------------------ */

/* The kernel's BTF in the guest's memory; the magic number is elsewhere too. */
static uint8_t *find_btf(struct fake_guest *fake)
{
	uint8_t *at = fake->memory, *end = fake->memory + fake->size;
	struct btf_header hdr;

	while ((at = memmem(at, end - at, "\x9f\xeb\x01\0", 4))) {
		memcpy(&hdr, at, sizeof(hdr));
		if (hdr.hdr_len == sizeof(hdr) && hdr.str_len > 10000 &&
		    hdr.str_off < end - at && hdr.str_len < end - at)
			return at;
		at++;
	}
	printf("Bail out! no BTF\n");
	exit(1);
}

/* Rename something to a name of the same length.  Returns where that stands. */
static uint32_t rename_type(uint8_t *btf, const char *from, const char *to)
{
	struct btf_header hdr;
	const char *strings;
	char *s;

	memcpy(&hdr, btf, sizeof(hdr));
	strings = (char *)btf + hdr.hdr_len + hdr.str_off;
	for (s = (char *)strings; s < strings + hdr.str_len;
	     s += strlen(s) + 1) {
		if (strcmp(s, from))
			continue;
		memcpy(s, to, strlen(from));
		return s - strings;
	}
	printf("Bail out! no %s in BTF\n", from);
	exit(1);
}

/* Give the member of a struct another name. */
static void rename_member(uint8_t *data, const char *type, const char *member,
			  uint32_t name_off)
{
	struct btf_header hdr;
	const struct btf_type *t;
	struct btf *btf;
	size_t at = 0;
	int i, id;

	memcpy(&hdr, data, sizeof(hdr));
	btf = btf__new(data, hdr.hdr_len + hdr.str_off + hdr.str_len);
	id = btf ? btf__find_by_name_kind(btf, type, BTF_KIND_STRUCT) : -1;
	t = id > 0 ? btf__type_by_id(btf, id) : NULL;
	for (i = 0; t && i < btf_vlen(t); i++) {
		const struct btf_member *m = btf_members(t) + i;
		uint32_t size;

		if (strcmp(btf__name_by_offset(btf, m->name_off), member))
			continue;
		at = (const uint8_t *)m - (const uint8_t *)btf__raw_data(btf, &size);
		memcpy(data + at, &name_off, sizeof(name_off));
	}
	ktap(at, "%s of struct %s is renamed", member, type);
	btf__free(btf);
}

static bool finds(struct fake_guest *fake, struct vigil_profile *profile,
		  struct vigil_err *err)
{
	struct vigil_findings findings;

	if (vigil_profile_find(profile, &findings, &fake->guest, NULL, err))
		return false;
	/* What was missing and need not be there. */
	err->text[0] = '\0';
	return true;
}

static unsigned int missing(const struct vigil_profile *profile)
{
	unsigned int i, count = 0;

	for (i = 0; i < VIGIL_PROFILE_FIELDS; i++)
		count += !profile->has[i];
	return count;
}

/* As it is without CONFIG_CGROUPS, and in kernels that name members otherwise. */
static void test_optional(void)
{
	struct vigil_profile profile, again;
	struct fake_guest fake;
	struct json_object *json;
	struct vigil_err err;
	const char *text;
	uint8_t *btf;

	load(&fake, SLIDE, 4);
	btf = find_btf(&fake);
	rename_type(btf, "cgroups", "cgroupz");
	rename_type(btf, "css_set", "css_sez");
	ktap(finds(&fake, &profile, &err), "without control groups%s",
	     err.text);
	ktap(!profile.has[VIGIL_PROFILE_FIELD_TASK_CGROUPS] &&
	     !profile.has[VIGIL_PROFILE_FIELD_CSS_SET_DFL_CGRP] &&
	     missing(&profile) == 2, "these are not in the profile");

	json = vigil_profile_json(&profile);
	text = json_object_to_json_string(json);
	ktap(!strstr(text, "task_cgroups") && strstr(text, "\"upid_nr\": 0,") &&
	     !vigil_profile_parse(&again, text, strlen(text) + 1, &err) &&
	     !memcmp(again.has, profile.has, sizeof(again.has)) &&
	     !memcmp(again.value, profile.value, sizeof(again.value)),
	     "nor in its file");
	json_object_put(json);

	rename_type(btf, "upid", "upiz");
	ktap(finds(&fake, &profile, &err) &&
	     !profile.has[VIGIL_PROFILE_FIELD_UPID_SIZE] &&
	     !profile.has[VIGIL_PROFILE_FIELD_UPID_NR] &&
	     missing(&profile) == 4, "without a struct%s", err.text);

	/* dfl_cgrp has the length of what is needed. */
	rename_member(btf, "kernfs_node", "parent",
		      rename_type(btf, "dfl_cgrp", "__parent"));
	ktap(finds(&fake, &profile, &err) &&
	     profile.has[VIGIL_PROFILE_FIELD_KERNFS_PARENT] &&
	     profile.value[VIGIL_PROFILE_FIELD_KERNFS_PARENT] == 8,
	     "__parent of newer kernels%s", err.text);
	rename_type(btf, "__parent", "__parenz");
	ktap(finds(&fake, &profile, &err) &&
	     !profile.has[VIGIL_PROFILE_FIELD_KERNFS_PARENT] &&
	     missing(&profile) == 5, "neither of its names%s", err.text);

	rename_type(btf, "self_exec_id", "self_exec_iz");
	ktap(!finds(&fake, &profile, &err) && strstr(err.text, "self_exec_id"),
	     "what every kernel has must be there: %s", err.text);
	fake_guest_free(&fake);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	vmlinux = argv[1];
	ktap_start();
	test_profile(0, 4, true);
	test_profile(SLIDE, 4, true);
	test_profile(SLIDE, 5, false);
	test_old_order(false);
	test_old_order(true);
	test_forged_markers();
	test_entries();
	test_vcpus();
	test_gate();
	test_missing();
	test_optional();
	return ktap_end();
}
