// SPDX-License-Identifier: GPL-2.0
/* All that is special about a netlink socket: a fake kernel replaces this. */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "nl.h"

/* Notifications that wait while the reader is busy; beyond, they are lost. */
#define MONITOR_RCVBUF	(16 << 20)

int vigil_nl_socket(struct vigil_err *err)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	int fd, one = 1;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (fd < 0)
		return vigil_fail_errno(err, errno, "netlink: socket");
	/* without extended acks errors are only terser */
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one, sizeof(one));
	/* connected: only the kernel's messages arrive */
	if (bind(fd, (struct sockaddr *)&kernel, sizeof(kernel)) ||
	    connect(fd, (struct sockaddr *)&kernel, sizeof(kernel))) {
		vigil_fail_errno(err, errno, "netlink: connect");
		close(fd);
		return -err->code;
	}
	return fd;
}

int vigil_nl_subscribe(struct vigil_nl *nl, struct vigil_err *err)
{
	int size = MONITOR_RCVBUF;

	/* a small buffer only makes losses, which are recovered, likelier */
	setsockopt(nl->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (setsockopt(nl->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP,
		       &nl->group, sizeof(nl->group)))
		return vigil_fail_errno(err, errno,
					"joining the group of alerts");
	return 0;
}
