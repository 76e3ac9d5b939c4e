/* SPDX-License-Identifier: GPL-2.0 */
/* Where things are in ntoskrnl.exe, relative to its base */
#ifndef WINGUEST_IMAGE_H
#define WINGUEST_IMAGE_H

#define IMAGE_TEXT		0x10000
#define IMAGE_KVASCODE		0x100000
#define IMAGE_KVASCODE_SIZE	0x4000
#define IMAGE_DATA		0x140000
#define IMAGE_RSRC		0x180000
#define IMAGE_SIZE		0x181000

#define IMAGE_IDLE_PROCESS	(IMAGE_DATA + 0x9000)
#define IMAGE_IDLE_THREAD	(IMAGE_DATA + 0xa800)	/* of CPU 0, the next follows */
#define IMAGE_IDLE_THREAD_SIZE	0x800
#define IMAGE_QUEUE		(IMAGE_DATA + 0x10000)
#define IMAGE_SYSTEM_PROCESS	(IMAGE_DATA + 0x19000)
#define IMAGE_BUILD_NUMBER	(IMAGE_DATA + 0x19010)

#endif
