"""The activation function of the recurrence: what tanh, ReLU and sigmoid do to the states and to the gradients."""

import copy
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence

from sequtils import statistics
from sequtils.data import features
from sequtils.engine import minibatch
from sequtils.measures import TITLES, slopes
from sequtils.models import SequenceClassifier, recurrent
from sequtils.results import Result
from sequtils.trials import Experiment

ACTIVATIONS = {"tanh": torch.tanh, "relu": torch.relu, "sigmoid": torch.sigmoid}
NONE = "no gradient"  # in the place of a slope, where no sequence has one


@dataclass(frozen=True)
class Activation(Experiment):
    """A plain recurrent network with one of ACTIVATIONS: how large its states and the gradients by them are along real
    sequences, before and after training by Adam, and what it then gets right."""

    CODE = (features, recurrent, minibatch, slopes)
    dataset: str
    activation: str
    features: tuple
    hidden: int = 32
    learning_rate: float = 0.005
    batch: int = 64
    epochs: int = 20

    def measure(self, dataset):
        """For "untrained" and "trained" the `flow` through the test sequences; labels, predictions, accuracies."""
        prepared = features.prepare(dataset, self.features)
        x, y, f = prepared.train.x, torch.from_numpy(prepared.train.y), ACTIVATIONS[self.activation]
        with minibatch.alone(self.seed):
            model = SequenceClassifier(x[0].shape[1], (self.hidden,), len(dataset.classes), "rnn", seed=self.seed)
            untrained = flow(model, f, prepared.test)
            loss = lambda rows: F.cross_entropy(classify(model, f, [x[i] for i in rows])[0], y[rows])
            minibatch.fit(model, loss, len(x), self.epochs, self.batch, self.learning_rate, self.seed)
            found = {"untrained": untrained, "trained": flow(model, f, prepared.test)}
            with torch.no_grad():
                logits = lambda sequences: classify(model, f, sequences)[0].numpy()
                return {**found, **minibatch.outcome(logits, prepared)}


def unroll(model, x, activation):
    """States h_1 to h_T, each (B, n), of a SequenceClassifier's plain recurrent layer with another activation:
    h_t = f(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh) over a batch x (B, T, D) (Elman 1990)."""
    cell = model.layers[0]
    inputs = F.linear(x, cell.weight_ih_l0, cell.bias_ih_l0 + cell.bias_hh_l0)  # (B, T, n)
    h, found = x.new_zeros(len(x), cell.hidden_size), []
    for a in inputs.unbind(dim=1):
        h = activation(a + h @ cell.weight_hh_l0.T)
        found.append(h)
    return found


def classify(model, activation, x):
    """Logits (B, C) after the last frame of each sequence (T, D) of a list, and all states, see `unroll`."""
    dtype = model.head.weight.dtype
    h = unroll(model, pad_sequence([torch.as_tensor(s, dtype=dtype) for s in x], batch_first=True), activation)
    last = torch.stack(h)[[len(s) - 1 for s in x], range(len(x))]  # (B, n)
    return model.head(last), h


def flow(model, activation, part):
    """Norms of the states and of the loss's gradients by them, along the sequences of a part, in float64.

    states, gradients: their geometric means over the sequences, where not 0, at each distance T - t from the last
    frame; slopes: for each sequence that of the straight line through log ||dL/dh_t|| against T - t, by least squares,
    None where fewer than two gradients are not 0; lost: share of the sequences whose first state has gradient 0.
    """
    model = copy.deepcopy(model).double()
    z, h = classify(model, activation, part.x)
    for state in h:
        state.retain_grad()
    F.cross_entropy(z, torch.from_numpy(part.y), reduction="sum").backward()
    sizes = [torch.stack([norms(s) for s in h], dim=1).detach().numpy() for norms in (
        lambda s: s.norm(dim=1), lambda s: s.grad.norm(dim=1))]  # each (N, T)
    state, gradient = ([row[: len(s)][::-1] for row, s in zip(size, part.x)] for size in sizes)
    return {"states": _geometric_means(state), "gradients": _geometric_means(gradient),
            "slopes": [log_slope(g) for g in gradient], "lost": float(np.mean([g[-1] == 0 for g in gradient]))}


def log_slope(g):
    """Slope of log g (T,) against 0, 1, ..., T - 1, by least squares over those that are not 0; None for fewer than
    two of them."""
    d = np.flatnonzero(g)
    return slopes.slope(d, np.log(g[d]))


def _geometric_means(rows):
    """At each place the geometric mean over the rows that reach it with something else than 0, None where none does."""
    at = [np.array([row[d] for row in rows if len(row) > d and row[d] > 0]) for d in range(max(map(len, rows)))]
    return [float(np.exp(np.log(values).mean())) if len(values) else None for values in at]


def growth(results, when):
    """The mean slope over seeds and test sequences from results of `Activation`, "untrained" or "trained", as a Growth;
    sequences without a slope for every seed are left out, and NONE is returned where none is left."""
    return _mean(_slopes(results, when), slopes.Growth)


def steeper(results, others):
    """By how much the gradient of a trained network is steeper than another's, up or down: |slope| less |slope|, each
    seed and test sequence by its own difference; the rest as in `growth`."""
    S = min(len(results), len(others))
    found = [np.abs(_slopes(runs[:S], "trained")) for runs in (results, others)]
    return _mean(found[0] - found[1], statistics.Difference)


def _slopes(results, when):
    return np.array([r[when]["slopes"] for r in results], np.float64)  # (S, N)


def _mean(values, kind):
    values = values[:, ~np.isnan(values).any(axis=0)]
    return statistics.estimate(values, kind) if values.size else NONE


def compare(found):
    """Result of the three functions, from data set -> activation -> results of `Activation`.

    untrained, slope: `growth` before and after training. gradient: the latter in words. state: norm of the state after
    the last frame, its geometric mean over the test sequences, None where a seed's are all 0. gain: the paired
    difference in test accuracy to tanh; steeper: that in the steepness of the gradient.
    """
    rows = {}
    for name, by_function in found.items():
        for f, results in by_function.items():
            trained = growth(results, "trained")
            beside = None if f == "tanh" else by_function["tanh"]
            sizes = [r["trained"]["states"][0] for r in results]
            rows[name, f] = {"untrained": growth(results, "untrained"), "slope": trained,
                             "gradient": "is lost" if trained == NONE else trained.verdict,
                             "state": None if None in sizes else statistics.spread(sizes),
                             "steeper": beside and steeper(results, beside), "test": statistics.test_accuracy(results),
                             "gain": beside and statistics.difference(results, beside),
                             "epochs": results[0]["trial"]["epochs"]}
    heads = {"untrained": "Slope untrained", "slope": "Slope trained", "steeper": "Steeper than tanh",
             "gain": "Minus tanh"}
    return Result(("dataset", "activation"), rows, heads=heads, titles=TITLES)


def sentences(result):
    """What becomes of the gradient with each function of `compare`, and the test accuracy beside tanh's."""
    told = []
    for (name, f), row in result.rows.items():
        beside = f"; the test accuracy is {row['gain'].verdict} that with tanh ({row['gain']})" if row["gain"] else ""
        told.append(f"{result.titles[name]}: with {f} the gradient {row['gradient']} ({row['slope']}){beside}.")
    return told
