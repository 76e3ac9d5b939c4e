// SPDX-License-Identifier: GPL-2.0
/*
 * A profile of a Windows guest: the head of the list of processes, System, its
 * page table, and the slot of top-level tables that points to the table itself.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "windows.h"

#define PAGE		4096U
#define ENTRIES		512
#define SLOT_MIN	256

#define PTE_PRESENT	0x1ULL
/* Windows uses it for what is no page table. */
#define PTE_SOFTWARE	0x800ULL
#define ADDRESS		0x000ffffffffff000ULL

#define TYPE_PROCESS	3
#define SYSTEM_PID	4

/* Pointers in the image's data that are looked at as a list's head. */
#define CANDIDATES_MAX	131072
#define PROCESSES_MAX	65535
#define WALKS		5

#define F(name)	VIGIL_WINDOWS_FIELD_##name

/**
 * struct search - what is known so far
 * @find:	the kernel's image
 * @profile:	has the offsets
 * @space:	where kernel objects are read
 * @root:	System's page table
 * @candidates:	how many were looked at
 * @slots:	by slot: does System's table have a self-reference there?
 * @votes:	by slot: processes that have one there
 * @processes:	how many there are
 * @tables:	of how many the table could be read
 */
struct search {
	const struct vigil_winfind *find;
	struct vigil_profile *profile;
	struct vigil_space space;
	uint64_t root;
	unsigned int candidates;
	bool slots[ENTRIES];
	unsigned int votes[ENTRIES];
	unsigned int processes;
	unsigned int tables;
};

static uint64_t offset_of(const struct search *s, unsigned int field)
{
	return s->profile->value[field];
}

static void set(struct search *s, unsigned int field, uint64_t value)
{
	s->profile->value[field] = value;
	s->profile->has[field] = true;
}

static bool is_object(const struct search *s, uint64_t addr)
{
	return vigil_is_kernel(addr, s->space.levels) && !(addr % 8);
}

static int read_field(const struct search *s, uint64_t eprocess,
		      unsigned int field, void *buf, size_t len)
{
	return vigil_virt_read(&s->space, eprocess + offset_of(s, field), buf,
			       len);
}

/* --- the head ----------------------------------------------------------------- */

static bool is_system(const struct search *s, uint64_t eprocess)
{
	char name[7] = "";
	uint64_t pid = 0;
	uint8_t type = 0;

	return !vigil_virt_read(&s->space, eprocess, &type, sizeof(type)) &&
	       type == TYPE_PROCESS &&
	       !read_field(s, eprocess, F(EPROCESS_UNIQUE_PROCESS_ID), &pid,
			   sizeof(pid)) && pid == SYSTEM_PID &&
	       !read_field(s, eprocess, F(EPROCESS_IMAGE_FILE_NAME), name,
			   sizeof(name)) && !memcmp(name, "System", 7);
}

static bool is_inside(const struct search *s, uint64_t addr)
{
	return addr - s->find->pe.base < s->find->pe.size;
}

/* A list whose first element is the process System, in its pool memory. */
static bool is_head(const struct search *s, uint64_t head)
{
	uint64_t links[2], back;

	return !vigil_virt_read(&s->space, head, links, sizeof(links)) &&
	       is_object(s, links[0]) && is_object(s, links[1]) &&
	       !is_inside(s, links[0]) &&
	       !vigil_virt_read(&s->space, links[0] + 8, &back, sizeof(back)) &&
	       back == head &&
	       !vigil_virt_read(&s->space, links[1], &back, sizeof(back)) &&
	       back == head &&
	       is_system(s, links[0] - offset_of(s,
						 F(EPROCESS_ACTIVE_PROCESS_LINKS)));
}

/* -ENOENT: not in this page. */
static int search_page(struct search *s, uint64_t addr)
{
	uint64_t word[PAGE / 8];
	unsigned int i;

	if (vigil_virt_read(&s->space, addr, word, sizeof(word)))
		return -ENOENT;
	for (i = 0; i < PAGE / 8; i++) {
		if (!is_object(s, word[i]) || is_inside(s, word[i]))
			continue;
		if (s->candidates++ == CANDIDATES_MAX)
			return -E2BIG;
		if (!is_head(s, addr + i * 8))
			continue;
		set(s, F(PS_ACTIVE_PROCESS_HEAD), addr + i * 8);
		return 0;
	}
	return -ENOENT;
}

