// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/genetlink.h>

#include "nl.h"

/* How often a dump that changed under the reader is repeated. */
#define DUMP_TRIES	5
/* A misbehaving kernel must not fill this process' memory. */
#define LIST_MAX	(1 << 20)

struct nlmsghdr *vigil_nl_request(struct vigil_nl *nl, uint8_t cmd)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(nl->request);
	struct genlmsghdr *genl;

	nlh->nlmsg_type = nl->family;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	nlh->nlmsg_seq = ++nl->seq;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = VIGIL_FAMILY_VERSION;
	return nlh;
}

static int send_request(struct vigil_nl *nl, bool dump, struct vigil_err *err)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)nl->request;

	if (dump) {
		nlh->nlmsg_flags &= ~NLM_F_ACK;
		nlh->nlmsg_flags |= NLM_F_DUMP;
	}
	if (nl->trace)
		mnl_nlmsg_fprintf(nl->trace, nlh, nlh->nlmsg_len,
				  sizeof(struct genlmsghdr));
	if (send(nl->fd, nlh, nlh->nlmsg_len, 0) < 0)
		return vigil_fail_errno(err, errno, "netlink: send");
	return 0;
}

static ssize_t receive(struct vigil_nl *nl, struct vigil_err *err)
{
	struct iovec iov = { nl->buffer, sizeof(nl->buffer) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t len = recvmsg(nl->fd, &msg, 0);

	if (len < 0)
		return vigil_fail_errno(err, errno, "netlink: receive");
	if (!len)
		return vigil_fail(err, EPIPE, "netlink: the socket was closed");
	if (msg.msg_flags & MSG_TRUNC)
		return vigil_fail(err, EMSGSIZE,
				  "netlink: a message of over %zu bytes",
				  sizeof(nl->buffer));
	if (nl->trace)
		mnl_nlmsg_fprintf(nl->trace, nl->buffer, len,
				  sizeof(struct genlmsghdr));
	return len;
}

/* Give a message of the family to @fn. */
static int deliver(const struct nlmsghdr *nlh, vigil_msg_fn fn, void *data,
		   struct vigil_err *err)
{
	const struct vigil_attr_set *set;
	const struct genlmsghdr *genl;
	struct vigil_msg msg;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*genl))
		return vigil_fail(err, EBADMSG, "netlink: a message is cut");
	genl = mnl_nlmsg_get_payload(nlh);
	msg.cmd = genl->cmd;
	set = vigil_attr_set_of(genl->cmd);
	if (!set)
		return 0;
	if (vigil_attrs_parse(&msg.attrs, set,
			      mnl_nlmsg_get_payload_offset(nlh, sizeof(*genl)),
			      mnl_nlmsg_get_payload_len(nlh) - sizeof(*genl)))
		return vigil_fail(err, EBADMSG,
				  "netlink: malformed reply to command %u",
				  genl->cmd);
	return fn ? fn(&msg, data, err) : 0;
}

/* One message of a reply: 1 = go on, 0 = it was the last. */
static int reply_message(struct vigil_nl *nl, const struct nlmsghdr *nlh,
			 bool *changed, vigil_msg_fn fn, void *data,
			 struct vigil_err *err)
{
	int ret;

	if (nlh->nlmsg_seq != nl->seq)
		return 1;
	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		*changed = true;
	if (nlh->nlmsg_type == NLMSG_ERROR || nlh->nlmsg_type == NLMSG_DONE)
		return vigil_nl_explain(nlh, (void *)nl->request, err);
	if (nlh->nlmsg_type != nl->family)
		return 1;
	ret = deliver(nlh, fn, data, err);
	return ret < 0 ? ret : 1;
}

int vigil_nl_talk(struct vigil_nl *nl, bool dump, vigil_msg_fn fn, void *data,
		  struct vigil_err *err)
{
	const struct nlmsghdr *nlh;
	bool changed = false;
	ssize_t len;
	int left, ret;

	ret = send_request(nl, dump, err);
	if (ret)
		return ret;
	for (;;) {
		len = receive(nl, err);
		if (len < 0)
			return len;
		left = len;
		nlh = (struct nlmsghdr *)nl->buffer;
		for (; mnl_nlmsg_ok(nlh, left);
		     nlh = mnl_nlmsg_next(nlh, &left)) {
			ret = reply_message(nl, nlh, &changed, fn, data, err);
			if (ret < 0)
				return ret;
			if (!ret && changed)
				return vigil_fail(err, EAGAIN,
						  "the list changed while it was read");
			if (!ret)
				return 0;
		}
	}
}

static int keep_message(const struct vigil_msg *msg, void *data,
			struct vigil_err *err)
{
	struct vigil_list *list = data;
	struct vigil_copy *copy = list->msg;

