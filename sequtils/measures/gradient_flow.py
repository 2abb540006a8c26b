"""How far back a recurrent network depends on its past: gradients and gates on sequences, before and after training."""

from dataclasses import dataclass

import numpy as np

from sequtils import models, statistics, text, trials
from sequtils.engine import training
from sequtils.measures import TITLES, jacobians, slopes
from sequtils.results import Result


def half(rate):
    """The lag in frames at which exp(rate lag) has fallen to one half; None where it does not fall."""
    return float(np.log(0.5) / rate) if rate < 0 else None


@dataclass(frozen=True)
class GradientFlow(trials.Trial):
    """A Trial of one layer that looks, before and after training, at the Jacobians and gates over test sequences.

    sequences: how many, evenly spaced over the test set. examples: of how many classes one sequence's gates are kept.
    """

    CODE = (jacobians, slopes)
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
        # rounded, for both start near 1: what their logarithms then have left is the last digits alone
        return found | {"singular": text.stable(float(np.linalg.norm(w.U, 2))),
                        "radius": text.stable(float(abs(np.linalg.eigvals(w.U)).max()))}
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


def rate(results, when):
    """Growth of the Jacobian's norm per frame, the mean over the seeds and sequences of `GradientFlow`."""
    return statistics.estimate(np.array([r[when]["rates"] for r in results]), slopes.Growth)  # (S, N)


def across(results, when):
    """ln |ds_T/ds_1|, what is left of the gradient when it has come back through all of a sequence, the mean over seeds
    and sequences, as a Growth."""
    return statistics.estimate(np.array([[logs[-1] for logs in r[when]["log_norms"]] for r in results]), slopes.Growth)


def forgetting(results, when):
    """Estimate of the mean of the forget gate over seeds, sequences, frames and units."""
    return statistics.estimate(np.array([r[when]["forget"] for r in results]).mean(axis=2))  # (S, N)


def slowest(results, when):
    """The mean forget gate of the unit that forgets least: its mean over the seeds, the least and the greatest."""
    return statistics.spread([np.mean(r[when]["forget"], axis=0).max() for r in results])


def time_constant(f):
    """Frames in which a cell state that is only multiplied by f falls to 1/e: -1 / ln f."""
    return float(-1 / np.log(f))


def rates(found):
    """Result of `rate`, from data set -> cell -> results of `GradientFlow`.

    half: frames after which the norm has halved, None where it does not fall. across: see there. singular, radius: the
    largest singular value and the spectral radius of the RNN's recurrent weights, and their logarithms; test: the
    accuracy in the end.
    """
    rows = {(name, cell, when): _rates_row(results, when) for name, by_cell in found.items()
            for cell, results in by_cell.items() for when in ("before", "after")}
    heads = {"data_set": "Data set", "when": "Training", "rate": "Rate per frame [95 %]", "half": "Half after",
             "across": "ln at the first frame",
             "log_singular": "ln ‖U‖", "log_radius": "ln ρ(U)"}
    return Result(("data_set", "cell", "when"), rows, {"half": ".1f", "across": "+.1f"}, heads, TITLES)


def _rates_row(results, when):
    grown, row = rate(results, when), {}
    for name in ("singular", "radius"):
        if name in results[0][when]:
            row[name] = float(np.mean([r[when][name] for r in results]))
            row[f"log_{name}"] = float(np.log(row[name]))
    return {"rate": grown, "half": half(grown.mean), "across": across(results, when), **row, "gradient": grown.verdict,
            "test": statistics.test_accuracy(results) if when == "after" else None}


def gates(found):
    """Result of the mean forget gate of all units, and of the one that forgets least, and of the frames after which a
    memory that is only multiplied by it has fallen to 1/e; found: data set -> results of `GradientFlow` of an LSTM."""
    rows = {}
    for name, results in found.items():
        for when in ("before", "after"):
            for unit, f in (("mean", forgetting(results, when)), ("slowest", slowest(results, when))):
                low, middle, high = (time_constant(x) for x in (f.low, f.mean, f.high))
                frames = statistics.Estimate(middle, np.nan, low, high, f.is_range)
                rows[name, when, unit] = {"forget": f, "frames": frames}
    heads = {"when": "Training", "unit": "Units", "forget": "Forget gate", "frames": "Frames to 1/e"}
    return Result(("dataset", "when", "unit"), rows, {"frames": ".1f"}, heads, TITLES)


def sentences(result):
    """What becomes of the gradient in each trained network, from `rates`."""
    return [f"{result.titles[name]}: the gradient of the trained {result.titles[cell]} {row['gradient']}, rate "
            f"{row['rate']} per frame." for (name, cell, when), row in result.rows.items() if when == "after"]
