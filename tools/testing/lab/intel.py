# SPDX-License-Identifier: GPL-2.0
"""The Intel lane: L1 on Bochs' emulation of a Tiger Lake with VMX and EPT.

One processor, no storage but the CD it boots from: what the suites need has to
be in the initramfs. Everything on it is as slow as it is exact, hence a kernel
that is small.
"""

import os
import pty
import re
import shutil
import subprocess
import threading
import tty

from machine import Emulated
from paths import SRC, LabError, output

ISOLINUX = "/usr/lib/ISOLINUX/isolinux.bin"
LDLINUX = "/usr/lib/syslinux/modules/bios/ldlinux.c32"
# Instructions in a second of the machine, about as many as are done in one here.
# Its TSC counts them, whatever frequency the processor claims to have.
IPS = 100_000_000
# Bochs ends at a triple fault, and not at any other way of switching it off.
ARGUMENTS = ("console=ttyS0,115200 panic=-1 reboot=t tsc=reliable "
             f"tsc_early_khz={IPS // 1000} mitigations=off")
SCREEN = re.compile(rb'connected to screen "([^"]+)"')

BOCHSRC = """\
config_interface: textconfig
display_library: term
megs: {mem}
romimage: file=$BXSHARE/BIOS-bochs-latest
vgaromimage: file=$VGABIOS
boot: cdrom
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=cdrom, path=l1.iso, status=inserted
cpu: model=tigerlake, count=1, ips={ips}, reset_on_triple_fault=0
clock: sync=none, time0=local
com1: enabled=1, mode=file, dev=kernel.log
com2: enabled=1, mode=file, dev=ktap.log
com3: enabled=1, mode=file, dev=stderr.log
pci: enabled=1, chipset=i440fx
sound: driver=dummy
panic: action=fatal
error: action=ignore
info: action=ignore
log: bochs.log
"""

ISOLINUX_CFG = """\
default l1
prompt 0
label l1
  kernel /bzImage
  append initrd=/initramfs {arguments}
"""


def emulator():
    return output(SRC / "tools/setup/emulator", "command", "intel").splitlines()


def shown_on(terminal):
    """What a terminal shows, until its other side is gone."""
    try:
        while data := os.read(terminal, 4096):
            yield data
    except OSError:
        pass
    os.close(terminal)


def look_at(path):
    terminal = os.open(path, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(terminal)
    for _ in shown_on(terminal):
        pass


def keep(terminal, path):
    """Bochs' words. It makes a terminal for the emulated screen, tells its
    name, and stands still if nobody looks at it."""
    said, screen = b"", None
    with open(path, "wb", buffering=0) as log:
        for data in shown_on(terminal):
            log.write(data)
            if not screen:
                said += data
                screen = SCREEN.search(said)
                if screen:
                    threading.Thread(target=look_at, args=screen.groups(),
                                     daemon=True).start()


class Machine(Emulated):
    KERNELS = ("small", "stock")
    # What the suites need has to be in the initramfs, and is not written to.
    SHARES_ROOT = False
    CPUS = 1
    MEM = 1024
    # seconds that one second of the machine may take
    SLOWER = 4

    def make_iso(self, kernel, initramfs):
        tree = self.directory / "iso"
        tree.mkdir()
        for source, name in ((ISOLINUX, "isolinux.bin"),
                             (LDLINUX, "ldlinux.c32"),
                             (kernel.image, "bzImage"),
                             (initramfs, "initramfs")):
            shutil.copy(source, tree / name)
        (tree / "isolinux.cfg").write_text(ISOLINUX_CFG.format(
            arguments=f"{ARGUMENTS} {kernel.arguments}"))
        with open(self.directory / "xorriso.log", "wb") as log:
            subprocess.run(["xorriso", "-as", "mkisofs",
                            "-o", self.directory / "l1.iso",
                            "-b", "isolinux.bin", "-c", "boot.cat",
                            "-no-emul-boot", "-boot-load-size", "4",
                            "-boot-info-table", tree],
                           stdout=log, stderr=log, check=True)
        shutil.rmtree(tree)

    def boot(self, kernel, initramfs, interactive=False):
        if interactive:
            raise LabError("the Intel lane has no shell")
        if self.smp != self.CPUS:
            raise LabError("the Intel lane has one processor")
        self.make_iso(kernel, initramfs)
        (self.directory / "bochsrc").write_text(BOCHSRC.format(
            mem=self.mem, ips=IPS))
        # Debian's Bochs has a debugger, which runs the machine when told to.
        # When the machine stops, it goes on with the next command.
        (self.directory / "debugger").write_text("c\nquit\n")
        control, terminal = pty.openpty()
        # however the runner ends, no machine stays behind
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL",
             *emulator(), "-q", "-f", "bochsrc", "-rc", "debugger"],
            cwd=self.directory, env=dict(os.environ, TERM="linux"),
            stdin=terminal, stdout=terminal, stderr=terminal,
            start_new_session=True)
        os.close(terminal)
        threading.Thread(target=keep, daemon=True, args=(
            control, self.directory / "emulator.log")).start()

    def end(self):
        super().end()
        (self.directory / "l1.iso").unlink(missing_ok=True)
