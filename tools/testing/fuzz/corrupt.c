// SPDX-License-Identifier: GPL-2.0
/*
 * corrupt VMLINUX [ROUNDS [SEED]]: gives every parser of libvigil damaged
 * input, the same with every run.  What is damaged is real: a kernel's symbols
 * and types, messages of the module, a profile.  Whether a parser refuses does
 * not matter; that it stays within its bounds the sanitizers watch.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/genetlink.h>

#include "fake_guest.h"
#include "fake_windows.h"
#include "finder.h"
#include "kbtf.h"
#include "ktap.h"
#include "nl.h"

static uint64_t state;
static unsigned int rounds = 100;

/* xorshift64* */
static uint64_t random64(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 0x2545f4914f6cdd1dULL;
}

static size_t below(size_t n)
{
	return n ? random64() % n : 0;
}

/* Values that arithmetic on lengths goes wrong with. */
static void spoil(uint8_t *data, size_t size)
{
	static const uint64_t odd[] = { 0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff,
					0x7fffffff, 0xffffffff, 1ULL << 63,
					~0ULL };
	size_t width = 1UL << below(4), at;
	uint64_t value;

	if (size < width)
		return;
	at = below(size - width + 1);
	value = below(2) ? odd[below(11)] : random64();
	memcpy(data + at, &value, width);
}

/*
 * A damaged copy of exactly its size, so that reading on is noticed.  One in
 * four is cut; damage favours @hot, where the lengths and counts are.
 */
static uint8_t *damaged(const uint8_t *data, size_t *size, size_t hot)
{
	size_t n = 1 + below(4);
	uint8_t *copy;

	if (!below(4))
		*size = below(*size + 1);
	copy = malloc(*size ? *size : 1);
	memcpy(copy, data, *size);
	while (n--)
		spoil(copy, below(2) && hot < *size ? hot : *size);
	return copy;
}

/* --- symbols -------------------------------------------------------------- */

/* The part of an image that has the symbols, as an image of its own. */
static void cut_symbols(struct vigil_image *part,
			const struct vigil_image *image,
			const struct vigil_kallsyms *ks)
{
	size_t start = ks->names - 8;
	size_t end = ks->offsets + 4UL * ks->count + 16;

	memset(part, 0, sizeof(*part));
	part->start = ks->base;
	part->size = end - start;
	part->data = malloc(part->size);
	memcpy(part->data, image->data + start, part->size);
}

static bool lookup_damaged(const struct vigil_image *image)
{
	struct vigil_image copy = *image;
	struct vigil_symbol symbol = { .name = "init_task" };
	struct vigil_kallsyms ks;
	struct vigil_err err;
	bool found;

	copy.data = damaged(image->data, &copy.size, 4096);
	found = !vigil_kallsyms_find(&ks, &copy, &err);
	if (found)
		vigil_kallsyms_lookup(&ks, &symbol, 1);
	free(copy.data);
	return found;
}

static void fuzz_symbols(const struct vigil_image *image)
{
	struct vigil_kallsyms ks;
	struct vigil_image part;
	unsigned int i, found = 0;
	struct vigil_err err;

	if (vigil_kallsyms_find(&ks, image, &err)) {
		ktap(false, "symbols: %s", err.text);
		return;
	}
	cut_symbols(&part, image, &ks);
	for (i = 0; i < rounds; i++)
		found += lookup_damaged(&part);
	ktap(true, "symbols: %u damaged, %u still found", rounds, found);
	/* the small tables in front: one step of the search at a time */
	for (i = 0; i < rounds; i++) {
		size_t at = ks.markers - (ks.names - 8) +
			    below(ks.offsets - ks.markers);
		uint8_t saved[8];

		memcpy(saved, part.data + at, 8);
		spoil(part.data + at, 8);
		found += lookup_damaged(&part);
		memcpy(part.data + at, saved, 8);
	}
	ktap(true, "symbols: %u with damaged tables", rounds);
	free(part.data);
}

/* --- types ---------------------------------------------------------------- */

