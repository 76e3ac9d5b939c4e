// SPDX-License-Identifier: GPL-2.0
/*
 * Watched pages: an instruction that could write to two page table entries unseen.
 * It needs the insides of emulate.c, which includes this.
 */

/* There is no operand to hold 16 bytes to compare with, hence write here. */
static int em_cmpxchg16b(struct x86_emulate_ctxt *ctxt)
{
	u64 old[2], new[2];
	ulong addr;
	int rc;

	memcpy(old, ctxt->dst.valptr, sizeof(old));
	ctxt->dst.type = OP_NONE;

	if (old[0] != reg_read(ctxt, VCPU_REGS_RAX) ||
	    old[1] != reg_read(ctxt, VCPU_REGS_RDX)) {
		*reg_write(ctxt, VCPU_REGS_RAX) = old[0];
		*reg_write(ctxt, VCPU_REGS_RDX) = old[1];
		ctxt->eflags &= ~X86_EFLAGS_ZF;
		return X86EMUL_CONTINUE;
	}

	new[0] = reg_read(ctxt, VCPU_REGS_RBX);
	new[1] = reg_read(ctxt, VCPU_REGS_RCX);

	rc = linearize(ctxt, ctxt->dst.addr.mem, sizeof(new), true, &addr);
	if (rc == X86EMUL_CONTINUE)
		rc = kvm_watch_cmpxchg16(ctxt->vcpu, addr, old, new, &ctxt->exception);
	if (rc == X86EMUL_CONTINUE)
		ctxt->eflags |= X86_EFLAGS_ZF;
	return rc;
}