	if (list->count == LIST_MAX)
		return vigil_fail(err, E2BIG, "more than %d entries", LIST_MAX);
	/* doubles at the powers of two */
	if (!(list->count & (list->count - 1))) {
		copy = reallocarray(list->msg, list->count ? list->count * 2 : 1,
				    sizeof(*copy));
		if (!copy)
			return vigil_fail_errno(err, ENOMEM, "netlink");
		list->msg = copy;
	}
	copy += list->count;
	copy->data = malloc(msg->attrs.len ? msg->attrs.len : 1);
	if (!copy->data)
		return vigil_fail_errno(err, ENOMEM, "netlink");
	memcpy(copy->data, msg->attrs.data, msg->attrs.len);
	copy->msg.cmd = msg->cmd;
	list->count++;
	return vigil_attrs_parse(&copy->msg.attrs, msg->attrs.set, copy->data,
				 msg->attrs.len);
}

void vigil_list_free(struct vigil_list *list)
{
	size_t i;

	for (i = 0; i < list->count; i++)
		free(list->msg[i].data);
	free(list->msg);
	memset(list, 0, sizeof(*list));
}

int vigil_nl_collect(struct vigil_nl *nl, bool dump, struct vigil_list *list,
		     struct vigil_err *err)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)nl->request;
	int ret, try;

	for (try = 0; try < DUMP_TRIES; try++) {
		memset(list, 0, sizeof(*list));
		ret = vigil_nl_talk(nl, dump, keep_message, list, err);
		if (!ret)
			return 0;
		vigil_list_free(list);
		if (ret != -EAGAIN)
			return ret;
		nlh->nlmsg_seq = ++nl->seq;
	}
	return ret;
}

static void parse_group(struct vigil_nl *nl, const struct nlattr *group)
{
	const struct nlattr *attr, *id = NULL;
	const char *name = NULL;

	mnl_attr_for_each_nested(attr, group) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GRP_ID &&
		    mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
			id = attr;
		if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GRP_NAME &&
		    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
			name = mnl_attr_get_str(attr);
	}
	if (id && name && !strcmp(name, VIGIL_MCGRP_MONITOR))
		nl->group = mnl_attr_get_u32(id);
}

static void parse_family(struct vigil_nl *nl, const struct nlmsghdr *nlh)
{
	const struct nlattr *attr, *group;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID &&
		    mnl_attr_validate(attr, MNL_TYPE_U16) >= 0)
			nl->family = mnl_attr_get_u16(attr);
		if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GROUPS)
			mnl_attr_for_each_nested(group, attr)
				parse_group(nl, group);
	}
}

/* The module answers in the initial network namespace, sysfs is the same in all. */
static int fail_absent(struct vigil_err *err)
{
	if (!access("/sys/module/vigil", F_OK))
		return vigil_fail(err, ENONET,
				  "the kernel module vigil is loaded, but answers in the initial network namespace only");
	return vigil_fail(err, ENOENT, "the kernel module vigil isn't loaded");
}

static int resolve(struct vigil_nl *nl, struct vigil_err *err)
{
	const struct nlmsghdr *nlh;
	struct nlmsghdr *req;
	ssize_t len;
	int left, ret;

	nl->family = GENL_ID_CTRL;
	req = vigil_nl_request(nl, CTRL_CMD_GETFAMILY);
	req->nlmsg_flags &= ~NLM_F_ACK;
	mnl_attr_put_strz(req, CTRL_ATTR_FAMILY_NAME, VIGIL_FAMILY_NAME);
	nl->family = 0;
	ret = send_request(nl, false, err);
	if (ret)
		return ret;
	len = receive(nl, err);
	if (len < 0)
		return len;
	left = len;
	nlh = (struct nlmsghdr *)nl->buffer;
	if (mnl_nlmsg_ok(nlh, left) && nlh->nlmsg_type == GENL_ID_CTRL)
		parse_family(nl, nlh);
	return nl->family ? 0 : fail_absent(err);
}

int vigil_nl_open(struct vigil_nl *nl, FILE *trace, struct vigil_err *err)
{
	int ret;

	memset(nl, 0, sizeof(*nl));
	nl->trace = trace;
	nl->fd = vigil_nl_socket(err);
	if (nl->fd < 0)
		return nl->fd;
	ret = resolve(nl, err);
	if (ret)
		vigil_nl_close(nl);
	return ret;
}

void vigil_nl_close(struct vigil_nl *nl)
{
	close(nl->fd);
	nl->fd = -1;
}

int vigil_nl_receive(struct vigil_nl *nl, vigil_msg_fn fn, void *data,
		     struct vigil_err *err)
{
	const struct nlmsghdr *nlh;
	ssize_t len = receive(nl, err);
	int left, ret;

	if (len < 0)
		return len;
	left = len;
	nlh = (struct nlmsghdr *)nl->buffer;
	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		if (nlh->nlmsg_type != nl->family)
			continue;
		ret = deliver(nlh, fn, data, err);
		if (ret)
			return ret;
	}
	return 0;
}
