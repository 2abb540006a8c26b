"""`python -m sequtils check-data DIR`: what is in a folder of data, and everything that is wrong with it."""

import numpy as np

from sequtils import fonts
from sequtils.data import datasets, layouts
from sequtils.data.formats import DataError
from sequtils.text import printable


def check(root):
    """Lines that describe both data sets under `root`, and a list of all problems, empty where all is well.

    A folder may hold one of the two data sets only; then the other is reported as absent, which is no problem: see
    `layouts.left_out`.
    """
    lines, problems, absent = [], [], []
    for name, layout in layouts.LAYOUTS.items():
        try:
            where = layouts.data_folder(name, root)
        except DataError as error:
            left = "; a report leaves it out" if layouts.left_out(name, root) else ""
            absent += [f"{line}{left}" for line in error.problems]
            continue
        try:
            found, wrong, told = datasets.scan(name, root)
        except DataError as error:
            found, wrong, told = {}, error.problems, None
        lines += [f"{layout.title}: {printable(str(where))}", *([told] if told else []), *describe(found), ""]
        problems += wrong
    if len(absent) == len(layouts.LAYOUTS):
        problems += dict.fromkeys(absent)
    else:
        lines += [f"not found: {line}" for line in absent]
    return lines, problems


def describe(found):
    """A table of counts, lengths in frames and class balance of what was read: class -> split -> [(file, x)]. A long
    name has a line of its own, and beside one that figures cannot show stands what they show."""
    from wcwidth import width  # a name's columns on a terminal are not its letters

    names = [c if fonts.drawable(c) == c else f"{c} ({fonts.drawable(c)})" for c in found]
    room = min(24, max(8, *map(width, names), 0))
    total = {split: max(1, sum(len(parts[split]) for parts in found.values())) for split in ("train", "test")}
    lines = [f"  {'class':<{room}} {'training':>16} {'test':>16}   frames: min median max"]
    for name, parts in zip(names, found.values()):
        counts = " ".join(f"{len(parts[s]):7d} ({len(parts[s]) / total[s]:6.1%})" for s in ("train", "test"))
        lengths = [len(x) for s in ("train", "test") for _, x in parts[s]]
        span = f"{min(lengths):10d} {np.median(lengths):6.1f} {max(lengths):3d}" if lengths else "  nothing to be read"
        if width(name) > room:
            lines.append(f"  {name}")
            name = ""
        lines.append(f"  {name}{' ' * (room - width(name))} {counts}   {span}")
    sizes = [sum(len(parts[s]) for parts in found.values()) for s in ("train", "test")]
    return [*lines, f"  {'all':<{room}} {sizes[0]:7d} {'':8} {sizes[1]:7d}"]
