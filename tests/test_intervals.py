"""Intervals against textbook formulas, other libraries, and simulated pools whose truth is known."""

import csv
import importlib.util

import numpy as np
import pytest
from scipy import stats

from sequtils import intervals, paths

spec = importlib.util.spec_from_file_location("coverage_of_intervals", paths.ROOT / "benchmarks" / "coverage.py")
coverage = importlib.util.module_from_spec(spec)
spec.loader.exec_module(coverage)

RNG = np.random.default_rng(0)
VALUES = RNG.normal(size=(4, 6)) + RNG.normal(size=(4, 1)) + RNG.normal(size=6)  # (S, N)
TARGETS = {5: 0.90, 10: 0.93, 30: 0.93}


def students(values):
    return stats.ttest_1samp(values, 0).confidence_interval(0.95)


def test_seeds_that_agree_leave_student_s_t_of_the_sequences():
    np.testing.assert_allclose(intervals.crossed(np.tile(VALUES[0], (5, 1))).interval(), students(VALUES[0]))


def test_sequences_that_agree_leave_student_s_t_of_the_seeds():
    np.testing.assert_allclose(intervals.crossed(np.tile(VALUES[:, :1], 9)).interval(), students(VALUES[:, 0]))


def test_variances_are_mean_squares_of_the_two_way_analysis():
    S, N = VALUES.shape
    rows, columns, mean = VALUES.mean(axis=1), VALUES.mean(axis=0), VALUES.mean()
    squares = (N * sum((r - mean) ** 2 for r in rows) / (S - 1), S * sum((c - mean) ** 2 for c in columns) / (N - 1),
               sum((VALUES[s, n] - rows[s] - columns[n] + mean) ** 2 for s in range(S) for n in range(N))
               / ((S - 1) * (N - 1)))
    centre, *found, seeds, groups = intervals.variances(VALUES)
    assert (centre, seeds, groups) == (pytest.approx(mean), S, N)
    np.testing.assert_allclose(found, np.array(squares) / (S * N))


def test_an_array_of_samples_gives_an_array_of_means():
    both = intervals.crossed(np.stack([VALUES, -VALUES]))
    np.testing.assert_allclose(both.centre, [VALUES.mean(), -VALUES.mean()])
    assert both.freedom[0] == intervals.crossed(VALUES).freedom


def test_groups_count_as_units():
    """Groups of equal size are their means; of other sizes, the residual of a total says how far one is off."""
    groups = ["b", "a", "b", "c", "a", "c"]
    means = np.stack([VALUES[:, [k for k, g in enumerate(groups) if g == name]].mean(axis=1) for name in "abc"], axis=1)
    np.testing.assert_allclose(intervals.crossed(VALUES, groups).interval(), intervals.crossed(means).interval())
    x = np.array([1.0, 1, 0, 1, 0, 0])
    residuals = np.array([2 - 3 * 0.5, 1 - 1 * 0.5, 0 - 2 * 0.5])
    found = intervals.crossed([x, x], [0, 0, 0, 1, 2, 2])
    assert found.error**2 == pytest.approx(3 / 2 * (residuals**2).sum() / 36)


def test_an_interval_at_the_ceiling_is_open_below():
    """One right and one wrong sequence are added: 101 of 102 right."""
    found = intervals.crossed(np.ones((10, 100)), bounds=intervals.ACCURACY)
    assert found.centre == pytest.approx(101 / 102)
    low, high = found.interval()
    assert 0.96 < low < 0.98 and high == 1
    nothing = intervals.crossed(np.zeros((10, 100)), bounds=intervals.DIFFERENCE)
    assert nothing.centre == 0 and nothing.p() == pytest.approx(1)
    assert 0.02 < nothing.interval()[1] < 0.03  # Bonett and Price: 1.96 sqrt(2) / 102


def test_without_bounds_equal_values_leave_no_doubt():
    found = intervals.crossed(np.zeros((3, 4)))
    assert found.interval() == (0, 0) and (found.p(), found.p_equal(0.1)) == (1, 0)


