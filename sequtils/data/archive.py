"""A whole data set in one .npz file of NumPy's, for data that come from elsewhere.

    x        (N, T, D) numbers, each sequence filled up behind its end, or (sum of lengths, D), one after the other
    lengths  (N,) whole numbers of at least 1: the frames of each sequence
    y        (N,) whole numbers: the place of its class in
    classes  (C,) their names
    split    (N,) "train" or "test"; without this array a split is made, and told (see `datasets.divided`)
"""

import io
import zipfile

import numpy as np

from sequtils.files import ReadError, read_bytes
from sequtils.text import printable

CAP = 2**30  # bytes, packed or unpacked: a hundred times what the course has
ARRAYS = {"x": ("fiu", (2, 3), "numbers (N, T, D) or (sum of lengths, D)"),
          "lengths": ("iu", (1,), "whole numbers (N,)"), "y": ("iu", (1,), "whole numbers (N,)"),
          "classes": ("U", (1,), "text (C,)"), "split": ("U", (1,), "text (N,)")}  # kinds, dimensions, in words
SPLITS = ("train", "test")


def read(path):
    """Class -> split -> [(name, float32 (T, D))] of an .npz file, and all that is wrong with it, in lines; with a
    problem, no sequences. Where it has no split, None is the only one. A sequence is named after its place."""
    try:
        arrays, problems = _arrays(path)
    except (ReadError, FileNotFoundError) as error:
        return {}, [f"{error}, expected a file of NumPy's"]
    problems = problems or _shapes(arrays) or _values(arrays)
    if problems:
        return {}, [f"{path}, {problem}" for problem in problems]
    names = tuple(map(printable, arrays["classes"].tolist()))
    found = {c: {s: [] for s in (SPLITS if "split" in arrays else [None])} for c in names}
    splits = arrays["split"].tolist() if "split" in arrays else [None] * len(arrays["y"])
    for k, (frames, label, split) in enumerate(zip(_sequences(arrays), arrays["y"], splits)):
        found[names[label]][split].append((f"{path.name}[{k}]", frames))
    return found, []


def lacking(path, found):
    """A line for each class, of what `read` found, that has too few sequences to train and to test with."""
    least = {None: 2, "train": 1, "test": 1}
    return [f"{path}, array y: {len(rows)} {split or ''} sequences of class {c!r}, expected at least {least[split]}"
            .replace("  ", " ") for c, parts in found.items() for split, rows in parts.items()
            if len(rows) < least[split]]


def _arrays(path):
    """Name -> array of those in ARRAYS, and problems. Sizes are looked at before anything is unpacked."""
    content = io.BytesIO(read_bytes(path, CAP))
    try:
        with zipfile.ZipFile(content) as directory:
            size = sum(entry.file_size for entry in directory.infolist())
        if size > CAP:
            return {}, [f"unpacked: {size / 2**20:.0f} MiB, expected at most {CAP / 2**20:.0f}"]
        with np.load(content, allow_pickle=False) as stored:
            there = set(stored.files)
            arrays = {name: stored[name] for name in ARRAYS if name in there}
    except Exception as error:  # whatever a damaged zip file or array makes its reader say
        said = str(error).splitlines() or [type(error).__name__]
        return {}, [f"unpacked: found none or a damaged one ({said[0][:80]}), expected np.savez's, without objects"]
    missing = [name for name in ARRAYS if name not in arrays and name != "split"]
    return arrays, [f"array {name}: not there, expected {ARRAYS[name][2]}" for name in missing]


def _shapes(arrays):
    """Problems of types and shapes."""
    problems = [f"array {name}: found {a.dtype} {a.shape}, expected {ARRAYS[name][2]}" for name, a in arrays.items()
                if a.dtype.kind not in ARRAYS[name][0] or a.ndim not in ARRAYS[name][1] or a.size == 0]
    N = len(arrays["y"]) if arrays["y"].ndim else 0
    return problems or [f"array {name}: {len(arrays[name])} entries, expected {N}, as in y"
                        for name in ("lengths", "split", "x") if name in arrays and len(arrays[name]) != N
                        and not (name == "x" and arrays["x"].ndim == 2)]


def _values(arrays):
    """Problems of what stands in arrays of fitting shapes."""
    x, lengths, y, names = (arrays[name] for name in ("x", "lengths", "y", "classes"))
    most, total = (x.shape[1], None) if x.ndim == 3 else (len(x), int(lengths.sum(dtype=np.int64)))
    problems = [f"array lengths, number {k + 1}: found {lengths[k]}, expected 1 to {most}"
                for k in np.flatnonzero((lengths < 1) | (lengths > most))[:1]]
    if total is not None and total != len(x) and not problems:
        problems.append(f"array x: {len(x)} rows, expected {total}, the sum of lengths")
    problems += [f"array y, number {k + 1}: found {y[k]}, expected 0 to {len(names) - 1}, a place in classes"
                 for k in np.flatnonzero((y < 0) | (y >= len(names)))[:1]]
    shown = list(map(printable, names.tolist()))
    problems += [f"array classes: {name!r} stands there twice, expected each once"
                 for name in dict.fromkeys(shown) if shown.count(name) > 1]
    words = arrays.get("split", np.array([], "U1"))
    problems += [f"array split, number {k + 1}: found {printable(str(words[k]))[:40]!r}, expected 'train' or 'test'"
                 for k in np.flatnonzero(~np.isin(words, SPLITS))[:1]]
    return problems or [f"array x: a number of sequence {k + 1} is not finite, expected numbers that float32 has"
                        for k, frames in enumerate(_sequences(arrays)) if not np.isfinite(frames).all()][:1]


def _sequences(arrays):
    """Each sequence, float32 (T, D)."""
    x, lengths = arrays["x"], arrays["lengths"].tolist()
    with np.errstate(over="ignore"):
        if x.ndim == 3:
            return [np.ascontiguousarray(frames[:T], np.float32) for frames, T in zip(x, lengths)]
        return np.split(x.astype(np.float32), np.cumsum(lengths)[:-1])
