/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is known of a VM's guest: its profile, as long as it fits.
 */
#ifndef _VIGIL_GUEST_H
#define _VIGIL_GUEST_H

#include <linux/types.h>

#include <uapi/linux/vigil.h>

#include "core/gmem_kvm.h"
#include "guest/linux.h"
#include "guest/windows.h"

struct netlink_ext_ack;
struct vigil_vm;

int vigil_guest_setup(struct vigil_vm *vm);
void vigil_guest_teardown(struct vigil_vm *vm);

int vigil_guest_set_profile(struct vigil_vm *vm,
			    const struct vigil_profile *profile,
			    struct netlink_ext_ack *extack);
enum vigil_profile_state vigil_guest_state(struct vigil_vm *vm);
const struct vigil_profile *vigil_guest_profile(struct vigil_vm *vm,
						enum vigil_profile_os os);
const struct vigil_profile *vigil_guest_given(struct vigil_vm *vm);
unsigned int vigil_guest_generation(struct vigil_vm *vm);
void vigil_guest_claim(struct vigil_vm *vm, enum vigil_profile_os os,
		       const char *refusal);
void vigil_guest_release(struct vigil_vm *vm, enum vigil_profile_os os);
void vigil_guest_add_reread(struct vigil_vm *vm, u64 n);
u64 vigil_guest_reread(const struct vigil_vm *vm);
void vigil_guest_doubt(struct vigil_vm *vm, unsigned int weight);
void vigil_guest_trust(struct vigil_vm *vm);

/* A doubt that is enough to look at once. */
#define VIGIL_DOUBT_LIMIT	64

/**
 * struct vigil_view - A guest, looked at from a thread that is no vCPU's
 */
struct vigil_view {
	struct vigil_vm *vm;
	int srcu_idx;
	/** @os: Which of the following it is. */
	enum vigil_profile_os os;
	struct vigil_gmem_kvm gmem;
	union {
		struct vigil_linux lx;
		struct vigil_windows win;
	};
};

int vigil_view_open(struct vigil_view *view, struct vigil_vm *vm);
int vigil_view_open_as(struct vigil_view *view, struct vigil_vm *vm,
		       enum vigil_profile_os os);
void vigil_view_close(struct vigil_view *view);
int vigil_guest_expect(struct vigil_vm *vm, enum vigil_profile_os os,
		       struct netlink_ext_ack *extack);

#endif /* _VIGIL_GUEST_H */
