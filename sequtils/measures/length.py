"""What becomes of a network as sequences get longer: its accuracy on the same strokes, and how far it reaches."""

import operator

import numpy as np

from sequtils import statistics
from sequtils.measures import TITLES
from sequtils.measures.synthetic import LATCHED, MASTERED
from sequtils.results import Result

FITTED = 0.95  # a training accuracy above this says that a network fits its training data
WRITTEN = "as written"  # strokes with the points that they have
RULES = {  # what masters a task: a number of the results, its middle over the seeds, on this side of a bound; its unit
    "adding": ("error", np.median, operator.lt, MASTERED, "frames"),
    "latch": ("test_accuracy", np.median, operator.gt, LATCHED, "frames"),
    "words": ("test_accuracy", np.median, operator.gt, LATCHED, "words"),
    "strokes": ("train_accuracy", np.mean, operator.gt, FITTED, "points"),
}


def recipes(points):
    """Numbers of points, and WRITTEN -> the features of strokes in the unit square, resampled and standardised."""
    return {**{n: (f"resample:{n}", "minmax", "standardise") for n in points}, WRITTEN: ("minmax", "standardise")}


def accuracies(found, short):
    """Result of accuracies by cell and points, from cell -> {points or WRITTEN: results}.

    gain: the paired difference in test accuracy to `short` points, beyond_lstm: to the LSTM with as many. "short" and
    "long" name the rows of `short` points and of the most.
    """
    result = Result(("network", "points"), {}, titles=TITLES)
    for cell, runs in found.items():
        for n, results in runs.items():
            gain = None if n == short else statistics.difference(results, runs[short])
            beyond = None if cell == "lstm" else statistics.difference(results, found["lstm"][n])
            result.add((cell, n), {"train": statistics.train_accuracy(results),
                                   "test": statistics.test_accuracy(results), "gain": gain,
                                   "verdict": gain.verdict.rsplit(" ", 1)[0] if gain else "the baseline",
                                   "beyond_lstm": beyond})
        result.alias("short", (cell, short))
        result.alias("long", (cell, max(n for n in runs if n != WRITTEN)))
    return result


class Reach(int):
    """The length up to which all is well, as a number; as text it has a unit, and says whether more was tried."""

    def __new__(cls, well, unit="frames"):
        """well: ascending length -> whether all is well. 0 where it is not even at the first."""
        reached = 0
        for n, fine in well.items():
            if not fine:
                break
            reached = n
        self = super().__new__(cls, reached)
        self.words = f"{reached} {unit}" + (", the longest tried" if reached == max(well) else "")
        if not reached:
            self.words = f"no length (the shortest has {min(well)} {unit})"
        return self

    def __str__(self):
        return self.words


def reaches(found):
    """Result of the length up to which each cell masters a problem at every length, from task -> cell -> {length:
    results}; what that means, RULES say. WRITTEN is no length. longest: the number that says so at the greatest length,
    its mean over the seeds."""
    rows = {}
    for task, by_cell in found.items():
        key, middle, better, bound, unit = RULES[task]
        for cell, runs in by_cell.items():
            numbers = {n: middle([r[key] for r in results]) for n, results in runs.items() if n != WRITTEN}
            well = {n: better(x, bound) for n, x in numbers.items()}
            longest = statistics.over_seeds([r[key] for r in runs[max(numbers)]], bounds=(0, np.inf))  # of an error
            rows[task, cell] = {"last": Reach(well, unit), "bound": bound, "longest": longest}
    heads = {"last": "Masters up to", "longest": "At the longest"}
    return Result(("task", "cell"), rows, {"bound": ".3g"}, heads, TITLES)


def sentences(lengths):
    """What the most points do to the accuracy of each cell, from `accuracies`."""
    told = []
    for cell in ("rnn", "lstm"):
        row, few = lengths.row(cell, "long"), lengths[cell, "short", "points"]
        told.append(f"{TITLES[cell]}, strokes of {row['points']} points instead of {few}: test accuracy {row['test']}, "
                    f"{row['gain'].verdict} before ({row['gain']}).")
    gap = lengths["rnn", "long", "beyond_lstm"]
    return [*told, f"With {row['points']} points the RNN's accuracy is {gap.verdict} the LSTM's ({gap})."]


def mastered(reach):
    """How far each cell gets in the generated problems, from `reaches`."""
    return [f"In the {task} problem the RNN masters {reach[task, 'rnn', 'last']}, the LSTM "
            f"{reach[task, 'lstm', 'last']}."
            for task in ("adding", "latch", "words")]
