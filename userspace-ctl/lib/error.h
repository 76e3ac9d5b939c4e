/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VIGIL_ERROR_H
#define VIGIL_ERROR_H

/**
 * struct vigil_err - why an operation failed, in words
 * @code:	positive errno, 0 while nothing failed
 * @text:	one line for the user, without a full stop
 */
struct vigil_err {
	int code;
	char text[512];
};

/* Fill @err and return -@code. */
int vigil_fail(struct vigil_err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The same with ": strerror(@code)" at the end. */
int vigil_fail_errno(struct vigil_err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif /* VIGIL_ERROR_H */
