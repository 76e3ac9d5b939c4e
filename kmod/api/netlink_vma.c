// SPDX-License-Identifier: GPL-2.0
/*
 * Netlink: vma-get.
 *
 * A process may end between two slices, and its mm_struct may be the next one's
 * by then: each slice finds the process as it was, before and after.
 */
#include "api/netlink_dump.h"
#include "core/vm.h"
#include "guest/budget.h"
#include "protect/alert_process.h"
#include "protect/exec/exec.h"
#include "protect/guest.h"

/* max_map_count of a guest is 65530 by default, and has no upper limit. */
#define VMAS_MAX	1048576
/* How often the process may be in the middle of a change. */
#define RESTARTS_MAX	16

struct vma_dump {
	struct vigil_nl_dump dump;
	/** @task: The process; before it is found, where the search is. */
	u64 task;
	/** @start_time: With the number that was asked for it identifies it. */
	u64 start_time;
	/** @mm: Its address space; 0: it isn't found yet. */
	u64 mm;
	/** @addr: Mappings below it are told. */
	u64 addr;
};

static_assert(sizeof(struct vma_dump) <=
	      sizeof_field(struct netlink_callback, ctx));

struct page_counts {
	const struct vigil_vm *vm;
	bool exec;
	u32 present;
	u32 granted;
	u32 open;
};

static void count_pages(void *data, u64 gpa, unsigned int pages)
{
	struct page_counts *n = data;

	n->present += pages;
	for (unsigned int i = 0; n->exec && i < pages; i++) {
		switch (vigil_exec_page(n->vm, (gpa >> PAGE_SHIFT) + i)) {
		case VIGIL_EXEC_PAGE_GRANTED:
			n->granted++;
			break;
		case VIGIL_EXEC_PAGE_OPEN:
			n->open++;
			break;
		case VIGIL_EXEC_PAGE_CLOSED:
			break;
		}
	}
}

static int put_vma_path(struct sk_buff *msg, struct vigil_view *view, u64 file)
{
	char path[VIGIL_PATH_SIZE];

	if (!file ||
	    vigil_linux_file_path(&view->lx, file, path, sizeof(path)))
		return 0;
	return nla_put_string(msg, VIGIL_A_VMA_PATH, path);
}

static int put_vma(struct sk_buff *msg, struct vigil_view *view,
		   const struct vigil_vma *vma, const struct page_counts *n,
		   u64 counted_to)
{
	if (nla_put_uint(msg, VIGIL_A_VMA_START, vma->start) ||
	    nla_put_uint(msg, VIGIL_A_VMA_END, vma->end) ||
	    nla_put_uint(msg, VIGIL_A_VMA_FLAGS, vma->flags) ||
	    nla_put_uint(msg, VIGIL_A_VMA_PGOFF, vma->pgoff) ||
	    nla_put_u32(msg, VIGIL_A_VMA_KIND, vma->kind) ||
	    put_vma_path(msg, view, vma->file) ||
	    nla_put_u32(msg, VIGIL_A_VMA_PRESENT, n->present) ||
	    nla_put_u32(msg, VIGIL_A_VMA_GRANTED, n->granted) ||
	    nla_put_u32(msg, VIGIL_A_VMA_OPEN, n->open))
		return -EMSGSIZE;
	return counted_to < vma->end ?
	       nla_put_uint(msg, VIGIL_A_VMA_COUNTED_TO, counted_to) : 0;
}

/*
 * A mapping whose pages take longer to count than is left is the first one of
 * the next part.  If they take longer than a whole part, it is told how far
 * they were counted.
 */
static int dump_one_vma(struct sk_buff *skb, struct netlink_callback *cb,
			struct vigil_view *view, u64 root,
			const struct vigil_vma *vma,
			const struct vigil_budget *budget)
{
	struct page_counts n = {
		.vm = view->vm,
		.exec = vigil_exec_is_on(view->vm),
	};
	u64 counted_to = vma->start;
	void *hdr;
	int err;

	err = vigil_linux_each_leaf(&view->lx, root, &counted_to, vma->end,
				    budget, count_pages, &n);
	if (err == -EINTR || err == -ENODEV || (err == -ETIME && skb->len))
		return err;
	hdr = vigil_nl_dump_put(skb, cb);
	if (!hdr)
		return -EMSGSIZE;
	err = put_vma(skb, view, vma, &n, counted_to);
	if (err)
		genlmsg_cancel(skb, hdr);
	else
		genlmsg_end(skb, hdr);
	return err;
}

