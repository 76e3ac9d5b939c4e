# SPDX-License-Identifier: GPL-2.0
"""Of the mappings on stdin, COUNT are of 1 GiB, with PRESENT pages each.

The pages are at equal distances. A mapping whose pages took too long to count has
those below its counted_to.
"""

import json
import sys

SIZE = 1 << 30


def is_counted(vma, present):
    """Pages up to counted_to, or all of them."""
    start, end = int(vma["start"], 16), int(vma["end"], 16)
    counted_to = int(vma["counted_to"], 16) if "counted_to" in vma else end
    distance = SIZE // present
    return (start < counted_to <= end and
            vma["present"] == -(-(counted_to - start) // distance))


count, present = map(int, sys.argv[1:])
large = [vma for vma in json.load(sys.stdin)
         if int(vma["end"], 16) - int(vma["start"], 16) == SIZE]
print(large)
sys.exit(len(large) != count or
         not all(is_counted(vma, present) for vma in large))
