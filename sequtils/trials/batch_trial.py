"""Training of the networks of `modern`: Adam on mini-batches of padded sequences, for a fixed number of epochs."""

from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from sequtils.data import features
from sequtils.engine import kernels, minibatch, recurrence
from sequtils.models import encoders, modern, poolings
from sequtils.trials.trial import Experiment, fold

POOL = 8  # batches of sequences that are sorted by length together: the fewer frames of padding, the less chance
LAST = {}  # what was prepared last: many trials in a row share it


@dataclass(frozen=True)
class BatchTrial(Experiment):
    """One training of a network of `modern`, as a record that JSON can hold; nothing is stopped early.

    model, width, pooling, norm, dropout, rate, forget_bias: see `modern.Classifier`. features: the recipe, see
    `features.prepare`. learning_rate: of Adam (Kingma and Ba 2015), falling to 0 in equal steps. clip: upper bound of
    the gradient's norm, 0 for none. fold, folds: see `Trial`.
    """

    CODE = (encoders, features, kernels, minibatch, modern, poolings, recurrence)
    dataset: str
    model: str = "lstm"
    width: int = 32
    pooling: str = "last"
    features: tuple = ("standardise",)
    norm: str = "none"
    dropout: str = "none"
    rate: float = 0.0
    forget_bias: float = 1.0
    learning_rate: float = 0.01
    batch: int = 32
    max_epochs: int = 30
    clip: float = 1.0
    fold: int | None = None
    folds: int = 5

    def __post_init__(self):
        object.__setattr__(self, "features", tuple(self.features))

    def cost(self, dataset):
        """Steps of the optimiser, dearer for networks that take a batch frame by frame."""
        slow = 3 if self.norm != "none" or self.dropout == "recurrent" or self.model in ("gru", "bigru") else 1
        return slow * self.max_epochs * len(dataset.train) / self.batch * (1 if self.fold is None else 0.5)

    def measure(self, dataset):
        """True and predicted classes of every test sequence, the accuracies after the last epoch, the history, the
        number of parameters and, where the network pools by attention, what its weights do (`attention`)."""
        with minibatch.one_order():
            model, history, prepared = fitted(self, dataset)
            predictions = predict(model, prepared.test.x)
            measured = {
                "history": {**{k: _finite(v) for k, v in asdict(history).items()}, "reason": "max_epochs",
                            "stop_epoch": self.max_epochs},
                "train_accuracy": float((predict(model, prepared.train.x) == prepared.train.y).mean()),
                "test_accuracy": float((predictions == prepared.test.y).mean()),
                "labels": prepared.test.y.tolist(),
                "predictions": predictions.tolist(),
                "parameters": sum(p.numel() for p in model.parameters()),
            }
            return {**measured, "attention": attention(model, prepared.test) if self.pooling == "attention" else None}


@dataclass
class History:
    """A value an epoch in each list: the mean loss of its batches, and the median and the greatest norm of their
    gradients, before they were clipped."""

    loss: list
    gradient_median: list
    gradient_max: list


def fitted(trial, dataset):
    """The trained Classifier of a BatchTrial, its History, and the Dataset as it was prepared for it."""
    prepared = prepare(trial, dataset)
    longest, inputs = max(map(len, prepared.train.x)), prepared.train.x[0].shape[1]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(trial.seed)
        model = modern.Classifier(inputs, trial.width, len(dataset.classes), trial.model, trial.pooling, trial.norm,
                                  trial.dropout, trial.rate, trial.forget_bias, longest, recurrence.states)
        history = fit(model, prepared.train, learning_rate=trial.learning_rate, batch=trial.batch, clip=trial.clip,
                      max_epochs=trial.max_epochs, seed=trial.seed)
    return model.eval(), history, prepared


def prepare(trial, dataset):
    """The Dataset, or a fold of it, as a BatchTrial wants it."""
    key = (dataset.fingerprint, trial.fold, trial.folds, trial.features)
    if key not in LAST:
        LAST.clear()
        LAST[key] = features.prepare(fold(dataset, trial.fold, trial.folds), trial.features)
    return LAST[key]


def fit(model, train, *, learning_rate, batch, clip, max_epochs, seed):
    """Train a Classifier in place on `train` (x: list of float32 (T, D), y: int64 (N,)); return its History."""
    optimiser, rng = torch.optim.Adam(model.parameters(), fused=True), np.random.default_rng([seed, 1])
    history, steps = History([], [], []), 0
    for _ in range(max_epochs):
        losses, norms = [], []
        chosen = batches(train.x, batch, rng)
        for rows in chosen:
            optimiser.param_groups[0]["lr"] = learning_rate * (1 - steps / (max_epochs * len(chosen)))
            loss = F.cross_entropy(model(*padded([train.x[r] for r in rows])), torch.from_numpy(train.y[rows]))
            loss, norm = minibatch.update(model, optimiser, loss, clip)
            losses.append(loss)
            norms.append(norm)
            steps += 1
        history.loss.append(float(np.mean(losses)))
        history.gradient_median.append(float(np.median(norms)))
        history.gradient_max.append(float(np.max(norms)))
    return history


def batches(x, size, rng):
    """Rows of the sequences x in random batches of up to `size`, each of sequences of about the same length."""
    order = rng.permutation(len(x))
    pools = [order[k : k + POOL * size] for k in range(0, len(x), POOL * size)]
    ordered = [pool[np.argsort([len(x[r]) for r in pool], kind="stable")] for pool in pools]
    chosen = [pool[k : k + size] for pool in ordered for k in range(0, len(pool), size)]
    return [chosen[k] for k in rng.permutation(len(chosen))]


def padded(x):
    """Sequences (T, D) as one tensor (B, longest T, D), zeros behind their ends, and their lengths (B,)."""
    tensors = [torch.from_numpy(s) for s in x]
    return nn.utils.rnn.pad_sequence(tensors, batch_first=True), torch.tensor([len(s) for s in x])


@torch.no_grad()
def predict(model, x):
    """Predicted classes (N,) of a list of sequences."""
    return _by_length(lambda *batch: model(*batch).argmax(1), x)


def _by_length(call, x, size=256):
    """call(x, lengths) of every sequence, an array (N, ...), in batches of sequences of about the same length."""
    order = np.argsort([len(s) for s in x], kind="stable")
    parts = [call(*padded([x[r] for r in order[k : k + size]])) for k in range(0, len(x), size)]
    return torch.cat(parts).numpy()[np.argsort(order)]


@torch.no_grad()
def attention(model, part):
    """What the attention weights alpha (T,) of a Classifier do on a part of a data set.

    entropy: of each sequence, -sum alpha log alpha / log T, 1 where all frames weigh the same. last_quarter: the weight
    of the frames behind 3 T / 4. examples: alpha of the first sequence of each class.
    """

    def told(x, lengths):
        alpha = model.weights(x, lengths).double()  # (B, T)
        late = 4 * torch.arange(x.shape[1]) >= 3 * lengths[:, None]
        entropy = -torch.xlogy(alpha, alpha).sum(1) / lengths.clamp(min=2).log()
        return torch.stack([entropy, (alpha * late).sum(1)], 1)

    entropy, late = _by_length(told, part.x).T.tolist()
    first = [int(np.flatnonzero(part.y == label)[0]) for label in np.unique(part.y)]
    examples = {str(row): model.weights(*padded([part.x[row]]))[0].tolist() for row in first}
    return {"entropy": entropy, "last_quarter": late, "examples": examples}


def _finite(values):
    """A list with None for what is not finite: JSON has no word for it."""
    return [v if np.isfinite(v) else None for v in values]
