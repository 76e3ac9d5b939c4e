# SPDX-License-Identifier: GPL-2.0
"""KVM, as far as a VM takes it that never runs."""

import fcntl
import os

CREATE_VM = 0xAE01
CREATE_VCPU = 0xAE41


def make_vm(vcpu=True):
    """The descriptors of a VM and, if there shall be one, of its vCPU."""
    kvm = os.open("/dev/kvm", os.O_RDWR)
    fds = [fcntl.ioctl(kvm, CREATE_VM, 0)]
    if vcpu:
        fds.append(fcntl.ioctl(fds[0], CREATE_VCPU, 0))
    os.close(kvm)
    return fds
