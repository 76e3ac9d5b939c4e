/* SPDX-License-Identifier: GPL-2.0 */
/* Host pages whose content, or whose writes, wait for the test. */
#ifndef KVM_EXEC_UFFD_H
#define KVM_EXEC_UFFD_H

/* Ends the test as skipped if the host has none. */
int uffd_missing(void *page);		/* its content is gone, and waits */
int uffd_protect(void *page);		/* writes to it wait */

void uffd_wait(int fd);			/* until somebody does */
void uffd_copy(int fd, void *page, const void *content, int wake);
void uffd_wake(int fd, void *page);
void uffd_unprotect(int fd, void *page);

#endif
