#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""access.py TEST: what who isn't allowed to may do.  Exit status 0 if nothing.

  nobody  as a user without privileges, which it becomes
  caps    runs without CAP_SYS_ADMIN
  netns   runs in another network namespace
"""

import errno
import os
import sys

import genl

C = genl.constants()
NOBODY = 65534


def denied(error, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except genl.Refused as e:
        return e.error == error
    except OSError as e:
        return e.errno == error
    return False


def test_caps():
    family = genl.Family()
    vm = genl.u32(C["VIGIL_A_VM_ID"], 1)
    tests = {
        "get": denied(errno.EPERM, family.call, C["VIGIL_CMD_VM_GET"], vm),
        "dump": denied(errno.EPERM, family.call, C["VIGIL_CMD_VM_GET"],
                       dump=True),
        "new": denied(errno.EPERM, family.call, C["VIGIL_CMD_VM_NEW"]),
        "caps": denied(errno.EPERM, family.call, C["VIGIL_CMD_CAPS_GET"]),
        "join": denied(errno.EPERM, family.join, "monitor"),
        "open": (denied(errno.EPERM, os.open, "/dev/vigil", os.O_RDWR) or
                 denied(errno.EACCES, os.open, "/dev/vigil", os.O_RDWR)),
    }
    return [name for name, fine in tests.items() if not fine]


def test_nobody():
    # not earlier: nobody need not be able to read this tree
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    return test_caps()


def test_netns():
    return [] if denied(errno.ENOENT, genl.Family) else ["the family is there"]


def main():
    allowed = globals()["test_" + sys.argv[1]]()
    for name in allowed:
        print("allowed:", name)
    sys.exit(bool(allowed))


main()
