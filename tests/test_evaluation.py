"""Statistics against known answers and other libraries."""

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import accuracy_score

from sequtils import statistics
from sequtils.notebook import tables


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


def test_table_of_accuracies_says_what_a_reader_must_know(toy):
    labels = toy.test.y.tolist()
    rows = [({"Width": 4}, [result(labels, labels)] * 2, toy, {"train": 0.8, "test": 0.75}),
            ({"Width": 8}, [result(labels, [0] * 10), result(labels, [0] * 10, "diverged")], toy, None)]
    raw, caption, typeset = tables.accuracies(rows, "Two rows.")
    assert raw.test.tolist() == [1.0, 0.5]
    assert raw.test_difference[0] == 0.25
    assert typeset["Diff."].tolist() == ["+0.250", "–"]
    assert caption.startswith("Two rows.") and "Handwriting 0.500" in caption
    assert typeset.Remark.tolist() == ["", "1 of 2 diverged; 1 of 2 at chance"]
    assert typeset["Test [95 %]"][0] == "1.000 [1.000, 1.000]".replace(" ", tables.NBSP)


def test_agrees():
    estimate = statistics.Estimate(0.5, 0.1, 0.4, 0.6)
    assert [statistics.agrees(x, estimate) for x in (0.39, 0.4, 0.6)] == ["lies outside", "lies in", "lies in"]
    assert statistics.agrees(0.61, estimate) == "lies outside"
