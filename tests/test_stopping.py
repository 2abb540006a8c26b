"""Which epoch's network is the result: early stopping replayed from a full run, and known answers."""

import pytest

from sequtils import trials
from sequtils.measures import stopping


@pytest.mark.parametrize(("patience", "min_delta"), [(1, 1e-4), (2, 0.01), (3, 0.05), (50, 1e-4)])
def test_a_replayed_stop_is_the_real_one(toy, patience, min_delta):
    settings = {"max_epochs": 12, "min_delta": min_delta, "seed": 1}
    real = trials.train(trials.Trial("handwriting", "rnn", (3,), patience=patience, **settings), toy)["history"]
    whole = trials.train(trials.Trial("handwriting", "rnn", (3,), patience=12, **settings), toy)["history"]
    epoch = stopping.stopped(whole["loss"], patience, min_delta)
    assert epoch == real["stop_epoch"] and whole["loss"][:epoch] == real["loss"]


def test_the_accuracies_of_the_three_epochs(toy):
    runs = [{"history": {"loss": [3, 1, 2, 2], "test_accuracy": [0.1, 0.6, 0.4, 0.5]}},
            {"history": {"loss": [3, 2, 1, None], "test_accuracy": [0.2, 0.3, 0.9, 0.1]}}]
    found = stopping.epochs({"handwriting": runs}, {"handwriting": toy}, patience=1)
    tests = [found["handwriting", at, "test"].mean for at in stopping.EPOCHS]
    assert tests == pytest.approx([(0.4 + 0.9) / 2, 0.75, 0.7])
    assert [found["handwriting", at, "epoch"] for at in stopping.EPOCHS] == [3, 2.5, 3.5]
    assert found["handwriting", "last", "beyond_stopped"].interval == pytest.approx((0.0, 0.1))
