"""The experiments' shared steps, with any classes: nothing depends on five of them or on their names."""

import json

import pytest

from sequtils import data, statistics, text, trials
from sequtils.data import sample
from sequtils.notebook import Study, stack, units
from sequtils.notebook.figures import sequences
from sequtils.notebook.study import seeds_by_cost
from sequtils.notebook.sweep import Sweep
from sequtils.original import source

ALL = {name: tuple(sample.load(name)) for name in data.LAYOUTS}


@pytest.mark.parametrize(("handwriting", "cv"), [(2, 2), (5, 7), (7, 16)])
def test_any_classes(tmp_path, handwriting, cv):
    chosen = {"handwriting": ALL["handwriting"][-handwriting:], "cv": ALL["cv"][:cv]}
    study = Study("04_nodes", "rnn", None, chosen["handwriting"], chosen["cv"], build=tmp_path, max_epochs=1)
    assert {name: d.classes for name, d in study.datasets.items()} == chosen
    nodes = study.sweep("nodes", [4, 16], lambda width: {"hidden": (width, 3)}, seeds=2, baseline=4)
    assert [r["trial"]["seed"] for r in nodes.runs["cv", 16]] == [0, 1]
    assert nodes.runs["cv", 16][0]["trial"]["hidden"] == [16, 3]
    study.publish_sweep("nodes-rnn", nodes, "accuracy against the number of nodes", "units")
    study.publish_networks("layers", nodes, 16)
    for name, dataset in study.datasets.items():
        assert statistics.confusion(nodes.runs[name, 4], len(dataset.classes)).sum() == 2 * len(dataset.test)
        assert nodes[name, 4, "majority"] == pytest.approx(statistics.majority_rate(dataset.test))
        examples = {"handwriting": sequences.strokes, "cv": sequences.segments}[name](dataset, 2)
        assert {ax.get_title() for ax in examples.axes} - {""} == set(chosen[name])
    assert set(json.loads((tmp_path / "manifest.json").read_text())["figures"]) == {
        "nodes-rnn-handwriting", "nodes-rnn-cv", "1.3", "1.4", "1.5", "1.6"}


@pytest.fixture
def dropout():
    study = Study("05_dropout", "rnn", max_epochs=2)
    return study.sweep("dropout", [0, 0.25, 0.5], lambda share: {"dropout": share}, 2, baseline=0, hidden=(3,))


def test_gains_of_a_sweep_are_paired(dropout):
    for name in dropout.datasets:
        gain = dropout[name, 0.5, "gain"]
        judged = statistics.difference(dropout.runs[name, 0.5], dropout.runs[name, 0])
        assert (gain, dropout[name, "baseline", "gain"]) == (judged, None)
        assert gain.mean == pytest.approx(dropout[name, "last", "test"].mean - dropout[name, "first", "test"].mean)
        assert dropout[name, "baseline", "verdict"] == "the baseline"
        assert dropout[name, 0.5, "verdict"] == gain.word
    assert dropout.difference("cv", 0, 0).interval == (0, 0)
    with pytest.raises(ValueError, match="same seeds"):
        statistics.difference(dropout.runs["cv", 0], dropout.runs["cv", 0][::-1])


def test_a_sweep_is_named_summed_up_and_cut(dropout):
    cells = dropout.cells()
    assert cells["cv/last"] == cells["cv/0.5"] and cells["cv/last"]["dropout"]["value"] == 0.5
    greatest = max(row["test"].mean for row in dropout.within("cv").values())
    assert cells["cv/best"]["test"]["value"] == text.stable(greatest)
    assert cells["cv/last"]["gain"]["verdict"] == dropout["cv", "last", "gain"].verdict
    sides = [dropout["cv", share, "gain"].side for share in (0.25, 0.5)]
    told = {key: cell["value"] for key, cell in cells["cv/tally"].items()}
    assert told == {"compared": 2, "higher": sides.count(1), "lower": sides.count(-1)}
    assert json.loads(json.dumps(cells, allow_nan=False)) == cells
    assert "CV segments: with dropout 0.5 the test accuracy is" in dropout.sentence("cv", "last")
    assert list(dropout.only("last").rows) == [("handwriting", 0.5), ("cv", 0.5)]
    dropout.compare("beyond_half", 0.5)
    assert dropout["cv", 0.5, "beyond_half"].mean == 0 and dropout["cv", 0, "beyond_half"].side == -sides[1]


