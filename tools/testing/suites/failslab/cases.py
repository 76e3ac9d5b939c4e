#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0
"""cases.py STEP [PID]: requests to vigil of which every allocation fails once.

PID is the VMM's. A line for each request, "ok NAME" or "not ok NAME"; lines that
begin with # say why. A request whose allocation failed either succeeds all the
same, or it says ENOMEM and has changed nothing.
"""

import collections
import ctypes
import errno
import fcntl
import os
import struct
import subprocess
import sys
import time

import fault

sys.path.append(os.path.join(os.environ["VIGIL_SRC"],
                             "tools/testing/suites/ctl"))
import genl
from genl import NESTED, attr, string, u32

C = genl.constants()
CMD = {k[len("VIGIL_CMD_"):]: v for k, v in C.items()
       if k.startswith("VIGIL_CMD_")}
A = {k[len("VIGIL_A_"):]: v for k, v in C.items()
     if k.startswith("VIGIL_A_")}

# No request allocates so often.
MOST = 300
# seconds until self-map protection has begun its first round
FIRST_ROUND = 30
NAME = "failslab"
OPEN_VM = 0xB700
VM_REGS = 0xC0E0B701
VM_VIRT = 0xC020B702
REGS = struct.Struct("II26QII")
VIRT = struct.Struct("QQQII")
CR3, LSTAR = 2 + 19, 2 + 24
SYS_FINIT_MODULE, SYS_DELETE_MODULE, SYS_PIDFD_GETFD = 313, 176, 438

LIBC = ctypes.CDLL(None, use_errno=True)


def syscall(*args):
    done = LIBC.syscall(*args)
    if done < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return done


def vm_fd(pid):
    """The VMM's descriptor of its VM, here."""
    pidfd = os.pidfd_open(pid)
    for fd in os.listdir(f"/proc/{pid}/fd"):
        if os.readlink(f"/proc/{pid}/fd/{fd}") == "anon_inode:kvm-vm":
            return syscall(SYS_PIDFD_GETFD, pidfd, int(fd), 0)
    raise LookupError(f"process {pid} has no VM")


# What a request does, how that is undone, and the number of allocations that there
# are at least.
Case = collections.namedtuple("Case", "name act undo least",
                              defaults=(lambda: None, 1))


def number_of(error):
    return error.error if isinstance(error, genl.Refused) else error.errno


class Trial:
    """A request with each of its allocations failing in turn."""

    def __init__(self, nth, state, case):
        self.nth = nth
        self.state = state
        self.case = case
        self.before = state()
        # what was wrong, and with which allocations failing; 0: with none
        self.wrong = collections.defaultdict(list)
        self.failures = self.tolerated = 0

    def compare(self, number, what, expected):
        state = self.state()
        if state != expected:
            self.wrong[f"{what}: {changes(expected, state)}"].append(number)
        return state == expected

    def undo(self, number=0):
        self.case.undo()
        self.compare(number, "it can't be undone", self.before)

    def reference(self):
        self.said = self.case.act()
        self.after = self.state()
        self.undo()

    def refused(self, number, hit, error):
        if not hit:
            self.wrong[f"after the last failure: {error}"].append(number)
        elif number_of(error) != errno.ENOMEM:
            self.wrong[f"{error}, not ENOMEM"].append(number)
        if not self.compare(number, f"'{error}', and it has changed",
                            self.before):
            self.undo(number)

    def succeeded(self, number, said):
        if said != self.said:
            self.wrong[f"no error, and it says {said}, not {self.said}"].append(
                number)
        self.compare(number, "no error, and it has not done", self.after)
        self.undo(number)

    def fail(self, number):
        """Fails one of its allocations; false if there are not so many."""
        said = error = None
        self.nth.arm(number)
        try:
            said = self.case.act()
        except (OSError, genl.Refused) as e:
            error = e
        hit = self.nth.disarm()
        if error:
            self.refused(number, hit, error)
        else:
            self.succeeded(number, said)
            self.tolerated += hit
        self.failures += hit
        return hit

    def run(self):
        try:
            self.reference()
        except (OSError, genl.Refused) as e:
            self.wrong[f"with none failing: {e}"].append(0)
            return
        for number in range(1, MOST):
            if not self.fail(number):
                break
        else:
            self.wrong["there is no end of allocations"].append(MOST)
        if self.failures < self.case.least:
            self.wrong[f"at least {self.case.least} should have failed"].append(
                self.failures)


