"""RNN beside LSTM: parameter counts, groups of test sequences, what training needs."""

from dataclasses import replace

import numpy as np
import pytest

from sequtils import trials
from sequtils.files import read_json
from sequtils.measures import comparison
from sequtils.models import SequenceClassifier
from sequtils.notebook import Publisher


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("hidden", [(3,), (16, 5)])
def test_parameters_are_pytorchs(cell, hidden):
    model = SequenceClassifier(39, hidden, 7, cell)
    assert comparison.parameters(39, hidden, 7, cell) == sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize("inputs", [2, 39])
def test_equal_width_is_the_nearest(inputs):
    width = comparison.equal_width(inputs, 5)
    wanted = comparison.parameters(inputs, (4, 5), 5, "lstm")
    off = [abs(comparison.parameters(inputs, (n, 5), 5, "rnn") - wanted) for n in (width - 1, width, width + 1)]
    assert off[1] == min(off)


def test_groups_hold_every_test_sequence_once(toy):
    for groups in (comparison.by_class(toy), comparison.by_length(toy, 3)):
        assert sorted(np.concatenate([rows for _, rows in groups]).tolist()) == list(range(len(toy.test)))
    assert all((toy.test.y[rows] == label).all() for label, (_, rows) in enumerate(comparison.by_class(toy)))
    spans = [[len(toy.test.x[r]) for r in rows] for _, rows in comparison.by_length(toy, 3)]
    assert max(spans[0]) <= min(spans[1]) and max(spans[1]) <= min(spans[2])


def test_quarters_of_one_length_stay_apart(toy):
    alike = replace(toy, test=replace(toy.test, x=[x[:5] for x in toy.test.x]))
    assert [name for name, _ in comparison.by_length(alike)] == ["5 to 5"] * 4


def test_quarters_without_a_sequence_are_left_out_with_the_reason(toy, tmp_path):
    two = replace(toy, test=replace(toy.test, x=toy.test.x[:2]))
    runs = {("handwriting", cell): trained([[0, 1]] * 5) for cell in ("rnn", "lstm")}
    found = comparison.gains(runs, {"handwriting": two}, "length")
    assert list(found.within("handwriting")) == [1, 2]
    Publisher("09_lstm_vs_rnn", tmp_path)("comparison-length", found, "Gains.")
    assert read_json(tmp_path / "values.json")["comparison-length"]["absent"] == {
        f"handwriting/{place}": "there are fewer test sequences than parts by length" for place in (3, 4)}


def trained(rights, **more):
    """Results over seeds of a network of which `rights` says, seed by seed, what test sequences of class 1 it names."""
    return [{"trial": {"seed": seed}, "labels": [1] * len(right), "predictions": list(right), **more}
            for seed, right in enumerate(rights)]


def test_gains_stand_beside_the_part_that_they_are_of(toy):
    late = [i for _, rows in comparison.by_length(toy, 4)[3:] for i in rows]  # the LSTM names the longest quarter only
    runs = {("handwriting", "rnn"): trained([[0] * 10] * 5),
            ("handwriting", "lstm"): trained([[int(i in late) for i in range(10)]] * 5)}
    found = comparison.gains(runs, {"handwriting": toy}, "length")
    assert [row["gain"].mean for row in found.within("handwriting").values()] == [0, 0, 0, 1]
    assert all(row["verdict"] == row["gain"].word for row in found.within("handwriting").values())
    assert sum(row["sequences"] for row in found.within("handwriting").values()) == 10
    assert comparison.gains(runs, {"handwriting": toy}, "class")["handwriting", 2, "name"] == "left"


def test_a_class_without_test_sequences_keeps_the_place_of_the_others(toy):
    alone = replace(toy, test=replace(toy.test, y=np.ones(10, int)))
    runs = dict.fromkeys((("handwriting", "rnn"), ("handwriting", "lstm")), trained([[0] * 10]))
    found = comparison.gains(runs, {"handwriting": alone}, "class")
    assert [(row, found[(*row, "name")]) for row in found.rows] == [(("handwriting", 2), "left")]


@pytest.mark.parametrize(("values", "middle", "times"), [((1, 4), 2.5, 2.5), ((1, 4, 2), 2, 7 / 3),
                                                       ((9, 1, 4, 2), 3, 4)])
def test_costs_are_true_medians_of_odd_and_of_even_numbers_of_seeds(toy, values, middle, times):
    frames, D = sum(map(len, toy.train.x)), toy.train.x[0].shape[1]

    def trained(cell, epochs):
        return [{"seconds": float(n), "parameters": 7, "history": {"stop_epoch": n, "reason": "converged"},
                 "trial": trials.Trial("handwriting", cell, (3,), seed=seed).record} for seed, n in enumerate(epochs)]

    runs = {("handwriting", "rnn"): trained("rnn", [1] * len(values)), ("handwriting", "lstm"): trained("lstm", values)}
    needed = comparison.resources(runs, {"handwriting": toy}).row("handwriting", "lstm")
    assert needed["epochs"] == middle and needed["converged"] == needed["of"] == len(values)
    assert needed["products"] == pytest.approx(middle * frames * 4 * 3 * (D + 3) / 1e9)
    assert needed["times"].mean == pytest.approx(4 * times)  # an LSTM has four sums where the RNN has one
    assert needed["times"].interval == (4 * min(values), 4 * max(values))
    row = comparison.times(runs, {"handwriting": toy}).row("handwriting", "lstm")
    assert row["seconds"] == middle and row["seconds_an_epoch"] == 1


def test_restricted_results():
    (part,) = comparison.restricted([{"labels": [0, 1, 2], "predictions": [0, 0, 2], "trial": {"seed": 1}}], [2, 1])
    assert part == {"labels": [2, 1], "predictions": [2, 0], "trial": {"seed": 1}}
