/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What KVM tells its clients of a VM as a whole.
 */
#ifndef _VIGIL_NOTICE_H
#define _VIGIL_NOTICE_H

#include <asm/kvm_clients.h>

struct vigil_vm;

void vigil_notice(struct vigil_vm *vm, enum kvm_client_notice notice);
void vigil_notice_nested(struct vigil_vm *vm);

void vigil_client_begins(struct vigil_vm *vm);
void vigil_client_ends(struct vigil_vm *vm);

#endif /* _VIGIL_NOTICE_H */
