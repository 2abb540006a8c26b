"""Results that are about several things at once: the data sets, the hyperparameters of the best architecture."""

import numpy as np

from sequtils import statistics
from sequtils.data import LAYOUTS
from sequtils.results import Result


def datasets(sets):
    """Result of counts, lengths, majority rates and proportions of Datasets, a row a data set.

    stretch: how many times as long the longer side of a stroke is as the shorter one, the median over the training
    strokes with their quartiles; None where frames are not points, or no stroke has two sides.
    """
    rows = {}
    for d in sets:
        lengths = [len(x) for part in (d.train, d.test) for x in part.x]
        rows[d.name] = {"classes": len(d.classes), "features": d.train.x[0].shape[1], "train": len(d.train),
                        "test": len(d.test), "frames_min": min(lengths),
                        "frames_median": float(np.median(lengths)),
                        "frames_max": max(lengths), "majority": statistics.majority_rate(d.test),
                        "speakers": len(set(d.train.speakers) - {None}) or None, "stretch": _stretch(d)}
    heads = {"train": "Training", "test": "Test", "frames_min": "Least frames", "frames_median": "Median",
             "frames_max": "Greatest", "majority": "Majority rate"}
    return Result("dataset", rows, {"frames_median": "g"}, heads, {name: LAYOUTS[name].title for name in rows})


def _stretch(dataset):
    if dataset.train.x[0].shape[1] != 2:
        return None
    sides = np.array([np.ptp(x, axis=0) for x in dataset.train.x])
    sides = sides[sides.min(axis=1) > 0]
    if not len(sides):
        return None
    low, middle, high = np.quantile(sides.max(axis=1) / sides.min(axis=1), [0.25, 0.5, 0.75])
    return statistics.Estimate(float(middle), 0.0, float(low), float(high), is_range=True)


def hyperparameters(best, published):
    """Result of what the source published for its best architecture, and of what was chosen here, a row a feature.

    best: a `Sweep` of widths with the alias "chosen". published: feature -> value; see `source.best`.
    """
    titles = {"layers": "Number of layers", "nodes_1": "Nodes in layer 1", "nodes_2": "Nodes in layer 2",
              "optimizer": "Optimizer", "patience": "Patience", "threshold": "Threshold"}
    rows = {feature: {"published": published[feature]} for feature in titles}
    rows["learning rate"] = {"published": "not said"}
    for name in best.datasets:
        trial = best.runs[best.names(name, "chosen")][0]["trial"]
        ours = {"layers": len(trial["hidden"]), "nodes_1": trial["hidden"][0], "nodes_2": trial["hidden"][-1],
                "optimizer": "SGD", "patience": trial["patience"], "threshold": trial["min_delta"],
                "learning rate": trial["learning_rate"]}
        for feature, x in ours.items():
            rows[feature][name] = x
    forms = dict.fromkeys(("published", *best.datasets), "g")
    return Result("feature", rows, forms, {name: d.title for name, d in best.datasets.items()}, titles)
