"""The experiments' shared steps, with any classes: nothing depends on five of them or on their names."""

import json

import pytest

from sequtils import data, statistics
from sequtils.data import sample
from sequtils.notebook import Study, node_rule, plots, stack, tables, units
from sequtils.original import source

ALL = {name: tuple(sample.load(name)) for name in data.LAYOUTS}


@pytest.mark.parametrize(("handwriting", "cv"), [(2, 2), (5, 7), (7, 16)])
def test_any_classes(tmp_path, handwriting, cv):
    chosen = {"handwriting": ALL["handwriting"][-handwriting:], "cv": ALL["cv"][:cv]}
    study = Study("04_nodes", "rnn", None, chosen["handwriting"], chosen["cv"], build=tmp_path, max_epochs=1)
    for number, (name, classes) in enumerate(chosen.items()):
        assert study.datasets[name].classes == classes
        results = study.sweep(name, {4: {"hidden": (4, 3)}, 8: {"hidden": (8, 3)}}, seeds=2)
        assert [r["trial"]["seed"] for r in results[8]] == [0, 1]
        assert results[8][0]["trial"]["hidden"] == [8, 3]
        assert statistics.confusion(results[4], len(classes)).sum() == 2 * len(study.datasets[name].test)
        study.show_network({"learning": f"1.{number}", "confusion": f"2.{number}"}, results[4], name, "Two layers")
        study.show_sweep(f"sweep-{name}", results, name, "nodes", "units", "Seen.", "1.3.2", x_name="nodes")
        examples = {"handwriting": plots.strokes, "cv": plots.segments}[name](study.datasets[name], 2)
        assert {ax.get_title() for ax in examples.axes} - {""} == set(classes)
        row = ({"Data set": name}, results[4], study.datasets[name], None)
        raw, _, typeset = tables.accuracies([row], "Seen.")
        assert raw.majority[0] == pytest.approx(statistics.majority_rate(study.datasets[name].test))
        assert not any(column.startswith("Source") for column in typeset)
    assert len(json.loads((tmp_path / "manifest.json").read_text())["figures"]) == 6


def test_differences_are_paired(tmp_path):
    study = Study("05_dropout", "rnn", build=tmp_path, max_epochs=2)
    runs = study.sweep("handwriting", {0: {}, 0.5: {"dropout": 0.5}}, 2, hidden=(3,))
    gain = study.say_difference("gain", runs[0.5], runs[0])
    means = [statistics.test_accuracy(runs[f]).mean for f in (0.5, 0)]
    assert gain.mean == pytest.approx(means[0] - means[1])
    assert statistics.difference(runs[0], runs[0]).interval == (0, 0)
    assert statistics.verdict(statistics.difference(runs[0], runs[0])) == "no different from"
    rows = [({"Dropout": f}, runs[f], study.datasets["handwriting"], runs[0]) for f in runs]
    raw, caption, typeset = tables.differences(rows, "Seen.")
    assert typeset["Test accuracy"][0] == "the baseline"
    assert raw.gain[1] == pytest.approx(gain.mean)
    assert caption.startswith("Seen. Balanced: ") and "Epochs: " in caption and "most frequent class" in caption
    _, shorter, fewer = tables.differences(rows, "Seen.", without=("Epochs", "Balanced", "Majority"))
    assert shorter == "Seen." and set(typeset) - set(fewer) == {"Epochs", "Balanced"}
    with pytest.raises(ValueError, match="same seeds"):
        statistics.difference(runs[0], runs[0][::-1])


def test_networks_in_numbers_and_in_words():
    assert [stack(depth, 16, 5) for depth in (1, 2, 4)] == [(16,), (16, 5), (16, 16, 16, 5)]
    assert [units(hidden) for hidden in ((16,), (16, 5), (16, 16, 16, 5))] == ["16", "16 and 5", "3 of 16, then 5"]


def test_node_rule_of_the_source():
    cv = data.load("cv")
    assert node_rule(cv, 2) == len(cv.train) / (2 * (39 + 5))


def test_published_numbers():
    assert source.published("1.3.1.2", dataset="cv") == {"dataset": "cv", "train": 0.64, "test": 0.43}
    assert source.published("2.5.1.3", layers=2) is None
    assert source.column("2.5.2", "nodes", dataset="handwriting") == ([4, 8, 16, 32, 64, 128],
                                                                     [0.74, 0.66, 0.55, 0.25, 0.21, 0.21])
    numbers = [f[kind] for block in ("layers", "nodes", "best") for cell in ("rnn", "lstm")
               for f in source.figures(block, cell) for kind in ("learning", "confusion")]
    assert sorted(numbers) == sorted(f"1.{n}" for n in range(3, 27)) + sorted(f"2.{n}" for n in range(3, 15))
