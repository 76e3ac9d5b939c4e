#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""requests.py VM-ID KVM: bad requests, and what the module says to them.

KVM is stock or patched.  A line for each: "ok NAME" or "not ok NAME: why".
"""

import errno
import os
import sys

import genl
from genl import NESTED, Refused, attr, string, u32, u64

C = genl.constants()
CMD = {k[len("VIGIL_CMD_"):]: v for k, v in C.items()
       if k.startswith("VIGIL_CMD_")}
A = {k[len("VIGIL_A_"):]: v for k, v in C.items()
     if k.startswith("VIGIL_A_")}
DUMPS = ("PROTECT_GET", "PROCESS_GET", "VMA_GET", "ALERT_GET")
LAST_FIELD = C["VIGIL_PROFILE_FIELD_KERNFS_PARENT"]


def item(*parts):
    return attr(A["PROFILE_ITEM"] | NESTED, b"".join(parts))


def field(number, value):
    return item(u32(A["PROFILE_ITEM_FIELD"], number),
                u64(A["PROFILE_ITEM_VALUE"], value))


def protect(vm, *parts, rules=1, action=0):
    return (u32(A["PROTECT_VM_ID"], vm) + b"".join(parts) +
            u32(A["PROTECT_RULES"], rules) +
            u32(A["PROTECT_ACTION"], action))


def selfmap(vm, setting, value):
    return (u32(A["SELFMAP_VM_ID"], vm) +
            u32(A["SELFMAP_" + setting], value))


def every(vm):
    return protect(vm, attr(A["PROTECT_ALL"], b""))


def cases(vm, null):
    """name, command, attributes, errno, what the text must hold"""
    some = u32(A["PROTECT_VM_ID"], vm)
    everyone = attr(A["PROTECT_ALL"], b"")
    own = os.getpid()
    return [
        ("no id", "VM_GET", b"", "EINVAL", "which VM"),
        ("id 0", "VM_GET", u32(A["VM_ID"], 0), "ERANGE", ""),
        ("id of no VM", "VM_GET", u32(A["VM_ID"], 4242), "ENOENT",
         "no such VM"),
        ("id of a wrong size", "VM_GET", attr(A["VM_ID"], b"\1\0"),
         "EINVAL", ""),
        ("an attribute that doesn't exist", "VM_GET",
         u32(A["VM_ID"], vm) + u32(99, 1), "EINVAL", "Unknown attribute"),
        ("an attribute of another command", "VM_DEL",
         u32(A["VM_ID"], vm) + u32(A["VM_SWEEP_MS"], 1), "EINVAL", ""),
        ("a command that doesn't exist", 200, b"", "EOPNOTSUPP", ""),
        ("no fd", "VM_NEW", b"", "EINVAL", "file descriptor"),
        ("a closed fd", "VM_NEW", u32(A["VM_FD"], 999), "EBADF", "not an open"),
        ("an fd of another file", "VM_NEW", u32(A["VM_FD"], null), "EBADF",
         "not the file descriptor of a KVM VM"),
        ("a huge fd", "VM_NEW", u32(A["VM_FD"], 0xffffffff), "EBADF", ""),
        ("a long name", "VM_NEW",
         u32(A["VM_FD"], null) + string(A["VM_NAME"], "x" * 64), "EINVAL", ""),
        ("a name without an end", "VM_NEW",
         u32(A["VM_FD"], null) + attr(A["VM_NAME"], b"abc"), "EINVAL", ""),
        ("a sweep of years", "VM_SET",
         u32(A["VM_ID"], vm) + u32(A["VM_SWEEP_MS"], 86400001), "ERANGE", ""),
        ("detach nothing", "VM_DEL", u32(A["VM_ID"], 4242), "ENOENT",
         "no such VM"),
        ("an empty profile", "PROFILE_SET", u32(A["PROFILE_VM_ID"], vm),
         "EINVAL", "."),
        ("a field that doesn't exist", "PROFILE_SET",
         u32(A["PROFILE_VM_ID"], vm) + field(LAST_FIELD + 1, 1), "EINVAL",
         "unknown field"),
        ("a field twice", "PROFILE_SET", u32(A["PROFILE_VM_ID"], vm) +
         field(0, 0xffffffff81000000) * 2, "EINVAL", "."),
        ("a field out of range", "PROFILE_SET",
         u32(A["PROFILE_VM_ID"], vm) + field(0, 5), "EINVAL", "."),
        ("an item without a value", "PROFILE_SET",
         u32(A["PROFILE_VM_ID"], vm) + item(u32(A["PROFILE_ITEM_FIELD"], 0)),
         "EINVAL", "a field and a value"),
        ("a profile of no VM", "PROFILE_SET",
         u32(A["PROFILE_VM_ID"], 4242), "ENOENT", "no such VM"),
        ("protect nobody", "PROTECT_NEW", protect(vm), "EINVAL",
         "one or more of exe"),
        ("protect two ways", "PROTECT_NEW",
         protect(vm, everyone, u32(A["PROTECT_PID"], 1)), "EINVAL",
         "one or more of exe"),
        ("an empty pattern", "PROTECT_NEW",
         protect(vm, string(A["PROTECT_COMM"], "")), "EINVAL", "empty"),
        ("a long pattern", "PROTECT_NEW",
         protect(vm, string(A["PROTECT_COMM"], "x" * 64)), "EINVAL", ""),
        ("a path that no file has", "PROTECT_NEW",
         protect(vm, string(A["PROTECT_EXE"], "/usr//sbin/nginx")), "EINVAL",
         "it can't match: // is in no path"),
        ("a range without a byte", "PROTECT_NEW",
         protect(vm, string(A["PROTECT_COMM"], "ngin[z-x]")), "EINVAL",
         "[z-x] stands for no byte"),
        ("pid 0", "PROTECT_NEW", protect(vm, u32(A["PROTECT_PID"], 0)),
         "ERANGE", ""),
        ("a pid too large", "PROTECT_NEW",
         protect(vm, u32(A["PROTECT_PID"], 4194305)), "ERANGE", ""),
        ("no rules", "PROTECT_NEW", protect(vm, everyone, rules=0), "EINVAL",
         "rule"),
        ("rules that don't exist", "PROTECT_NEW",
         protect(vm, everyone, rules=0x10), "EINVAL", ""),
        ("an action that doesn't exist", "PROTECT_NEW",
         protect(vm, everyone, action=3), "ERANGE", ""),
        ("to kill without a profile", "PROTECT_NEW",
         protect(vm, everyone, u32(A["PROTECT_WITHOUT_PROFILE"], 2)),
         "ERANGE", ""),
        ("no action", "PROTECT_NEW",
         some + everyone + u32(A["PROTECT_RULES"], 1), "EINVAL", "action"),
        ("remove an entry that isn't there", "PROTECT_DEL",
         some + u32(A["PROTECT_ID"], 77), "ENOENT", "no such entry"),
        ("entries of no VM", "PROTECT_GET", u32(A["PROTECT_VM_ID"], 4242),
         "ENOENT", "no such VM"),
        ("processes of no VM", "PROCESS_GET", b"", "EINVAL", "which VM"),
        ("processes without a profile", "PROCESS_GET",
         u32(A["PROCESS_VM_ID"], vm), "ENODATA", "profile"),
        ("mappings of no process", "VMA_GET", u32(A["VMA_VM_ID"], vm),
         "EINVAL", "which process"),
        ("mappings without a profile", "VMA_GET",
         u32(A["VMA_VM_ID"], vm) + u32(A["VMA_PID"], own % 4194304 or 1),
         "ENODATA", "profile"),
        ("alerts of no VM", "ALERT_GET", b"", "EINVAL", "which VM"),
        ("counters of no VM", "STATS_GET", u32(A["STATS_VM_ID"], 4242),
         "ENOENT", "no such VM"),
        ("self-maps of no VM", "SELFMAP_SET", b"", "EINVAL", "which VM"),
        ("self-maps, an action that they don't have", "SELFMAP_SET",
         selfmap(vm, "ACTION", 2), "ERANGE", ""),
        ("self-maps, a way that doesn't exist", "SELFMAP_SET",
         selfmap(vm, "ASKED_WAY", 4), "ERANGE", ""),
        ("self-maps, no period", "SELFMAP_SET", selfmap(vm, "PERIOD_MS", 0),
         "ERANGE", ""),
        ("self-maps, a long period", "SELFMAP_SET",
         selfmap(vm, "PERIOD_MS", 10001), "ERANGE", ""),
        ("self-maps that are not protected", "SELFMAP_GET",
         u32(A["SELFMAP_VM_ID"], vm), "ENOENT", "not protected"),
        ("self-maps, off when it is off", "SELFMAP_DEL",
         u32(A["SELFMAP_VM_ID"], vm), "ENOENT", "not protected"),
        ("self-maps, a check when it is off", "SELFMAP_CHECK",
         u32(A["SELFMAP_VM_ID"], vm), "ENOENT", "not protected"),
    ]


def refused(family, command, payload, error, text):
    """None, or what was wrong."""
    try:
        family.call(CMD.get(command, command), payload,
                    dump=command in DUMPS)
    except Refused as e:
        if e.error != getattr(errno, error):
            return f"{e}, not {error}"
        if text == "." and not e.text or text != "." and text not in e.text:
            return f"it says '{e.text}'"
        return None
    return "no error"


def fill(family, vm):
    """256 entries, and no more."""
    for _ in range(256):
        family.call(CMD["PROTECT_NEW"], every(vm))
    wrong = refused(family, "PROTECT_NEW", every(vm), "ENOSPC", "most entries")
    entries = family.call(CMD["PROTECT_GET"], u32(A["PROTECT_VM_ID"], vm),
                          dump=True)
    if len(entries) != 256:
        wrong = f"{len(entries)} entries are listed"
    for entry in entries:
        number = dict(entry)[A["PROTECT_ID"]]
        family.call(CMD["PROTECT_DEL"], u32(A["PROTECT_VM_ID"], vm) +
                    attr(A["PROTECT_ID"], number))
    return wrong


def stock(family, vm):
    return refused(family, "PROTECT_NEW", every(vm), "EOPNOTSUPP",
                   "this kvm.ko is stock")


def tell(name, wrong):
    print(f"not ok {name}: {wrong}" if wrong else f"ok {name}", flush=True)


def main():
    vm, kvm = int(sys.argv[1]), sys.argv[2]
    family = genl.Family()
    null = os.open("/dev/null", os.O_RDONLY)
    for name, *case in cases(vm, null):
        tell(name, refused(family, *case))
    if kvm == "stock":
        tell("exec protection on stock KVM", stock(family, vm))
    else:
        tell("as many entries as there may be", fill(family, vm))


main()
