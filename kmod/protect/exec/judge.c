// SPDX-License-Identifier: GPL-2.0
/*
 * Which rules does the code on a page match?
 *
 * The page is asked first: struct page, its address_space, the inode, the
 * superblock.  A process can neither choose nor change these, and a concurrent
 * munmap(), mremap() or split of a mapping does not touch them.  The mapping adds
 * what only it knows: whether it is a stack, whether it is shared and writable,
 * whether it is one of the kernel's special mappings.
 *
 *  - A page of the page cache of a file system that is no memory is trusted, in
 *    whatever mapping, unless it can be written through a shared mapping now.
 *    After mprotect() took the write permission away it is a file like one that
 *    was written by write(2): nothing tells them apart.
 *  - A page without an address_space is the kernel's own where a special mapping
 *    shows it (vDSO, uprobes, vsyscall), and is trusted there only.
 *  - All else was made by a process while it ran: anonymous memory, private
 *    copies, whatever they are copies of (a debugger's breakpoints and the guest's
 *    own uprobes look the same), files that are memory, huge pages, devices.  If
 *    it can't be written now it was written before it was made executable.
 *  - A file without a name is judged by &VIGIL_EXEC_RULE_ANY only.  Whoever can
 *    unlink a file could as well leave it, while a service whose libraries were
 *    upgraded goes on with the old ones: it says little about the code.  So does
 *    a mapping without VM_EXEC, or none: the guest is taking it away.
 */

#include <linux/export.h>
#include <kunit/visibility.h>

#include "protect/exec/judge.h"

#define RULES_ALL	(VIGIL_EXEC_RULE_STACK | VIGIL_EXEC_RULE_WX | \
			 VIGIL_EXEC_RULE_W_THEN_X | VIGIL_EXEC_RULE_ANY)

static bool vma_allows(const struct vigil_exec_code *c, u64 flags)
{
	return c->mapping == VIGIL_EXEC_MAPPING_FOUND &&
	       (c->vma->flags & flags) == flags;
}

/* The main stack, or a thread's: the one that is in use holds RSP. */
static bool vma_is_stack(const struct vigil_exec_code *c)
{
	return c->vma->kind == VIGIL_VMA_KIND_STACK ||
	       (c->vma->flags & VIGIL_VM_GROWSDOWN) ||
	       (c->rsp >= c->vma->start && c->rsp < c->vma->end);
}

/* Code that a process made. */
static struct vigil_exec_judgement judge_made(const struct vigil_exec_code *c)
{
	struct vigil_exec_judgement j = { .rules = VIGIL_EXEC_RULE_ANY };

	if (c->mapping == VIGIL_EXEC_MAPPING_NOT_READ)
		return (struct vigil_exec_judgement){ .wants_mapping = true };

	/* It has been written; if it can't be now, then that came first. */
	if (c->pte_writable || vma_allows(c, VIGIL_VM_WRITE))
		j.rules |= VIGIL_EXEC_RULE_WX;
	else if (c->mapping == VIGIL_EXEC_MAPPING_UNREADABLE)
		j.unsure |= VIGIL_EXEC_RULE_WX | VIGIL_EXEC_RULE_W_THEN_X;
	else
		j.rules |= VIGIL_EXEC_RULE_W_THEN_X;

	if (c->mapping != VIGIL_EXEC_MAPPING_FOUND)
		j.unsure |= VIGIL_EXEC_RULE_STACK;
	else if (vma_is_stack(c))
		j.rules |= VIGIL_EXEC_RULE_STACK;
	return j;
}

static struct vigil_exec_judgement judge_file(const struct vigil_exec_code *c)
{
	struct vigil_exec_judgement j = {};

