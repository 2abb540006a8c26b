"""Sequences that most seeds misread, and what tells the classes of a confused pair apart."""

from dataclasses import replace

import numpy as np
import pytest

from sequtils.measures import errors


@pytest.fixture
def read(toy):
    """The toy data set, and three seeds: all misread the first test sequence, two the second, one the last."""
    y, other = toy.test.y, 1 - toy.test.y  # of two classes
    named = np.array([y, y, y])
    named[:, 0], named[:2, 1], named[0, -1] = other[0], other[1], other[-1]
    return toy, [{"labels": y.tolist(), "predictions": row.tolist()} for row in named]


def test_what_most_seeds_misread_is_told_with_what_they_say(read):
    toy, results = read
    found = errors.confused({"handwriting": results}, {"handwriting": toy})
    told = {row["sequence"]: (row["true"], row["said"], row["share"]) for row in found.rows.values()}
    name = lambda label: toy.classes[label]
    y = toy.test.y
    assert told == {0: (name(y[0]), name(1 - y[0]), 1.0), 1: (name(y[1]), name(1 - y[1]), pytest.approx(2 / 3))}
    row = errors.summary({"handwriting": results}, {"handwriting": toy}).row("handwriting")
    assert (row["errors"], row["confused"], row["of_errors"]) == pytest.approx((2, 2, 5 / 6))


def test_each_pair_of_classes_has_its_turn():
    y, said = np.array([0, 0, 0, 1]), np.array([1, 1, 2, 0])
    assert errors._in_turn([0, 1, 2, 3], y, said) == [0, 2, 3, 1]


def test_a_pair_is_told_apart_by_its_lengths(read):
    toy, results = read
    long = [np.zeros((9 if label else 4, 2), np.float32) for label in toy.train.y]
    toy = replace(toy, train=replace(toy.train, x=long))
    row = errors.pairs({"handwriting": results}, {"handwriting": toy}).row("handwriting", 1)
    assert (row["first"], row["second"], row["share"], row["longer"]) == (*toy.classes[:2], 1.0, 1.0)
    counted = errors.lengths({"handwriting": results}, {"handwriting": toy})
    assert sum(row["sequences"] for row in counted.rows.values()) == len(toy.test)


def test_loud_frames_are_those_near_the_greatest_energy():
    x = np.zeros((5, 39))
    x[:, errors.ENERGY] = [0, 5, 9, 10, 6]
    assert errors.loud(x) == 2 and errors.above([3, 4], [1, 4]) == 0.625
    assert errors.loud(np.zeros((4, 39))) == 4


def test_without_an_error_there_is_nothing_to_show(toy):
    right = [{"labels": toy.test.y.tolist(), "predictions": toy.test.y.tolist()}]
    for measure in (errors.confused, errors.pairs, errors.lengths):
        assert measure({"handwriting": right}, {"handwriting": toy}).rows == {}
    assert errors.summary({"handwriting": right}, {"handwriting": toy})["handwriting", "of_errors"] == 0
