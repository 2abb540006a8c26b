"""What the page is given: networks that are trained for it, the strokes, some segments, and what the report trained.

Everything that the page shows of a network it computes by itself, from the weights and sequences here.
"""

import base64
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import nn

from sequtils import trials
from sequtils.data import features
from sequtils.files import write_atomic
from sequtils.live import ziggurat
from sequtils.measures.ablation import EPOCHS, climb, ladder
from sequtils.measures.comparison import SOURCE
from sequtils.trials import RECIPES, Trial, fitted

CELLS = ("rnn", "lstm")
POINTS = (8, 16, 32, 64, 128)
WIDTHS = (4, 8, 16, 32)  # of the first layer, where the page trains
FIT = {"learning_rate": "rate", "max_epochs": "maxEpochs", "patience": "patience", "min_delta": "minDelta"}
SEGMENTS = 4  # of each class


@dataclass(frozen=True)
class Exhibit(Trial):
    """A training whose weights are kept."""

    def measure(self, dataset):
        """The test accuracy and the weights, in the order of the parameters, in base64."""
        model, history, _ = fitted(self, dataset)
        return {"test_accuracy": history.test_accuracy[-1], "sizes": [model.inputs, *model.hidden, model.classes],
                "weights": packed(nn.utils.parameters_to_vector(model.parameters()).detach().numpy())}


def publish(build, datasets, jobs=1, cluster=None, progress=None, **options):
    """Write live.json, what `page.with_networks` puts into the page, in the build folder; return its path.

    datasets: "handwriting" or "cv" -> Dataset; of strokes, with two coordinates. jobs, cluster, progress: see
    `trials.run`. options: points, epochs, adam_epochs of `exhibits`, widths and seeds of `trainings`.
    """
    def measure(experiments, name):
        return trials.run(experiments, datasets[name], jobs, cluster, progress=progress)

    path = Path(build) / "live.json"
    write_atomic(path, json.dumps(page_data(datasets, measure, **options), allow_nan=False, sort_keys=True) + "\n")
    return path


def exhibits(points=POINTS, epochs=120, adam_epochs=EPOCHS):
    """The networks of the page, (data set, name of the set-up, points of a stroke or None, cell) -> Exhibit.

    "source" is the source's set-up, on handwriting also with strokes of so many points; "last" is the last rung of
    the ladder. epochs, adam_epochs: upper bounds, the latter one for each data set, or None: those of the ladder.
    """
    found = {}
    for name in RECIPES:
        for cell in CELLS:
            for n in (None, *(points if name == "handwriting" else ())):
                recipe = (f"resample:{n}", *RECIPES[name]) if n else RECIPES[name]
                found[name, "source", n, cell] = Trial(name, cell, SOURCE[cell], recipe, max_epochs=epochs)
            rungs = ladder(name, (adam_epochs or EPOCHS)[name])
            found[name, "last", None, cell] = list(climb(name, cell, rungs).values())[-1]
    return {key: Exhibit(**vars(trial)) for key, trial in found.items()}


def trainings(widths=WIDTHS, seeds=3, epochs=120):
    """The report's trainings on handwriting that the page can repeat, (cell, width, seed) -> Trial."""
    return {(cell, width, seed): Trial("handwriting", cell, (width, 5), seed=seed, max_epochs=epochs)
            for cell in CELLS for width in widths for seed in range(seeds)}


def page_data(datasets, measure, **options):
    """All that the page needs, as JSON types. measure: gives the results of a list of experiments on the data set of a
    name; datasets, options: see `publish`."""
    shown = exhibits(**_of(options, "points", "epochs", "adam_epochs"))
    trained = trainings(**_of(options, "widths", "seeds", "epochs"))
    networks = []
    for name, dataset in datasets.items():
        keys = [key for key in shown if key[0] == name]
        for key, result in zip(keys, measure([shown[key] for key in keys], name)):
            networks.append(_network(key, shown[key], result, dataset))
    found = {"networks": networks, "steps": ziggurat.steps().tolist()}
    if "handwriting" in datasets:
        results = measure(list(trained.values()), "handwriting")
        any_trial = next(iter(trained.values()))
        found |= {"trainings": [_training(key, result) for key, result in zip(trained, results)],
                  "fit": {theirs: getattr(any_trial, ours) for ours, theirs in FIT.items()},
                  "handwriting": _strokes(datasets["handwriting"])}
    if "cv" in datasets:
        found["cv"] = _segments(datasets["cv"])
    return found


def _of(options, *names):
    return {name: options[name] for name in names if name in options}


def _network(key, trial, result, dataset):
    name, setup, points, cell = key
    return {"dataset": name, "setup": setup, "points": points, "cell": cell, "pooling": trial.pooling,
            "sizes": result["sizes"], "weights": result["weights"], "accuracy": result["test_accuracy"],
            "recipe": recipe_steps(trial.features, learned(trial.features, dataset))}


def learned(recipe, dataset):
    """What a recipe learns from the training sequences: see `features.put_through`."""
    return features.put_through(recipe, dataset.train.x)[1]


def recipe_steps(recipe, moments):
    """A recipe as the page reads it: [name, argument] each. moments: (mean, deviation) for each "standardise"."""
    moments = iter(moments)
    steps = []
    for step in recipe:
        name, _, number = step.partition(":")
        argument = int(number) if number else None
        if name == "standardise":
            mean, deviation = next(moments)
            argument = {"mean": mean.tolist(), "deviation": np.where(deviation > 0, deviation, 1.0).tolist()}
        steps.append([name, argument])
    return steps


def _training(key, result):
    """What the report's training gave: a point of each curve for each epoch, and the hash of the weights."""
    cell, width, seed = key
    history = {name: [v if v is None else round(v, 3) for v in result["history"][name]]
               for name in ("loss", "accuracy", "test_accuracy")}
    return {"cell": cell, "width": width, "seed": seed, "digest": result["weights"], "reason":
            result["history"]["reason"], **history}


def _strokes(dataset):
    recipe = RECIPES["handwriting"]
    return {**shown_strokes(dataset), "recipe": recipe_steps(recipe, learned(recipe, dataset)),
            "train": _part(dataset.train, range(len(dataset.train)))}


def shown_strokes(dataset):
    """The test strokes, and how many points a drawn one is given: the median of the training strokes."""
    return {**_described(dataset), "points": int(np.median([len(x) for x in dataset.train.x])),
            "test": _part(dataset.test, range(len(dataset.test)))}


def _segments(dataset):
    """The first test segments of each class, of as many speakers as there are among them."""
    rows = [row for c in range(len(dataset.classes)) for row in _of_many_speakers(dataset.test, c)]
    return {**_described(dataset), "test": {**_part(dataset.test, rows),
                                            "speakers": [dataset.test.speakers[r] for r in rows]}}


def _of_many_speakers(part, c):
    rows = np.flatnonzero(part.y == c).tolist()
    firsts = {part.speakers[row]: row for row in reversed(rows)}
    return sorted([*firsts.values(), *(row for row in rows if row not in firsts.values())][:SEGMENTS])


def _described(dataset):
    return {"classes": list(dataset.names), "label": dataset.label}


def _part(part, rows):
    x = [part.x[row] for row in rows]
    return {"frames": packed(np.concatenate(x)), "lengths": [len(s) for s in x], "features": x[0].shape[1],
            "labels": part.y[list(rows)].tolist()}


def packed(array):
    """A float32 array in base64, little-endian."""
    return base64.b64encode(np.ascontiguousarray(array, "<f4").tobytes()).decode()
