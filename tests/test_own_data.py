"""Data in other hands: an .npz file, folders without a split, plain matrices of any number of features."""

import io
import shutil

import numpy as np
import pytest

from sequtils import data
from sequtils.__main__ import main
from sequtils.data import archive, datasets
from sequtils.data.check import check
from sequtils.files import read_json
from sequtils.notebook import Publisher, Study
from sequtils.notebook.figures import sequences
from sequtils.original import claims
from sequtils.report import execution, freshness, provenance, runner
from sequtils.results import Result
from tests.conftest import write


@pytest.fixture
def arrays(course):
    """What is in the course's folder of segments, as arrays, one sequence after the other."""
    d = data.load("cv", course)
    x = [*d.train.x, *d.test.x]
    return {"x": np.concatenate(x), "lengths": np.array([len(s) for s in x]), "y": np.r_[d.train.y, d.test.y],
            "classes": np.array(d.classes), "split": np.array(["train"] * len(d.train) + ["test"] * len(d.test))}


def saved(folder, arrays, name="cv.npz"):
    folder.mkdir(exist_ok=True)
    np.savez(folder / name, **arrays)
    return folder


def padded(arrays):
    x = np.full((len(arrays["y"]), arrays["lengths"].max(), arrays["x"].shape[1]), np.nan)
    for row, s in zip(x, np.split(arrays["x"], np.cumsum(arrays["lengths"])[:-1])):
        row[: len(s)] = s
    return {**arrays, "x": x}


@pytest.mark.parametrize("form", [dict, padded], ids=["one after the other", "padded"])
def test_an_archive_gives_the_sequences_of_the_folder(arrays, course, tmp_path, form):
    root = saved(tmp_path / "own", form(arrays))
    d = data.load("cv", root)
    assert d.fingerprint == data.load("cv", course).fingerprint and d.told is None
    assert d.train.files[:2] == ("cv.npz[0]", "cv.npz[1]") and data.names(root) == ("cv",)
    assert data.load("cv", root, ["tA", "ka"]).classes == ("tA", "ka")
    assert data.sources("cv", root) == [root / "cv.npz"]
    lines, problems = check(root)
    assert not problems and any("handwriting" in line and line.endswith("leaves it out") for line in lines)


FAULTS = {
    "array x: not there": lambda a: a.pop("x"),
    "array y: found float64 (": lambda a: a.update(y=a["y"] / 2),
    "array lengths, number 2: found 0, expected 1 to": lambda a: a["lengths"].__setitem__(1, 0),
    "entries, expected": lambda a: a.update(lengths=a["lengths"][1:]),
    "the sum of lengths": lambda a: a["lengths"].__setitem__(0, a["lengths"][0] + 1),
    "array y, number 3: found 7, expected 0 to 2, a place in classes": lambda a: a["y"].__setitem__(2, 7),
    "array y, number 1: found -1": lambda a: a["y"].__setitem__(0, -1),
    "array split, number 4: found 'dev', expected 'train' or 'test'": lambda a: a["split"].__setitem__(3, "dev"),
    "array classes: 'ka' stands there twice": lambda a: a["classes"].__setitem__(2, "ka"),
    "array x: a number of sequence 1 is not finite": lambda a: a["x"].__setitem__((0, 0), np.inf),
    "is not finite, expected numbers that float32 has": lambda a: a.update(x=a["x"].astype(float) * 1e39),
    "array x: found float32 (0, 3), expected numbers": lambda a: a.update(x=np.zeros((0, 3), np.float32)),
    "array y: 0 test sequences of class 'sa', expected at least 1": lambda a: a["split"].__setitem__(
        a["y"] == 1, "train"),
}


@pytest.mark.parametrize("line", FAULTS)
def test_each_fault_of_an_archive_is_one_clear_line(arrays, tmp_path, capsys, line):
    arrays["classes"] = np.array(["ka", "sa", "tA"])
    FAULTS[line](arrays)
    root = saved(tmp_path / "own", arrays)
    assert main(["check-data", str(root)]) == 2
    told = capsys.readouterr().err.strip().splitlines()
    assert len(told) == 1 and told[0].startswith(f"{root / 'cv.npz'}, "), told
    assert line in told[0]


