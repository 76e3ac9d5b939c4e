// SPDX-License-Identifier: GPL-2.0
/*
 * Exec protection: what was counted.  No counter goes back while the VM is
 * attached, but those that say how many there are now.
 */
#include <linux/kvm_host.h>

#include "core/count.h"
#include "protect/exec/count.h"
#include "protect/exec/exec.h"
#include "protect/exec/fetch.h"
#include "protect/exec/stats.h"

/* Of struct kvm_exec_stats, and where vigil has it. */
static const struct {
	u16 from;
	u16 to;
} kvm_counts[] = {
#define FROM(name)	offsetof(struct kvm_exec_stats, name)
#define TO(name)	offsetof(struct vigil_exec_stats, name)
	{ FROM(revoked), TO(revoked) },
	{ FROM(revoked_by_walk), TO(revoked_by_walk) },
	{ FROM(revoked_by_kvm), TO(revoked_by_kvm) },
	{ FROM(lost), TO(lost) },
	{ FROM(unmapped), TO(unmapped) },
	{ FROM(blocked), TO(blocked) },
	{ FROM(splits), TO(splits) },
	{ FROM(flushes), TO(flushes) },
	{ FROM(swept), TO(swept) },
#undef FROM
#undef TO
};

static_assert(ARRAY_SIZE(kvm_counts) == VIGIL_EXEC_KVM_COUNTS);

void vigil_exec_totals_init(struct vigil_exec_totals *t)
{
	spin_lock_init(&t->lock);
}

static void totals_update(struct vigil_exec_totals *t,
			  const struct kvm_exec_stats *k)
{
	lockdep_assert_held(&t->lock);
	for (size_t i = 0; t->counting && i < ARRAY_SIZE(kvm_counts); i++) {
		u64 n = *(const u64 *)((const void *)k + kvm_counts[i].from);

		vigil_total_update(&t->total[i], n);
	}
}

/* KVM has begun anew. */
void vigil_exec_totals_begin(struct vigil_exec *exec)
{
	struct vigil_exec_totals *t = &exec->totals;

	spin_lock(&t->lock);
	for (size_t i = 0; i < ARRAY_SIZE(t->total); i++)
		vigil_total_begin(&t->total[i]);
	t->counting = true;
	spin_unlock(&t->lock);
}

/* KVM counts no more, and still has what it counted. */
void vigil_exec_totals_end(struct vigil_exec *exec)
{
	struct vigil_exec_totals *t = &exec->totals;
	struct kvm_exec_stats k;

	spin_lock(&t->lock);
	kvm_exec_get_stats(exec->vm->kvm, &k);
	totals_update(t, &k);
	t->counting = false;
	spin_unlock(&t->lock);
}

/**
 * vigil_exec_stats - What was counted from the attach on
 * @vm: the VM, entered
 * @s: the result
 */
void vigil_exec_stats(const struct vigil_vm *vm, struct vigil_exec_stats *s)
{
	struct vigil_exec_totals *t = &vm->exec->totals;
	struct kvm_exec_stats k;

#define COUNT(name)	vigil_count_sum(&vm->exec->counts->value[VIGIL_EXEC_COUNT_##name])
	*s = (struct vigil_exec_stats){
		.fetches = COUNT(FETCHES),
		.granted = COUNT(GRANTED),
		.granted_around = COUNT(GRANTED_AROUND),
		.opened = COUNT(OPENED),
		.refused = COUNT(REFUSED),
		.retried = COUNT(RETRIED),
		.self_writes = COUNT(SELF_WRITES),
		.starved = COUNT(STARVED),
		.emulated_fetches = COUNT(EMULATED_FETCHES),
		.nested = COUNT(NESTED),
		.judged = COUNT(JUDGED),
		.unprotected = COUNT(UNPROTECTED),
		.shared = COUNT(SHARED),
		.kernel = COUNT(KERNEL),
		.no_profile = COUNT(NO_PROFILE),
		.unreadable = COUNT(UNREADABLE),
		.fetch_time = COUNT(FETCH_TIME),
		.processes = READ_ONCE(vm->exec->identities.nr),
		.identified = READ_ONCE(vm->exec->identities.identified),
		.process_sweeps = READ_ONCE(vm->exec->process_sweep.sweeps),
		.process_sweep_time = READ_ONCE(vm->exec->process_sweep.time),
	};
#undef COUNT
	spin_lock(&t->lock);
	/* Under the lock: what was read before could be of another time. */
	kvm_exec_get_stats(vm->kvm, &k);
	totals_update(t, &k);
	for (size_t i = 0; i < ARRAY_SIZE(kvm_counts); i++)
		*(u64 *)((void *)s + kvm_counts[i].to) = t->total[i].shown;
	if (t->counting) {
		s->pages_granted = k.pages_granted;
		s->pages_open = k.pages_open;
	}
	spin_unlock(&t->lock);
}
