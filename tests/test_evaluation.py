"""Statistics against known answers and other libraries."""

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import accuracy_score

from sequtils import statistics, text


def result(labels, predictions, reason="converged", train=0.9):
    return {"labels": labels, "predictions": predictions, "train_accuracy": train, "parameters": 7,
            "history": {"stop_epoch": 3, "reason": reason}}


LABELS = [0] * 60 + [1] * 40


def random_results(seeds=3, right=0.7):
    rng = np.random.default_rng(0)
    return [result(LABELS, [y if rng.random() < right else 1 - y for y in LABELS]) for _ in range(seeds)]


def test_wilson_of_the_published_examples():
    np.testing.assert_allclose(statistics.wilson(94, 100), [0.875, 0.972], atol=6e-4)
    np.testing.assert_allclose(statistics.wilson(97, 100), [0.915, 0.990], atol=6e-4)


def test_test_accuracy_of_one_seed_and_of_several():
    results = random_results()
    one = statistics.test_accuracy(results[:1])
    right = sum(np.equal(results[0]["predictions"], LABELS))
    assert (one.mean, one.sd, one.interval) == (right / 100, 0, statistics.wilson(int(right), 100))
    several = statistics.test_accuracy(results)
    accuracies = [accuracy_score(LABELS, r["predictions"]) for r in results]
    assert several.mean == pytest.approx(np.mean(accuracies))
    assert several.sd == pytest.approx(stats.tstd(accuracies))
    assert several.low < several.mean < several.high
    assert statistics.test_accuracy(results) == several


def test_bootstrap_of_equal_seeds_is_that_of_the_sequences():
    """Where all seeds agree, only the sequences vary, and the interval is that of a proportion."""
    values = np.tile(np.arange(100) < 80, (5, 1)).astype(float)
    judged = np.array(stats.binom.interval(0.95, 100, 0.8)) / 100
    np.testing.assert_allclose(statistics.bootstrap(values), judged, atol=0.011)


def test_bootstrap_sees_the_seeds():
    """Where a seed is all right or all wrong, more sequences do not help."""
    values = np.repeat([[0.0], [1.0], [1.0], [0.0]], 1000, axis=1)
    assert statistics.bootstrap(values) == (0.0, 1.0)


def test_confusion_and_balanced():
    results = [result([0, 0, 0, 1], [0, 0, 1, 1]), result([0, 0, 0, 1], [0, 0, 0, 0])]
    np.testing.assert_array_equal(statistics.confusion(results, 3), [[5, 1, 0], [1, 1, 0], [0, 0, 0]])
    balanced, f1 = statistics.balanced(results)
    assert balanced == pytest.approx(((2 / 3 + 1) / 2 + 1 / 2) / 2)
    assert f1 == pytest.approx(((0.8 + 2 / 3) / 2 + (6 / 7 + 0) / 2) / 2)


def test_a_difference_has_one_verdict_and_its_sign():
    told = {(0.1, 0.3): "higher than", (-0.3, -0.1): "lower than", (-0.1, 0.3): "no different from",
            (0.0, 0.2): "no different from"}
    for (low, high), verdict in told.items():
        gain = statistics.Difference((low + high) / 2, 0.1, low, high)
        assert gain.verdict == verdict
    assert f"{gain}" == "+0.100 [+0.000, +0.200]".replace(" ", text.NBSP)
    assert f"{statistics.Estimate(-0.1, 0, -0.25, 0.5):.2f}" == "−0.10 [−0.25, 0.50]".replace(" ", text.NBSP)
    gains = [statistics.Difference(0, 0, *interval) for interval in told]
    assert statistics.tally(gains) == {"compared": 4, "higher": 1, "lower": 1}


def test_folds_are_told_by_their_least_and_greatest():
    folds = [{"test_accuracy": x} for x in (0.5, 0.9, 0.7)]
    assert statistics.cross_validated(folds) == statistics.Estimate(pytest.approx(0.7), pytest.approx(0.2), 0.5, 0.9)