def test_inside_a_range_beside_outside_it(dropout):
    found = dropout.between("cv", 0.2, 1)
    tests = {share: dropout["cv", share, "test"].mean for share in (0, 0.25, 0.5)}
    assert found.mean == pytest.approx((tests[0.25] + tests[0.5]) / 2 - tests[0])
    assert dropout.between("cv", 2, 3) == "0 of 3 are inside"


def test_a_table_says_what_a_reader_must_know(toy):
    labels = toy.test.y.tolist()

    def results(reason, predictions):
        return {"labels": labels, "predictions": predictions, "train_accuracy": 0.9, "parameters": 7,
                "trial": {"seed": 0}, "history": {"stop_epoch": 3, "reason": reason}}

    found = Sweep("nodes", {("handwriting", 16): [results("converged", labels)] * 2,
                            ("handwriting", 20): [results("converged", [0] * 10), results("diverged", [0] * 10)]},
                  {"handwriting": toy}, cell="rnn")
    table = found.table()
    assert table["Diff."].tolist() == ["+0.510", "–"] and table["Source, test"].tolist() == ["0.490", "–"]
    assert table["Remark"].tolist() == ["", "1 of 2 diverged; 1 of 2 at chance"]
    assert table["Test [95 %]"][0].startswith("1.000\u00a0(1.000,")
    assert "Handwriting 0.500" in found.explained() and "Epochs" not in found.explained(without=("epochs",))
    assert found["handwriting", 16, "agrees"] == "lies outside" and found["handwriting", 16, "run"].is_range


def test_networks_in_numbers_and_in_words():
    assert [stack(depth, 16, 5) for depth in (1, 2, 4)] == [(16,), (16, 5), (16, 16, 16, 5)]
    assert [units(hidden) for hidden in ((16,), (16, 5), (16, 16, 16, 5))] == ["16", "16 and 5", "3 of 16, then 5"]


def test_node_rule_of_the_source():
    cv = data.load("cv")
    assert source.rule_of_thumb(cv, 2) == len(cv.train) / (2 * (39 + 5))


def test_published_numbers():
    assert source.accuracies("rnn", "cv", "layers", 2) == {"dataset": "cv", "train": 0.64, "test": 0.43}
    assert source.accuracies("lstm", "handwriting", "nodes", 5) is None
    assert source.accuracies("rnn", "cv", "dropout", 0.5) is None
    assert source.column("lstm", "handwriting", "nodes") == ([4, 8, 16, 32, 64, 128],
                                                            [0.74, 0.66, 0.55, 0.25, 0.21, 0.21])
    depths, accuracies = source.column("rnn", "cv", "layers")
    assert (depths[0], accuracies[0]) == (2, 0.43)  # which has a table of its own
    assert (source.section("rnn", "nodes"), source.section("rnn", "dropout")) == ("1.3.2", None)
    assert source.best("lstm")["nodes_1"] == 4
    numbers = [f[kind] for block in ("layers", "nodes", "best") for cell in ("rnn", "lstm")
               for f in source.figures(block, cell) for kind in ("learning", "confusion")]
    assert sorted(numbers) == sorted(f"1.{n}" for n in range(3, 27)) + sorted(f"2.{n}" for n in range(3, 15))


def test_cheap_trainings_are_given_more_seeds():
    """By multiplications alone: the same on every machine; what has no count of them is given the fewest."""
    cv = data.load("cv")
    small, large = (trials.Trial("cv", "lstm", (n, 5)) for n in (4, 64))
    bounds = [[30, small.multiplications(cv)], [10, large.multiplications(cv) - 1], [3, None]]
    assert [seeds_by_cost(bounds, t, cv) for t in (small, large)] == [30, 3]
    assert seeds_by_cost(2, large, cv) == 2
    assert seeds_by_cost(bounds, trials.BatchTrial("cv"), cv) == 3
    assert (text.seeds(bounds), text.seeds(2)) == ("3 to 30", "2")
