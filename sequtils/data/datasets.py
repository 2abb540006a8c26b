"""The two data sets of the course, or anyone's in the same layout, or the embedded sample.

    ROOT/Handwriting_Data/<class>/{train,dev}/*    one stroke a file    (formats.read_stroke)
    ROOT/CV_Data/<class>/{Train,Test}/*            one segment a file   (formats.read_segment)
    ROOT/{Handwriting,CV}_Data/<class>/*           the same, without a split: one is made, and told (divided)
    ROOT/{handwriting,cv}.npz                      all in one file      (archive.read)

A file may also be a plain matrix, a row a frame, where all of its data set are (formats.reader). ROOT may also be the
folder that holds the classes, and may have one of the two data sets alone (layouts.names). The
classes are the folders that are there, under their names as `text.printable` gives them. Dot files, folders whose name
begins with "_" and Mapping*.txt are passed over; every other file of a split must be a sequence, and every link must
lead somewhere.
"""

import functools
import hashlib
import itertools
import os
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sequtils import fonts
from sequtils.data import archive, cache, sample
from sequtils.data.formats import DataError, reader
from sequtils.data.layouts import LAYOUTS, class_folders, data_folder, files_in, is_folder, unsplit
from sequtils.files import ReadError, kind
from sequtils.text import literal, printable, short

