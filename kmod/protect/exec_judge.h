/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Is a fetch of code suspicious?  Pure: facts in, rules out.
 */
#ifndef _VIGIL_EXEC_JUDGE_H
#define _VIGIL_EXEC_JUDGE_H

#include <linux/bits.h>
#include <linux/types.h>

#include "guest/linux.h"

/*
 * Beside the rules: what the page is could not be told, and that decides.  The
 * VM's setting for an unreadable guest is the answer.
 */
#define VIGIL_EXEC_UNSURE	BIT(31)

/**
 * struct vigil_exec_facts - What is known of a user-mode fetch
 */
struct vigil_exec_facts {
	u64 rip;
	u64 rsp;
	/** @vma: The mapping that holds @rip. */
	const struct vigil_vma *vma;
	/** @page: What the page is that is executed. */
	enum vigil_page_kind page;
	/** @page_writable: The guest's own tables allow writes to it. */
	bool page_writable;
};

u32 vigil_exec_judge(const struct vigil_exec_facts *f);

#endif /* _VIGIL_EXEC_JUDGE_H */
