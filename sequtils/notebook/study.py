"""The steps that the experiment notebooks share: load, sweep over networks, publish what was found."""

from dataclasses import replace

import numpy as np

from sequtils import data, statistics, text, trials
from sequtils.notebook import parameters, plots
from sequtils.notebook.artefacts import Publisher
from sequtils.notebook.figures import training
from sequtils.notebook.progress import Progress
from sequtils.notebook.sweep import UNSEEN, Sweep
from sequtils.original.source import figures, section


class Study:
    """One run of an experiment notebook, for one cell or for all (None), on the data sets that there are.

    data_root, handwriting_classes, cv_classes: see `data.load`; without classes, [], a data set is left out. most: how
    many sequences to train with at most, by data set; None: all. jobs, cluster: see `trials.run`. build: see
    `artefacts.Publisher`. settings: fields of every Trial of the notebook, such as max_epochs.
    """

    def __init__(self, notebook, cell, data_root=None, handwriting_classes=None, cv_classes=None, jobs=1, cluster=None,
                 build=None, most=None, **settings):
        parameters.check(notebook)
        self.cell, self.name = cell, plots.NAMES.get(cell)
        self.jobs, self.cluster, self.settings = jobs, cluster, settings
        chosen = {"handwriting": handwriting_classes, "cv": cv_classes}
        self.datasets = {name: data.load(name, data_root, chosen[name], (most or {}).get(name))
                         for name in data.names(data_root) if chosen[name] != []}
        for told in filter(None, (dataset.told for dataset in self.datasets.values())):
            print(told)
        self.publish = Publisher(notebook, build, cell, self.datasets)

    def example(self, name):
        """A data set to look at: the study's own, or the embedded sample's where it has none, or strokes that are
        no paths of two coordinates."""
        own = self.datasets.get(name)
        drawn = own and (name != "handwriting" or own.train.x[0].shape[1] == 2)
        return own if drawn else data.load(name)

    def sweep(self, by, values, fields, seeds, baseline=None, labels=None, **settings):
        """A `Sweep` of several seeds for each value of what is varied, on every data set.

        by: what is varied, such as "layers". values: its values, or data set -> values. fields: value -> fields of the
        Trial, such as {"hidden": (16, 5)}, or data set -> such a function; settings: more fields for all of them.
        baseline: see `Sweep`. labels: Trial -> columns that name the network.
        """
        fixed = {"cell": self.cell, **self.settings, **settings}
        records, runs = {}, {}
        for name in self.datasets:
            chosen = values[name] if isinstance(values, dict) else values
            own = fields[name] if isinstance(fields, dict) else fields
            records[name] = {v: trials.Trial(name, **{**fixed, **own(v)}) for v in chosen}
            runs |= {(name, v): results for v, results in self.measure(records[name], seeds, name).items()}
        named = {(name, v): labels(records[name][v]) for name, v in runs} if labels else {}
        return Sweep(by, runs, self.datasets, baseline, self.cell, named, records)

    def measure(self, experiments, seeds, name=None):
        """Results of several seeds of each Experiment, label -> [result of seed 0, 1, ...], on the data set called
        `name`, or without one. The experiments are run side by side, and what the store has is not run again.

        seeds: how many, or how many by cost; see `seeds_by_cost`.
        """
        dataset = self.datasets[name] if name else None
        counts = {label: seeds_by_cost(seeds, e, dataset) for label, e in experiments.items()}
        records = [replace(e, seed=seed) for label, e in experiments.items() for seed in range(counts[label])]
        results = iter(trials.run(records, dataset, self.jobs, self.cluster, progress=Progress()))
        return {label: [next(results) for _ in range(counts[label])] for label in experiments}

    told = staticmethod(text.seeds)

    @staticmethod
    def folds(wanted, dataset):
        """As many folds as wanted, or as the largest class has sequences to train with. Raises ValueError for one."""
        most = int(np.bincount(dataset.train.y).max())
        if most < 2:
            raise ValueError(f"{dataset.title}: one training sequence of each class, expected two to make folds of")
        return min(wanted, most)

    def cross_validate(self, experiments, folds, name):
        """Estimate of each Experiment's accuracy on the held-out parts of the training data, label -> Estimate."""
        folds = self.folds(folds, self.datasets[name])
        splits = {(label, k): replace(e, fold=k, folds=folds) for label, e in experiments.items() for k in range(folds)}
        held_out = self.measure(splits, 1, name)
        return {label: statistics.cross_validated([held_out[label, k][0] for k in range(folds)])
                for label in experiments}

    def choose(self, sweep, folds):
        """Add to a Sweep the accuracies on held-out folds of the training data, "folds", and let "chosen" name the
        value with the highest mean, of equals the first."""
        for name, records in sweep.trials.items():
            held_out = self.cross_validate(records, folds, name)
            for value, estimate in held_out.items():
                sweep.rows[name, value]["folds"] = estimate
            sweep.alias("chosen", (name, statistics.best({value: e.mean for value, e in held_out.items()})))

    def publish_table(self, name, sweep, subject, without=(), source=None):
        """Publish a Sweep under one name: its table, and every cell of it.

        subject: what it is about, such as "two layers". without: columns that a reader does not see. source: what the
        table of the source varied, if not the same; see `source.section`.
        """
        who = f"{self.name}, {subject}" if self.name else subject
        self.publish(name, sweep, f"{who}: training and test accuracy over {sweep.seeds} seeds."
                     f"{sweep.explained(without)}", source=section(self.cell, source or sweep.varied),
                     without=(*UNSEEN, *without))

    def publish_sweep(self, name, sweep, subject, xlabel, bands=None, **options):
        """Publish a Sweep under one name: its table, every cell of it, and a figure for each data set.

        subject: what is seen, such as "accuracy against the number of layers". bands: a Result with "least" and "most"
        of a range to be shaded in the figure of each data set. options: those of `training.sweep`.
        """
        self.publish_table(name, sweep, subject)
        for dataset in self.datasets.values():
            if bands:
                options["band"] = (bands[dataset.name, "least"], bands[dataset.name, "most"], "picks of the rule")
            figure = sweep.draw(dataset.name, self.name, xlabel, **options)
            self.publish(f"{name}-{dataset.name}", figure, f"{self.name} on {dataset.label}: {subject} as training "
                         "stopped; bars are intervals, faint points seeds.", dataset)

    def publish_networks(self, block, sweep, value=None, chosen=""):
        """Publish loss against epoch and confusion matrix of the networks of a block of the source, under its numbers.

        value: which of the sweep's, or an alias; by default the one that the source's figure is about. chosen: what the
        captions say of how it was chosen.
        """
        for found in figures(block, self.cell):
            if found["dataset"] not in self.datasets:
                continue
            dataset, by = self.datasets[found["dataset"]], found.get(sweep.varied)
            names = sweep.names(dataset.name, value or by)
            runs, row = sweep.runs[names], sweep.rows[names]
            hidden = runs[0]["trial"]["hidden"]
            title = f"{'+'.join(map(str, hidden))} units"
            printed = {part: row[f"{part}_published"] for part in ("train", "test")}
            about = f"{self.name} of {units(hidden)} units{chosen} on {dataset.label}"
            self.publish(found["learning"], training.learning(runs, dataset, title, printed),
                         f"{about}: loss against epoch, a thin line for each seed, the median bold, training and "
                         "(dotted) test; and the mean training and test accuracy.", dataset, found["learning"])
            matrices = statistics.confusion(runs, len(dataset.classes))
            self.publish(found["confusion"], training.confusion(matrices, dataset, title), f"{about}: test sequences "
                         "by true and predicted class, in percent of the true class; a stripe for each seed, the "
                         "darker, the greater its share.", dataset, found["confusion"])


def seeds_by_cost(seeds, experiment, dataset):
    """How many seeds an Experiment is given: `seeds` itself, or of pairs (number, the multiplications that one training
    may then take, None: any) the most, so that cheap ones are repeated more often. The same on every machine."""
    if isinstance(seeds, int):
        return seeds
    cost = experiment.multiplications(dataset)
    return max(number for number, most in seeds if most is None or cost <= most)


def stack(depth, width, last):
    """Hidden sizes of a network: `width` units in every layer but the last, which has `last`; one layer has `width`."""
    return (width,) * (depth - 1) + (last,) if depth > 1 else (width,)


def units(hidden):
    """Hidden sizes in words, such as "16 and 5" or "127 of 16, then 5"."""
    first, last = hidden[0], hidden[-1]
    if len(hidden) < 3:
        return " and ".join(map(str, hidden))
    return f"{len(hidden) - 1} of {first}, then {last}"
