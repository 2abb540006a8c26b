"""A cache of parsed class folders, so that thousands of small text files are read once.

An entry is used only while every file has the name, size and times that it had; anything else, a damaged entry
included, is read again from the files. Losing the cache costs seconds and nothing else.
"""

import contextlib
import hashlib
import io
import json
import os
import zipfile

import numpy as np

from sequtils import paths
from sequtils.files import WriteError, write_atomic

VERSION = 1  # of the entries; a change here makes every entry be read anew


def read_files(files, read):
    """Sequences (float32 (T, D)) of many files, each parsed by `read` where the cache does not have them yet."""
    if not files:
        return []
    stamp = json.dumps([VERSION, read.__name__, [_stamp(file) for file in files]])
    entry = paths.DATA_CACHE / (hashlib.sha256(str(files[0].parent.resolve()).encode()).hexdigest()[:32] + ".npz")
    sequences = _load(entry, stamp)
    if sequences is None:
        sequences = [read(file) for file in files]
        _save(entry, stamp, sequences)
    return sequences


def _stamp(file):
    """What changes when a file does; the change time cannot be set back, as the modification time can."""
    stat = os.stat(file)
    return [file.name, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns]


def _load(entry, stamp):
    try:
        with np.load(entry, allow_pickle=False) as arrays:
            if str(arrays["stamp"]) != stamp:
                return None
            return np.split(arrays["frames"], np.cumsum(arrays["lengths"])[:-1])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def _save(entry, stamp, sequences):
    buffer = io.BytesIO()
    np.savez(buffer, stamp=stamp, frames=np.concatenate(sequences), lengths=[len(x) for x in sequences])
    with contextlib.suppress(WriteError):  # a folder that cannot be written costs time later, and no result
        write_atomic(entry, buffer.getvalue())
