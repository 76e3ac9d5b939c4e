/* SPDX-License-Identifier: GPL-2.0 */
/* Names that a guest may choose, from the file that FAKE_NAMES is the path of. */
#ifndef FAKE_NAMES_H
#define FAKE_NAMES_H

/* How many there are: lines of hexadecimal digits, empty ones too. */
unsigned int fake_names(void);
/* One of them, as a string: without any 0 in it. */
const char *fake_name(unsigned int i);

#endif /* FAKE_NAMES_H */
