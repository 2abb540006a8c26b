"""The steps that the experiment notebooks share: load, sweep over networks, publish what one network did."""

from dataclasses import replace

from sequtils import data, statistics, trials
from sequtils.notebook import plots
from sequtils.notebook.artefacts import Publisher
from sequtils.notebook.progress import Progress
from sequtils.original import source


class Study:
    """One run of an experiment notebook, for one cell or for all (None), on both data sets.

    data_root, handwriting_classes, cv_classes: see `data.load`. jobs, cluster: see `trials.run`. build: see
    `artefacts.Publisher`. settings: fields of every Trial of the notebook, such as max_epochs.
    """

    def __init__(self, notebook, cell, data_root=None, handwriting_classes=None, cv_classes=None, jobs=1, cluster=None,
                 build=None, **settings):
        self.cell, self.name = cell, plots.NAMES.get(cell)
        self.jobs, self.cluster, self.settings = jobs, cluster, settings
        self.publish = Publisher(notebook, build, cell)
        classes = {"handwriting": handwriting_classes, "cv": cv_classes}
        self.datasets = {name: data.load(name, data_root, chosen) for name, chosen in classes.items()}

    def sweep(self, name, variants, seeds, **settings):
        """Results of several seeds for each variant on one data set, label -> [result of seed 0, 1, ...].

        variants: label -> fields of the Trial, such as {"hidden": (16, 5)}; settings: more fields for all of them.
        """
        fields = {"cell": self.cell, **self.settings, **settings}
        records = {label: trials.Trial(name, **{**fields, **variant}) for label, variant in variants.items()}
        return self.measure(records, seeds, name)

    def measure(self, experiments, seeds, name=None):
        """Results of several seeds of each Experiment, label -> [result of seed 0, 1, ...], on the data set called
        `name`, or without one. The experiments are run side by side, and what the store has is not run again."""
        records = [replace(e, seed=seed) for e in experiments.values() for seed in range(seeds)]
        dataset = self.datasets[name] if name else None
        results = iter(trials.run(records, dataset, self.jobs, self.cluster, progress=Progress()))
        return {label: [next(results) for _ in range(seeds)] for label in experiments}

    def cross_validate(self, experiments, folds, name):
        """Mean accuracy of each Experiment on the held-out parts of the training data, label -> accuracy."""
        splits = {(label, k): replace(e, fold=k, folds=folds) for label, e in experiments.items() for k in range(folds)}
        held_out = self.measure(splits, 1, name)
        return {label: statistics.cross_validated([held_out[label, k][0] for k in range(folds)])[0]
                for label in experiments}

    def show_network(self, figures, results, name, title):
        """Publish loss against epoch and the confusion matrix of one network under the numbers of the source."""
        dataset, seeds = self.datasets[name], len(results)
        self.publish.figure(
            figures["learning"], plots.learning(results, dataset, title),
            f"{title} on {dataset.label}: loss and accuracy against epoch, a thin line for each seed, the median bold, "
            "a dot where training stopped.", dataset)
        matrix = statistics.confusion(results, len(dataset.classes))
        self.publish.figure(
            figures["confusion"], plots.confusion(matrix, dataset, title, seeds),
            f"{title} on {dataset.label}: test sequences by true and predicted class, counts, and shares of the true "
            f"class, the greater the darker{'; summed over the seeds' if seeds > 1 else ''}.", dataset)

    def show_sweep(self, id, results, name, title, xlabel, caption, section=None, **options):
        """Publish accuracy against what a sweep varies, label -> results, beside the numbers of a source's section.

        options: those of `plots.sweep`; x_name names the column of the source's table that the labels stand for.
        """
        dataset, published = self.datasets[name], None
        x_name = options.pop("x_name", None)
        if section:
            published = {part: source.column(section, x_name, part, dataset=name) for part in ("train", "test")}
        estimates = {part: [getattr(statistics, f"{part}_accuracy")(r) for r in results.values()]
                     for part in ("train", "test")}
        fig = plots.sweep(list(results), estimates, dataset, self.cell, f"{self.name}, {title}", xlabel,
                          published=published, **options)
        self.publish.figure(id, fig, f"{self.name} on {dataset.label}: {caption}", dataset)

    def say_difference(self, name, results, baseline):
        """Publish the paired difference in test accuracy of two variants, and in one word what it is; return it."""
        return self.say_gain(name, statistics.difference(results, baseline))

    def say_gain(self, name, gain):
        """Publish the Estimate of a difference, and in one word what it is; return it."""
        self.publish.value(name, gain.mean, gain.interval, text=f"{gain.mean:+.3f}".replace("-", "−"))
        self.publish.value(f"{name}.verdict", statistics.verdict(gain))
        return gain

    def say_accuracy(self, name, results):
        """Publish the test and training accuracy of one variant under `name`.test and `name`.train."""
        test, train = statistics.test_accuracy(results), statistics.train_accuracy(results)
        self.publish.value(f"{name}.test", test.mean, test.interval)
        self.publish.value(f"{name}.train", train.mean, train.interval)


def stack(depth, width, last):
    """Hidden sizes of a network: `width` units in every layer but the last, which has `last`; one layer has `width`."""
    return (width,) * (depth - 1) + (last,) if depth > 1 else (width,)


def units(hidden):
    """Hidden sizes in words, such as "16 and 5" or "127 of 16, then 5"."""
    first, last = hidden[0], hidden[-1]
    if len(hidden) < 3:
        return " and ".join(map(str, hidden))
    return f"{len(hidden) - 1} of {first}, then {last}"


def node_rule(dataset, alpha):
    """The rule of thumb that the source quotes: N_h = N_s / (alpha (N_i + N_o)), N_s training sequences, N_i features
    of a frame, N_o classes."""
    return len(dataset.train) / (alpha * (dataset.train.x[0].shape[1] + len(dataset.classes)))
