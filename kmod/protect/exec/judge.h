/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which rules does the code on a page match?  Pure: facts in, rules out.
 */
#ifndef _VIGIL_EXEC_JUDGE_H
#define _VIGIL_EXEC_JUDGE_H

#include <linux/types.h>

#include "guest/linux.h"

/**
 * enum vigil_exec_mapping - What is known of the mapping of an address
 * @VIGIL_EXEC_MAPPING_NOT_READ: Nobody asked the guest yet.
 * @VIGIL_EXEC_MAPPING_FOUND: There is a VMA.
 * @VIGIL_EXEC_MAPPING_NONE: The page tables map the page, and no VMA has it: an
 *	munmap() is under way.
 * @VIGIL_EXEC_MAPPING_UNREADABLE: The tree or the VMA makes no sense right now:
 *	a VMA is being split, or the guest lies.
 */
enum vigil_exec_mapping {
	VIGIL_EXEC_MAPPING_NOT_READ,
	VIGIL_EXEC_MAPPING_FOUND,
	VIGIL_EXEC_MAPPING_NONE,
	VIGIL_EXEC_MAPPING_UNREADABLE,
};

/**
 * struct vigil_exec_code - What is known of the code that is fetched
 */
struct vigil_exec_code {
	/** @page: What the page is that is executed. */
	struct vigil_page page;
	/** @pte_writable: The guest's own page tables allow to write it there. */
	bool pte_writable;
	/** @rsp: Stack pointer of the thread that fetches. */
	u64 rsp;
	enum vigil_exec_mapping mapping;
	/** @vma: Valid if @mapping says that there is one. */
	const struct vigil_vma *vma;
	/** @vma_has_page: The page belongs to the file of @vma. */
	bool vma_has_page;
};

/**
 * struct vigil_exec_judgement - What was found
 */
struct vigil_exec_judgement {
	/** @rules: Mask of &enum vigil_exec_rule that match. */
	u32 rules;
	/** @unsure: Those of which that can't be told. */
	u32 unsure;
	/** @wants_mapping: @code.mapping decides and was not read; then nothing
	 * else is said.
	 */
	bool wants_mapping;
};

struct vigil_exec_judgement
vigil_exec_judge(const struct vigil_exec_code *code);

#endif /* _VIGIL_EXEC_JUDGE_H */
