"""Memory against its formula, times, and the results of trainings."""

import numpy as np
import pytest
import torch
from torch import nn

from sequtils import trials
from sequtils.engine import minibatch
from sequtils.measures import limits, resources
from sequtils.models import encoders
from sequtils.notebook.figures import limits as figures
from sequtils.notebook.plots import render
from sequtils.results import Result
from sequtils.statistics import Difference
from sequtils.trials import BatchTrial

UP, DOWN, NONE = Difference(0.1, 0, 0.05, 0.2), Difference(-0.1, 0, -0.2, -0.05), Difference(0.0, 0, -0.1, 0.1)


def runs(*rights, **more):
    """Results over seeds, of each the test sequences that were right."""
    return [{"predictions": list(right), "labels": [1] * len(right), "trial": {"seed": seed}, **more}
            for seed, right in enumerate(rights)]


@pytest.fixture(autouse=True)
def alone():
    """On one thread, as in an experiment."""
    with minibatch.one_order():
        yield


@pytest.mark.parametrize("cell", resources.NUMBERS)
def test_the_formula_says_what_is_kept(cell):
    experiment = resources.KeptBytes(cell, (32, 64, 128), (8, 32), inputs=3)
    (result,) = trials.run([experiment], None)
    measured, formula = np.array(result["measured"]), np.array(result["formula"])
    assert np.abs(measured / formula - 1).max() < 0.1
    steps = measured[:, 2] - measured[:, 1], formula[:, 2] - formula[:, 1]
    assert np.array_equal(*steps)  # what more frames add is exact; a constant remains
    expected = 4 * resources.NUMBERS[cell] + 4 * 3 / 32
    assert resources.per_frame_and_unit(result) == pytest.approx(expected)
    assert abs(resources.deviation(result) - 1) == np.abs(measured / formula - 1).max()


def kept(measured):
    return [{"trial": {"frames": (10, 20), "widths": (4,), "batch": 2}, "measured": [measured],
             "formula": [[800, 1600]]}]


def test_memory_is_compared_with_the_rnns_and_with_the_formula():
    found = resources.memory({"rnn": kept([880, 1680]), "lstm": kept([800, 2400])})
    assert found["rnn", "bytes"] == 10 and found["lstm", "bytes"] == 20 and found["lstm", "times"] == 2
    assert found["rnn", "share"] == pytest.approx(1.1) and found["furthest", "share"] == found["lstm", "share"] == 1.5


def test_torchs_own_lstm_keeps_the_same():
    """nn.LSTM without a fused kernel, which float64 has not, saves the same seven numbers, of twice the size."""
    x, layer = torch.ones(8, 64, 2, dtype=torch.float64), nn.LSTM(2, 16, batch_first=True).double()
    kept = resources.kept_bytes(lambda: layer(x), [x, *layer.parameters()])
    assert kept == pytest.approx(2 * resources.KeptBytes("lstm", (64,), (16,)).expected(64, 16), rel=0.05)


def test_kept_bytes_counts_each_storage_once_and_weights_not():
    w, x = torch.ones(1000, requires_grad=True), torch.ones(1000)
    assert resources.kept_bytes(lambda: (w * x).sum(), [w]) == 4000
    assert resources.kept_bytes(lambda: (w * x).sum() + (w * x).mean(), [w]) == 4000
    assert resources.kept_bytes(lambda: w.exp().sum(), [w]) == 4000
    assert resources.kept_bytes(lambda: (w + x).sum(), [w]) == 0


def test_times_slopes_and_depths():
    (result,) = trials.run([resources.Recurrence("mingru", (4, 8), width=4, batch=2, repeats=1)], None)
    assert len(result["times"]) == 2 and min(result["times"]) > 0
    assert resources.slope([2, 4, 8], [3 * T**1.5 for T in (2, 4, 8)]) == pytest.approx(1.5)
    assert [resources.depth(model, 100) for model in ("lstm", "mingru", "transformer")] == [100, 7, 1]


def test_depth_is_the_scans(monkeypatch):
    for T in (1, 2, 5, 64, 65):
        steps, cat = [], torch.cat
        monkeypatch.setattr(encoders.torch, "cat", lambda *args: (steps.append(1), cat(*args))[1])  # noqa: B023
        encoders.scan(torch.ones(1, T, 1), torch.ones(1, T, 1))
        monkeypatch.undo()
        assert len(steps) == 2 * resources.depth("mingru", T)


