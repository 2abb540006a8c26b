"""The ladder: from the source's set-up to the best single models, one change a rung, and what each is worth."""

from dataclasses import dataclass

import numpy as np

from sequtils import statistics
from sequtils.measures import TITLES
from sequtils.measures.comparison import SOURCE
from sequtils.results import Result
from sequtils.trials import RECIPES, Trial

BATCHES = {"optimiser": "adam", "batch": 16, "learning_rate": 0.002, "clip": 1.0, "decay": True}
EPOCHS = {"handwriting": 120, "cv": 40}  # of Adam
SHORT = {"handwriting": ("resample:32", "minmax", "standardise"), "cv": ("duration", "stretch:12", "standardise")}
CHANGES = {"handwriting": ("tilt:15", "warp:40", "noise:5"), "cv": ("warp:50", "noise:60", "shift:30")}
WORDS = {"tilt": "tilts", "warp": "warped time", "noise": "noise", "shift": "an offset"}


@dataclass(frozen=True)
class Rung:
    """One step of the ladder: what it changes, in a few words, and the fields of the Trial that it changes."""

    name: str
    change: str
    fields: dict


def ladder(name, epochs=None, columns=None):
    """The rungs for a data set, from the source's set-up to the best single models; each keeps what those before it
    changed. epochs: of Adam, by default EPOCHS. With Adam training goes on to the last epoch. columns: of the
    sequences, by default those of the course's; only points of 2 can be tilted."""
    epochs = epochs or EPOCHS[name]
    shorter = {"handwriting": "32 points by arc length", "cv": "12 frames, and the duration as a feature"}[name]
    changes = [step for step in CHANGES[name] if columns in (None, 2) or not step.startswith("tilt:")]
    adam = {**BATCHES, "max_epochs": epochs, "patience": epochs}
    standard = (*RECIPES[name], "standardise") if RECIPES[name] != ("raw",) else ("standardise",)
    return [
        Rung("source", "SGD, two layers, PyTorch's initial weights", {"init": "torch"}),
        Rung("initialisation", "Glorot, orthogonal, forget gate open", {"init": "keras"}),
        Rung("standardisation", "mean 0, deviation 1", {"features": standard}),
        Rung("optimiser", "Adam, batches, clipping, falling rate", adam),
        Rung("resampling", shorter, {"features": SHORT[name]}),
        Rung("width", "one layer of 64 units", {"hidden": (64,)}),
        Rung("augmentation", ", ".join(WORDS[step.partition(":")[0]] for step in changes), {"augment": tuple(changes)}),
        Rung("pooling", "head on the mean of all frames", {"pooling": "mean"}),
    ]


def climb(name, cell, rungs, sgd_epochs=120):
    """The Trial of each rung for a cell, rung name -> Trial."""
    fields, trials = {"hidden": SOURCE[cell], "max_epochs": sgd_epochs}, {}
    for rung in rungs:
        fields = {**fields, **rung.fields}
        trials[rung.name] = Trial(name, cell, **fields)
    return trials


def changes(ladders, datasets):
    """Result of what each rung changes; ladders: data set -> [Rung, ...]."""
    names = [rung.name for rung in next(iter(ladders.values()))]
    rows = {name: {data: rungs[i].change for data, rungs in ladders.items()} for i, name in enumerate(names)}
    return Result("rung", rows, heads={name: d.title for name, d in datasets.items()})


def steps(climbs, folds, datasets):
    """Result of the ladders, a row a data set, cell and rung; "chosen" names the rung with the highest accuracy on the
    held-out folds. gain: the paired Difference to the rung before; beyond_source: to the first one; of the LSTM,
    beyond_rnn: to the RNN on the same rung.

    climbs: (data set, cell) -> {rung: results}. folds: the same -> {rung: Estimate of the accuracy on folds}.
    """
    result = Result(("dataset", "cell", "rung"), {}, {}, {"folds": "Folds"}, TITLES)
    for row, climb in climbs.items():
        runs = list(climb.values())
        for rung, results, before in zip(climb, runs, [None, *runs]):
            gain = before and statistics.difference(results, before)
            result.add((*row, rung), {"train": statistics.train_accuracy(results),
                                      "test": statistics.test_accuracy(results), "gain": gain,
                                      "verdict": gain.word if gain else "the baseline", "folds": folds[row][rung].mean,
                                      "beyond_source": statistics.difference(results, runs[0]),
                                      **_beyond_rnn(climbs, row, rung)})
        result.alias("chosen", (*row, statistics.best({rung: e.mean for rung, e in folds[row].items()})))
    return result


