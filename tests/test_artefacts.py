"""Publishing and figures: what is on disk, the same bytes each time, several writers at once."""

import json
import multiprocessing
import re

import numpy as np
import pandas as pd
import pytest

from sequtils.notebook import Publisher, plots


def history_result(epochs, cell="rnn"):
    curve = list(np.linspace(1.5, 0.5, epochs))
    return {"trial": {"cell": cell}, "history": {"loss": curve, "accuracy": curve, "test_loss": curve,
                                                 "test_accuracy": [*curve[:-1], None]}}


def figures(dataset):
    yield plots.strokes(dataset)
    yield plots.lengths(dataset)
    yield plots.learning([history_result(5), history_result(9), history_result(3)], dataset, "Two layers")
    yield plots.confusion(np.array([[3, 1], [0, 4]]), dataset, "Two layers", 2)


def test_figures_are_the_same_bytes_and_name_the_sample(toy):
    for first, again in zip(figures(toy), figures(toy)):
        assert plots.render(first, "svg") == plots.render(again, "svg")
        assert "embedded sample, synthetic" in " ".join(first.get_suptitle().split())
        assert b"<dc:date>" not in plots.render(first, "svg")


def test_the_median_ends_where_half_of_the_seeds_have_stopped():
    epochs, median = plots._median([np.array([1.0, 2, 3]), np.array([3.0, 4, 5, 6]), np.array([2.0, 9])])
    assert epochs.tolist() == [1, 2, 3]
    assert median.tolist() == [2, 4, 4]


def test_a_published_run_is_on_disk(tmp_path, toy, capsys):
    publish = Publisher("03_layers", tmp_path, "rnn")
    publish.figure("1.3", next(figures(toy)), "What is seen.", toy)
    publish.table("two", pd.DataFrame({"x": [0.12345]}), "A table.", pd.DataFrame({"x": ["0.12"]}), source="1.3.1.2")
    publish.value("a.b", np.float64(0.5), (0.4, 0.6))
    publish.value("n", 3)
    publish.value("place", "outside")
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["figures"]["1.3"] == {
        "id": "1.3", "file": "figures/1.3.svg", "caption": "What is seen.", "notebook": "03_layers", "cell": "rnn",
        "dataset": "handwriting", "sample": True, "source": "1.3", "run": "03_layers-rnn"}
    assert manifest["tables"]["two"]["source"] == "1.3.1.2"
    assert (tmp_path / "figures/1.3.svg").read_bytes().startswith(b"<?xml")
    assert (tmp_path / "tables/two.csv").read_text() == "x\n0.12345\n"
    assert (tmp_path / "tables/two.typeset.csv").read_text() == "x\n0.12\n"
    values = json.loads((tmp_path / "values.json").read_text())
    assert values["a.b"] == {"value": 0.5, "low": 0.4, "high": 0.6, "text": "0.500", "range": "[0.400, 0.600]",
                             "run": "03_layers-rnn"}
    assert (values["n"]["text"], values["place"]["text"]) == ("3", "outside")


def test_a_new_run_withdraws_what_the_same_run_published_and_nothing_else(tmp_path):
    for cell in ("rnn", "lstm"):
        Publisher("03_layers", tmp_path, cell).value(f"{cell}.x", 1)
    Publisher("03_layers", tmp_path, "rnn").value("rnn.y", 1)
    assert set(json.loads((tmp_path / "values.json").read_text())) == {"lstm.x", "rnn.y"}


def test_without_a_build_folder_nothing_is_written(tmp_path, toy, monkeypatch):
    monkeypatch.chdir(tmp_path)
    publish = Publisher("03_layers")
    publish.figure("1.3", next(figures(toy)), "What is seen.")
    publish.table("two", pd.DataFrame({"x": [1]}), "A table.")
    publish.value("a.b", 0.5)
    assert not list(tmp_path.iterdir())


def _publish_many(folder, run):
    publish = Publisher(run, folder)
    for number in range(20):
        publish.value(f"{run}.{number}", number)


def test_two_writers_lose_nothing(tmp_path):
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        pool.starmap(_publish_many, [(tmp_path, "a"), (tmp_path, "b")])
    assert len(json.loads((tmp_path / "values.json").read_text())) == 40


@pytest.mark.parametrize("cell", plots.COLOURS)
def test_each_cell_has_its_own_colour_in_colour_and_in_grey(cell):
    def grey(colour):
        return sum(w * int(h, 16) for w, h in zip((0.299, 0.587, 0.114), re.findall("..", colour[1:])))

    for other in set(plots.COLOURS) - {cell}:
        assert plots.DASHES[cell] != plots.DASHES[other]
        assert plots.COLOURS[cell] != plots.COLOURS[other]
    assert 40 < grey(plots.COLOURS[cell]) < 180