def changes(before, after):
    """Where two states differ."""
    return {key: (before.get(key), after.get(key))
            for key in {**before, **after} if before.get(key) != after.get(key)}


def run(state, cases):
    nth = fault.Nth()
    for case in cases:
        trial = Trial(nth, state, case)
        trial.run()
        print(f"# {case.name}: {trial.failures} allocations, without "
              f"{trial.tolerated} of them it succeeds")
        for what, numbers in trial.wrong.items():
            print(f"# allocations {numbers}: {what}")
        print("not ok" if trial.wrong else "ok", case.name, flush=True)


# --- the module ------------------------------------------------------------------

MODULE = os.path.join(os.environ["VIGIL_MODULES"], "vigil.ko")


def load():
    fd = os.open(MODULE, os.O_RDONLY)
    try:
        syscall(SYS_FINIT_MODULE, fd, b"", 0)
    finally:
        os.close(fd)


def unload():
    if os.path.exists("/sys/module/vigil"):
        syscall(SYS_DELETE_MODULE, b"vigil", os.O_NONBLOCK)


def loaded():
    """What there is of the module, wherever it leaves something."""
    # all, because asking for one would have the module loaded
    families = genl.Family("nlctrl").call(genl.CTRL_CMD_GETFAMILY, dump=True,
                                          family=genl.GENL_ID_CTRL)
    with open("/proc/misc", encoding="ascii") as file:
        device = "vigil" in file.read().split()
    return {"module": os.path.exists("/sys/module/vigil"),
            "device": device,
            "family": any((2, b"vigil\0") in family for family in families)}


def step_module():
    """The ladder of its init."""
    fault.confine(*fault.text_of("do_one_initcall"))
    run(loaded, [Case("insmod", load, unload)])


def step_exit():
    """The module goes, whatever fails, and leaves nothing behind."""
    def load_elsewhere():
        load()
        fault.confine(*fault.text_of_vigil())

    load_elsewhere()
    run(loaded, [Case("rmmod", unload, load_elsewhere, 0)])
    unload()


# --- an attached VM --------------------------------------------------------------

