"""A whole batch run and its document: the report is complete, a failing notebook is named, a missing name stops."""

import functools
import json
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import pytest
import typst
from pypdf import PdfReader

from sequtils.__main__ import main
from sequtils.original import claims
from sequtils.report import render, runner
from tests.browser import Browser
from tests.conftest import segment, stroke, write

pytestmark = pytest.mark.slow

FIGURES = [f"1.{n}" for n in range(1, 27)] + [f"2.{n}" for n in range(1, 15)]  # the source's forty
TABLES = {"1.3.1.2", "1.3.1.3", "1.3.2", "1.3.4", "2.5.1.2", "2.5.1.3", "2.5.2", "2.5.4"}  # sections of its eight
RUNS = {"01_datasets", "02_feedback_networks", "07_long_term_dependency", "08_limits_of_lstm", "09_lstm_vs_rnn",
        "10_draw",
        *(f"{notebook}-{cell}" for cell in ("rnn", "lstm")
          for notebook in ("03_layers", "04_nodes", "05_dropout", "06_best_architecture"))}


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    """The quick report, as `make report PROFILE=quick` makes it, in a folder of its own whose name is no plain word."""
    folder = tmp_path_factory.mktemp("report") / "ein Ort für ಕ"
    command = [sys.executable, "-m", "sequtils", "report", "--profile", "quick", "--build", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(f"{run}: done" in done.stdout for run in RUNS)
    assert "WARN" not in done.stderr
    head, *_, stored, _, pdf, html, took = done.stdout.splitlines()
    runs = f"runs of notebooks: {len(RUNS)}, {min(os.cpu_count(), len(RUNS))} at a time"
    assert head == f"profile quick on the embedded sample; {runs}"
    assert re.match(r"of \d+ experiments \d+ were taken from the store, ", stored)
    assert [pdf, html] == [str(folder / "report.pdf"), str(folder / "report.html")]
    assert took.startswith("done in ")
    return folder


def test_a_finished_report_is_not_made_again(build, capsys, monkeypatch):
    monkeypatch.setattr(runner, "report", lambda *arguments: pytest.fail("the notebooks ran again"))
    assert main(["report", "--profile", "quick", "--build", str(build)]) == 0
    assert capsys.readouterr().out.splitlines() == ["profile quick is up to date:", *(
        str(build / name) for name in ("report.pdf", "report.html"))]


def test_manifest_is_complete_and_its_files_are_there(build):
    manifest = json.loads((build / "manifest.json").read_text())
    assert {id for id, f in manifest["figures"].items() if f["source"]} == set(FIGURES)
    assert {table["source"] for table in manifest["tables"].values() if table["source"]} == TABLES
    for item in [*manifest["figures"].values(), *manifest["tables"].values()]:
        assert (build / item["file"]).stat().st_size > 0
        assert item["caption"]
    for figure in manifest["figures"].values():
        assert figure["source"] in (figure["id"], None)
        if figure["sample"] is None:
            assert "no data set" in figure["caption"]
        else:
            assert "embedded sample, synthetic" in figure["caption"] or figure["notebook"] == "01_datasets"
    for id, made_by in (("1.3", ("03_layers", "rnn")), ("1.17", ("04_nodes", "rnn")), ("2.9", ("04_nodes", "lstm")),
                        ("1.26", ("06_best_architecture", "rnn")), ("2.14", ("06_best_architecture", "lstm"))):
        assert (manifest["figures"][id]["notebook"], manifest["figures"][id]["cell"]) == made_by


def test_provenance(build):
    provenance = json.loads((build / "provenance.json").read_text())
    assert provenance["profile"] == "quick"
    assert {name: d["sample"] for name, d in provenance["datasets"].items()} == {"handwriting": True, "cv": True}
    assert set(provenance["runs"]) == RUNS
    assert all(outcome["error"] is None for outcome in provenance["runs"].values())
    assert provenance["versions"]["torch"].startswith("2.13.0")
    assert provenance["seeds"] == "2"
    assert all(d["date"] == "2026-11-23" for d in provenance["datasets"].values())
    assert provenance["runs"]["05_dropout-rnn"]["parameters"]["fractions"] == "[0, 0.2, 0.5]"
    assert not {"data_root", "build"} & {p for run in provenance["runs"].values() for p in run["parameters"]}
    assert provenance["experiments"]["Trial"]["patience"] == "25"
    assert sum(provenance["runs"]["05_dropout-rnn"]["trials"].values()) == 2 * 3 * 2  # data sets, fractions, seeds


def test_every_page_says_that_it_is_the_sample(build):
    for page in PdfReader(build / "report.pdf").pages:
        assert "embedded sample, synthetic" in page.extract_text()


class Page(HTMLParser):
    """Collects the tags of a page and its text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def test_the_page_is_one_file_with_every_figure_and_an_alternative_text(build):
    page = Page((build / "report.html").read_text())
    images = [attrs for tag, attrs in page.tags if tag == "img"]
    twice = 4  # figures 1.3 to 1.6 of the source are its 1.7 to 1.10, too: one panel stands for both
    published = [json.loads((build / f"{name}.json").read_text())["figures"] for name in ("manifest", "timings")]
    assert len(images) == sum(map(len, published)) - twice
    assert all(i["src"].startswith("data:image/") and len(i["alt"]) > 20 for i in images)
    links = {attrs.get("href", "") for tag, attrs in page.tags if tag in ("a", "link")}
    assert {link for link in links if not link.startswith("#")} == {f"notebooks/{run}.html" for run in RUNS}
    assert all((build / "notebooks" / f"{run}.html").exists() for run in RUNS)
    assert not [attrs for tag, attrs in page.tags if tag == "script" and "src" in attrs]  # all are in the page itself
    assert page.text.count("embedded sample, synthetic") > len(FIGURES) / 2


def test_a_browser_finds_nothing_wrong_with_the_page_and_the_notebooks(build):
    browser = Browser()
    try:
        for page in (build / "report.html", *sorted((build / "notebooks").glob("*.html"))):
            assert browser.problems(page, width=380) == [], page.name
    finally:
        browser.close()


def test_the_report_is_set_to_the_same_bytes(build, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(build, copy)
    for file in render.render(copy):
        assert file.read_bytes() == (build / file.name).read_bytes()


def test_a_missing_name_stops_the_rendering_and_is_named(build, tmp_path, capsys):
    copy = tmp_path / "copy"
    shutil.copytree(build, copy)
    values = json.loads((copy / "values.json").read_text())
    for path, told in ((("datasets", "rows", "cv", "majority"), "no column majority in the row cv of datasets"),
                       (("datasets", "rows", "cv"), "no row cv in what was published as datasets"),
                       (("best-lstm-hyperparameters",), "no notebook published best-lstm-hyperparameters"),
                       (("comparison-cells", "rows", "cv/lstm", "gain"), "value comparison-cells/cv/lstm/gain")):
        broken = json.loads(json.dumps(values))
        *parents, last = path
        del functools.reduce(dict.get, parents, broken)[last]
        (copy / "values.json").write_text(json.dumps(broken))
        assert main(["render", "--build", str(copy)]) == 1
        assert told in capsys.readouterr().err


def test_nothing_is_published_that_nobody_reads(build):
    """Every result, figure and table is named by the document, as it says itself, or by the evidence of a claim."""
    marks = json.loads(typst.query(str(build / "document" / "report.typ"), "<read>", field="value", root=str(build)))
    evidence = {path.split("/")[0] for path in claims.names()}
    manifest = json.loads((build / "manifest.json").read_text())
    published = {*json.loads((build / "values.json").read_text()), *manifest["figures"], *manifest["tables"]}
    assert published - set(marks) - evidence == set()
    assert {"layers-rnn", "1.3", "datasets"} <= set(marks)


def test_a_failing_notebook_is_named_and_the_others_go_on(tmp_path, monkeypatch, capsys):
    real = runner._parameters
    monkeypatch.setattr(runner, "RUNS", (("03_layers", "rnn"), ("01_datasets", None)))
    monkeypatch.setattr(runner, "_parameters", lambda *args: {**real(*args), "max_epochs": "many"})
    assert main(["report", "--profile", "quick", "--build", str(tmp_path)]) == 1
    told = capsys.readouterr()
    assert "03_layers-rnn: FAILED in cell 4: ValueError: parameter max_epochs: 'many', expected a whole" in told.out
    assert "01_datasets: done" in told.out
    assert "failed: 03_layers-rnn" in told.err
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert set(manifest["figures"]) == {"1.1", "1.2", "2.1", "2.2"}
    assert "did not finish" in Page((tmp_path / "report.html").read_text()).text
    assert (tmp_path / "report.pdf").exists()


def test_only_keeps_what_other_notebooks_published_from_the_same_inputs(build, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(build, copy)
    before = (copy / "manifest.json").read_text()
    assert main(["report", "--profile", "quick", "--only", "01", "--build", str(copy)]) == 0
    assert (copy / "manifest.json").read_text() == before
    provenance = json.loads((copy / "provenance.json").read_text())
    assert set(provenance["runs"]) == RUNS
    provenance["profile"] = "full"  # as if all had been made otherwise
    (copy / "provenance.json").write_text(json.dumps(provenance))
    assert main(["report", "--profile", "quick", "--only", "01", "--build", str(copy)]) == 0
    assert set(json.loads((copy / "manifest.json").read_text())["figures"]) == {"1.1", "1.2", "2.1", "2.2"}


def test_one_data_set_gives_the_whole_report_of_it(build, tmp_path):
    name, other = "cv", "handwriting"  # the strokes are what more is about
    assert main(["report", "--profile", "quick", "--datasets", name, "--build", str(tmp_path)]) == 0
    values, manifest = (json.loads((tmp_path / f"{file}.json").read_text()) for file in ("values", "manifest"))
    rows = {part for result in values.values() for row in result["rows"] for part in row.split("/")}
    assert name in rows and other not in rows
    assert {of for kind in manifest.values() for item in kind.values() if (of := item.get("dataset"))} == {name}
    judged = json.loads((tmp_path / "claims.json").read_text())["claims"]
    assert judged and not any(other in entry["name"] for claim in judged for entry in claim["evidence"])
    pages = [" ".join(page.extract_text().split()) for page in PdfReader(tmp_path / "report.pdf").pages]
    assert re.search("This report is about .* alone; .*, are left out", pages[0])
    assert not any("Not available" in page for page in pages)


RNG = np.random.default_rng(0)
ODD = {  # what data may be like: (sequences of a class to train and to test with, a stroke, a segment)
    "two to train and one to test with": (2, 1, lambda: RNG.random((30, 2)), lambda: RNG.normal(size=(9, 39))),
    "strokes all alike, segments of a few frames and huge numbers": (
        7, 3, lambda: np.full((20, 2), 0.5), lambda: 1e30 * RNG.normal(size=(RNG.integers(1, 4), 39))),
}


@pytest.mark.parametrize("kind", ODD)
def test_odd_data_have_a_whole_report(tmp_path, kind, capsys):
    train, test, make_stroke, make_segment = ODD[kind]
    layouts = (("Handwriting_Data", stroke, make_stroke, ("a", "$x_1$", "#b")), ("CV_Data", segment, make_segment,
                                                                                ("ka", "<i>", "\u0c95")))
    for folder, write_one, make_one, classes in layouts:
        for c in classes:
            for split, count in (("train", train), ("Test" if folder == "CV_Data" else "dev", test)):
                where = tmp_path / "data" / folder / c / (split.capitalize() if folder == "CV_Data" else split)
                for k in range(count):
                    write(where / f"01_{k}.txt", write_one(make_one()))
    build = tmp_path / "build"
    assert main(["report", "--profile", "quick", "--data-root", str(tmp_path / "data"), "--build", str(build)]) == 0
    assert "FAILED" not in capsys.readouterr().out
    text = " ".join(page.extract_text() for page in PdfReader(build / "report.pdf").pages)
    assert "Not available" not in text and "nan" not in text.split()
