"""The two data sets of the course, or anyone's in the same layout, or the embedded sample.

    ROOT/Handwriting_Data/<class>/{train,dev}/*    one stroke a file    (formats.read_stroke)
    ROOT/CV_Data/<class>/{Train,Test}/*            one segment a file   (formats.read_segment)

ROOT may also be the folder that holds the classes, and where it has one of the two folders and no other, the other data
set is the sample's. The classes are the folders that are there, under their names as `text.printable` gives them. Dot
files, folders whose name begins with "_" and Mapping*.txt are passed over; every other file of a split must be a
sequence, and every link must lead somewhere.
"""

import functools
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import numpy as np

from sequtils import fonts
from sequtils.data import cache, sample
from sequtils.data.formats import DataError, read_segment, read_stroke
from sequtils.files import ReadError, entries, kind
from sequtils.text import literal, printable, short


@dataclass(frozen=True)
class Part:
    """Training or test sequences. x: list of float32 arrays (T, D). y: class numbers, int64 (N,). files: where each
    came from, relative to the data set's folder. speakers: for cv the number that begins the file name, else None."""

    x: list
    y: np.ndarray
    files: tuple
    speakers: tuple

    def __len__(self):
        return len(self.y)


@dataclass(frozen=True)
class Dataset:
    """A data set. fingerprint: SHA-256 of the classes and sequences in their order, the same on every machine.
    sample: True for the embedded, synthetic one."""

    name: str
    classes: tuple
    train: Part
    test: Part
    fingerprint: str
    sample: bool

    @property
    def title(self):
        """Its name for tables."""
        return LAYOUTS[self.name].title

    @property
    def label(self):
        """Its name for figures and captions, which says so where it is the sample."""
        return self.title + (" (embedded sample, synthetic)" if self.sample else "")

    @functools.cached_property
    def whole_names(self):
        """The classes in letters that the fonts have, each different."""
        return short(map(fonts.drawable, self.classes), 2**10)

    @functools.cached_property
    def names(self):
        """The classes as tables and captions name them: of at most 24 letters."""
        return short(self.whole_names, 24)

    @functools.cached_property
    def tick_labels(self):
        """The classes as figures name them: of at most 8 letters."""
        return tuple(map(literal, short(self.names, 8)))


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


def load(name, root=None, classes=None):
    """The Dataset "handwriting" or "cv" from a folder, or from the embedded sample where root is None.

    Where a folder has the other data set alone, this one is the sample's too: see `left_to_sample`. classes selects and
    orders the classes; None takes all that are there, sorted (of the sample, its five default ones). Raises DataError
    with a line for every problem found, ValueError for another name.
    """
    if name not in LAYOUTS:
        raise ValueError(f"data set {name!r} is not one of {', '.join(LAYOUTS)}")
    if root is None or left_to_sample(name, root):
        root, found = None, sample.load(name)
        classes = tuple(classes or sample.DEFAULT_CLASSES[name])
        problems = _require_classes(classes, found, "the embedded sample")
    else:
        found, problems = scan(name, root, classes)
        classes = tuple(classes or found)
    if problems:
        raise DataError(*problems)
    return _assemble(name, classes, found, root is None)


def scan(name, root, classes=None):
    """All sequences of a data set, class -> split -> [(file, x)], and a list of everything that is wrong with it.

    Raises DataError where there is no such data set or class at all.
    """
    layout, folder = LAYOUTS[name], data_folder(name, root)
    there, problems = _class_folders(folder)
    if not there and not problems:
        raise DataError(f"{folder}: no class folders, expected <class>/{layout.splits['train']} and so on")
    found, chosen = {}, classes or tuple(there)
    problems += _require_classes(chosen, there, folder)
    for c in chosen:
        found[c] = {}
        for split in layout.splits:
            found[c][split], wrong = _read_split(folder, there[c], c, split, layout)
            problems += wrong
    return found, [printable(line) for line in problems]


