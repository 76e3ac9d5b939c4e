#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0
"""Makes single allocations of the kernel fail, and only those below a range of
its text: /proc/.../fail-nth, with the filter of stack traces.

fault.py probability PERCENT: so many of vigil's allocations fail, whoever's
thread it is; prints how many have failed since the last time.
"""

import os
import sys

DEBUGFS = "/sys/kernel/debug/"
KINDS = ("failslab", "fail_page_alloc")
PAGE_SIZE = 4096
TIMES = 1 << 30


def text_of_vigil():
    """The range of the module's text, that of its init excluded."""
    with open("/proc/kallsyms", encoding="ascii") as file:
        found = [int(line.split()[0], 16) for line in file
                 if line.endswith("\t[vigil]\n") and line.split()[1] in "tT"]
    return min(found), -(-(max(found) + 1) // PAGE_SIZE) * PAGE_SIZE


def text_of(function):
    """The range of a function of the kernel."""
    with open("/proc/kallsyms", encoding="ascii") as file:
        lines = [line.split() for line in file if "[" not in line]
    start, = (int(addr, 16) for addr, _, name in lines if name == function)
    return start, min(int(addr, 16) for addr, _, _ in lines
                      if int(addr, 16) > start)


def tell(kind, **settings):
    for name, value in settings.items():
        path = os.path.join(DEBUGFS, kind, name.replace("_", "-"))
        if not os.path.exists(path):
            path = os.path.join(DEBUGFS, kind, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(str(value))


def confine(start, end, probability=0):
    """Allocations below this range of text fail, in any context."""
    for kind in KINDS:
        tell(kind, probability=0)
        tell(kind, require_start=hex(start), require_end=hex(end), interval=1,
             times=TIMES, space=0, verbose=0, task_filter="N",
             ignore_gfp_wait="N")
    tell("failslab", cache_filter="N")
    tell("fail_page_alloc", min_order=0)
    for kind in KINDS:
        tell(kind, probability=probability)


def failed():
    """How many have failed since confine()."""
    count = 0
    for kind in KINDS:
        with open(os.path.join(DEBUGFS, kind, "times"),
                  encoding="ascii") as file:
            count += TIMES - int(file.read())
    return count


class Nth:
    """The next allocations of this thread."""

    def __init__(self):
        self.fd = os.open("/proc/thread-self/fail-nth", os.O_RDWR)

    def arm(self, number):
        os.pwrite(self.fd, str(number).encode(), 0)

    def disarm(self):
        """Has it failed?"""
        left = int(os.pread(self.fd, 32, 0))
        self.arm(0)
        return not left


if __name__ == "__main__":
    print(failed())
    confine(*text_of_vigil(), int(sys.argv[2]))
