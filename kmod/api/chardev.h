/* SPDX-License-Identifier: GPL-2.0 */
/*
 * /dev/vigil.
 */
#ifndef _VIGIL_CHARDEV_H
#define _VIGIL_CHARDEV_H

int vigil_chardev_init(void);
void vigil_chardev_admit(void);
void vigil_chardev_exit(void);

#endif /* _VIGIL_CHARDEV_H */
