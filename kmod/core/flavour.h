/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The KVM that this module was built for and the one that is loaded.
 *
 * The layout of struct kvm differs between stock KVM and one with vigil's
 * patches, so a module serves one of them: VIGIL_KVM_PATCHED says which.
 */
#ifndef _VIGIL_FLAVOUR_H
#define _VIGIL_FLAVOUR_H

#include <linux/types.h>

#ifdef VIGIL_KVM_PATCHED
#include <asm/kvm_exec.h>
#define VIGIL_FLAVOUR	"patched"
#else
#define VIGIL_FLAVOUR	"stock"
#endif

#define VIGIL_EXEC_UNAVAILABLE \
	"exec protection needs KVM with vigil's patches; this kvm.ko is stock"

int vigil_flavour_check(void);
bool vigil_tdp_enabled(void);

#endif /* _VIGIL_FLAVOUR_H */
