"""Speakers in and out of the training: no network hears whom it is said not to have heard."""

from dataclasses import replace

import numpy as np
import pytest

from sequtils import trials
from sequtils.measures import speakers
from sequtils.statistics import FEWEST


@pytest.fixture
def spoken(toy):
    """The toy data set with six speakers in both parts, and one that is in the test part alone."""
    name = lambda part, last: (*(f"{i % 6:02d}" for i in range(len(part) - 1)), last)
    return replace(toy, train=replace(toy.train, speakers=name(toy.train, "05")),
                   test=replace(toy.test, speakers=name(toy.test, "99")))


def test_parts_hold_each_speaker_once_and_no_network_hears_them(spoken):
    fold_of = speakers.parts(spoken.train.speakers, 3)
    assert set(fold_of) == set(spoken.train.speakers) and sorted(set(fold_of.values())) == [0, 1, 2]
    for k in range(3):
        absent = {s for s in fold_of if fold_of[s] == k}
        kept = speakers.without(spoken, absent).train
        assert set(kept.speakers) == set(fold_of) - absent and len(kept) == len(kept.y) == len(kept.files)
    with pytest.raises(ValueError, match="7 parts by speaker need as many"):
        speakers.parts(spoken.train.speakers, 7)


def test_a_speaker_trial_is_its_trainings(spoken):
    plain = trials.Trial("handwriting", "rnn", (3,), max_epochs=3)
    trial = speakers.experiments(spoken, {"rnn": plain}, 3)["rnn"]
    result = trial.measure(spoken)
    fold_of = speakers.parts(spoken.train.speakers, 3)
    assert result["fold"] == [fold_of.get(s) for s in spoken.test.speakers] and result["fold"][-1] is None
    for k, named in enumerate(result["named"]):
        left = speakers.without(spoken, {s for s in fold_of if fold_of[s] == k})
        assert plain.measure(left)["predictions"] == named
    assert trial.multiplications(spoken) == 2 * plain.multiplications(spoken)


def test_each_sequence_counts_by_who_has_heard_its_speaker():
    result = {"labels": [1, 1, 1], "fold": [0, 1, None], "named": [[1, 1, 1], [0, 1, 1], [0, 0, 1]]}
    heard, unheard = speakers.rights(result)
    np.testing.assert_array_equal(heard, [0, 0.5, np.nan])
    np.testing.assert_array_equal(unheard, [1, 1, np.nan])


def test_what_it_costs_is_paired_and_of_the_known_speakers(spoken):
    fold_of = speakers.parts(spoken.train.speakers, 3)
    fold = [fold_of.get(s) for s in spoken.test.speakers]
    y = spoken.test.y
    named = [[int(c) if k != own else 1 - int(c) for c, own in zip(y, fold)] for k in range(3)]  # right if heard
    runs = {"rnn": [{"labels": y.tolist(), "fold": fold, "named": named}] * FEWEST}
    split = {"rnn": [{"labels": y.tolist(), "predictions": y.tolist(), "trial": {"seed": s}} for s in range(FEWEST)]}
    row = speakers.compare(split, runs, spoken, {}).row("handwriting", "rnn")
    assert (row["test"].mean > 0.9, row["gain"].word) == (True, "lower") and row["gain"].mean < -0.8
    assert row["heard"].mean > 0.9 and row["unheard"].mean < 0.1  # the bounds' made-up sequences move both a little


def test_without_known_speakers_there_is_the_split_alone(toy):
    assert speakers.experiments(toy, {"rnn": trials.Trial("handwriting", "rnn", (3,))}, 2) == {}
    split = {"rnn": [{"labels": [1], "predictions": [1], "trial": {"seed": 0}}]}
    found = speakers.compare(split, {}, toy, {})
    assert list(found.table().columns) == ["Data set", "Model", "Its own split [95 %]"]
