// SPDX-License-Identifier: GPL-2.0
/*
 * The top-level page tables of a Windows guest that are known.
 *
 * They come from the process list, which is walked a few processes at a time,
 * and from CR3, which a process has to load whether it is on the list or not.
 * The guest is hostile: their number is bounded, and one that goes is forgotten
 * only when nothing speaks for it any more.
 */
#include <linux/export.h>
#include <linux/slab.h>
#include <kunit/visibility.h>

#include "protect/selfmap_table.h"

static unsigned long index_of(u64 root)
{
	return root >> PAGE_SHIFT;
}

/* Under RCU, or by who may change them. */
struct vigil_table *vigil_tables_find(struct vigil_tables *t, u64 root)
{
	return xa_load(&t->by_frame, index_of(root));
}
EXPORT_SYMBOL_IF_KUNIT(vigil_tables_find);

/**
 * vigil_tables_next - The tables in turn, again and again
 * @t: all of them
 * @cursor: 0 to begin
 * @some: the next, until one of them goes
 * @nr: how many there is room for
 *
 * Return: how many there are, 0 only if there is none at all.
 */
unsigned int vigil_tables_next(struct vigil_tables *t, unsigned long *cursor,
			       struct vigil_table **some, unsigned int nr)
{
	unsigned int got;

	got = xa_extract(&t->by_frame, (void **)some, *cursor, ULONG_MAX, nr,
			 XA_PRESENT);
	if (!got)
		got = xa_extract(&t->by_frame, (void **)some, 0, ULONG_MAX, nr,
				 XA_PRESENT);
	if (got)
		*cursor = index_of(some[got - 1]->shape.root) + 1;
	return got;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_tables_next);

/* --- coming and going ------------------------------------------------------- */

static bool is_main(const struct vigil_table *table)
{
	return table->kind == VIGIL_SELFMAP_TABLE_KERNEL;
}

static void count(struct vigil_tables *t, const struct vigil_table *table,
		  int by)
{
	t->nr += by;
	if (table->kind == VIGIL_SELFMAP_TABLE_LOADED)
		t->nr_loaded += by;
	else if (is_main(table))
		t->nr_processes += by;
}

static void __drop(struct vigil_tables *t, struct vigil_table *table,
		   bool taken)
{
	xa_erase(&t->by_frame, index_of(table->shape.root));
	count(t, table, -1);
	t->ops->removed(t, table, taken);
	kfree_rcu(table, rcu);
}

static void drop(struct vigil_tables *t, struct vigil_table *table)
{
	__drop(t, table, false);
}

/**
 * vigil_tables_stranger - A table that is not among those that are known
 * @t: they
 * @root: where it is
 * @table: set to it; owned by nobody
 */
void vigil_tables_stranger(const struct vigil_tables *t, u64 root,
			   struct vigil_table *table)
{
	*table = (struct vigil_table){
		.kind = VIGIL_SELFMAP_TABLE_LOADED,
		.shape.root = root,
		.shape.slot = READ_ONCE(t->slot),
	};
}

static struct vigil_table *new_table(struct vigil_tables *t, u64 root)
{
	struct vigil_table *table;

	if (t->nr >= VIGIL_TABLES_MAX)
		return NULL;
	table = kmalloc(sizeof(*table), GFP_KERNEL_ACCOUNT);
	if (table)
		vigil_tables_stranger(t, root, table);
	return table;
}

static int insert(struct vigil_tables *t, struct vigil_table *table)
{
	int err;

	err = xa_insert(&t->by_frame, index_of(table->shape.root), table,
			GFP_KERNEL_ACCOUNT);
	if (err) {
		kfree(table);
		return err;
	}
	count(t, table, 1);
	t->ops->added(t, table);
	return 0;
}

/* --- processes -------------------------------------------------------------- */

#define GONE	(VIGIL_WIN_EXITING | VIGIL_WIN_DELETED | VIGIL_WIN_VM_DELETED)

/* It has an address space that nobody has begun to take down. */
bool vigil_win_lives(const struct vigil_win_process *p)
{
	return p->flags & VIGIL_WIN_HAS_ADDRESS_SPACE && !(p->flags & GONE);
}
EXPORT_SYMBOL_IF_KUNIT(vigil_win_lives);

static bool has(const struct vigil_win_process *p,
		enum vigil_selfmap_table kind, u64 pair,
		const struct vigil_table *table)
{
	return table->kind == kind && table->shape.pair == pair &&
	       table->process.eprocess == p->eprocess &&
	       table->process.create_time == p->create_time &&
	       table->process.pid == p->pid;
}

