// SPDX-License-Identifier: GPL-2.0
/*
 * Self-map protection where KVM asks nobody: the sweep is all there is.
 */
#include "protect/selfmap_priv.h"

enum vigil_selfmap_way vigil_selfmap_best(struct kvm *kvm, const char **why)
{
	*why = "this kvm.ko is stock: it can neither watch page tables nor loads of CR3";
	return VIGIL_SELFMAP_WAY_SWEEP;
}

int vigil_watch_start(struct vigil_selfmap *sm)
{
	return 0;
}

void vigil_watch_stop(struct vigil_selfmap *sm)
{
}

void vigil_watch_table(struct vigil_selfmap *sm, struct vigil_table *table)
{
}

void vigil_watch_again(struct vigil_selfmap *sm, struct vigil_table *table)
{
}

void vigil_unwatch_table(struct vigil_selfmap *sm, struct vigil_table *table)
{
}

void vigil_watch_report(struct vigil_selfmap *sm,
			struct vigil_selfmap_report *r)
{
}
