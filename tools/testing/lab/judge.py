# SPDX-License-Identifier: GPL-2.0
"""Passed or failed: from the KTAP of the suites and the kernel's log."""

import re
import time

# What a healthy kernel never says.
BAD_KERNEL_WORDS = re.compile(
    r"BUG:|WARNING:|KASAN|UBSAN|KFENCE|Oops|general protection"
    r"|possible recursive locking|circular locking|inconsistent lock state"
    r"|suspicious RCU usage|INFO: rcu|INFO: task .* blocked|self-detected stall"
    r"|unreferenced object|Call Trace:|Kernel panic|DEBUG_LOCKS_WARN"
    r"|soft lockup|hard LOCKUP|bad page|list_(add|del) corruption")
# Lab's own lines, written by the session.
MARK = re.compile(r"lab: (begin|end) (\S+)")
RESULT = re.compile(r"^(not ok|ok)\b\s*\d*\s*(?:-\s*)?(.*)$")
PLAN = re.compile(r"^1\.\.(\d+)")
SKIP = re.compile(r"#\s*SKIP\b", re.I)
# Stock KVM has data races of its own. A race counts if vigil.ko or a function of
# the KVM series' own files has made one of the accesses, or is among the callers;
# but for those that KVM has whoever calls it.
RACE = re.compile(r"BUG: KCSAN: ")
RACE_END = re.compile(r"\] ={60,}")
RACE_LINES = 100
RACE_IS_OURS = re.compile(
    r"\[vigil\]"
    r"|\b(__)?(kvm_)?(exec|watch)_\w+(\+\S+)? \[kvm\]"
    r"|\bkvm_arch_guest_write\w*(\+\S+)? \[kvm\]")
RACE_OF_KVM = re.compile(
    # mmu_invalidate_seq is read without a lock, and once more below mmu_lock
    r"in kvm_faultin_pfn \[kvm\] / kvm_mmu_invalidate_end \[kvm\]")
RACE_ACCESS = re.compile(r"\] ((?:read|write|assert)[^:]* to 0x.*):$")
MAX_FINDINGS = 10
# Of a report on a crash: where it is, and from where that was called. What is
# only found on the stack has a question mark, and counts if there is no better.
REGISTER = re.compile(r"\b(RIP|RSP|CR2): (?:[0-9a-f]{4}:)?(\S+)")
CALLER = re.compile(r"\]  (\? )?([\w.]+\+0x[0-9a-f]+)/0x[0-9a-f]+")
CRASH = re.compile(r"Oops|general protection|kernel BUG|BUG: unable|Kernel panic")
CRASH_END = re.compile(r"---\[ end ")
CRASH_LINES = 200
MAX_CALLERS = 8


def where(report):
    """The registers and the callers in the lines of a report, in one line."""
    registers, sure, guessed = {}, [], []
    for line in report:
        if CRASH_END.search(line):
            break
        for name, value in REGISTER.findall(line):
            registers.setdefault(name, value)
        caller = CALLER.search(line)
        if caller:
            (guessed if caller[1] else sure).append(caller[2])
    words = [f"{name} {value}" for name, value in registers.items()]
    return ", ".join(words + (sure or guessed)[:MAX_CALLERS])


def race(lines):
    """The lines of a report on a data race, which begins here."""
    for number, line in enumerate(lines[1:RACE_LINES], 1):
        if RACE_END.search(line):
            return lines[:number]
    return lines[:RACE_LINES]


def is_foreign(report):
    """Is this a race of KVM itself?"""
    return (RACE_OF_KVM.search(report[0]) or
            not any(RACE_IS_OURS.search(line) for line in report))


def accesses(report):
    """Each access of a data race and where it was made, in a line."""
    for line, place in zip(report, report[1:]):
        access = RACE_ACCESS.search(line)
        if access:
            yield f"kernel: {access[1]}: {place.partition(']')[2].strip()}"


