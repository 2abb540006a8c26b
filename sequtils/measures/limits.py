"""What is said against the LSTM, as variants of a training, and what each gains. Memory and time: `resources`."""

from dataclasses import replace

import numpy as np

from sequtils import statistics
from sequtils.data import LAYOUTS
from sequtils.models import modern
from sequtils.results import Result

NAMES = {"rnn": "RNN", "lstm": "LSTM", "gru": "GRU", "bilstm": "bidirectional LSTM", "attention": "LSTM with attention",
         "mingru": "minGRU", "transformer": "transformer"}
POOLINGS = {"last": "last state", "mean": "mean", "max": "maximum", "attention": "attention"}
AFTER = {"rnn": {"model": "rnn"}, "lstm": {}, "gru": {"model": "gru"}, "bilstm": {"model": "bilstm"},
         "attention": {"pooling": "attention"}, "mingru": {"model": "mingru", "pooling": "mean"},
         "transformer": {"model": "transformer", "pooling": "mean"}}
NEWER = ("gru", "bilstm", "attention", "mingru", "transformer")
REGULARISED = {"none": {}, "layernorm": {"norm": "layer"}, "batchnorm": {"norm": "batch"},
               **{f"dropout-{kind}": {"dropout": kind} for kind in modern.DROPOUTS[1:]}}
TITLES = {"layernorm": "layer norm", "batchnorm": "batch norm", "dropout-input": "dropout, frames",
          "dropout-output": "dropout, states", "dropout-recurrent": "dropout, recurrence"}
GATES = {"open": 1.0, "half": 0.0}  # how the LSTM's forget gate begins -> its bias
MARGIN = 0.01  # of the accuracy on folds: less is no gain
SETS = {name: layout.title for name, layout in LAYOUTS.items()}


# ---- Variants of a training, and the choice among them ---------------------------------------------------------------


def variants(base, changes, **fields):
    """label -> the BatchTrial `base` with the fields of that label changed, and `fields` for all."""
    return {label: replace(base, **{**fields, **change}) for label, change in changes.items()}


def poolings(base, widths):
    """(pooling, width) -> a BatchTrial for every pooling of every width."""
    return {(p, n): replace(base, pooling=p, width=n) for p in POOLINGS for n in widths}


def clippings(base, bound):
    """(cell, gate, norm) -> a BatchTrial. The forget gate begins as one of GATES, or is "none", as in an RNN; the
    gradient is "free", or "clipped" to a norm of `bound`."""
    gates = {("lstm", gate): bias for gate, bias in GATES.items()} | {("rnn", "none"): 0.0}
    return {(cell, gate, norm): replace(base, model=cell, forget_bias=bias, clip=clip)
            for (cell, gate), bias in gates.items() for norm, clip in (("free", 0.0), ("clipped", bound))}


def longer(base, epochs, folds, held_out):
    """(number of epochs, k) -> the BatchTrial `base` of so many epochs without the k-th of `folds` parts of the
    training data, for the first `held_out` parts."""
    return {(n, k): replace(base, max_epochs=n, fold=k, folds=folds) for n in sorted(epochs) for k in range(held_out)}


def enough(found):
    """Result of the accuracy on held-out folds by the number of epochs, a row a network and number; "chosen" names the
    fewest that come within MARGIN of the best: what more epochs gain, if anything, is less.

    found: label -> results of `longer`.
    """
    told = Result(("network", "epochs"), {}, {"epochs": "g"}, {"folds": "Folds"}, {**SETS, "full": "Full length"})
    for label, results in found.items():
        held_out = {}
        for (n, _), runs in results.items():
            held_out.setdefault(n, []).extend(runs)
        for n, runs in held_out.items():
            told.add((label, n), {"folds": statistics.cross_validated(runs)})
        means = {n: row["folds"].mean for n, row in told.within(label).items()}
        told.alias("chosen", (label, next(n for n, mean in means.items() if mean >= max(means.values()) - MARGIN)))
    return told


def fold_trials(bases, rates, folds, held_out):
    """(label, learning rate, k) -> the BatchTrial of a label without the k-th of `folds` parts of the training data,
    for the first `held_out` parts."""
    return {(label, rate, k): replace(base, learning_rate=rate, fold=k, folds=folds)
            for label, base in bases.items() for rate in rates for k in range(held_out)}


