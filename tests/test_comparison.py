"""RNN beside LSTM: parameter counts, groups of test sequences, the ladder, ensembles."""

import numpy as np
import pytest

from sequtils import trials
from sequtils.measures import ablation
from sequtils.models import SequenceClassifier


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
        assert sorted(np.concatenate([*groups.values()]).tolist()) == list(range(len(toy.test)))
    assert all((toy.test.y[rows] == label).all() for label, rows in enumerate(ablation.by_class(toy).values()))
    spans = [[len(toy.test.x[r]) for r in rows] for rows in ablation.by_length(toy, 3).values()]
    assert max(spans[0]) <= min(spans[1]) and max(spans[1]) <= min(spans[2])


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


def result(logits, seed=0, labels=(0, 1)):
    return {"trial": {"seed": seed}, "labels": list(labels), "logits": logits, "parameters": 10,
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
