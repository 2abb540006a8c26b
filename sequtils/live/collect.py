"""Strokes of one's own, in the course's layout: one file a stroke, none ever written over.

Of a class, every fifth stroke is to test with. The folder is then data like any other: see `data.load`.
"""

import itertools
import unicodedata
from pathlib import Path

import numpy as np
from filelock import FileLock

from sequtils.data import LAYOUTS
from sequtils.files import write_atomic
from sequtils.text import printable

LAYOUT = LAYOUTS["handwriting"]
TEST = 5  # every stroke of this number is to test with
BYTES = 200  # of a name, less than any file system takes
RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}  # in Windows


def keep(root, name, points):
    """Write a stroke of class `name`, points (T, 2), into a folder of data; return the path of its new file.

    Raises ValueError for a name that no class folder can have, and for points that are no stroke; files.WriteError.
    """
    points, folder = _stroke(points), Path(root) / LAYOUT.folder
    name = _class_name(name, folder)
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / ".lock"):  # several notebooks may draw into one folder
        taken = {file.stem for split in LAYOUT.splits.values() for file in (folder / name / split).glob("*")}
        number = next(n for n in itertools.count(len(taken) + 1) if str(n) not in taken)
        split = LAYOUT.splits["train" if number % TEST else "test"]
        path = folder / name / split / f"{number}.txt"
        write_atomic(path, " ".join([str(len(points)), *(f"{v:.9g}" for v in points.ravel())]) + "\n")
    return path


def counts(root):
    """How many strokes a folder of data holds, [class, training, test] of each class; none where it is not there."""
    folder = Path(root) / LAYOUT.folder
    classes = sorted(f for f in folder.glob("*") if f.is_dir() and not f.name.startswith((".", "_")))
    return [[printable(c.name), *(len(list((c / split).glob("[!.]*"))) for split in LAYOUT.splits.values())]
            for c in classes]


def _stroke(points):
    points = np.asarray(points, np.float32)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(f"points have the shape {points.shape}, expected (T, 2)")
    if not np.isfinite(points).all():
        raise ValueError("a point is not a number, expected finite ones")
    if len(np.unique(points, axis=0)) < 2:
        raise ValueError("nothing is drawn, or a dot; expected a stroke of two points or more")
    return points


def _class_name(name, folder):
    """The name as a folder has it. Raises ValueError where a system or the reader of data would not take it."""
    name = unicodedata.normalize("NFC", name.strip())
    for wrong, why in (
        (not name, "no name, expected that of the character"),
        (name.startswith((".", "_")), "begins with a dot or a _, which data is read without"),
        (name.endswith("."), "ends with a dot"),
        (any(c in '/\\<>:"|?*' for c in name), 'holds one of / \\ < > : " | ? *'),
        (name != printable(name), "holds a character that cannot be seen"),
        (name.split(".")[0].lower() in RESERVED, "is a device in Windows"),
        (len(name.encode("utf-8", "replace")) > BYTES, f"is longer than {BYTES} bytes"),
    ):
        if wrong:
            raise ValueError(f"{printable(name)!r}: {why}" if name else why)
    there = {unicodedata.normalize("NFC", f.name) for f in folder.glob("*")}
    if (folder / name).exists() and name not in there:
        raise ValueError(f"{name!r}: on this disk the same folder as that of another class")
    return name