def test_a_run_to_come_varies_more_than_a_mean():
    """Where only seeds vary, as in any textbook: t s sqrt(1 + 1/S)."""
    x = VALUES[:, 0]
    reach = stats.t.ppf(0.975, 3) * x.std(ddof=1) * np.sqrt(1 + 1 / 4)
    found = intervals.crossed(np.tile(x[:, None], 9), one_run=True)
    np.testing.assert_allclose(found.interval(), [x.mean() - reach, x.mean() + reach])


def test_p_values_belong_to_the_intervals():
    found = intervals.Mean(0.1, 0.03, 7.5)
    assert [found.p(x) for x in found.interval()] == pytest.approx([0.05, 0.05])
    assert found.p_equal(found.interval(0.9)[1]) == pytest.approx(0.05)
    assert found.p_equal(0.05) > 0.5  # the centre itself lies beyond the margin
    assert intervals.Mean(-0.1, 0.03, 7.5).p_equal(0.2) == found.p_equal(0.2)


def test_holm_by_hand():
    """Sorted .005, .01, .03, .04, times 4, 3, 2, 1: .02, .03, .06, .04, and none below the one before."""
    np.testing.assert_allclose(intervals.holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(intervals.holm([0.9, 0.8]), [1, 1])
    assert intervals.holm([]).size == 0


@pytest.mark.parametrize("shape, groups", [((1, 5), None), ((3, 1), None), ((3, 2), ["a", "a"])])
def test_one_seed_or_one_group_has_no_interval(shape, groups):
    with pytest.raises(ValueError, match="needs two seeds and two groups"):
        intervals.crossed(np.ones(shape), groups)


# ---- Coverage --------------------------------------------------------------------------------------------------------

PROMISED = [name for name in coverage.POOLS if name != coverage.RARE]


def test_a_pool_has_the_accuracy_that_it_states():
    pool = coverage.POOLS["19 speakers"]
    right = pool.draw(np.random.default_rng(0), 60, 20)
    np.testing.assert_allclose(right.mean(axis=(1, 2, 3)), pool.truth, atol=0.015)


@pytest.mark.parametrize("S", [5, 10])
@pytest.mark.parametrize("name", PROMISED)
def test_intervals_cover(name, S):
    """A small copy of the benchmark; three standard errors of a simulation of that size are allowed for."""
    only = {coverage.CHOSEN: coverage.OF_MEANS[coverage.CHOSEN]}
    found = coverage.measure(coverage.POOLS[name], S, 1000, only, {})
    for share, _ in found.values():
        assert share > TARGETS[S] - 3 * np.sqrt(TARGETS[S] * (1 - TARGETS[S]) / 1000)


def test_the_bootstrap_of_three_seeds_does_not():
    found = coverage.measure(coverage.POOLS["bimodal, both"], 3, 100, {"bootstrap": coverage.bootstrap}, {})
    assert found["mean", "bootstrap"][0] < 0.85


def test_the_table_in_the_report_keeps_the_promise():
    with (paths.SOURCE / "coverage.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["method"] == coverage.CHOSEN and row["pool"] in PROMISED]
    assert len(rows) == len(PROMISED) * len(coverage.SEEDS) * 3
    promised = [row for row in rows if int(row["seeds"]) in TARGETS and row["kind"] != "one run"]
    assert all(float(row["coverage"]) >= TARGETS[int(row["seeds"])] for row in promised)


def test_a_difference_of_independent_means_is_welch_s():
    a, b = VALUES[0], VALUES[1, :4] + 2
    known = [intervals.Mean(x.mean(), stats.sem(x), len(x) - 1) for x in (a, b)]
    test = stats.ttest_ind(a, b, equal_var=False)
    assert (known[0] - known[1]).p() == pytest.approx(test.pvalue)
    assert (known[0] - known[1]).freedom == pytest.approx(test.df)
    assert (known[1] - known[0]).p_above() == pytest.approx(test.pvalue / 2)
    exact = intervals.Mean(2, 0, np.inf) - intervals.Mean(1, 0, np.inf)
    assert (exact.p_above(), exact.p_above(1), exact.p_above(2)) == (0, 0.5, 1)
