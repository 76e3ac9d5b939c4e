#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0
"""Holds two VMs in the background: hold.py FILE

KVM and the scheduler patch their code when the first VM comes and the last one
goes, the first vCPU without a local APIC, and the first whose APIC is off, as it
is at reset. With one of each they are left as they are, whatever the suites do.
FILE gets the number of the process to kill.
"""

import fcntl
import os
import signal
import sys

KVM_CREATE_VM = 0xAE01
KVM_CREATE_VCPU = 0xAE41
KVM_CREATE_IRQCHIP = 0xAE60


def hold(path):
    kvm = os.open("/dev/kvm", os.O_RDWR)
    for apic in (False, True):
        vm = fcntl.ioctl(kvm, KVM_CREATE_VM, 0)
        if apic:
            fcntl.ioctl(vm, KVM_CREATE_IRQCHIP, 0)
        fcntl.ioctl(vm, KVM_CREATE_VCPU, 0)
    child = os.fork()
    if child:
        with open(path, "w", encoding="ascii") as file:
            file.write(str(child))
        return
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for fd in range(3):
        os.dup2(nothing, fd)
    signal.pause()


hold(sys.argv[1])
