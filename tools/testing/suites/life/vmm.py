#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""A VMM that never runs its guest: vmm.py [--vcpu]

Makes a VM and says "ready". Then each line on stdin is an order: "close" closes
the VM, and the process lives on; the end of stdin ends it.
"""

import fcntl
import os
import sys

KVM_CREATE_VM = 0xAE01
KVM_CREATE_VCPU = 0xAE41


def main():
    kvm = os.open("/dev/kvm", os.O_RDWR)
    fds = [fcntl.ioctl(kvm, KVM_CREATE_VM, 0)]
    if "--vcpu" in sys.argv:
        fds.append(fcntl.ioctl(fds[0], KVM_CREATE_VCPU, 0))
    print("ready", flush=True)
    for line in sys.stdin:
        if line.strip() == "close":
            for fd in fds:
                os.close(fd)
            fds = []
            print("closed", flush=True)


main()
