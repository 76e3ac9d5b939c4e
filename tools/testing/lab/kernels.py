# SPDX-License-Identifier: GPL-2.0
"""The kernels of the lab's host (L1) and the modules that go with each."""

import lzma
import subprocess

from paths import BUILD, LAB, SRC, LabError, output

# Kernels that have the series themselves.
PATCHED = ("debug", "kcsan")
KVM_MODULES = ("kvm.ko", "kvm-amd.ko", "kvm-intel.ko")


class Kernel:
    """A bootable image, its release and its tree of modules."""

    def __init__(self, name, release, image, tree, arguments=""):
        self.name = name
        self.release = release
        self.image = image
        self.tree = tree
        self.arguments = arguments
        self.modules = tree / "lib/modules" / release

    def dependencies(self, names):
        """Paths of the modules NAMES and of all that they need, in order."""
        needs = {}
        for line in (self.modules / "modules.dep").read_text().splitlines():
            path, _, rest = line.partition(":")
            needs[module_name(path)] = [*reversed(rest.split()), path]
        order = []
        for name in names:
            order += [p for p in needs.get(name, ()) if p not in order]
        return [self.modules / p for p in order]

    def find(self, filename):
        """The stock module FILENAME, compressed or not."""
        for path in self.modules.rglob(filename + "*"):
            return path
        raise LabError(f"{self.release} has no {filename}")


def module_name(path):
    return path.rsplit("/", 1)[-1].split(".ko")[0]


def install_module(source, target):
    """Copy a module: unpacked, without debug info; runs do not change when
    the module is built again meanwhile."""
    data = source.read_bytes()
    target.write_bytes(lzma.decompress(data) if source.suffix == ".xz" else
                       data)
    subprocess.run(["strip", "--strip-debug", target], check=True)


def stock():
    release = output(SRC / "tools/setup/kver")
    tree = output(SRC / "tools/setup/kernel", "image", release)
    tree = type(SRC)(tree)
    return Kernel("stock", release, tree / f"boot/vmlinuz-{release}", tree)


def built(name):
    tree = type(SRC)(output(LAB / "build-kernel", name))
    return tree, (tree / "release").read_text().strip()


def debug():
    tree, release = built("debug")
    # Routing of interrupts comes from the firmware's MP table: ACPI's program
    # for it allocates so much that watched memory makes it take minutes.
    return Kernel("debug", release, tree / "bzImage", tree, "acpi=noirq")


def kcsan():
    tree, release = built("kcsan")
    return Kernel("kcsan", release, tree / "bzImage", tree, "acpi=noirq")


def small():
    tree, release = built("small")
    return Kernel("small", release, tree / "bzImage", tree)


def stack():
    tree, release = built("stack")
    return Kernel("stack", release, tree / "bzImage", tree)


def get(name):
    return {"stock": stock, "debug": debug, "kcsan": kcsan,
            "small": small, "stack": stack}[name]()


def kvm_sources(kernel, flavour):
    """Name and source of each of KVM's modules."""
    if flavour == "stock" or kernel.name in PATCHED:
        return [(m, kernel.find(m)) for m in KVM_MODULES]
    directory = BUILD / "kvm" / kernel.release
    found = [(m, directory / m) for m in KVM_MODULES if
             (directory / m).exists()]
    if not found:
        raise LabError(f"no patched KVM in {directory}: make lab-all")
    return found


def collect_modules(kernel, flavour, directory):
    """Everything that VIGIL_MODULES promises, vigil's as far as built, and below
    it the kernel's own KVM where that is another."""
    directory.mkdir(parents=True)
    for name, source in kvm_sources(kernel, flavour):
        install_module(source, directory / name)
    if flavour == "patched" and kernel.name not in PATCHED:
        (directory / "stock").mkdir()
        for name, source in kvm_sources(kernel, "stock"):
            install_module(source, directory / "stock" / name)
    for source in (BUILD / "module" / kernel.release / flavour).glob("*.ko"):
        install_module(source, directory / source.name)