def test_damaged_archives_end_in_a_line(arrays, tmp_path, monkeypatch):
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)
    content, rng = content.getvalue(), np.random.default_rng(0)
    file = tmp_path / "cv.npz"
    for n in range(60):
        bad = bytearray(content[: rng.integers(len(content))] if n % 2 else content)
        for place in rng.integers(0, max(1, len(bad)), 20):
            bad[place % max(1, len(bad)) : place % max(1, len(bad)) + 1] = bytes([rng.integers(256)])
        file.write_bytes(bad)
        _, problems = archive.read(file)
        assert all(p.startswith(f"{file}, ") and "\n" not in p for p in problems)
    np.savez(file, **{**arrays, "y": np.array([{}], object)})
    assert "without objects" in archive.read(file)[1][0]  # nothing is unpickled
    monkeypatch.setattr(archive, "CAP", 1000)
    file.write_bytes(content)
    assert "more than" in archive.read(file)[1][0]


def flat(course, name):
    """The course's folder without the level of the splits."""
    layout = data.LAYOUTS[name]
    for c in sorted(d for d in (course / layout.folder).iterdir() if d.is_dir() and d.name[0] not in "._"):
        for split in layout.splits.values():
            for file in sorted((c / split).iterdir()):
                if file.name[0] not in "._" and not file.name.startswith("Mapping"):
                    shutil.move(file, c / f"{split}_{file.name}")
            shutil.rmtree(c / split)
    return course


@pytest.mark.parametrize("name", data.LAYOUTS)
def test_without_a_split_one_is_made_and_told(course, name):
    before = data.load(name, course)
    d = data.load(name, flat(course, name))
    all_of_them = len(before.train) + len(before.test)
    assert len(d.train) + len(d.test) == all_of_them
    assert {*d.train.files} & {*d.test.files} == set()
    assert set(d.test.y) == set(d.train.y) == set(range(len(d.classes)))
    assert d.told == (f"No split in {data.LAYOUTS[name].folder}: {len(d.test)} of {all_of_them} sequences, chosen by "
                      "seed 0 within each class, are the test part.")
    lines, problems = check(course)
    assert d.told in lines and not problems
    assert data.load(name, course / data.LAYOUTS[name].folder).fingerprint == d.fingerprint


def test_a_split_is_stratified_and_the_same_everywhere():
    parts = datasets.divided(list(range(13)))
    assert parts["test"] == [2, 3, 11] and len(parts["train"]) == 10
    assert datasets.divided(["a", "b"])["test"] in (["a"], ["b"])


