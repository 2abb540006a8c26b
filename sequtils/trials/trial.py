"""What is run once and kept: the record `Experiment`, and `Trial`, the training that most notebooks sweep over.

Other experiments are subclasses of `Experiment`, and run, stored and resumed by the same `run`.
"""

import hashlib
import json
import math
import sys
from dataclasses import KW_ONLY, asdict, dataclass, replace

import numpy as np
import torch
from torch import nn

from sequtils.data import Part, features
from sequtils.engine import training
from sequtils.models import GATES, SequenceClassifier

RECIPES = {"handwriting": ("minmax",), "cv": ("raw",)}  # what the source report fed its networks

FIT = ("learning_rate", "max_epochs", "patience", "min_delta", "clip", "seed", "optimiser", "batch", "decay", "augment")


@dataclass(frozen=True)
class Experiment:
    """What is run once and kept: a record of JSON types that decides the result.

    A subclass adds its fields, sets CODE to the modules of other rooms whose code decides its results, and overrides
    `measure`. The modules that define it and the classes above it count by themselves.
    """

    CODE = ()
    _: KW_ONLY
    seed: int = 0

    def measure(self, dataset):
        """The result on a Dataset (or None, for an experiment without one) as a dict of JSON types."""
        raise NotImplementedError

    def cost(self, dataset):
        """How long it takes, in any unit that is the same for all experiments of one `run`."""
        return 1.0

    def multiplications(self, dataset):
        """Multiplications of the longest run, by which the number of its seeds is chosen; not known for most kinds."""
        return math.inf

    @property
    def record(self):
        """The experiment as JSON types."""
        return json.loads(json.dumps({"kind": type(self).__name__, **asdict(self)}))

    @property
    def key(self):
        """Hash of the record."""
        return hashlib.sha256(json.dumps(self.record, sort_keys=True).encode()).hexdigest()[:20]

    @property
    def version(self):
        """What names the code that decides the result; PyTorch's version is part of it."""
        return f"torch-{torch.__version__}-{training.code_hash(*self.code)}"

    @property
    def code(self):
        """The modules whose code decides the result: those of CODE, and those in which its classes stand."""
        own = [sys.modules[kind.__module__] for kind in type(self).__mro__ if issubclass(kind, Experiment)]
        return *self.CODE, *dict.fromkeys(own)


@dataclass(frozen=True)
class Trial(Experiment):
    """One training, as a record that JSON can hold. The defaults come nearest to the source report's numbers.

    dataset: "handwriting" or "cv". cell: "rnn", "lstm" or "gru". hidden: one size a layer. features: the recipe, by
    default that of RECIPES. dropout, init, pooling, seed: see `models.SequenceClassifier`. learning_rate, optimiser,
    batch, decay, max_epochs, patience, min_delta, clip, augment: see `training.fit`. fold: None trains on all training
    data and measures the test set; k trains without the k-th of `folds` stratified parts of the training data and
    measures that part.
    """

    dataset: str
    cell: str
    hidden: tuple
    features: tuple = None
    dropout: float = 0.0
    learning_rate: float = 0.01
    init: str = "keras"
    max_epochs: int = 120
    patience: int = 25
    min_delta: float = 1e-4
    clip: float = 0.0
    optimiser: str = "sgd"
    batch: int = 1
    decay: bool = False
    augment: tuple = ()
    pooling: str = "last"
    fold: int | None = None
    folds: int = 5

    def __post_init__(self):
        object.__setattr__(self, "hidden", tuple(self.hidden))
        object.__setattr__(self, "features", tuple(self.features or RECIPES[self.dataset]))
        object.__setattr__(self, "augment", tuple(self.augment))

    def cost(self, dataset):
        """As `multiplications`, to start the longest trials first."""
        return self.multiplications(dataset)

    def multiplications(self, dataset):
        """Of the layers, for each frame of each training sequence in each epoch."""
        frames, sizes = sum(map(len, dataset.train.x)), (dataset.train.x[0].shape[1], *self.hidden)
        per_frame = sum(GATES[self.cell] * n * (m + n) for m, n in zip(sizes, self.hidden))
        return self.max_epochs * frames * per_frame

    @property
    def version(self):
        """The engine that trains it, and a hash of its code."""
        return training.version(*self.code)

    def measure(self, dataset):
        """The history, the accuracies of the epoch at which training stopped, true and predicted classes and the
        logits (to four decimals) of every test sequence, the number of parameters and a hash of the weights."""
        model, history, prepared = fitted(self, dataset)
        engine = training.make_engine(model)
        logits = engine.logits(prepared.test.x)
        predictions = logits.argmax(axis=1)
        return {
            "history": {name: _finite(values) for name, values in asdict(history).items()},
            "train_accuracy": engine.evaluate(prepared.train)[1],
            "test_accuracy": float((predictions == prepared.test.y).mean()),
            "labels": prepared.test.y.tolist(),
            "predictions": predictions.tolist(),
            "logits": [_finite([round(z, 4) for z in row]) for row in logits.tolist()],
            "parameters": sum(p.numel() for p in model.parameters()),
            "weights": hashlib.sha256(nn.utils.parameters_to_vector(model.parameters()).detach().numpy()).hexdigest(),
        }


def fitted(trial, dataset):
    """The trained SequenceClassifier of a Trial, its History, and the Dataset as it was prepared for it."""
    prepared = features.prepare(fold(dataset, trial.fold, trial.folds), trial.features)
    return *trained(trial, prepared.train, prepared.test, len(dataset.classes)), prepared


def trained(trial, train, test, classes, engine=None, watch=None):
    """The SequenceClassifier that a trial's fields describe, trained on a prepared Part, and its History.

    trial: a Trial, or whatever has its fields from `cell` to `pooling` and a seed. classes: their number, C. test,
    engine, watch: see `training.fit`.
    """
    inputs = train.x[0].shape[1]
    model = SequenceClassifier(inputs, trial.hidden, classes, trial.cell, trial.dropout, trial.init, trial.seed,
                               trial.pooling)
    settings = {name: getattr(trial, name) for name in FIT}
    history = training.fit(model, train, test, engine=engine, watch=watch, **settings)
    return model, history


def _finite(values):
    """A history's list with None for what is not finite: JSON has no word for it."""
    return [v if np.isfinite(v) else None for v in values] if isinstance(values, list) else values


def fold(dataset, k, folds):
    """The Dataset itself for k = None, else its training data with the k-th of `folds` stratified parts as test data;
    the parts are the same for every seed and every model."""
    if k is None:
        return dataset
    if not 0 <= k < folds:
        raise ValueError(f"fold {k} is not in 0 to {folds - 1}")
    from sklearn.model_selection import StratifiedKFold  # costs each worker a second, and only folds need it

    splitter = StratifiedKFold(folds, shuffle=True, random_state=0)
    rows = list(splitter.split(np.zeros(len(dataset.train)), dataset.train.y))[k]
    train_part, held_out = (_rows(dataset.train, r) for r in rows)
    return replace(dataset, train=train_part, test=held_out)


def _rows(part, rows):
    pick = lambda column: tuple(column[r] for r in rows)
    return Part(list(pick(part.x)), part.y[rows], pick(part.files), pick(part.speakers))
