"""Values (S, N) of S seeds on the same N test sequences -> what is known of their mean: its interval and p-values.

Pure functions of arrays. benchmarks/coverage.py measures how often these intervals, and others, hold the true mean.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

LEVEL = 0.95  # of every interval
ACCURACY = (0, 1)  # the least and the greatest value that a right or wrong answer has
DIFFERENCE = (-1, 1)  # and a difference of two of them


@dataclass(frozen=True)
class Mean:
    """What is known of a mean: (mean - centre) / error has Student's t distribution of `freedom` degrees. bounds: the
    least and the greatest value that it can have."""

    centre: float
    error: float
    freedom: float
    bounds: tuple = (-np.inf, np.inf)

    def interval(self, level=LEVEL):
        """(low, high), with equal tails."""
        reach = stats.t.ppf((1 + level) / 2, self.freedom) * self.error
        return np.maximum(self.centre - reach, self.bounds[0]), np.minimum(self.centre + reach, self.bounds[1])

    def p(self, value=0.0):
        """P-value, of both sides, of a mean of `value`: below 0.05 just where the 95 % interval leaves it out."""
        return 2 * self._beyond(np.abs(self.centre - value))

    def p_above(self, value=0.0):
        """P-value, of one side, of a mean of `value` or less: small where the mean surely lies above."""
        return self._beyond(self.centre - value)

    def p_equal(self, margin):
        """P-value of a mean at least `margin` from zero, so small where the two sides are as good as equal (two
        one-sided tests, Schuirmann 1987): below 0.05 just where the 90 % interval lies within the margin."""
        return self._beyond(margin - np.abs(self.centre))

    def __sub__(self, other):
        """What is known of the difference of two independent means (Welch 1947). Of means over the same seeds it is
        cautious, where what a seed does to one it does to the other."""
        a, b = self.error**2, other.error**2
        with np.errstate(divide="ignore", invalid="ignore"):
            freedom = np.divide((a + b) ** 2, a**2 / self.freedom + b**2 / other.freedom)
        freedom = np.nan_to_num(freedom, nan=np.inf, posinf=np.inf)  # 0 / 0: neither has an error
        return Mean(self.centre - other.centre, np.sqrt(a + b), freedom)

    def _beyond(self, distance):
        """Probability of more than a distance above the centre."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.nan_to_num(stats.t.sf(np.divide(distance, self.error), self.freedom), nan=0.5)


def crossed(values, groups=None, bounds=None, one_run=False):
    """`Mean` over all seeds and all sequences there are, of which those of values (..., S, N) are a sample.

    groups: the group of each sequence (N,), such as its speaker, where groups were drawn; by default each is its own.
    bounds: the least and the greatest value there can be, ACCURACY or DIFFERENCE; two made-up sequences, one for each,
    then keep the interval from closing where all values are equal (Bonett and Price 2012, for differences), and move
    the centre. one_run: what is told is not the mean but what a single run to come will have, of a new seed on as many
    new sequences.

    Seeds and groups are two crossed random factors (Brennan 2001, "Generalizability theory"): the variance of the mean
    is a sum of components, and Satterthwaite (1946) gives the degrees of freedom of the sum. Groups count by their
    totals, so they may differ in size (Cameron, Gelbach and Miller 2011, "Robust inference with multiway clustering").
    Raises ValueError for fewer than two seeds or two groups.
    """
    centre, by_seed, by_group, by_both, S, G = variances(values, groups, bounds or ())
    a, b = (S + 1, 2) if one_run else (1, 1)
    variance = a * np.maximum(by_seed, by_both) + b * np.maximum(by_group - by_both, 0)
    spread = (a * by_seed) ** 2 / (S - 1) + (b * by_group) ** 2 / (G - 1) + (b * by_both) ** 2 / ((S - 1) * (G - 1))
    with np.errstate(invalid="ignore"):
        freedom = np.nan_to_num(variance**2 / spread, nan=S - 1)  # 0 / 0: all values equal, without bounds
    return Mean(centre, np.sqrt(variance), freedom, bounds or Mean.bounds)


def variances(values, groups=None, added=()):
    """Mean of values (..., S, N); what the seeds, the groups and their interaction each contribute to its variance, the
    interaction being a part of the other two; how many seeds and groups there are.

    added: values of made-up sequences, the same for every seed; the rest as in `crossed`.
    """
    total, sizes = _totals(np.asarray(values, np.float64), groups, added)
    S, G = total.shape[-2], total.shape[-1] - len(added)
    if S < 2 or G < 2:
        raise ValueError(f"an interval needs two seeds and two groups of sequences or more, not {S} and {G}")
    means = total.sum(axis=-1, keepdims=True) / sizes.sum()  # (..., S, 1)
    centre = means.mean(axis=-2, keepdims=True)  # (..., 1, 1)
    cells = (total - sizes * means) / sizes.sum()  # (..., S, G + A), what each cell adds to the mean of its seed
    group = cells.mean(axis=-2, keepdims=True)  # (..., 1, G + A)
    by_seed = ((means - centre) ** 2).sum(axis=(-1, -2)) / (S * (S - 1))
    by_group = (group**2).sum(axis=(-1, -2)) * G / (G - 1)
    by_both = ((cells - group) ** 2).sum(axis=(-1, -2)) * G / (G - 1) / (S * (S - 1))
    return centre[..., 0, 0], by_seed, by_group, by_both, S, G


def _totals(values, groups, added):
    """Sums of values by seed and group (..., S, G + A) and sizes (G + A,) of the groups; each of the A added sequences
    stands alone, behind the groups."""
    sizes = np.ones(values.shape[-1])
    if groups is not None:
        member = np.equal.outer(np.asarray(groups), np.unique(groups)).astype(np.float64)  # (N, G)
        values, sizes = values @ member, member.sum(axis=0)
    alone = np.broadcast_to(np.asarray(added, np.float64), (*values.shape[:-1], len(added)))
    return np.concatenate([values, alone], axis=-1), np.concatenate([sizes, np.ones(len(added))])


def holm(p_values):
    """P-values of a family of tests, each raised so that all hold together (Holm 1979), in the order given."""
    p = np.asarray(p_values, np.float64)
    order = np.argsort(p, kind="stable")
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1)
    return adjusted
