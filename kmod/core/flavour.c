// SPDX-License-Identifier: GPL-2.0
/*
 * Does the loaded KVM fit this module?
 *
 * Symbol versions catch a struct kvm of another layout where the kernel has
 * them, but not a change of meaning, and some kernels are built without.
 */
#include <linux/kvm_host.h>
#include <linux/module.h>

#include "core/flavour.h"

#ifdef VIGIL_KVM_PATCHED

int vigil_flavour_check(void)
{
	const struct kvm_exec_abi *abi = kvm_exec_abi();

	if (abi->version != KVM_EXEC_ABI_VERSION) {
		pr_err("kvm.ko has version %u of the exec interface, this module needs %u: build both from the same source\n",
		       abi->version, KVM_EXEC_ABI_VERSION);
		return -ENOEXEC;
	}
	if (abi->kvm_size != sizeof(struct kvm) ||
	    abi->vcpu_size != sizeof(struct kvm_vcpu)) {
		pr_err("kvm.ko was built with another configuration or other headers than this module: build both for the same kernel\n");
		return -ENOEXEC;
	}
	return 0;
}

#else

int vigil_flavour_check(void)
{
	if (!__symbol_get("kvm_exec_abi"))
		return 0;
	__symbol_put("kvm_exec_abi");
	pr_err("kvm.ko has vigil's patches, this module was built for stock KVM: load the other vigil.ko\n");
	return -ENOEXEC;
}

#endif /* VIGIL_KVM_PATCHED */

/*
 * KVM tells nobody whether it uses EPT or NPT.  What it tells is whether guests
 * may have narrower physical addresses than the host: with shadow paging they
 * always may, with NPT never, and with EPT only if kvm_intel was told to.
 */
bool vigil_tdp_enabled(void)
{
	return !allow_smaller_maxphyaddr;
}