def test_a_share_is_as_large_of_each_class_and_told(course):
    before = data.load("cv", course)
    assert data.load("cv", course, most=len(before.train)).fingerprint == before.fingerprint
    d = data.load("cv", course, most=len(before.train) // 2)
    assert np.bincount(d.train.y).tolist() == [n // 2 for n in np.bincount(before.train.y)]
    assert np.bincount(d.test.y).tolist() == [n // 2 for n in np.bincount(before.test.y)]
    assert {*d.train.files} < {*before.train.files} and d.told == (
        f"Of CV segments, {len(d.train) + len(d.test)} of {len(before.train) + len(before.test)} sequences are taken, "
        "the same share of each class, chosen by seed 0.")
    assert set(data.load("cv", course, most=1).train.y) == set(before.train.y)  # of each class one
    study = Study("03_layers", "rnn", course, most={"handwriting": 500, "cv": 6})
    assert study.datasets["cv"].fingerprint == d.fingerprint and study.datasets["handwriting"].told is None
    assert provenance.remarks(provenance.describe_data(course, most={"cv": 6})) == [d.told]


def test_a_class_of_one_file_cannot_be_split(course):
    flat(course, "handwriting")
    for file in sorted((course / "Handwriting_Data" / "a").iterdir())[1:]:
        file.unlink()
    _, problems = check(course)
    assert len(problems) == 1 and "1 file, expected at least two of class 'a'" in problems[0]


def matrices(folder, widths, rows=4):
    """A data set of plain matrices in `folder`, by class and split a file of each of `widths` columns."""
    for c in ("one", "two"):
        for split in ("train", "dev"):
            for k, width in enumerate(widths):
                write(folder / c / split / f"{k}.txt", "".join(" ".join(["0.5"] * width) + "\n" for _ in range(rows)))


def test_plain_matrices_of_any_number_of_features(tmp_path):
    matrices(tmp_path / "Handwriting_Data", (5, 5))
    d = data.load("handwriting", tmp_path)
    assert {x.shape for x in (*d.train.x, *d.test.x)} == {(4, 5)}
    assert data.load("handwriting", tmp_path).fingerprint == d.fingerprint  # from the cache, too


def test_matrices_that_disagree_are_named_with_what_they_disagree_with(tmp_path):
    matrices(tmp_path / "Handwriting_Data", (5, 6))
    _, problems = check(tmp_path)
    first = tmp_path / "Handwriting_Data" / "one" / "train" / "0.txt"
    assert len(problems) == 4 and all(p.endswith(f"1.txt, line 1: 6 numbers, expected 5, as in {first}")
                                      for p in problems)


def test_no_stroke_is_taken_for_a_matrix(tmp_path):
    """A stroke with a point a line is one, and a damaged stroke among strokes is an error of a stroke."""
    for c in ("one", "two"):
        for split in ("train", "dev"):
            write(tmp_path / "Handwriting_Data" / c / split / "0.txt", "2\n0 1\n2 3\n")
    assert data.load("handwriting", tmp_path).train.x[0].tolist() == [[0, 1], [2, 3]]
    write(tmp_path / "Handwriting_Data" / "one" / "train" / "0.txt", "1 2 3\n4 5 6\n")
    _, problems = check(tmp_path)
    assert len(problems) == 1 and "N = 1, but 5 coordinates follow" in problems[0]


def test_a_study_has_the_data_sets_that_there_are_and_examples_of_both(course):
    shutil.rmtree(course / "CV_Data")
    study = Study("03_layers", "rnn", course)
    assert list(study.datasets) == ["handwriting"]
    assert study.example("handwriting") is study.datasets["handwriting"]
    assert study.example("cv").sample and "sample" in study.example("cv").label
    assert list(Study("03_layers", "rnn", cv_classes=[]).datasets) == ["handwriting"]


@pytest.mark.parametrize("width", [1, 2, 5])
def test_strokes_of_any_number_of_features_are_drawn_by_two_of_them(tmp_path, width):
    matrices(tmp_path / "Handwriting_Data", (width, width))
    study = Study("01_datasets", None, tmp_path)
    assert study.example("handwriting").sample == (width != 2)  # what the lessons plot has two coordinates
    x = study.datasets["handwriting"].train.x[0]
    assert sequences.points(x).shape == (2, len(x))
    figure = sequences.strokes(study.datasets["handwriting"])
    assert len(figure.axes[0].lines[0].get_xdata()) == len(x)


def test_what_cannot_be_published_is_left_out_with_its_reason(tmp_path):
    publish = Publisher("02_feedback_networks", tmp_path)
    publish.leave_out("feedback-drawings", "only paths are drawn")
    values = read_json(tmp_path / "values.json")
    assert values["feedback-drawings"]["absent"] == {"": "only paths are drawn"}
    assert claims.find("feedback-drawings/a row/a column", values, {}, "a test") is None
    publish.withdraw()
    assert read_json(tmp_path / "values.json") == {}


def test_what_is_about_an_example_alone_is_shown_and_not_kept(tmp_path):
    publish = Publisher("03_layers", tmp_path, "rnn", ["cv"])
    for name in ("handwriting", "cv"):
        publish(name, Result("row", {1: {"n": 2}}), "A table.", data.load(name))
    assert list(read_json(tmp_path / "values.json")) == ["cv"]


def test_data_sets_are_chosen_on_the_command_line(tmp_path, monkeypatch, capsys):
    seen = []
    monkeypatch.setattr(execution, "run_all", lambda runs, settings, *_: seen.append(settings) or {
        run.name: {"error": None, "seconds": 0, "parameters": {}, "trials": {"new": 0, "stored": 0}} for run in runs})
    assert runner.report("quick", build=tmp_path, jobs=1, datasets=["cv"]) == []
    assert seen[0]["handwriting_classes"] == [] and "cv_classes" not in seen[0]
    told = read_json(tmp_path / "provenance.json")
    assert list(told["datasets"]) == ["cv"]
    assert told["remarks"] == [
        "This report is about CV segments alone; Handwriting, and all that needs them, are left out."]
    with pytest.raises(SystemExit):
        main(["report", "--datasets", "strokes"])
    assert "choose from handwriting, cv" in capsys.readouterr().err.replace("'", "")
    assert freshness.inputs("quick", None, ["cv"]) != freshness.inputs("quick")
    assert freshness.inputs("quick", None, ["cv", "handwriting"]) == freshness.inputs("quick")
