"""A cache of parsed class folders, so that thousands of small text files are read once.

An entry is used only while every file has the name, size and times that it had; anything else is read again from the
files. A damaged entry, whose bytes do not match their hash, is named and set aside. Losing the cache costs seconds and
nothing else.
"""

import contextlib
import hashlib
import json
import os
import sys

import numpy as np

from sequtils import paths
from sequtils.files import WriteError, kind, read_bytes, seal, set_aside, unseal, write_atomic

VERSION = 2  # of the entries; a change here makes every entry be read anew


def read_files(files, read):
    """Sequences (float32 (T, D)) of many files, each parsed by `read` where the cache does not have them yet."""
    if not files:
        return []
    if not all(_regular(file) for file in files):
        return [read(file) for file in files]  # the reader says what is wrong
    stamp = [VERSION, read.__name__, [_stamp(file) for file in files]]
    folder = os.fsencode(files[0].parent.resolve())
    entry = paths.DATA_CACHE / f"{hashlib.sha256(folder).hexdigest()[:32]}.parsed"
    sequences = _load(entry, stamp)
    if sequences is None:
        sequences = [read(file) for file in files]
        _save(entry, stamp, sequences)
    return sequences


def _regular(file):
    try:
        return kind(file) == "file"
    except OSError:
        return False


def _stamp(file):
    """What changes when a file does; the change time cannot be set back, as the modification time can."""
    stat = os.stat(file)
    return [file.name, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns]


def _load(entry, stamp):
    """The sequences of an entry, or None where there is none that fits."""
    try:
        head, _, numbers = unseal(read_bytes(entry)).partition(b"\n")
        head = json.loads(head)
        if head["stamp"] != stamp:
            return None
        frames = np.frombuffer(numbers, "<f4").reshape(-1, head["width"]).astype(np.float32)
        fits = sum(head["lengths"]) == len(frames) and len(head["lengths"]) == len(stamp[2])
        if not (fits and np.isfinite(frames).all()):
            raise ValueError("not what was asked for")
        return np.split(frames, np.cumsum(head["lengths"])[:-1])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        print(f"{entry}: set aside, and made anew ({getattr(error, 'reason', error)})", file=sys.stderr)
        set_aside(entry)
        return None


def _save(entry, stamp, sequences):
    """The head as a line of JSON, then the frames of all sequences, float32."""
    head = {"stamp": stamp, "lengths": [len(x) for x in sequences], "width": sequences[0].shape[1]}
    content = json.dumps(head).encode() + b"\n" + np.concatenate(sequences).astype("<f4").tobytes()
    with contextlib.suppress(WriteError):  # a folder that cannot be written costs time later, and no result
        write_atomic(entry, seal(content))
