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
    ("the longest pattern", exe("/" + "*" * 1022), None, ""),
    ("the longest path", exe(("/" + "x" * 254) * 4), None, ""),
    ("a path that is longer", exe(("/" + "x" * 254) * 4 + "?"), "EINVAL",
     "1020 bytes"),
    ("the longest file name", exe("/" + "x" * 255), None, ""),
    ("a file name that is longer", exe("/" + "x" * 256), "EINVAL",
     "it can't match: " + "x" * 20 + "... is longer than any name in a path"),
    ("a relative path", exe("nginx"), "EINVAL", "slash"),
    ("a relative path, escaped", exe("\\usr"), "EINVAL", "slash"),
    ("a relative path, a class", exe("[a]x"), "EINVAL", "slash"),
    ("a slash that is a class", exe("[!a-z]x"), None, ""),
    ("two slashes", exe("/usr//sbin/nginx"), "EINVAL", "// is in no path"),
    ("two slashes of a memfd", exe("/memfd:a//b/"), None, ""),
    ("two slashes of a memfd, perhaps", exe("*//b"), None, ""),
    ("a slash at the end", exe("/usr/sbin/nginx/"), "EINVAL",
     "/ ends no path"),
    ("a detached mount's root", exe("/"), None, ""),
    ("a directory's own entry", exe("/usr/./x"), "EINVAL", "/./ is in no path"),
    ("a directory's parent", exe("/usr/../sbin/x"), "EINVAL",
     "/../ is in no path"),
    ("a parent at the end", exe("/usr/.."), "EINVAL", "/.. ends no path"),
    ("an empty range", exe("/usr/[z-a]"), "EINVAL", "[z-a] stands for no byte"),
    ("an empty range in a name", comm("ngin[z-x]"), "EINVAL",
     "[z-x] stands for no byte"),
    ("a file that is called as one that was deleted",
     exe("/usr/sbin/nginx (deleted)"), None, ""),
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
