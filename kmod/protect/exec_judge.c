// SPDX-License-Identifier: GPL-2.0
/*
 * Is a fetch of code suspicious?
 *
 * Code is trusted when it is a file's: a page of the page cache, seen through a
 * mapping that can't write to it.  What the guest's kernel itself maps (vDSO,
 * uprobes, vsyscall) is trusted likewise.  All else was made by a process while
 * it ran:
 *
 *  - A private copy was written, whatever it is a copy of: text through
 *    /proc/PID/mem or mprotect(), the vDSO as well.  A debugger's breakpoints
 *    and the guest's own uprobes look the same.
 *  - Anonymous memory, shared memory and huge pages have no content but what
 *    was written.
 *  - A page of the page cache in a mapping that is shared and writable now is
 *    memory which the process writes and executes, though it has a name.  After
 *    mprotect() took the write permission away it is a file like one that was
 *    written by write(2): nothing tells them apart.
 *  - A file without a name is judged by &VIGIL_EXEC_RULE_ANY only.  Whoever can
 *    unlink a file could as well leave it, while a service whose libraries were
 *    upgraded goes on with the old ones: it says little about the code.
 *  - So does a mapping without VM_EXEC; the guest may be taking it away.
 */

#include <linux/export.h>
#include <kunit/visibility.h>

#include "protect/exec_judge.h"

static bool is_in(const struct vigil_vma *vma, u64 addr)
{
	return addr >= vma->start && addr < vma->end;
}

static bool is_writable(const struct vigil_exec_facts *f)
{
	return f->page_writable || (f->vma->flags & VIGIL_VM_WRITE);
}

/* The main stack, or a thread's: the one that is in use holds RSP. */
static bool is_stack(const struct vigil_exec_facts *f)
{
	return f->vma->kind == VIGIL_VMA_KIND_STACK ||
	       (f->vma->flags & VIGIL_VM_GROWSDOWN) || is_in(f->vma, f->rsp);
}

/* The rules that match code which a process made. */
static u32 judge_made(const struct vigil_exec_facts *f)
{
	u32 rules = VIGIL_EXEC_RULE_ANY;

	if (is_stack(f))
		rules |= VIGIL_EXEC_RULE_STACK;
	/* It has been written; if it can't be now, then that came first. */
	if (is_writable(f))
		rules |= VIGIL_EXEC_RULE_WX;
	else
		rules |= VIGIL_EXEC_RULE_W_THEN_X;
	return rules;
}

static u32 judge_cached(const struct vigil_exec_facts *f)
{
	const struct vigil_vma *vma = f->vma;

	/* A private mapping's pages are copied before they are written. */
	if (f->page_writable ||
	    ((vma->flags & VIGIL_VM_SHARED) && is_writable(f)))
		return judge_made(f);
	if (vma->kind == VIGIL_VMA_KIND_DELETED ||
	    !(vma->flags & VIGIL_VM_EXEC))
		return VIGIL_EXEC_RULE_ANY;
	return 0;
}

static u32 judge_file(const struct vigil_exec_facts *f)
{
	switch (f->page) {
	case VIGIL_PAGE_CACHE:
		return judge_cached(f);
	case VIGIL_PAGE_COW:
	case VIGIL_PAGE_ANON:
	case VIGIL_PAGE_OTHER:
		return judge_made(f);
	case VIGIL_PAGE_UNKNOWN:
		break;
	}
	return VIGIL_EXEC_UNSURE;
}

static u32 judge_special(const struct vigil_exec_facts *f)
{
	/* Its pages are the kernel's own: only a copy is ever anonymous. */
	return f->page == VIGIL_PAGE_COW ? judge_made(f) : 0;
}

/**
 * vigil_exec_judge - Which rules does a fetch match?
 * @f: What is known of it.
 *
 * The kind of the page decides for files and special mappings only; of others
 * it need not be known.  A special mapping is trusted where it isn't.
 *
 * Return: A mask of &enum vigil_exec_rule; 0 if the fetch is not suspicious;
 * %VIGIL_EXEC_UNSURE if that can't be told.
 */
u32 vigil_exec_judge(const struct vigil_exec_facts *f)
{
	switch (f->vma->kind) {
	case VIGIL_VMA_KIND_SPECIAL:
		return judge_special(f);
	case VIGIL_VMA_KIND_FILE:
	case VIGIL_VMA_KIND_DELETED:
		return judge_file(f);
	case VIGIL_VMA_KIND_ANON:
	case VIGIL_VMA_KIND_HEAP:
	case VIGIL_VMA_KIND_STACK:
	case VIGIL_VMA_KIND_SHMEM:
	case VIGIL_VMA_KIND_HUGETLB:
		return judge_made(f);
	case VIGIL_VMA_KIND_UNKNOWN:
		break;
	}
	return VIGIL_EXEC_UNSURE;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_exec_judge);