static bool read_damaged(const uint8_t *data, size_t size)
{
	static const char *const path[][2] = {
		{ "task_struct", "thread_node" }, { "dentry", "d_name.len" },
		{ "file", "f_path.dentry" }, { "page", "compound_head" },
	};
	uint8_t *copy = damaged(data, &size, 24);
	struct vigil_err err;
	struct btf *btf = vigil_btf_open(copy, size, &err);
	uint64_t value;
	unsigned int i;

	for (i = 0; btf && i < 4; i++)
		vigil_btf_offset(btf, path[i][0], path[i][1], &value, &err);
	if (btf)
		vigil_btf_close(btf);
	free(copy);
	return btf;
}

static void fuzz_types(const struct vigil_image *image)
{
	static const uint8_t magic[] = { 0x9f, 0xeb, 1, 0, 24, 0, 0, 0 };
	const uint8_t *data = memmem(image->data, image->size, magic,
				     sizeof(magic));
	unsigned int i, read = 0;
	size_t size;

	if (!data) {
		ktap(false, "types: none in the image");
		return;
	}
	size = 24 + *(uint32_t *)(data + 16) + *(uint32_t *)(data + 20);
	for (i = 0; i < rounds / 4; i++)
		read += read_damaged(data, size);
	ktap(true, "types: %u damaged, %u still read", rounds / 4, read);
}

/* --- messages ------------------------------------------------------------- */

static size_t make_alert(char *buf)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	uint64_t gpr[16] = { 0 };
	struct nlattr *nest;

	mnl_nlmsg_put_extra_header(nlh, sizeof(struct genlmsghdr));
	mnl_attr_put_u32(nlh, VIGIL_A_ALERT_VM_ID, 1);
	mnl_attr_put_u64(nlh, VIGIL_A_ALERT_SEQ, 1);
	mnl_attr_put_u64(nlh, VIGIL_A_ALERT_TIME, 1);
	mnl_attr_put_strz(nlh, VIGIL_A_ALERT_VM_NAME, "web");
	mnl_attr_put_u32(nlh, VIGIL_A_ALERT_RULE, 5);
	mnl_attr_put_u32(nlh, VIGIL_A_ALERT_OUTCOME, 1);
	nest = mnl_attr_nest_start(nlh, VIGIL_A_ALERT_PROCESS);
	mnl_attr_put_u32(nlh, VIGIL_A_PROCESS_PID, 1);
	mnl_attr_put_strz(nlh, VIGIL_A_PROCESS_COMM, "init");
	mnl_attr_nest_end(nlh, nest);
	mnl_attr_put(nlh, VIGIL_A_ALERT_REGISTERS, sizeof(gpr), gpr);
	mnl_attr_put(nlh, VIGIL_A_ALERT_CODE, sizeof(gpr), gpr);
	return nlh->nlmsg_len;
}

static size_t make_profile(char *buf)
{
	struct vigil_profile profile = { .banner = "Linux version" };
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	unsigned int i;

	mnl_nlmsg_put_extra_header(nlh, sizeof(struct genlmsghdr));
	for (i = 0; i < VIGIL_PROFILE_FIELDS; i++)
		profile.has[i] = true;
	vigil_profile_put(&profile, nlh);
	return nlh->nlmsg_len;
}

static bool parse_damaged(const char *buf, size_t size,
			  const struct vigil_attr_set *set)
{
	size_t head = MNL_NLMSG_HDRLEN + sizeof(struct genlmsghdr);
	struct vigil_profile profile;
	struct vigil_attrs attrs;
	uint8_t *copy;
	bool ok;

	size -= head;
	copy = damaged((const uint8_t *)buf + head, &size, 64);
	ok = !vigil_attrs_parse(&attrs, set, copy, size);
	if (ok) {
		json_object_put(vigil_attrs_json(&attrs));
		if (set == &vigil_profile_set)
			vigil_profile_get(&profile, &attrs);
	}
	free(copy);
	return ok;
}

static void fuzz_messages(void)
{
	char buf[8192] __attribute__((aligned(8)));
	unsigned int i, ok = 0;
	size_t size;

	size = make_alert(buf);
	for (i = 0; i < rounds * 100; i++)
		ok += parse_damaged(buf, size, &vigil_alert_set);
	size = make_profile(buf);
	for (i = 0; i < rounds * 10; i++)
		ok += parse_damaged(buf, size, &vigil_profile_set);
	ktap(true, "messages: %u damaged, %u still parsed", rounds * 110, ok);
}

