"""The ladder: what its rungs change, which one the folds choose, ensembles, and what each change is worth."""

from types import SimpleNamespace

import numpy as np
import pytest

from sequtils import statistics, trials
from sequtils.data import features
from sequtils.measures import ablation
from sequtils.notebook.figures import comparison as figures
from sequtils.statistics import Estimate


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