class Vm:
    """The VM under test as netlink has it, without what changes by itself."""

    # numbers that are given out, times, and what is counted
    VOLATILE = {
        "VM": ("ID", "ATTACHED", "LAST_ALERT"),
        "PROTECT": ("VM_ID", "ID", "HITS"),
        "SELFMAP": ("VM_ID", "PROCESSES", "TABLES", "LOADED", "WATCHED",
                    "WRONG", "ROUNDS", "TIME", "CHECKED", "SCANNED", "WRITES",
                    "SWITCHES", "MISSED", "HOSTILE", "DROPPED", "CLEARED",
                    "REPAIRED", "RACED", "FAILED", "UNPROVED"),
        "PROFILE": ("VM_ID",),
    }

    def __init__(self, pid):
        self.nl = genl.Family()
        self.fd = vm_fd(pid)
        self.number = self.find()
        # somebody to whom events are told
        self.listener = genl.Family()
        self.listener.join("monitor")

    def find(self):
        for vm in self.nl.call(CMD["VM_GET"], dump=True):
            vm = dict(vm)
            if vm[A["VM_NAME"]].rstrip(b"\0").decode() == NAME:
                return struct.unpack("I", vm[A["VM_ID"]])[0]
        return None

    def of(self, attribute):
        return u32(A[attribute], self.number)

    def ask(self, command, *parts, dump=False):
        return self.nl.call(CMD[command], b"".join(parts), dump=dump)

    def lasting(self, subject, replies):
        """Replies without what changes by itself."""
        volatile = {A[f"{subject}_{name}"]
                    for name in self.VOLATILE.get(subject, ())}
        return sorted(tuple(a for a in reply if a[0] not in volatile)
                      for reply in replies)

    def selfmaps(self):
        """Self-map protection, which is on a moment after it was asked for."""
        active = struct.pack("I", C["VIGIL_SELFMAP_STATE_ACTIVE"])
        end = time.monotonic() + FIRST_ROUND
        while True:
            replies = self.ask("SELFMAP_GET", dump=True)
            if time.monotonic() > end or all(
                    dict(reply)[A["SELFMAP_STATE"]] == active
                    for reply in replies):
                return replies
            time.sleep(0.02)

    def state(self):
        self.number = self.find()
        state = {"vms": self.lasting("VM", self.ask("VM_GET", dump=True)),
                 "selfmap": self.lasting("SELFMAP", self.selfmaps()),
                 "files": len(os.listdir("/proc/self/fd"))}
        if self.number:
            state["protect"] = self.lasting("PROTECT", self.protections())
            state["profile"] = self.lasting("PROFILE", self.ask(
                "PROFILE_GET", self.of("PROFILE_VM_ID")))
        return state

    # --- requests --------------------------------------------------------------

    def attach(self):
        reply, = self.ask("VM_NEW", u32(A["VM_FD"], self.fd),
                          string(A["VM_NAME"], NAME))
        self.number, = struct.unpack("I", dict(reply)[A["VM_ID"]])
        return self.lasting("VM", [reply])

    def detach(self):
        self.number = self.find()
        if self.number:
            self.ask("VM_DEL", self.of("VM_ID"))

    def attach_again(self):
        self.detach()
        self.attach()

    def protections(self):
        return self.ask("PROTECT_GET", self.of("PROTECT_VM_ID"), dump=True)

    def protect(self, comm):
        reply, = self.ask("PROTECT_NEW", self.of("PROTECT_VM_ID"),
                          string(A["PROTECT_COMM"], comm),
                          u32(A["PROTECT_RULES"], 1),
                          u32(A["PROTECT_ACTION"],
                              C["VIGIL_ACTION_BLOCK"]))
        return self.lasting("PROTECT", [reply])

    def unprotect(self, comm):
        """All entries for a name, of which the request may have left one."""
        for entry in map(dict, self.protections()):
            if entry[A["PROTECT_COMM"]] == comm.encode() + b"\0":
                self.ask("PROTECT_DEL", self.of("PROTECT_VM_ID"),
                         attr(A["PROTECT_ID"], entry[A["PROTECT_ID"]]))

    def profile(self):
        """As attributes of profile-set."""
        reply, = self.ask("PROFILE_GET", self.of("PROFILE_VM_ID"))
        drop = (A["PROFILE_VM_ID"], A["PROFILE_STATE"])
        return b"".join(attr(kind | NESTED * (kind == A["PROFILE_ITEM"]), data)
                        for kind, data in reply if kind not in drop)

    def set_profile(self, profile):
        return self.ask("PROFILE_SET", self.of("PROFILE_VM_ID"), profile)

    def sweep_ms(self):
        reply, = self.ask("VM_GET", self.of("VM_ID"))
        return struct.unpack("I", dict(reply)[A["VM_SWEEP_MS"]])[0]

    def set_sweep_ms(self, milliseconds):
        return self.ask("VM_SET", self.of("VM_ID"),
                        u32(A["VM_SWEEP_MS"], milliseconds))

    def set_selfmap(self, milliseconds):
        return self.ask("SELFMAP_SET", self.of("SELFMAP_VM_ID"),
                        u32(A["SELFMAP_PERIOD_MS"], milliseconds))

    def drop_selfmap(self):
        if self.ask("SELFMAP_GET", dump=True):
            self.ask("SELFMAP_DEL", self.of("SELFMAP_VM_ID"))

    def picked(self, command, subject, *names, parts=(), dump=True):
        """Some attributes of each reply."""
        replies = self.ask(command, self.of(f"{subject}_VM_ID"), *parts,
                           dump=dump)
        return [tuple(dict(reply).get(A[f"{subject}_{name}"])
                      for name in names) for reply in replies]


def found(pid):
    """An attached VM, the profile found by vigilctl."""
    vm = Vm(pid)
    vm.attach()
    subprocess.run([os.path.join(os.environ["VIGIL_BUILD"], "vigilctl"),
                    "profile", "find", "--vm", NAME], check=True,
                   stdout=subprocess.DEVNULL)
    return vm


def confined(cases, vm):
    fault.confine(*fault.text_of_vigil())
    run(vm.state, cases)


def step_attach(pid):
    vm = Vm(int(pid))
    confined([Case("vm-new", vm.attach, vm.detach)], vm)