static int search_section(struct search *s,
			  const struct vigil_pe_section *section)
{
	uint64_t start = s->find->pe.base + (section->rva & ~(PAGE - 1));
	uint64_t end = s->find->pe.base + section->rva + section->size;
	int ret = -ENOENT;

	if (!(section->flags & VIGIL_PE_WRITABLE) ||
	    section->flags & VIGIL_PE_DISCARDABLE)
		return -ENOENT;
	for (; start < end && ret == -ENOENT; start += PAGE)
		ret = search_page(s, start);
	return ret;
}

static int search_head(struct search *s, struct vigil_err *err)
{
	const struct vigil_pe *pe = &s->find->pe;
	int ret = -ENOENT;
	unsigned int i;

	for (i = 0; i < pe->sections && ret == -ENOENT; i++)
		ret = search_section(s, &pe->section[i]);
	if (!ret)
		return 0;
	if (ret == -E2BIG)
		return vigil_fail(err, ENOENT,
				  "the list of processes is not found: ntoskrnl's data has too many pointers");
	return vigil_fail(err, ENOENT,
			  "the list of processes is not found in ntoskrnl's data: the offsets are of another build, or the guest is still booting");
}

static int check_head(const struct search *s, struct vigil_err *err)
{
	if (is_head(s, offset_of(s, F(PS_ACTIVE_PROCESS_HEAD))))
		return 0;
	return vigil_fail(err, EBADMSG,
			  "the symbol PsActiveProcessHead (0x%llx) leads to no list that begins with System",
			  (unsigned long long)offset_of(s, F(PS_ACTIVE_PROCESS_HEAD)));
}

/* --- System's tables ---------------------------------------------------------- */

static bool is_self(uint64_t entry, uint64_t table)
{
	return entry & PTE_PRESENT && !(entry & PTE_SOFTWARE) &&
	       (entry & ADDRESS) == table;
}

static int read_system(struct search *s, struct vigil_err *err)
{
	uint64_t links, eprocess, entry[ENTRIES];
	unsigned int i, found = 0;

	if (vigil_virt_read(&s->space, offset_of(s, F(PS_ACTIVE_PROCESS_HEAD)),
			    &links, sizeof(links)))
		return vigil_fail(err, EFAULT, "System can't be read");
	eprocess = links - offset_of(s, F(EPROCESS_ACTIVE_PROCESS_LINKS));
	if (read_field(s, eprocess, F(KPROCESS_DIRECTORY_TABLE_BASE), &s->root,
		       sizeof(s->root)))
		return vigil_fail(err, EFAULT, "System can't be read");
	s->root &= ADDRESS;
	if (!s->root ||
	    vigil_guest_read(s->space.guest, s->root, entry, sizeof(entry)))
		return vigil_fail(err, EBADMSG,
				  "System's page table (0x%llx) is not in the guest's memory",
				  (unsigned long long)s->root);
	for (i = SLOT_MIN; i < ENTRIES; i++) {
		s->slots[i] = is_self(entry[i], s->root);
		found += s->slots[i];
	}
	if (found)
		return 0;
	return vigil_fail(err, ENOENT,
			  "no entry of System's page table (0x%llx) points to the table itself",
			  (unsigned long long)s->root);
}

/* --- the other processes ------------------------------------------------------ */

static bool has_flag(const struct search *s, uint32_t flags, unsigned int field)
{
	return flags & offset_of(s, field);
}

/* Which of System's self-references does this process have? */
static void vote(struct search *s, uint64_t eprocess)
{
	uint64_t table, entry[ENTRIES];
	uint32_t flags;
	unsigned int i;

	if (read_field(s, eprocess, F(EPROCESS_FLAGS), &flags, sizeof(flags)) ||
	    has_flag(s, flags, F(FLAG_OUTSWAPPED)) ||
	    has_flag(s, flags, F(FLAG_VM_DELETED)) ||
	    read_field(s, eprocess, F(KPROCESS_DIRECTORY_TABLE_BASE), &table,
		       sizeof(table)))
		return;
	table &= ADDRESS;
	if (!table ||
	    vigil_guest_read(s->space.guest, table, entry, sizeof(entry)))
		return;
	s->tables++;
	for (i = SLOT_MIN; i < ENTRIES; i++)
		s->votes[i] += s->slots[i] && is_self(entry[i], table);
}