def data_folder(name, root):
    """The folder that holds the classes of a data set: ROOT's own sub-folder for it, or ROOT itself.

    Raises DataError where there is neither.
    """
    layout, root = LAYOUTS[name], Path(root)
    there = _told(kind, root)
    if there != "folder":
        raise DataError(f"{root}: {'not a folder' if there else 'not there'}, expected the folder of the data")
    if _told(kind, root / layout.folder) == "folder":
        return root / layout.folder
    classes = [d for d in _told(entries, root) if _is_folder(d)]
    if any(split in _names(d) and _is_folder(d / split) for d in classes for split in layout.splits.values()):
        return root
    pattern = f"<class>/{layout.splits['train']} and <class>/{layout.splits['test']}"
    raise DataError(f"{root}: wrong layout for {name}, expected {layout.folder}/{pattern}, or {pattern}")


def left_to_sample(name, root):
    """Whether a folder of data has the other data set's folder, and no folder beside it that could be this one's."""
    folders = {d for d in _names(root) if not d.startswith((".", "_")) and _is_folder(Path(root) / d)}
    return folders in [{layout.folder} for other, layout in LAYOUTS.items() if other != name]


def _told(look, path):
    """What `kind` or `entries` says of a path, or DataError where it cannot."""
    try:
        return look(path)
    except ReadError as error:
        raise DataError(str(error)) from None


def _is_folder(path):
    try:
        return kind(path) == "folder"
    except ReadError:
        return False


def _names(folder):
    """Exact names in a folder, for file systems that take Train for train; none where it cannot be listed."""
    try:
        return {entry.name for entry in entries(folder)}
    except ReadError:
        return set()


def _class_folders(folder):
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


def _read_split(folder, class_folder, c, split, layout):
    """[(file, x)] of one class and split, and its problems."""
    where = class_folder / layout.splits[split]
    try:
        is_there = kind(where) == "folder"
        files = sorted((f for f in entries(where) if not _passed_over(f)), key=_natural) if is_there else []
    except ReadError as error:
        return [], [f"{error}, expected a folder of files"]
    if not files:
        state, what = "an empty folder" if is_there else "no such folder", "training" if split == "train" else "test"
        return [], [f"{where}: {state}, expected at least one {what} file of class {c!r}"]
    try:
        xs = cache.read_files(files, layout.read)
    except DataError:  # so at least one is bad: read them singly, and name them all
        problems = []
        for file in files:
            try:
                layout.read(file)
            except DataError as error:
                problems += error.problems
        return [], problems
    return [(file.relative_to(folder).as_posix(), x) for file, x in zip(files, xs)], []


def _passed_over(path):
    mapping = fnmatch(path.name, "Mapping*.txt")
    return path.name.startswith(".") or mapping or (path.name[0] == "_" and _is_folder(path))


def _natural(path):
    """Sorting key that puts 9.txt before 10.txt."""
    words = re.findall("[0-9]+|[^0-9]+", path.name)  # other scripts' digits, and ² and the like, are letters here
    return [(0, int(word), "") if word[0] in "0123456789" else (1, 0, word) for word in words]


def _require_classes(classes, there, where):
    """Problems of a choice of classes. Raises DataError where one of them is not there."""
    missing = [c for c in classes if c not in there]
    if missing:
        raise DataError(f"{where}: no class {', '.join(map(repr, missing))}, there are {', '.join(sorted(there))}")
    if len(set(classes)) < max(2, len(classes)):
        return [f"{where}: classes {', '.join(classes)}, expected two or more different ones"]
    return []


def _assemble(name, classes, found, is_sample):
    parts, digest = {}, hashlib.sha256(name.encode())
    for split in ("train", "test"):
        rows = [(label, *row) for label, c in enumerate(classes) for row in found[c][split]]
        y, files, x = (list(column) for column in zip(*rows))
        speakers = tuple(_speaker(file) if name == "cv" else None for file in files)
        parts[split] = Part(x, np.array(y, np.int64), tuple(files), speakers)
        digest.update(repr((split, classes, y, [len(s) for s in x])).encode())
        digest.update(np.concatenate(x).astype("<f4").tobytes())
    return Dataset(name, classes, parts["train"], parts["test"], digest.hexdigest(), is_sample)


def _speaker(file):
    number = re.match(r"\d+(?=_)", Path(file).name)
    return number.group() if number else None
