# SPDX-License-Identifier: GPL-2.0
"""Where things are: sources, build outputs, caches, kernels."""

import os
import pathlib
import subprocess

LAB = pathlib.Path(__file__).resolve().parent
SRC = LAB.parents[2]
BUILD = SRC / "build"
RUNS = BUILD / "lab"
SUITES = LAB.parent / "suites"
CACHE = pathlib.Path(os.environ.get("VIGIL_CACHE") or
                     pathlib.Path(os.environ.get("XDG_CACHE_HOME") or
                                  pathlib.Path.home() / ".cache") / "vigil")


class LabError(Exception):
    """Something that the user can understand and mend."""


def output(*argv):
    """What a program prints, stripped."""
    done = subprocess.run([str(a) for a in argv], stdout=subprocess.PIPE,
                          text=True, check=False)
    if done.returncode:
        raise LabError(f"{argv[0]} failed")
    return done.stdout.strip()