def test_times_and_steps_stand_in_rows():
    result = {"trial": {"frames": (2, 4, 8)}, "times": [0.001 * T for T in (2, 4, 8)]}
    found = resources.times({("cpu", "rnn"): [result]}, {"cpu": "CPU"})
    assert found["cpu", "rnn", "milliseconds"] == pytest.approx(8) and found["cpu", "rnn", "on"] == "CPU"
    assert found["cpu", "rnn", "power"] == pytest.approx(1)
    assert resources.steps(["lstm", "mingru"], 100)["mingru", "steps"] == 7


def test_pooling_is_compared_with_the_last_state_of_the_same_width():
    right, wrong = [1] * 20, [0] * 20
    found = limits.bottleneck({("cv", ("last", 2)): runs(wrong), ("cv", ("last", 8)): runs(right),
                               ("cv", ("mean", 8)): runs(right), ("cv", ("mean", 2)): runs(right)})
    assert found["cv", "mean", "narrow", "gain"].mean == 1 and found["cv", "mean", "wide", "gain"].mean == 0
    assert found["cv", "mean", "narrow", "units"] == 2 and found["cv", "last", "wide", "gain"] is None
    assert found["cv", "last", "wide", "test"].mean == 1
    poolings = ("last", "mean", "attention")
    alike = limits.bottleneck({("cv", (p, 2)): runs(wrong if p == "mean" else right) for p in poolings})
    assert alike["cv", "attention", "narrow", "beyond_mean"].mean == 1
    assert alike["cv", "attention", "narrow", "gain"].mean == 0 and alike["cv", "mean", "narrow", "beyond_mean"] is None


def test_clipping_and_an_open_gate_are_compared_with_the_same_network():
    history = {"gradient_max": [6.0], "gradient_median": [2.0]}
    accuracies = {"lstm open free": 4, "lstm open clipped": 3, "lstm half free": 0, "lstm half clipped": 1,
                  "rnn none free": 2, "rnn none clipped": 4}
    trained = {tuple(row.split()): runs([1] * n + [0] * (4 - n), history=history) for row, n in accuracies.items()}
    assert list(trained) == list(limits.clippings(BatchTrial("cv"), 1.0))
    found = limits.gradients(trained)
    assert found["lstm", "open", "clipped", "by_clipping"].mean == -0.25
    assert found["lstm", "open", "clipped", "by_opening"].mean == 0.5
    assert found["rnn", "none", "clipped", "by_clipping"].mean == 0.5
    assert found["rnn", "none", "clipped", "by_opening"] is found["lstm", "open", "free", "by_clipping"] is None
    assert found["rnn", "none", "free", "ratio"].mean == 3


def test_gains_are_counted_by_remedy():
    pooled = limits.bottleneck({("cv", (p, n)): runs([1] * 4) for p in limits.POOLINGS for n in (2, 4, 8)})
    pooled.rows["cv", "max", 2]["gain"], pooled.rows["cv", "max", 4]["gain"] = UP, DOWN  # of 4 units nothing counts
    regularised = Result(("dataset", "label"), {("cv", label): {"gain": DOWN} for label in limits.TITLES})
    after = Result(("dataset", "label"), {("cv", label): {"gain": NONE} for label in limits.AFTER})
    after.rows["cv", "rnn"]["gain"], after.rows["cv", "gru"]["gain"] = UP, DOWN  # the RNN is no newer
    found = limits.tally(pooled, regularised, after)
    counts = {remedy: (row["higher"], row["lower"], row["compared"]) for remedy, row in found.within("cv").items()}
    assert counts == {"pooling": (1, 0, 6), "regularisation": (0, 5, 5), "newer networks": (0, 1, 5)}


def test_seconds_stand_in_a_row_a_network():
    took = {("cv", "gru"): [{"seconds": 1.0}, {"seconds": 3.0}], ("handwriting", "gru"): [{"seconds": 5.0}]}
    found = resources.seconds(took)
    assert found["gru", "cv"] == 2 and found["gru", "handwriting"] == 5


