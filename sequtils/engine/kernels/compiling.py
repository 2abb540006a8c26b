"""How all of this folder is compiled, and when it is compiled anew."""

import hashlib
from pathlib import Path

from numba import njit

SOURCE = hashlib.sha256(b"".join(file.read_bytes() for file in sorted(Path(__file__).parent.glob("*.py")))).digest()


def compiled(function, **options):
    """Compile when first called, and keep the code on disk until any file of this folder changes.

    By itself Numba's cache sees a change in the function's own file alone, not in what the function calls.
    """
    dispatcher = njit(cache=True, nogil=True, error_model="numpy", **options)(function)
    dispatcher._cache._cache_file._source_stamp = SOURCE
    return dispatcher


def inlined(function):
    """For what is smaller than a call, and for what takes a Network and a Tape, a hundred words that a call would
    copy."""
    return compiled(function, forceinline=True)
