"""The two file formats of the course, one pen stroke or one speech segment a file; and any plain matrix."""

import functools
import re

import numpy as np

from sequtils.files import ReadError, read_bytes
from sequtils.text import printable

CAP = 32 * 2**20  # bytes of a file: some 60,000 frames, half an hour of stroke; more is no sequence of this study
MFCC = 39  # 12 cepstra and the energy, their deltas and the deltas of those (HTK's MFCC_E_D_A)


class DataError(ValueError):
    """Data that cannot be used. `problems` holds one line for each thing that is wrong."""

    def __init__(self, *problems):
        self.problems = tuple(map(printable, problems))
        super().__init__("\n".join(self.problems))


def read_stroke(path):
    """Points (T, 2), float32, of a stroke file `N x1 y1 ... xN yN`, any white space between. Raises DataError."""
    n, *coordinates = _numbers(path, _text(path), "N x1 y1 ... xN yN")
    if n != int(n) or n < 1:
        raise DataError(f"{path}, number 1: {n:g} points, expected a whole number of at least 1")
    found, expected = len(coordinates), 2 * int(n)
    if found != expected:
        odd = ", an odd count" if found % 2 else ""
        raise DataError(f"{path}, number 1: N = {int(n)}, but {found} coordinates follow{odd}, expected {expected}")
    return np.array(coordinates, np.float32).reshape(-1, 2)


def read_segment(path):
    """Frames (T, 39), float32, of a segment file: see `read_matrix`. Raises DataError."""
    return read_matrix(path, MFCC)


def read_matrix(path, width=None, like=""):
    """Frames (T, D), float32, of a plain matrix: a row of D numbers for each frame; empty lines are passed over.

    width: D, or None, as many as in the first row. like: what an error says of where `width` comes from. Raises
    DataError.
    """
    text = _text(path)
    values = _numbers(path, text, f"rows of {width or 'equally many'} numbers{like}, one for each frame")
    for line, row in enumerate(text.splitlines(), 1):
        found = len(row.split())
        width = width or found
        if found not in (0, width):
            raise DataError(f"{path}, line {line}: {found} numbers, expected {width}{like}")
    return np.array(values, np.float32).reshape(-1, width)


def reader(usual, files):
    """How the files of a data set are read, of which these are the first of each class.

    In its usual format where one of them is; else, where one is a plain matrix of two rows or more, all as matrices
    with as many columns as the first of those. So no stroke is taken for a matrix, whatever white space it has, and a
    damaged file among others changes no format.
    """
    if not any(reads(usual, file) for file in files):
        for file in files:
            if reads(read_matrix, file, least=2):
                return _matrices(read_matrix(file).shape[1], file)
    return usual


def reads(read, file, least=1):
    """Whether a file can be read that way, as a sequence of at least so many frames."""
    try:
        return len(read(file)) >= least
    except DataError:
        return False


def _matrices(width, first):
    read = functools.partial(read_matrix, width=width, like=f", as in {first}")
    read.__name__ = f"rows of {width}"  # for the cache
    return read


def _text(path):
    try:
        return read_bytes(path, CAP).decode("ascii")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        found = f"the byte {error.object[error.start]:#04x}"
        raise DataError(f"{path}, line {line}: found {found}, expected plain text with numbers") from None
    except ReadError as error:
        raise DataError(f"{error}, expected a text file with numbers") from None
    except FileNotFoundError:
        raise DataError(f"{path}: cannot be read (not there), expected a text file with numbers") from None


def _numbers(path, text, expected):
    """Every number of a file as float, finite as float32. Python's float is exact and fast, but reads "nan", "inf" and
    "1_0" too: a file with anything that is not a plain number is searched word by word for the first of them."""
    try:
        values = list(map(float, text.split()))
        plain = "_" not in text and _finite(values)
    except ValueError:
        plain = False
    if not plain:
        raise DataError(_first_bad_word(path, text))
    if not values:
        raise DataError(f"{path}, line 1: empty file, expected {expected}")
    return values


def _finite(values):
    with np.errstate(over="ignore"):
        return np.isfinite(np.array(values).astype(np.float32)).all()


# No two parts of it can take the same digit: so it is linear in the length of a word.
PLAIN_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
TOO_LARGE = 2.0**128 - 2.0**103  # from here on float32 is infinite


def _first_bad_word(path, text):
    position = 0
    for number, line in enumerate(text.splitlines(), 1):
        for word in line.split():
            position += 1
            if not PLAIN_NUMBER.fullmatch(word) or abs(float(word)) >= TOO_LARGE:
                return f"{path}, line {number}, number {position}: found {word[:40]!r}, expected a finite number"
    raise AssertionError(f"{path}: a word that is no plain number, but none found")
