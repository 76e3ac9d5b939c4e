// SPDX-License-Identifier: GPL-2.0
/*
 * A small network service with the oldest of bugs: it believes the length that
 * a client claims, and reads that many bytes into a buffer on its stack. It is
 * built without a stack protector and with an executable stack.
 *
 * It also talks too much: the session's number in its greeting is an address.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT	7777

static int open_service(void)
{
	struct sockaddr_in here = {
		.sin_family = AF_INET,
		.sin_port = htons(PORT),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&here, sizeof(here)) || listen(fd, 4)) {
		perror("vulnd");
		return -1;
	}
	return fd;
}

static __attribute__((noinline)) void serve(int client)
{
	char note[256];
	uint16_t length;

	dprintf(client, "hello session=%lx\n", (unsigned long)note);
	if (recv(client, &length, sizeof(length), MSG_WAITALL) != sizeof(length))
		return;
	/* the bug: length may be more than the buffer holds */
	recv(client, note, length, MSG_WAITALL);
	dprintf(client, "noted %u bytes\n", length);
}

int main(void)
{
	int fd = open_service(), client;

	if (fd < 0)
		return 1;
	dprintf(1, "vulnd: pid=%d listens on port %d\n", getpid(), PORT);
	while ((client = accept(fd, NULL, NULL)) >= 0) {
		serve(client);
		close(client);
	}
	return 0;
}
