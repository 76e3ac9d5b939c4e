// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>

#include <capstone/capstone.h>

#include "alert.h"

#define LINES_MAX	12

/* A byte that starts no instruction is shown as data and stepped over. */
static csh open_engine(void)
{
	csh engine;

	if (cs_open(CS_ARCH_X86, CS_MODE_64, &engine))
		return 0;
	cs_option(engine, CS_OPT_SKIPDATA, CS_OPT_ON);
	return engine;
}

/*
 * Zeros that follow the code on a fresh page are no code; but an instruction that
 * begins before them may end with some.
 */
static size_t without_zeros(const uint8_t *code, size_t len)
{
	while (len && !code[len - 1])
		len--;
	return len;
}

void disassemble(const uint8_t *code, size_t len, uint64_t rip,
		 void (*line)(uint64_t addr, const uint8_t *bytes, size_t len,
			      const char *text, void *data), void *data)
{
	size_t end = without_zeros(code, len), i, count;
	csh engine = open_engine();
	cs_insn *insn;
	char text[208];

	if (!engine)
		return;
	count = cs_disasm(engine, code, len, rip, LINES_MAX, &insn);
	for (i = 0; i < count && insn[i].address - rip < end; i++) {
		snprintf(text, sizeof(text), "%s%s%s", insn[i].mnemonic,
			 *insn[i].op_str ? " " : "", insn[i].op_str);
		line(insn[i].address, insn[i].bytes, insn[i].size, text, data);
	}
	if (count)
		cs_free(insn, count);
	cs_close(&engine);
}
