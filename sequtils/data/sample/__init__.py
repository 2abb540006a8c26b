"""The embedded sample: two synthetic data sets with the class names, formats and difficulty of the course's data.

Strokes were drawn by `handwriting`, syllables were spoken by a speech synthesiser and cut by `cv`; how, and with which
numbers, is in provenance.json beside the arrays. Whatever is made from this sample is to be called synthetic.
"""

from pathlib import Path

import numpy as np

from sequtils.data.features import deltas

FOLDER = Path(__file__).parent
DEFAULT_CLASSES = {"handwriting": ("a", "bA", "chA", "lA", "tA"), "cv": ("tA", "kaa", "ka", "sa", "rI")}
DELTA_WIDTH = 2  # frames to either side, HTK's default


def load(name):
    """The sample called "handwriting" or "cv": class -> {"train": [(file name, x), ...], "test": [...]}.

    x: float32 (T, D). D is 2 for handwriting, x and y in tablet units. D is 39 for cv: 12 cepstra, energy, their
    deltas and delta-deltas, in HTK's order. Raises ValueError for another name.
    """
    if name not in DEFAULT_CLASSES:
        raise ValueError(f"sample {name!r} is not one of {', '.join(DEFAULT_CLASSES)}")
    stored = arrays(name)
    frames = strokes(stored) if name == "handwriting" else segments(stored)  # (sum T, D)
    sequences = np.split(frames, np.cumsum(stored["lengths"], dtype=np.int64)[:-1])
    return _by_class(stored, list(zip(file_names(name, stored), sequences)))


def arrays(name):
    """The arrays of `name`.npz as they are stored: array name -> array."""
    with np.load(FOLDER / f"{name}.npz", allow_pickle=False) as stored:
        return {key: stored[key] for key in stored.files}


def strokes(stored):
    """Points (sum T, 2), float32, in tablet units, from the digitiser's steps."""
    steps = stored["points"].astype(np.float64) - stored["origin"]
    return (steps / stored["grid"]).astype(np.float32)


def segments(stored):
    """Frames (sum T, 39), float32: the 13 stored features, scaled back, and the deltas computed from them."""
    static = stored["static"] * stored["scale"]  # (sum T, 13) float64
    first = _deltas_within(static, stored["lengths"])
    second = _deltas_within(first, stored["lengths"])
    return np.hstack([static, first, second]).astype(np.float32)


def file_names(name, stored):
    """Synthetic file names of the course's kind, in the order of the stored sequences.

    Strokes are numbered from 1 in each class, through train and then test. A segment's name says the number of the
    voice, the class, the utterance and the segment's number in the utterance.
    """
    if name == "handwriting":
        return [f"{i}.txt" for count in stored["counts"] for i in range(1, count.sum() + 1)]
    labels = np.repeat(stored["classes"], stored["counts"].sum(axis=1, dtype=np.int64))
    return [f"{s:02d}_{c}_{u}_{k}.mfcc" for c, (s, u, k) in zip(labels, stored["identity"])]


def _by_class(stored, sequences):
    """The nested dictionary of `load`. `counts` (C, 2): sequences of train and test; they lie class by class."""
    out, at = {}, 0
    for c, (n_train, n_test) in zip(stored["classes"], stored["counts"].astype(int)):
        middle, end = at + n_train, at + n_train + n_test
        out[str(c)] = {"train": sequences[at:middle], "test": sequences[middle:end]}
        at = end
    return out


def _deltas_within(x, lengths):
    """Deltas (sum T, D) of sequences laid end to end, none of which sees its neighbour.

    All in one go: each sequence's first and last frame are repeated as often as a delta looks to a side, so that
    what belongs to the next sequence is out of reach; then the repeats are dropped. Equal, bit for bit, to `deltas`
    of each sequence by itself.
    """
    lengths = lengths.astype(np.int64)
    first = np.cumsum(lengths) - lengths
    of = np.repeat(np.arange(len(lengths)), lengths + 2 * DELTA_WIDTH)  # the sequence each padded row belongs to
    place = np.arange(len(of)) - np.repeat(first + 2 * DELTA_WIDTH * np.arange(len(lengths)), lengths + 2 * DELTA_WIDTH)
    place -= DELTA_WIDTH
    rows = first[of] + np.clip(place, 0, lengths[of] - 1)
    return deltas(x[rows], DELTA_WIDTH)[(place >= 0) & (place < lengths[of])]
