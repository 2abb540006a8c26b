"""What a sweep found: accuracies of networks that differ in one thing, as a Result that draws and sums itself up."""

import numpy as np

from sequtils import statistics, text
from sequtils.notebook import plots
from sequtils.notebook.figures import training
from sequtils.original import source
from sequtils.results import Result

UNSEEN = ("parameters", "majority", "agrees", "train_agrees", "run", "train_run", "size", "balanced", "macro_f1",
          "verdict", "gap", "gap_beyond")  # for those who compute with the table, or name a cell


class Sweep(Result):
    """A row for each data set and value of what was varied.

    by: what was varied, such as "layers". runs: (data set, value) -> [result of seed 0, 1, ...]. datasets: name ->
    Dataset. baseline: the value with which the others are compared, paired; None: they are not. cell: the cell of all
    networks, beside which the source's numbers stand where it published some. labels: (data set, value) -> columns that
    name the network, such as {"units": "7 of 16, then 5"}. trials: data set -> {value: Trial}, where it may be trained
    again. In every data set "first", "last", "best" (the highest test accuracy) and "baseline" name rows, too.

    gain: the paired difference in test accuracy to the baseline. gap: training less test accuracy, paired;
    gap_beyond: that less the baseline's, by which overfitting is judged.
    """

    def __init__(self, by, runs, datasets, baseline=None, cell=None, labels=None, trials=None):
        self.varied, self.runs, self.datasets, self.cell = by, runs, datasets, cell
        self.baseline, self.labels, self.trials = baseline, labels or {}, trials or {}
        counts = sorted({len(results) for results in runs.values()})
        self.seeds = text.seeds([(n, None) for n in counts] if len(counts) > 1 else counts[0])
        super().__init__(("dataset", by), {}, {"size": ".1f"}, titles={name: d.title for name, d in datasets.items()})
        for row in runs:
            self.add(row, self._row(*row))
        for name in dict.fromkeys(name for name, _ in runs):
            self.alias("best", (name, statistics.best({v: row["test"].mean for v, row in self.within(name).items()})))
            if baseline is not None:
                self.alias("baseline", (name, baseline))

    def _row(self, name, value):
        results, dataset = self.runs[name, value], self.datasets[name]
        balanced, macro_f1 = statistics.balanced(results)
        theirs = source.accuracies(self.cell, name, self.varied, value)
        gain = {} if self.baseline is None else self._gain(name, value)
        return {**self.labels.get((name, value), {}), "seeds": len(results), "parameters": results[0]["parameters"],
                **beside(results, theirs, dataset), **gain, "gap": statistics.gap(results),
                "balanced": balanced, "macro_f1": macro_f1, "majority": statistics.majority_rate(dataset.test),
                "epochs": float(np.median([r["history"]["stop_epoch"] for r in results])),
                "remark": remark(results, dataset)}

    def _gain(self, name, value):
        if value == self.baseline:
            return {"gain": None, "verdict": "the baseline", "size": 1.0, "gap_beyond": None}
        gain = self.difference(name, value, self.baseline)
        ours, theirs = self.runs[name, value], self.runs[name, self.baseline]
        return {"gain": gain, "verdict": gain.word, "size": ours[0]["parameters"] / theirs[0]["parameters"],
                "gap_beyond": statistics.gap(ours, theirs)}

    def difference(self, name, value, other):
        """The paired Difference in test accuracy of two values, or their aliases, on one data set."""
        return statistics.difference(*(self.runs[self.names(name, v)] for v in (value, other)))

    def compare(self, column, other, head=None):
        """Add a column of paired differences to one more value, or an alias; without it where it was not trained. head:
        what a reader sees above it."""
        self.heads |= {column: head} if head else {}
        for name, value in self.rows:
            there = self.names(name, other) in self.runs
            self.rows[name, value][column] = self.difference(name, value, other) if there else None

    def between(self, name, low, high):
        """Difference of the mean test accuracy of the values from low to high less that of the others, on one data set;
        a few words where one side is empty."""
        runs = {value: results for (n, value), results in self.runs.items() if n == name}
        inside = [results for value, results in runs.items() if low <= value <= high]
        outside = [results for value, results in runs.items() if not low <= value <= high]
        if inside and outside:
            return statistics.groups_difference(inside, outside)
        return f"{len(inside)} of {len(runs)} are inside"

    def only(self, *values):
        """The rows of some values, or of aliases, as a Sweep of their own."""
        rows = [self.names(name, v) for name in dict.fromkeys(n for n, _ in self.runs) for v in values]
        runs = {row: self.runs[row] for row in rows if row in self.runs}
        return Sweep(self.varied, runs, self.datasets, None, self.cell, self.labels)

    def cells(self):
        """As of any Result, and in the row "tally" of a data set how many values were compared with the baseline, and
        how many of them are higher and lower."""
        tallies = {} if self.baseline is None else {
            f"{name}/tally": {key: self._plain(n) for key, n in statistics.tally(
                [row["gain"] for row in self.within(name).values() if row["gain"]]).items()}
            for name in self.datasets}
        return super().cells() | tallies

    def sentence(self, name, value):
        """What a row says, in a sentence for the notebook's answer."""
        label, row = self.names(name, value)[1], self.row(name, value)
        beside = f", {row['gain'].verdict} with {self.baseline} ({row['gain']})" if row.get("gain") else ""
        who = f"{plots.NAMES.get(self.cell, 'Networks')} on {self.datasets[name].title}"
        return f"{who}: with {self.varied} {label} the test accuracy is {row['test']}{beside}."

    def explained(self, without=()):
        """What a caption says of the epochs, where they are shown, and of the majority."""
        rates = ", ".join(f"{d.title} {statistics.majority_rate(d.test):.3f}" for d in self.datasets.values())
        told = {"epochs": " Epochs: median over the seeds.",
                "majority": f" Always naming the most frequent class scores: {rates}."}
        return "".join(words for column, words in told.items() if column not in without)

    def draw(self, name, title, xlabel, **options):
        """Figure of the accuracies on one data set against what was varied; options: those of `training.sweep`."""
        rows = self.within(name)
        found = {part: [row[part] for row in rows.values()] for part in ("train", "test")}
        published = {part: source.column(self.cell, name, self.varied, part) for part in found}
        return training.sweep(list(rows), found, self.datasets[name], self.cell, title, xlabel, published=published,
                           **options)


def beside(results, theirs, dataset):
    """Columns of both accuracies and the published ones, a row or None, beside them. One published run is held against
    what one run more would give here: run, train_run."""
    train, test = statistics.train_accuracy(results), statistics.test_accuracy(results)
    if theirs is None:
        return {"train": train, "train_published": None, "test": test, "test_published": None, "test_difference": None}
    run, train_run = statistics.prediction(results), statistics.train_accuracy(results, one_run=True)
    return {"train": train, "train_published": theirs["train"], "test": test, "test_published": theirs["test"],
            "test_difference": test.mean - theirs["test"], "run": run, "train_run": train_run,
            "agrees": statistics.agrees(theirs["test"], run, test, dataset, theirs["train"]),
            "train_agrees": statistics.agrees(theirs["train"], train_run)}


def remark(results, dataset):
    """What a reader must know of a row: how many runs diverged, and how many never left chance."""
    diverged = sum(r["history"]["reason"] == "diverged" for r in results)
    chance = sum(statistics.at_chance(r, dataset.test) for r in results) - diverged
    told = [f"{n} of {len(results)} {what}" for n, what in ((diverged, "diverged"), (chance, "at chance")) if n > 0]
    return "; ".join(told)
