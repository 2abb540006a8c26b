"""RNN beside LSTM: the same task at equal size, by groups of test sequences, and the ladder to the best models."""

from dataclasses import dataclass

import numpy as np

from sequtils.models import GATES
from sequtils.trials import RECIPES, Trial

SOURCE = {"rnn": (16, 5), "lstm": (4, 5)}  # units of the source's two layers
BATCHES = {"optimiser": "adam", "batch": 16, "learning_rate": 0.002, "clip": 1.0, "decay": True}
EPOCHS = {"handwriting": 120, "cv": 40}  # of Adam
SHORT = {"handwriting": ("resample:32", "minmax", "standardise"), "cv": ("duration", "stretch:12", "standardise")}
CHANGES = {"handwriting": ("tilt:15", "warp:40", "noise:5"), "cv": ("warp:50", "noise:60", "shift:30")}


@dataclass(frozen=True)
class Rung:
    """One step of the ladder: what it changes, in a few words, and the fields of the Trial that it changes."""

    name: str
    change: str
    fields: dict


def ladder(name, epochs=None):
    """The rungs for a data set, from the source's set-up to the best single models; each keeps what those before it
    changed. epochs: of Adam, by default EPOCHS. With Adam training goes on to the last epoch."""
    epochs = epochs or EPOCHS[name]
    shorter = {"handwriting": "32 points by arc length", "cv": "12 frames, and the duration as a feature"}[name]
    changes = {"handwriting": "tilts, warped time, noise", "cv": "warped time, noise, an offset"}[name]
    adam = {**BATCHES, "max_epochs": epochs, "patience": epochs}
    standard = (*RECIPES[name], "standardise") if RECIPES[name] != ("raw",) else ("standardise",)
    return [
        Rung("source", "SGD, two layers, PyTorch's initial weights", {"init": "torch"}),
        Rung("initialisation", "Glorot, orthogonal, forget gate open", {"init": "keras"}),
        Rung("standardisation", "mean 0, deviation 1", {"features": standard}),
        Rung("optimiser", "Adam, batches, clipping, falling rate", adam),
        Rung("resampling", shorter, {"features": SHORT[name]}),
        Rung("width", "one layer of 64 units", {"hidden": (64,)}),
        Rung("augmentation", changes, {"augment": CHANGES[name]}),
        Rung("pooling", "head on the mean of all frames", {"pooling": "mean"}),
    ]


def climb(name, cell, rungs, sgd_epochs=120):
    """The Trial of each rung for a cell, rung name -> Trial."""
    fields, trials = {"hidden": SOURCE[cell], "max_epochs": sgd_epochs}, {}
    for rung in rungs:
        fields = {**fields, **rung.fields}
        trials[rung.name] = Trial(name, cell, **fields)
    return trials


def parameters(inputs, hidden, classes, cell):
    """Number of parameters of a SequenceClassifier."""
    layers = zip((inputs, *hidden), hidden)
    return sum(GATES[cell] * n * (m + n + 2) for m, n in layers) + (hidden[-1] + 1) * classes


def equal_width(inputs, classes, last=SOURCE["rnn"][-1], like=SOURCE["lstm"]):
    """Units of a plain RNN's first layer with which it has about as many parameters as the LSTM `like`."""
    wanted = parameters(inputs, like, classes, "lstm")
    return min(range(1, 1025), key=lambda n: abs(parameters(inputs, (n, last), classes, "rnn") - wanted))


def restricted(results, rows):
    """Results on some of the test sequences only, such as those of one class."""
    pick = lambda values: [values[r] for r in rows]
    return [{**r, "labels": pick(r["labels"]), "predictions": pick(r["predictions"])} for r in results]


def by_class(dataset):
    """Class name -> its test sequences."""
    return {c: np.flatnonzero(dataset.test.y == label) for label, c in enumerate(dataset.classes)}


def by_length(dataset, parts=4):
    """Range of lengths in frames, as text -> the test sequences of that quarter of the lengths (or of another part)."""
    lengths = np.array([len(x) for x in dataset.test.x])
    order = np.argsort(lengths, kind="stable")
    return {f"{lengths[rows].min()} to {lengths[rows].max()}": np.sort(rows) for rows in np.array_split(order, parts)}


def ensemble(members):
    """The result of the mean of the members' class probabilities on the test sequences, which all must share.

    members: results with "logits" (N, C). Raises ValueError where they were measured on other sequences.
    """
    if any(m["labels"] != members[0]["labels"] for m in members):
        raise ValueError("the members of an ensemble must have the same test sequences")
    labels = np.array(members[0]["labels"])
    predictions = np.mean([softmax(m["logits"]) for m in members], axis=0).argmax(axis=1)
    return {"trial": {"seed": members[0]["trial"]["seed"]}, "labels": labels.tolist(),
            "predictions": predictions.tolist(), "test_accuracy": float((predictions == labels).mean()),
            "parameters": sum(m["parameters"] for m in members)}


def softmax(logits):
    """Probabilities (N, C) of logits (N, C); a diverged network's (None) are equal for all classes."""
    z = np.nan_to_num(np.array(logits, dtype=np.float64))
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)
