"""Accuracies with intervals, from the results of trials (`trials.train`)."""

import functools
from dataclasses import dataclass

import numpy as np
from scipy import stats
from sklearn import metrics

from sequtils import text

BOOTSTRAPS = 4000
LEVEL = 0.95  # of every interval


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds, its standard deviation (0 for one seed), and a 95 % interval."""

    mean: float
    sd: float
    low: float
    high: float

    @property
    def interval(self):
        """(low, high)."""
        return self.low, self.high

    @property
    def side(self):
        """1 where the whole interval lies above zero, -1 where it lies below, 0 where it holds zero."""
        return int(self.low > 0) - int(self.high < 0)

    def __format__(self, form):
        """Mean and interval as text, each in one of Python's formats; by default three decimals."""
        form = form or ".3f"
        return f"{text.number(self.mean, form)}{text.NBSP}{text.between(self.low, self.high, form)}"


@dataclass(frozen=True)
class Difference(Estimate):
    """An Estimate that zero means something to: it is written with its sign, and has a verdict."""

    def __format__(self, form):
        return super().__format__(form or "+.3f")

    @property
    def verdict(self):
        """What it is in words, by one rule: there is a difference only where the 95 % interval leaves zero out."""
        return VERDICTS[self.side]

    @property
    def word(self):
        """The verdict without its last word, for a table: "higher"."""
        return self.verdict.rsplit(" ", 1)[0]


VERDICTS = {1: "higher than", -1: "lower than", 0: "no different from"}


def hits(results):
    """Matrix (seeds, test sequences): 1 where the model of that seed, as training stopped, was right."""
    return np.array([np.equal(r["predictions"], r["labels"]) for r in results], np.float64)


def test_accuracy(results):
    """Estimate of the test accuracy over seeds: Wilson's interval for one seed, a bootstrap for several."""
    right = hits(results)  # (S, N)
    if len(right) == 1:
        return Estimate(right.mean(), 0.0, *wilson(int(right.sum()), right.size))
    return estimate(right)


def train_accuracy(results):
    """Estimate of the training accuracy over seeds; its interval is the least and the greatest of the seeds."""
    return spread([r["train_accuracy"] for r in results])


def difference(results, baseline):
    """Estimate of a difference in test accuracy, results minus baseline, from the same seeds on the same sequences.

    Paired (Efron and Tibshirani 1993): each seed and each test sequence is drawn, or not, for both together.
    Raises ValueError where they were not measured on the same sequences with the same seeds.
    """
    pairs = list(zip(results, baseline, strict=True))
    if any(a["labels"] != b["labels"] or a["trial"]["seed"] != b["trial"]["seed"] for a, b in pairs):
        raise ValueError("a paired difference needs the same seeds and test sequences on both sides")
    return estimate(hits(results) - hits(baseline), Difference)  # (S, N) of -1, 0, 1


def groups_difference(inside, outside):
    """Estimate of the mean test accuracy of some networks less that of others, on the same seeds and sequences.

    inside, outside: lists of results over seeds, one list a network.
    """
    means = [np.mean([hits(r) for r in part], axis=0) for part in (inside, outside)]
    return estimate(means[0] - means[1], Difference)


def estimate(values, kind=Estimate):
    """Estimate, or a Difference, of the mean of any numbers (S, N), over seeds and test sequences."""
    sd = values.mean(axis=1).std(ddof=1) if len(values) > 1 else 0.0
    return kind(float(values.mean()), float(sd), *bootstrap(values))


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


def spread(values):
    """Estimate of one number a seed, or a fold: mean, deviation, and as interval the least and the greatest."""
    sd = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
    return Estimate(float(np.mean(values)), sd, float(np.min(values)), float(np.max(values)))


def wilson(right, n, level=LEVEL):
    """Score interval of a proportion (Wilson 1927, as in scipy)."""
    interval = stats.binomtest(right, n).proportion_ci(level, method="wilson")
    return float(interval.low), float(interval.high)


def bootstrap(values, level=LEVEL, seed=0):
    """Percentile interval of the mean of values (S, N), over resampled seeds and resampled test sequences.

    Both factors are drawn with replacement and crossed (Owen 2007, "The pigeonhole bootstrap"), because all seeds are
    measured on the same sequences. The counts are whole numbers, so no sum depends on its order.
    """
    S, N = values.shape
    seeds, sequences = _draws(S, N, seed)
    means = ((seeds @ values) * sequences).sum(axis=1) / (S * N)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


@functools.lru_cache(maxsize=8)  # a notebook asks for the same few shapes again and again
def _draws(S, N, seed):
    """How often each of S seeds (B, S) and of N sequences (B, N) is drawn."""
    rng = np.random.default_rng(seed)
    return tuple(rng.multinomial(n, np.full(n, 1 / n), BOOTSTRAPS) for n in (S, N))


def confusion(results, classes):
    """Counts (C, C) of true class (row) against predicted class (column), summed over the results (scikit-learn's)."""
    return sum(metrics.confusion_matrix(r["labels"], r["predictions"], labels=range(classes)) for r in results)


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