/* An error as the kernel sends it: the request again, then what it says. */
static size_t make_error(char *buf, const struct nlmsghdr *req)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	size_t rest = req->nlmsg_len - MNL_NLMSG_HDRLEN;
	struct nlmsgerr *nlerr;

	nlh->nlmsg_type = NLMSG_ERROR;
	nlh->nlmsg_flags = NLM_F_ACK_TLVS;
	nlerr = mnl_nlmsg_put_extra_header(nlh, sizeof(*nlerr));
	nlerr->error = -EINVAL;
	nlerr->msg = *req;
	memcpy(mnl_nlmsg_put_extra_header(nlh, rest),
	       mnl_nlmsg_get_payload(req), rest);
	mnl_attr_put_strz(nlh, NLMSGERR_ATTR_MSG, "no such VM is attached");
	mnl_attr_put_u32(nlh, NLMSGERR_ATTR_OFFS, 20);
	mnl_attr_put_u32(nlh, NLMSGERR_ATTR_MISS_TYPE, 1);
	return nlh->nlmsg_len;
}

static void fuzz_errors(void)
{
	char req_buf[256] __attribute__((aligned(8)));
	char buf[1024] __attribute__((aligned(8)));
	struct nlmsghdr *req = mnl_nlmsg_put_header(req_buf), *nlh;
	struct genlmsghdr *genl;
	struct vigil_err err;
	unsigned int i;
	uint8_t *copy;
	size_t size;

	genl = mnl_nlmsg_put_extra_header(req, sizeof(*genl));
	genl->cmd = VIGIL_CMD_VM_GET;
	mnl_attr_put_u32(req, VIGIL_A_VM_ID, 1);
	size = make_error(buf, req);
	for (i = 0; i < rounds * 100; i++) {
		size_t len = size;

		copy = damaged((uint8_t *)buf, &len, 40);
		nlh = (struct nlmsghdr *)copy;
		/* the receiver has checked that much */
		if (len >= MNL_NLMSG_HDRLEN) {
			nlh->nlmsg_len = len;
			if (nlh->nlmsg_type != NLMSG_DONE)
				nlh->nlmsg_type = NLMSG_ERROR;
			vigil_nl_explain(nlh, req, &err);
		}
		free(copy);
	}
	ktap(true, "errors: %u damaged", rounds * 100);
}

/* --- profiles ------------------------------------------------------------- */

static void fuzz_profiles(void)
{
	struct vigil_profile profile = { .banner = "Linux version" };
	struct json_object *json;
	unsigned int i, ok = 0;
	struct vigil_err err;
	const char *text;

	for (i = 0; i < VIGIL_PROFILE_FIELDS; i++)
		profile.has[i] = true;
	json = vigil_profile_json(&profile);
	text = json_object_to_json_string(json);
	for (i = 0; i < rounds * 20; i++) {
		size_t size = strlen(text) + 1;
		uint8_t *copy = damaged((const uint8_t *)text, &size, 100);

		ok += !vigil_profile_parse(&profile, (char *)copy, size, &err);
		free(copy);
	}
	json_object_put(json);
	ktap(true, "profiles: %u damaged, %u still taken", rounds * 20, ok);
}

/* --- page tables ---------------------------------------------------------- */

static void fuzz_tables(struct fake_guest *fake)
{
	struct vigil_space space = { &fake->guest, FAKE_ROOT, 4 };
	unsigned int i, ok = 0;
	struct vigil_image image;
	struct vigil_err err;
	uint8_t saved[0x4000];

	memcpy(saved, fake->memory + FAKE_ROOT, sizeof(saved));
	for (i = 0; i < rounds / 4; i++) {
		/* of the entries that are there most are in the third table */
		spoil(fake->memory + FAKE_ROOT + 4096 * below(3), 4096);
		spoil(fake->memory + FAKE_ROOT + 8192, 4096);
		if (!vigil_image_load(&image, &space, fake->regs.lstar, &err)) {
			vigil_image_free(&image);
			ok++;
		}
		if (!below(4))
			memcpy(fake->memory + FAKE_ROOT, saved, sizeof(saved));
	}
	memcpy(fake->memory + FAKE_ROOT, saved, sizeof(saved));
	ktap(true, "page tables: %u damaged, %u still walked", rounds / 4, ok);
}