static int dump_some_vmas(struct sk_buff *skb, struct netlink_callback *cb,
			  struct vigil_view *view, u64 root,
			  const struct vigil_budget *budget)
{
	struct vma_dump *dump = (struct vma_dump *)cb->ctx;
	struct vigil_vma vma;
	int err;

	do {
		if (dump->dump.told == VMAS_MAX)
			return -EUCLEAN;
		err = vigil_linux_next_vma(&view->lx, dump->mm, dump->addr,
					   &vma);
		if (!err)
			err = dump_one_vma(skb, cb, view, root, &vma, budget);
		if (err)
			return err;
		dump->addr = vma.end;
		dump->dump.told++;
		cond_resched();
		err = vigil_budget_check(budget);
	} while (!err);
	return err;
}

/* In another slice, for some times. */
static int try_later(struct vma_dump *dump, int err)
{
	return dump->dump.restarts++ < RESTARTS_MAX ? -ETIME : err;
}

/*
 * From dump->task on.  Return: -ETIME: dump->mm is known, or there is more to
 * search; -ENOENT: it has no mappings; or an error.
 */
static int find_vma_process(struct vma_dump *dump, struct vigil_view *view,
			    u32 pid, const struct vigil_budget *budget)
{
	struct vigil_task t;
	int err;

	do {
		err = vigil_linux_next_task(&view->lx, &dump->task, &t);
		if (err == -ENOENT)
			return -ESRCH;
		if (err) {
			/* The list changed under the search, perhaps. */
			dump->task = 0;
			return try_later(dump, err);
		}
		if (t.pid == pid) {
			dump->start_time = t.start_time;
			dump->mm = t.mm;
			/*
			 * Without mm it is a kernel thread, or ending.  What
			 * is told begins with a whole budget.
			 */
			return t.mm ? -ETIME : -ENOENT;
		}
		cond_resched();
		err = vigil_budget_check(budget);
	} while (!err);
	return err;
}

/* Is it still the process that was found, with the same address space? */
static int check_vma_process(struct vma_dump *dump, struct vigil_view *view,
			     u32 pid, struct vigil_task *t)
{
	int err = vigil_linux_read_task(&view->lx, dump->task, t);

	if (err)
		return try_later(dump, err);
	return t->pid == pid && t->start_time == dump->start_time &&
	       t->mm == dump->mm ? 0 : -ESRCH;
}

static int read_vmas(struct sk_buff *skb, struct netlink_callback *cb,
		     struct vigil_view *view, const struct vigil_budget *budget)
{
	struct vma_dump *dump = (struct vma_dump *)cb->ctx;
	u32 pid = nla_get_u32(genl_info_dump(cb)->attrs[VIGIL_A_VMA_PID]);
	const void *tail = skb_tail_pointer(skb);
	u32 told = dump->dump.told;
	u64 addr = dump->addr;
	struct vigil_task t;
	int err, again;

	if (view->os != VIGIL_PROFILE_OS_LINUX)
		return -EOPNOTSUPP;
	if (!dump->mm)
		return find_vma_process(dump, view, pid, budget);
	err = check_vma_process(dump, view, pid, &t);
	if (err)
		return err;
	err = dump_some_vmas(skb, cb, view, t.root, budget);
	again = check_vma_process(dump, view, pid, &t);
	if (!again)
		return err;
	/* Some of these may be another process' mappings. */
	nlmsg_trim(skb, tail);
	dump->addr = addr;
	dump->dump.told = told;
	return again;
}

int vigil_nl_vma_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	const struct genl_info *info = genl_info_dump(cb);

	if (GENL_REQ_ATTR_CHECK(info, VIGIL_A_VMA_PID)) {
		NL_SET_ERR_MSG(info->extack, "which process?");
		return -EINVAL;
	}
	return vigil_nl_dump_guest(skb, cb, VIGIL_A_VMA_VM_ID, read_vmas);
}
