"""Speakers that a network has never heard: the same networks, on segments of speakers in and out of their training."""

from dataclasses import asdict, dataclass, replace

import numpy as np

from sequtils import intervals, statistics, trials
from sequtils.data import features
from sequtils.engine import training
from sequtils.measures import TITLES
from sequtils.results import Result


@dataclass(frozen=True)
class SpeakerTrial(trials.Trial):
    """As many trainings of a Trial as there are `folds`, each without the segments of some of the speakers; together
    they leave out each speaker once."""

    def multiplications(self, dataset):
        """Of all its trainings, each on all training data but one part."""
        return (self.folds - 1) * super().multiplications(dataset)

    def measure(self, dataset):
        """The classes that each of the `folds` networks names (folds, N) on the N test sequences, and for each sequence
        the `fold` of its speaker, or None where no network was trained without that speaker."""
        fold_of, C = parts(dataset.train.speakers, self.folds), len(dataset.classes)
        named = []
        for k in range(self.folds):
            absent = {speaker for speaker, fold in fold_of.items() if fold == k}
            prepared = features.prepare(without(dataset, absent), self.features)
            model, _ = trials.trained(self, prepared.train, prepared.test, C)
            named.append(training.make_engine(model).logits(prepared.test.x).argmax(axis=1).tolist())
        return {"fold": [fold_of.get(s) for s in dataset.test.speakers], "named": named,
                "labels": dataset.test.y.tolist()}


def parts(speakers, folds):
    """Speaker -> number of the part, of `folds` of about equally many sequences, that it is in (scikit-learn's
    GroupKFold). Raises ValueError where there are fewer speakers than parts, or where one is not known."""
    from sklearn.model_selection import GroupKFold  # costs each worker a second, and only folds need it

    if None in speakers or len(set(speakers)) < folds:
        raise ValueError(f"{folds} parts by speaker need as many speakers, not {sorted(set(speakers), key=str)}")
    splits = GroupKFold(folds).split(np.zeros(len(speakers)), groups=speakers)
    return {speakers[row]: k for k, (_, held_out) in enumerate(splits) for row in held_out}


def without(dataset, speakers):
    """The Dataset with the training sequences of all but some speakers."""
    train = dataset.train
    kept = [row for row, speaker in enumerate(train.speakers) if speaker not in speakers]
    pick = lambda column: tuple(column[row] for row in kept)
    return replace(dataset, train=replace(train, x=list(pick(train.x)), y=train.y[kept], files=pick(train.files),
                                          speakers=pick(train.speakers)))


def experiments(dataset, networks, folds):
    """Label -> SpeakerTrial of each Trial, label -> Trial; none where too few speakers are known."""
    known = set(dataset.train.speakers)
    if None in known or len(known) < folds:
        return {}
    return {label: SpeakerTrial(**{**asdict(trial), "folds": folds}) for label, trial in networks.items()}


def rights(result):
    """Of one result of a SpeakerTrial two arrays (N,) over the test sequences: the share of the networks that have
    heard their speaker that name them right, and of those that have not, of which there is one for each. NaN where no
    network has not."""
    right = np.equal(result["named"], result["labels"])  # (folds, N)
    fold = np.array([np.nan if k is None else k for k in result["fold"]], float)
    never = np.arange(len(right))[:, None] == fold
    return [np.where(np.isnan(fold), np.nan, (right & mask).sum(axis=0) / np.maximum(mask.sum(axis=0), 1))
            for mask in (~never, never)]


def compare(split, runs, dataset, titles):
    """Result of what it costs to have never heard the speaker, a row a network of a Dataset.

    split: label -> results of its training on all training data, runs: label -> results of its SpeakerTrial. test: the
    accuracy on the data set's own split, where all speakers may be in both parts. heard, unheard: of the networks that
    were trained without some speakers, on test sequences of the others and of these. gain: unheard less heard, paired,
    so that both are of the same networks, with as many training sequences. Speakers are what is drawn.
    """
    found = Result(("dataset", "model"), {}, titles={**TITLES, **titles}, heads={
        "test": "Its own split [95 %]", "heard": "Speakers heard [95 %]", "unheard": "Never heard [95 %]",
        "gain": "Never heard less heard [95 %]"})
    for label, results in split.items():
        found.add((dataset.name, label), {"seeds": len(runs[label]) if runs else None,
                                          "test": statistics.test_accuracy(results),
                                          **(_columns(runs[label], dataset) if runs else {})})
    return found


def _columns(results, dataset):
    heard, unheard = (np.array(values) for values in zip(*map(rights, results)))  # (S, N) each
    known = ~np.isnan(heard[0])
    estimate = lambda values, kind, bounds: statistics.estimate(
        values[:, known], kind, np.array(dataset.test.speakers)[known], bounds)
    gain = estimate(unheard - heard, statistics.Difference, intervals.DIFFERENCE)
    return {"heard": estimate(heard, statistics.Estimate, intervals.ACCURACY),
            "unheard": estimate(unheard, statistics.Estimate, intervals.ACCURACY), "gain": gain, "verdict": gain.word}