def questions(vm):
    """What any VM with a profile answers."""
    return [
        Case("caps-get", lambda: vm.ask("CAPS_GET")),
        Case("vm-get", lambda: vm.lasting(
            "VM", vm.ask("VM_GET", vm.of("VM_ID")))),
        Case("vm-get, all", lambda: vm.lasting(
            "VM", vm.ask("VM_GET", dump=True)), least=0),
        Case("profile-get", lambda: vm.lasting("PROFILE", vm.ask(
            "PROFILE_GET", vm.of("PROFILE_VM_ID")))),
        Case("stats-get", lambda: len(vm.ask(
            "STATS_GET", vm.of("STATS_VM_ID")))),
        # the kernel's own threads come and go
        Case("process-get", lambda: [p for p in vm.picked(
            "PROCESS_GET", "PROCESS", "PID", "COMM", "EXE") if p[2]], least=0),
        Case("vma-get", lambda: vm.picked(
            "VMA_GET", "VMA", "START", "END", "FLAGS", "PATH",
            parts=(u32(A["VMA_PID"], 1),)), least=0),
        Case("alert-get", lambda: vm.picked(
            "ALERT_GET", "ALERT", "SEQ", "KIND"), least=0),
    ]


def step_linux(pid):
    """A Linux guest, and the device."""
    vm = found(int(pid))
    profile = vm.profile()
    vm.attach_again()
    period = vm.sweep_ms()
    confined([
        Case("vm-set", lambda: vm.set_sweep_ms(period // 2),
             lambda: vm.set_sweep_ms(period), 0),
        Case("profile-set", lambda: vm.set_profile(profile),
             vm.attach_again),
    ], vm)
    vm.set_profile(profile)
    confined([
        *questions(vm),
        Case("profile-set, another", lambda: vm.set_profile(profile)),
        # which turns exec protection on
        Case("protect-new, the first", lambda: vm.protect("first"),
             lambda: vm.unprotect("first")),
    ], vm)
    vm.protect("kept")
    confined([
        Case("protect-new, another", lambda: vm.protect("another"),
             lambda: vm.unprotect("another")),
        Case("protect-get", lambda: vm.lasting("PROTECT", vm.protections()),
             least=0),
        Case("protect-del", lambda: vm.unprotect("kept"),
             lambda: vm.protect("kept"), 0),
        *device(vm),
        Case("vm-del", vm.detach, lambda: (
            vm.attach(), vm.set_profile(profile), vm.protect("kept")), 0),
    ], vm)
    vm.detach()


def step_windows(pid):
    """A guest of the shape of Windows."""
    vm = found(int(pid))
    profile = vm.profile()
    confined([
        Case("process-get, Windows", lambda: vm.picked(
            "PROCESS_GET", "PROCESS", "PID", "COMM"), least=0),
        Case("selfmap-set", lambda: vm.set_selfmap(1000), vm.drop_selfmap),
    ], vm)
    vm.set_selfmap(1000)
    confined([
        Case("selfmap-set, another period", lambda: vm.set_selfmap(2000),
             lambda: vm.set_selfmap(1000), 0),
        Case("selfmap-get", lambda: vm.lasting("SELFMAP", vm.ask(
            "SELFMAP_GET", vm.of("SELFMAP_VM_ID")))),
        Case("selfmap-check", lambda: vm.picked(
            "SELFMAP_CHECK", "SELFMAP", "PROCESSES", "WRONG", dump=False)),
        Case("profile-set, Windows", lambda: vm.set_profile(profile)),
        Case("selfmap-del", vm.drop_selfmap, lambda: vm.set_selfmap(1000), 0),
    ], vm)
    vm.detach()


# --- the device ------------------------------------------------------------------

def device(vm):
    """Its file, memory and registers of a VM; and what is opened is closed."""
    dev = os.open("/dev/vigil", os.O_RDWR)
    fd = fcntl.ioctl(dev, OPEN_VM, vm.number)

    def opened():
        os.close(fcntl.ioctl(dev, OPEN_VM, vm.number))

    def regs():
        buf = bytearray(REGS.pack(0, 60000, *[0] * 27, 0))
        fcntl.ioctl(fd, VM_REGS, buf)
        return REGS.unpack(buf)

    now = regs()

    def virt():
        to = ctypes.create_string_buffer(64)
        buf = bytearray(VIRT.pack(now[CR3], now[LSTAR], ctypes.addressof(to),
                                  len(to), 4))
        fcntl.ioctl(fd, VM_VIRT, buf)
        return to.raw

    return [
        Case("/dev/vigil, open", lambda: os.close(
            os.open("/dev/vigil", os.O_RDWR)), least=0),
        Case("/dev/vigil, the file of a VM", opened),
        Case("/dev/vigil, memory", lambda: len(os.pread(fd, 64, 1 << 20))),
        Case("/dev/vigil, registers", lambda: regs()[LSTAR]),
        Case("/dev/vigil, virtual memory", virt),
    ]


globals()["step_" + sys.argv[1]](*sys.argv[2:])
