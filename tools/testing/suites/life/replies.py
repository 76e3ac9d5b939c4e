#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Requests whose reply the sender does not take: replies.py KVM

KVM is stock or patched.  A request that failed has changed nothing, and one that
could not be answered has failed.
"""

import os
import socket
import sys

sys.path.insert(0, os.path.join(os.environ["VIGIL_SRC"],
                                "tools/testing/suites/ctl"))
import genl  # noqa: E402
from genl import attr, u32  # noqa: E402
from kvm import make_vm  # noqa: E402

C = genl.constants()
# more replies than the smallest buffer takes
MANY = 64


def command(name):
    return C["VIGIL_CMD_" + name]


def a(name):
    return C["VIGIL_A_" + name]


class Deaf(genl.Family):
    """A sender that has no room for what it is told."""

    def __init__(self):
        super().__init__()
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)

    def ask(self, name, payload):
        for _ in range(MANY):
            self.send(command("CAPS_GET"), b"", 0, self.id)
        self.send(command(name), payload, 0, self.id)

    def take_all(self):
        """How many were there to be taken."""
        taken = 0
        self.sock.setblocking(False)
        while True:
            try:
                self.sock.recv(1 << 16)
                taken += 1
            except BlockingIOError:
                self.sock.settimeout(30)
                return taken
            except OSError:
                # it lost some, and says so once
                continue


def is_undone(name, payload, listed):
    """The request changes nothing unheard, and something when it is heard."""
    deaf = Deaf()
    before = listed()
    deaf.ask(name, payload)
    unheard = listed()
    taken = deaf.take_all()
    deaf.call(command(name), payload)
    heard = listed()
    print(name, "listed:", before, unheard, heard, "taken:", taken)
    return taken < MANY and unheard == before and heard == before + 1


def main():
    family = genl.Family()
    vm_fd = make_vm()[0]

    def vms():
        return len(family.call(command("VM_GET"), dump=True))

    good = is_undone("VM_NEW", u32(a("VM_FD"), vm_fd), vms)
    number = max(int.from_bytes(value, sys.byteorder)
                 for vm in family.call(command("VM_GET"), dump=True)
                 for kind, value in vm if kind == a("VM_ID"))
    vm = u32(a("PROTECT_VM_ID"), number)

    def entries():
        return len(family.call(command("PROTECT_GET"), vm, dump=True))

    if sys.argv[1] == "patched":
        entry = (vm + attr(a("PROTECT_ALL"), b"") +
                 u32(a("PROTECT_RULES"), 1) + u32(a("PROTECT_ACTION"), 0))
        good = is_undone("PROTECT_NEW", entry, entries) and good
    family.call(command("VM_DEL"), u32(a("VM_ID"), number))
    sys.exit(not good)


main()
