// SPDX-License-Identifier: GPL-2.0
/*
 * Netlink: vma-get.
 */
#include "api/netlink.h"
#include "core/vm.h"
#include "protect/exec.h"
#include "protect/guest.h"

/* Of one mapping, so that a guest can't keep a dump busy. */
#define PAGES_MAX	262144
/* max_map_count of a guest is 65530 by default, and has no upper limit. */
#define VMAS_MAX	1048576

struct vma_dump {
	u64 addr;
	u64 mm;
	u64 root;
	u32 told;
	bool found;
	bool done;
};

static_assert(sizeof(struct vma_dump) <=
	      sizeof_field(struct netlink_callback, ctx));

struct page_counts {
	u32 present;
	u32 granted;
	u32 open;
};

static void count_page(const struct vigil_vm *vm, gfn_t gfn,
		       struct page_counts *n)
{
	n->present++;
	switch (vigil_exec_page(vm, gfn)) {
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

/* Holes are skipped in one step, whatever level of the tables has them. */
static void count_pages(struct vigil_view *view, u64 root, u64 start, u64 end,
			struct page_counts *n)
{
	struct vigil_pte_walk w;
	struct vigil_space s;
	u64 addr = start;
	u32 steps = 0;
	int err;

	*n = (struct page_counts){};
	vigil_space_init(&s, &view->gmem.gm, root, view->lx.kernel.levels);
	while (addr < end && steps++ < PAGES_MAX) {
		err = vigil_walk(&s, addr, &w);
		if (err && err != -ENOENT)
			return;
		if (!err)
			count_page(view->vm, w.gpa >> PAGE_SHIFT, n);
		addr += err ? BIT_ULL(w.shift) - (addr & (BIT_ULL(w.shift) - 1)) :
			      PAGE_SIZE;
		cond_resched();
	}
}

static int put_path(struct sk_buff *msg, struct vigil_view *view, u64 file)
{
	char path[VIGIL_PATH_SIZE];

	if (!file ||
	    vigil_linux_file_path(&view->lx, file, path, sizeof(path)))
		return 0;
	return nla_put_string(msg, VIGIL_A_VMA_PATH, path);
}

static int put_vma(struct sk_buff *msg, struct vigil_view *view, u64 root,
		   const struct vigil_vma *vma)
{
	struct page_counts n;

	count_pages(view, root, vma->start, vma->end, &n);
	if (nla_put_uint(msg, VIGIL_A_VMA_START, vma->start) ||
	    nla_put_uint(msg, VIGIL_A_VMA_END, vma->end) ||
	    nla_put_uint(msg, VIGIL_A_VMA_FLAGS, vma->flags) ||
	    nla_put_uint(msg, VIGIL_A_VMA_PGOFF, vma->pgoff) ||
	    nla_put_u32(msg, VIGIL_A_VMA_KIND, vma->kind) ||
	    put_path(msg, view, vma->file) ||
	    nla_put_u32(msg, VIGIL_A_VMA_PRESENT, n.present) ||
	    nla_put_u32(msg, VIGIL_A_VMA_GRANTED, n.granted) ||
	    nla_put_u32(msg, VIGIL_A_VMA_OPEN, n.open))
		return -EMSGSIZE;
	return 0;
}

static int dump_one(struct sk_buff *skb, struct netlink_callback *cb,
		    struct vigil_view *view, const struct vigil_vma *vma)
{
	struct vma_dump *dump = (struct vma_dump *)cb->ctx;
	void *hdr;
	int err;

	hdr = vigil_nl_dump_put(skb, cb);
	if (!hdr)
		return -EMSGSIZE;
	err = put_vma(skb, view, dump->root, vma);
	if (err)
		genlmsg_cancel(skb, hdr);
	else
		genlmsg_end(skb, hdr);
	return err;
}

/* Return: -ENOENT: that was all, -EMSGSIZE: the buffer is full, or an error. */
static int dump_some(struct sk_buff *skb, struct netlink_callback *cb,
		     struct vigil_view *view)
{
	struct vma_dump *dump = (struct vma_dump *)cb->ctx;
	struct vigil_vma vma;
	int err;

	while (dump->told < VMAS_MAX) {
		err = vigil_linux_next_vma(&view->lx, dump->mm, dump->addr,
					   &vma);
		if (!err)
			err = dump_one(skb, cb, view, &vma);
		if (err)
			return err;
		dump->addr = vma.end;
		dump->told++;
	}
	return -EUCLEAN;
}

/* The process with dump->mm and dump->root, on the first call. */
static int find_process(struct vma_dump *dump, struct vigil_view *view,
			u32 pid)
{
	struct vigil_task t;
	u64 cursor = 0;
	int err = 0;

	for (u32 i = 0; !dump->found && i < VIGIL_MAX_TASKS; i++) {
		err = vigil_linux_next_task(&view->lx, &cursor, &t);
		if (err)
			return err == -ENOENT ? -ESRCH : err;
		if (t.pid == pid) {
			dump->mm = t.mm;
			dump->root = t.root;
			dump->found = true;
		}
		cond_resched();
	}
	return dump->found ? 0 : -ESRCH;
}

static int dump_process(struct sk_buff *skb, struct netlink_callback *cb,
			struct vigil_vm *vm, u32 pid)
{
	struct vma_dump *dump = (struct vma_dump *)cb->ctx;
	struct netlink_ext_ack *extack = cb->extack;
	struct vigil_view view;
	int err;

	err = vigil_view_open_as(&view, vm, VIGIL_PROFILE_OS_LINUX);
	if (!err)
		err = find_process(dump, &view, pid);
	if (!err)
		/* A kernel thread has no mappings. */
		err = dump->mm ? dump_some(skb, cb, &view) : -ENOENT;
	vigil_view_close(&view);

	if (err == -ENODATA)
		NL_SET_ERR_MSG(extack, "there is no proved profile of the guest");
	else if (err == -EOPNOTSUPP)
		NL_SET_ERR_MSG(extack, "mappings are of Linux guests, this one runs Windows");
	else if (err == -ESRCH)
		NL_SET_ERR_MSG(extack, "the guest has no such process");
	else if (err && err != -ENOENT && err != -EMSGSIZE)
		NL_SET_ERR_MSG(extack, "the guest can't be read");
	return err;
}

int vigil_nl_vma_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct vma_dump *dump = (struct vma_dump *)cb->ctx;
	const struct genl_info *info = genl_info_dump(cb);
	struct vigil_vm *vm;
	int err;

	if (dump->done)
		return 0;
	if (GENL_REQ_ATTR_CHECK(info, VIGIL_A_VMA_PID)) {
		NL_SET_ERR_MSG(info->extack, "which process?");
		return -EINVAL;
	}
	vm = vigil_nl_vm(info, VIGIL_A_VMA_VM_ID);
	if (IS_ERR(vm))
		return PTR_ERR(vm);
	err = dump_process(skb, cb, vm,
			   nla_get_u32(info->attrs[VIGIL_A_VMA_PID]));
	vigil_vm_leave(vm);
	dump->done = err == -ENOENT;
	return err == -ENOENT || err == -EMSGSIZE ? skb->len : err;
}
