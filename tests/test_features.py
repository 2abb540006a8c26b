"""Features: known answers, laws, and scikit-learn as the judge."""

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from sequtils import data
from sequtils.data import features


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


def test_stretch_known_answer_and_ends():
    x = np.array([[0.0, 1], [2, 1], [6, 4]])
    np.testing.assert_allclose(features.stretch(x, 5), [[0, 1], [1, 1], [2, 1], [4, 2.5], [6, 4]])
    np.testing.assert_allclose(features.stretch(x, 2), x[[0, 2]])
    np.testing.assert_array_equal(features.stretch(x[:1], 3), np.repeat(x[:1], 3, axis=0))
    judge = np.random.default_rng(0).normal(size=(17, 3))
    expected = [np.interp(np.linspace(0, 16, 40), np.arange(17), c) for c in judge.T]
    np.testing.assert_allclose(features.stretch(judge, 40).T, expected)
    with pytest.raises(ValueError, match="at least 2"):
        features.stretch(x, 1)


def test_warp_keeps_the_ends_and_never_runs_back():
    line = np.arange(30.0)[:, None]
    for seed in range(20):
        warped = features.warp(line, np.random.default_rng(seed), 99)[:, 0]
        assert (warped[0], warped[-1]) == (0, 29)
        assert (np.diff(warped) > 0).all()
        assert np.abs(warped - line[:, 0]).max() > 0
    np.testing.assert_array_equal(features.warp(line[:1], np.random.default_rng(0), 50), line[:1])


def test_tilt_keeps_the_mean_and_straight_lines():
    line = np.stack([np.arange(5.0), 2 * np.arange(5.0) + 3], axis=1)
    tilted = features.tilt(line, np.random.default_rng(1), 20)
    np.testing.assert_allclose(tilted.mean(axis=0), line.mean(axis=0))
    np.testing.assert_allclose(np.diff(tilted, n=2, axis=0), 0, atol=1e-12)
    assert not np.allclose(tilted, line)
    with pytest.raises(ValueError, match="2 columns"):
        features.tilt(np.zeros((3, 39)), np.random.default_rng(1), 20)


def test_augmentation_is_drawn_anew_and_repeatable():
    x = [np.random.default_rng(i).normal(size=(5000, 2)).astype(np.float32) for i in range(2)]
    rngs = [np.random.default_rng(s) for s in (0, 0)]
    first, again = (features.augment(x, ("noise:20",), rng) for rng in rngs)
    second = features.augment(x, ("noise:20",), rngs[0])
    assert (first[0] == again[0]).all() and not (first[0] == second[0]).all()
    assert (first[0] - x[0]).std() == pytest.approx(0.2, rel=0.05)
    assert first[0].dtype == np.float32
    for bad in ("noise", "blur:3", "noise:x"):
        with pytest.raises(ValueError, match="is not one of"):
            features.augment(x, (bad,), rngs[0])


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
    np.testing.assert_array_equal(features.standardise(constant[0], *features.moments(constant)), 0)


def test_recipes(course):
    d = data.load("handwriting", course)
    prepared = features.prepare(d, ("resample:8", "minmax", "direction", "deltas"))
    assert {x.shape for x in prepared.train.x} == {(8, 8)}
    np.testing.assert_array_equal(features.prepare(d, ("raw",)).train.x[3], d.train.x[3])
    for bad in ("scale", "resample:x"):
        with pytest.raises(ValueError, match="is not one of"):
            features.prepare(d, (bad,))
