#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""A VMM that never runs its guest: vmm.py [--vcpu]

Makes a VM and says "ready". Then each line on stdin is an order: "close" closes
the VM, and the process lives on; the end of stdin ends it.
"""

import os
import sys

from kvm import make_vm


def main():
    fds = make_vm("--vcpu" in sys.argv)
    print("ready", flush=True)
    for line in sys.stdin:
        if line.strip() == "close":
            for fd in fds:
                os.close(fd)
            fds = []
            print("closed", flush=True)


main()
