"""Accuracies with intervals, from the results of trials (`trials.train`)."""

from dataclasses import dataclass, field, replace

import numpy as np
from scipy import stats
from sklearn import metrics

from sequtils import intervals, text
from sequtils.intervals import LEVEL

FEWEST = 5  # seeds that an interval takes; of fewer there is only a range, see benchmarks/coverage.py


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds, its standard deviation (0 for one seed), and a 95 % interval, or where `is_range` only the
    least and the greatest of the seeds. each: the value of each seed. known: what p-values come from, None for a
    range."""

    mean: float
    sd: float
    low: float
    high: float
    is_range: bool = False
    each: tuple = field(default=(), repr=False)
    known: intervals.Mean = field(default=None, repr=False)

    @property
    def interval(self):
        """(low, high)."""
        return self.low, self.high

    @property
    def side(self):
        """1 where the whole interval lies above zero, -1 where it lies below, 0 where it holds zero or is a range."""
        return 0 if self.is_range else int(self.low > 0) - int(self.high < 0)

    @property
    def p(self):
        """P-value of no difference from zero: below 0.05 just where the interval leaves zero out; 1 for a range."""
        return float(self.known.p()) if self.known else 1.0

    def p_equal(self, margin):
        """P-value of a difference from zero of `margin` or more, see `intervals.Mean.p_equal`; 1 for a range."""
        return float(self.known.p_equal(margin)) if self.known else 1.0

    def span(self, form=""):
        """The interval as text, [low, high]; a range, which is none, in round brackets."""
        between = text.between(self.low, self.high, form or ".3f")
        return f"({between[1:-1]})" if self.is_range else between

    def __format__(self, form):
        """Mean and interval as text, each in one of Python's formats; by default three decimals."""
        return f"{text.number(self.mean, form or '.3f')}{text.NBSP}{self.span(form)}"


@dataclass(frozen=True)
class Difference(Estimate):
    """An Estimate that zero means something to: it is written with its sign, and has a verdict."""

    def __format__(self, form):
        return super().__format__(form or "+.3f")

    @property
    def verdict(self):
        """What it is in words, by one rule: there is a difference only where the 95 % interval leaves zero out. A range
        of few seeds decides nothing."""
        return VERDICTS[self.side]

    @property
    def word(self):
        """The verdict without its last word, for a table: "higher"."""
        return self.verdict.rsplit(" ", 1)[0]


VERDICTS = {1: "higher than", -1: "lower than", 0: "not told apart from"}


def hits(results):
    """Matrix (seeds, test sequences): 1 where the model of that seed, as training stopped, was right."""
    return np.array([np.equal(r["predictions"], r["labels"]) for r in results], np.float64)


def test_accuracy(results, groups=None):
    """Estimate of the test accuracy over seeds and test sequences. groups: see `groups_of`."""
    return estimate(hits(results), Estimate, groups_of(results, groups), intervals.ACCURACY)


def prediction(results, groups=None):
    """Estimate of the test accuracy of a single run, of a new seed on as many new test sequences: its interval is what
    one published run is held against. A range where there are fewer than FEWEST seeds."""
    return estimate(hits(results), Estimate, groups_of(results, groups), intervals.ACCURACY, one_run=True)


def groups_of(results, groups=None):
    """What the test sequences come in, which is drawn when an interval is made: `groups`, a name for each of them, or
    the speakers that the results tell of (`trials.run`), or None where each sequence stands for itself, as it has to
    where all are of one speaker or one has none."""
    groups = results[0].get("speakers", ()) if groups is None else groups
    return groups if len(set(groups)) > 1 and None not in groups else None


def train_accuracy(results, one_run=False):
    """Estimate of the training accuracy over seeds, on these training sequences; one_run: of a single seed to come."""
    return over_seeds([r["train_accuracy"] for r in results], one_run)


def over_seeds(values, one_run=False, kind=Estimate, bounds=intervals.ACCURACY):
    """Estimate, or a Difference, of the mean of one number a seed (S,), a share, with Student's interval, or of one
    number to come (Hahn and Meeker 1991); the range where there are fewer than FEWEST. bounds: of what it can be."""
    found, S = spread(values, kind), len(values)
    if S < FEWEST:
        return found
    known = intervals.Mean(found.mean, found.sd * np.sqrt(1 / S + one_run), S - 1, bounds)
    return _with_interval(found, known)


def difference(results, baseline, groups=None):
    """Difference in test accuracy, results minus baseline, from the seeds that both have on the same sequences.

    Paired: each seed and each test sequence counts by its own difference. groups: see `groups_of`. Raises ValueError
    where they were not measured on the same sequences with the same seeds.
    """
    pairs = list(zip(results, baseline))  # the seeds that both have: dear networks have fewer
    results, baseline = zip(*pairs)
    if any(a["labels"] != b["labels"] or a["trial"]["seed"] != b["trial"]["seed"] for a, b in pairs):
        raise ValueError("a paired difference needs the same seeds and test sequences on both sides")
    return estimate(hits(results) - hits(baseline), Difference, groups_of(results, groups), intervals.DIFFERENCE)


