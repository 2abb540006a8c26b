"""Recall: how much of the past a linear readout finds in the state of a recurrent network."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch.nn.utils.rnn import pad_sequence

from sequtils import statistics, trials
from sequtils.data import features
from sequtils.engine import kernels, minibatch, recurrence, training
from sequtils.measures import TITLES
from sequtils.models import SequenceClassifier, recurrent
from sequtils.results import Result
from sequtils.trials import Experiment, Trial


@dataclass(frozen=True)
class Memory(Experiment):
    """How well each frame x_{t-k} can be read from the state h_t of a Trial's network, before and after training.

    lags: the k. The result has for "untrained", "trained" and "frame" (a readout of x_t itself, which remembers
    nothing) the R^2 of each lag; what the trained network did on the test set; and the states of one test sequence.
    """

    CODE = (features, recurrent, kernels, recurrence, training, minibatch)
    trial: Trial
    lags: tuple

    def cost(self, dataset):
        """That of the training."""
        return self.trial.cost(dataset)

    def measure(self, dataset):
        """See the class."""
        trial = replace(self.trial, seed=self.seed)
        with minibatch.alone(self.seed):
            trained, _, prepared = trials.fitted(trial, dataset)
            untrained = SequenceClassifier(trained.inputs, trial.hidden, trained.classes, trial.cell, 0.0, trial.init,
                                           self.seed)
            train, test = prepared.train.x, prepared.test.x
            found = {name: probe(states(model, train), train, states(model, test), test, self.lags)
                     for name, model in (("untrained", untrained), ("trained", trained))}
            found["frame"] = probe(train, train, test, test, self.lags)
            found["example"] = states(trained, test[:1])[0].tolist()
        return {**found, **minibatch.outcome(training.make_engine(trained).logits, prepared)}


@torch.no_grad()
def states(model, x):
    """States of the last layer, a float32 array (T, n) for each sequence (T, D) of a list."""
    h = pad_sequence([torch.from_numpy(s) for s in x], batch_first=True)  # (N, T, D)
    for layer in model.layers:
        h = recurrence.states(layer, h)  # (N, T, n)
    return [s[: len(frames)].numpy() for s, frames in zip(h, x)]


def probe(train_h, train_x, test_h, test_x, lags, alpha=1.0):
    """For each lag k the share of the variance of x_{t-k} in the test sequences that a ridge regression (Hoerl and
    Kennard 1970) on h_t explains: R^2, over all features together; fitted on the training sequences, each unit scaled
    to deviation 1. Short-term memory as Jaeger (2001) measures it. The first four are lists of arrays (T, .).

    None where no sequence is longer than the lag, or nothing varies.
    """
    return [_probe(_shifted(train_h, train_x, k), _shifted(test_h, test_x, k), alpha) for k in lags]


def _probe(train, test, alpha):
    (H, X), (G, Y) = train, test  # (R, n), (R, D): one row for each frame that has one `lag` frames before it
    total = (Y - Y.mean(0)).square().sum() if len(Y) else 0
    if not len(X) or total == 0:
        return None
    h, x, scale = H.mean(0), X.mean(0), H.std(0, correction=0)
    scale[scale == 0] = 1
    H, G = (H - h) / scale, (G - h) / scale
    W = torch.linalg.solve(H.T @ H + alpha * torch.eye(H.shape[1], dtype=H.dtype), H.T @ (X - x))  # (n, D)
    return float(1 - (Y - x - G @ W).square().sum() / total)


def _shifted(h, x, lag):
    """Rows h_t and x_{t-lag} of all sequences, float64."""
    rows = [s[lag:] for s in h], [s[: max(0, len(s) - lag)] for s in x]
    return tuple(torch.from_numpy(np.concatenate(part)).double() for part in rows)


def recalled(results, what):
    """R^2 of each lag for every seed (S, K) from results of `Memory`; what: "untrained", "trained" or "frame". NaN
    where no sequence is longer than the lag."""
    return np.array([r[what] for r in results], np.float64)


def recall(found, datasets, lags, threshold):
    """Result of what a linear readout tells of the past: from the states of each network, and from the frame alone.

    found: data set -> cell -> results of `Memory`; datasets: name -> Dataset. width: how many numbers the readout is
    given. near, far: R^2 at the least lag but 0 and at the greatest for which
    sequences are long enough, means over the seeds, with the least and the greatest, or None where nothing varies.
    reach: the greatest lag whose mean R^2 is above the threshold, or "none".
    """
    rows = {}
    for name, by_cell in found.items():
        frame, features = recalled(by_cell["rnn"], "frame"), datasets[name].train.x[0].shape[1]
        rows[name, "frame", "alone"] = {"width": features, **_row(frame, lags, threshold)}
        for cell, results in by_cell.items():
            for when in ("untrained", "trained"):
                units = results[0]["trial"]["trial"]["hidden"][-1]
                rows[name, cell, when] = {"width": units, **_row(recalled(results, when), lags, threshold)}
    heads = {"cell": "Read from", "when": "Network", "width": "Numbers", "near_lag": "Lag", "near": "R² [range]",
             "far_lag": "Far lag", "far": "R² there [range]", "reach": f"Above {threshold:g} up to lag"}
    return Result(("dataset", "cell", "when"), rows, heads=heads, titles=TITLES)


def _row(curves, lags, threshold):
    known = [i for i, r2 in enumerate(curves[0]) if lags[i] and not np.isnan(r2)]
    above = [k for k, r2 in zip(lags, curves.mean(axis=0)) if r2 > threshold]
    if not known:
        return {**dict.fromkeys(("near_lag", "near", "far_lag", "far")), "reach": "none"}
    return {"near_lag": lags[known[0]], "near": statistics.spread(curves[:, known[0]]), "far_lag": lags[known[-1]],
            "far": statistics.spread(curves[:, known[-1]]), "reach": max(above, default="none")}


def sentences(result):
    """How far back the trained networks remember, a sentence for each data set of `recall`."""
    return [f"{result.titles[name]}: the longest lag at which the state of a trained network still tells the frame is "
            f"{result[name, 'rnn', 'trained', 'reach']} for the RNN and {result[name, 'lstm', 'trained', 'reach']} for "
            f"the LSTM, for a readout of the frame alone {result[name, 'frame', 'alone', 'reach']}."
            for name in dict.fromkeys(row[0] for row in result.rows)]
