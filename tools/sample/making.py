"""Writing of the sample's files, for both generators: arrays without pickles, and the record of their making."""

import datetime
import hashlib
import json
import platform

import numpy as np

from sequtils.data import sample

PROVENANCE = sample.FOLDER / "provenance.json"


def digest(array):
    """SHA-256 of an array: its type, its shape and its bytes in little-endian C order."""
    array = np.ascontiguousarray(array)
    array = array.astype(array.dtype.newbyteorder("<"))
    header = f"{array.dtype.str} {array.shape} ".encode()
    return hashlib.sha256(header + array.tobytes()).hexdigest()


def quartiles(lengths):
    """The least, the quartiles and the greatest of some lengths, as a list of five numbers."""
    return [float(v) for v in np.percentile(lengths, [0, 25, 50, 75, 100])]


def lengths_by_class(arrays):
    """Class -> split -> five numbers about the lengths of its sequences."""
    parts = np.split(arrays["lengths"], np.cumsum(arrays["counts"].astype(int).ravel())[:-1])
    pairs = zip(parts[0::2], parts[1::2])
    return {str(c): {"train": quartiles(a), "test": quartiles(b)} for c, (a, b) in zip(arrays["classes"], pairs)}


def write(name, arrays, entry, packages):
    """Write `name`.npz and its entry in provenance.json; `packages`: name -> version of what made it."""
    path = sample.FOLDER / f"{name}.npz"
    np.savez_compressed(path, **arrays)
    record = json.loads(PROVENANCE.read_text("utf-8")) if PROVENANCE.exists() else {}
    record[path.name] = {
        **entry,
        "date": datetime.date.today().isoformat(),
        "versions": {"python": platform.python_version(), "numpy": np.__version__, **packages},
        "lengths": lengths_by_class(arrays),
        "sequences": len(arrays["lengths"]),
        "frames": int(arrays["lengths"].sum(dtype=np.int64)),
        "sha256": {key: digest(value) for key, value in arrays.items()},
    }
    text = json.dumps(dict(sorted(record.items())), indent=1, ensure_ascii=False)
    PROVENANCE.write_text(text + "\n", "utf-8")
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB, {len(arrays['lengths'])} sequences")
