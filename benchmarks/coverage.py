"""How often "95 %" intervals hold the truth, by simulation: `python benchmarks/coverage.py [--repetitions n]`.

Draws seeds and test sequences from pools whose true mean accuracy is known, and asks several methods for an interval of
the mean, of the paired difference of two networks, and of what one new run will have. Prints a table, and writes it
(kind, pool, seeds, method, coverage, width) to report/source/coverage.csv. No data is needed.
"""

import argparse
import csv
import io
from dataclasses import dataclass

import numpy as np
from scipy import stats

from sequtils import intervals, paths
from sequtils.files import write_atomic

REPETITIONS = 4000
SEEDS = (3, 5, 10, 30)
BOOTSTRAPS = 1000
CHUNK = 100  # repetitions at once, for memory
SPEAKERS = np.repeat(np.arange(19), [13, 17, 18, 18, 18, 19, 21, 23, 25, 25, 25, 26, 27, 29, 31, 34, 37, 37, 48])


@dataclass(frozen=True)
class Pool:
    """Networks that could be trained and sequences that could be met.

    first, second: the two networks, each a mixture of (weight, mean, standard deviation) of the true accuracy of a
    seed. sequence, speaker: how much of the variance, on a probit scale, of what decides whether an answer is right is
    the sequence's own and its speaker's. groups: the speaker of each test sequence, or None; N: how many sequences.
    """

    first: tuple
    second: tuple
    sequence: float = 0.5
    speaker: float = 0.0
    groups: np.ndarray = None
    N: int = 100

    def draw(self, rng, runs, S):
        """Whether the answers of both networks are right, booleans (2, runs, S, N), and the pool's true accuracies."""
        speakers = np.zeros(self.N, int) if self.groups is None else self.groups
        own, both = (rng.normal(size=(k, runs, 1, self.N)) for k in (2, 1))  # half of what a sequence does, each
        latent = np.sqrt(self.sequence / 2) * (own + both)
        latent += np.sqrt(self.speaker) * rng.normal(size=(1, runs, 1, speakers.max() + 1))[..., speakers]
        chance = np.sqrt(1 - self.sequence - self.speaker)
        seeds = np.stack([_accuracies(rng, mixture, (runs, S, 1)) for mixture in (self.first, self.second)])
        return latent + chance * rng.normal(size=(2, runs, S, self.N)) > stats.norm.isf(seeds)

    @property
    def truth(self):
        """True mean accuracy of both networks."""
        return [sum(weight * mean for weight, mean, _ in mixture) for mixture in (self.first, self.second)]


def _accuracies(rng, mixture, shape):
    """True accuracies of seeds: of one component of the mixture each, there with a beta distribution."""
    weights, means, sds = (np.array(column) for column in zip(*mixture))
    which = rng.choice(len(weights), shape, p=weights)
    size = means * (1 - means) / np.maximum(sds, 1e-6) ** 2 - 1
    return rng.beta((means * size)[which], ((1 - means) * size)[which])


PLATEAU, SPREAD = ((1, 0.42, 0.01),), ((1, 0.42, 0.035),)
LATE = ((0.5, 0.43, 0.03), (0.5, 0.75, 0.12))  # half of the seeds leave the plateau
CEILING = ((1, 0.99, 0.006),)
POOLS = {
    "seeds agree": Pool(PLATEAU, PLATEAU),
    "deviation .035": Pool(SPREAD, ((1, 0.7, 0.035),)),
    "bimodal, deviation .18": Pool(LATE, PLATEAU),
    "bimodal, both": Pool(LATE, ((0.7, 0.42, 0.02), (0.3, 0.85, 0.05))),
    "ceiling of .99": Pool(CEILING, CEILING),
    "ceiling, a few hard sequences": Pool(((1, 0.985, 0.003),), ((1, 0.9999, 0.0),), sequence=0.95),
    "19 speakers": Pool(((1, 0.73, 0.035),), ((1, 0.405, 0.035),), 0.45, 0.05, SPEAKERS, len(SPEAKERS)),
    "19 speakers, ceiling of .99": Pool(CEILING, CEILING, 0.45, 0.05, SPEAKERS, len(SPEAKERS)),
}
RARE = "one seed in ten succeeds"  # beyond any method: of few seeds none may be the one
POOLS[RARE] = Pool(((0.9, 0.42, 0.02), (0.1, 0.9, 0.03)), PLATEAU)


# ---- Methods: values (R, S, N), groups (N,) or None, bounds of a value -> (low, high), each (R,) ---------------------


def bootstrap(values, groups, bounds):
    """Percentiles of means of resampled seeds and sequences, crossed (Owen 2007); speakers are not seen."""
    return np.quantile(_resampled(values, None), [0.025, 0.975], axis=0)


def expanded(values, groups, bounds):
    """The same by speakers, with percentiles set further out, as Student's t for as many seeds (Hesterberg 2015)."""
    S = values.shape[1]
    tail = stats.norm.cdf(-np.sqrt(S / (S - 1)) * stats.t.ppf(0.975, S - 1))
    return np.quantile(_resampled(values, groups), [tail, 1 - tail], axis=0)


