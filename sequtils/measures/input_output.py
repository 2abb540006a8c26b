"""The kinds of recurrent network by what is fed and what is read: one or many, to one or many.

Many to one is a Trial itself.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence

from sequtils import intervals, statistics, trials
from sequtils.data import features
from sequtils.engine import kernels, minibatch, recurrence, training
from sequtils.measures import TITLES
from sequtils.models import SequenceClassifier, recurrent
from sequtils.results import Result
from sequtils.trials import Experiment, Trial

TASKS = {"direction": "next direction, accuracy", "frame": "next frame, R²"}  # what `EachFrame` is scored by


@dataclass(frozen=True)
class OneFrame(Experiment):
    """One to one: the network of a Trial sees only the middle frame of each sequence, so that nothing recurs."""

    CODE = (features, recurrent, kernels, training)
    trial: Trial

    def measure(self, dataset):
        """As a Trial's."""
        prepared = features.prepare(dataset, self.trial.features)
        middle = [replace(part, x=[x[len(x) // 2 :][:1] for x in part.x]) for part in (prepared.train, prepared.test)]
        trial = replace(self.trial, features=("raw",), seed=self.seed)
        return trial.measure(replace(prepared, train=middle[0], test=middle[1]))


@dataclass(frozen=True)
class EachFrame(Experiment):
    """Many to many: an LSTM says at each frame what comes next, after Adam on mini-batches.

    target: "direction", the sector into which the pen moves next, or "frame", the next frame itself. The result has a
    score for each test sequence of two frames or more, the share of right sectors or the share of the variance
    explained, and the same for the baseline that repeats the last direction or frame. sectors: how many directions are
    told apart.
    """

    CODE = (features, recurrent, kernels, recurrence, minibatch)
    dataset: str
    target: str
    features: tuple
    hidden: int = 32
    learning_rate: float = 0.01
    batch: int = 32
    epochs: int = 20
    sectors: int = 8

    def measure(self, dataset):
        """See the class."""
        prepared = features.prepare(dataset, self.features)
        asked = [[s for s in part.x if len(s) > 1] for part in (prepared.train, prepared.test)]
        if [] in asked:
            raise ValueError("no sequence of two frames, expected some to train and to test with: nothing comes next")
        (x, y, _), (test_x, test_y, repeated) = map(self._ask, asked)
        outputs = self.sectors if self.target == "direction" else x[0].shape[1]
        loss_of = F.cross_entropy if self.target == "direction" else F.mse_loss

        def loss(rows):
            z = at_each_frame(model, [x[i] for i in rows])
            return loss_of(torch.cat(z), torch.from_numpy(np.concatenate([y[i] for i in rows])))

        with minibatch.alone(self.seed):
            model = SequenceClassifier(x[0].shape[1], (self.hidden,), outputs, "lstm", seed=self.seed)
            minibatch.fit(model, loss, len(x), self.epochs, self.batch, self.learning_rate, self.seed)
            with torch.no_grad():
                said = [z.numpy() for z in at_each_frame(model, test_x)]
        said = [z.argmax(axis=1) for z in said] if self.target == "direction" else said
        return {"scores": _scores(said, test_y), "baseline": _scores(repeated, test_y)}

    def _ask(self, x):
        return _directions(x, self.sectors) if self.target == "direction" else _next_frames(x)


def at_each_frame(model, x):
    """Outputs (T, C) of a SequenceClassifier's dense layer at every frame of each sequence (T, D) of a list."""
    padded = pad_sequence([torch.from_numpy(s) for s in x], batch_first=True)  # (B, T, D)
    z = model.head(recurrence.states(model.layers[0], padded, torch.tensor([len(s) for s in x])))  # (B, T, C)
    return [row[: len(s)] for row, s in zip(z, x)]


def sectors(moves, count=8):
    """Numbers (T,) from 0 to count - 1 of the equal sectors, the first centred on the first axis, of moves (T, 2)."""
    angle = np.arctan2(moves[:, 1], moves[:, 0])
    return np.round(angle * count / (2 * math.pi)).astype(np.int64) % count


def _directions(x, count):
    """Of each stroke: its points but the last, the sector of the move after each, that of the move before it."""
    found = [sectors(np.diff(s, axis=0), count) for s in x]
    return [s[:-1] for s in x], found, [np.r_[k[0], k[:-1]] for k in found]


def _next_frames(x):
    """Of each sequence: its frames but the last, the frame after each, and each itself."""
    return [s[:-1] for s in x], [s[1:] for s in x], [s[:-1] for s in x]


def _scores(said, y):
    """A score for each sequence whose mean is, for whole numbers, the mean share of right ones, and else R^2: one minus
    the squared error in units of the mean over the sequences of the sum of squares about the frames' mean; 0 where
    nothing varies."""
    if y[0].dtype.kind == "i":
        return [float((a == b).mean()) for a, b in zip(said, y)]
    mean = np.concatenate(y).mean(axis=0, dtype=np.float64)
    total = np.mean([((b - mean) ** 2).sum() for b in y])
    if total == 0:
        return [0.0] * len(y)
    return [float(1 - ((a - b) ** 2).sum(dtype=np.float64) / total) for a, b in zip(said, y)]


def scores(results, what):
    """Scores of each seed and test sequence (S, N) from results of `EachFrame`; what: "scores" or "baseline"."""
    return np.array([r[what] for r in results])


@dataclass(frozen=True)
class Drawing(Experiment):
    """One to many: an LSTM that begins in a state of its class and is fed its own output draws a stroke.

    Trained to say each next move of the training strokes, as the mean and deviation of a normal distribution (Graves
    2013, with one component). judge: the Trial that then reads `each` drawings of every class. Settings as EachFrame's.
    """

    CODE = (features, recurrent, kernels, training, minibatch)
    judge: Trial
    each: int = 10
    hidden: int = 64
    learning_rate: float = 0.01
    batch: int = 32
    epochs: int = 40

    def measure(self, dataset):
        """The classes asked for, as labels, and those that the judge read; the first drawing of each class."""
        C = len(dataset.classes)
        asked = np.repeat(np.arange(C), self.each)
        with minibatch.alone(self.seed):
            judge, _, prepared = trials.fitted(replace(self.judge, seed=self.seed), dataset)
            torch.manual_seed(self.seed)
            model = Drawer(C, self.hidden, self.seed)
            moves = torch.from_numpy(np.diff(prepared.train.x, axis=1, prepend=np.float32(0)))  # (N, T, 2)
            y = torch.from_numpy(prepared.train.y)
            minibatch.fit(model, lambda rows: model.loss(moves[rows], y[rows]), len(y), self.epochs, self.batch,
                        self.learning_rate, self.seed)
            drawn = list(model.draw(torch.from_numpy(asked), moves.shape[1]).numpy())  # each (T, 2)
        read = training.make_engine(judge).logits(drawn).argmax(axis=1)
        return {"labels": asked.tolist(), "predictions": read.tolist(),
                "drawings": [drawn[i].tolist() for i in range(0, len(drawn), self.each)],
                "means": [np.mean([x for x, label in zip(prepared.train.x, prepared.train.y) if label == c],
                                  axis=0).tolist() for c in range(C)]}


class Drawer(nn.Module):
    """Moves of the pen after a class: h_0 and c_0 are a row for each class, the inputs are the model's own outputs."""

    def __init__(self, classes, n, seed):
        super().__init__()
        self.start = nn.Embedding(classes, 2 * n)  # the one-hot label times a matrix: h_0 and c_0
        self.body = SequenceClassifier(2, (n,), 4, "lstm", seed=seed)  # mean and log deviation in x and in y

    def forward(self, moves, state):
        """Mean and deviation, each (B, T, 2), of the move after each of moves (B, T, 2), and the state after them."""
        h, state = self.body.layers[0](moves, state)
        mean, log_deviation = self.body.head(h).chunk(2, dim=-1)
        return mean, log_deviation.clamp(-5, 2).exp(), state

    def begin(self, y):
        """State (1, B, n), (1, B, n) of classes y (B,)."""
        return tuple(part.contiguous()[None] for part in self.start(y).tanh().chunk(2, dim=-1))

    def loss(self, moves, y):
        """Mean negative log likelihood of moves (B, T, 2), each said from the ones before it."""
        mean, deviation, _ = self(F.pad(moves[:, :-1], (0, 0, 1, 0)), self.begin(y))
        return -torch.distributions.Normal(mean, deviation).log_prob(moves).mean()

    @torch.no_grad()
    def draw(self, y, points):
        """A stroke (T, 2) for each class of y (B,), every move drawn from its distribution."""
        move, state, moves = torch.zeros(len(y), 1, 2), self.begin(y), []
        for _ in range(points):
            mean, deviation, state = self(move, state)
            move = mean + deviation * torch.randn_like(mean)
            moves.append(move)
        return torch.cat(moves, dim=1).cumsum(dim=1)  # (B, T, 2)


def kinds(found, datasets):
    """Result of the four kinds of network at a task each, beside a baseline of it.

    found: data set -> kind -> results: "one to one" of `OneFrame`, "many to one" of the same network that reads all
    frames, "many to many" of `EachFrame`, and on handwriting "one to many" of `Drawing`.
    """
    rows = {}
    for name, runs in found.items():
        alone, every = statistics.hits(runs["one to one"]), statistics.hits(runs["many to one"])
        each = runs["many to many"]
        majority, task = statistics.majority_rate(datasets[name].test), TASKS[each[0]["trial"]["target"]]
        rows[name, "one to one"] = _row("LSTM, middle frame", "class, accuracy", alone, "majority rate", majority)
        rows[name, "many to one"] = _row("LSTM, all frames", "class, accuracy", every, "one to one", alone)
        rows[name, "many to many"] = _row("LSTM, every frame", task, scores(each, "scores"), "repeat the last",
                                          scores(each, "baseline"))
        if "one to many" in runs:
            read, chance = statistics.hits(runs["one to many"]), 1 / len(datasets[name].classes)
            rows[name, "one to many"] = _row("LSTM, own output", "read as asked", read, "chance", chance)
    heads = {"value": "Value [95 %]", "baseline_value": "Its value", "verdict": "Beside its baseline"}
    result = Result(("dataset", "kind"), rows, heads=heads, titles=TITLES)
    if "handwriting" in found and ("handwriting", "one to many") not in rows:
        result.leave_out(("handwriting", "one to many"), "only paths of two coordinates are drawn")
    return result


def _row(model, measure, values, baseline, base):
    """values: (S, N) of seeds and sequences; base: those of the baseline as well, or one number."""
    gain = statistics.estimate(values - base, statistics.Difference)
    value = statistics.estimate(values, bounds=None if measure.endswith("R²") else intervals.ACCURACY)
    return {"model": model, "measure": measure, "value": value, "baseline": baseline,
            "baseline_value": float(np.mean(base)), "gain": gain, "verdict": gain.word}


def sentences(result):
    """What all frames tell of the class that the middle one does not, a sentence for each data set of `kinds`."""
    return [f"{result.titles[name]}: fed with all frames, an LSTM names the class with an accuracy "
            f"{row['gain'].verdict} that from the middle frame alone ({row['gain']})."
            for (name, kind), row in result.rows.items() if kind == "many to one"]
