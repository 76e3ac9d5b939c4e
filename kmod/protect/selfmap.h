/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Self-map protection: what the layer above may do with it.
 */
#ifndef _VIGIL_SELFMAP_H
#define _VIGIL_SELFMAP_H

#include <linux/types.h>

#include <uapi/linux/vigil.h>

struct kvm;
struct netlink_ext_ack;
struct vigil_vm;

#define VIGIL_SELFMAP_PERIOD_MS	10

/**
 * struct vigil_selfmap_settings - How a VM is protected
 */
struct vigil_selfmap_settings {
	enum vigil_action action;
	/** @way: The one that is asked for. */
	enum vigil_selfmap_way way;
	u32 period_ms;
};

enum vigil_selfmap_count {
	VIGIL_SELFMAP_ROUNDS,
	VIGIL_SELFMAP_TIME,
	VIGIL_SELFMAP_CHECKED,
	VIGIL_SELFMAP_SCANNED,
	VIGIL_SELFMAP_HOSTILE,
	VIGIL_SELFMAP_DROPPED,
	VIGIL_SELFMAP_CLEARED,
	VIGIL_SELFMAP_REPAIRED,
	VIGIL_SELFMAP_RACED,
	VIGIL_SELFMAP_FAILED,
	VIGIL_SELFMAP_UNPROVED,
	VIGIL_SELFMAP_COUNTS,
};

/**
 * struct vigil_selfmap_report - What is told of a VM's protection
 */
struct vigil_selfmap_report {
	struct vigil_selfmap_settings settings;
	/** @way: The one that is used. */
	enum vigil_selfmap_way way;
	/** @why: Why not a stronger one, or NULL. */
	const char *why;
	enum vigil_selfmap_state state;
	u32 slot;
	u32 processes;
	u32 tables;
	u32 loaded;
	u32 watched;
	u64 counts[VIGIL_SELFMAP_COUNTS];
	/* Counted by KVM. */
	u64 writes;
	u64 missed;
	u64 missed_event;
	u64 dropped_pages;
	u64 switches;
};

int vigil_selfmap_setup(struct vigil_vm *vm);
void vigil_selfmap_teardown(struct vigil_vm *vm);

int vigil_selfmap_set(struct vigil_vm *vm,
		      const struct vigil_selfmap_settings *settings,
		      struct netlink_ext_ack *extack);
int vigil_selfmap_del(struct vigil_vm *vm);
int vigil_selfmap_check(struct vigil_vm *vm, u32 *wrong);

void vigil_selfmap_settings(const struct vigil_vm *vm,
			    struct vigil_selfmap_settings *settings);
bool vigil_selfmap_report(struct vigil_vm *vm, struct vigil_selfmap_report *r);
enum vigil_selfmap_way vigil_selfmap_best(struct kvm *kvm, const char **why);

#endif /* _VIGIL_SELFMAP_H */