def gap(results, baseline=None, groups=None):
    """Difference of training less test accuracy, of the same seed, on these training sequences; with a baseline, that
    less the baseline's, on the seeds that both have. Above zero a network fits what it has seen better than the rest.
    groups: see `groups_of`."""
    by_seed = lambda runs: np.array([[r["train_accuracy"]] for r in runs]) - hits(runs)  # (S, N)
    gaps, bounds = by_seed(results), intervals.DIFFERENCE
    if baseline is not None:
        S = min(len(results), len(baseline))
        gaps, bounds = gaps[:S] - by_seed(baseline[:S]), (-2, 2)
    return estimate(gaps, Difference, groups_of(results, groups), bounds)


def groups_difference(inside, outside, groups=None):
    """Difference of the mean test accuracy of some networks less that of others, on the seeds that all have.

    inside, outside: lists of results over seeds, one list a network.
    """
    S = min(len(r) for r in (*inside, *outside))
    means = [np.mean([hits(r[:S]) for r in part], axis=0) for part in (inside, outside)]
    return estimate(means[0] - means[1], Difference, groups_of(inside[0], groups), intervals.DIFFERENCE)


def estimate(values, kind=Estimate, groups=None, bounds=None, one_run=False):
    """Estimate, or a Difference, of the mean of any numbers (S, N) over seeds and test sequences: with the interval of
    `intervals.crossed`, which explains the arguments, or with the range of fewer than FEWEST seeds, or of one sequence.
    """
    values = np.asarray(values, np.float64)
    means = values.mean(axis=1)
    sd = float(means.std(ddof=1)) if len(means) > 1 else 0.0
    found = kind(float(values.mean()), sd, float(means.min()), float(means.max()), is_range=True,
                 each=tuple(means.tolist()))
    if len(means) < FEWEST or values.shape[1] < 2:
        return found
    return _with_interval(found, intervals.crossed(values, groups, bounds, one_run))


def _with_interval(found, known):
    low, high = map(float, known.interval())
    return replace(found, low=low, high=high, is_range=False, known=known)


def tally(gains):
    """How many Differences there are ("compared"), and how many of them are higher and lower."""
    sides = [gain.side for gain in gains]
    return {"compared": len(sides), "higher": sides.count(1), "lower": sides.count(-1)}


def best(accuracies):
    """The key of the highest mean accuracy; of equals the first, so let smaller networks come first."""
    return max(accuracies, key=lambda key: accuracies[key])


def cross_validated(results):
    """Estimate of the accuracy on the held-out folds (Stone 1974); its interval is their least and greatest."""
    return spread([r["test_accuracy"] for r in results])


def spread(values, kind=Estimate):
    """Estimate of one number a seed, or a fold: mean, deviation, and as interval the least and the greatest."""
    sd = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
    return kind(float(np.mean(values)), sd, float(np.min(values)), float(np.max(values)), is_range=True,
                each=tuple(values))


def wilson(right, n, level=LEVEL):
    """Score interval of a proportion (Wilson 1927, as in scipy)."""
    interval = stats.binomtest(right, n).proportion_ci(level, method="wilson")
    return float(interval.low), float(interval.high)


def confusion(results, classes):
    """Counts (S, C, C) of true class (row) against predicted class (column), of each of S results (scikit-learn's)."""
    return np.array([metrics.confusion_matrix(r["labels"], r["predictions"], labels=range(classes)) for r in results])


def balanced(results):
    """Means over seeds of the balanced accuracy, the mean recall of the classes (Brodersen et al. 2010), and of the
    macro-averaged F1 score, the mean of the classes' own (Sokolova and Lapalme 2009); both as in scikit-learn."""
    pairs = [(r["labels"], r["predictions"]) for r in results]
    return (float(np.mean([metrics.balanced_accuracy_score(*p) for p in pairs])),
            float(np.mean([metrics.f1_score(*p, average="macro", zero_division=0) for p in pairs])))


def majority_rate(part):
    """Share of the most frequent class: the accuracy of always naming it."""
    return float(np.bincount(part.y).max() / len(part.y))


def at_chance(result, part):
    """Whether a model is no better than always naming one class: its Wilson interval reaches the majority rate."""
    right = hits([result])
    return wilson(int(right.sum()), right.size)[0] <= majority_rate(part)


def levels(part):
    """Accuracies that say nothing of a network: always naming the most frequent class, and telling one class from the
    rest and naming the most frequent of those (2 / C for C equal classes, the plateau of plain gradient descent)."""
    shares = np.sort(np.bincount(part.y) / len(part.y))[::-1]
    return float(shares[0]), float(shares[:2].sum())


def agrees(published, predicted, mean=None, dataset=None, trained=None):
    """Where a published accuracy of one run stands to the `prediction` of one run here: "lies in" or "lies outside" its
    interval; or "says nothing", where both networks stand at the same one of the `levels` of a Dataset, so that they
    had to agree: the published test accuracy, that in training, `trained`, and our mean are no different from it.

    mean: the Estimate of the mean here; a Dataset needs it, and `trained`, too. The published run is taken to have had
    as many sequences as the Dataset.
    """
    if dataset is not None:
        for test, train in zip(levels(dataset.test), levels(dataset.train)):
            theirs = _reaches(published, test, dataset.test) and _reaches(trained, train, dataset.train)
            if theirs and mean.low <= test <= mean.high:
                return "says nothing"
    return "lies in" if predicted.low <= published <= predicted.high else "lies outside"


def _reaches(accuracy, level, part):
    """Whether the Wilson interval of one accuracy on a Part holds a level."""
    low, high = wilson(round(accuracy * len(part)), len(part))
    return low <= level <= high
