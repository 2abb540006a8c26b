"""What trainings of one network get wrong: sequences that most of them misread, and what tells their classes apart."""

from itertools import combinations, zip_longest

import numpy as np
from scipy import stats

from sequtils import statistics
from sequtils.data.formats import MFCC
from sequtils.measures import TITLES
from sequtils.results import Result

ENERGY, LOUD = 12, 0.3  # the feature that is a frame's log energy; a frame is loud in this upper share of its range
SHOWN, MOST = 3, 10  # pairs of classes, and misread sequences, of each data set


def confused(finals, datasets):
    """Result of up to MOST test sequences that more than half of the seeds misread, a row a data set and place; in turn
    one of each pair of classes. sequence: its number; wrong: the share of the seeds that misread it; said: the wrong
    class that most of them name, and the `share` of the seeds that do.

    finals: data set -> results over the seeds.
    """
    heads = {"place": "No.", "true": "Class", "wrong": "Seeds that misread it", "said": "Most seeds say",
             "share": "Share of the seeds"}
    found = Result(("dataset", "place"), {}, {"wrong": ".2f", "share": ".2f"}, heads, TITLES)
    for name, dataset in datasets.items():
        wrong, said, share = misread(finals[name], dataset)
        for place, k in enumerate(_in_turn(_most(wrong), dataset.test.y, said)[:MOST], 1):
            found.add((name, place), {"sequence": int(k), "file": dataset.test.files[k],
                                      "frames": len(dataset.test.x[k]), "true": dataset.names[dataset.test.y[k]],
                                      "said": dataset.names[said[k]], "share": share[k], "wrong": wrong[k]})
    return found


def _in_turn(rows, y, said):
    """The rows, in turn the next of each pair of true class and class that is said."""
    pairs = {}
    for k in rows:
        pairs.setdefault((y[k], said[k]), []).append(k)
    return [k for turn in zip_longest(*pairs.values()) for k in turn if k is not None]


def misread(results, dataset):
    """Of each test sequence (N,): the share of the seeds that misread it, the wrong class that most of these name, and
    the share of the seeds that name that."""
    y, named = dataset.test.y, np.array([r["predictions"] for r in results])  # (N,), (S, N)
    counts = np.array([(named == c).mean(axis=0) for c in range(len(dataset.classes))])  # (C, N)
    counts[y, np.arange(len(y))] = 0
    return counts.sum(axis=0), counts.argmax(axis=0), counts.max(axis=0)


def _most(wrong):
    """The sequences that more than half of the seeds misread, the most often misread first."""
    return [k for k in np.argsort(-wrong, kind="stable") if wrong[k] > 0.5]


def summary(finals, datasets):
    """Result of how far the seeds err on the same sequences, a row a data set: the test sequences, how many of them a
    seed misreads (mean), how many most seeds misread, and the share of all errors that fall on these."""
    rows = {}
    for name, dataset in datasets.items():
        wrong, *_ = misread(finals[name], dataset)
        hard = _most(wrong)
        rows[name] = {"seeds": len(finals[name]), "sequences": len(wrong), "errors": float(wrong.sum()),
                      "confused": len(hard), "of_errors": float(wrong[hard].sum() / (wrong.sum() or 1))}
    heads = {"errors": "Errors a seed", "confused": "Misread by most seeds", "of_errors": "Share of all errors"}
    return Result("dataset", rows, {"errors": ".1f"}, heads, TITLES)


def pairs(finals, datasets):
    """Result of the SHOWN pairs of classes that are taken for one another most often, a row a data set and place:
    their share of all errors, and what tells them apart in the training data: how often of two sequences, one of each
    class, that of the second is the `longer` one, and the `louder` one, the one with more loud frames (ties count half;
    for segments of MFCC alone). 0.5 tells nothing, 0 and 1 all."""
    found = Result(("dataset", "place"), {}, heads={
        "place": "No.", "share": "Share of all errors", "longer": "Second is longer",
        "louder": "Second is longer in loud frames"}, titles=TITLES)
    for name, dataset in datasets.items():
        for place, (share, a, b) in enumerate(_pairs(finals[name], dataset)[:SHOWN], 1):
            found.add((name, place), {"first": dataset.names[a], "second": dataset.names[b], "share": share, **{
                key: above(values[dataset.train.y == b], values[dataset.train.y == a])
                for key, values in _lengths(dataset.train).items()}})
    return found


def _pairs(results, dataset):
    """(share of all errors, class, class) of each pair that is confused, the most often confused first."""
    matrix = statistics.confusion(results, len(dataset.classes)).sum(axis=0)
    errors = (matrix.sum() - np.trace(matrix)) or 1
    both = [((matrix[a, b] + matrix[b, a]) / errors, a, b) for a, b in combinations(range(len(matrix)), 2)]
    return sorted((pair for pair in both if pair[0]), key=lambda pair: -pair[0])


def _lengths(part):
    """What sequences are compared by: "longer", their frames (N,), and for MFCC "louder", their loud frames."""
    frames = {"longer": np.array([len(x) for x in part.x])}
    return {**frames, "louder": np.array([loud(x) for x in part.x])} if part.x[0].shape[1] == MFCC else frames


def loud(x):
    """How many frames of a segment x (T, D) are loud: about the length of its vowel, for a consonant is softer."""
    energy = x[:, ENERGY]
    return int((energy >= energy.max() - LOUD * np.ptp(energy)).sum())


def above(values, others):
    """How often one of the values is above one of the others, ties half: the area under the ROC curve (Mann and Whitney
    1947)."""
    return float(stats.mannwhitneyu(values, others).statistic / (len(values) * len(others)))


def lengths(finals, datasets):
    """Result of the test sequences of the pair of classes that is confused most on each data set, a row a data set,
    class and class that most seeds name: how many there are, their frames, and loud frames (median, with quartiles).
    """
    found = Result(("dataset", "true", "said"), {}, {"longer": ".0f", "louder": ".0f"}, {
        "true": "Class", "said": "Most seeds say", "longer": "Frames", "louder": "Loud frames"}, TITLES)
    for name, dataset in datasets.items():
        wrong, said, _ = misread(finals[name], dataset)
        named, y = np.where(wrong > 0.5, said, dataset.test.y), dataset.test.y
        for _, *pair in _pairs(finals[name], dataset)[:1]:
            for a, b in [(a, b) for a in pair for b in pair]:
                rows = (y == a) & (named == b)
                if rows.any():
                    found.add((name, dataset.names[a], dataset.names[b]), {"sequences": int(rows.sum()), **{
                        key: quartiles(values[rows]) for key, values in _lengths(dataset.test).items()}})
    return found


def quartiles(values):
    """Estimate of the median, with the quartiles as its range."""
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    return statistics.Estimate(float(middle), 0.0, float(low), float(high), is_range=True)
