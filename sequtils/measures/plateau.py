"""The plateau: where a training stands still before it has learned to tell the classes apart, and when it goes on."""

from dataclasses import dataclass, replace

import numpy as np

from sequtils import statistics, trials
from sequtils.data import features
from sequtils.measures import TITLES
from sequtils.results import Result

STUDIED = "as in the study"  # the setting that is compared with
BELOW = 0.9  # a plateau is left where the training loss falls below this share of its level, and stays there


def level(shares, known):
    """Cross-entropy in nats, and accuracy, of a network that tells one class from the rest and, among the rest, knows
    no more than how frequent each is.

    shares: share of each class (C,). known: the number of the class; None: not one class is told from the others.
    Of five equal classes the loss is 4/5 ln 4 and the accuracy 1/5 + 1/5.
    """
    shares = np.asarray(shares, float)
    own = 0.0 if known is None else shares[known]
    rest = shares if known is None else np.delete(shares, known)
    among = rest[rest > 0] / rest.sum()
    return float(-rest.sum() * (among * np.log(among)).sum()), float(own + rest.max())


def levels(dataset, known):
    """Words -> loss of the two levels: where no class of a Dataset is known, and where one is."""
    return {"frequencies only": level(shares(dataset.train), None)[0],
            f"{dataset.tick_labels[known]} told from the rest": level(shares(dataset.train), known)[0]}


def shares(part):
    """Share of each class (C,) in a Part."""
    return np.bincount(part.y) / len(part.y)


def left(loss, bound):
    """The first epoch, counted from 1, from which on the loss stays below a bound to the end; None without one."""
    above = np.flatnonzero(~(np.asarray(loss, float) < bound))
    epoch = int(above[-1]) + 2 if len(above) else 1
    return epoch if epoch <= len(loss) else None


@dataclass(frozen=True)
class Watched(trials.Trial):
    """A Trial that is watched while it trains: of each class, the share of its test sequences that is named right."""

    def measure(self, dataset):
        """loss: the training loss of each epoch, that of the plain Trial; recalls: a list (C,) for each."""
        prepared = features.prepare(trials.fold(dataset, self.fold, self.folds), self.features)
        parts = [_of_class(prepared.test, label) for label in range(len(dataset.classes))]
        recalls = []
        _, history = trials.trained(self, prepared.train, prepared.test, len(dataset.classes),
                                    watch=lambda engine: recalls.append([engine.evaluate(p)[1] for p in parts]))
        return {"loss": [x if np.isfinite(x) else None for x in history.loss], "recalls": recalls}


def _of_class(part, label):
    rows = np.flatnonzero(part.y == label)
    return replace(part, x=[part.x[r] for r in rows], y=part.y[rows], files=tuple(part.files[r] for r in rows),
                   speakers=tuple(part.speakers[r] for r in rows))


def first_learned(runs):
    """The class that is told from the others first: the one with the highest recall over all epochs and seeds of
    `Watched`."""
    return int(np.mean([np.mean(r["recalls"], axis=0) for r in runs], axis=0).argmax())


def settings(trial):
    """What may decide when the plateau is left: name -> Trial that differs from this one in that alone."""
    slow, fast = trial.learning_rate / 3, trial.learning_rate * 3
    return {
        STUDIED: trial,
        "other initial weights": replace(trial, init="torch" if trial.init == "keras" else "keras"),
        "a third of the learning rate": replace(trial, learning_rate=slow),
        "three times the learning rate": replace(trial, learning_rate=fast),
        "half as long": replace(trial, features=_shortened(trial)),
    }


def _shortened(trial):
    short = {"handwriting": ("resample:32",), "cv": ("stretch:16",)}[trial.dataset]
    return (*short, *(step for step in trial.features if step != "raw"))


def leaving(runs, datasets, known):
    """Result of when the plateau is left, a row a data set and setting.

    runs: (data set, setting) -> results over the seeds. known: data set -> the class that is told from the rest on it.
    left: how many seeds leave it; epoch: the mean of the epochs in which these do, with the least and the greatest;
    level, level_accuracy: see `level`. gain: the paired difference in test accuracy to the network as in the study.
    """
    rows = {}
    for (name, setting), results in runs.items():
        loss, accuracy = level(shares(datasets[name].train), known[name])
        epochs = [left(r["history"]["loss"], BELOW * loss) for r in results]
        there = [epoch for epoch in epochs if epoch]
        rows[name, setting] = {
            "class": datasets[name].names[known[name]], "level": loss, "level_accuracy": accuracy,
            "seeds": len(results), "left": len(there), "epoch": statistics.spread(there) if there else None,
            "train": statistics.train_accuracy(results), "test": statistics.test_accuracy(results),
            "gain": None if setting == STUDIED else statistics.difference(results, runs[name, STUDIED])}
    heads = {"setting": "Trained", "level": "Loss on it", "level_accuracy": "Accuracy on it", "left": "End below it",
             "epoch": "From epoch (least, greatest)"}
    return Result(("dataset", "setting"), rows, {"epoch": ".0f"}, heads,
                  TITLES)