/* The table at @root is @kind of @p, whatever it was before. */
static int take(struct vigil_tables *t, enum vigil_selfmap_table kind,
		u64 root, u64 pair, const struct vigil_win_process *p)
{
	struct vigil_table *table = vigil_tables_find(t, root);

	if (table && has(p, kind, pair, table)) {
		table->seen = t->pass;
		return 0;
	}
	if (table)
		__drop(t, table, true);
	table = new_table(t, root);
	if (!table)
		return -ENOMEM;
	table->kind = kind;
	table->shape.pair = pair;
	table->shape.owned = true;
	table->process = *p;
	table->seen = t->pass;
	return insert(t, table);
}

/* Unless it is in use: flags alone, which anybody may have set, end nothing. */
static void forget(struct vigil_tables *t, u64 root, u64 eprocess)
{
	struct vigil_table *table = vigil_tables_find(t, root);

	if (!table || table->process.eprocess != eprocess)
		return;
	if (t->ops->lives(t, table))
		table->seen = t->pass;
	else
		drop(t, table);
}

/**
 * vigil_tables_process - A process was seen on the list
 * @t: the tables
 * @p: the process
 *
 * Return: 0, or -ENOMEM.
 */
int vigil_tables_process(struct vigil_tables *t,
			 const struct vigil_win_process *p)
{
	u64 root = vigil_selfmap_root(p->cr3);
	u64 user = vigil_selfmap_root(p->user_cr3);
	int err;

	if (user == root)
		user = 0;
	if (!vigil_win_lives(p)) {
		forget(t, root, p->eprocess);
		forget(t, user, p->eprocess);
		return 0;
	}
	if (!root)
		return 0;
	err = take(t, VIGIL_SELFMAP_TABLE_KERNEL, root, user, p);
	if (!err && user)
		err = take(t, VIGIL_SELFMAP_TABLE_USER, user, root, p);
	return err;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_tables_process);

/*
 * The list was walked to its end.  Who isn't on it any more has either exited,
 * or was taken off it to be hidden, and then all else of it is as it was.
 */
void vigil_tables_pass_ends(struct vigil_tables *t)
{
	struct vigil_table *table;
	unsigned long index;

	xa_for_each(&t->by_frame, index, table) {
		if (table->shape.owned && table->seen != t->pass &&
		    !t->ops->lives(t, table))
			drop(t, table);
	}
	t->pass++;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_tables_pass_ends);

/* --- loaded ------------------------------------------------------------------ */

/**
 * vigil_tables_loaded - A table was seen in a CR3
 * @t: the tables
 * @root: the table
 * @load: when; grows
 *
 * Return: the table, or NULL: there is no room for another.
 */
struct vigil_table *vigil_tables_loaded(struct vigil_tables *t, u64 root,
					u32 load)
{
	struct vigil_table *table = vigil_tables_find(t, root);

	if (!table && t->nr_loaded < VIGIL_TABLES_LOADED_MAX) {
		table = new_table(t, root);
		if (!table)
			return NULL;
		table->seen = load;
		return insert(t, table) ? NULL : table;
	}
	if (table && !table->shape.owned)
		table->seen = load;
	return table;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_tables_loaded);

/* Forget those that no process has and that were not loaded since @before. */
void vigil_tables_unload(struct vigil_tables *t, u32 before)
{
	struct vigil_table *table;
	unsigned long index;

	if (!t->nr_loaded)
		return;
	xa_for_each(&t->by_frame, index, table) {
		if (!table->shape.owned && (s32)(table->seen - before) < 0)
			drop(t, table);
	}
}
EXPORT_SYMBOL_IF_KUNIT(vigil_tables_unload);

/* --- life -------------------------------------------------------------------- */

void vigil_tables_init(struct vigil_tables *t,
		       const struct vigil_tables_ops *ops)
{
	t->ops = ops;
	xa_init(&t->by_frame);
}
EXPORT_SYMBOL_IF_KUNIT(vigil_tables_init);

void vigil_tables_clear(struct vigil_tables *t)
{
	struct vigil_table *table;
	unsigned long index;

	xa_for_each(&t->by_frame, index, table)
		drop(t, table);
	xa_destroy(&t->by_frame);
}
EXPORT_SYMBOL_IF_KUNIT(vigil_tables_clear);
