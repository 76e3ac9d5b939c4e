#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Uses /dev/vigil: device.py VM-ID TEST; exit status 0 if it went as it should."""

import errno
import fcntl
import os
import struct
import subprocess
import sys
import threading
import time

OPEN_VM = 0xB700
VM_REGS = 0xC0E0B701
REGS = struct.Struct("II26QII")
VIGILCTL = os.path.join(os.environ["VIGIL_BUILD"], "vigilctl")


def open_vm(number):
    dev = os.open("/dev/vigil", os.O_RDWR)
    try:
        return fcntl.ioctl(dev, OPEN_VM, number)
    finally:
        os.close(dev)


def regs(fd, vcpu=0, timeout=5000, pad=0):
    buf = bytearray(REGS.pack(vcpu, timeout, *[0] * 27, pad))
    fcntl.ioctl(fd, VM_REGS, buf)
    return REGS.unpack(buf)


def fails(error, call, *args):
    try:
        call(*args)
    except OSError as e:
        if e.errno == error:
            return True
        print(f"{call.__name__}{args}: {e}, not {errno.errorcode[error]}")
        return False
    print(f"{call.__name__}{args}: no error, not {errno.errorcode[error]}")
    return False


def test_detached(fd, number):
    """What is open when the VM goes says so, and holds nobody up."""
    if not os.pread(fd, 16, 0x100000):
        return False
    subprocess.run([VIGILCTL, "vm", "detach", str(number)], check=True)
    return (fails(errno.ENODEV, os.pread, fd, 16, 0) and
            fails(errno.ENODEV, regs, fd) and
            fails(errno.ENOENT, open_vm, number))


def test_bad(fd, number):
    return (fails(errno.ENOENT, open_vm, number + 1000) and
            fails(errno.ENOENT, open_vm, 0) and
            fails(errno.ENOENT, regs, fd, 64) and
            fails(errno.EINVAL, regs, fd, 0, 0) and
            fails(errno.EINVAL, regs, fd, 0, 60001) and
            fails(errno.EINVAL, regs, fd, 0, 100, 1) and
            fails(errno.EFAULT, os.pread, fd, 16, 1 << 51) and
            fails(errno.EFAULT, os.pread, fd, 16, 1 << 60) and
            fails(errno.ENOTTY, fcntl.ioctl, fd, 0xB777) and
            fails(errno.EBADF, os.write, fd, b"x") and
            fails(errno.ESPIPE, os.lseek, fd, 0, 0))


def test_short(fd, number):
    """A read ends where the memory does."""
    memory = int(os.environ["GUEST_MEMORY"])
    got = os.pread(fd, 1 << 20, memory - 4096)
    return len(got) == 4096


def test_regs(fd, number):
    """A vCPU that runs answers; its kernel is at the top of the addresses."""
    lstar = regs(fd)[2 + 24]
    return lstar >> 47 == 0x1ffff


def test_idle(fd, number):
    return fails(errno.ETIMEDOUT, regs, fd, 0, 300)


def test_wait(fd, number):
    """Who waits for registers doesn't hold the end of the VM up."""
    result = []
    waiter = threading.Thread(
        target=lambda: result.append(fails(errno.ENODEV, regs, fd, 0, 60000)))
    waiter.start()
    time.sleep(0.5)
    started = time.monotonic()
    subprocess.run([VIGILCTL, "vm", "detach", str(number)], check=True)
    waiter.join()
    # vigilctl itself takes some, on a slow host; held up it would be 60
    return result == [True] and time.monotonic() - started < 40


def main():
    number = int(sys.argv[1])
    fd = open_vm(number)
    sys.exit(0 if globals()["test_" + sys.argv[2]](fd, number) else 1)


main()
