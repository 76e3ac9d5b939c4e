#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""rmmod and insmod against attach and detach: module.py MODULE SECONDS ATTACHERS

Each attacher has a VM of its own. Prints what succeeded how often; exit status 0
if every side did, and if the module works in the end.
"""

import ctypes
import errno
import os
import random
import sys
import time

SUITES = os.path.join(os.environ["VIGIL_SRC"], "tools/testing/suites")
sys.path[:0] = [f"{SUITES}/ctl", f"{SUITES}/life"]
import genl  # noqa: E402
from genl import Refused, u32  # noqa: E402
from kvm import make_vm  # noqa: E402

C = genl.constants()
DELETE_MODULE, FINIT_MODULE = 176, 313
# While the module isn't there, is going, or has gone since the family was found.
EXPECTED = {errno.ENOENT, errno.ENODEV, errno.EOPNOTSUPP, errno.EPROTONOSUPPORT}

libc = ctypes.CDLL(None, use_errno=True)


def syscall(*args):
    if libc.syscall(*args) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def remove():
    syscall(DELETE_MODULE, b"vigil", os.O_NONBLOCK)


def insert(path):
    fd = os.open(path, os.O_RDONLY)
    try:
        syscall(FINIT_MODULE, fd, b"", 0)
    finally:
        os.close(fd)


class Attacher:
    def __init__(self):
        self.fd = make_vm()[0]
        self.family = None
        self.counts = {"attached": 0, "refused": 0}

    def attach(self):
        if not self.family:
            self.family = genl.Family()
        reply, = self.family.call(C["VIGIL_CMD_VM_NEW"],
                                  u32(C["VIGIL_A_VM_FD"], self.fd))
        self.counts["attached"] += 1
        number, = [value for kind, value in reply if kind == C["VIGIL_A_VM_ID"]]
        time.sleep(random.random() / 1000)
        self.family.call(C["VIGIL_CMD_VM_DEL"],
                         genl.attr(C["VIGIL_A_VM_ID"], number))

    def run(self, until):
        """Returns what went wrong, or None."""
        while time.monotonic() < until:
            try:
                self.attach()
            except Refused as refused:
                if refused.error not in EXPECTED:
                    return str(refused)
                self.counts["refused"] += 1
                self.family = None
            # none is attached meanwhile, so that the module can go
            time.sleep(random.random() / 200)
        return None


def attacher(until):
    """In a process of its own; returns its id and the end of a pipe."""
    read, write = os.pipe()
    pid = os.fork()
    if pid:
        os.close(write)
        return pid, read
    mine = Attacher()
    wrong = mine.run(until)
    os.write(write, repr((wrong, mine.counts)).encode())
    os._exit(0)


def come_and_go(path, until):
    counts = {"removed": 0, "busy": 0}
    while time.monotonic() < until:
        try:
            remove()
            counts["removed"] += 1
            insert(path)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EBUSY):
                raise
            counts["busy"] += 1
            time.sleep(random.random() / 1000)
    return counts


def main():
    path, seconds, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    until = time.monotonic() + seconds
    attachers = [attacher(until) for _ in range(count)]
    counts = come_and_go(path, until)
    good = counts["removed"] > 0
    print(counts)
    for pid, pipe in attachers:
        said = os.read(pipe, 4096).decode() or "('it died', {})"
        os.waitpid(pid, 0)
        wrong, counts = eval(said)
        print(wrong or "", counts)
        good = good and not wrong and counts["attached"] > 0
    last = Attacher()
    last.attach()
    sys.exit(0 if good else 1)


main()