def _resampled(values, groups):
    """Means (BOOTSTRAPS, R) of resampled seeds and groups."""
    S, N = values.shape[1:]
    groups = np.arange(N) if groups is None else groups
    member = np.equal.outer(groups, np.unique(groups)).astype(np.float32)
    rng, G = np.random.default_rng(0), member.shape[1]
    seeds, drawn = (rng.multinomial(n, np.full(n, 1 / n), BOOTSTRAPS).astype(np.float32) for n in (S, G))
    sizes = drawn @ member.sum(axis=0)
    return np.stack([((seeds @ total) * drawn).sum(axis=1) / sizes / S
                     for total in values.astype(np.float32) @ member], axis=1)


def over_seeds(values, groups, bounds):
    """Student's t of the seeds' accuracies; the sequences are taken for all there are."""
    means = values.mean(axis=2)
    reach = stats.t.ppf(0.975, means.shape[1] - 1) * means.std(axis=1, ddof=1) / np.sqrt(means.shape[1])
    return means.mean(axis=1) - reach, means.mean(axis=1) + reach


def normal(values, groups, bounds):
    """Crossed components of variance, with the normal quantile (Cameron, Gelbach and Miller 2011)."""
    found = intervals.crossed(values, groups)
    return found.centre - 1.96 * found.error, found.centre + 1.96 * found.error


def student(values, groups, bounds):
    """Crossed components of variance, with Student's t and Satterthwaite's degrees of freedom."""
    return intervals.crossed(values, groups).interval()


def twice(values, groups, bounds):
    """The same with four made-up sequences, two of each bound (Agresti and Coull 1998)."""
    return intervals.crossed(values, groups, bounds * 2).interval()


def once(values, groups, bounds):
    """The same with one of each: what `sequtils.statistics` prints."""
    return intervals.crossed(values, groups, bounds).interval()


def cautious(values, groups, bounds):
    """The same with the degrees of freedom of the seeds alone."""
    found = intervals.crossed(values, groups, bounds)
    return intervals.Mean(found.centre, found.error, values.shape[1] - 1).interval()


def one_run(values, groups, bounds):
    """Prediction of one run, from the same components."""
    return intervals.crossed(values, groups, bounds, one_run=True).interval()


def one_run_over_seeds(values, groups, bounds):
    """Prediction of one run on the same sequences, from the seeds' accuracies alone."""
    means = values.mean(axis=2)
    S = means.shape[1]
    reach = stats.t.ppf(0.975, S - 1) * means.std(axis=1, ddof=1) * np.sqrt(1 + 1 / S)
    return means.mean(axis=1) - reach, means.mean(axis=1) + reach


CHOSEN = "crossed, t, one added"
OF_MEANS = {"bootstrap": bootstrap, "bootstrap, expanded": expanded, "t over seeds": over_seeds,
            "crossed, normal": normal, "crossed, t": student, CHOSEN: once, "crossed, t, two added": twice,
            "crossed, t of the seeds, one added": cautious}
OF_RUNS = {"bootstrap": bootstrap, "t over seeds": one_run_over_seeds, CHOSEN: one_run}


# ---- Measurement -----------------------------------------------------------------------------------------------------


def measure(pool, S, repetitions, means=OF_MEANS, runs=OF_RUNS, seed=0):
    """(kind, method) -> (coverage, mean width) of the intervals of S seeds."""
    rng, found = np.random.default_rng([seed, S]), {}
    for first in range(0, repetitions, CHUNK):
        count = min(CHUNK, repetitions - first)
        a, b = pool.draw(rng, count, S).astype(np.float64)
        new = pool.draw(rng, count, 1)[0].mean(axis=(1, 2))  # one run of the first network
        true = pool.truth
        for kind, methods, values, truth, bounds in (
                ("mean", means, a, true[0], intervals.ACCURACY),
                ("difference", means, a - b, true[0] - true[1], intervals.DIFFERENCE),
                ("one run", runs, a, new, intervals.ACCURACY)):
            for name, method in methods.items():
                low, high = np.clip(method(values, pool.groups, bounds), *bounds)
                inside = (low <= truth + 1e-9) & (truth - 1e-9 <= high)
                found.setdefault((kind, name), []).append(np.stack([inside, high - low]))
    return {key: np.concatenate(parts, axis=1).mean(axis=1) for key, parts in found.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=REPETITIONS)
    repetitions = parser.parse_args().repetitions
    rows = [(kind, pool, S, method, f"{coverage:.4f}", f"{width:.4f}") for pool in POOLS for S in SEEDS
            for (kind, method), (coverage, width) in measure(POOLS[pool], S, repetitions).items()]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([("kind", "pool", "seeds", "method", "coverage", "width"), *rows])
    write_atomic(paths.SOURCE / "coverage.csv", text.getvalue().encode())
    for kind in ("mean", "difference", "one run"):
        for method in dict.fromkeys(row[3] for row in rows if row[0] == kind):
            print(f"\n{kind}: {method}\n{'':30}" + "".join(f"   S = {S:<8}" for S in SEEDS))
            for pool in POOLS:
                cells = [row for row in rows if (row[0], row[1], row[3]) == (kind, pool, method)]
                print(f"{pool:30}" + "".join(f"   {c:.5} ({w:.5})" for *_, c, w in cells))


if __name__ == "__main__":
    main()
