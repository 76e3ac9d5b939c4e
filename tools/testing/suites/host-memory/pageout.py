#!/usr/bin/python3 -BIS
# SPDX-License-Identifier: GPL-2.0
"""pageout.py PID MB: has the kernel write all of a process' mappings of at least that
size to swap."""

import ctypes
import os
import re
import sys

PROCESS_MADVISE = 440  # arch/x86/entry/syscalls/syscall_64.tbl
MADV_PAGEOUT = 21
MAPPING = re.compile(r"([0-9a-f]+)-([0-9a-f]+) ")
CHUNK = 16 << 20


class Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


def page_out(pidfd, start, length):
    libc = ctypes.CDLL(None, use_errno=True)
    vector = Vector(start, length)
    done = libc.syscall(PROCESS_MADVISE, pidfd, ctypes.byref(vector),
                        ctypes.c_ulong(1), MADV_PAGEOUT, 0)
    if done < 0:
        raise OSError(ctypes.get_errno(), "process_madvise")


def main(pid, megabytes):
    pidfd = os.pidfd_open(pid)
    found = False
    with open(f"/proc/{pid}/maps") as maps:
        for line in maps:
            start, end = (int(n, 16) for n in MAPPING.match(line).groups())
            if end - start < megabytes << 20:
                continue
            found = True
            for chunk in range(start, end, CHUNK):
                page_out(pidfd, chunk, min(CHUNK, end - chunk))
    return not found


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
