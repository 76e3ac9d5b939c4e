/* SPDX-License-Identifier: GPL-2.0 */
/* Generic netlink with vigil.ko: requests, replies, dumps, notifications. */
#ifndef VIGIL_NL_H
#define VIGIL_NL_H

#include <stdint.h>
#include <stdio.h>

#include <libmnl/libmnl.h>

#include "attr.h"
#include "error.h"

/* A dump fills up to 32 KiB per message where the reader has room for it. */
#define VIGIL_NL_BUFFER	65536
/* A profile is the largest request. */
#define VIGIL_NL_REQUEST	8192

/**
 * struct vigil_nl - a socket of the family
 * @fd:		the socket
 * @family:	the family's number
 * @group:	number of the multicast group "monitor"
 * @seq:	of the newest request
 * @trace:	where to tell about every message, or NULL
 * @request:	the request that is being built
 * @buffer:	what is being received
 */
struct vigil_nl {
	int fd;
	uint16_t family;
	uint32_t group;
	uint32_t seq;
	FILE *trace;
	char request[VIGIL_NL_REQUEST];
	char buffer[VIGIL_NL_BUFFER];
};

/* A message of the family, parsed.  It ends with the callback's return. */
struct vigil_msg {
	uint8_t cmd;
	struct vigil_attrs attrs;
};

typedef int (*vigil_msg_fn)(const struct vigil_msg *msg, void *data,
			    struct vigil_err *err);

/* -ENOENT: the module isn't loaded; -ENONET: it is, but does not answer here. */
int vigil_nl_open(struct vigil_nl *nl, FILE *trace, struct vigil_err *err);
void vigil_nl_close(struct vigil_nl *nl);

/* The connected socket; a test puts a fake of the kernel behind it. */
int vigil_nl_socket(struct vigil_err *err);

/* Begin a request; attributes are then put with libmnl's mnl_attr_put_*(). */
struct nlmsghdr *vigil_nl_request(struct vigil_nl *nl, uint8_t cmd);

/*
 * Send the request and give each message of the reply to @fn.  With @dump,
 * -EAGAIN means that the objects changed meanwhile and what was told may be
 * inconsistent: see vigil_nl_collect().
 */
int vigil_nl_talk(struct vigil_nl *nl, bool dump, vigil_msg_fn fn, void *data,
		  struct vigil_err *err);

/**
 * struct vigil_list - a copy of a dump's messages
 * @count:	how many
 * @msg:	they
 */
struct vigil_list {
	size_t count;
	struct vigil_copy {
		struct vigil_msg msg;
		void *data;
	} *msg;
};

/*
 * Send the request and keep all messages of the reply; a dump that the kernel
 * calls inconsistent is repeated a few times.
 */
int vigil_nl_collect(struct vigil_nl *nl, bool dump, struct vigil_list *list,
		     struct vigil_err *err);
void vigil_list_free(struct vigil_list *list);

int vigil_nl_subscribe(struct vigil_nl *nl, struct vigil_err *err);
/* The next notifications.  -ENOBUFS: some were lost; -EINTR: a signal came. */
int vigil_nl_receive(struct vigil_nl *nl, vigil_msg_fn fn, void *data,
		     struct vigil_err *err);

/*
 * nl_error.c: what the kernel said about @req, in words.  @reply is its
 * NLMSG_ERROR or NLMSG_DONE, complete.  0 if it reports success.
 */
int vigil_nl_explain(const struct nlmsghdr *reply, const struct nlmsghdr *req,
		     struct vigil_err *err);

#endif /* VIGIL_NL_H */
