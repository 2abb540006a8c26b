"""Accuracy against length, and reach: paired differences, aliases, the bounds of mastery, the words."""

import json

import pytest

from sequtils import text
from sequtils.measures import length

CELLS = ("rnn", "lstm")


def outcome(right, seed, train=0.9):
    """A result of which the first `right` of twenty sequences are right."""
    return {"trial": {"seed": seed}, "labels": [0] * 20, "predictions": [0] * right + [1] * (20 - right),
            "train_accuracy": train}


def runs(**right):
    """cell -> {8, 64, as written: results of five seeds}, from cell -> how many of those are right."""
    return {cell: {n: [outcome(k, seed) for seed in range(5)] for n, k in zip((8, 64, length.WRITTEN), counts)}
            for cell, counts in right.items()}


def test_lengths_are_compared_with_the_short_one_and_with_the_lstm():
    found = length.accuracies(runs(rnn=(18, 4, 10), lstm=(18, 17, 17)), 8)
    assert found["rnn", "long", "gain"].mean == pytest.approx(-0.7) == found["rnn", 64, "gain"].mean
    assert found["rnn", "long", "points"] == 64 and found["rnn", "short", "gain"] is None
    assert [found["rnn", n, "verdict"] for n in ("short", "long")] == ["the baseline", "lower"]
    assert found["rnn", length.WRITTEN, "beyond_lstm"].mean == pytest.approx(-0.35)
    assert found["lstm", "long", "beyond_lstm"] is None
    assert length.sentences(found)[0].startswith("RNN, strokes of 64 points instead of 8: test accuracy 0.200")
    assert "RNN's accuracy is lower than the LSTM's (−0.650" in length.sentences(found)[-1]


def test_every_stroke_is_standardised_and_the_last_keeps_its_points():
    recipes = length.recipes([8, 64])
    assert list(recipes) == [8, 64, length.WRITTEN] and recipes[8][0] == "resample:8"
    assert all(recipe[-2:] == ("minmax", "standardise") for recipe in recipes.values())


def test_reach_ends_at_the_first_failure():
    reached = [length.Reach(dict(zip((5, 10, 20), done))) for done in ([1, 1, 1], [1, 0, 1], [0, 1, 1])]
    assert reached == [20, 5, 0]
    words = ["20 frames, the longest tried", "5 frames", "no length (the shortest has 5 frames)"]
    assert [str(r) for r in reached] == [text.number(r) for r in reached] == words
    assert json.dumps(reached) == "[20, 5, 0]"


def test_mastery_is_judged_by_the_bound_of_each_task():
    result = lambda value: {"error": 1 - value, "test_accuracy": value, "train_accuracy": value}
    good, medium, poor = (result(value) for value in (0.97, 0.94, 0.4))
    lengths = {cell: {4: [good, good, poor], 8: [medium] * 3, length.WRITTEN: [good] * 3} for cell in CELLS}
    found = length.reaches({task: lengths for task in length.RULES})
    assert [found[task, "rnn", "last"] for task in length.RULES] == [4, 4, 4, 0]  # strokes go by the mean
    assert found["strokes", "lstm", "bound"] == length.FITTED
    assert found["adding", "rnn", "longest"].mean == pytest.approx(0.06)  # of 8 frames
    never = {cell: {4: [result(1 - length.MASTERED)] * 2} for cell in CELLS}  # at the bound is not below it
    assert length.reaches({"adding": never})["adding", "rnn", "last"] == 0
    assert length.mastered(found)[0] == "In the adding problem the RNN masters 4 frames, the LSTM 4 frames."
    assert found.frame()["last"].astype(str).tolist() == ["4"] * 6 + ["0"] * 2  # a file has the numbers
    assert found.cells()["latch/rnn"]["last"]["text"] == "4 frames"  # and a reader the words
