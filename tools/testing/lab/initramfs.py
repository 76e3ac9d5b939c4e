# SPDX-License-Identifier: GPL-2.0
"""L1's initramfs: busybox, the modules that L1 needs first, the run's settings,
and for an L1 that does not share the machine's root what its suites need."""

import shlex
import shutil
import subprocess

import needs
from kernels import install_module
from paths import LAB, LabError

BUSYBOX = "/bin/busybox"
# To reach the root filesystem of the machine it runs on. The debug kernel has
# all of it built in.
SHARED_ROOT_MODULES = ("9p", "9pnet_virtio")
# What KVM is loaded on top of: there is no modprobe to find it.
OWN_ROOT_MODULES = ("irqbypass",)
DIRECTORIES = ("dev", "proc", "sys", "tmp", "run", "var/tmp", "modules",
               "host", "root", "mnt")


def require_static_busybox():
    with open(BUSYBOX, "rb") as program:
        if b"ld-linux" in program.read(4096):
            raise LabError(f"{BUSYBOX} is not static: install busybox-static")


def stage_skeleton(root):
    for name in DIRECTORIES:
        (root / name).mkdir(parents=True)
    # as on the machine
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / "usr" / name).mkdir(parents=True)
        (root / name).symlink_to(f"usr/{name}")
    shutil.copy(BUSYBOX, root / "bin/busybox")
    (root / "bin/sh").symlink_to("busybox")
    shutil.copy(LAB / "init", root / "init")


def stage_modules(root, sources):
    order = []
    for source in sources:
        name = source.name.split(".ko")[0] + ".ko"
        install_module(source, root / "modules" / name)
        order.append(name)
    (root / "modules/order").write_text("".join(f"{m}\n" for m in order))


def stage(kernel, environment, root):
    stage_skeleton(root)
    shares = environment["LAB_SHARES_ROOT"]
    stage_modules(root, kernel.dependencies(
        SHARED_ROOT_MODULES if shares else OWN_ROOT_MODULES))
    if not shares:
        needs.stage(environment, root)
    (root / "environment").write_text("".join(
        f"export {key}={shlex.quote(str(value))}\n"
        for key, value in environment.items()))


def build(kernel, environment, directory):
    """Returns the path of the archive; uncompressed, because unpacking costs
    an emulated processor more than reading."""
    require_static_busybox()
    root = directory / "initramfs"
    archive = directory / "initramfs.cpio"
    stage(kernel, environment, root)
    names = "".join(f"{p.relative_to(root)}\0" for p in
                    sorted(root.rglob("*")))
    with open(archive, "wb") as out:
        subprocess.run(["cpio", "--null", "--quiet", "-o", "-H", "newc",
                        "-R", "0:0"], input=names.encode(), stdout=out,
                       cwd=root, check=True)
    shutil.rmtree(root)
    return archive