SEED = 0  # of a split that is made here


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
    sample: True for the embedded, synthetic one. told: in sentences, how it was split here and what share of the data
    it is; None where neither is so."""

    name: str
    classes: tuple
    train: Part
    test: Part
    fingerprint: str
    sample: bool
    told: str | None = None

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


def load(name, root=None, classes=None, most=None):
    """The Dataset "handwriting" or "cv" from a folder, or from the embedded sample where root is None.

    classes selects and orders the classes; None takes all that are there, sorted (of the sample, its five default ones;
    of an .npz file, in its order). most: how many sequences to train with at most; of more, the same share is taken of
    each class and split. Raises DataError with a line for every problem found, ValueError for another name.
    """
    if name not in LAYOUTS:
        raise ValueError(f"data set {name!r} is not one of {', '.join(LAYOUTS)}")
    if root is None:
        found, told = sample.load(name), None
        classes = tuple(classes or sample.DEFAULT_CLASSES[name])
        problems = _require_classes(classes, found, "the embedded sample")
    else:
        found, problems, told = scan(name, root, classes)
        classes = tuple(classes or found)
    if problems:
        raise DataError(*problems)
    found, less = _share(LAYOUTS[name].title, {c: found[c] for c in classes}, most)
    return _assemble(name, classes, found, root is None, " ".join(filter(None, (told, less))) or None)


def scan(name, root, classes=None):
    """All sequences of a data set, class -> split -> [(file, x)], a list of everything that is wrong with it, and the
    sentence that tells of a split that was made here, or None.

    Raises DataError where there is no such data set or class at all, or two of them.
    """
    where = data_folder(name, root)
    if where.name == LAYOUTS[name].folder and os.path.lexists(beside := where.with_name(f"{name}.npz")):
        raise DataError(f"{beside}: a second data set beside {where.name}, expected one of them")
    read = _read_folders if is_folder(where) else _read_archive
    found, problems = read(name, where, classes)
    told = None
    if any(None in parts for parts in found.values()):
        found = {c: divided(parts[None]) for c, parts in found.items()}
        tests, all_of_them = (sum(len(parts[s]) for parts in found.values() for s in splits)
                              for splits in (["test"], ["train", "test"]))
        told = (f"No split in {printable(where.resolve().name)}: {tests} of {all_of_them} sequences, chosen by seed "
                f"{SEED} within each class, are the test part.")
    return found, [printable(line) for line in problems], told


def divided(rows):
    """The rows of a class, in their order, as "train" and "test": about a fifth of them, at least one, to test with.

    Which ones depends on their number alone, and on SEED: on no machine, no other class and no version of NumPy, which
    promises never to change the raw numbers.
    """
    tests = _some(len(rows), 1 / 5)
    return {"train": [row for k, row in enumerate(rows) if k not in tests], "test": [rows[k] for k in tests]}


def _some(N, share):
    """Places of a share of N rows, at least one, in their order."""
    order = np.argsort(np.random.PCG64(SEED).random_raw(N), kind="stable")
    return sorted(order[: max(1, round(N * share))].tolist())


def _share(title, found, most):
    """Class -> split -> rows of the share that has `most` rows to train with, and the sentence that tells of it; all
    of them, and None, where there are no more."""
    rows = [rows for parts in found.values() for rows in parts.values()]
    N = sum(len(parts["train"]) for parts in found.values())
    if not most or most >= N:
        return found, None
    found = {c: {split: [all_of[k] for k in _some(len(all_of), most / N)] for split, all_of in parts.items()}
             for c, parts in found.items()}
    kept = sum(len(rows) for parts in found.values() for rows in parts.values())
    return found, (f"Of {title}, {kept} of {sum(map(len, rows))} sequences are taken, the same share of each class, "
                   f"chosen by seed {SEED}.")


def _read_folders(name, folder, classes):
    """Class -> split -> [(file, x)] of a folder of classes, and its problems. The only split is None where the class
    folders have none."""
    layout, (there, problems) = LAYOUTS[name], class_folders(folder)
    if not there and not problems:
        raise DataError(f"{folder}: no class folders, expected <class>/{layout.splits['train']} and so on")
    chosen = classes or tuple(there)
    problems += _require_classes(chosen, there, folder)
    splits = {None: "."} if unsplit(there.values(), layout) else layout.splits
    listed = {}
    for c, split in itertools.product(chosen, splits):
        listed[c, split], wrong = _list(there[c] / splits[split], c, split)
        problems += wrong
    firsts = [next((files[0] for split in splits if (files := listed[c, split])), None) for c in chosen]
    read, found = reader(layout.read, [file for file in firsts if file]), {c: {} for c in chosen}
    for (c, split), files in listed.items():
        xs, wrong = _read(files, read)
        found[c][split] = [(file.relative_to(folder).as_posix(), x) for file, x in zip(files, xs)]
        problems += wrong
    return found, problems


def _list(where, c, split):
    """The files of one class and split, and the problem where there are too few."""
    try:
        is_there = kind(where) == "folder"
        files = files_in(where) if is_there else []
    except ReadError as error:
        return [], [f"{error}, expected a folder of files"]
    state = f"{len(files)} file" if files else "an empty folder" if is_there else "no such folder"
    if split is None and len(files) < 2:
        return files, [f"{where}: {state}, expected at least two of class {c!r}, one to train and one to test with"]
    if not files:
        what = "training" if split == "train" else "test"
        return [], [f"{where}: {state}, expected at least one {what} file of class {c!r}"]
    return files, []


def _read(files, read):
    """Sequences of files, and all their problems; with a problem, no sequences."""
    try:
        return cache.read_files(files, read), []
    except DataError:  # so at least one is bad: read them singly, and name them all
        problems = []
        for file in files:
            try:
                read(file)
            except DataError as error:
                problems += error.problems
        return [], problems


def _read_archive(name, path, classes):
    """The same of an .npz file."""
    found, problems = archive.read(path)
    if not problems:
        problems += _require_classes(classes or tuple(found), found, path)
        found = {c: found[c] for c in classes or found}
        problems += archive.lacking(path, found)
    return found, problems


def _require_classes(classes, there, where):
    """Problems of a choice of classes. Raises DataError where one of them is not there."""
    missing = [c for c in classes if c not in there]
    if missing:
        raise DataError(f"{where}: no class {', '.join(map(repr, missing))}, there are {', '.join(sorted(there))}")
    if len(set(classes)) < max(2, len(classes)):
        return [f"{where}: classes {', '.join(classes)}, expected two or more different ones"]
    return []


def _assemble(name, classes, found, is_sample, told):
    parts, digest = {}, hashlib.sha256(name.encode())
    for split in ("train", "test"):
        rows = [(label, *row) for label, c in enumerate(classes) for row in found[c][split]]
        y, files, x = (list(column) for column in zip(*rows))
        speakers = tuple(_speaker(file) if name == "cv" else None for file in files)
        parts[split] = Part(x, np.array(y, np.int64), tuple(files), speakers)
        digest.update(repr((split, classes, y, [len(s) for s in x])).encode())
        digest.update(np.concatenate(x).astype("<f4").tobytes())
    return Dataset(name, classes, parts["train"], parts["test"], digest.hexdigest(), is_sample, told)


def _speaker(file):
    number = re.match(r"\d+(?=_)", Path(file).name)
    return number.group() if number else None