def findings(report):
    """What is said of a bad line and of those that follow it."""
    found = [f"kernel: {report[0].strip()}"]
    if RACE.search(report[0]):
        return found + list(accesses(race(report)))
    place = CRASH.search(report[0]) and where(report)
    return found + [f"kernel: at {place}"] if place else found


def bad_lines(lines):
    """The numbers of the lines that a healthy kernel never says."""
    return [number for number, line in enumerate(lines) if
            BAD_KERNEL_WORDS.search(line) and
            not (RACE.search(line) and is_foreign(race(lines[number:])))]


def complains(text):
    """Has the kernel said a bad word since the first suite began?"""
    begin = MARK.search(text)
    return bool(begin and bad_lines(text[begin.end():].splitlines()))


class Suite:
    """The verdict on one suite; only unindented lines of KTAP count."""

    def __init__(self, name):
        self.name = name
        self.passed = self.failed = self.skipped = 0
        self.plan = None
        self.started = time.monotonic()
        self.seconds = 0
        self.ended = False
        self.faults = []

    def line(self, text):
        plan, result = PLAN.match(text), RESULT.match(text)
        if plan:
            self.plan = int(plan.group(1))
        elif text.startswith("Bail out!"):
            self.faults.append(text)
        elif result:
            self.count(result.group(1) == "ok", result.group(2))

    def count(self, good, name):
        if not good:
            self.failed += 1
        elif SKIP.search(name):
            self.skipped += 1
        else:
            self.passed += 1

    def end(self, status):
        self.ended = True
        self.seconds = time.monotonic() - self.started
        cases = self.passed + self.failed + self.skipped
        if status in (124, 137):
            self.faults.append("time limit")
        elif status:
            self.faults.append(f"exit status {status}")
        if self.plan is None:
            self.faults.append("no plan")
        elif self.plan != cases:
            self.faults.append(f"planned {self.plan} cases, ran {cases}")

    def close(self):
        """After the last line of the run."""
        if not self.ended:
            self.faults.append("did not end")
        # one more failure, whatever the number of reasons: the totals add up
        # to the cases plus the suites that are at fault themselves
        self.failed += bool(self.faults)

    def summary(self):
        return (f"# suite {self.name}: pass:{self.passed} fail:{self.failed} "
                f"skip:{self.skipped}")


class Judge:
    """Takes the lines of the second serial port as they come."""

    def __init__(self, names):
        self.expected = list(names)
        self.suites = {}
        self.current = None
        self.done = False
        self.faults = []

    def line(self, text):
        """Returns what to show of this line."""
        if text.startswith("@lab "):
            self.mark(text.split()[1:])
            return None
        if self.current:
            self.current.line(text)
        return text

    def mark(self, words):
        if words[0] == "begin":
            self.current = self.suites[words[1]] = Suite(words[1])
        elif words[0] == "end":
            self.current.end(int(words[2]))
            self.current = None
        elif words[0] == "left":
            self.suites[words[1]].faults.append(" ".join(words[2:]))
        elif words[0] == "broken":
            self.faults.append(" ".join(words[1:]))
        elif words[0] == "done":
            self.done = True

    def kernel_log(self, text):
        """Charges what the kernel said to the suite that ran then."""
        name, counts, lines = None, {}, text.splitlines()
        bad = set(bad_lines(lines))
        for number, line in enumerate(lines):
            mark = MARK.search(line)
            if mark:
                name = mark.group(2)
            elif name and number in bad:
                counts[name] = counts.get(name, 0) + 1
                if counts[name] <= MAX_FINDINGS and name in self.suites:
                    self.suites[name].faults += findings(
                        lines[number:number + CRASH_LINES])

    def close(self):
        """Returns the suites, those that never began included."""
        if not self.done:
            self.faults.append("the machine ended before its suites did")
        for name in self.expected:
            self.suites.setdefault(name, Suite(name)).close()
        return list(self.suites.values())

    def again(self):
        """After close(), of a run that doesn't count: what has to run again. Who
        was through by then has passed."""
        return ([name for name in self.expected if self.suites[name].failed] or
                self.expected[-1:])