/* Each element must agree that the last one was before it. */
static int walk(struct search *s)
{
	const uint64_t head = offset_of(s, F(PS_ACTIVE_PROCESS_HEAD));
	uint64_t node = head, links[2];

	s->processes = 0;
	s->tables = 0;
	memset(s->votes, 0, sizeof(s->votes));
	if (vigil_virt_read(&s->space, head, links, sizeof(links)))
		return -EFAULT;
	while (links[0] != head) {
		uint64_t next = links[0];

		if (!is_object(s, next) || s->processes++ == PROCESSES_MAX ||
		    vigil_virt_read(&s->space, next, links, sizeof(links)) ||
		    links[1] != node)
			return -EBADMSG;
		vote(s, next - offset_of(s, F(EPROCESS_ACTIVE_PROCESS_LINKS)));
		node = next;
	}
	return 0;
}

/* Processes come and go meanwhile. */
static int walk_processes(struct search *s, struct vigil_err *err)
{
	int ret = -EAGAIN, try;

	for (try = 0; try < WALKS && ret; try++)
		ret = walk(s);
	if (!ret)
		return 0;
	return vigil_fail(err, EBADMSG,
			  "the guest's list of processes is damaged or endless: it breaks off after %u",
			  s->processes);
}

/*
 * An attack may have given System a second self-reference; the real one is what
 * all processes have in common.
 */
static void choose_slot(struct search *s, struct vigil_findings *findings)
{
	unsigned int i, best = SLOT_MIN;

	for (i = SLOT_MIN; i < ENTRIES; i++) {
		if (s->slots[i] && (!s->slots[best] ||
				    s->votes[i] > s->votes[best]))
			best = i;
	}
	set(s, F(SELF_MAP_SLOT), best);
	findings->processes = s->processes;
	findings->tables = s->tables;
	findings->verified = s->votes[best];
}

/* --- all of it ---------------------------------------------------------------- */

static int find_all(struct search *s, struct vigil_findings *findings,
		    struct vigil_err *err)
{
	int ret;

	findings->head_by_symbol = s->profile->has[F(PS_ACTIVE_PROCESS_HEAD)];
	ret = findings->head_by_symbol ? check_head(s, err) :
					 search_head(s, err);
	if (!ret)
		ret = read_system(s, err);
	if (ret)
		return ret;
	set(s, F(KERNEL_ROOT), s->root);
	/* Its table maps all of the kernel, the one so far perhaps not. */
	s->space.root = s->root;
	ret = walk_processes(s, err);
	if (!ret)
		choose_slot(s, findings);
	return ret;
}

static void describe(const struct vigil_winfind *find,
		     struct vigil_profile *profile,
		     struct vigil_findings *findings)
{
	char version[VIGIL_VERSION_SIZE];

	vigil_version_text(find->version, version);
	snprintf(profile->banner, sizeof(profile->banner),
		 "ntoskrnl.exe %s %s", version, find->pe.pdb_id);
	profile->os = VIGIL_PROFILE_OS_WINDOWS;
	findings->base = find->pe.base;
	findings->size = find->pe.size;
	findings->levels = find->pe.space.levels;
	findings->kva_shadow = find->kva_shadow;
}

int vigil_winfind_profile(const struct vigil_winfind *find,
			  const struct vigil_isf *isf,
			  struct vigil_profile *profile,
			  struct vigil_findings *findings,
			  struct vigil_err *err)
{
	struct search s = {
		.find = find,
		.profile = profile,
		.space = find->pe.space,
	};
	int ret;

	describe(find, profile, findings);
	set(&s, F(KERNEL_BASE), find->pe.base);
	set(&s, F(KERNEL_SIZE), find->pe.size);
	set(&s, F(KVA_SHADOW), find->kva_shadow);
	ret = vigil_winfind_offsets(find, isf, profile, findings, err);
	if (ret)
		return ret;
	return find_all(&s, findings, err);
}
