"""The plateau: its level in known cases, when it is left, and that watching changes nothing."""

import dataclasses

import numpy as np
import pytest

from sequtils import trials
from sequtils.measures import plateau


def test_level_of_five_equal_classes_is_the_known_one():
    assert plateau.level([0.2] * 5, None) == (pytest.approx(np.log(5)), pytest.approx(0.2))
    assert plateau.level([0.2] * 5, 3) == (pytest.approx(0.8 * np.log(4)), pytest.approx(0.4))
    assert plateau.level([0.5, 0.5], 0) == (0, 1)


def test_level_is_the_loss_of_the_network_that_it_describes():
    """Cross-entropy of predictions that name class 0 surely and the others by their shares, averaged by hand."""
    y = np.array([0] * 5 + [1] * 3 + [2] * 2)
    p = np.where(np.arange(3) == 0, 0.0, [0, 0.6, 0.4])
    losses = [0.0 if label == 0 else -np.log(p[label]) for label in y]
    loss, accuracy = plateau.level(np.bincount(y) / len(y), 0)
    assert loss == pytest.approx(np.mean(losses)) and accuracy == pytest.approx(0.5 + 0.3)


@pytest.mark.parametrize(("loss", "epoch"), [([3, 2, 1, 0.5], 3), ([3, 1, 3, 1], 4), ([3, 3], None), ([0.1, 0.2], 1),
                                             ([1, 1, None], None), ([1, 3], None)])
def test_the_plateau_is_left_for_good_or_not(loss, epoch):
    assert plateau.left(loss, 2) == epoch


def test_watching_changes_nothing_and_recalls_make_up_the_accuracy(toy):
    trial = trials.Trial("handwriting", "lstm", (3,), max_epochs=4)
    plain, watched = trials.train(trial, toy), trials.train(plateau.Watched(**dataclasses.asdict(trial)), toy)
    assert watched["loss"] == plain["history"]["loss"]
    recalls = np.array(watched["recalls"])  # (epochs, C)
    weighted = recalls @ np.bincount(toy.test.y) / len(toy.test)
    np.testing.assert_allclose(weighted, plain["history"]["test_accuracy"])
    assert plateau.first_learned([watched]) == recalls.mean(axis=0).argmax()


def test_each_setting_changes_one_thing(toy):
    trial = trials.Trial("handwriting", "rnn", (3,), max_epochs=2)
    for name, other in plateau.settings(trial).items():
        changed = {key for key, x in other.record.items() if x != trial.record[key]}
        assert len(changed) == (name != "as in the study"), name
    runs = {("handwriting", name): [trials.train(t, toy)] for name, t in plateau.settings(trial).items()}
    table = plateau.leaving(runs, {"handwriting": toy}, {"handwriting": 0})
    assert (table["handwriting", "first", "level"], table["handwriting", "first", "left"]) == (0, 0)
    studied, half = (runs["handwriting", name][0]["test_accuracy"] for name in ("as in the study", "half as long"))
    assert table["handwriting", "half as long", "gain"].mean == pytest.approx(half - studied)
    assert table["handwriting", "as in the study", "gain"] is None
