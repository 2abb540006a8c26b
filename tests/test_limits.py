"""Memory against its formula, times, and the words for what is counted."""

import numpy as np
import pytest
import torch
from torch import nn

from sequtils import statistics, trials
from sequtils.engine import minibatch
from sequtils.measures import limits
from sequtils.models import modern
from sequtils.notebook.figures import limits as figures
from sequtils.notebook.plots import render
from sequtils.statistics import Estimate
from sequtils.trials import BatchTrial

UP, DOWN, NONE = Estimate(0.1, 0, 0.05, 0.2), Estimate(-0.1, 0, -0.2, -0.05), Estimate(0.0, 0, -0.1, 0.1)


@pytest.fixture(autouse=True)
def alone():
    """On one thread, as in an experiment."""
    with minibatch.one_thread():
        yield


@pytest.mark.parametrize("cell", limits.NUMBERS)
def test_the_formula_says_what_is_kept(cell):
    experiment = limits.KeptBytes(cell, (32, 64, 128), (8, 32), inputs=3)
    (result,) = trials.run([experiment], None)
    measured, formula = np.array(result["measured"]), np.array(result["formula"])
    assert np.abs(measured / formula - 1).max() < 0.1
    steps = measured[:, 2] - measured[:, 1], formula[:, 2] - formula[:, 1]
    assert np.array_equal(*steps)  # what more frames add is exact; a constant remains
    expected = 4 * limits.NUMBERS[cell] + 4 * 3 / 32
    assert limits.per_frame_and_unit(result) == pytest.approx(expected)
    assert 0.9 < limits.largest_deviation([result]) < 1.1


def test_torchs_own_lstm_keeps_the_same():
    """nn.LSTM without a fused kernel, which float64 has not, saves the same seven numbers, of twice the size."""
    x, layer = torch.ones(8, 64, 2, dtype=torch.float64), nn.LSTM(2, 16, batch_first=True).double()
    kept = limits.kept_bytes(lambda: layer(x), [x, *layer.parameters()])
    assert kept == pytest.approx(2 * limits.KeptBytes("lstm", (64,), (16,)).expected(64, 16), rel=0.05)


def test_kept_bytes_counts_each_storage_once_and_weights_not():
    w, x = torch.ones(1000, requires_grad=True), torch.ones(1000)
    assert limits.kept_bytes(lambda: (w * x).sum(), [w]) == 4000
    assert limits.kept_bytes(lambda: (w * x).sum() + (w * x).mean(), [w]) == 4000
    assert limits.kept_bytes(lambda: w.exp().sum(), [w]) == 4000
    assert limits.kept_bytes(lambda: (w + x).sum(), [w]) == 0


def test_times_slopes_and_depths():
    (result,) = trials.run([limits.Recurrence("mingru", (4, 8), width=4, batch=2, repeats=1)], None)
    assert len(result["times"]) == 2 and min(result["times"]) > 0
    assert limits.slope([2, 4, 8], [3 * T**1.5 for T in (2, 4, 8)]) == pytest.approx(1.5)
    assert [limits.depth("lstm", 100), limits.depth("mingru", 100), limits.depth("transformer", 100)] == [100, 7, 1]


def test_depth_is_the_scans(monkeypatch):
    for T in (1, 2, 5, 64, 65):
        steps, cat = [], torch.cat
        monkeypatch.setattr(modern.torch, "cat", lambda *args: (steps.append(1), cat(*args))[1])  # noqa: B023
        modern.scan(torch.ones(1, T, 1), torch.ones(1, T, 1))
        monkeypatch.undo()
        assert len(steps) == 2 * limits.depth("mingru", T)


def test_words_for_counts():
    assert limits.tally([UP, DOWN, NONE, UP]) == {"higher": 2, "lower": 1, "compared": 4}
    assert limits.stance([UP, NONE], "higher than") == "bear out"
    assert limits.stance([UP, NONE], "lower than") == "contradict"
    assert limits.stance([UP, DOWN], "lower than") == "partly bear out and partly contradict"
    assert limits.stance([NONE], "lower than") == "neither bear out nor contradict"


def test_folds_choose_the_rate():
    bases = {"lstm": BatchTrial("cv"), "gru": BatchTrial("cv", "gru")}
    records = limits.fold_trials(bases, (0.1, 0.2), 3, 2)
    assert len(records) == 8 and records["gru", 0.2, 1].fold == 1 and records["gru", 0.2, 1].model == "gru"
    scores = {"lstm": {0.1: 0.5, 0.2: 0.7}, "gru": {0.1: 0.6, 0.2: 0.6}}
    results = {key: [{"test_accuracy": scores[key[0]][key[1]]}] for key in records}
    assert limits.choose(results) == {"lstm": (0.2, 0.7), "gru": (0.1, 0.6)}


def test_gradient_ratio_passes_over_what_was_not_finite():
    history = {"gradient_max": [2.0, 8.0, None], "gradient_median": [1.0, 3.0, None]}
    assert limits.gradient_ratio([{"history": history}]).mean == 4.0


def test_attention_estimate_is_a_bootstrap():
    results = [{"attention": {"entropy": [0.5, 0.7]}}, {"attention": {"entropy": [0.6, 0.8]}}]
    e = limits.attention(results, "entropy")
    assert e.mean == pytest.approx(0.65) and e.low <= e.mean <= e.high
    assert limits.attention(results, "entropy", less=0.65).mean == pytest.approx(0.0)


def test_attention_is_drawn_in_the_order_of_the_classes_whatever_the_order_in_the_store(toy):
    first = sorted({int(np.flatnonzero(toy.test.y == label)[0]) for label in np.unique(toy.test.y)}, reverse=True)
    drawn = figures._examples({"attention": {"examples": {str(row): [1.0] for row in first}}}, toy)
    assert [name for name, *_ in drawn] == [toy.classes[toy.test.y[row]] for row in sorted(first)]


def test_figures_are_drawn_and_name_the_sample(toy):
    base = BatchTrial("handwriting", width=4, batch=8, max_epochs=1)
    run = lambda records: {k: [trials.run([t], toy)[0]] for k, t in records.items()}
    pooled = run(limits.bottleneck(base, (2, 4)))
    accuracies = {key: statistics.test_accuracy(r) for key, r in pooled.items()}
    trained = run(limits.gradients(base, 1.0))
    draw = [lambda: figures.bottleneck(accuracies, toy), lambda: figures.gradients(trained, toy),
            lambda: figures.attention_strokes(pooled["attention", 4][0], toy),
            lambda: figures.attention_segments(pooled["attention", 4][0], toy),
            lambda: figures.differences({"a": UP, "b": NONE}, toy, "Norms", "none")]
    for drawn in draw:
        fig = drawn()
        assert "embedded sample, synthetic" in " ".join(fig.get_suptitle().split()) and fig.get_figwidth() <= 6.5
        assert render(fig, "svg") == render(drawn(), "svg")
    timed = {(m, "cpu"): trials.run([limits.Recurrence(m, (2, 4), repeats=1)], None)[0] for m in figures.LINES}
    assert len(figures.recurrence(timed, {"cpu": "CPU"}).axes) == 2
