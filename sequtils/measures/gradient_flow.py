"""How far back a recurrent network depends on its past: gradients and gates over sequences, before and after training.

Also the means over seeds and sequences, their table, and the words for them.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sequtils import models, statistics, trials
from sequtils.engine import training
from sequtils.measures import jacobians

IN_WORDS = {"vanishes": "vanishes", "explodes": "explodes", "neither": "neither vanishes nor explodes"}
FITTED = 0.95  # a training accuracy above this says that a network fits its training data
NBSP = "\u00a0"  # keeps a number and its interval on one line


def half(rate):
    """The lag in frames at which exp(rate lag) has fallen to one half; None where it does not fall."""
    return float(np.log(0.5) / rate) if rate < 0 else None


def verdict(low, high):
    """What a gradient does, by the interval of its rate: "vanishes" below zero, "explodes" above, else "neither"."""
    return "vanishes" if high < 0 else "explodes" if low > 0 else "neither"


@dataclass(frozen=True)
class GradientFlow(trials.Trial):
    """A Trial of one layer that looks, before and after training, at the Jacobians and gates over test sequences.

    sequences: how many, evenly spaced over the test set. examples: of how many classes one sequence's gates are kept.
    """

    CODE = (jacobians,)
    sequences: int = 40
    examples: int = 3

    def measure(self, dataset):
        """What `look` sees "before" and "after" training, the gates of some examples, and the accuracies."""
        model, history, prepared = trials.fitted(self, dataset)
        untrained = models.SequenceClassifier(model.inputs, self.hidden, model.classes, self.cell, init=self.init,
                                              seed=self.seed)
        test, engine = prepared.test, training.make_engine(model)
        chosen = np.unique(np.linspace(0, len(test) - 1, self.sequences).astype(int))
        seen = {when: look(jacobians.weights(m), [test.x[k] for k in chosen])
                for when, m in (("before", untrained), ("after", model))}
        predictions = engine.logits(test.x).argmax(axis=1)
        return {**seen, "examples": _examples(jacobians.weights(model), test, predictions == test.y, self.examples),
                "train_accuracy": engine.evaluate(prepared.train)[1], "stop_epoch": history.stop_epoch,
                "labels": test.y.tolist(), "predictions": predictions.tolist()}


def look(w, x):
    """What is seen of a layer on a list of sequences: the logarithms of the norms and their rate for each; of the RNN
    the largest singular value and the spectral radius of U; of the LSTM the forget gate of each unit, its mean over
    the frames of each sequence (n,)."""
    logs = [jacobians.log_norms(jacobians.jacobians(w, s)) for s in x]
    found = {"log_norms": [v.tolist() for v in logs], "rates": [jacobians.rate(v) for v in logs]}
    if w.cell == "rnn":
        return found | {"singular": float(np.linalg.norm(w.U, 2)), "radius": float(abs(np.linalg.eigvals(w.U)).max())}
    return found | {"forget": [jacobians.states(w, s)["f"].mean(axis=0).tolist() for s in x]}


def _examples(w, test, hits, classes):
    """The gates over the first test sequence of each of the first classes, the first that was recognised if any."""
    if w.cell != "lstm":
        return []
    found = []
    for label in range(min(classes, test.y.max() + 1)):
        own = np.flatnonzero(test.y == label)
        k = next((k for k in own if hits[k]), own[0])
        seen = jacobians.states(w, test.x[k])
        found.append({"sequence": int(k), "label": label, **{name: seen[name].tolist() for name in "ifoc"}})
    return found


def liveliest(examples):
    """The unit whose forget gate varies most over the frames of the examples: greatest mean variance."""
    return int(np.mean([np.var(e["f"], axis=0) for e in examples], axis=0).argmax())


def rates(results, when):
    """Mean of the rates of growth per frame over the seeds and sequences of `GradientFlow`, and its interval."""
    values = np.array([r[when]["rates"] for r in results])  # (S, N)
    return values.mean(), *statistics.bootstrap(values)


def forgetting(results, when):
    """Mean of the forget gate over seeds, sequences, frames and units, and its interval."""
    values = np.array([r[when]["forget"] for r in results]).mean(axis=2)  # (S, N)
    return values.mean(), *statistics.bootstrap(values)


def slowest(results, when):
    """The mean forget gate of the unit that forgets least: its mean over the seeds, the least and the greatest."""
    most = [np.mean(r[when]["forget"], axis=0).max() for r in results]  # (S,)
    return np.mean(most), min(most), max(most)


def time_constant(f):
    """Frames in which a cell state that is only multiplied by f falls to 1/e: -1 / ln f."""
    return -1 / np.log(f)


def rate_row(results, when, dataset):
    """One row of the raw table of rates: a cell on a Dataset, before or after training."""
    mean, low, high = rates(results, when)
    of_U = {name: float(np.mean([r[when].get(name, np.nan) for r in results])) for name in ("singular", "radius")}
    return {"dataset": dataset.title, "cell": results[0]["trial"]["cell"], "when": when, "rate": mean, "low": low,
            "high": high, "half": half(mean), **of_U, "verdict": verdict(low, high)}


def rate_table(rows, caption):
    """(raw, caption, typeset) table of the rows of `rate_row`."""
    raw = pd.DataFrame(rows)
    number = lambda x, form=".3f": "–" if pd.isna(x) else format(x, form).replace("-", "−")
    return raw, caption, pd.DataFrame({
        "Data set": raw.dataset.str.replace(" ", NBSP), "Cell": raw.cell.str.upper(), "Training": raw.when,
        "Rate per frame [95 %]": [f"{number(r.rate)}{NBSP}[{number(r.low)},{NBSP}{number(r.high)}]"
                                  for r in raw.itertuples()],
        "Half after": ["never" if pd.isna(x) else f"{x:.1f}" for x in raw.half],
        "ln σ(U)": [number(np.log(x)) for x in raw.singular], "ln ρ(U)": [number(np.log(x)) for x in raw.radius],
        "Gradient": [IN_WORDS[word] for word in raw.verdict]})
