"""Two generated problems whose only difficulty is the time over which something must be remembered.

The adding problem (Hochreiter and Schmidhuber 1997): regression, the sum of two marked numbers. The latch problem
(Bengio et al. 1994): classification, the first frames decide and the rest is noise.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional as F

from sequtils import models, trials
from sequtils.data import Dataset, Part
from sequtils.engine import kernels, minibatch, recurrence
from sequtils.models import recurrent

BASELINE = 1 / 6  # mean squared error of always answering 1: the variance of a sum of two numbers uniform in [0, 1]
MASTERED = BASELINE / 3  # an error below this is mastery of the adding problem
LATCHED = 0.95  # an accuracy above this is mastery of the latch problem
WINDOW = 50  # steps over which the training error of the adding problem is averaged
KEY = 3  # frames of the latch problem that hold the class


def adding(rng, count, length):
    """`count` sequences x (count, length, 2) float32 of a number uniform in [0, 1] and a mark, and y (count,).

    One frame of each half is marked with 1, the others with 0; y is the sum of the two marked numbers.
    """
    x = np.zeros((count, length, 2), np.float32)
    x[:, :, 0] = rng.random((count, length))
    rows, middle = np.arange(count), length // 2
    x[rows, rng.integers(0, middle, count), 1] = 1
    x[rows, rng.integers(middle, length, count), 1] = 1
    return x, x.prod(axis=2).sum(axis=1)


def latch(seed, length, count=200, noise=0.5):
    """A Dataset of two classes: sequences (length, 1) whose first KEY frames have mean +1 or -1, and the rest 0."""

    def part(stream):
        rng = np.random.default_rng([seed, length, stream])
        y = np.arange(count) % 2
        x = noise * rng.standard_normal((count, length, 1))
        x[:, :KEY, 0] += (2 * y - 1)[:, None]
        return Part(list(x.astype(np.float32)), y, (None,) * count, (None,) * count)

    return Dataset("latch", ("down", "up"), part(0), part(1), f"latch {seed} {length} {count} {noise}", False)


@dataclass(frozen=True)
class Adding(trials.Experiment):
    """A network of one layer on the adding problem: Adam on the mean squared error of fresh batches, the gradient
    clipped at norm 1. It ends early once the mean training error of WINDOW steps is well below MASTERED."""

    CODE = (kernels, minibatch, recurrence, recurrent)

    cell: str
    length: int
    hidden: int = 32
    batch: int = 32
    steps: int = 1500
    learning_rate: float = 0.005

    def cost(self, dataset):
        """Frames of the longest run."""
        return self.steps * self.length

    def measure(self, dataset):
        """The mean squared error on 1000 fresh sequences, and how many steps were made."""
        rngs = [np.random.default_rng([self.seed, self.length, stream]) for stream in (0, 1)]
        with minibatch.one_order(), torch.random.fork_rng(devices=[]):  # PyTorch's layers draw weights, soon replaced
            model = models.SequenceClassifier(2, (self.hidden,), 1, self.cell, seed=self.seed)
            steps = self._train(model, rngs[0])
            with torch.no_grad():
                error = _error(model, *adding(rngs[1], 1000, self.length)).item()
        return {"error": error, "steps": steps}

    def _train(self, model, rng):
        optimiser, errors = torch.optim.Adam(model.parameters(), self.learning_rate), []
        while len(errors) < self.steps and not np.mean(errors[-WINDOW:] or [1.0]) < MASTERED / 4:
            error, _ = minibatch.update(model, optimiser, _error(model, *adding(rng, self.batch, self.length)), 1.0)
            errors.append(error)
        return len(errors)


def _error(model, x, y):
    h = recurrence.states(model.layers[0], torch.from_numpy(x))  # (B, T, n)
    return F.mse_loss(model.head(h[:, -1])[:, 0], torch.from_numpy(y))


@dataclass(frozen=True)
class Generated(trials.Trial):
    """A Trial on sequences of a length that are drawn from its seed. A subclass overrides `drawn`."""

    features: tuple = ("raw",)
    length: int = 10

    def drawn(self):
        """The Dataset."""
        raise NotImplementedError

    def multiplications(self, dataset):
        """Those of the Trial on what is drawn."""
        return super().multiplications(self.drawn())

    def measure(self, dataset):
        """What a Trial measures."""
        return super().measure(self.drawn())


@dataclass(frozen=True)
class Latch(Generated):
    """The latch problem of a length."""

    dataset: str = "latch"
    cell: str = "rnn"
    hidden: tuple = (8,)
    count: int = 200

    def drawn(self):
        """See `latch`."""
        return latch(self.seed, self.length, self.count)