	/* A private mapping's pages are copied before they are written. */
	if (c->pte_writable || vma_allows(c, VIGIL_VM_SHARED | VIGIL_VM_WRITE))
		return judge_made(c);
	switch (c->mapping) {
	case VIGIL_EXEC_MAPPING_NOT_READ:
		/* Nobody maps the file so: this mapping can't be the one. */
		j.wants_mapping = c->page.shared_writable;
		break;
	case VIGIL_EXEC_MAPPING_UNREADABLE:
		if (c->page.shared_writable)
			j.unsure = RULES_ALL & ~VIGIL_EXEC_RULE_W_THEN_X;
		break;
	case VIGIL_EXEC_MAPPING_NONE:
		j.rules = VIGIL_EXEC_RULE_ANY;
		break;
	case VIGIL_EXEC_MAPPING_FOUND:
		if (!vma_allows(c, VIGIL_VM_EXEC))
			j.rules = VIGIL_EXEC_RULE_ANY;
		break;
	}
	if (c->page.deleted && !j.wants_mapping) {
		j.rules |= VIGIL_EXEC_RULE_ANY;
		j.unsure &= ~VIGIL_EXEC_RULE_ANY;
	}
	return j;
}

/*
 * Where tmpfs is the root file system, as it is in an initramfs, it is what other
 * systems have on disk: programs.  That is the mapping's to tell, by its mount.
 */
static struct vigil_exec_judgement judge_shmem(const struct vigil_exec_code *c)
{
	if (c->mapping == VIGIL_EXEC_MAPPING_UNREADABLE)
		return (struct vigil_exec_judgement){ .unsure = RULES_ALL };
	if (c->mapping == VIGIL_EXEC_MAPPING_FOUND && c->vma_has_page &&
	    (c->vma->kind == VIGIL_VMA_KIND_FILE ||
	     c->vma->kind == VIGIL_VMA_KIND_DELETED))
		return judge_file(c);
	return judge_made(c);
}

static struct vigil_exec_judgement judge_kernel(const struct vigil_exec_code *c)
{
	if (c->mapping == VIGIL_EXEC_MAPPING_UNREADABLE)
		return (struct vigil_exec_judgement){ .unsure = RULES_ALL };
	if (c->mapping == VIGIL_EXEC_MAPPING_FOUND &&
	    c->vma->kind == VIGIL_VMA_KIND_SPECIAL)
		return (struct vigil_exec_judgement){};
	return judge_made(c);
}

/* The mapping can condemn such a page; it can't make anybody trust it. */
static struct vigil_exec_judgement judge_unknown(const struct vigil_exec_code *c)
{
	if (c->mapping == VIGIL_EXEC_MAPPING_NOT_READ)
		return (struct vigil_exec_judgement){ .wants_mapping = true };
	if (c->mapping == VIGIL_EXEC_MAPPING_FOUND) {
		switch (c->vma->kind) {
		case VIGIL_VMA_KIND_ANON:
		case VIGIL_VMA_KIND_HEAP:
		case VIGIL_VMA_KIND_STACK:
		case VIGIL_VMA_KIND_SHMEM:
		case VIGIL_VMA_KIND_HUGETLB:
			return judge_made(c);
		default:
			break;
		}
	}
	return (struct vigil_exec_judgement){ .unsure = RULES_ALL };
}

/**
 * vigil_exec_judge - Which rules does the code on a page match?
 * @code: What is known of it.
 *
 * The mapping is asked for where it decides, and where code is suspicious: then
 * an alert tells of it.  Text of a file needs none.
 *
 * Return: The rules.  No rule is in both masks, and text that is trusted is in
 * neither.
 */
struct vigil_exec_judgement vigil_exec_judge(const struct vigil_exec_code *code)
{
	switch (code->page.kind) {
	case VIGIL_PAGE_KIND_FILE:
		return judge_file(code);
	case VIGIL_PAGE_KIND_SHMEM:
		return judge_shmem(code);
	case VIGIL_PAGE_KIND_KERNEL:
		return judge_kernel(code);
	case VIGIL_PAGE_KIND_ANON:
	case VIGIL_PAGE_KIND_HUGETLB:
	case VIGIL_PAGE_KIND_DEVICE:
		return judge_made(code);
	case VIGIL_PAGE_KIND_UNKNOWN:
		break;
	}
	return judge_unknown(code);
}
EXPORT_SYMBOL_IF_KUNIT(vigil_exec_judge);