/* --- Windows guests ------------------------------------------------------- */

static bool find_damaged(struct fake_windows *fake, uint8_t *const *hot,
			 size_t pages)
{
	uint8_t saved[4][4096];
	struct vigil_findings findings;
	struct vigil_profile profile;
	struct vigil_err err;
	size_t i, n;
	int ret;

	for (i = 0; i < pages; i++)
		memcpy(saved[i], hot[i], 4096);
	for (n = 1 + below(4); n; n--)
		spoil(hot[below(pages)], below(2) ? 448 : 4096);
	ret = vigil_profile_find(&profile, &findings, &fake->guest, NULL, &err);
	for (i = 0; i < pages; i++)
		memcpy(hot[i], saved[i], 4096);
	return !ret;
}

/* Headers, debug directory, resources, and System's page table. */
static void fuzz_windows(void)
{
	const struct fake_windows_options options = {
		.build = "10.0.19041.928", .shadow = true,
	};
	struct fake_windows fake;
	unsigned int i, ok = 0;
	uint8_t *hot[4];

	if (!fake_windows_load(&fake, &options)) {
		ktap(false, "Windows guest can't be laid out");
		return;
	}
	hot[0] = fake_windows_at(&fake, fake.image);
	hot[1] = fake_windows_at(&fake, fake.image + 0x2000);
	hot[2] = fake_windows_at(&fake, fake.image + 0x180000);
	hot[3] = fake.memory + fake.root;
	for (i = 0; i < rounds * 2; i++)
		ok += find_damaged(&fake, hot, 4);
	fake_windows_free(&fake);
	ktap(true, "Windows guests: %u damaged, %u still found", rounds * 2, ok);
}

static bool read_isf(const uint8_t *data, size_t size)
{
	struct vigil_err err;
	struct vigil_isf *isf = vigil_isf_parse(data, size, &err);
	uint64_t value, bit;

	if (!isf)
		return false;
	vigil_isf_check(isf, "01", &err);
	vigil_isf_symbol(isf, "Head", UINT64_MAX, &value, &err);
	vigil_isf_offset(isf, "_T", "Flags", 4096, &value, &err);
	vigil_isf_bit(isf, "_T", "Bit", 4096, &value, &bit, &err);
	vigil_isf_close(isf);
	return true;
}

static void fuzz_isf(void)
{
	static const char text[] =
		"{\"metadata\":{\"windows\":{\"pdb\":{\"GUID\":\"0\",\"age\":1}}},"
		"\"symbols\":{\"Head\":{\"address\":4096}},"
		"\"user_types\":{\"_T\":{\"fields\":{"
		"\"Flags\":{\"offset\":772},\"Bit\":{\"offset\":772,\"type\":"
		"{\"bit_position\":2,\"bit_length\":1}}}}}}";
	unsigned int i, ok = 0;

	for (i = 0; i < rounds * 100; i++) {
		size_t size = sizeof(text) - 1;
		uint8_t *copy = damaged((const uint8_t *)text, &size, 60);

		ok += read_isf(copy, size);
		free(copy);
	}
	ktap(true, "symbol files: %u damaged, %u still read", rounds * 100, ok);
}

int main(int argc, char **argv)
{
	struct vigil_image image;
	struct fake_guest fake;
	struct vigil_space space = { &fake.guest, FAKE_ROOT, 4 };
	struct vigil_err err;

	if (argc < 2)
		return 2;
	if (argc > 2)
		rounds = strtoul(argv[2], NULL, 0);
	state = argc > 3 ? strtoull(argv[3], NULL, 0) : 0x9e3779b97f4a7c15;
	ktap_start();
	fuzz_messages();
	fuzz_errors();
	fuzz_profiles();
	fuzz_isf();
	fuzz_windows();
	if (!fake_guest_load(&fake, argv[1], 0x1a800000, 4) ||
	    vigil_image_load(&image, &space, fake.regs.lstar, &err)) {
		ktap(false, "%s can't be loaded", argv[1]);
		return ktap_end();
	}
	fuzz_tables(&fake);
	fuzz_symbols(&image);
	fuzz_types(&image);
	vigil_image_free(&image);
	fake_guest_free(&fake);
	return ktap_end();
}