def test_folds_choose_the_rate():
    bases = {"lstm": BatchTrial("cv"), "gru": BatchTrial("cv", "gru")}
    records = limits.fold_trials(bases, (0.1, 0.2), 3, 2)
    assert len(records) == 8 and records["gru", 0.2, 1].fold == 1 and records["gru", 0.2, 1].model == "gru"
    scores = {"lstm": {0.1: 0.5, 0.2: 0.7}, "gru": {0.1: 0.6, 0.2: 0.6}}
    results = {key: [{"test_accuracy": scores[key[0]][key[1]]}] for key in records}
    chosen = {label: (row["rate"], row["folds"]) for label, row in limits.choose(results).items()}
    assert chosen == {"lstm": (0.2, 0.7), "gru": (0.1, 0.6)}  # of equals the first


def test_folds_choose_the_fewest_epochs_after_which_more_gain_nothing():
    records = limits.longer(BatchTrial("cv"), [8, 2, 4], 3, 2)
    assert [(n, k, t.max_epochs, t.fold) for (n, k), t in records.items()][:3] == [
        (2, 0, 2, 0), (2, 1, 2, 1), (4, 0, 4, 0)]
    scores = {2: 0.5, 4: 0.795, 8: 0.8}
    found = limits.enough({"cv": {key: [{"test_accuracy": scores[key[0]]}] for key in records}})
    assert found["cv", "chosen", "epochs"] == 4 and found["cv", 8, "folds"].mean == pytest.approx(0.8)


def test_gradient_ratio_passes_over_what_was_not_finite():
    history = {"gradient_max": [2.0, 8.0, None], "gradient_median": [1.0, 3.0, None]}
    assert limits.gradient_ratio([{"history": history}]).mean == 4.0


def test_attention_is_compared_with_a_quarter():
    weights = [{"attention": {"entropy": [0.5, 0.7] * 6, "last_quarter": [a, a + 0.2] * 6}}
               for a in (0.5, 0.6, 0.55) * 2]
    row = limits.attention({"cv": weights}).row("cv")
    assert row["entropy"].mean == pytest.approx(0.6) and row["entropy"].low < 0.6
    assert row["last_quarter"].mean == pytest.approx(0.65) and row["beyond"].mean == pytest.approx(0.4)
    assert row["beyond"].verdict == "higher than"


def test_attention_is_drawn_in_the_order_of_the_classes_whatever_the_order_in_the_store(toy):
    first = sorted({int(np.flatnonzero(toy.test.y == label)[0]) for label in np.unique(toy.test.y)}, reverse=True)
    drawn = figures._examples({"attention": {"examples": {str(row): [1.0] for row in first}}}, toy)
    assert [name for name, *_ in drawn] == [toy.classes[toy.test.y[row]] for row in sorted(first)]


def test_figures_are_drawn_and_name_the_sample(toy):
    base = BatchTrial("handwriting", width=4, batch=8, max_epochs=1)
    run = lambda records: {k: [trials.run([t], toy)[0]] for k, t in records.items()}
    pooled = run(limits.poolings(base, (4, 2)))
    found = limits.bottleneck({(toy.name, key): results for key, results in pooled.items()})
    trained = run(limits.clippings(base, 1.0))
    gains = Result(("dataset", "label"), {(toy.name, label): {"gain": UP} for label in limits.TITLES})
    draw = [lambda: figures.bottleneck(found, toy), lambda: figures.gradients(trained, toy),
            lambda: figures.attention_strokes(pooled["attention", 4][0], toy),
            lambda: figures.attention_segments(pooled["attention", 4][0], toy),
            lambda: figures.regularisation(gains, toy)]
    for drawn in draw:
        fig = drawn()
        assert "embedded sample, synthetic" in " ".join(fig.get_suptitle().split()) and fig.get_figwidth() <= 6.5
        assert render(fig, "svg") == render(drawn(), "svg")
    experiments = resources.recurrences(figures.LINES, [2, 4], ["cpu"])
    timed = {key: trials.run([experiment], None) for key, experiment in experiments.items()}
    assert len(figures.times(timed, {"cpu": "CPU"}).axes) == 1
    assert [t.get_text() for t in figures.steps([2, 4, 8]).axes[0].texts] == ["RNN, LSTM", "minGRU", "transformer"]