def _beyond_rnn(climbs, row, rung):
    name, cell = row
    return {"beyond_rnn": statistics.difference(climbs[row][rung], climbs[name, "rnn"][rung])} if cell == "lstm" else {}


def best(climbs, ladder, cells, datasets):
    """Result of the best models, a row a data set: the LSTM's gain over the RNN, each at the rung that the folds
    choose; that RNN less the LSTM as wide as the source's RNN, in the source's set-up, beyond_cell; the cell that does
    better on the folds, its accuracy, that of the ensemble of its seeds, and the gain by it.

    climbs, ladder: see `steps`. cells: the Sweep of `networks`.
    """
    rows = {}
    for name in datasets:
        models = {cell: climbs[name, cell][ladder.names(name, cell, "chosen")[-1]] for cell in SOURCE}
        cell = statistics.best({cell: ladder[name, cell, "chosen", "folds"] for cell in SOURCE})
        together = ensemble(models[cell])
        alone = [{**together, "trial": r["trial"]} for r in models[cell]]
        rows[name] = {"gain": statistics.difference(models["lstm"], models["rnn"]),
                      "beyond_cell": statistics.difference(models["rnn"], cells.runs[name, "lstm-wide"]),
                      "cell": cell.upper(),
                      "test": statistics.test_accuracy(models[cell]), "ensemble": statistics.test_accuracy([together]),
                      "ensemble_gain": statistics.difference(alone, models[cell])}
    heads = {"gain": "LSTM less RNN", "beyond_cell": "Best RNN less wide LSTM", "cell": "Better on folds"}
    return Result("dataset", rows, {}, heads, TITLES)


def ensemble(members):
    """The result of the mean of the members' class probabilities on the test sequences, which all must share.

    members: results with "logits" (N, C). Raises ValueError where they were measured on other sequences.
    """
    if any(m["labels"] != members[0]["labels"] for m in members):
        raise ValueError("the members of an ensemble must have the same test sequences")
    labels = np.array(members[0]["labels"])
    predictions = np.mean([softmax(m["logits"]) for m in members], axis=0).argmax(axis=1)
    speakers = {name: members[0][name] for name in ("speakers",) if name in members[0]}
    return {"trial": {"seed": members[0]["trial"]["seed"]}, "labels": labels.tolist(), **speakers,
            "predictions": predictions.tolist(), "test_accuracy": float((predictions == labels).mean()),
            "parameters": sum(m["parameters"] for m in members)}


def softmax(logits):
    """Probabilities (N, C) of logits (N, C); a diverged network's (None) are equal for all classes."""
    z = np.nan_to_num(np.array(logits, dtype=np.float64))
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def effects(cells, ladder, best, datasets):
    """Result of what set-up, features, length, width and cell are each worth: gains in test accuracy, a row a data set
    and effect, the whole set-up first. cells: the Sweep of `networks`; ladder: `steps`; best: `best`."""
    rows = {}
    for name in datasets:
        rungs = {change: ladder[name, "rnn", change, "gain"]
                 for change in ("standardisation", "optimiser", "resampling", "width")}
        found = {"set-up": ("RNN: the whole set-up", ladder[name, "rnn", "chosen", "beyond_source"]),
                 "features": ("RNN: standardised features", rungs["standardisation"]),
                 "optimiser": ("RNN: Adam, in batches", rungs["optimiser"]),
                 "length": ("RNN: shorter sequences", rungs["resampling"]),
                 "width": ("RNN: one wide layer", rungs["width"]),
                 "cell": ("LSTM for RNN, as many units", cells[name, "lstm-wide", "gain"]),
                 "size": ("LSTM for RNN, as the source sized them", cells[name, "lstm", "gain"]),
                 "best": ("LSTM for RNN, best set-up of each", best[name, "gain"]),
                 "either": ("RNN in its best set-up, less the wide LSTM", best[name, "beyond_cell"])}
        rows |= {(name, key): {"change": words, "gain": gain} for key, (words, gain) in found.items()}
    return Result(("dataset", "effect"), rows, {}, {"change": "What is changed"}, TITLES)
