// SPDX-License-Identifier: GPL-2.0
/*
 * web-load each N: N requests to the web server of this machine, a connection each.
 * web-load held N FILE ROUNDS: requests on N connections in turn, until FILE is
 *   there. Each time that all have had one the file ROUNDS grows by a byte. Prints
 *   for each connection which worker answers on it, and how many requests were
 *   answered and lost. A connection that lost one isn't used any more.
 * Status 1 if a request of "each" was lost: not answered with status 200 and all
 * of its body, within a minute.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define MAX_CONNECTIONS	64
#define REQUEST	"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
#define HEAD_END "\r\n\r\n"

struct connection {
	int fd;
	/* of the worker at the other end */
	int pid;
	long answered;
	long lost;
};

static int open_connection(void)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(80),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct timeval patience = { .tv_sec = 60 };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		close(fd);
		return -1;
	}
	return fd;
}

static long field(const char *head, const char *name)
{
	const char *at = strcasestr(head, name);

	return at ? atol(at + strlen(name)) : -1;
}

/* Reads up to the end of the head; the bytes that are there, or -1. */
static ssize_t read_head(int fd, char *answer, size_t size)
{
	size_t got = 0;
	ssize_t more;

	while (got < size - 1) {
		more = recv(fd, answer + got, size - 1 - got, 0);
		if (more <= 0)
			return -1;
		got += more;
		answer[got] = 0;
		if (strstr(answer, HEAD_END))
			return got;
	}
	return -1;
}

/* The pid of the worker that answered, or -1. */
static int request(int fd)
{
	char answer[8192], body[8192];
	ssize_t got, more;
	long left, pid;
	char *end;

	if (fd < 0 || send(fd, REQUEST, strlen(REQUEST), MSG_NOSIGNAL) < 0)
		return -1;
	got = read_head(fd, answer, sizeof(answer));
	if (got < 0 || strncmp(answer, "HTTP/1.1 200 ", 13))
		return -1;
	end = strstr(answer, HEAD_END) + strlen(HEAD_END);
	left = field(answer, "Content-Length: ") - (answer + got - end);
	pid = field(answer, "X-Worker: ");
	while (left > 0) {
		more = recv(fd, body, sizeof(body), 0);
		if (more <= 0)
			return -1;
		left -= more;
	}
	return left ? -1 : pid;
}

static int each(int count)
{
	int answered = 0, fd, i;

	for (i = 0; i < count; i++) {
		fd = open_connection();
		answered += request(fd) > 0;
		if (fd >= 0)
			close(fd);
	}
	printf("web: %d of %d answered\n", answered, count);
	return answered != count;
}

static int held(int count, const char *until, const char *path)
{
	int rounds = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	struct connection all[MAX_CONNECTIONS] = { };
	struct connection *c;
	int pid;

	for (c = all; c < all + count; c++)
		c->fd = open_connection();
	do {
		for (c = all; c < all + count; c++) {
			if (c->lost)
				continue;
			pid = request(c->fd);
			if (pid > 0) {
				c->pid = pid;
				c->answered++;
			} else {
				c->lost++;
			}
		}
		if (write(rounds, ".", 1) != 1) {
			perror(path);
			return 2;
		}
		/* the services have the processor, too */
		usleep(20000);
	} while (access(until, F_OK));
	for (c = all; c < all + count; c++)
		printf("web: worker=%d answered=%ld lost=%ld\n", c->pid,
		       c->answered, c->lost);
	return 0;
}

int main(int argc, char **argv)
{
	int count = argc > 2 ? atoi(argv[2]) : 0;

	if (count > 0 && argc == 3 && !strcmp(argv[1], "each"))
		return each(count);
	if (count > 0 && count <= MAX_CONNECTIONS && argc == 5 &&
	    !strcmp(argv[1], "held"))
		return held(count, argv[3], argv[4]);
	fprintf(stderr, "usage: web-load each N | held N FILE ROUNDS\n");
	return 2;
}
