"""Statistics against known answers and other libraries."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import accuracy_score

from sequtils import intervals, statistics, text
from sequtils.data import Part


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


def test_test_accuracy_has_an_interval_from_five_seeds_on():
    results = random_results(5)
    several = statistics.test_accuracy(results)
    accuracies = [accuracy_score(LABELS, r["predictions"]) for r in results]
    assert several.mean == pytest.approx(np.mean(accuracies))
    assert several.sd == pytest.approx(stats.tstd(accuracies))
    expected = intervals.crossed(statistics.hits(results), bounds=intervals.ACCURACY)
    assert several.interval == expected.interval() and not several.is_range
    assert statistics.test_accuracy(results) == several
    few = statistics.test_accuracy(results[:4])
    assert few.interval == (min(accuracies[:4]), max(accuracies[:4])) and few.is_range
    assert statistics.test_accuracy(results[:1]).interval == (accuracies[0], accuracies[0])


def test_few_seeds_decide_nothing():
    better, worse = (random_results(5, right) for right in (1.0, 0.2))
    for runs in (better, worse):
        for seed, r in enumerate(runs):
            r["trial"] = {"seed": seed}
    gain = statistics.difference(better, worse)
    assert gain.verdict == "higher than" and gain.p < 0.001 and gain.p_equal(0.05) > 0.99
    few = statistics.difference(better[:4], worse[:4])
    assert few.low > 0.5 and few.verdict == "not told apart from" and (few.p, few.p_equal(9)) == (1, 1)


def test_speakers_are_drawn_and_not_their_sequences():
    """Half of the speakers are always right: their number counts, and not that of the sequences."""
    right = [int(k % 20 < 10) for k in range(100)]
    results = [result([1] * 100, right)] * 5
    speakers = [str(k % 20) for k in range(100)]
    alone, told = statistics.test_accuracy(results), [{**r, "speakers": speakers} for r in results]
    grouped = statistics.test_accuracy(told)
    assert grouped.high - grouped.low > 1.9 * (alone.high - alone.low)
    assert statistics.test_accuracy(results, speakers) == grouped
    for useless in (["one"] * 100, [None, *speakers[1:]]):
        assert statistics.test_accuracy(results, useless) == alone
    assert statistics.prediction(told).low < grouped.low


def test_confusion_and_balanced():
    results = [result([0, 0, 0, 1], [0, 0, 1, 1]), result([0, 0, 0, 1], [0, 0, 0, 0])]
    np.testing.assert_array_equal(statistics.confusion(results, 3), [[[2, 1, 0], [0, 1, 0], [0, 0, 0]],
                                                                     [[3, 0, 0], [1, 0, 0], [0, 0, 0]]])
    balanced, f1 = statistics.balanced(results)
    assert balanced == pytest.approx(((2 / 3 + 1) / 2 + 1 / 2) / 2)
    assert f1 == pytest.approx(((0.8 + 2 / 3) / 2 + (6 / 7 + 0) / 2) / 2)


def test_a_difference_has_one_verdict_and_its_sign():
    told = {(0.1, 0.3): "higher than", (-0.3, -0.1): "lower than", (-0.1, 0.3): "not told apart from",
            (0.0, 0.2): "not told apart from"}
    for (low, high), verdict in told.items():
        gain = statistics.Difference((low + high) / 2, 0.1, low, high)
        assert gain.verdict == verdict
    assert f"{gain}" == "+0.100 [+0.000, +0.200]".replace(" ", text.NBSP)
    assert f"{statistics.Estimate(-0.1, 0, -0.25, 0.5):.2f}" == "−0.10 [−0.25, 0.50]".replace(" ", text.NBSP)
    gains = [statistics.Difference(0, 0, *interval) for interval in told]
    assert statistics.tally(gains) == {"compared": 4, "higher": 1, "lower": 1}


def test_folds_are_told_by_their_least_and_greatest():
    folds = [{"test_accuracy": x} for x in (0.5, 0.9, 0.7)]
    assert statistics.cross_validated(folds) == statistics.Estimate(
        pytest.approx(0.7), pytest.approx(0.2), 0.5, 0.9, is_range=True, each=(0.5, 0.9, 0.7))


def test_agrees():
    estimate = statistics.Estimate(0.5, 0.1, 0.4, 0.6)
    assert [statistics.agrees(x, estimate) for x in (0.39, 0.4, 0.6)] == ["lies outside", "lies in", "lies in"]
    assert statistics.agrees(0.61, estimate) == "lies outside"


def test_agreement_at_chance_or_at_the_plateau_does_not_count():
    part = Part([], np.repeat(range(5), 20), (), ())
    both = SimpleNamespace(train=part, test=part)
    assert statistics.levels(part) == pytest.approx((0.2, 0.4))
    run, plateau, above = (statistics.Estimate(0.45, 0.1, low, high) for low, high in
                           ((0.2, 0.7), (0.38, 0.47), (0.43, 0.55)))
    assert statistics.agrees(0.43, run, plateau, both, trained=0.42) == "says nothing"
    assert statistics.agrees(0.43, run, plateau, both, trained=0.64) == "lies in"  # that network had left the plateau
    assert statistics.agrees(0.43, run, plateau, both, trained=0.2) == "lies in"  # that is another level
    assert statistics.agrees(0.43, run, above, both, trained=0.42) == "lies in"  # the mean here is above the plateau
    assert statistics.agrees(0.6, run, plateau, both, trained=0.42) == "lies in"  # what was published is
    assert statistics.agrees(0.8, run, plateau, both, trained=0.42) == "lies outside"


def test_over_seeds_is_students_interval_and_a_range_of_few():
    values = [0.6, 0.7, 0.65, 0.72, 0.68]
    found = statistics.over_seeds(values)
    assert found.interval == pytest.approx(stats.t.interval(0.95, 4, np.mean(values), stats.sem(values)))
    one = statistics.over_seeds(values, one_run=True)
    assert (one.high - one.low) / (found.high - found.low) == pytest.approx(np.sqrt(6))
    few = statistics.over_seeds(values[:4])
    assert few.is_range and few.interval == (0.6, 0.72) and f"{few}".endswith(f"(0.600,{text.NBSP}0.720)")
    assert statistics.over_seeds([0.99, 1, 1, 1, 0.98]).high <= 1


def test_pairs_are_of_the_seeds_that_both_have():
    better, worse = (random_results(6, right) for right in (0.9, 0.5))
    for runs in (better, worse):
        for seed, r in enumerate(runs):
            r["trial"] = {"seed": seed}
    assert statistics.difference(better, worse[:5]) == statistics.difference(better[:5], worse[:5])


def test_the_gap_is_of_each_seed_and_that_of_two_networks_of_each_pair():
    half, all_ = [0] * 50 + [1] * 50, LABELS
    deep = [result(LABELS, half, train=t) for t in (0.9, 0.8, 1.0, 0.95, 0.85)]  # 0.9 of the test set is right
    flat = [result(LABELS, all_, train=t) for t in (0.8, 0.7, 0.9, 0.85, 0.75, 0.0)]  # the sixth has no partner
    assert statistics.gap(deep).mean == pytest.approx(0) and statistics.gap(deep).verdict == "not told apart from"
    assert statistics.gap(flat[:5]).mean == pytest.approx(-0.2) and statistics.gap(flat[:5]).verdict == "lower than"
    wider = statistics.gap(deep, flat)
    assert wider.mean == pytest.approx(0.2) and wider.verdict == "higher than"
    assert statistics.gap(deep[:3]).is_range
