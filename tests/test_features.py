"""Features: known answers, laws, and scikit-learn as the judge."""

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from sequtils import data, features


def walk(T=40, D=2, seed=0):
    return np.random.default_rng(seed).normal(size=(T, D)).cumsum(axis=0).astype(np.float32)


def test_minmax_fills_the_unit_square_and_keeps_a_flat_stroke_finite():
    y = features.minmax(walk())
    np.testing.assert_array_equal([y.min(axis=0), y.max(axis=0)], [[0, 0], [1, 1]])
    flat = walk()
    flat[:, 1] = 0.3
    np.testing.assert_array_equal(features.minmax(flat)[:, 1], 0)
    np.testing.assert_array_equal(features.minmax(flat[:1]), 0)


def test_resample_known_answer_and_ends():
    corner = np.array([[0, 0], [1, 0], [1, 1]])
    np.testing.assert_allclose(features.resample(corner, 5), [[0, 0], [0.5, 0], [1, 0], [1, 0.5], [1, 1]])
    x = walk()
    y = features.resample(x, 32)
    np.testing.assert_allclose(y[[0, -1]], x[[0, -1]])
    assert y.shape == (32, 2)


def test_resample_of_a_line_is_evenly_spaced_whatever_its_points():
    x = np.array([0, 0.1, 0.1, 0.15, 0.9, 1])[:, None] * [3, 4]
    steps = np.linalg.norm(np.diff(features.resample(x, 11), axis=0), axis=1)
    np.testing.assert_allclose(steps, 0.5)


def test_resample_without_length():
    still = np.ones((4, 2))
    np.testing.assert_array_equal(features.resample(still, 3), np.ones((3, 2)))
    np.testing.assert_array_equal(features.resample(still[:1], 3), np.ones((3, 2)))
    with pytest.raises(ValueError, match="at least 2"):
        features.resample(still, 1)


def test_direction():
    x = np.array([[0, 0], [0, 2], [0, 2], [-3, 2]])
    np.testing.assert_allclose(features.direction(x), [[0, 1], [0, 0], [-1, 0], [-1, 0]])
    np.testing.assert_array_equal(features.direction(x[:1]), [[0, 0]])


def test_deltas_of_a_line_are_its_slope_and_of_a_constant_zero():
    line = np.arange(10.0)[:, None] * [2, -1]
    np.testing.assert_allclose(features.deltas(line)[2:-2], np.tile([2, -1], (6, 1)))
    np.testing.assert_array_equal(features.deltas(np.ones((5, 3))), 0)


def test_standardise_is_fitted_on_train_only(course):
    d = data.load("cv", course)
    judge = StandardScaler().fit(np.concatenate(d.train.x).astype(np.float64))
    prepared = features.prepare(d, ("standardise",))
    for part, ours in ((d.train, prepared.train), (d.test, prepared.test)):
        np.testing.assert_allclose(np.concatenate(ours.x), judge.transform(np.concatenate(part.x)), atol=1e-6)
        assert ours.x[0].dtype == np.float32
    constant = [np.ones((3, 2)), np.ones((2, 2))]
    np.testing.assert_array_equal(features.standardiser(constant)(constant[0]), 0)


def test_recipes(course):
    d = data.load("handwriting", course)
    prepared = features.prepare(d, ("resample:8", "minmax", "direction", "deltas"))
    assert {x.shape for x in prepared.train.x} == {(8, 8)}
    np.testing.assert_array_equal(features.prepare(d, ("raw",)).train.x[3], d.train.x[3])
    for bad in ("scale", "resample:x"):
        with pytest.raises(ValueError, match="is not one of"):
            features.prepare(d, (bad,))
