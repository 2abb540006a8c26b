"""RNN beside LSTM: parameter counts, groups of test sequences, the ladder, ensembles."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from sequtils import statistics, trials
from sequtils.data import features
from sequtils.files import read_json
from sequtils.measures import ablation
from sequtils.models import SequenceClassifier
from sequtils.notebook import Publisher
from sequtils.notebook.figures import comparison as figures
from sequtils.statistics import Estimate


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("hidden", [(3,), (16, 5)])
def test_parameters_are_pytorchs(cell, hidden):
    model = SequenceClassifier(39, hidden, 7, cell)
    assert ablation.parameters(39, hidden, 7, cell) == sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize("inputs", [2, 39])
def test_equal_width_is_the_nearest(inputs):
    width = ablation.equal_width(inputs, 5)
    wanted = ablation.parameters(inputs, (4, 5), 5, "lstm")
    off = [abs(ablation.parameters(inputs, (n, 5), 5, "rnn") - wanted) for n in (width - 1, width, width + 1)]
    assert off[1] == min(off)


def test_groups_hold_every_test_sequence_once(toy):
    for groups in (ablation.by_class(toy), ablation.by_length(toy, 3)):
        assert sorted(np.concatenate([rows for _, rows in groups]).tolist()) == list(range(len(toy.test)))
    assert all((toy.test.y[rows] == label).all() for label, (_, rows) in enumerate(ablation.by_class(toy)))
    spans = [[len(toy.test.x[r]) for r in rows] for _, rows in ablation.by_length(toy, 3)]
    assert max(spans[0]) <= min(spans[1]) and max(spans[1]) <= min(spans[2])


def test_quarters_of_one_length_stay_apart(toy):
    alike = replace(toy, test=replace(toy.test, x=[x[:5] for x in toy.test.x]))
    assert [name for name, _ in ablation.by_length(alike)] == ["5 to 5"] * 4


def test_quarters_without_a_sequence_are_left_out_with_the_reason(toy, tmp_path):
    two = replace(toy, test=replace(toy.test, x=toy.test.x[:2]))
    runs = {("handwriting", cell): trained([[0, 1]] * 5) for cell in ("rnn", "lstm")}
    found = ablation.gains(runs, {"handwriting": two}, "length")
    assert list(found.within("handwriting")) == [1, 2]
    Publisher("09_lstm_vs_rnn", tmp_path)("comparison-length", found, "Gains.")
    assert read_json(tmp_path / "values.json")["comparison-length"]["absent"] == {
        f"handwriting/{place}": "there are fewer test sequences than parts by length" for place in (3, 4)}


def trained(rights, **more):
    """Results over seeds of a network of which `rights` says, seed by seed, what test sequences of class 1 it names."""
    return [{"trial": {"seed": seed}, "labels": [1] * len(right), "predictions": list(right), **more}
            for seed, right in enumerate(rights)]


def test_gains_stand_beside_the_part_that_they_are_of(toy):
    late = [i for _, rows in ablation.by_length(toy, 4)[3:] for i in rows]  # the LSTM names the longest quarter only
    runs = {("handwriting", "rnn"): trained([[0] * 10] * 5),
            ("handwriting", "lstm"): trained([[int(i in late) for i in range(10)]] * 5)}
    found = ablation.gains(runs, {"handwriting": toy}, "length")
    assert [row["gain"].mean for row in found.within("handwriting").values()] == [0, 0, 0, 1]
    assert all(row["verdict"] == row["gain"].word for row in found.within("handwriting").values())
    assert sum(row["sequences"] for row in found.within("handwriting").values()) == 10
    assert ablation.gains(runs, {"handwriting": toy}, "class")["handwriting", 2, "name"] == "left"


def test_a_class_without_test_sequences_keeps_the_place_of_the_others(toy):
    alone = replace(toy, test=replace(toy.test, y=np.ones(10, int)))
    runs = dict.fromkeys((("handwriting", "rnn"), ("handwriting", "lstm")), trained([[0] * 10]))
    found = ablation.gains(runs, {"handwriting": alone}, "class")
    assert [(row, found[(*row, "name")]) for row in found.rows] == [(("handwriting", 2), "left")]


@pytest.mark.parametrize(("values", "middle", "times"), [((1, 4), 2.5, 2.5), ((1, 4, 2), 2, 7 / 3),
                                                       ((9, 1, 4, 2), 3, 4)])
def test_costs_are_true_medians_of_odd_and_of_even_numbers_of_seeds(toy, values, middle, times):
    frames, D = sum(map(len, toy.train.x)), toy.train.x[0].shape[1]

    def trained(cell, epochs):
        return [{"seconds": float(n), "parameters": 7, "history": {"stop_epoch": n, "reason": "converged"},
                 "trial": trials.Trial("handwriting", cell, (3,), seed=seed).record} for seed, n in enumerate(epochs)]

    runs = {("handwriting", "rnn"): trained("rnn", [1] * len(values)), ("handwriting", "lstm"): trained("lstm", values)}
    needed = ablation.resources(runs, {"handwriting": toy}).row("handwriting", "lstm")
    assert needed["epochs"] == middle and needed["converged"] == needed["of"] == len(values)
    assert needed["products"] == pytest.approx(middle * frames * 4 * 3 * (D + 3) / 1e9)
    assert needed["times"].mean == pytest.approx(4 * times)  # an LSTM has four sums where the RNN has one
    assert needed["times"].interval == (4 * min(values), 4 * max(values))
    row = ablation.times(runs, {"handwriting": toy}).row("handwriting", "lstm")
    assert row["seconds"] == middle and row["seconds_an_epoch"] == 1


def test_restricted_results():
    (part,) = ablation.restricted([{"labels": [0, 1, 2], "predictions": [0, 0, 2], "trial": {"seed": 1}}], [2, 1])
    assert part == {"labels": [2, 1], "predictions": [2, 0], "trial": {"seed": 1}}


@pytest.mark.parametrize("name", ["handwriting", "cv"])
def test_each_rung_changes_what_it_says_and_keeps_the_rest(name):
    rungs = ablation.ladder(name)
    climb = ablation.climb(name, "lstm", rungs)
    assert climb["initialisation"] == trials.Trial(name, "lstm", (4, 5))  # what the other notebooks train
    before = climb["source"].record
    for rung in rungs[1:]:
        after = climb[rung.name].record
        changed = {field for field in after if after[field] != before[field]}
        assert changed and changed <= set(rung.fields), rung.name
        before = after


def test_only_points_of_a_plane_are_tilted():
    plane, other = ({rung.name: rung for rung in ablation.ladder("handwriting", columns=n)} for n in (2, 5))
    assert plane == {rung.name: rung for rung in ablation.ladder("handwriting")}
    assert plane["augmentation"].change == "tilts, warped time, noise"
    assert other["augmentation"].change == "warped time, noise"
    x = np.random.default_rng(0).random((6, 5))
    assert features.augment([x], other["augmentation"].fields["augment"], np.random.default_rng(1))[0].shape == x.shape


def result(logits, seed=0, labels=(0, 1)):
    return {"trial": {"seed": seed}, "labels": list(labels), "logits": logits, "parameters": 10, "train_accuracy": 1.0,
            "predictions": np.argmax(logits, axis=1).tolist()}


def test_an_ensemble_averages_probabilities():
    sure, unsure = result([[9.0, 0.0], [0.0, 0.0]]), result([[0.0, 0.1], [0.0, 1.0]])
    both = ablation.ensemble([sure, unsure])
    assert both["predictions"] == [0, 1] and both["test_accuracy"] == 1.0 and both["parameters"] == 20
    assert ablation.ensemble([sure])["predictions"] == sure["predictions"]
    with pytest.raises(ValueError, match="same test sequences"):
        ablation.ensemble([sure, result([[0.0, 1.0]], labels=[1])])


def test_a_diverged_member_says_nothing():
    lost = result([[0.0, 0.0], [0.0, 0.0]]) | {"logits": [[None, None], [None, None]]}
    sure = result([[9.0, 0.0], [0.0, 2.0]])
    assert ablation.ensemble([lost, sure])["predictions"] == [0, 1]
    np.testing.assert_allclose(ablation.softmax(lost["logits"]), 0.5)


@pytest.fixture
def climbed(toy):
    """Two cells on three rungs, of which the RNN's folds choose the second, the LSTM's the third."""
    right = {"rnn": (0, 2, 4), "lstm": (1, 2, 3)}  # of four test sequences
    folds = {"rnn": (0.1, 0.9, 0.2), "lstm": (0.1, 0.2, 0.8)}
    rungs, data = ("source", "wide", "noise"), "handwriting"
    climbs = {(data, cell): {rung: [result(np.eye(2)[[1] * n + [0] * (4 - n)] * 9, seed, [1] * 4) for seed in (0, 1)]
                             for rung, n in zip(rungs, counts)} for cell, counts in right.items()}
    held_out = {(data, cell): {rung: Estimate(x, 0, x, x) for rung, x in zip(rungs, xs)} for cell, xs in folds.items()}
    return climbs, ablation.steps(climbs, held_out, {data: toy})


def test_the_folds_choose_a_rung_and_the_test_set_does_not(climbed):
    _, ladder = climbed
    assert [ladder["handwriting", cell, "chosen", "rung"] for cell in ("rnn", "lstm")] == ["wide", "noise"]
    assert ladder["handwriting", "rnn", "chosen", "test"].mean == 0.5
    assert ladder["handwriting", "rnn", "source", "gain"] is None
    assert [ladder["handwriting", "rnn", rung, "gain"].mean for rung in ("wide", "noise")] == [0.5, 0.5]
    assert ladder["handwriting", "rnn", "noise", "beyond_source"].mean == 1
    assert [ladder["handwriting", "lstm", rung, "beyond_rnn"].mean for rung in ("source", "noise")] == [0.25, -0.25]
    assert ladder["handwriting", "rnn", "source", "verdict"] == "the baseline"


def test_the_best_models_are_compared_at_their_own_rungs(climbed, toy):
    wide = {("handwriting", "lstm-wide"): climbed[0]["handwriting", "lstm"]["source"]}  # 1 of 4 right
    row = ablation.best(*climbed, SimpleNamespace(runs=wide), {"handwriting": toy}).row("handwriting")
    assert row["beyond_cell"].mean == 0.25  # the best RNN, with 2 of 4, less it
    assert row["gain"].mean == 0.25  # 3 of 4 less 2 of 4
    assert row["cell"] == "RNN" and row["test"].mean == row["ensemble"].mean == 0.5  # the folds know better
    assert row["ensemble_gain"].mean == 0 and row["ensemble_gain"].verdict == "not told apart from"


def test_what_each_rung_changes_stands_beside_it(toy):
    found = ablation.changes({name: ablation.ladder(name) for name in ("handwriting", "cv")}, {"handwriting": toy})
    assert found["resampling", "handwriting"] == "32 points by arc length" != found["resampling", "cv"]
    assert list(found.within()) == [rung.name for rung in ablation.ladder("cv")]


def test_effects_are_the_gains_of_their_tables_and_drawn_in_order(toy):
    rungs = dict.fromkeys(("standardisation", "optimiser", "resampling", "width"))
    gain = {key: statistics.estimate([[n / 10]] * 2, statistics.Difference) for n, key in enumerate((*rungs, *"abcde"))}
    ladder = {("handwriting", "rnn", rung, "gain"): gain[rung] for rung in rungs}
    ladder["handwriting", "rnn", "chosen", "beyond_source"] = gain["a"]
    cells = {("handwriting", "lstm-wide", "gain"): gain["b"], ("handwriting", "lstm", "gain"): gain["c"]}
    best = {("handwriting", "gain"): gain["d"], ("handwriting", "beyond_cell"): gain["e"]}
    found = ablation.effects(cells, ladder, best, {"handwriting": toy})
    assert [row["gain"] for row in found.within("handwriting").values()] == [
        gain[key] for key in ("a", *rungs, *"bcde")]
    [ax] = figures.effects(found, {"handwriting": toy}).axes
    assert [tick.get_text() for tick in ax.get_yticklabels()] == [row["change"] for row in found.within().values()]
