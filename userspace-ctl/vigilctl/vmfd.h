/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMFD_H
#define VMFD_H

#include <sys/types.h>

#include "error.h"

/*
 * A copy of a VM's file descriptor that process @pid holds: number @fd, or
 * with @fd -1 the only one.  The descriptor or -errno; -ENOTUNIQ: there are
 * several, the message names them.
 */
int vmfd_take(pid_t pid, int fd, struct vigil_err *err);

#endif /* VMFD_H */
