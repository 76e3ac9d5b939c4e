# SPDX-License-Identifier: GPL-2.0
"""What suites need of this machine, for an L1 that does not have its root: the
files that suites/NAME/needs names, at the same paths, with their libraries."""

import pathlib
import re
import shutil
import string
import subprocess

from paths import LAB, SUITES, LabError

# Of the session and suite.sh; the rest of what they call is busybox's.
BASE = ("/bin/bash", "/usr/bin/timeout", "/usr/lib/locale/C.utf8",
        LAB / "session", LAB / "suite.sh")
LIBRARY = re.compile(r"(/\S+) \(0x")


def of_suite(name, environment):
    """The paths in the suite's list: one a line, variables are those of the
    suite's environment, what does not begin with / is searched for in PATH."""
    path = SUITES / name / "needs"
    if not path.exists():
        raise LabError(f"suite {name} does not say what it needs, "
                       f"there is no {path}")
    for line in path.read_text().splitlines():
        word = line.partition("#")[0].strip()
        if word:
            word = string.Template(word).substitute(environment)
            yield shutil.which(word) or word


def libraries(path):
    """Shared libraries of a program, its loader among them."""
    with open(path, "rb") as file:
        if file.read(4) != b"\x7fELF":
            return []
    said = subprocess.run(["ldd", path], stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.DEVNULL, check=False).stdout
    if "not found" in said:
        raise LabError(f"{path} lacks libraries")
    return [pathlib.Path(p) for p in LIBRARY.findall(said)]


def copy(path, root):
    """A file with its libraries, or all of a directory; once."""
    target = root / str(path).lstrip("/")
    if path.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        for child in path.iterdir():
            copy(child, root)
    elif not path.exists():
        raise LabError(f"{path} is needed: make lab-all")
    elif not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
        for library in libraries(path):
            copy(library, root)


def stage(environment, root):
    names = environment["LAB_SUITES"].split()
    paths = [*BASE, environment["VIGIL_MODULES"],
             *(SUITES / name for name in names)]
    for name in names:
        paths += of_suite(name, environment)
    for path in paths:
        copy(pathlib.Path(path), root)
    applets = subprocess.run([root / "bin/busybox", "--list"], text=True,
                             stdout=subprocess.PIPE, check=True).stdout
    for applet in applets.split():
        if not (root / "bin" / applet).exists():
            (root / "bin" / applet).symlink_to("busybox")
