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

static unsigned long table_index(u64 root)
{
	return root >> PAGE_SHIFT;
}

/* Under RCU, or by who may change them. */
struct vigil_table *vigil_tables_find(struct vigil_tables *t, u64 root)
{
	return xa_load(&t->by_frame, table_index(root));
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
		*cursor = table_index(some[got - 1]->shape.root) + 1;
	return got;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_tables_next);

/* --- coming and going ------------------------------------------------------- */

static bool table_is_main(const struct vigil_table *table)
{
	return table->kind == VIGIL_SELFMAP_TABLE_KERNEL;
}

static void table_count(struct vigil_tables *t, const struct vigil_table *table,
			int by)
{
	t->nr += by;
	if (table->kind == VIGIL_SELFMAP_TABLE_LOADED)
		t->nr_loaded += by;
	else if (table_is_main(table))
		t->nr_processes += by;
}

static void __table_drop(struct vigil_tables *t, struct vigil_table *table,
			 bool taken)
{
	xa_erase(&t->by_frame, table_index(table->shape.root));
	table_count(t, table, -1);
	t->ops->removed(t, table, taken);
	kfree_rcu(table, rcu);
}

static void table_drop(struct vigil_tables *t, struct vigil_table *table)
{
	__table_drop(t, table, false);
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

static int table_insert(struct vigil_tables *t, struct vigil_table *table)
{
	int err;

	err = xa_insert(&t->by_frame, table_index(table->shape.root), table,
			GFP_KERNEL_ACCOUNT);
	if (err) {
		kfree(table);
		return err;
	}
	table_count(t, table, 1);
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

static bool table_has(const struct vigil_win_process *p,
		      enum vigil_selfmap_table kind, u64 pair,
		      const struct vigil_table *table)
{
	return table->kind == kind && table->shape.pair == pair &&
	       table->process.eprocess == p->eprocess &&
	       table->process.create_time == p->create_time &&
	       table->process.pid == p->pid;
}

/* The table at @root is @kind of @p, whatever it was before. */
static int table_take(struct vigil_tables *t, enum vigil_selfmap_table kind,
		      u64 root, u64 pair, const struct vigil_win_process *p)
{
	struct vigil_table *table = vigil_tables_find(t, root);

	if (table && table_has(p, kind, pair, table)) {
		table->seen = t->pass;
		return 0;
	}
	if (table)
		__table_drop(t, table, true);
	table = new_table(t, root);
	if (!table)
		return -ENOMEM;
	table->kind = kind;
	table->shape.pair = pair;
	table->shape.owned = true;
	table->process = *p;
	table->seen = t->pass;
	return table_insert(t, table);
}

/* Unless it is in use: flags alone, which anybody may have set, end nothing. */
static void table_forget(struct vigil_tables *t, u64 root, u64 eprocess)
{
	struct vigil_table *table = vigil_tables_find(t, root);

	if (!table || table->process.eprocess != eprocess)
		return;
	if (t->ops->lives(t, table))
		table->seen = t->pass;
	else
		table_drop(t, table);
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
		table_forget(t, root, p->eprocess);
		table_forget(t, user, p->eprocess);
		return 0;
	}
	if (!root)
		return 0;
	err = table_take(t, VIGIL_SELFMAP_TABLE_KERNEL, root, user, p);
	if (!err && user)
		err = table_take(t, VIGIL_SELFMAP_TABLE_USER, user, root, p);
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
			table_drop(t, table);
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
		return table_insert(t, table) ? NULL : table;
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
			table_drop(t, table);
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
		table_drop(t, table);
	xa_destroy(&t->by_frame);
}
EXPORT_SYMBOL_IF_KUNIT(vigil_tables_clear);
