#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""requests.py VM-ID: whom an entry can be for, as the kernel has it.

A line for each: "ok NAME" or "not ok NAME: why".
"""

import errno
import os
import sys

sys.path.insert(0, os.path.join(os.environ["VIGIL_SRC"],
                                "tools/testing/suites/ctl"))

import genl
from genl import Refused, attr, string, u32

C = genl.constants()
A = {k[len("VIGIL_A_PROTECT_"):]: v for k, v in C.items()
     if k.startswith("VIGIL_A_PROTECT_")}
ALL = attr(A["ALL"], b"")
DESCENDANTS = attr(A["DESCENDANTS"], b"")


def comm(pattern):
    return string(A["COMM"], pattern)


def exe(pattern):
    return string(A["EXE"], pattern)


# name, attributes, errno or None, what the text must hold
CASES = (
    ("a name of 16 bytes", comm("systemd-journald"), "EINVAL", "15"),
    ("a name of 15 bytes", comm("systemd-journal"), None, ""),
    ("16 bytes of which one matches any", comm("systemd-journal*"), None, ""),
    ("16 bytes, one of them escaped", comm("systemd\\-journal"), None, ""),
    ("17 question marks", comm("?" * 17), "EINVAL", "15"),
    ("an empty path", exe(""), "EINVAL", "empty"),
    ("a long path", exe("/" * 1024), "EINVAL", ""),
    ("the longest path", exe("/" * 1023), None, ""),
    ("all, and a user", ALL + u32(A["UID"], 0), "EINVAL", "."),
    ("descendants of nobody", DESCENDANTS, "EINVAL", "."),
    ("path, name, pid and user",
     exe("*") + comm("*") + u32(A["PID"], 1) + u32(A["UID"], 0) + DESCENDANTS,
     None, ""),
)


def add(family, vm, who):
    reply = family.call(C["VIGIL_CMD_PROTECT_NEW"],
                        u32(A["VM_ID"], vm) + who + u32(A["RULES"], 1) +
                        u32(A["ACTION"], 0))
    family.call(C["VIGIL_CMD_PROTECT_DEL"], u32(A["VM_ID"], vm) +
                attr(A["ID"], dict(reply[0])[A["ID"]]))


def wrong_with(family, vm, who, error, text):
    """None, or what was wrong."""
    try:
        add(family, vm, who)
    except Refused as e:
        if not error or e.error != getattr(errno, error):
            return f"{e}, not {error}"
        if text == "." and not e.text or text != "." and text not in e.text:
            return f"it says '{e.text}'"
        return None
    return "no error" if error else None


def main():
    family = genl.Family()
    for name, *case in CASES:
        wrong = wrong_with(family, int(sys.argv[1]), *case)
        print(f"not ok {name}: {wrong}" if wrong else f"ok {name}",
              flush=True)


main()
