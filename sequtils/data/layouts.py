"""Where a data set lies: the folders and files that `datasets` reads, and in which order.

A data set is ROOT's own folder for it, or ROOT/<name>.npz (see `archive`), or ROOT itself where that holds the classes:
their splits tell whose they are, and without splits their files do, strokes being handwriting and rows of numbers cv.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from sequtils.data.formats import DataError, read_matrix, read_segment, read_stroke, reads
from sequtils.files import ReadError, entries, kind
from sequtils.text import printable


@dataclass(frozen=True)
class Layout:
    """How a data set lies on disk, how one of its files is read, and its name in titles."""

    title: str
    folder: str
    splits: dict  # "train" and "test" -> name of the folder
    read: Callable


LAYOUTS = {
    "handwriting": Layout("Handwriting", "Handwriting_Data", {"train": "train", "test": "dev"}, read_stroke),
    "cv": Layout("CV segments", "CV_Data", {"train": "Train", "test": "Test"}, read_segment),
}


def data_folder(name, root):
    """Where a data set lies: ROOT's own sub-folder or .npz file for it, or ROOT itself, which holds the classes.

    Raises DataError where there is none of them.
    """
    layout, root = LAYOUTS[name], Path(root)
    there = _told(kind, root)
    if there != "folder":
        raise DataError(f"{root}: {'not a folder' if there else 'not there'}, expected the folder of the data")
    if _told(kind, root / layout.folder) == "folder":
        return root / layout.folder
    if f"{name}.npz" in _names(root):
        return root / f"{name}.npz"
    _told(entries, root)
    if name in _held_by(root):
        return root
    pattern = f"<class>/{layout.splits['train']} and <class>/{layout.splits['test']}"
    raise DataError(f"{root}: wrong layout for {name}, expected {layout.folder}/{pattern}, or {pattern}, or files in "
                    f"{layout.folder}/<class>, or {name}.npz")


def names(root=None):
    """The data sets of a folder, but for one that is `left_out`; both without a folder, as the sample."""
    return tuple(name for name in LAYOUTS if root is None or not left_out(name, root))


def left_out(name, root):
    """Whether a folder has the other data set alone, and no folder or .npz file beside it that could be this one."""
    things = {d for d in _names(root) if not d.startswith((".", "_"))}
    things = {d for d in things if d.lower().endswith(".npz") or is_folder(Path(root) / d)}
    others = {other: {layout.folder, f"{other}.npz"} for other, layout in LAYOUTS.items() if other != name}
    alone = any(len(things) == 1 and things <= its for its in others.values())
    return alone or bool(others.keys() & (held := _held_by(root)) and name not in held)


def sources(name, root):
    """Paths of all files that a data set may be read from: its .npz file, or what lies in its class folders and their
    splits. Raises DataError as `data_folder` does."""
    where = data_folder(name, root)
    if not is_folder(where):
        return [where]
    inner = [path for c in _within(where) for path in _within(c)]
    return sorted(file for path in inner for file in (_within(path) if is_folder(path) else [path]))


def class_folders(folder):
    """Class -> its folder, and the problems of what else lies there. Two folders never become one class."""
    there, problems = {}, []
    for path in sorted(_told(entries, folder)):
        if path.name.startswith((".", "_")):
            continue
        try:
            is_class = kind(path) == "folder"
        except ReadError as error:
            problems.append(f"{error}, expected a class folder")
            continue
        if is_class and there.setdefault(printable(path.name), path) != path:
            problems.append(f"{path}: a second folder of that name, expected each class once")
    return there, problems


def unsplit(classes, layout):
    """Whether files lie in the class folders themselves, and none of them has a split."""
    return not _split(classes, layout) and any(files_in(c, loose=True) for c in classes)


def files_in(folder, loose=False):
    """The files of a class or split in their order, 9.txt before 10.txt; loose: without folders, and none where it
    cannot be listed. Else raises ReadError."""
    listed = _within(folder) if loose else entries(folder)
    return sorted((f for f in listed if not (_passed_over(f) or (loose and is_folder(f)))), key=_natural)


def is_folder(path):
    """Whether there is a folder; what cannot be looked at is none."""
    try:
        return kind(path) == "folder"
    except ReadError:
        return False


def _held_by(root):
    """Names of the data sets whose classes lie in ROOT itself; none where it has a folder or file for one of them."""
    if _names(root) & {own for name, layout in LAYOUTS.items() for own in (layout.folder, f"{name}.npz")}:
        return set()
    classes = sorted(d for d in _within(root) if not d.name.startswith((".", "_")) and is_folder(d))
    if held := {name for name, layout in LAYOUTS.items() if _split(classes, layout)}:
        return held
    files = next((files for c in classes if (files := files_in(c, loose=True))), [])
    for file in files:  # the first that is either
        if reads(read_stroke, file):
            return {"handwriting"}
        if reads(read_matrix, file, least=2):  # a single row may be a damaged stroke
            return {"cv"}
    return set()


def _split(classes, layout):
    return any(split in _names(c) and is_folder(c / split) for c in classes for split in layout.splits.values())


def _told(look, path):
    """What `kind` or `entries` says of a path, or DataError where it cannot."""
    try:
        return look(path)
    except ReadError as error:
        raise DataError(str(error)) from None


def _within(folder):
    """What is in a folder; nothing where it cannot be listed."""
    try:
        return entries(folder)
    except ReadError:
        return []


def _names(folder):
    """Exact names in a folder, for file systems that take Train for train; none where it cannot be listed."""
    return {entry.name for entry in _within(folder)}


def _passed_over(path):
    mapping = fnmatch(path.name, "Mapping*.txt")
    return path.name.startswith(".") or mapping or (path.name[0] == "_" and is_folder(path))


def _natural(path):
    """Sorting key that puts 9.txt before 10.txt."""
    words = re.findall("[0-9]+|[^0-9]+", path.name)  # other scripts' digits, and ² and the like, are letters here
    return [(0, int(word), "") if word[0] in "0123456789" else (1, 0, word) for word in words]
