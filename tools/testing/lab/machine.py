# SPDX-License-Identifier: GPL-2.0
"""What the machines of all lanes have in common: an emulator's process that ends
when the machine does.

A lane is a module with a class Machine that says what its machines are like (the
names in capitals) and boots one. The serial files that it fills are the whole of
what the runner knows about a machine.
"""

import subprocess

LAST_WORDS = 60


class Emulated:
    def __init__(self, directory, smp, mem):
        self.directory = directory
        self.smp = smp
        self.mem = mem
        self.process = None

    def wait(self, seconds):
        """True when the machine is gone within SECONDS (None: for ever)."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def ask_why(self):
        """Has a machine that hangs say where, in its kernel's log."""

    def stuck(self):
        """Whether the emulator is seen to keep the machine from going on."""
        return False

    def kernel_log(self):
        log = self.directory / "kernel.log"
        return log.read_text(errors="replace") if log.exists() else ""

    def last_words(self):
        """Of a kernel that stopped, or was stopped."""
        return self.kernel_log().splitlines()[-LAST_WORDS:]

    def erred(self):
        """By what the emulator is known to have made the kernel fail, if so."""
        return ""

    def end(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
