// SPDX-License-Identifier: GPL-2.0
/*
 * Lookup in a maple tree of a Linux guest that goes on changing it.
 *
 * The guest's own readers hold RCU; a reader on the host can't, so a node may
 * be dead, recycled, or half written.  Whatever can be seen to be wrong is an
 * error, and the caller starts again.  What can't be seen here, the caller sees
 * in the entry: a mapping says itself which range and which mm it is of.
 */

#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/sizes.h>
#include <kunit/visibility.h>

#include "guest/linux_read.h"
#include "guest/maple.h"

#define NODE_SIZE	256
#define NODE_MASK	(~(u64)(NODE_SIZE - 1))

/* An encoded pointer: two low bits that no pointer to an object has. */
#define INTERNAL_MASK	3ULL
#define INTERNAL	2ULL
/* Below are reserved entries, a failed fork leaves one behind. */
#define RESERVED_END	SZ_4K

#define TYPE_SHIFT	3
#define TYPE_MASK	0xf

/* Far higher than a tree of all of the address space. */
#define MAX_HEIGHT	31

enum node_type {
	NODE_DENSE,		/* not used for mappings */
	NODE_LEAF,
	NODE_RANGE,
	NODE_ARANGE,
	NODE_TYPES,
};

/* In words: parent, pivots, slots, then what differs; the metadata is a byte. */
struct node {
	u64 word[NODE_SIZE / sizeof(u64)];
};

static_assert(sizeof(struct node) == NODE_SIZE);

struct geometry {
	u8 pivots;
	u8 meta;
};

static const struct geometry geometries[NODE_TYPES] = {
	/* The metadata lies in the last slot while that is unused. */
	[NODE_LEAF] = { .pivots = 15, .meta = 31 },
	[NODE_RANGE] = { .pivots = 15, .meta = 31 },
	/* Here it lies after the gaps. */
	[NODE_ARANGE] = { .pivots = 9, .meta = 30 },
};

/* A node on the way down, and the range that its parent says it covers. */
struct step {
	u64 node;
	u64 first;
	u64 last;
};

static u64 maple_pivot(const struct node *n, unsigned int i)
{
	return n->word[1 + i];
}

static u64 maple_slot(const struct node *n, const struct geometry *g,
		      unsigned int i)
{
	return n->word[1 + g->pivots + i];
}

static bool maple_is_node(u64 entry)
{
	return (entry & INTERNAL_MASK) == INTERNAL && entry >= RESERVED_END;
}

static bool maple_is_reserved(u64 entry)
{
	return (entry & INTERNAL_MASK) == INTERNAL && entry < RESERVED_END;
}

static unsigned int maple_type(u64 entry)
{
	return (entry >> TYPE_SHIFT) & TYPE_MASK;
}

/*
 * Index of the last slot in use: what lies above is not a pointer.  Where the
 * last pivot is the node's maximum the last slot isn't in use either, but no
 * search goes beyond that pivot.
 */
static int maple_last_slot(const struct node *n, unsigned int type,
			   unsigned int *last)
{
	const struct geometry *g = &geometries[type];
	const bool full = type != NODE_ARANGE && maple_pivot(n, g->pivots - 1);

	if (full) {
		*last = g->pivots;
		return 0;
	}
	*last = (u8)n->word[g->meta];
	if (type == NODE_ARANGE)
		return *last <= g->pivots ? 0 : -EUCLEAN;
	/* With the metadata in it the last slot can't be in use. */
	return *last < g->pivots ? 0 : -EUCLEAN;
}

static int maple_read_node(struct vigil_linux *lx, u64 entry, struct node *n)
{
	const u64 addr = entry & NODE_MASK;
	const unsigned int type = maple_type(entry);
	int err;

	if (type == NODE_DENSE || type >= NODE_TYPES)
		return -EUCLEAN;
	err = vigil_linux_read(lx, addr, n, sizeof(*n));
	if (err)
		return err;
	/* A node that was taken out of its tree is its own parent. */
	if ((n->word[0] & NODE_MASK) == addr)
		return -EAGAIN;
	return 0;
}

/* Take the slot of @s->node that holds @index; @s becomes what is there. */
static int maple_descend(struct vigil_linux *lx, struct step *s, u64 index)
{
	const unsigned int type = maple_type(s->node);
	unsigned int last, i;
	struct node n;
	int err;

	err = maple_read_node(lx, s->node, &n);
	if (err)
		return err;
	err = maple_last_slot(&n, type, &last);
	if (err)
		return err;

	for (i = 0; i < last && maple_pivot(&n, i) < index; i++)
		;
	/* The pivots before the slot are below the index: no overflow. */
	if (i) {
		if (maple_pivot(&n, i - 1) < s->first)
			return -EUCLEAN;
		s->first = maple_pivot(&n, i - 1) + 1;
	}
	if (i < last) {
		if (maple_pivot(&n, i) > s->last)
			return -EUCLEAN;
		s->last = maple_pivot(&n, i);
	}
	s->node = maple_slot(&n, &geometries[type], i);
	return 0;
}

static int maple_take_entry(struct vigil_linux *lx, const struct step *s,
			    struct vigil_maple_entry *entry)
{
	u64 value = maple_is_reserved(s->node) ? 0 : s->node;

	if (value && (!vigil_linux_is_kernel(lx, value) || value % sizeof(u64)))
		return -EUCLEAN;
	*entry = (struct vigil_maple_entry){
		.first = s->first,
		.last = s->last,
		.value = value,
	};
	return 0;
}

/**
 * vigil_maple_find - Look up an index
 * @lx: The guest.
 * @tree: Address of the struct maple_tree.
 * @index: What to look up.
 * @entry: The range that holds @index, which may be a gap.
 *
 * One attempt; see vigil_linux_again().
 *
 * Return: 0, -EFAULT, -EAGAIN for a dead node, -EUCLEAN for what is no tree.
 */
int vigil_maple_find(struct vigil_linux *lx, u64 tree, u64 index,
		     struct vigil_maple_entry *entry)
{
	struct step s = { .first = 0, .last = U64_MAX };
	int err;

	err = vigil_linux_u64(lx, tree, VIGIL_PROFILE_FIELD_MT_ROOT, &s.node);
	if (err)
		return err;
	if (!s.node)
		return maple_take_entry(lx, &s, entry);
	/* Only the root's pointer is marked: elsewhere a slot's level tells. */
	if (!maple_is_node(s.node))
		return -EUCLEAN;

	for (unsigned int height = 0; height < MAX_HEIGHT; height++) {
		bool leaf = maple_type(s.node) == NODE_LEAF;

		err = maple_descend(lx, &s, index);
		if (err)
			return err;
		if (leaf)
			return maple_take_entry(lx, &s, entry);
	}
	return -EUCLEAN;
}
EXPORT_SYMBOL_IF_KUNIT(vigil_maple_find);
