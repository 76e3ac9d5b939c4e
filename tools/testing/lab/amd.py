# SPDX-License-Identifier: GPL-2.0
"""The AMD lane: L1 on QEMU's emulation of an EPYC with SVM and nested paging."""

import re
import subprocess
import time

import judge
from machine import Emulated
from paths import SRC, output

CPU = "EPYC,+svm,+npt,+la57"
# A busy machine lets an emulated clock look unstable, and a timer dead: Linux
# gives it a few milliseconds to tick. Both are this machine's own. Five levels
# of page tables are for guests that ask for them.
ARGUMENTS = ("console=ttyS0,115200 panic=-1 reboot=t tsc=reliable "
             "no_timer_check no5lvl unknown_nmi_panic")

WANTED = re.compile(r"reboot: |Kernel panic")
WORTH_KNOWING = re.compile(r"CPU#|R[A-Z0-9]+ *=|[CS]S =|TR =|[GI]DT=|CR0=|EFER=")

PROMPT = b"(qemu) "
PENDING = re.compile(r"IRR\s+[\d ]*\b(\d+) *\r?$", re.MULTILINE)
TIMER = re.compile(r"LVTT\s.*\(vec (\d+)\)")
EXPIRED = re.compile(r"initial_count = (\d+) current_count = 0\b")
FLAGS = re.compile(r"RFL=([0-9a-f]+)")
INTERRUPTS_ON = 0x200
ENDED = b"QEMU's exit status is 0"
LAST_WORD = b"Kernel panic"
LOOKS = 5


def expired_timer(lapic):
    """What a local APIC's timer was set to that has expired and not been served,
    or None."""
    pending = PENDING.search(lapic)
    timer = TIMER.search(lapic)
    expired = EXPIRED.search(lapic)
    if pending and timer and expired and pending[1] == timer[1]:
        return expired[1]
    return None


class Machine(Emulated):
    KERNELS = ("stock", "debug", "kcsan", "stack")
    # L1 has the root filesystem of the machine that it runs on
    SHARES_ROOT = True
    CPUS = 2
    MEM = 3072
    # seconds that one second of the machine may take
    SLOWER = 1
    lost = False
    registers = ()

    def emulator(self):
        return output(SRC / "tools/setup/emulator", "command", "amd").splitlines()

    def command(self, kernel, initramfs, interactive):
        serial = ["mon:stdio" if interactive else
                  f"file:{self.directory}/kernel.log",
                  f"file:{self.directory}/ktap.log",
                  f"file:{self.directory}/stderr.log"]
        # however the runner ends, no machine stays behind
        argv = ["setpriv", "--pdeathsig", "KILL", *self.emulator(),
                "-nodefaults", "-display", "none", "-accel", "tcg,thread=multi",
                "-cpu", CPU, "-smp", str(self.smp), "-m", str(self.mem),
                "-kernel", kernel.image, "-initrd", initramfs,
                "-append", f"{ARGUMENTS} {kernel.arguments}",
                "-d", "cpu_reset", "-D", self.directory / "cpu.log",
                "-virtfs", "local,path=/,mount_tag=hostroot,readonly=on,"
                "security_model=none,multidevs=remap",
                "-virtfs", f"local,path={self.directory}/guests,"
                "mount_tag=logs,security_model=none"]
        if interactive:
            argv += ["-no-reboot"]
        else:
            argv += ["-monitor", "stdio",
                     "-action", "reboot=shutdown,shutdown=pause"]
        for port in serial:
            argv += ["-serial", port]
        return [str(a) for a in argv]

    def boot(self, kernel, initramfs, interactive=False):
        (self.directory / "guests").mkdir()
        with open(self.directory / "emulator.log", "wb") as log:
            self.process = subprocess.Popen(
                self.command(kernel, initramfs, interactive),
                stdin=None if interactive else subprocess.PIPE,
                stderr=None if interactive else log,
                stdout=None if interactive else log)

    def tell(self, command):
        """Has QEMU's monitor do something; False if it is gone."""
        try:
            self.process.stdin.write(f"{command}\n".encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            return False
        return True

    def ask(self, command):
        """What QEMU's monitor answers; empty if it is gone, or takes too long."""
        log = self.directory / "emulator.log"
        start = log.stat().st_size
        if not self.tell(command):
            return ""
        for _ in range(50):
            time.sleep(0.1)
            said = log.read_bytes()[start:]
            if said.endswith(PROMPT):
                return said.decode(errors="replace")
        return ""

    def resets_itself(self):
        log = self.directory / "cpu.log"
        return log.exists() and b"Triple fault" in log.read_bytes()

    def wait(self, seconds):
        """A machine that resets itself stands still then, and is looked at."""
        if super().wait(seconds):
            return True
        if not self.resets_itself():
            return False
        self.registers = [line.strip() for line in
                          self.ask("info registers -a").splitlines()
                          if WORTH_KNOWING.match(line)]
        self.tell("quit")
        return super().wait(60)

    def lost_interrupt(self, cpu):
        """Is the same expiry of the timer there for seconds? Its interrupt is of
        the highest priority that is in use, and Linux sets it anew each time."""
        timers, enabled = set(), False
        for _ in range(LOOKS):
            if self.wait(0):
                return False
            timers.add(expired_timer(self.ask(f"info lapic {cpu}")))
            self.ask(f"cpu {cpu}")
            flags = FLAGS.search(self.ask("info registers"))
            enabled |= bool(flags and int(flags[1], 16) & INTERRUPTS_ON)
            time.sleep(1)
        return enabled and len(timers) == 1 and None not in timers

    def stuck(self):
        """QEMU's SVM adds to what is asked of a processor without a lock, and
        sometimes an interrupt that another thread adds is lost so. If it was the
        timer's, nothing in the machine happens any more."""
        self.lost = any(self.lost_interrupt(cpu) for cpu in range(self.smp))
        return self.lost

    def ask_why(self):
        """An NMI nobody expects, for all processors: they panic, and tell."""
        self.tell("nmi")
        self.wait(60)

    def triple_fault(self):
        """The processors' registers at one that the kernel did not want for a
        reboot."""
        return () if WANTED.search(self.kernel_log()) else self.registers

    def last_words(self):
        return [*super().last_words(), *self.triple_fault()]

    def guest_reset_itself(self):
        """A QEMU that nobody killed, of a guest that had nothing to say, and
        neither had its host."""
        if judge.complains(self.kernel_log()):
            return False
        return any(ENDED in log.read_bytes() and
                   LAST_WORD not in log.with_suffix(".serial").read_bytes()
                   for log in self.directory.glob("guests/**/*.log"))

    def erred(self):
        """QEMU sometimes makes a processor run a breakpoint that the kernel
        has already replaced: its translator reads code while another processor
        patches it (mended in QEMU 8.1). Nothing of ours sets breakpoints.
        And sometimes it is gone without a word of the kernel's, either itself
        or by a triple fault, see last_words(). stuck() is another reason.
        Next to a second processor a guest can go the same way, with stock
        KVM as well, see the suite lost-guests; why isn't known, hence it is
        told."""
        if self.lost:
            return "a lost interrupt"
        if self.process.returncode:
            return f"QEMU's exit status is {self.process.returncode}"
        if self.triple_fault():
            return "a triple fault"
        logs = [self.directory / "kernel.log",
                *self.directory.glob("guests/**/*.serial")]
        if any(b"Oops: int3" in log.read_bytes() for log in logs
               if log.exists()):
            return "a breakpoint that is not there"
        if self.smp > 1 and self.guest_reset_itself():
            return "a guest that reset itself"
        return ""
