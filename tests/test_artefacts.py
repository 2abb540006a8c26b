"""Publishing and figures: what is on disk, the same bytes each time, several writers at once."""

import json
import multiprocessing
import re

import numpy as np
import pytest
from matplotlib.figure import Figure

from sequtils.notebook import Publisher, plots
from sequtils.notebook.figures import sequences, training
from sequtils.results import Result
from sequtils.statistics import Estimate
from sequtils.text import NBSP


def history_result(epochs, cell="rnn"):
    curve = list(np.linspace(1.5, 0.5, epochs))
    return {"trial": {"cell": cell}, "history": {"loss": curve, "accuracy": curve, "test_loss": curve,
                                                 "test_accuracy": [*curve[:-1], None]},
            "train_accuracy": 0.75, "test_accuracy": 0.5}


def figures(dataset):
    yield sequences.strokes(dataset)
    yield sequences.lengths(dataset)
    yield training.learning([history_result(5), history_result(9), history_result(3)], dataset, "Two layers",
                         {"train": 0.5, "test": None})
    yield training.confusion(np.array([[[3, 1], [0, 4]], [[4, 0], [2, 2]]]), dataset, "Two layers")


def test_figures_are_the_same_bytes_and_name_the_sample(toy):
    for first, again in zip(figures(toy), figures(toy)):
        assert plots.render(first, "svg") == plots.render(again, "svg")
        assert "embedded sample, synthetic" in " ".join(first.get_suptitle().split())
        assert b"<dc:date>" not in plots.render(first, "svg")

def test_the_last_digits_of_a_layout_are_not_in_a_figure():
    def drawn(left):
        fig = Figure()
        fig.add_axes((left, 0.2, 0.5, 0.5)).plot([1, 2], [3, 4], "o-")
        return plots.render(fig, "svg")

    assert drawn(0.3) == drawn(np.nextafter(0.3, 1)) != drawn(0.31)


def test_the_median_ends_where_half_of_the_seeds_have_stopped():
    epochs, median = training._median([np.array([1.0, 2, 3]), np.array([3.0, 4, 5, 6]), np.array([2.0, 9])])
    assert epochs.tolist() == [1, 2, 3]
    assert median.tolist() == [2, 4, 4]


def result(**columns):
    return Result("dataset", {"cv": columns})


def test_a_published_run_is_on_disk(tmp_path, toy, capsys):
    publish = Publisher("03_layers", tmp_path, "rnn")
    publish("1.3", next(figures(toy)), "What is seen.", toy, "1.3")
    publish("two", result(test=Estimate(0.12345, 0.01, 0.1, 0.2), units="16"), "A table.", source="1.3.1.2")
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["figures"]["1.3"] == {
        "id": "1.3", "file": "figures/1.3.svg", "caption": "What is seen.", "notebook": "03_layers", "cell": "rnn",
        "dataset": "handwriting", "sample": True, "source": "1.3", "run": "03_layers-rnn"}
    assert manifest["tables"]["two"]["source"] == "1.3.1.2"
    assert (tmp_path / "figures/1.3.svg").read_bytes().startswith(b"<?xml")
    assert (tmp_path / "tables/two.csv").read_text() == (
        "dataset,test,test_sd,test_low,test_high,units\ncv,0.12345,0.01,0.1,0.2,16\n")
    assert (tmp_path / "tables/two.typeset.csv").read_text().replace(NBSP, " ") == (
        'Data set,Test [95 %],Units\ncv,"0.123 [0.100, 0.200]",16\n')
    values = json.loads((tmp_path / "values.json").read_text())
    assert values["two"]["run"] == "03_layers-rnn"
    assert values["two"]["rows"]["last"]["test"] == {"value": 0.12345, "low": 0.1, "high": 0.2, "text": "0.123",
                                                     "range": f"[0.100,{NBSP}0.200]"}
    assert capsys.readouterr().out.endswith("A table.\n")


def test_a_new_run_withdraws_what_the_same_run_published_and_nothing_else(tmp_path):
    for cell in ("rnn", "lstm"):
        Publisher("03_layers", tmp_path, cell)(f"x-{cell}", result(x=1), "X.")
    Publisher("03_layers", tmp_path, "rnn")("y-rnn", result(y=1), "Y.")
    assert set(json.loads((tmp_path / "values.json").read_text())) == {"x-lstm", "y-rnn"}
    assert set(json.loads((tmp_path / "manifest.json").read_text())["tables"]) == {"x-lstm", "y-rnn"}


def test_without_a_build_folder_nothing_is_written(tmp_path, toy, monkeypatch):
    monkeypatch.chdir(tmp_path)
    publish = Publisher("03_layers")
    publish("1.3", next(figures(toy)), "What is seen.")
    publish("two", result(x=1), "A table.")
    assert not list(tmp_path.iterdir())


def _publish_many(folder, run):
    publish = Publisher(run, folder)
    for number in range(20):
        publish(f"{run}-{number}", result(x=number), "A table.")


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