def choose(results):
    """label -> {"network": its name, "rate": the learning rate that the held-out folds choose, of equals the first,
    "folds": the mean accuracy on them}, from the results of `fold_trials`."""
    held_out, chosen = {}, {}
    for (label, rate, _), runs in results.items():
        held_out.setdefault((label, rate), []).extend(runs)
    for (label, rate), runs in held_out.items():
        mean = statistics.cross_validated(runs).mean
        if label not in chosen or mean > chosen[label]["folds"]:
            chosen[label] = {"network": NAMES[label], "rate": rate, "folds": mean}
    return chosen


# ---- Results of trainings --------------------------------------------------------------------------------------------


def bottleneck(runs):
    """Result of `poolings`, a row a (data set, pooling, width): test accuracy, its gain over the last state of the same
    width, and of attention that over the mean, in which all states weigh the same. "narrow" and "wide" name the least
    and the greatest width.

    runs: (data set, (pooling, width)) -> results."""
    found = Result(("dataset", "pooling", "units"), {}, heads={"beyond_mean": "Gain over the mean"},
                   titles={**SETS, **POOLINGS})
    widths = [n for _, (_, n) in runs]
    for (name, (pooling, n)), results in runs.items():
        gain = None if pooling == "last" else statistics.difference(results, runs[name, ("last", n)])
        beyond = statistics.difference(results, runs[name, ("mean", n)]) if pooling == "attention" else None
        found.add((name, pooling, n), {"test": statistics.test_accuracy(results), "gain": gain, "beyond_mean": beyond})
        found.alias("narrow", (name, pooling, min(widths)))
        found.alias("wide", (name, pooling, max(widths)))
    return found


def gradients(trained):
    """Result of `clippings`, a row a (cell, gate, norm): test accuracy; "ratio", the greatest norm of a gradient by the
    median one; the gains "by_clipping", over the same network with its gradient free, and "by_opening", over the same
    with its forget gate half open. trained: row -> results."""
    gain = lambda row, other: None if row == other else statistics.difference(trained[row], trained[other])
    rows = {}
    for cell, gate, norm in trained:
        row, shut = (cell, gate, norm), (cell, "half" if gate == "open" else gate, norm)
        rows[row] = {"test": statistics.test_accuracy(trained[row]), "ratio": gradient_ratio(trained[row]),
                     "by_clipping": gain(row, (cell, gate, "free")), "by_opening": gain(row, shut)}
    heads = {"gate": "Forget gate", "norm": "Gradient", "ratio": "Greatest norm by median",
             "by_clipping": "Gain by clipping", "by_opening": "Gain by opening"}
    return Result(("cell", "gate", "norm"), rows, {"ratio": ".1f"}, heads, NAMES)


def gradient_ratio(results):
    """Estimate over seeds of the greatest norm of a gradient in training by the median of the epochs' medians."""
    def ratio(history):
        largest, medians = ([v for v in history[k] if v is not None] for k in ("gradient_max", "gradient_median"))
        return max(largest) / float(np.median(medians))

    return statistics.spread([ratio(r["history"]) for r in results])


def attention(runs):
    """Result of what attention weights do, a row a data set: their "entropy"; the weight of the "last_quarter" of the
    frames; how far that is "beyond" a quarter. runs: data set -> results, see `batch_trial.attention`."""
    rows = {}
    for name, results in runs.items():
        entropy, late = (np.array([r["attention"][key] for r in results]) for key in ("entropy", "last_quarter"))
        rows[name] = {"entropy": statistics.estimate(entropy), "last_quarter": statistics.estimate(late),  # of (S, N)
                      "beyond": statistics.estimate(late - 0.25, statistics.Difference)}
    heads = {"entropy": "Entropy [95 %]", "last_quarter": "Last quarter [95 %]", "beyond": "Beyond a quarter [95 %]"}
    return Result("dataset", rows, heads=heads, titles=SETS)


def tally(pooled, regularised, after):
    """Result of how many gains are higher and how many lower, a row a (data set, remedy).

    pooled: see `bottleneck`; of it count the least and the greatest width. regularised, after: Results by data set and
    label with a "gain", of the labels of REGULARISED and AFTER; of the latter count the NEWER ones.
    """
    found = Result(("dataset", "remedy"), {}, titles=SETS)
    for name in dict.fromkeys(row[0] for row in pooled.rows):
        gains = {"pooling": [pooled[name, p, n, "gain"] for p in POOLINGS for n in ("narrow", "wide") if p != "last"],
                 "regularisation": [regularised[name, label, "gain"] for label in TITLES],
                 "newer networks": [after[name, label, "gain"] for label in NEWER]}
        for remedy, of in gains.items():
            found.add((name, remedy), statistics.tally(of))
    return found
